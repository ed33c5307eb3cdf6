"""Anti-aliased shapes: drawn four times as large, scaled down once, kept."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import pygame

from display import theme
from display.theme import Colour

FINER = 4
KNOB_SWEEP = 270.0  # degrees, with the gap at the bottom
Points = Sequence[tuple[float, float]]


def _shrunk(size: tuple[int, int], colour: Colour, paint: Callable[[pygame.Surface], None]) -> pygame.Surface:
    """What `paint` draws on a canvas four times as large; the edges fade out without darkening."""
    canvas = pygame.Surface((max(1, size[0]) * FINER, max(1, size[1]) * FINER), pygame.SRCALPHA)
    canvas.fill((*colour, 0))
    paint(canvas)
    return pygame.transform.smoothscale(canvas, (max(1, size[0]), max(1, size[1])))


@lru_cache(maxsize=600)
def rounded(width: int, height: int, radius: int, fill: Colour) -> pygame.Surface:
    """A filled rectangle with round corners."""

    def paint(canvas: pygame.Surface) -> None:
        pygame.draw.rect(canvas, fill, canvas.get_rect(), border_radius=radius * FINER)

    return _shrunk((width, height), fill, paint)


def panel(
    surface: pygame.Surface,
    rect: pygame.Rect,
    radius: float,
    fill: Colour,
    edge: Colour | None = None,
    *,
    ground: Colour | None = None,
    width: int = 1,
) -> None:
    """A rounded rectangle, with an edge if a colour for it is given; `ground` is filled in before."""
    if rect.w <= 0 or rect.h <= 0:
        return
    if ground is not None:
        surface.fill(ground, rect)
    corner = min(round(radius), rect.w // 2, rect.h // 2)
    if edge is not None:
        surface.blit(rounded(rect.w, rect.h, corner, edge), rect)
        rect = rect.inflate(-2 * width, -2 * width)
        corner = max(0, corner - width)
    if rect.w > 0 and rect.h > 0:
        surface.blit(rounded(rect.w, rect.h, corner, fill), rect)


@lru_cache(maxsize=200)
def _disc(radius: int, colour: Colour) -> pygame.Surface:
    def paint(canvas: pygame.Surface) -> None:
        pygame.draw.circle(canvas, colour, canvas.get_rect().center, radius * FINER)

    return _shrunk((2 * radius, 2 * radius), colour, paint)


def dot(surface: pygame.Surface, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    """A filled circle."""
    picture = _disc(max(1, radius), colour)
    surface.blit(picture, picture.get_rect(center=centre))


def _arc(canvas: pygame.Surface, colour: Colour, outer: float, inner: float, turns: tuple[float, float]) -> None:
    """A piece of a ring between two angles in degrees, clockwise from 12 o'clock, about the middle."""
    centre = canvas.get_width() / 2
    low, high = sorted(turns)
    steps = max(2, round((high - low) / 4))
    angles = [math.radians(low + (high - low) * step / steps) for step in range(steps + 1)]
    ring = [(centre + outer * math.sin(a), centre - outer * math.cos(a)) for a in angles]
    ring += [(centre + inner * math.sin(a), centre - inner * math.cos(a)) for a in reversed(angles)]
    pygame.draw.polygon(canvas, colour, ring)


@lru_cache(maxsize=1500)
def knob(size: int, share: int, rest: int, colour: Colour, ground: Colour) -> pygame.Surface:
    """A knob at `share` of its travel (0…200), its ring lit from `rest` (where it lies at its default)."""
    big = size * FINER
    canvas = pygame.Surface((big, big))
    canvas.fill(ground)
    centre = big / 2
    outer = centre - FINER
    inner = outer - max(2.6, size * 0.075) * FINER

    def angle(part: int) -> float:
        return (part / 200 - 0.5) * KNOB_SWEEP

    _arc(canvas, theme.TRACK, outer, inner, (angle(0), angle(200)))
    if share != rest:
        _arc(canvas, colour, outer, inner, (angle(share), angle(rest)))
    cap = inner - 2.2 * FINER
    pygame.draw.circle(canvas, theme.PRESSED, (centre, centre), cap)
    pygame.draw.circle(canvas, theme.RAISED, (centre, centre + 0.6 * FINER), cap - 1.0 * FINER)
    turn = math.radians(angle(share))
    sin, cos = math.sin(turn), math.cos(turn)
    thick = max(1.0, size * 0.028) * FINER
    tip, tail = cap - 0.6 * FINER, cap * 0.35
    bar = [(tip, -thick), (tip, thick), (tail, thick), (tail, -thick)]
    pygame.draw.polygon(canvas, theme.TEXT, [(centre + r * sin + t * cos, centre - r * cos + t * sin) for r, t in bar])
    return pygame.transform.smoothscale(canvas, (size, size))


