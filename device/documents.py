"""What is in a document, and how it is edited: on a box and in its companion alike, by pycrdt.

`about` is a map (`title`, and what else the kind has), `notes` a text, `tracks` an array of maps: `id` names the entry
in this document, `track` the piece in the catalogue, `note` is a text, the rest as `values.Track` has it; in a set
`at` (seconds after its beginning) and `deck`. Entries stand in the order of their number `place`, those without one
behind, as they lie: so a move changes one number, and nothing is lost that another writes to the entry meanwhile. Who
puts one in gives it a place: a move that had to number the others first would be at odds with another's. Of entries
with the same id the first in the array counts.
"""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

import pycrdt
from pycrdt import Array, Doc, Map, Text

from device.contracts import codec, updates
from device.contracts.errors import Malformed
from device.contracts.updates import EMPTY, Entered, Ledger, Missing
from device.contracts.values import Track

log = logging.getLogger(__name__)
MOST_TRACKS = 5000  # entries that are read
LONGEST_TITLE = 120
MOST_SECONDS, KNOWN_SECONDS = 5.0, 60.0  # of the processor, that an update may take to merge: a new one, a kept one
LEAST_AT_ONCE, MOST_AT_ONCE = 4, 2000  # structs that are merged in one call, which nothing interrupts
COMPARISONS = 100_000  # that one call may take
LONGEST_NOTE = 10_000
LONGEST_NOTES = 100_000
Rest = Callable[[float], None]
_TEXTS = {"artist": 120, "key": 12, "isrc": 12}


@dataclass(frozen=True, slots=True)
class Entry:
    """A track in a document. track: its id in the catalogue, empty when it is not known; hash: of its file."""

    id: str
    title: str
    artist: str = ""
    track: str = ""
    hash: str = ""
    seconds: float | None = None
    tempo: float | None = None
    key: str = ""
    isrc: str = ""
    note: str = ""
    at: float | None = None
    deck: int | None = None

    @classmethod
    def of(cls, number: str, track: Track, note: str = "") -> Self:
        """A track as an entry with the id `number`."""
        return cls(
            number, track.title, track.artist, track.id or "", track.hash or "", track.seconds, track.tempo,
            track.key, track.isrc, note,
        )  # fmt: skip


