"""One process of a kind for each home: a lock that the kernel lets go of however its holder ends."""

import fcntl
import os
from pathlib import Path

from device.errors import ConfigError


def take(path: Path, what: str) -> int:
    """Lock the file for the life of this process; returns its descriptor, which closing unlocks.

    ConfigError when another process holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(file, 32).decode(errors="replace").strip()
        os.close(file)
        raise ConfigError(
            f"{what} already runs for this home (process {holder or 'unknown'}); stop it with Ctrl-C in its "
            "terminal, or give this one another home with RACKDECK_HOME"
        ) from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file
