"""One `rackdeck up` for each home, and nothing left over from one that was killed."""

import fcntl
import os
import signal
import time
from pathlib import Path

from device.errors import MachineError

MARK = "RACKDECK_UP"  # in the environment of everything that an `up` starts; its value is the home
PATIENCE_SECONDS = 5.0


class Lock:
    """Held while an `up` runs for a home; the kernel lets go of it however the process ends.

    MachineError when another one holds it.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise MachineError(
                f"a box already runs for this home (process {holder or 'unknown'}); stop it with Ctrl-C in its "
                "terminal, or give this one another home with RACKDECK_HOME"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go."""
        os.close(self._file)


def leftovers(home: Path, proc: Path = Path("/proc")) -> list[int]:
    """Processes of this user that an `up` for this home started, whoever they belong to now."""
    wanted = f"{MARK}={home}".encode()
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


def end_leftovers(home: Path, patience: float = PATIENCE_SECONDS) -> int:
    """End what a killed `up` left behind; only while holding the home's lock. Returns how many there were.

    They were told to end when their `up` died; who takes longer than `patience` seconds is killed.
    """
    first = leftovers(home)
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
            remaining = leftovers(home)
        if time.monotonic() >= deadline:
            number = signal.SIGKILL
    return len(first)
