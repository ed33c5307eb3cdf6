"""What the box and its companion share, as the sync pins it up on the board: read between two frames, checked, kept.

Expected are `sync` (the fields of `Sync`), `claim` (those of `Claim`), `earnings` (the body of `earnings.Cards`), and
`releases`, `notices` and `lists`: objects with one list of that name. What is not so is left out; nothing here raises.
Of `playlists` only that they are others matters here; the browser reads them.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from device.contracts import codec, ids, notices, releases
from device.contracts.earnings import Cards
from device.contracts.errors import Malformed
from device.contracts.shapes import Text, Whole
from device.contracts.values import Count, Line, Ms, Sentence, Size
from device.panel.board import SILENT_SECONDS, Document, Reader

NAMES = ("sync", "claim", "earnings", "notices", "releases", "lists", "playlists")
MOST_ROWS = {"releases": 60, "notices": 20, "lists": 200}
REST = 200  # reading takes at most one part in so many: a long document is looked at less often
ALIVE_SECONDS = 1.0
SILENT = "silent"  # the state that is shown of a sync that stands still
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """What makes the box somebody's. url: what the QR code holds; check: six digits; ends: ms since 1970."""

    code: Annotated[str, Text(20, 8)]
    url: Annotated[str, Text(200, 8, "https?://[!-~]+")]
    check: Annotated[str, Text(12, 6, "[0-9 ]+")]
    ends: Ms


@dataclass(frozen=True, slots=True)
class Sync:
    """How the box stands with its companion. state: a word of `device.sync`'s, or one that is not known here.

    behind: messages that wait; files, file_bytes: recordings that wait; since: when the word became true, 0 when that
    is not known; said: why; companion: its address; name: the owner's for this box; pid: the process that says so,
    beat: the machine's monotonic seconds when it did so last, 0 when it does not tell.
    """

    state: Annotated[str, Text(40, 1)]
    behind: Count = 0
    files: Count = 0
    file_bytes: Size = 0
    since: Ms = 0
    said: Sentence = ""
    companion: Annotated[str, Text(500)] = ""
    name: Line = ""
    pid: Annotated[int, Whole(0, 2**30)] = 0
    beat: Annotated[int, Whole(0, 2**53)] = 0


