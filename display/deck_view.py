"""A deck's panel: every control of one deck."""

import pygame

from device.panel import controls
from display import theme
from display.button import Button
from display.deck import Deck, say_beats
from display.desk import Desk
from display.fader import TempoFader
from display.layout import Plan
from display.overview import Overview
from display.pad import Pad
from display.readouts import Tempo, Time, Title
from display.widget import Widget

TOGGLES = {"quantize": "QUANT", "keylock": "KEY", "slip": "SLIP", "reverse": "REV"}


def deck_widgets(desk: Desk, plan: Plan, number: int) -> list[Widget]:
    """Every control of one deck that the plan has room for."""
    deck = desk.decks[number]
    colour = theme.DECKS[number - 1]
    name = deck.name
    rects = plan.rects
    made: list[Widget] = [
        Title(desk, rects[f"{name}.title"], deck),
        Overview(desk, rects[f"{name}.overview"], deck),
        Time(desk, rects[f"{name}.time"], deck),
        Tempo(desk, rects[f"{name}.bpm"], deck),
        TempoFader(desk, rects[f"{name}.tempo"], name, colour),
        Button(desk, rects[f"{name}.range"], lambda: f"±{deck.number_of('range'):g}", deck.next_range, colour=colour),
        Button(
            desk, rects[f"{name}.cue"], "CUE", lambda: deck.cue(True), released=lambda: deck.cue(False),
            lit=lambda: deck.at_cue, colour=theme.CUE, tone="solid", size=theme.BODY,
        ),
        Button(
            desk, rects[f"{name}.play"], "", deck.play, lit=lambda: deck.is_on("play"), colour=theme.PLAY,
            icon=lambda: "pause" if deck.is_on("play") else "play", tone="solid",
        ),
    ]  # fmt: skip
    for what, caption in TOGGLES.items():
        made.append(_toggle(desk, rects[f"{name}.{what}"], deck, what, caption))
    made += _loop_buttons(desk, rects, deck)
    made += [Pad(desk, rects[f"{name}.hotcue.{cue}"], deck, cue) for cue in range(1, controls.HOT_CUES + 1)]
    return made


def _toggle(desk: Desk, rect: pygame.Rect, deck: Deck, what: str, caption: str) -> Button:
    colour = theme.DANGER if what == "reverse" else theme.DECKS[deck.number - 1]

    def turn() -> None:
        desk.toggle(f"{deck.name}.{what}")

    return Button(desk, rect, caption, turn, lit=lambda: deck.is_on(what), colour=colour)


def _loop_buttons(desk: Desk, rects: dict[str, pygame.Rect], deck: Deck) -> list[Widget]:
    """Loop, roll, jump and shift. In the slim form shift turns halve and double into loop in and out."""
    name = deck.name
    slim = f"{name}.loop.in" not in rects
    colour = theme.DECKS[deck.number - 1]

    def looping() -> bool:
        return deck.is_on("loop.active")

    def ask(what: str) -> None:
        desk.do(f"{name}.{what}", 1.0)

    def resize(up: bool) -> None:
        if slim and deck.shift:
            ask("loop.out" if up else "loop.in")
        else:
            deck.resize_loop(up)

    def shift() -> None:
        deck.shift = not deck.shift

    def caption(up: bool) -> str:
        if slim and deck.shift:
            return "OUT" if up else "IN"
        return "×2" if up else "÷2"

    def jump_caption() -> str:
        return say_beats(deck.jump_beats) if slim else ""

    buttons = [
        Button(desk, rects[f"{name}.loop.halve"], lambda: caption(False), lambda: resize(False), size=theme.BODY),
        Button(
            desk, rects[f"{name}.loop.beats"], lambda: say_beats(deck.beats), deck.loop, lit=looping, colour=theme.PLAY,
            size=theme.TITLE, note="" if slim else "LOOP",
        ),
        Button(desk, rects[f"{name}.loop.double"], lambda: caption(True), lambda: resize(True), size=theme.BODY),
        Button(
            desk, rects[f"{name}.loop.exit"], lambda: "EXIT" if looping() or slim else "RELOOP",
            lambda: ask("loop.exit"), lit=looping, colour=theme.PLAY,
        ),
        Button(
            desk, rects[f"{name}.loop.roll"], "ROLL", lambda: deck.roll(True), released=lambda: deck.roll(False),
            colour=theme.PLAY,
        ),
        Button(
            desk, rects[f"{name}.jump.back"], jump_caption, lambda: deck.jump(-1), icon="back", colour=colour,
        ),
        Button(
            desk, rects[f"{name}.jump.forward"], jump_caption, lambda: deck.jump(1), icon="forward", colour=colour,
        ),
        Button(desk, rects[f"{name}.shift"], "SHIFT", shift, lit=lambda: deck.shift, colour=theme.TEXT),
    ]  # fmt: skip
    if not slim:
        buttons += [
            Button(desk, rects[f"{name}.loop.in"], "IN", lambda: ask("loop.in")),
            Button(desk, rects[f"{name}.loop.out"], "OUT", lambda: ask("loop.out")),
            Button(
                desk,
                rects[f"{name}.jump.size"],
                lambda: say_beats(deck.jump_beats),
                deck.next_jump_size,
                size=theme.TITLE,
                note="JUMP",
            ),
        ]
    return list(buttons)
