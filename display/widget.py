"""What every control on the screen has in common: a place, a look, and hands on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pygame

from display import theme

if TYPE_CHECKING:
    from display.desk import Desk

Look = tuple[Any, ...]
SMALLEST = 9.0


@dataclass(slots=True)
class Touch:
    """A finger or the mouse, from down to up. Positions in pixels, times in seconds.

    `double`: it came down shortly after another on the same widget. `fine`: move values less (a modifier is held).
    """

    id: object
    x: float
    y: float
    start_x: float
    start_y: float
    start: float
    double: bool = False
    fine: bool = False


class Widget:
    """Drawn only when its look changes. `rect` is where it is drawn and where it feels a touch.

    `shown` is the look that was drawn last; None when the screen beneath is blank again.
    """

    ground = theme.PANEL
    touchable = True
    shared = False  # whether more than one finger may lie on it
    covers = False  # whether it draws all of its ground itself

    def __init__(self, desk: Desk, rect: pygame.Rect):
        self.desk = desk
        self.rect = rect
        self.shown: Look | None = None

    def look(self) -> Look:
        """Everything that the drawing depends on."""
        raise NotImplementedError

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        """Draw within `rect`, which is filled with `ground` unless the widget `covers` it."""
        raise NotImplementedError

    def down(self, touch: Touch, /) -> None:
        """A hand comes down."""

    def move(self, touch: Touch, /) -> None:
        """The hand moves."""

    def hold(self, touch: Touch, /) -> None:
        """The hand is still there; once a frame."""

    def up(self, touch: Touch, /) -> None:
        """The hand leaves; also called when the page is taken away beneath it."""

    def wheel(self, steps: float, /) -> None:
        """The mouse wheel turned over it; up is positive."""

    def shrink(self, text: str, size: float, width: float, weight: str = "SemiBold") -> float:
        """The size, at most `size` units, at which a short caption fits `width` pixels; never unreadably small."""
        while size > SMALLEST and self.desk.text.width(text, size * self.desk.unit, weight) > width:
            size -= 0.5
        return size

    def say(
        self,
        surface: pygame.Surface,
        text: str,
        size: float,
        colour: theme.Colour,
        weight: str = "Medium",
        *,
        box: pygame.Rect | None = None,
        align: str = "centre",
        figures: bool = False,
    ) -> pygame.Rect:
        """Write one line into `box`, cut to its width. `size` in units; returns where the letters are."""
        box = self.rect if box is None else box
        pixels = size * self.desk.unit
        fitting = text if figures else self.desk.text.fit(text, pixels, box.w, weight)
        draw = self.desk.text.figures if figures else self.desk.text.render
        picture = draw(fitting, pixels, colour, weight)
        place = picture.get_rect(center=box.center)
        if align == "left":
            place.left = box.left
        elif align == "right":
            place.right = box.right
        surface.blit(picture, place)
        return place
