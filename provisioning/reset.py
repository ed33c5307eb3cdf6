"""Factory reset: what belongs to whoever had the box is erased, its key first; a reset that is cut short goes on."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from device import lock, paths
from device.errors import MachineError
from provisioning import stored

MARK = "reset.pending"
RUN = "run"  # the folder with the lock; goes last
# All that a box keeps in its home. Other files there are somebody's own: a home may be any folder.
OURS = (
    "identity", "sync", "recordings", "music", "logs", "companion", "patchbay.json", "patchbay.new", "clock",
    "clock.new", RUN,
)  # fmt: skip


def reset(home: Path, farewell: Callable[[], object] = bool) -> list[str]:
    """Erase all that is ours in a home; returns what was there. ConfigError while the box runs; MachineError.

    farewell: done first, while the key is still there.

    What is erased first is the key, so whatever cuts the reset short, the box cannot speak as the former owner's.
    """
    with _alone(home):
        farewell()
        stored.replace(home / MARK, b"")
        return _erase(home)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """While nothing of this home runs, and no other reset."""
    taken = []
    try:
        (home / RUN).mkdir(exist_ok=True)
        taken.append(lock.take(home / RUN / "up.lock", "a box"))
        if (home / "sync").is_dir():  # one that runs by itself
            taken.append(lock.take(home / "sync" / "sync.lock", "a sync"))
        yield
    finally:
        for file in taken:
            os.close(file)


def resume(home: Path) -> bool:
    """Go on with a reset that was cut short. Whether there was one. ConfigError while it is still at work."""
    if not (home / MARK).exists():
        return False
    with _alone(home):
        _erase(home)
    return True


def finish(home: Path) -> bool:
    """As `resume`, for a box that starts: it holds the lock, whose folder stays."""
    if not (home / MARK).exists():
        return False
    _erase(home, OURS[:-1])
    return True


def _erase(home: Path, names: tuple[str, ...] = OURS) -> list[str]:
    found = []
    for name in names:
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
