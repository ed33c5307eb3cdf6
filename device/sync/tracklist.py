"""From a set log to a tracklist: which track was heard from when, and for how long."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from device.contracts.sets import Entry
from device.contracts.values import Track
from device.decks.setlog import SetLog
from device.panel import controls
from device.panel.controls import DECKS
from device.sync.sight import audible

LEAST_SECONDS = 3.0  # what was heard for less was a slip
_MIXER = tuple(f"mixer.ch{number}.{what}" for number in range(1, DECKS + 1) for what in ("fader", "assign"))


@dataclass(slots=True)
class _Deck:
    """A deck while the log goes by. since: when it was last let through, None while it is not; first: when at first."""

    path: str = ""
    playing: bool = False
    tempo: float = 0.0
    since: float | None = None
    first: float | None = None
    at_tempo: float = 0.0
    heard: float = 0.0


def entries(log: SetLog, beside: Path, known: Callable[[Path], Track]) -> list[Entry]:
    """The tracks of a set in the order in which they were first heard. beside: the log's folder."""
    start, end = log.start, log.start + log.seconds
    table = controls.table()
    mixer = {name: table[name].default for name in (*_MIXER, "mixer.crossfader")}
    decks = {f"deck{number}": _Deck(log.load.get(f"deck{number}", "")) for number in range(1, DECKS + 1)}
    found: list[tuple[float, int, _Deck]] = []

    def finish(name: str, seconds: float) -> None:
        deck = decks[name]
        _listen(deck, False, start, seconds)
        if deck.first is not None and deck.heard >= LEAST_SECONDS:
            found.append((deck.first, int(name[4:]), deck))

    def listen(names: Iterable[str], seconds: float) -> None:
        for name in names:
            deck, channel = decks[name], f"mixer.ch{name[4:]}"
            open_ = audible(mixer[f"{channel}.fader"], mixer[f"{channel}.assign"], mixer["mixer.crossfader"])
            _listen(deck, bool(deck.path) and deck.playing and open_, start, seconds)

    for event in log.events:
        seconds = min(event.seconds, end)
        name, _, what = event.name.partition(".")
        if name in decks:
            if what in ("load", "eject"):
                finish(name, seconds)
                path = str(event.value) if what == "load" else ""
                decks[name] = _Deck(path, tempo=decks[name].tempo)
            elif what == "play":
                decks[name].playing = bool(event.value)
            elif what == "tempo" and isinstance(event.value, int | float):
                decks[name].tempo = float(event.value)
            else:
                continue
            listen((name,), seconds)
        elif event.name in mixer and isinstance(event.value, int | float):
            mixer[event.name] = float(event.value)
            listen(decks, seconds)
    for name in decks:
        finish(name, end)
    found.sort(key=lambda row: row[:2])
    return [
        Entry(first - start, known(beside / deck.path), number, round(deck.heard, 3), deck.at_tempo)
        for first, number, deck in found
    ]


def _listen(deck: _Deck, heard: bool, start: float, seconds: float) -> None:
    """From this moment on the deck is heard, or not. What is before the recording's start does not count."""
    if deck.since is not None:
        deck.heard += max(0.0, seconds - max(deck.since, start))
        if deck.first is None and seconds > start:
            deck.first = max(deck.since, start)
            deck.at_tempo = deck.tempo
    deck.since = seconds if heard else None