@dataclass(frozen=True, slots=True)
class Release:
    """A release, in how many of its stores it is live, and what one of them wants. changed: ms since 1970."""

    title: str
    artist: str
    stage: str
    changed: int
    date: str
    said: str
    live: int
    stores: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for whoever stands here. at: ms since 1970; until: when it is no longer news, 0 for never."""

    id: str
    level: str
    text: str
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class HeldList:
    """A playlist or a set. held: whether it is to be ready here; files, there: how many it needs, how many are here."""

    title: Line
    held: bool = True
    files: Count = 0
    there: Count = 0


@dataclass(frozen=True, slots=True)
class Gain:
    """What an amount changed by while somebody looked, in micro-units; at: monotonic seconds."""

    micros: int
    at: float


class Shared:
    """`poll` once a frame. versions: grow when a document of that name says something else. busy: more may be new.

    gains: changes of earnings, by currency and `today`, `month`, `total` or a release's id. wall: ms since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time):
        self._reader = Reader(folder)
        self.clock = clock
        self._documents: dict[str, Document | None] = dict.fromkeys(NAMES)
        self._due = dict.fromkeys(NAMES, 0.0)
        self._turn = 0
        self._alive_due = 0.0
        self.busy = True
        self.wall = int(clock() * 1000)
        self.versions = dict.fromkeys(NAMES, 0)
        self.sync: Sync | None = None
        self._claim: Claim | None = None
        self.earnings: Cards | None = None
        self.releases: tuple[Release, ...] = ()
        self.notices: tuple[Notice, ...] = ()
        self.lists: tuple[HeldList, ...] = ()
        self.gains: dict[tuple[str, str], Gain] = {}

    @property
    def claim(self) -> Claim | None:
        """What somebody can claim the box by; None once its time is over."""
        claim = self._claim
        return claim if claim is not None and claim.ends > self.wall else None

    def poll(self, now: float) -> None:
        """Look at the board; at most one document is new in a frame. now: monotonic seconds."""
        self.wall = int(self.clock() * 1000)
        self.busy = False
        for _ in NAMES:
            name = NAMES[self._turn]
            self._turn = (self._turn + 1) % len(NAMES)
            if now < self._due[name]:
                continue
            began = time.thread_time()
            document = self._reader.read(name)
            fresh = document is not self._documents[name]
            if fresh:
                self._documents[name] = document
                self._take(name, document, now)
                self.versions[name] += 1
            self._due[name] = now + REST * (time.thread_time() - began)
            if fresh:
                self.busy = True
                return
        self._check_life(now)

    def _check_life(self, now: float) -> None:
        """What a process said that has been killed, or stands still, is not true any more."""
        if self.sync is None or not self.sync.pid or now < self._alive_due:
            return
        self._alive_due = now + ALIVE_SECONDS
        if self.sync.state != SILENT and self.sync.beat and now - self.sync.beat > SILENT_SECONDS:
            self.sync = replace(self.sync, state=SILENT, said="")
            self.versions["sync"] += 1
        try:
            os.kill(self.sync.pid, 0)
        except ProcessLookupError:
            self.sync = None
            self.versions["sync"] += 1
        except OSError:  # it lives, and is another user's
            pass

    def _take(self, name: str, document: Document | None, now: float) -> None:
        document = document or {}
        if name == "sync":
            self.sync = _read(Sync, document)
            self._alive_due = 0.0
        elif name == "claim":
            self._claim = _read(Claim, document)
        elif name == "earnings":
            before, self.earnings = self.earnings, _read(Cards, document)
            self.gains = _gains(before, self.earnings, now)
        elif name == "releases":
            found = _rows(document, name, _release)
            self.releases = tuple(sorted(found, key=lambda release: -release.changed))
        elif name == "notices":
            self.notices = tuple(sorted(_rows(document, name, _notice), key=lambda notice: -notice.at))
        elif name == "lists":
            self.lists = tuple(_rows(document, name, lambda row: _read(HeldList, row)))


def _read(made: type[T], value: object) -> T | None:
    try:
        found: T = codec.both(made)[0](value)
    except Malformed:
        return None
    return found


def _rows(document: Document, name: str, read: Callable[[Any], T | None]) -> list[T]:
    rows = document.get(name)
    found = [read(row) for row in rows[: MOST_ROWS[name]]] if isinstance(rows, list) else []
    return [row for row in found if row is not None]


def _release(row: Any) -> Release | None:
    stores = row.get("stores") if isinstance(row, dict) else None
    made = _read(releases.Changed, {**row, "stores": []}) if isinstance(row, dict) else None
    if made is None:
        return None
    known = [one for one in stores if isinstance(one, dict)] if isinstance(stores, list) else []
    live = sum(one.get("stage") == "live" for one in known)
    said = made.said
    wanting = (one for one in known if one.get("stage") in ("rejected", "changes wanted") and one.get("said"))
    store = _read(releases.Store, next(wanting, None)) if not said else None
    if store is not None:
        said = f"{store.name}: {store.said}"
    return Release(made.title, made.artist, made.stage, made.changed, made.date or "", said, live, len(known))


def _notice(row: Any) -> Notice | None:
    made = _read(notices.Told, row)
    if made is None or not made.text.strip():
        return None
    return Notice(made.notice, made.level, made.text, ids.time_of(made.notice), made.until or 0)


def _amounts(cards: Cards) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for card in cards.cards:
        found[card.currency, f"today {cards.day}"] = card.today
        found[card.currency, f"month {cards.day[:7]}"] = card.month
        found[card.currency, "total"] = card.total
        found |= {(card.currency, line.release): line.total for line in card.releases}
    return found


def _gains(before: Cards | None, after: Cards | None, now: float) -> dict[tuple[str, str], Gain]:
    """What changed, but for what begins anew with another day or month."""
    if before is None or after is None:
        return {}
    old = _amounts(before)
    changed = ((key, micros - old[key]) for key, micros in _amounts(after).items() if key in old)
    return {(currency, what.split()[0]): Gain(by, now) for (currency, what), by in changed if by}
