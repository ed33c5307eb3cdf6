"""The top bar: pages, the state of the sync, decks, zoom, how the engine does, recording, the time of day."""

from collections.abc import Callable

import pygame

from display import shapes, theme
from display.button import Button, Choice
from display.desk import ZOOM_STEP, Desk
from display.layout import Plan
from display.readouts import clock
from display.sync_card import SyncSign
from display.widget import Look, Touch, Widget

TABS = {"deck": "DECKS", "mixer": "MIXER", "browser": "BROWSE", "settings": "SETTINGS", "help": "?"}
BUSY_LOAD = 75.0


class Status(Widget):
    """Engine load, late periods, and what plays the sound. A dot says at a glance whether all is well."""

    touchable = False

    def look(self) -> Look:
        board = self.desk.board
        if not self.desk.alive:
            return False, 0, 0, "", False
        message = board.text("engine.message")
        told = message or board.text("engine.backend")
        return True, round(board.number("engine.load")), int(board.number("engine.xruns")), told, bool(message)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        alive, load, late, told, warned = look
        px = self.desk.px
        box = self.rect.inflate(-2 * px(8), 0)
        colour = theme.DANGER if not alive else theme.WARNING if warned or load >= BUSY_LOAD else theme.PLAY
        shapes.dot(surface, (box.x + px(4), box.centery), px(4), colour)
        box.x += px(15)
        box.w -= px(15)
        if box.w < px(190):
            saying = f"{load} %" if alive else "stopped"
            self.say(surface, saying, theme.LABEL, theme.SOFT, "SemiBold", box=box, align="left")
            return
        if not alive:
            self.say(surface, "engine stopped", theme.LABEL, theme.DANGER, "SemiBold", box=box, align="left")
            return
        upper, lower = _halves(box)
        words = f"DSP {load} %   ·   {late} xrun{'' if late == 1 else 's'}"
        self.say(surface, words, theme.LABEL, theme.SOFT, "SemiBold", box=upper, align="left")
        self.say(surface, told, theme.CAPTION, theme.WARNING if warned else theme.FAINT, box=lower, align="left")


def _halves(box: pygame.Rect) -> tuple[pygame.Rect, pygame.Rect]:
    upper = pygame.Rect(box.x, box.y + box.h // 8, box.w, box.h * 3 // 8)
    return upper, pygame.Rect(box.x, upper.bottom, box.w, box.h * 3 // 8)


class Record(Widget):
    """Starts and stops recording; shows how long it is."""

    @property
    def _active(self) -> bool:
        return self.desk.board.on("record.active")

    def look(self) -> Look:
        board = self.desk.board
        blink = self._active and int(self.desk.now * 1.5) % 2 == 0
        return (
            self._active,
            clock(board.number("record.seconds"), tenths=False),
            blink,
            board.number("record.dropped") > 0,
        )

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        active, length, blink, dropped = look
        px = self.desk.px
        face = self.rect.inflate(-2 * px(1), -2 * px(1))
        fill = theme.mix(theme.PANEL, theme.RECORD, 0.3) if active else theme.RAISED
        shapes.panel(surface, face, 6 * self.desk.unit, fill, theme.RECORD if active else None)
        dot = px(14)
        colour = theme.mix(fill, theme.RECORD, 0.35) if active and not blink else theme.RECORD
        words = length if active else "REC"
        if dropped:
            words, colour = f"{length} !", theme.WARNING
        size = theme.BODY if active else theme.LABEL
        wide = self.desk.text.figures(words, size * self.desk.unit, theme.TEXT).get_width()
        left = face.centerx - (wide + dot + px(7)) // 2
        picture = shapes.icon("record", dot, colour)
        surface.blit(picture, picture.get_rect(midleft=(left, face.centery)))
        box = pygame.Rect(left + dot + px(7), face.y, wide + 2, face.h)
        ink = theme.TEXT if active else theme.SOFT
        self.say(surface, words, size, ink, "SemiBold", box=box, align="left", figures=True)

    def down(self, _touch: Touch, /) -> None:
        self.desk.do("record.stop" if self._active else "record.start")


class WallClock(Widget):
    """The time of day. `wall` gives it as text."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect, wall: Callable[[], str]):
        super().__init__(desk, rect)
        self._wall = wall

    def look(self) -> Look:
        return (self._wall(),)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        self.say(surface, look[0], theme.BODY, theme.SOFT, "SemiBold", figures=True)


def bar_widgets(desk: Desk, plan: Plan, wall: Callable[[], str]) -> list[Widget]:
    """Every control of the top bar that the plan has room for."""
    rects = plan.rects
    made: list[Widget] = [_tab(desk, rects[f"bar.{page}"], page, plan) for page in TABS if f"bar.{page}" in rects]
    made.append(SyncSign(desk, rects["bar.box"]))

    def show(index: int) -> None:
        if desk.deck_count != (2, 4)[index]:
            desk.show_decks((2, 4)[index])

    counts = ("2", "4") if plan.compact else ("2 decks", "4 decks")
    made.append(Choice(desk, rects["bar.count"], counts, lambda: (2, 4).index(desk.deck_count), show))
    if "bar.layer" in rects:
        shown = "3 · 4" if desk.layer else "1 · 2"
        made.append(
            Button(desk, rects["bar.layer"], shown, desk.flip_layer, lit=lambda: desk.layer == 1, colour=theme.DECKS[3])
        )
    made.append(Button(desk, rects["bar.zoom_out"], "", lambda: desk.zoom_by(ZOOM_STEP), icon="minus"))
    made.append(Button(desk, rects["bar.zoom_in"], "", lambda: desk.zoom_by(1 / ZOOM_STEP), icon="plus"))
    made.append(Status(desk, rects["bar.status"]))
    made.append(Record(desk, rects["bar.record"]))
    made.append(WallClock(desk, rects["bar.clock"], wall))
    return made


def _tab(desk: Desk, rect: pygame.Rect, page: str, plan: Plan) -> Button:
    caption = "SET" if plan.compact and page == "settings" else TABS[page]
    return Button(desk, rect, caption, lambda: desk.show(page), lit=lambda: desk.page == page, tone="tab", size=13)
