"""One process of a kind for each home: a lock that the kernel lets go of however its holder ends."""

import fcntl
import os
from pathlib import Path

from device.errors import ConfigError


def take(path: Path, what: str) -> int:
    """Lock the file for the life of this process; returns its descriptor, which closing unlocks.

    ConfigError when another process holds it.
    """
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # its last user has just removed the folder, too
            path.parent.mkdir(mode=0o700, exist_ok=True)
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(file, 32).decode(errors="replace").strip()
            os.close(file)
            raise ConfigError(
                f"{what} already runs for this home (process {holder or 'unknown'}); stop it with Ctrl-C in its "
                "terminal, or give this one another home with RACKDECK_HOME"
            ) from None
        if _is_at(path, file):
            break
        os.close(file)  # its holder removed it between our opening and locking it: what we hold keeps nobody out
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file


def remove(path: Path, held: int) -> None:
    """Remove a lock's file and let go of it, in this order: whoever opened it before finds that out in `take`."""
    path.unlink(missing_ok=True)
    os.close(held)


def _is_at(path: Path, file: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(file)
    return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)
