"""Where a box keeps its state: one home folder on disk, one runtime folder in memory."""

import hashlib
import os
import tempfile
from pathlib import Path


def home() -> Path:
    """The folder with all lasting state: `RACKDECK_HOME`, else the XDG data folder. Created on demand."""
    chosen = os.environ.get("RACKDECK_HOME")
    if chosen:
        folder = Path(chosen).expanduser().absolute()
    else:
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        folder = Path(data) / "rackdeck"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def runtime() -> Path:
    """The folder in memory (tmpfs) for the panel, its socket and waveforms of one box.

    Not under `home`: a page of a file on disk can be locked for write-back while the audio thread
    stores into it, and a Unix socket's path may be no longer than 107 bytes.
    """
    digest = hashlib.sha256(str(home()).encode()).hexdigest()[:8]
    base = Path("/dev/shm")
    if not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir())
    folder = base / f"rackdeck-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _under_home(*parts: str) -> Path:
    folder = home().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def recordings() -> Path:
    """Finished and running recordings, each beside its set log."""
    return _under_home("recordings")


def music() -> Path:
    """The box's own music folder."""
    return _under_home("music")


def logs() -> Path:
    """One log file per process."""
    return _under_home("logs")
