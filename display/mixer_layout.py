"""Where the mixer's controls are: between the decks, or on a page of its own."""

import pygame

from display.area import Area

Rects = dict[str, pygame.Rect]
KNOBS = ("trim", "eq_high", "eq_mid", "eq_low", "filter")
MAIN_KNOBS = ("mixer.main", "mixer.booth", "mixer.phones.mix", "mixer.phones.level")


def place_mixer(rects: Rects, area: Area, unit: float, channels: int) -> None:
    """Tall channels: five knobs beside a fader. Channels 1 and 3 stand left of 2 and 4, as their decks do."""
    body = area.inset(4 * unit, 5 * unit)
    gap = 4 * unit
    rects["mixer.crossfader"] = body.take_bottom(48 * unit, gap).rect
    main = body.take_right((104 if channels == 2 else 76) * unit, 4 * unit)
    order = (1, 2) if channels == 2 else (3, 1, 2, 4)
    for number, strip in zip(order, body.columns([1] * channels, unit), strict=True):
        name = f"mixer.ch{number}"
        rects[f"{name}.head"] = strip.take_top(18 * unit, 2 * unit).rect
        foot = strip.take_bottom(44 * unit, gap)
        rects[f"{name}.cue"], rects[f"{name}.assign"] = (part.rect for part in foot.columns([1, 1], 0))
        knobs, fader = strip.columns([1, 1], 0)
        rects[f"{name}.fader"] = fader.rect
        for knob, room in zip(KNOBS, knobs.rows([1] * len(KNOBS)), strict=True):
            rects[f"{name}.{knob}"] = room.rect
    rects["mixer.head"] = main.take_top(18 * unit, 2 * unit).rect
    rects["mixer.mic.on"] = main.take_bottom(44 * unit, gap).rect
    knobs, meter = main.columns([1.1, 1] if channels == 2 else [1.42, 1], 0)
    rects["mixer.meter"] = meter.rect
    for knob, room in zip(MAIN_KNOBS, knobs.rows([1] * len(MAIN_KNOBS)), strict=True):
        rects[knob] = room.rect


def place_mixer_page(rects: Rects, panels: list[pygame.Rect], area: Area, unit: float, channels: int) -> None:
    """Wide channels for a small screen: knobs in two columns beside a short fader."""
    gap = 4 * unit
    cross = area.take_bottom(50 * unit, gap)
    panels.append(cross.rect)
    rects["mixer.crossfader"] = cross.inset(4 * unit, 2 * unit).rect
    main = area.take_right(156 * unit, gap)
    for number, strip in zip((1, 2, 3, 4)[:channels], area.columns([1] * channels, gap), strict=True):
        panels.append(strip.rect)
        inside = strip.inset(3 * unit, 3 * unit)
        name = f"mixer.ch{number}"
        rects[f"{name}.head"] = inside.take_top(16 * unit, 2 * unit).rect
        side = inside.take_right(48 * unit, 2 * unit)
        rects[f"{name}.assign"] = side.take_bottom(44 * unit, 2 * unit).rect
        rects[f"{name}.fader"] = side.rect
        left, right = inside.columns([1, 1])
        for knob, room in zip(("eq_high", "eq_mid", "eq_low"), left.rows([1, 1, 1]), strict=True):
            rects[f"{name}.{knob}"] = room.rect
        for knob, room in zip(("trim", "filter", "cue"), right.rows([1, 1, 1]), strict=True):
            rects[f"{name}.{knob}"] = room.rect
    panels.append(main.rect)
    inside = main.inset(3 * unit, 3 * unit)
    rects["mixer.head"] = inside.take_top(16 * unit, 2 * unit).rect
    side = inside.take_right(48 * unit, 2 * unit)
    rects["mixer.mic.on"] = side.take_bottom(44 * unit, 2 * unit).rect
    rects["mixer.meter"] = side.rect
    for pair, row in zip((MAIN_KNOBS[:2], MAIN_KNOBS[2:]), inside.rows([1, 1]), strict=True):
        for knob, room in zip(pair, row.columns([1, 1]), strict=True):
            rects[knob] = room.rect
