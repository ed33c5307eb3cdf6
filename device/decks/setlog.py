"""The set log: everything that changed the sound, as (time, name, value), with the tracks that were used.

The format is described in docs/setlog.md. Times are seconds from the log's origin; an event takes effect at the first
block that starts at or after its time.
"""

import difflib
import json
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from device.errors import InputError, RackdeckError
from device.panel import controls
from device.panel.actions import check_argument
from device.panel.controls import DECKS

logger = logging.getLogger(__name__)
VERSION = 1
KEYS = ("version", "samplerate", "block", "seconds", "start", "load", "grid", "events", "ended", "dropped")
Ending = Literal["stopped", "disk full", "disk failed", "power lost"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)
GRID_KEYS = ("bpm", "first_beat")
LONGEST_SECONDS = 24 * 3600.0  # of the sound, and again of what is played before it
MOST_QUOTED = 80  # characters of a log in a sentence about it
LARGEST_CHARACTERS = 200_000_000  # a day with a hand on the platter all the time
# What the engine did by itself and a render repeats: waiting for the decoder, a stretcher that came late.
ENGINE_EVENTS = frozenset(f"deck{number}.{what}" for number in range(1, DECKS + 1) for what in ("hold", "late"))
BLOCK_EVENT = "engine.block"  # the sound server's period changed, and with it the block
DECK_NAMES = tuple(f"deck{number}" for number in range(1, DECKS + 1))

Value = float | str | list[float] | None


@dataclass(frozen=True, slots=True)
class Event:
    """`name` gets `value` at `seconds` after the log's origin."""

    seconds: float
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Grid:
    """A beat grid: tempo in BPM, first beat in seconds."""

    bpm: float
    first_beat: float = 0.0


@dataclass(slots=True)
class SetLog:
    """One log. `seconds` is how long the rendered sound is, `start` how much is played before it, unheard.

    ended: of ENDINGS, how the recording beside it came to its end; dropped: frames that the disk was too slow for.
    """

    samplerate: int = 48000
    block: int = 64
    seconds: float = 0.0
    start: float = 0.0
    load: dict[str, str] = field(default_factory=dict)
    grid: dict[str, Grid] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    ended: Ending = "stopped"
    dropped: int = 0

    def as_json(self) -> str:
        """The log as text, one event a line."""
        head = {
            "version": VERSION,
            "samplerate": self.samplerate,
            "block": self.block,
            "seconds": self.seconds,
            "start": self.start,
            "load": self.load,
            "grid": {deck: {"bpm": grid.bpm, "first_beat": grid.first_beat} for deck, grid in self.grid.items()},
        }
        if self.ended != "stopped" or self.dropped:
            head |= {"ended": self.ended, "dropped": self.dropped}
        rows = ",\n".join(json.dumps([event.seconds, event.name, event.value]) for event in self.events)
        return json.dumps(head, indent=1)[:-2] + ',\n "events": [\n' + rows + "\n]}\n"

    def tracks(self, beside: Path) -> list[Path]:
        """Every file that the log plays, absolute; relative ones lie beside the log."""
        names = [*self.load.values()]
        names += [str(event.value) for event in self.events if event.name.endswith(".load")]
        return list(dict.fromkeys(beside / name for name in names))


def read(path: Path) -> SetLog:
    """Read and check a log. InputError says what is wrong and where; what is merely odd is logged."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as exc:
        reason = (getattr(exc, "strerror", None) or "it is not a text file").lower()
        raise InputError(f"{str(path)[:200]} cannot be read: {reason}") from exc
    if len(text) > LARGEST_CHARACTERS:
        raise InputError(f"{path} is no set log: it is longer than {LARGEST_CHARACTERS / 1e6:g} million characters")
    return parse(text, str(path))


def parse(text: str, source: str = "set log") -> SetLog:
    """Read and check a log's text; `source` names it in errors and warnings."""
    try:
        body = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as exc:
        raise InputError(f"{source} is not JSON: {exc}") from exc
    try:
        log = _parse(body)
    except (RackdeckError, RecursionError) as exc:
        raise InputError(f"{source}: {exc}") from exc
    for sentence in _oddities(log):
        logger.warning("%s: %s", source, sentence)
    return log


def _whole(digits: str) -> float:
    """A whole number; one of many digits as a float, which may be infinite, so that the range checks refuse it."""
    return int(digits) if len(digits) < 16 else float(digits)


