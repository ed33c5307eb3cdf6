"""Nothing stays behind of an `up` that was killed."""

import os
import signal
import time
from pathlib import Path

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
