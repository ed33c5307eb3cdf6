"""Music that is on this box already, found by its hash: of all files only those of the right size are read, once."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from device.library import crate
from device.sync import tracks
from device.sync.database import Database

MOST_FILES = 100_000  # in the music folder; those beyond are not looked at
LOOK_AGAIN_SECONDS = 60.0


class Music:
    """A music folder and whatever else was played or put into playlists. One thread."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._sizes: dict[int, list[Path]] = {}
        self._due = 0.0

    def find(self, database: Database, digest: str, size: int) -> Path | None:
        """A file with this SHA-256 and so many bytes; None when none is known."""
        rows = database.connection.execute(
            "SELECT path, changed, hash FROM tracks WHERE size = ? ORDER BY hash <> ?", (size, digest)
        ).fetchall()
        known = {Path(path): (changed, made) for path, changed, made in rows}
        for path in dict.fromkeys((*known, *self._of_size(size))):
            try:
                found = path.stat()
            except OSError:
                continue
            if found.st_size != size:
                continue
            changed, made = known.get(path, (0, ""))
            if not made or changed != found.st_mtime_ns:
                made = self._hash(database, path)
            if made == digest:
                return path
        return None

    def _hash(self, database: Database, path: Path) -> str:
        """Work it out, and keep it for as long as the file stays as it is."""
        found = tracks.hashed(path)
        with database.writing() as connection:
            about = tracks.find(connection, path)
            tracks.note(connection, path, about.title, about.artist, about.seconds or 0, about.tempo or 0, about.key)
            tracks.keep_hash(connection, path, found)
        return found[0]

    def _of_size(self, size: int) -> list[Path]:
        if time.monotonic() >= self._due:
            sizes = defaultdict(list)
            for path, bytes_ in self._files():
                sizes[bytes_].append(path)
            self._sizes = dict(sizes)
            self._due = time.monotonic() + LOOK_AGAIN_SECONDS
        return self._sizes.get(size, [])

    def _files(self) -> Iterator[tuple[Path, int]]:
        """(path, bytes) of what the browser would show."""
        left = MOST_FILES
        for folder, folders, names in os.walk(self._folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if name.startswith(".") or Path(name).suffix.lower() not in crate.SUFFIXES:
                    continue
                left -= 1
                if left < 0:
                    return
                path = Path(folder, name)
                try:
                    yield path, path.stat().st_size
                except OSError:
                    continue
