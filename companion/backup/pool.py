"""The music of all backups, each version of a file once: linked where it lies on the same disk, else copied."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a backup. `key` as storage has it."""

    key: str
    size: int
    modified: int  # nanoseconds

    @property
    def place(self) -> str:
        """Where it lies in the pool."""
        return f"{self.key}@{self.size}-{self.modified}"


def scan(folder: Path) -> Iterator[Kept]:
    """All files of the storage folder that are whole."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            if name.endswith(".new"):  # being written
                continue
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            yield Kept(path.relative_to(folder).as_posix(), found.st_size, found.st_mtime_ns)


def _link(source: Path, target: Path) -> None:
    """Files are replaced and never changed in place, so a link keeps what it had. Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.part")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:  # another disk, or one without links
        try:
            shutil.copy2(source, fresh)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
    fresh.replace(target)


def keep(folder: Path, pool: Path) -> list[Kept]:
    """Take every file into the pool; returns them. What is deleted meanwhile is left out."""
    kept = []
    for file in scan(folder):
        if not (pool / file.place).exists():
            try:
                _link(folder / file.key, pool / file.place)
            except FileNotFoundError:
                continue
        kept.append(file)
    return kept


def missing(files: Iterable[Kept], folder: Path, pool: Path) -> list[Kept]:
    """Those that neither the pool nor the storage has."""
    return [file for file in files if not (pool / file.place).exists() and not _there(file, folder)]


def _there(file: Kept, folder: Path) -> bool:
    try:
        found = (folder / file.key).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (file.size, file.modified)


def give_back(files: Iterable[Kept], folder: Path, pool: Path) -> int:
    """Put files where they were; returns how many were not there any more."""
    count = 0
    for file in files:
        if not _there(file, folder):
            _link(pool / file.place, folder / file.key)
            count += 1
    return count


def clear(pool: Path, wanted: set[str]) -> int:
    """Drop what no backup names; returns how many."""
    count = 0
    for root, _, names in os.walk(pool, topdown=False):
        for name in names:
            path = Path(root) / name
            if path.relative_to(pool).as_posix() not in wanted:
                path.unlink(missing_ok=True)
                count += 1
        if Path(root) != pool and not any(Path(root).iterdir()):
            Path(root).rmdir()
    return count
