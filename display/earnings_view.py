"""Earnings: a card for each currency, with today, the month and the total, and what each release earned."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import pygame

from device.contracts.earnings import Card, Cards, Posted, ReleaseLine
from display import money, shapes, theme, when
from display.roll import Roll
from display.theme import Colour
from display.widget import Look

POSTED, CARD, TITLES, LINE, GAP = 30.0, 82.0, 26.0, 32.0, 12.0
GLOW_SECONDS, GLOW_STEPS = 2.5, 8
TOLD_SECONDS = 10.0
SMALLEST = 7.0  # rather than cut an amount
SOURCES = {
    "store": "Store", "gig": "Gig fee", "merchandise": "Merchandise", "stream": "Streaming", "other": "Other income",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    """A release's row; places: decimals of its columns, which the longest decides."""

    card: Card
    line: ReleaseLine
    places: tuple[int, int]


Row = Posted | Card | _Line | str


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # this machine does not know it
        return None


def periods(cards: Cards, wall: int) -> tuple[str, str]:
    """What to call `today` and `month`, which are over once the owner's calendar has gone on."""
    try:
        today = datetime.fromtimestamp(wall / 1000, UTC).astimezone(_zone(cards.zone)).date()
        day = date.fromisoformat(cards.day)
    except (ValueError, OverflowError, OSError):
        return when.day(cards.day), "Month"
    month = "This month" if day.replace(day=1) == today.replace(day=1) else f"{when.MONTHS[day.month - 1]} {day.year}"
    return "Today" if day == today else when.day(cards.day), month


