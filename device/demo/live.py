"""Playing a set log on the running box, by the clock, as a person at the panel would."""

import time
from collections.abc import Callable

from device.decks.setlog import SetLog
from device.errors import MachineError
from device.panel import controls
from device.panel.client import Panel

LOAD_SECONDS = 20.0


def play(log: SetLog, say: Callable[[str], None]) -> str:
    """Load, record and play; returns the recording's path. MachineError when no box runs."""
    with Panel() as panel:
        for deck, path in log.load.items():
            panel.do(f"{deck}.load", path)
        for deck, path in log.load.items():
            _wait_for(panel, deck, path)
        for deck, grid in log.grid.items():
            panel.do(f"{deck}.grid", [grid.bpm, grid.first_beat])
        panel.do("record.start")
        try:
            _perform(panel, log, say)
        finally:
            panel.do("record.stop")
            for deck in log.load:
                panel.set(f"{deck}.play", 0)
        return str(panel.get("record.path"))


def _wait_for(panel: Panel, deck: str, path: str) -> None:
    until = time.monotonic() + LOAD_SECONDS
    while panel.get(f"{deck}.path") != path or panel.get_number(f"{deck}.ready") < 1:
        if time.monotonic() > until:
            raise MachineError(f"{deck} did not load {path}: {panel.get(f'{deck}.message')}")
        time.sleep(0.02)


def _perform(panel: Panel, log: SetLog, say: Callable[[str], None]) -> None:
    start = time.monotonic()
    for event in log.events:
        if event.seconds > log.seconds:
            break
        time.sleep(max(0.0, start + event.seconds - time.monotonic()))
        if controls.table()[event.name].kind == "value":
            panel.set(event.name, float(str(event.value)))
        else:
            panel.do(event.name, event.value)
            say(f"{event.seconds:6.1f} s  {event.name} {event.value}")
    time.sleep(max(0.0, start + log.seconds - time.monotonic()))
