"""Where a box keeps its state: one home folder on disk, one runtime folder in memory. And paths as people type them."""

import hashlib
import os
import tempfile
from pathlib import Path

from device.errors import ConfigError, InputError, MachineError


def absolute(typed: str | Path) -> Path:
    """A path as a person typed it, from the working folder on, `~` as their home. InputError when there is no such."""
    try:
        return Path(typed).expanduser().absolute()
    except RuntimeError as exc:  # nobody is called so, or this user has no home
        raise InputError(f"{typed}: the ~ stands for no home that is known here; write the path in full") from exc
    except OSError as exc:
        raise InputError(f"{typed}: the working folder is gone; go to another one or write the path in full") from exc


def home() -> Path:
    """The folder with all lasting state: `RACKDECK_HOME`, else the XDG data folder. Created on demand.

    ConfigError when it cannot be.
    """
    data = os.environ.get("XDG_DATA_HOME", "")
    usual = f"{data}/rackdeck" if Path(data).is_absolute() else "~/.local/share/rackdeck"
    try:
        return _made(absolute(os.environ.get("RACKDECK_HOME") or usual))
    except InputError as exc:
        raise ConfigError(f"there is no place for recordings and settings; set RACKDECK_HOME ({exc})") from exc


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        reason = "there is a file of that name" if isinstance(exc, FileExistsError) else (exc.strerror or "").lower()
        raise ConfigError(
            f"the folder {folder} cannot be made ({reason}); set RACKDECK_HOME to a folder that you may write to"
        ) from exc
    return folder


def runtime() -> Path:
    """The folder in memory (tmpfs) for the panel, its socket and waveforms of one box.

    Not under `home`: a page of a file on disk can be locked for write-back while the audio thread
    stores into it, and a Unix socket's path may be no longer than 107 bytes.
    MachineError when it cannot be made, or is another user's: who owns it commands the box.
    """
    digest = hashlib.sha256(os.fsencode(home())).hexdigest()[:8]
    base = Path("/dev/shm")
    if not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir())
    folder = base / f"rackdeck-{os.getuid()}-{digest}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.lstat().st_uid
    except OSError as exc:
        raise MachineError(f"the folder {folder} cannot be made: {(exc.strerror or '').lower()}; remove it") from exc
    if owner != os.getuid():
        raise MachineError(f"{folder} belongs to another user; let root remove it, then start again")
    return folder


def _under_home(name: str) -> Path:
    return _made(home() / name)


def recordings() -> Path:
    """Finished and running recordings, each beside its set log."""
    return _under_home("recordings")


def music() -> Path:
    """The box's own music folder."""
    return _under_home("music")


def logs() -> Path:
    """One log file per process."""
    return _under_home("logs")


def run() -> Path:
    """What `rackdeck up` writes for itself at each start."""
    return _under_home("run")
