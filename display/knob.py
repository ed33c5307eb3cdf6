"""A knob: drag up and down to turn, tap twice for the default."""

import pygame

from display import shapes, theme, travel
from display.desk import Desk
from display.theme import Colour
from display.widget import Look, Touch, Widget

FULL_TRAVEL = 190.0  # units of dragging from end to end
FINE = 5.0
WHEEL_STEP = 0.02
STEPS = 200


class Knob(Widget):
    """Turns one value of the panel. Its caption gives way to the value while a hand is on it."""

    def __init__(self, desk: Desk, rect: pygame.Rect, name: str, caption: str, colour: Colour = theme.ACCENT):
        super().__init__(desk, rect)
        self.row = desk.control(name)
        self.caption = caption
        self.colour = colour
        self._travel: float | None = None
        self._y = 0.0
        self._shown_until = 0.0

    def look(self) -> Look:
        number = self.desk.board.number(self.row.name)
        turned = round(travel.share(self.row, number) * STEPS)
        busy = self._travel is not None or self.desk.now < self._shown_until
        return (
            turned,
            travel.say(self.row, number) if busy else None,
            number <= self.row.low and self.row.taper == "decibel",
        )

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        turned, saying, silent = look
        label = self.rect.copy()
        label.h = self.desk.px(14)
        label.bottom = self.rect.bottom - self.desk.px(1)
        side = min(self.rect.w - self.desk.px(4), self.rect.h - label.h - self.desk.px(8), self.desk.px(56))
        rest = round(travel.share(self.row, self.row.default) * STEPS)
        if self.row.default in (self.row.low, self.row.high) or self.row.low < -40:
            rest = 0
        colour = theme.DANGER if silent else self.colour
        picture = shapes.knob(side, turned, rest, colour, self.ground)
        surface.blit(picture, picture.get_rect(midbottom=(self.rect.centerx, label.y)))
        words, ink = (self.caption, theme.FAINT) if saying is None else (saying, theme.TEXT)
        self.say(surface, words, self.shrink(words, theme.CAPTION, label.w), ink, "SemiBold", box=label)

    def down(self, touch: Touch, /) -> None:
        if touch.double:
            self.desk.set(self.row.name, self.row.default)
        self._travel = travel.share(self.row, self.desk.board.number(self.row.name))
        self._y = touch.y

    def move(self, touch: Touch, /) -> None:
        if self._travel is None:
            return
        way = (self._y - touch.y) / (FULL_TRAVEL * self.desk.unit) / (FINE if touch.fine else 1.0)
        self._y = touch.y
        self._travel = min(max(self._travel + way, 0.0), 1.0)
        self.desk.set(self.row.name, travel.value(self.row, self._travel))

    def up(self, _touch: Touch, /) -> None:
        self._travel = None
        self._shown_until = self.desk.now + 0.6

    def wheel(self, steps: float, /) -> None:
        now = travel.share(self.row, self.desk.board.number(self.row.name))
        self.desk.set(self.row.name, travel.value(self.row, now + steps * WHEEL_STEP))
        self._shown_until = self.desk.now + 0.6
