"""A rectangle from which rooms are cut: the one tool of the layout."""

from collections.abc import Sequence
from dataclasses import dataclass

import pygame


@dataclass
class Area:
    """What is left of a rectangle, in pixels with fractions. The `take_…` methods cut from it and return the cut."""

    x: float
    y: float
    w: float
    h: float

    @classmethod
    def of(cls, rect: pygame.Rect) -> "Area":
        """The whole of a rectangle."""
        return cls(rect.x, rect.y, rect.w, rect.h)

    @property
    def rect(self) -> pygame.Rect:
        """Whole pixels. Edges are rounded, not sizes: neighbours never overlap and leave no gap."""
        left, top = round(self.x), round(self.y)
        return pygame.Rect(left, top, round(self.x + self.w) - left, round(self.y + self.h) - top)

    def inset(self, x: float, y: float | None = None) -> "Area":
        """A smaller area inside."""
        y = x if y is None else y
        return Area(self.x + x, self.y + y, self.w - 2 * x, self.h - 2 * y)

    def take_top(self, height: float, gap: float = 0) -> "Area":
        """Cut `height` off the top, and a gap after it."""
        cut = Area(self.x, self.y, self.w, height)
        self.y += height + gap
        self.h -= height + gap
        return cut

    def take_bottom(self, height: float, gap: float = 0) -> "Area":
        """Cut `height` off the bottom, and a gap before it."""
        self.h -= height + gap
        return Area(self.x, self.y + self.h + gap, self.w, height)

    def take_left(self, width: float, gap: float = 0) -> "Area":
        """Cut `width` off the left, and a gap after it."""
        cut = Area(self.x, self.y, width, self.h)
        self.x += width + gap
        self.w -= width + gap
        return cut

    def take_right(self, width: float, gap: float = 0) -> "Area":
        """Cut `width` off the right, and a gap before it."""
        self.w -= width + gap
        return Area(self.x + self.w + gap, self.y, width, self.h)

    def columns(self, shares: Sequence[float], gap: float = 0) -> list["Area"]:
        """Side by side, widths in the given proportions."""
        unit = (self.w - gap * (len(shares) - 1)) / sum(shares)
        areas, x = [], self.x
        for share in shares:
            areas.append(Area(x, self.y, share * unit, self.h))
            x += share * unit + gap
        return areas

    def rows(self, shares: Sequence[float], gap: float = 0) -> list["Area"]:
        """One below the other, heights in the given proportions."""
        unit = (self.h - gap * (len(shares) - 1)) / sum(shares)
        areas, y = [], self.y
        for share in shares:
            areas.append(Area(self.x, y, self.w, share * unit))
            y += share * unit + gap
        return areas
