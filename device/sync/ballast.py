"""Ballast: disk space that is held back, so that a full disk still takes what must not be lost."""

import os
from pathlib import Path

SIZE = 32 * 1024 * 1024
LEAST_FREE = 4 * 1024 * 1024  # with less than this the ballast goes


def free(folder: Path) -> int:
    """Bytes that this user may still write to the disk of a folder."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


class Ballast:
    """A file of no use but its size. It comes back when there is room for it and as much again."""

    def __init__(self, path: Path, size: int = SIZE, least: int = LEAST_FREE):
        self._path, self._size, self._least = path, size, least

    @property
    def there(self) -> bool:
        """Whether it is still held back."""
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return False

    def keep(self) -> bool:
        """Let it go when the disk is nearly full, take it up again when there is room. Whether it lies there now."""
        room = free(self._path.parent)
        if self.there:
            if room < self._least:
                self.drop()
                return False
            return True
        if room >= 2 * self._size + self._least:
            self._take()
        return self.there

    def drop(self) -> None:
        """Give the space to whoever writes next."""
        self._path.unlink(missing_ok=True)

    def _take(self) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._size)
            finally:
                os.close(file)
            fresh.replace(self._path)
        except OSError:  # someone else was quicker: there is none until there is room again
            fresh.unlink(missing_ok=True)
