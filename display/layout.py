"""Where everything is: pure geometry for every size of screen, number of decks and page."""

from dataclasses import dataclass, field

import pygame

from display.area import Area
from display.deck_layout import place_deck, place_slim_deck
from display.mixer_layout import place_mixer, place_mixer_page

PAGES = ("deck", "mixer", "browser", "box", "settings", "help")
SMALLEST = (640, 400)
FULL = (1280, 720)
COMPACT = (800, 480)


@dataclass(frozen=True)
class Plan:
    """Rectangles by name, in pixels. `unit` is how large one pixel of the design is here.

    `compact`: a small screen, where decks and mixer are pages of their own and two decks show their controls at a time.
    `panels` are painted behind the controls; `stack` holds the scrolling waveforms; `body` is all below the top bar.
    """

    size: tuple[int, int]
    unit: float
    compact: bool
    page: str
    decks: int
    shown_decks: tuple[int, ...]
    stack: pygame.Rect
    body: pygame.Rect
    lower: pygame.Rect
    rects: dict[str, pygame.Rect] = field(default_factory=dict)
    panels: list[pygame.Rect] = field(default_factory=list)


def measure(size: tuple[int, int]) -> tuple[tuple[int, int], float, bool]:
    """The size that is laid out (never below the smallest), the unit, and whether the screen is a small one."""
    width, height = max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1])
    compact = width < 960 or height < 560
    design = COMPACT if compact else FULL
    return (width, height), min(width / design[0], height / design[1]), compact


def plan(size: tuple[int, int], decks: int, page: str, layer: int = 0, keypad: bool = False) -> Plan:
    """Lay out one page. `layer` 1 shows decks 3 and 4 where a small screen has room for two."""
    size, unit, compact = measure(size)
    if page == "mixer" and not compact:
        page = "deck"
    whole = Area(0, 0, *size)
    bar = whole.take_top((46 if compact else 50) * unit)
    body = whole.rect
    space = whole.inset(4 * unit, 4 * unit)
    stack = space.take_top(_stack_height(size[1] / unit, decks, compact, page) * unit, 5 * unit)
    shown = tuple(range(1, decks + 1))
    if compact and decks == 4:
        shown = (3, 4) if layer else (1, 2)
    made = Plan(size, unit, compact, page, decks, shown, stack.rect, body, space.rect)
    _bar(made, bar)
    for number, area in enumerate(stack.rows([1] * decks, 3 * unit), 1):
        made.rects[f"wave{number}"] = area.rect
    if page == "deck":
        _decks(made, space)
    elif page == "mixer":
        place_mixer_page(made.rects, made.panels, space, unit, decks)
    elif page == "browser":
        _browser(made, space, keypad)
    else:
        made.panels.append(space.rect)
        made.rects[f"{page}.body"] = space.rect
    return made


def _stack_height(height: float, decks: int, compact: bool, page: str) -> float:
    """Height of all scrolling waveforms, for a screen that is `height` high; both in units."""
    if page not in ("deck", "mixer"):
        return {(2, False): 116.0, (4, False): 148.0, (2, True): 78.0, (4, True): 104.0}[decks, compact]
    if compact:
        return (146.0 if decks == 2 else 158.0) + 0.5 * (height - COMPACT[1])
    return (206.0 if decks == 2 else 214.0) + 0.6 * (height - FULL[1])


def _bar(made: Plan, area: Area) -> None:
    unit, rects = made.unit, made.rects
    made.panels.append(area.rect)
    bar = area.inset(4 * unit, 2 * unit if made.compact else 3 * unit)
    gap = 4 * unit
    tabs = (
        [("deck", 62), ("mixer", 60), ("browser", 66), ("box", 76), ("settings", 42), ("help", 38)]
        if made.compact
        else [("deck", 88), ("browser", 96), ("box", 136), ("settings", 100), ("help", 44)]
    )
    for name, width in tabs:
        rects[f"bar.{name}"] = bar.take_left(width * unit, gap).rect
    bar.take_left(6 * unit)
    rects["bar.count"] = bar.take_left((66 if made.compact else 152) * unit, gap).rect
    if made.compact and made.decks == 4:
        rects["bar.layer"] = bar.take_left(50 * unit, gap).rect
    rects["bar.clock"] = bar.take_right((46 if made.compact else 62) * unit, gap).rect
    rects["bar.record"] = bar.take_right((88 if made.compact else 126) * unit, gap).rect
    zoom = bar.take_right((78 if made.compact else 92) * unit, gap)
    rects["bar.zoom_out"], rects["bar.zoom_in"] = (part.rect for part in zoom.columns([1, 1], gap))
    rects["bar.status"] = bar.rect


def _decks(made: Plan, space: Area) -> None:
    unit = made.unit
    gap = 5 * unit
    if made.compact:
        for column, number in zip(space.columns([1, 1], gap), made.shown_decks, strict=True):
            place_slim_deck(made.rects, f"deck{number}", column, unit, mirrored=number % 2 == 0, pad_rows=2)
            made.panels.append(column.rect)
        return
    mixer_width = (372 if made.decks == 2 else 444) * unit
    side = (space.w - mixer_width - 2 * gap) / 2
    columns = [space.take_left(side, gap), space.take_right(side, gap)]
    place_mixer(made.rects, space, unit, made.decks)
    made.panels.append(space.rect)
    for mirrored, column in enumerate(columns):
        numbers = [1 + mirrored] if made.decks == 2 else [1 + mirrored, 3 + mirrored]
        for number, area in zip(numbers, column.rows([1] * len(numbers), gap), strict=True):
            made.panels.append(area.rect)
            if made.decks == 2:
                place_deck(made.rects, f"deck{number}", area, unit, mirrored=bool(mirrored))
            else:
                place_slim_deck(made.rects, f"deck{number}", area, unit, mirrored=bool(mirrored), pad_rows=1)


def _browser(made: Plan, space: Area, keypad: bool) -> None:
    unit, rects = made.unit, made.rects
    made.panels.append(space.rect)
    inside = space.inset(6 * unit, 5 * unit)
    gap = 6 * unit
    head = inside.take_top(44 * unit, gap)
    rects["browser.up"] = head.take_left(52 * unit, gap).rect
    rects["browser.search"] = head.take_right((230 if made.compact else 320) * unit, gap).rect
    rects["browser.path"] = head.rect
    if keypad:
        rects["browser.keypad"] = inside.take_bottom((172 if made.compact else 200) * unit, gap).rect
    else:
        foot = inside.take_bottom((44 if made.compact else 48) * unit, gap)
        for number in range(made.decks, 0, -1):
            width = (88 if made.compact and made.decks == 4 else 124) * unit
            rects[f"browser.load{number}"] = foot.take_right(width, gap).rect
        rects["browser.chosen"] = foot.rect
    rects["browser.table"] = inside.rect
