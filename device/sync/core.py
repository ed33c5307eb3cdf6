"""What every part of the sync shares: where things are, the database, the clock, the outbox."""

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device import paths
from device.contracts import envelope, ids
from device.contracts.clock import Clock, TimeFile
from device.contracts.live import Watched
from device.sync import settings
from device.sync.access import Access
from device.sync.ballast import Ballast
from device.sync.database import Database, get, put
from device.sync.outbox import Outbox
from device.sync.sight import Now

log = logging.getLogger(__name__)
BUILT_MS = 1_793_491_200_000  # 1 November 2026: an earlier clock is wrong
MOST_PASSING = 64


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one box."""

    home: Path
    runtime: Path

    @classmethod
    def usual(cls) -> "Places":
        """By RACKDECK_HOME. ConfigError, MachineError when they cannot be."""
        return cls(paths.home(), paths.runtime())

    @property
    def sync(self) -> Path:
        """The database and files that are on their way."""
        return self.home / "sync"

    def folder(self, name: str) -> Path:
        """`recordings`, `music`, `logs`: made when it is not there."""
        made = self.home / name
        made.mkdir(parents=True, exist_ok=True)
        return made


def uptime() -> float:
    """Seconds since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot(connection: sqlite3.Connection, clock: Clock, file: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """An id of this start of the machine, the same however often it is asked."""
    named = file.read_text(encoding="ascii").strip() if file.exists() else ""
    known, _, made = get(connection, "boot").partition(" ")
    if known != named or not made:
        digest = hashlib.sha256(named.encode() or os.urandom(16)).digest()
        made = ids.make(max(0, clock.now().ms - int(uptime() * 1000)), digest[: ids.RANDOM_BYTES])
        put(connection, "boot", f"{named} {made}")
    return made


class Core:
    """One for a process. Threads share it.

    now: what the panel said last. access: whose box it is. passing: messages without a number, for the link's thread.
    watched: until when (monotonic) somebody looks, and at what. unreadable: recordings that never become messages, for
    their set log is none. changed: called with the names of what the screen shows anew.
    """

    def __init__(self, places: Places, ballast: Ballast | None = None, wall: Callable[[], int] | None = None):
        self.places = places
        self.database = Database(places.sync, ballast)
        file = TimeFile(places.home / "clock")
        self.clock = (
            Clock(BUILT_MS, file.load(), file.store, wall) if wall else Clock(BUILT_MS, file.load(), file.store)
        )
        self.outbox = Outbox(self.clock)
        self.now = Now()
        self.access: Access | None = None
        self.out = ""  # why the companion has this box no more, and what to do
        self.metered = False
        self.passing: deque[tuple[str, Any, bool]] = deque(maxlen=MOST_PASSING)
        self.wake: Callable[[], None] = lambda: None
        self.watched: tuple[float, Watched | None] = (0.0, None)
        self.ending = False
        self.unreadable: set[str] = set()
        self.born = False  # there is a new connection: all of the status is news
        self.changed: Callable[[set[str]], None] = lambda _names: None
        self._bells: dict[str, threading.Event] = {}
        try:
            with self.database.writing() as connection:
                self.boot = boot(connection, self.clock)
        except BaseException:
            self.database.close()
            raise

    def tell(self, *bodies: Any) -> None:
        """Put messages into the outbox, in a transaction of their own. DiskFullError, OSError."""
        with self.database.writing() as connection:
            for body in bodies:
                self.outbox.add(connection, body)
        self.wake()

    def new_id(self) -> str:
        """An id of now. OSError when the clock's time could not be stored."""
        return ids.make(self.clock.now().ms, os.urandom(ids.RANDOM_BYTES))

    def unnumbered(self, stream: str, epoch: str, body: Any) -> bytes:
        """A message without a number. epoch: of the connection. OSError as `new_id`; Malformed."""
        stamp = self.clock.now()
        name = ids.make(stamp.ms, os.urandom(ids.RANDOM_BYTES))
        return envelope.encode("up", envelope.compose(body, name, stream, epoch, 0, stamp, self.clock.quality))

    def say(self, stream: str, body: Any, retain: bool = False) -> None:
        """Say something that may be lost."""
        self.passing.append((stream, body, retain))
        self.wake()

    def behind(self) -> int:
        """Messages that have not been receipted, and recordings that ended and are still to become messages."""
        connection = self.database.connection
        begun = connection.execute("SELECT name FROM recordings WHERE state = 'started'").fetchall()
        known = {Path(self.now.recording).name} | self.unreadable
        untold = [name for (name,) in begun if name not in known and (self.places.home / "recordings" / name).exists()]
        return self.outbox.waiting(connection).messages + len(untold)

    def carries(self) -> bool:
        """Whether files may go over the connection that there is."""
        return self.access is not None and (
            not self.metered or bool(settings.get(self.database.connection, "files.metered"))
        )

    def playing_rate(self) -> int:
        """Bytes a second that files may take while something plays."""
        return int(settings.get(self.database.connection, "files.playing_rate"))

    def bell(self, name: str) -> threading.Event:
        """Rings when something of that name should be looked at."""
        return self._bells.setdefault(name, threading.Event())

    def ring(self, names: set[str]) -> None:
        """Ring the bells of these names."""
        for name in names & self._bells.keys():
            self._bells[name].set()

    def close(self) -> None:
        """Store the clock's time and close the files."""
        try:
            self.clock.close()
        except OSError as exc:
            log.warning("the time could not be stored: %s", exc)
        self.database.close()
