"""A hybrid logical clock: close to the time of day where that is known, and never going backwards where it is not."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from device.contracts.shapes import Whole
from device.contracts.values import Ms

Quality = Literal["set", "unset"]
YEAR_MS = 365 * 24 * 3600 * 1000
CREDIBLE_MS = 10 * YEAR_MS  # a machine that claims to be further from its build has a broken clock
AHEAD_MS = 5 * 60 * 1000  # another's clock may be so far ahead of ours and is followed; beyond that it is wrong
RESERVE_MS = 10 * 1000  # what is stored lies so far ahead of what was given out, which saves writing each time
MOST_COUNT = 1_000_000


class Stamp(NamedTuple):
    """A moment: milliseconds since 1970, and a counter within one of them. They compare as they are."""

    ms: Ms
    counter: Annotated[int, Whole(0, MOST_COUNT)]


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _elapsed() -> int:
    return time.monotonic_ns() // 1_000_000


class Clock:
    """Gives stamps, each later than all that it gave and heard, across restarts too. Any thread may ask.

    build: when this software was made (ms since 1970); no time before it is believed. stored: what `store` was given
    last, 0 at first; `store` must have it on disk when it returns. wall, elapsed: the machine's time of day and its
    monotonic time, in ms.
    """

    def __init__(
        self,
        build: int,
        stored: int,
        store: Callable[[int], None],
        wall: Callable[[], int] = _wall,
        elapsed: Callable[[], int] = _elapsed,
    ):
        self._build, self._store, self._wall, self._elapsed = build, store, wall, elapsed
        self._last = Stamp(max(build, min(stored, build + 2 * CREDIBLE_MS)), 0)
        self._anchor = self._last.ms, elapsed()
        self._ceiling = stored
        self._lock = threading.Lock()

    def _credible(self, ms: int) -> bool:
        return self._build <= ms <= self._build + CREDIBLE_MS

    def _time(self) -> int:
        """The best guess at the time of day: the machine's where it can be so, else the last known and what passed."""
        wall, elapsed = self._wall(), self._elapsed()
        if self._credible(wall):
            self._anchor = wall, elapsed
            return wall
        known, then = self._anchor
        return known + elapsed - then

    @property
    def quality(self) -> Quality:
        """Whether stamps are the time of day. "unset": the machine's clock is wrong, or was, and stamps run ahead."""
        with self._lock:
            wall = self._wall()
            return "set" if self._credible(wall) and self._last.ms <= wall + AHEAD_MS else "unset"

    def now(self) -> Stamp:
        """The next stamp. OSError when it could not be stored, and then none was given."""
        with self._lock:
            return self._give(Stamp(self._time(), 0))

    def hear(self, stamp: Stamp) -> None:
        """Be later than a stamp from the other side, unless its clock must be wrong. OSError as for `now`.

        A machine without a clock of its own takes the time from it.
        """
        with self._lock:
            credible = self._credible(stamp.ms) and 0 <= stamp.counter <= MOST_COUNT
            if self._credible(self._wall()):
                credible = credible and stamp.ms <= self._wall() + AHEAD_MS
            elif credible and stamp.ms > self._time():
                self._anchor = stamp.ms, self._elapsed()
            if credible and stamp > self._last:
                self._give(stamp)

    def _give(self, wanted: Stamp) -> Stamp:
        last = self._last
        given = wanted if wanted > last else Stamp(last.ms, last.counter + 1)
        if given.counter > MOST_COUNT:
            given = Stamp(given.ms + 1, 0)
        if given.ms >= self._ceiling:
            self._store(given.ms + RESERVE_MS)
            self._ceiling = given.ms + RESERVE_MS
        self._last = given
        return given

    def close(self) -> None:
        """Store the last stamp itself, so that the next start does not begin ahead of the time. OSError."""
        with self._lock:
            self._store(self._last.ms + 1)
            self._ceiling = self._last.ms + 1


class TimeFile:
    """Where a clock stores its time: one number in a file that is replaced whole."""

    def __init__(self, path: Path):
        self._path = path

    def load(self) -> int:
        """What was stored last; 0 when there is nothing that can be read."""
        try:
            text = self._path.read_text(encoding="ascii")[:20].strip()
        except (OSError, UnicodeDecodeError):
            return 0
        return int(text) if text.isdecimal() else 0

    def store(self, ms: int) -> None:
        """Keep it through a power cut. OSError."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{ms}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