class Content:
    """A document that merges what comes, if it is sound. One thread at a time.

    client: names who edits here, and must be nobody else's; made up where it is not given.
    spoiled: something that looked sound could not be merged; it must be built anew from what it is made of.
    rest: called between the pieces of a long update, with the seconds that one took: nobody else runs meanwhile.
    """

    def __init__(self, known: Iterable[bytes] = (), client: int | None = None, rest: Rest | None = None):
        self._rest = rest
        self._doc: Doc[Any] = Doc(client_id=client, allow_multithreading=True)
        self._about: Map[Any] = self._doc.get("about", type=Map)
        self._tracks: Array[Any] = self._doc.get("tracks", type=Array)
        self._notes: Text = self._doc.get("notes", type=Text)
        self._ledger = Ledger()
        self._made: list[bytes] = []
        self._doc.observe(lambda event: self._made.append(event.update))
        self.spoiled = False
        for update in known:
            self.merge(update, known=True)

    def merge(self, update: bytes, known: bool = False) -> bytes:
        """Merge an update; returns what of it is new, empty when nothing is. known: it was taken before.

        Malformed for what is not sound, or is made to take for ever; Missing when something that it builds on is not
        here: nothing was merged.
        """
        if update == EMPTY:
            return b""
        entered = self._ledger.enter(update, bounded=not known)
        self._made.clear()
        try:
            self._apply(entered, KNOWN_SECONDS if known else MOST_SECONDS)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as exc:  # what goes wrong deep within is no Exception
            self._ledger.back()
            self.spoiled = True
            raise Malformed(f"cannot be merged: {str(exc)[:200]}") from exc
        return self._taken()

    def _apply(self, entered: Entered, seconds: float) -> None:
        """Merge what was entered, a piece at a time where it is long. TimeoutError.

        Measured: what stands at the same place as all before it is compared with each of them, and what could be one
        run is copied again for each part: 80 kB took 24 s, 700 kB took 5 GB.
        """
        if len(entered.order) <= self._most():
            self._doc.apply_update(entered.update)
            return
        end, at = time.thread_time() + seconds, 0
        while at < len(entered.order):
            piece, at = entered.piece(at, self._most())
            began = time.thread_time()
            self._doc.apply_update(piece)
            now = time.thread_time()
            if now > end:
                raise TimeoutError("it takes too long")
            if self._rest is not None:
                self._rest(now - began)
        self._doc.apply_update(entered.last())

    def _most(self) -> int:
        """How many structs may be merged at one go."""
        return max(LEAST_AT_ONCE, min(MOST_AT_ONCE, COMPARISONS // (self._ledger.runs + 1)))

    def edit(self, change: Callable[[], None]) -> bytes:
        """Make changes at one go, by the methods below; returns the update, empty when nothing changed."""
        self._made.clear()
        with self._doc.transaction():
            change()
        made = self._taken()
        if made:
            self._ledger.enter(made, bounded=False)
        return made

    def _taken(self) -> bytes:
        made, self._made = self._made, []
        return join(made) if made else b""

    @property
    def state(self) -> bytes:
        """What is here, as a state vector."""
        found: bytes = self._doc.get_state()
        return found

    def lacking(self, vector: bytes = b"\0") -> bytes:
        """The update for whoever has what this state vector says. Malformed for what is none."""
        updates.ends(vector)
        found: bytes = self._doc.get_update(vector)
        return found

    def lacks(self, vector: bytes) -> bool:
        """Whether whoever says this state vector has something that is not here. Malformed for what is none."""
        here = updates.ends(self.state)
        return any(end > here.get(client, 0) for client, end in updates.ends(vector).items())

    @property
    def title(self) -> str:
        """What it is called, in one line; empty when it has no name."""
        return _text(self._about.get("title"), LONGEST_TITLE)

    @property
    def count(self) -> int:
        """How many entries there are, those that count twice included."""
        return len(self._tracks)

    @property
    def notes(self) -> str:
        """What is written about it."""
        return codec.clean(str(self._notes), LONGEST_NOTES)

    def about(self) -> dict[str, str | int | float | bool | None]:
        """All that is said of it but lists and texts within."""
        found = json.loads(str(self._about))
        return {str(name): value for name, value in found.items() if not isinstance(value, list | dict)}

    def entries(self) -> list[Entry]:
        """The tracks, in order, each once."""
        return [_entry(row) for _, row in self._rows()[:MOST_TRACKS]]

    def call(self, title: str) -> None:
        """Give it a title."""
        if self.title != title:
            self._about["title"] = title

    def say(self, **values: str | int | float) -> None:
        """Note more about it."""
        for name, value in values.items():
            if self._about.get(name) != value:
                self._about[name] = value

    def write(self, notes: str) -> None:
        """Let the notes be this, with as few changes as can be, so that it merges with what others write."""
        _rewrite(self._notes, notes)

    def insert(self, entry: Entry, at: int | None = None) -> None:
        """Put a track in before the one that is at place `at` (from 0), by default at the end."""
        self.fill([entry], at)

    def fill(self, entries: Sequence[Entry], at: int | None = None) -> None:
        """Put tracks in before the one that is at place `at` (from 0), by default at the end."""
        rows = self._rows()
        at = len(rows) if at is None else min(at, len(rows))
        for entry, place in zip(entries, self._room(rows, at, len(entries)), strict=True):
            told = {name: value for name, value in asdict(entry).items() if value not in ("", None) and name != "note"}
            told |= {"title": entry.title} | ({} if place is None else {"place": place})
            self._tracks.append(Map(told | ({"note": Text(entry.note)} if entry.note else {})))

    def _room(self, rows: list[tuple[int, dict[str, Any]]], at: int, count: int) -> list[float] | list[None]:
        """Places for some tracks before the one at `at`; none behind those that have none."""
        low = _place(rows[at - 1][1]) if at else 0.0 if not rows else -math.inf
        high = _place(rows[at][1]) if at < len(rows) else math.inf
        if at == len(rows) and low == math.inf:
            return [None] * count
        found = _spread(low, high, count)
        if found is None:
            self._number(rows)
            found = _spread(at, at + 1, count)
        return found or [None] * count

    def _number(self, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Give all a place: 1, 2, 3 …"""
        for place, (index, row) in enumerate(rows, 1):
            if row.get("place") != place:
                self._tracks[index]["place"] = float(place)

    def remove(self, number: str) -> None:
        """Take an entry out. KeyError when it is not there."""
        rows = json.loads(str(self._tracks))
        mine = [place for place, row in enumerate(rows) if isinstance(row, dict) and row.get("id") == number]
        if not mine:
            raise KeyError(number)
        for place in reversed(mine):
            del self._tracks[place]

    def move(self, number: str, at: int) -> None:
        """Let an entry be the one at place `at` (from 0). KeyError when it is not there."""
        mine = self._find(number)
        rows = self._rows()
        others = [row for row in rows if row[0] != mine]
        at = min(at, len(others))
        if rows[at][0] == mine:
            return
        low = _place(others[at - 1][1]) if at else -math.inf
        high = _place(others[at][1]) if at < len(others) else math.inf
        between = _spread(low, high, 1)
        if between is None:  # there is no room, or some have no place: all get one
            self._number(others)
            between = [at + 0.5]
        self._tracks[mine]["place"] = between[0]

    def note(self, number: str, text: str) -> None:
        """Write something about an entry. KeyError when it is not there."""
        row = self._tracks[self._find(number)]
        note = row.get("note")
        if isinstance(note, Text):
            _rewrite(note, text)
        elif text:
            row["note"] = Text(text)

    def _rows(self) -> list[tuple[int, dict[str, Any]]]:
        """The entries that count, in order: index in the array, and what they hold."""
        found: dict[str, tuple[int, dict[str, Any]]] = {}
        for index, row in enumerate(json.loads(str(self._tracks))):
            if isinstance(row, dict) and isinstance(row.get("id"), str):
                found.setdefault(row["id"], (index, row))
        return sorted(found.values(), key=lambda one: (_place(one[1]), one[0]))

    def _find(self, number: str) -> int:
        """Where an entry is in the array. KeyError."""
        for index, row in self._rows():
            if row["id"] == number:
                return index
        raise KeyError(number)


Row = tuple[int, bytes]  # sequence, update


@dataclass(slots=True)
class Held:
    """A content that is read from rows: the sequence of the last, its digest, and the bytes of all (size)."""

    content: Content
    sequence: int = 0
    digest: bytes = b""
    size: int = 0

    def note(self, sequence: int, update: bytes) -> None:
        """This is the last row now; its update is merged."""
        self.sequence, self.digest = sequence, hashlib.sha256(update).digest()
        self.size += len(update)

    def follow(self, found: list[Row]) -> bool:
        """Merge the rows from the last known one on, that one included. False when they are not its own any more."""
        if self.content.spoiled or not found or found[0][0] != self.sequence:
            return False
        if hashlib.sha256(found[0][1]).digest() != self.digest:
            return False
        for row in found[1:]:
            self.take(row)
        return not self.content.spoiled

    def take(self, row: Row) -> None:
        """Merge a row, unless it cannot be."""
        try:
            self.content.merge(row[1], known=True)
        except (Malformed, Missing) as exc:  # two who called themselves by one number, one of them with ill intent
            log.error("the update %s of a document is left out: it %s", row[0], exc or "builds on what is not there")
        self.note(*row)


def built(found: list[Row], client: int | None = None, rest: Rest | None = None) -> Held:
    """The content of rows, which are in order."""
    held = Held(Content(client=client, rest=rest))
    for row in found:
        held.take(row)
        if held.content.spoiled:
            return built([one for one in found if one[0] != row[0]], client, rest)
    return held


def join(made: list[bytes]) -> bytes:
    """Several updates as one."""
    merged: bytes = made[0] if len(made) == 1 else pycrdt.merge_updates(*made)
    return merged


def state_of(update: bytes) -> bytes:
    """What a sound update has, as a state vector."""
    found: bytes = pycrdt.get_state(update)
    return found


def beyond(update: bytes, vector: bytes) -> bytes:
    """What of a sound update is lacking where this state vector is said."""
    found: bytes = pycrdt.get_update(update, vector)
    return found


def _place(row: dict[str, Any]) -> float:
    place = row.get("place")
    sound = isinstance(place, int | float) and not isinstance(place, bool) and math.isfinite(place)
    return float(place) if sound else math.inf  # type: ignore[arg-type]


def _spread(low: float, high: float, count: int) -> list[float] | None:
    """So many places between two, of which the second is infinite where nothing follows; None without room."""
    if low == math.inf or (low, high) == (-math.inf, math.inf):
        return None
    if low == -math.inf:
        return [high - count + step for step in range(count)]
    if high == math.inf:
        return [low + step for step in range(1, count + 1)]
    apart = (high - low) / (count + 1)
    found = [low, *(low + apart * step for step in range(1, count + 1)), high]
    return found[1:-1] if all(one < other for one, other in pairwise(found)) else None


def _entry(row: dict[str, Any]) -> Entry:
    texts = {name: _text(row.get(name), most) for name, most in _TEXTS.items()}
    track, digest = str(row.get("track") or ""), str(row.get("hash") or "")
    return Entry(
        row["id"],
        _text(row.get("title"), LONGEST_TITLE),
        track=track if len(track) == 26 and track.isalnum() else "",
        hash=digest if len(digest) == 64 and digest.isalnum() else "",
        seconds=_number(row.get("seconds")),
        tempo=_number(row.get("tempo")),
        note=codec.clean(row["note"], LONGEST_NOTE) if isinstance(row.get("note"), str) else "",
        at=_number(row.get("at"), zero=True),
        deck=int(deck) if (deck := _number(row.get("deck"))) and deck <= 8 else None,
        **texts,
    )


def _text(value: object, most: int) -> str:
    return codec.clean(value.replace("\n", " "), most) if isinstance(value, str) else ""


def _number(value: object, zero: bool = False) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    sound = sound and (value > 0 or (zero and value == 0))  # type: ignore[operator]
    return float(value) if sound else None  # type: ignore[arg-type]


def _rewrite(text: Text, wanted: str) -> None:
    """Change what differs and no more. Places in a text are counted in bytes."""
    was = str(text)
    if was == wanted:
        return
    most = min(len(was), len(wanted))
    begin = next((at for at in range(most) if was[at] != wanted[at]), most)
    most -= begin
    end = next((at for at in range(most) if was[-1 - at] != wanted[-1 - at]), most)
    first = len(was[:begin].encode())
    gone = len(was[begin : len(was) - end].encode())
    if gone:
        del text[first : first + gone]
    fresh = wanted[begin : len(wanted) - end]
    if fresh:
        text.insert(first, fresh)