# Icons as polygons in a unit square; a name may have several pieces.
_ICONS: dict[str, tuple[Points, ...]] = {
    "play": (((0.2, 0.1), (0.9, 0.5), (0.2, 0.9)),),
    "pause": (
        ((0.18, 0.12), (0.4, 0.12), (0.4, 0.88), (0.18, 0.88)),
        ((0.6, 0.12), (0.82, 0.12), (0.82, 0.88), (0.6, 0.88)),
    ),
    "back": (((0.5, 0.15), (0.05, 0.5), (0.5, 0.85)), ((0.95, 0.15), (0.5, 0.5), (0.95, 0.85))),
    "forward": (((0.05, 0.15), (0.5, 0.5), (0.05, 0.85)), ((0.5, 0.15), (0.95, 0.5), (0.5, 0.85))),
    "up": (((0.5, 0.12), (0.9, 0.55), (0.62, 0.55), (0.62, 0.9), (0.38, 0.9), (0.38, 0.55), (0.1, 0.55)),),
    "ascending": (((0.5, 0.25), (0.9, 0.75), (0.1, 0.75)),),
    "descending": (((0.5, 0.75), (0.9, 0.25), (0.1, 0.25)),),
    "plus": (
        ((0.43, 0.12), (0.57, 0.12), (0.57, 0.88), (0.43, 0.88)),
        ((0.12, 0.43), (0.88, 0.43), (0.88, 0.57), (0.12, 0.57)),
    ),
    "minus": (((0.12, 0.43), (0.88, 0.43), (0.88, 0.57), (0.12, 0.57)),),
    "folder": (((0.05, 0.2), (0.4, 0.2), (0.5, 0.32), (0.95, 0.32), (0.95, 0.84), (0.05, 0.84)),),
    "list": tuple(((0.08, y), (0.92, y), (0.92, y + 0.13), (0.08, y + 0.13)) for y in (0.16, 0.43, 0.7)),
    "note": (((0.38, 0.1), (0.85, 0.02), (0.85, 0.24), (0.5, 0.3), (0.5, 0.72), (0.38, 0.72)),),
    "cross": (((0.2, 0.1), (0.9, 0.8), (0.8, 0.9), (0.1, 0.2)), ((0.8, 0.1), (0.9, 0.2), (0.2, 0.9), (0.1, 0.8))),
    "warning": (((0.5, 0.06), (0.98, 0.92), (0.02, 0.92)),),
}


@lru_cache(maxsize=300)
def icon(name: str, size: int, colour: Colour) -> pygame.Surface:
    """A small picture by name (see `_ICONS`; also `note`, `record`, `search`, `phones`)."""

    def paint(canvas: pygame.Surface) -> None:
        big = canvas.get_width()
        for piece in _ICONS.get(name, ()):
            pygame.draw.polygon(canvas, colour, [(x * big, y * big) for x, y in piece])
        if name == "note":
            pygame.draw.circle(canvas, colour, (0.33 * big, 0.76 * big), 0.17 * big)
        elif name == "record":
            pygame.draw.circle(canvas, colour, (0.5 * big, 0.5 * big), 0.42 * big)
        elif name == "search":
            pygame.draw.circle(canvas, colour, (0.42 * big, 0.42 * big), 0.32 * big, round(0.1 * big))
            handle = ((0.6, 0.68), (0.68, 0.6), (0.95, 0.87), (0.87, 0.95))
            pygame.draw.polygon(canvas, colour, [(x * big, y * big) for x, y in handle])
        elif name == "phones":
            thick = round(0.09 * big)
            pygame.draw.arc(canvas, colour, (0.1 * big, 0.12 * big, 0.8 * big, 0.86 * big), 0, math.pi, thick)
            for x in (0.1, 0.7):
                ear = pygame.Rect(x * big, 0.52 * big, 0.2 * big, 0.36 * big)
                pygame.draw.rect(canvas, colour, ear, border_radius=round(0.07 * big))

    return _shrunk((size, size), colour, paint)
