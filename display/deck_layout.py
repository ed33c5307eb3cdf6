"""Where a deck's controls are, in a roomy and in a slim form."""

import pygame

from display.area import Area

Rects = dict[str, pygame.Rect]
TOGGLES = ("quantize", "keylock", "slip", "reverse")


def place_deck(rects: Rects, deck: str, area: Area, unit: float, *, mirrored: bool) -> None:
    """The roomy form, about 440 × 440 units: two loop rows, two pad rows. Mirrored decks have the tempo fader right."""
    body = area.inset(8 * unit)
    gap = 6 * unit
    _tempo(rects, deck, body, unit, width=58, mirrored=mirrored)
    head = body.take_top(46 * unit, gap)
    rects[f"{deck}.title"] = head.rect
    rects[f"{deck}.overview"] = body.take_top(50 * unit, gap).rect
    readout = body.take_top(44 * unit, gap)
    rects[f"{deck}.time"] = readout.take_left(0.42 * readout.w, gap).rect
    rects[f"{deck}.bpm"] = readout.rect
    transport = body.take_bottom(58 * unit, gap)
    for name, part in zip(("cue", "play", *TOGGLES), transport.columns([1.5, 1.5, 1, 1, 1, 1], gap), strict=True):
        rects[f"{deck}.{name}"] = part.rect
    manual, beats, upper, lower = body.rows([44, 44, 48, 48], gap)
    for name, part in zip(
        ("loop.in", "loop.out", "loop.exit", "loop.roll", "shift"), manual.columns([1] * 5, gap), strict=True
    ):
        rects[f"{deck}.{name}"] = part.rect
    names = ("loop.halve", "loop.beats", "loop.double", "jump.back", "jump.size", "jump.forward")
    for name, part in zip(names, beats.columns([1, 1.15, 1, 1, 1.15, 1], gap), strict=True):
        rects[f"{deck}.{name}"] = part.rect
    _pads(rects, deck, [upper, lower], gap)


def place_slim_deck(rects: Rects, deck: str, area: Area, unit: float, *, mirrored: bool, pad_rows: int) -> None:
    """The slim form, from about 400 × 215 units: one row each for transport, loops and (with `pad_rows` 1) pads."""
    body = area.inset(4 * unit, 4 * unit)
    gap = 4 * unit
    _tempo(rects, deck, body, unit, width=44, mirrored=mirrored)
    head = body.take_top(36 * unit, gap)
    rects[f"{deck}.bpm"] = head.take_right(66 * unit, gap).rect
    rects[f"{deck}.time"] = head.take_right(76 * unit, 8 * unit).rect
    rects[f"{deck}.title"] = head.rect
    rects[f"{deck}.overview"] = body.take_top(26 * unit, gap).rect
    transport, loops, *pads = body.rows([1] * (2 + pad_rows), gap)
    gap = 3 * unit
    names = ("cue", "play", *TOGGLES, "shift")
    for name, part in zip(names, transport.columns([1.2, 1.2, 1, 1, 1, 1, 1], gap), strict=True):
        rects[f"{deck}.{name}"] = part.rect
    names = ("loop.halve", "loop.beats", "loop.double", "loop.exit", "loop.roll", "jump.back", "jump.forward")
    for name, part in zip(names, loops.columns([1] * 7, gap), strict=True):
        rects[f"{deck}.{name}"] = part.rect
    _pads(rects, deck, pads, 0 if pad_rows == 1 else gap)


def _tempo(rects: Rects, deck: str, body: Area, unit: float, *, width: float, mirrored: bool) -> None:
    """The tempo fader with its range button, cut from the outer side of `body`."""
    gap = 0.1 * width * unit
    column = body.take_right(width * unit, gap) if mirrored else body.take_left(width * unit, gap)
    rects[f"{deck}.range"] = column.take_bottom(44 * unit, 4 * unit).rect
    rects[f"{deck}.tempo"] = column.rect


def _pads(rects: Rects, deck: str, rows: list[Area], gap: float) -> None:
    each = 8 // len(rows)
    for row, area in enumerate(rows):
        for column, part in enumerate(area.columns([1] * each, gap)):
            rects[f"{deck}.hotcue.{row * each + column + 1}"] = part.rect