class Earnings(Roll):
    """Changes while one looks: what came in glows for a moment, and its amount stands beside it."""

    heading = "EARNINGS"
    empty = ("No earnings yet", "Gig fees, sales and streams show here as soon as the companion has them.")
    _rows: tuple[Row, ...] = ()

    def content(self) -> Look:
        return (self.desk.shared.versions["earnings"],)

    def lively(self) -> Look:
        shared = self.desk.shared
        if shared.earnings is None:
            return ()
        return *periods(shared.earnings, shared.wall), self._phase()

    def note(self) -> str:
        cards = self.desk.shared.earnings
        return when.ago(cards.computed, self.desk.shared.wall) if cards is not None else ""

    def _phase(self) -> int:
        """How far what changed last has faded: 0 none, 1 only told, then how strongly it glows."""
        gains = self.desk.shared.gains.values()
        age = self.desk.now - max((gain.at for gain in gains), default=-TOLD_SECONDS)
        if age >= TOLD_SECONDS:
            return 0
        return 1 + max(0, GLOW_STEPS - int(age / GLOW_SECONDS * GLOW_STEPS))

    def measure(self) -> list[int]:
        cards = self.desk.shared.earnings
        rows: list[Row] = []
        if cards is not None:
            for card in cards.cards:
                rows += ["", card] if rows else [card]
                if card.releases:
                    rows.append(card.currency)
                    month = max(money.decimals(line.month, card.currency) for line in card.releases)
                    total = max(money.decimals(line.total, card.currency) for line in card.releases)
                    rows += [_Line(card, line, (month, total)) for line in card.releases]
            if rows and cards.posted is not None:
                rows.insert(0, cards.posted)
        self._rows = tuple(rows)
        return [self.desk.px(self._height(row)) for row in rows]

    @staticmethod
    def _height(row: Row) -> float:
        if isinstance(row, Posted):
            return POSTED
        if isinstance(row, Card):
            return CARD
        if isinstance(row, str):
            return TITLES if row else GAP
        return LINE

    def draw_row(self, surface: pygame.Surface, index: int, box: pygame.Rect) -> None:
        row = self._rows[index]
        if isinstance(row, Posted):
            self._draw_posted(surface, row, box)
        elif isinstance(row, Card):
            self._draw_card(surface, row, box)
        elif isinstance(row, str):
            if row:
                self._draw_titles(surface, row, box)
        else:
            self._draw_line(surface, row, box)

    def _draw_posted(self, surface: pygame.Surface, posted: Posted, box: pygame.Rect) -> None:
        ink = theme.CUE if posted.amount < 0 else theme.PLAY
        box.h -= self.desk.px(6)
        words = money.say(posted.amount, posted.currency, sign=True)
        place = self.say(surface, words, theme.BODY, ink, "SemiBold", box=box, align="left")
        latest = self.say(surface, "latest", theme.LABEL, theme.FAINT, box=box, align="right")
        rest = pygame.Rect(place.right + self.desk.px(10), box.y, 0, box.h)
        rest.w = max(0, latest.left - self.desk.px(10) - rest.x)
        words = f"{SOURCES[posted.source]}  ·  {posted.title}" if posted.title else SOURCES[posted.source]
        self.say(surface, words, theme.LABEL, theme.SOFT, box=rest, align="left")

    def _draw_card(self, surface: pygame.Surface, card: Card, box: pygame.Rect) -> None:
        px, unit = self.desk.px, self.desk.unit
        shapes.panel(surface, box, 8 * unit, theme.RAISED)
        inside = box.inflate(-2 * px(14), -2 * px(10))
        cards = self.desk.shared.earnings
        today, month = periods(cards, self.desk.shared.wall) if cards is not None else ("", "")
        left = pygame.Rect(inside.x, inside.y, inside.w * 48 // 100, inside.h)
        self._draw_sum(surface, card, "today", f"{today}, {card.currency}", card.today, left, theme.FIGURES + 1)
        right = pygame.Rect(left.right + px(12), inside.y, inside.right - left.right - px(12), inside.h)
        upper = pygame.Rect(right.x, right.y, right.w, right.h // 2)
        lower = pygame.Rect(right.x, upper.bottom, right.w, right.h - upper.h)
        self._draw_sum(surface, card, "month", month, card.month, upper, theme.BODY + 1)
        self._draw_sum(surface, card, "total", "Total", card.total, lower, theme.BODY + 1)

    def _draw_sum(
        self, surface: pygame.Surface, card: Card, what: str, caption: str, micros: int, box: pygame.Rect, size: float
    ) -> None:
        """A caption and an amount: one above the other when it is large, else side by side."""
        px = self.desk.px
        large = size > theme.HEADING
        label = pygame.Rect(box.x, box.y, box.w, px(18)) if large else box
        place = self.say(surface, caption, theme.LABEL, theme.FAINT, "SemiBold", box=label, align="left")
        ink = self._ink(card, what, theme.TEXT)
        if large:
            room = pygame.Rect(box.x, label.bottom, box.w, box.bottom - label.bottom)
            self.draw_amount(surface, micros, card.currency, room, size, ink, align="left")
            rest = pygame.Rect(place.right + px(8), label.y, max(0, label.right - place.right - px(8)), label.h)
            self._draw_gain(surface, card, what, rest)
            return
        room = pygame.Rect(place.right + px(8), box.y, max(0, box.right - place.right - px(8)), box.h)
        self.draw_amount(surface, micros, card.currency, room, size, ink)

    def _draw_gain(self, surface: pygame.Surface, card: Card, what: str, box: pygame.Rect) -> None:
        gain = self.desk.shared.gains.get((card.currency, what))
        if gain is None or not self._phase():
            return
        words = ("+" if gain.micros > 0 else "") + "".join(money.split(gain.micros, card.currency))
        if self.desk.text.width(words, theme.LABEL * self.desk.unit, "SemiBold") <= box.w:  # half an amount misleads
            ink = theme.CUE if gain.micros < 0 else theme.PLAY
            self.say(surface, words, theme.LABEL, ink, "SemiBold", box=box, align="left")

    def _ink(self, card: Card, what: str, ink: Colour) -> Colour:
        gain = self.desk.shared.gains.get((card.currency, what))
        share = max(0, self._phase() - 1) / GLOW_STEPS
        if gain is None or not share:
            return ink
        return theme.mix(ink, theme.CUE if gain.micros < 0 else theme.PLAY, share)

    def _columns(self, box: pygame.Rect) -> list[pygame.Rect]:
        px = self.desk.px
        inside = box.inflate(-2 * px(14), 0)
        wide = inside.w * 27 // 100
        total = pygame.Rect(inside.right - wide, box.y, wide, box.h)
        month = pygame.Rect(total.x - wide - px(6), box.y, wide, box.h)
        return [pygame.Rect(inside.x, box.y, month.x - inside.x - px(8), box.h), month, total]

    def _draw_titles(self, surface: pygame.Surface, currency: str, box: pygame.Rect) -> None:
        cards = self.desk.shared.earnings
        month = periods(cards, self.desk.shared.wall)[1] if cards is not None else ""
        captions = ("Release", month, f"Total, {currency}")
        for caption, cell, align in zip(captions, self._columns(box), ("left", "right", "right"), strict=True):
            self.say(surface, caption, theme.CAPTION, theme.FAINT, "SemiBold", box=cell, align=align)

    def _draw_line(self, surface: pygame.Surface, row: _Line, box: pygame.Rect) -> None:
        card, line = row.card, row.line
        title, month, total = self._columns(box)
        surface.fill(theme.mix(theme.PANEL, theme.LINE, 0.6), (title.x, box.y, total.right - title.x, 1))
        self.say(surface, line.title or "Untitled", theme.BODY, theme.TEXT, box=title, align="left")
        ink = self._ink(card, line.release, theme.SOFT)
        self.draw_amount(surface, line.month, card.currency, month, theme.BODY, ink, places=row.places[0])
        self.draw_amount(surface, line.total, card.currency, total, theme.BODY, ink, places=row.places[1])

    def draw_amount(
        self,
        surface: pygame.Surface,
        micros: int,
        currency: str,
        box: pygame.Rect,
        size: float,
        ink: Colour,
        *,
        align: str = "right",
        places: int = 0,
    ) -> None:
        """An exact amount as large as `size` where there is room; what lies beyond the currency's decimals is smaller.

        `places` keeps room for so many decimals, so that those of a column stand below each other.
        """
        head, tail = money.split(micros, currency)
        kept = money.split(micros, currency, places)[1]
        text, unit, gap = self.desk.text, self.desk.unit, self.desk.px(1)
        while True:
            large = text.figures(head, size * unit, ink)
            spare = text.figures(kept, 0.72 * size * unit, ink).get_width() + gap if kept else 0
            if large.get_width() + spare <= box.w or size <= SMALLEST:
                break
            size = max(SMALLEST, size - 1)
        left = box.right - large.get_width() - spare if align == "right" else box.x
        place = large.get_rect(midleft=(left, box.centery))
        surface.blit(large, place)
        if tail:
            small = text.figures(tail, 0.72 * size * unit, theme.mix(ink, theme.PANEL, 0.4))
            drop = round(0.28 * size * unit * 0.22)  # so that both stand on one line
            surface.blit(small, (place.right + gap, place.bottom - small.get_height() - drop))
