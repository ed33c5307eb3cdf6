"""The help page: keys, gestures."""

import pygame

from display import theme
from display.area import Area
from display.desk import Desk
from display.keys import HELP
from display.layout import Plan
from display.widget import Look, Widget

LARGEST = 13.5
SMALLEST = 9.0


class Help(Widget):
    """Three columns of what does what, as large as the page allows."""

    touchable = False

    def look(self) -> Look:
        return (self.rect.size,)

    def draw(self, surface: pygame.Surface, _look: Look, /) -> None:
        unit = self.desk.unit
        area = Area.of(self.rect).inset(14 * unit, 10 * unit)
        longest = max(len(rows) for _, rows in HELP) + 1.4
        step = min(34 * unit, area.h / longest)
        gap = 20 * unit
        size = min(LARGEST, step / unit * 0.55)
        while size > SMALLEST and sum(self._widths(size)) + gap * (len(HELP) - 1) > area.w:
            size -= 0.25
        rule = theme.mix(theme.PANEL, theme.LINE, 0.6)
        for (heading, rows), column in zip(HELP, area.columns(self._widths(size), gap), strict=True):
            line = column.take_top(1.4 * step).rect
            self.say(surface, heading, size + 1.5, theme.ACCENT, "SemiBold", box=line, align="left")
            keys = self._key_width(rows, size)
            for key, meaning in rows:
                row = column.take_top(step)
                surface.fill(rule, (round(row.x), round(row.y), round(row.w), 1))
                box = row.take_left(keys).rect
                self.say(surface, key, size, theme.TEXT, "SemiBold", box=box, align="left")
                self.say(surface, meaning, size, theme.SOFT, box=row.rect, align="left")

    def _key_width(self, rows: tuple[tuple[str, str], ...], size: float) -> float:
        unit = self.desk.unit
        return max(self.desk.text.width(key, size * unit, "SemiBold") for key, _ in rows) + 0.9 * size * unit

    def _widths(self, size: float) -> list[float]:
        """Pixels that each column needs at a size of letters."""
        unit = self.desk.unit
        return [
            self._key_width(rows, size) + max(self.desk.text.width(meaning, size * unit) for _, meaning in rows) + 2
            for _, rows in HELP
        ]


def help_widgets(desk: Desk, plan: Plan) -> list[Widget]:
    """The one widget of the help page."""
    return [Help(desk, plan.rects["help.body"])]
