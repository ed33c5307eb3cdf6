"""The sync as one process: the session's thread, and one for each part that watches the box or moves files."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable

from device.errors import RackdeckError
from device.panel import board
from device.sync import shelf
from device.sync.access import Door, OutError
from device.sync.commands import Commands
from device.sync.configuring import Configuring
from device.sync.core import Core, Places
from device.sync.crashes import Crashes
from device.sync.database import DiskFullError
from device.sync.downloads import Downloads
from device.sync.health import Health
from device.sync.live import Live
from device.sync.plays import Plays
from device.sync.recordings import Recordings
from device.sync.session import Session
from device.sync.shelf import Shelf
from device.sync.sight import Sight
from device.sync.state import State
from device.sync.status import Status
from device.sync.uploads import Uploads

log = logging.getLogger(__name__)
AFTER_TROUBLE = 5.0
WATCH_SECONDS = 0.25
UPKEEP_SECONDS = 10.0
STOP_SECONDS = 2.0
RENEWAL_SECONDS = 30.0  # the door asks the companion less often


class Worker:
    """A thread that calls `step` again when the seconds that it returned are over, or its bell rings."""

    def __init__(self, core: Core, name: str, step: Callable[[], float]):
        self._core, self._name, self._step = core, name, step
        self._bell = core.bell(name)
        self._ends = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        while not self._ends:
            self._bell.clear()
            self._bell.wait(self._once())

    def _once(self) -> float:
        try:
            return self._step()
        except (OSError, sqlite3.OperationalError, RackdeckError) as exc:
            log.warning("%s: %s", self._name, exc)
        except Exception:  # the others go on
            log.exception("%s failed", self._name)
        return AFTER_TROUBLE

    def stop(self) -> None:
        """End after the step that runs."""
        self._ends = True
        self._bell.set()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)


def run(places: Places, door: Door, stop: Callable[[], bool] = lambda: False) -> None:
    """Until `stop` says so, or an exception (SystemExit on a signal) ends it."""
    core = _opened(places, stop)
    if core is None:
        return
    session: Session | None = None
    workers: list[Worker] = []
    try:
        session = Session(core, door, board.Writer(places.runtime))
        workers = parts(core, door)
        for worker in workers:
            worker.start()
        while not stop():
            session.step()
    finally:
        core.ending = True
        for worker in workers:
            worker.stop()
        if session is not None:
            session.close()
        end = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
        shelf.take_down(board.Writer(places.runtime))
        core.close()


def _opened(places: Places, stop: Callable[[], bool]) -> Core | None:
    """The database, once the disk has room for it. None when it is to stop before."""
    while not stop():
        try:
            return Core(places)
        except DiskFullError as exc:
            log.error("%s", exc)
            found = State("disk full", said=str(exc), pid=os.getpid(), beat=board.beat())
            board.Writer(places.runtime).show("sync", found.as_dict())
            time.sleep(AFTER_TROUBLE)
    return None


class Watch:
    """Looks at the panel several times a second, for all who follow it."""

    def __init__(self, core: Core):
        self._core = core
        self._sight = Sight(core.places.runtime)
        self._plays, self._status, self._health = Plays(core), Status(core), Health(core)

    def step(self) -> float:
        """One look; returns how long to wait."""
        before, now = self._core.now, self._sight.look()
        self._core.now = now
        if before.recording and not now.recording:
            self._core.ring({"recordings"})
        seconds = time.monotonic()
        self._health.look(now)
        self._status.look(now, seconds)
        self._plays.look(now, seconds)
        self._health.step()
        return WATCH_SECONDS


class Upkeep:
    """What is to be done now and then: certificates, space, notices that are over."""

    def __init__(self, core: Core, door: Door):
        self._core, self._door = core, door
        self._renewal = 0.0

    def step(self) -> float:
        """One round; returns how long to wait."""
        self._core.database.ballast.keep()
        self._core.database.tidy()
        self._core.changed({"notices"})
        if self._core.access is not None and time.monotonic() >= self._renewal:
            self._renewal = time.monotonic() + RENEWAL_SECONDS
            try:
                renewed = self._door.renew()
            except OutError as exc:
                self._core.out = str(exc)
                self._core.changed({"notices"})
                raise
            if renewed:
                log.info("the box has another certificate, owner or broker")
        return UPKEEP_SECONDS


def parts(core: Core, door: Door) -> list[Worker]:
    """What runs beside the session."""
    return [
        Worker(core, "watch", Watch(core).step),
        Worker(core, "recordings", Recordings(core).step),
        Worker(core, "crashes", Crashes(core).step),
        Worker(core, "commands", Commands(core).step),
        Worker(core, "configuration", Configuring(core, door).step),
        Worker(core, "live", Live(core).step),
        Worker(core, "uploads", Uploads(core).step),
        Worker(core, "downloads", Downloads(core).step),
        Worker(core, "shelf", Shelf(core).step),
        Worker(core, "upkeep", Upkeep(core, door).step),
    ]
