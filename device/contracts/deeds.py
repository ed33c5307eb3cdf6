"""Deeds: what can be done on a box from afar, each with the right that it needs and what it takes.

A companion offers these, a box carries out those that it knows. Whoever adds one adds it here, and to the box.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from device.contracts.commands import Permission

DECKS = 4
HOT_CUES = 8


@dataclass(frozen=True, slots=True)
class Argument:
    """What a deed takes under a name.

    kind: `number` from `low` to `high` (whole where `whole`; `choices` name 0, 1, 2 …), `flag`, or `text` of at most
    `high` characters. needed: it cannot be left out.
    """

    name: str
    kind: Literal["number", "flag", "text"]
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    whole: bool = False
    needed: bool = True

    def objection(self, value: object) -> str:
        """Why a value cannot be; empty when it can."""
        if self.kind == "flag":
            return "" if isinstance(value, bool) else f"{self.name} is true or false"
        if self.kind == "text":
            fits = isinstance(value, str) and 0 < len(value) <= self.high
            return "" if fits else f"{self.name} is a text of 1 to {self.high:g} characters"
        number = isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high
        if number and (not self.whole or value == int(value)):  # type: ignore[call-overload]
            return ""
        return f"{self.name} is a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do. name: a control of the panel, or a word of its own; title: for a person."""

    name: str
    title: str
    permission: Permission
    arguments: tuple[Argument, ...] = ()

    def objection(self, given: Mapping[str, Any]) -> str:
        """Why these arguments cannot be; empty when they can."""
        known = {argument.name: argument for argument in self.arguments}
        for name in given:
            if name not in known:
                return f"{self.name} takes no {name[:40]}"
        for argument in self.arguments:
            value = given.get(argument.name)
            if value is None:
                if argument.needed:
                    return f"{self.name} needs {argument.name}"
                continue
            said = argument.objection(value)
            if said:
                return said
        return ""


def _number(low: float, high: float, unit: str = "") -> Argument:
    return Argument("value", "number", low, high, unit)


def _choice(*choices: str) -> Argument:
    return Argument("value", "number", 0, len(choices) - 1, choices=choices, whole=True)


_PRESS = Argument("value", "number", choices=("up", "down"), whole=True, needed=False)
_SWITCH = _choice("off", "on")


def _deck(number: int) -> Iterator[Deed]:
    rows: tuple[tuple[str, str, Argument | None], ...] = (
        ("play", "Play or pause", _choice("pause", "play")),
        ("cue", "Cue", _PRESS),
        ("seek", "Jump to a time", _number(0, 86400, "s")),
        ("beatjump", "Jump by beats", _number(-512, 512, "beats")),
        ("eject", "Empty the deck", None),
        ("tempo", "Tempo", _number(-100, 100, "%")),
        ("keylock", "Key lock", _SWITCH),
        ("key", "Key", _number(-12, 12, "semitones")),
        ("quantize", "Quantise", _SWITCH),
        ("loop.beats", "Loop of so many beats", _number(0, 64, "beats")),
        ("loop.exit", "Leave the loop", _PRESS),
        ("loop.halve", "Halve the loop", _PRESS),
        ("loop.double", "Double the loop", _PRESS),
        *((f"hotcue.{cue}.go", f"Hot cue {cue}", _PRESS) for cue in range(1, HOT_CUES + 1)),
    )
    for name, title, argument in rows:
        yield Deed(f"deck{number}.{name}", f"Deck {number}: {title}", "play", (argument,) if argument else ())


def _channel(number: int) -> Iterator[Deed]:
    for name, title, low, high, unit in (
        ("fader", "fader", 0, 1, ""),
        ("trim", "trim", -26, 12, "dB"),
        ("eq_low", "low band", -26, 6, "dB"),
        ("eq_mid", "mid band", -26, 6, "dB"),
        ("eq_high", "high band", -26, 6, "dB"),
        ("filter", "filter", -1, 1, ""),
    ):
        argument = (_number(low, high, unit),)
        yield Deed(f"mixer.ch{number}.{name}", f"Channel {number}: {title}", "play", argument)


def _all() -> Iterator[Deed]:
    for number in range(1, DECKS + 1):
        yield from _deck(number)
    for number in range(1, DECKS + 1):
        yield from _channel(number)
    yield Deed("mixer.crossfader", "Crossfader", "play", (_number(-1, 1),))
    yield Deed("mixer.main", "Main level", "play", (_number(-60, 12, "dB"),))
    yield Deed("mixer.booth", "Booth level", "play", (_number(-60, 12, "dB"),))
    yield Deed("record.start", "Start recording", "record")
    yield Deed("record.stop", "Stop recording", "record")
    yield Deed("record.format", "Format of the next recording", "record", (_choice("wav", "flac"),))
    deck = Argument("deck", "number", 1, DECKS, whole=True)
    yield Deed("track.load", "Load a track that was sent", "play", (deck, Argument("hash", "text", high=64)))
    yield Deed("box.identify", "Show on the screen which box this is", "play")
    force = Argument("force", "flag", needed=False)
    yield Deed("engine.restart", "Start the engine again", "system", (force,))
    yield Deed("logs.send", "Send the logs", "system")


KNOWN: Mapping[str, Deed] = {deed.name: deed for deed in _all()}
