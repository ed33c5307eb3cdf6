"""Small marks on waveforms."""

import pygame

from display.theme import Colour


def triangle(surface: pygame.Surface, x: int, y: int, size: int, colour: Colour, *, up: bool) -> None:
    """A triangle whose point is `size` above (up) or below `y`, and which stands on `y`."""
    tip = y - size if up else y + size
    base = y - 1 if up else y
    points = [(x - size, base), (x + size, base), (x, tip)]
    pygame.draw.polygon(surface, colour, points)
    pygame.draw.aalines(surface, colour, True, points)