def _oddities(log: SetLog) -> Iterator[str]:
    """Sentences on what can be rendered, but was hardly meant."""
    loaded, told = set(log.load), set[str]()
    for event in log.events:
        deck, _, what = event.name.partition(".")
        if what == "load":
            loaded.add(deck)
        elif what == "eject":
            loaded.discard(deck)
        elif what == "play" and event.value and deck not in loaded | told:
            told.add(deck)
            yield f"{deck} is to play at {event.seconds:g} s, but no track is on it then"
    late = sum(event.seconds > log.start + log.seconds for event in log.events)
    if late:
        yield f"{late} of {len(log.events)} events come after the end at {log.start + log.seconds:g} s; none is heard"


def _known(body: dict[str, Any], keys: Collection[str], what: str) -> None:
    for key in body:
        if key not in keys:
            near = difflib.get_close_matches(key[:MOST_QUOTED], keys, n=1)
            hint = f"did you mean {_quoted(near[0])}?" if near else f"there are {', '.join(keys)}"
            raise InputError(f"{what} has no {_quoted(key)}; {hint}")


def _quoted(value: object) -> str:
    """A value as the log has it; of a long one the beginning."""
    text = json.dumps(value)
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"


def _number(body: dict[str, Any], key: str, low: float, high: float, default: float | None) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f'"{key}" must be a number from {low:g} to {high:g}, not {_quoted(value)}')
    return float(value)


def _whole_number(body: dict[str, Any], key: str, low: int, high: int, default: int) -> int:
    value = _number(body, key, low, high, default)
    if value != int(value):
        raise InputError(f'"{key}" must be a whole number, not {value:g}')
    return int(value)


def _block(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in range(16, 65):
        raise InputError(f"{BLOCK_EVENT} takes a whole number from 16 to 64, not {str(value)[:40]}")
    return int(value)


def _deck(name: object) -> str:
    if name not in DECK_NAMES:
        raise InputError(f"{_quoted(name)} is no deck; there are {', '.join(DECK_NAMES)}")
    return str(name)


def _table(body: dict[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f'"{key}" must be a table by deck')
    return value


def _parse(body: object) -> SetLog:
    if not isinstance(body, dict):
        raise InputError("a set log is one JSON object")
    if body.get("version") != VERSION:
        raise InputError(f"version {_quoted(body.get('version'))} is not known; this Rackdeck reads version {VERSION}")
    _known(body, KEYS, "a set log")
    log = SetLog(
        samplerate=_whole_number(body, "samplerate", 32000, 192000, 48000),
        block=_whole_number(body, "block", 16, 1024, 64),
        seconds=_number(body, "seconds", 0, LONGEST_SECONDS, None),
        start=_number(body, "start", 0, LONGEST_SECONDS, 0),
    )
    log.dropped = _whole_number(body, "dropped", 0, 2**53, 0)
    log.ended = body.get("ended", "stopped")
    if log.ended not in ENDINGS:
        raise InputError(f'"ended" must be one of {", ".join(ENDINGS)}, not {_quoted(log.ended)}')
    for deck, name in _table(body, "load").items():
        if not isinstance(name, str) or not name or "\0" in name:
            raise InputError(f"what {deck} loads must be a file's name")
        log.load[_deck(deck)] = name
    for deck, row in _table(body, "grid").items():
        if not isinstance(row, dict):
            raise InputError(f"the grid of {deck} must hold bpm and first_beat")
        _known(row, GRID_KEYS, f"the grid of {deck}")
        log.grid[_deck(deck)] = Grid(_number(row, "bpm", 1, 1000, None), _number(row, "first_beat", 0, 86400, 0))
    events = body.get("events", [])
    if not isinstance(events, list):
        raise InputError('"events" must be a list')
    for number, row in enumerate(events, 1):
        try:
            log.events.append(_event(row))
        except RackdeckError as exc:
            raise InputError(f"event {number} ({_quoted(row)}): {exc}") from exc
    log.events.sort(key=lambda event: event.seconds)  # stable: events of one time keep their order
    return log


def _event(row: object) -> Event:
    if not isinstance(row, list) or len(row) != 3 or not isinstance(row[1], str):
        raise InputError("an event is [seconds, name, value]")
    seconds, name, value = row
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 2 * LONGEST_SECONDS:
        raise InputError(f"its time must be a number of seconds from 0 on, at most {2 * LONGEST_SECONDS:g}")
    if name in ENGINE_EVENTS:
        return Event(float(seconds), name, 1.0 if value else 0.0)
    if name == BLOCK_EVENT:
        return Event(float(seconds), name, float(_block(value)))
    control = controls.find(name[:MOST_QUOTED], ("value", "switch", "action"))
    if control.kind == "action" and not name.startswith("deck"):
        raise InputError(f"{name} does not change the sound")
    if control.kind == "value":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} takes a number, not {_quoted(value)}")
        return Event(float(seconds), name, control.check(value))
    return Event(float(seconds), name, check_argument(control, value))
