"""Nothing stays behind of an `up` that was killed, and nothing in memory of one that stopped."""

import contextlib
import os
import signal
import time
from pathlib import Path

from device import lock
from device.errors import ConfigError, MachineError
from device.panel import board
from device.panel.client import ENGINE_LOCK, PANEL_FILE, SOCKET_FILE
from device.panel.memory import PanelMemory

MARK = "RACKDECK_UP"  # in the environment of everything that an `up` starts; its value is the home
PATIENCE_SECONDS = 5.0


def find(home: Path, proc: Path = Path("/proc")) -> list[int]:
    """Processes of this user that an `up` for this home started, whoever they belong to now."""
    wanted = os.fsencode(f"{MARK}={home}")
    found = []
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if entry.stat().st_uid == os.getuid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return sorted(found)


def end(home: Path, patience: float = PATIENCE_SECONDS) -> int:
    """End what a killed `up` left behind; only while holding the home's lock. Returns how many there were.

    They were told to end when their `up` died; who takes longer than `patience` seconds is killed.
    """
    first = find(home)
    deadline = time.monotonic() + patience
    number = signal.SIGTERM
    remaining = first
    while remaining:
        for pid in remaining:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        pause = time.monotonic() + 0.5
        while remaining and time.monotonic() < pause:
            time.sleep(0.05)
            remaining = find(home)
        if time.monotonic() >= deadline:
            number = signal.SIGKILL
    return len(first)


def tidy(folder: Path) -> None:
    """Remove a box's runtime folder; only while holding the home's lock, when all of its programs have ended.

    What an engine of its own uses stays, and so does the panel of one that was killed: the next goes on from it. A code
    that somebody may just be typing in stays, too.
    """
    board.clear(folder)
    try:
        held = lock.take(folder / ENGINE_LOCK, "an engine")
    except ConfigError:
        return
    if _finished(folder / PANEL_FILE):
        for path in (folder / SOCKET_FILE, *folder.glob("wave-*")):
            path.unlink(missing_ok=True)
        lock.remove(folder / ENGINE_LOCK, held)
        with contextlib.suppress(OSError):  # something lies there that is not ours to remove
            folder.rmdir()
    else:
        os.close(held)


def _finished(panel: Path) -> bool:
    """Whether no engine will go on from this panel. Then it is removed."""
    try:
        memory = PanelMemory.attach(panel)
    except MachineError:  # there is none, or it is of another version
        panel.unlink(missing_ok=True)
        return True
    try:
        if memory.writer_pid:
            return False
        memory.remove()
        return True
    finally:
        memory.close()
