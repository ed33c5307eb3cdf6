"""Factory reset: what belongs to whoever had the box is erased, its key first; a reset that is cut short goes on."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from device import lock, paths
from device.errors import MachineError
from provisioning import stored

MARK = "reset.pending"
# All that a box keeps in its home. Other files there are somebody's own: a home may be any folder.
OURS = (
    "identity", "sync", "recordings", "music", "logs", "companion", "run", "patchbay.json", "patchbay.new", "clock",
    "clock.new",
)  # fmt: skip


def reset(home: Path, farewell: Callable[[], object] = bool) -> list[str]:
    """Erase all that is ours in a home; returns what was there. ConfigError while the box runs; MachineError.

    farewell: done first, while the key is still there.

    What is erased first is the key, so whatever cuts the reset short, the box cannot speak as the former owner's.
    """
    (home / "run").mkdir(exist_ok=True)
    held = lock.take(home / "run" / "up.lock", "a box")
    try:
        farewell()
        stored.replace(home / MARK, b"")
        return _erase(home)
    finally:
        os.close(held)


def finish(home: Path) -> bool:
    """Go on with a reset that was cut short. Whether there was one."""
    if not (home / MARK).exists():
        return False
    _erase(home)
    return True


def _erase(home: Path) -> list[str]:
    found = []
    for name in OURS:
        path = home / name
        try:
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                continue
            stored.sync_folder(home)
        except OSError as exc:
            raise MachineError(
                f"{path} cannot be erased: {(exc.strerror or str(exc)).lower()}; run `rackdeck box reset` again"
            ) from exc
        found.append(name)
    if home == paths.home():
        shutil.rmtree(paths.runtime(), ignore_errors=True)  # what the screen showed lies in memory
    for left in home.glob(f".{MARK}.*.new"):
        left.unlink(missing_ok=True)
    (home / MARK).unlink(missing_ok=True)
    stored.sync_folder(home)
    return found


def new_key(identity: Path) -> None:
    """Erase key and membership alone, as for a damaged key file."""
    for name in ("key.pem", "membership.json", "claim.json"):
        (identity / name).unlink(missing_ok=True)
    stored.sync_folder(identity)
