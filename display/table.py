"""The browser's table of folders, playlists and tracks: scrolls under the finger, sorts by a column."""

from pathlib import Path

import pygame

from display import shapes, theme
from display.desk import Desk
from display.listing import Row
from display.loader import Loader
from display.readouts import clock
from display.scroll import Scroll
from display.widget import Look, Touch, Widget

ROW = 44.0
HEAD = 36.0
MISSING = "not on this box"
COLUMNS = (
    ("title", "TITLE", 0.43),
    ("artist", "ARTIST", 0.28),
    ("key", "KEY", 0.09),
    ("bpm", "BPM", 0.09),
    ("seconds", "TIME", 0.11),
)


class Table(Widget):
    """Rows that scroll under the finger. A tap chooses, a second tap on a folder or track enters or loads it."""

    def __init__(self, desk: Desk, rect: pygame.Rect, loader: Loader):
        super().__init__(desk, rect)
        self._browser = desk.browser
        self._loader = loader
        self._scroll = Scroll()
        self._followed = (-1, Path())

    @property
    def _row_height(self) -> int:
        return self.desk.px(ROW)

    @property
    def _list(self) -> pygame.Rect:
        head = self.desk.px(HEAD)
        return pygame.Rect(self.rect.x, self.rect.y + head, self.rect.w, self.rect.h - head)

    @property
    def _most(self) -> float:
        return max(0.0, len(self._browser.rows) * self._row_height - self._list.h)

    def look(self) -> Look:
        scroll = self._scroll
        scroll.run_on(self._most, self.desk.now)
        self._follow()
        browser = self._browser
        loaded = tuple(deck.text_of("path") if deck.loaded else "" for deck in self.desk.decks.values())
        return browser.version, browser.chosen, round(scroll.offset), loaded, scroll.dragging, browser.loading

    def _follow(self) -> None:
        """Keep a row that was chosen by keys in sight."""
        chosen = (self._browser.chosen, self._browser.folder or Path())
        if chosen == self._followed:
            return
        self._followed = chosen
        if chosen[0] >= 0:
            top = chosen[0] * self._row_height
            self._scroll.go(min(max(self._scroll.offset, top + self._row_height - self._list.h), top))
        elif not self._scroll.held:
            self._scroll.go(0.0)

    def _columns(self) -> list[pygame.Rect]:
        left = self.desk.px(42)
        wide = self.rect.w - left - self.desk.px(14)
        boxes, x = [], float(self.rect.x + left)
        for _, _, share in COLUMNS:
            boxes.append(
                pygame.Rect(
                    round(x), self.rect.y, round(x + share * wide) - round(x) - self.desk.px(8), self.desk.px(HEAD)
                )
            )
            x += share * wide
        return boxes

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        columns = self._columns()
        rows = self._browser.rows
        area = self._list
        surface.fill(theme.SUNK, area)
        surface.set_clip(area)
        if not rows:
            for index, line in enumerate(
                self.desk.text.wrap(self._browser.empty_reason, theme.BODY * self.desk.unit, area.w * 0.7)
            ):
                box = pygame.Rect(area.x, area.y + area.h // 3 + index * self.desk.px(24), area.w, self.desk.px(24))
                self.say(surface, line, theme.BODY, theme.SOFT, box=box)
        first = int(self._scroll.offset // self._row_height)
        loaded: dict[str, int] = {}
        for number, path in enumerate(look[3], 1):
            loaded.setdefault(path, number)
        for index in range(first, min(len(rows), first + area.h // self._row_height + 2)):
            y = area.y + index * self._row_height - round(self._scroll.offset)
            box = pygame.Rect(area.x, y, area.w, self._row_height)
            self._draw_row(
                surface, rows[index], box, columns, chosen=index == look[1], deck=loaded.get(str(rows[index].path), 0)
            )
        if self._most > 0:
            length = max(self.desk.px(30), round(area.h * area.h / (len(rows) * self._row_height)))
            y = area.y + round((area.h - length) * self._scroll.offset / self._most)
            shapes.panel(
                surface,
                pygame.Rect(area.right - self.desk.px(6), y, self.desk.px(4), length),
                self.desk.px(2),
                theme.TRACK,
            )
        surface.set_clip(self.rect)
        self._draw_head(surface, columns)

    def _draw_head(self, surface: pygame.Surface, columns: list[pygame.Rect]) -> None:
        name, descending = self._browser.sort
        for (column, caption, _), box in zip(COLUMNS, columns, strict=True):
            chosen = column == name
            ink = theme.TEXT if chosen else theme.FAINT
            right = column in ("bpm", "seconds")
            place = self.say(
                surface, caption, theme.CAPTION, ink, "SemiBold", box=box, align="right" if right else "left"
            )
            if chosen:
                arrow = shapes.icon("descending" if descending else "ascending", self.desk.px(9), theme.ACCENT)
                at = (
                    (place.left - self.desk.px(13), place.centery)
                    if right
                    else (place.right + self.desk.px(5), place.centery)
                )
                surface.blit(arrow, arrow.get_rect(midleft=at))
        surface.fill(theme.LINE, (self.rect.x, self._list.y - 1, self.rect.w, 1))

    def _draw_row(
        self,
        surface: pygame.Surface,
        row: Row,
        box: pygame.Rect,
        columns: list[pygame.Rect],
        *,
        chosen: bool,
        deck: int,
    ) -> None:
        px = self.desk.px
        if chosen:
            shapes.panel(
                surface, box.inflate(-2 * px(3), -2), 5 * self.desk.unit, theme.mix(theme.PANEL, theme.ACCENT, 0.24)
            )
        else:
            surface.fill(theme.mix(theme.SUNK, theme.LINE, 0.5), (box.x + px(8), box.bottom - 1, box.w - px(16), 1))
        mark = pygame.Rect(box.x + px(11), 0, px(20), px(20))
        mark.centery = box.centery
        if deck:
            shapes.panel(surface, mark, 4 * self.desk.unit, theme.DECKS[deck - 1])
            self.say(surface, str(deck), theme.LABEL, theme.GROUND, "Bold", box=mark)
        elif row.place:
            figure = str(row.place)
            size = self.shrink(figure, theme.LABEL, px(24))
            self.say(surface, figure, size, theme.FAINT, "SemiBold", box=mark.inflate(px(6), 0))
        else:
            picture = shapes.icon(row.icon if row.folder else "note", px(16), theme.CUE if row.folder else theme.FAINT)
            surface.blit(picture, picture.get_rect(center=mark.center))
        cells = [cell.copy() for cell in columns]
        for cell in cells:
            cell.y, cell.h = box.y, box.h
        if row.folder:
            facts = cells[4].unionall(cells[2:4]) if row.facts else cells[4].copy()
            self.say(surface, row.facts, theme.LABEL, theme.SOFT, box=facts, align="right")
            self.say(surface, row.title, theme.BODY, theme.TEXT, box=cells[0].union(cells[1]), align="left")
            return
        if row.missing and not row.place:
            self.say(surface, row.title, theme.LABEL, theme.FAINT, box=cells[0].unionall(cells[1:]), align="left")
            return
        ink = theme.FAINT if row.missing else theme.TEXT
        note = "  ·  ".join(filter(None, (MISSING if row.missing else "", row.note)))
        upper, lower = cells[0], cells[0].copy()
        if note:
            upper.h = upper.h * 3 // 5
            lower.y, lower.h = upper.bottom - px(2), lower.bottom - upper.bottom - px(2)
            self.say(surface, note, theme.CAPTION, theme.SOFT, box=lower, align="left")
        self.say(surface, row.title, theme.BODY, ink, box=upper, align="left")
        soft = theme.FAINT if row.missing else theme.SOFT
        self.say(surface, row.artist, theme.LABEL, soft, box=cells[1], align="left")
        dash = "–"
        numbers = (
            row.key or dash,
            f"{row.bpm:.1f}" if row.bpm else dash,
            clock(row.seconds, tenths=False) if row.seconds else dash,
        )
        for cell, saying, align in zip(cells[2:], numbers, ("left", "right", "right"), strict=True):
            ink = soft if saying != dash else theme.OFF
            self.say(surface, saying, theme.LABEL, ink, box=cell, align=align, figures=align == "right")

    def down(self, touch: Touch, /) -> None:
        self._scroll.down(touch, self.desk.now)

    def move(self, touch: Touch, /) -> None:
        if touch.start_y >= self._list.y:
            self._scroll.move(touch, self.desk.now, self.desk.unit)

    def up(self, touch: Touch, /) -> None:
        if self._scroll.up() or not self.rect.collidepoint(touch.x, touch.y):
            return
        if touch.y < self._list.y:
            for (column, _, _), box in zip(COLUMNS, self._columns(), strict=True):
                if box.x - self.desk.px(8) <= touch.x < box.right:
                    self._browser.sort_by(column)
            return
        index = int((touch.y - self._list.y + self._scroll.offset) // self._row_height)
        if not 0 <= index < len(self._browser.rows):
            return
        again = index == self._browser.chosen
        self._browser.choose(index)
        if again or self._browser.rows[index].folder:
            self._loader.enter()

    def wheel(self, steps: float, /) -> None:
        self._scroll.go(self._scroll.offset - steps * 1.5 * self._row_height)
