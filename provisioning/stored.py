"""Files that are there whole or not at all, whenever the power goes, and that their owner alone reads."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from device.errors import MachineError


def private_folder(path: Path) -> Path:
    """A folder for its owner alone, made when it is not there. MachineError when it cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise MachineError(f"{path} cannot be made: {_reason(exc)}") from exc
    return path


def replace(path: Path, data: bytes) -> None:
    """Put a file in the place of what was there. MachineError when the disk refuses, and the old one stays."""
    fresh = _written(path, data)
    try:
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as exc:
        raise MachineError(f"{path} cannot be written: {_reason(exc)}") from exc


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one to change a folder; others wait."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _written(path: Path, data: bytes) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {_reason(exc)}; make room on the disk") from exc
    return fresh


def tidy(folder: Path) -> None:
    """Remove what a power cut left of files that were being written; while `alone`."""
    for left in folder.glob(".*.new"):
        left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
