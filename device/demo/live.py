"""Playing a set log on the running box, by the clock, as a person at the panel would; then all is as it was before."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

from device import lock
from device.decks.setlog import SetLog
from device.engine import resume
from device.errors import InputError, MachineError, RackdeckError
from device.panel import controls
from device.panel.client import PANEL_FILE, Panel

DECKS = ("deck1", "deck2")  # what a mix is played on
CHANNELS = ("ch1", "ch2")
LOAD_SECONDS = 20.0
FINISH_SECONDS = 10.0
LOOK_SECONDS = 0.5  # so often is looked whether the box is still there
HANDS = ("bend", "jog.touch")  # only while a hand is there, so never put back

Say = Callable[[str], None]


def check(force: bool = False) -> None:
    """MachineError when no box runs, InputError when a mix would disturb it; `force` lets it stop decks that play."""
    with Panel() as panel:
        _check(panel, force)


def play(log: SetLog, say: Say, force: bool = False) -> str:
    """Load, record and play; returns the recording's path. Raises as `check` does, and when the box refuses."""
    with Panel() as panel:
        held = lock.take(panel.folder / "demo.lock", "a demo")
        try:
            _check(panel, force)
            return _play(panel, log, say)
        finally:
            os.close(held)


def _check(panel: Panel, force: bool) -> None:
    if not panel.alive:
        raise MachineError("no Rackdeck is running here; start it with `rackdeck up`")
    if panel.get_number("record.active"):
        raise InputError("a recording runs; stop it first, with `rackdeck panel do record.stop`")
    playing = [deck for deck in DECKS if panel.get_number(f"{deck}.play")]
    if playing and not force:
        raise InputError(f"{' and '.join(playing)} would be stopped, but music plays there; stop it first, or --force")


def _play(panel: Panel, log: SetLog, say: Say) -> str:
    knobs = Knobs(panel)
    decks = resume.read(panel.folder / PANEL_FILE).decks
    try:
        knobs.to_defaults()
        _load(panel, log)
        panel.do("record.start")
        try:
            _perform(panel, knobs, log, say)
        finally:
            with _undisturbed():
                if panel.alive:
                    _stop(panel, say)
        return str(panel.get("record.path"))
    finally:
        with _undisturbed():
            for number, deck in enumerate(DECKS if panel.alive else (), 1):
                with _saying(say, f"{deck} is not as it was"):
                    _put_back(panel, deck, decks.get(number))
            knobs.put_back()


class Knobs:
    """The values that shape what is heard on main of the two decks."""

    def __init__(self, panel: Panel):
        self._panel = panel
        rows = [row for row in controls.table().values() if row.kind == "value" and _shapes_main(row.name)]
        self._defaults = {row.name: row.default for row in rows}
        found = {row.name: panel.get_number(row.name) for row in rows}
        self._found = {row.name: found[row.name] if row.fits(found[row.name]) else row.default for row in rows}
        self._left = dict(self._found)

    def set(self, name: str, value: float) -> None:
        """Turn one."""
        self._panel.set(name, value)
        self._left[name] = value

    def to_defaults(self) -> None:
        """As on a new box."""
        for name, value in self._defaults.items():
            self.set(name, value)

    def put_back(self) -> None:
        """Where they were found; what somebody else has moved meanwhile stays there."""
        for name, value in self._found.items():
            moved = self._panel.get_number(name) != self._left[name]
            if not moved and not name.endswith(HANDS):
                self._panel.set(name, value)


def _shapes_main(name: str) -> bool:
    part, _, what = name.partition(".")
    if part in DECKS:
        return what not in ("range", "jog.angle")
    if part != "mixer" or what.startswith(("booth", "phones.")) or what.endswith(".cue"):
        return False
    return not what.startswith("ch") or what.startswith(CHANNELS)


def _load(panel: Panel, log: SetLog) -> None:
    before = {deck: panel.get_number(f"{deck}.serial") for deck in log.load}
    for deck, path in log.load.items():
        panel.do(f"{deck}.load", path)
    until = time.monotonic() + LOAD_SECONDS
    for deck, path in log.load.items():
        while panel.get_number(f"{deck}.serial") == before[deck] or panel.get_number(f"{deck}.ready") < 1:
            said = str(panel.get(f"{deck}.message"))
            if time.monotonic() > until or (said and not said.startswith("loading ")):
                raise MachineError(f"{deck} did not load {path}: {said or 'it took too long'}")
            time.sleep(0.02)
    for deck, grid in log.grid.items():
        panel.do(f"{deck}.grid", [grid.bpm, grid.first_beat])


def _perform(panel: Panel, knobs: Knobs, log: SetLog, say: Say) -> None:
    start = time.monotonic()
    for event in log.events:
        if event.seconds > log.seconds:
            break
        _wait(panel, start + event.seconds)
        if controls.table()[event.name].kind == "value":
            knobs.set(event.name, float(str(event.value)))
        else:
            panel.do(event.name, event.value)
            say(f"{event.seconds:6.1f} s  {event.name} {event.value}")
    _wait(panel, start + log.seconds)


def _wait(panel: Panel, until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_SECONDS))
        if not panel.alive:
            raise MachineError("the box was stopped, and with it the mix")


def _stop(panel: Panel, say: Say) -> None:
    """End the recording, wait until its file and log are there, then stop the decks."""
    with _saying(say, "the recording had ended"):
        panel.do("record.stop")
    until = time.monotonic() + FINISH_SECONDS
    while panel.get_number("record.active") and panel.alive and time.monotonic() < until:
        time.sleep(0.02)
    if panel.get("record.message"):
        say(str(panel.get("record.message")))
    for deck in DECKS:
        with _saying(say, f"{deck} was not stopped"):
            panel.set(f"{deck}.play", 0)


def _put_back(panel: Panel, deck: str, found: resume.DeckMemory | None) -> None:
    if found is None:
        panel.do(f"{deck}.eject")
        return
    panel.do(f"{deck}.load", str(found.path))
    for name, argument in found.actions:
        panel.do(name, argument)


@contextlib.contextmanager
def _saying(say: Say, what: str) -> Iterator[None]:
    """One thing that cannot be put right must not keep the others from it."""
    try:
        yield
    except RackdeckError as exc:
        say(f"{what}: {exc}")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals wait until this is done."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
