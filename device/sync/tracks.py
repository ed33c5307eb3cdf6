"""What is known of the music files on this box: by their tags, their crate, and their hash, worked out once."""

import hashlib
import sqlite3
import stat
from pathlib import Path

from device.contracts import codec
from device.contracts.values import Track
from device.library import crate

LARGEST_HASHED = 2 * 1024**3
BLOCK = 1024 * 1024
LONGEST_LINE = 120


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. OSError."""
    made = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            made.update(block)
    return made.hexdigest()


def line(text: str) -> str:
    """A text as a message can hold it."""
    return codec.clean(text.replace("\n", " "), LONGEST_LINE)


def note(
    connection: sqlite3.Connection, path: Path, title: str, artist: str, seconds: float, bpm: float, key: str
) -> None:
    """Remember what the deck said of a file; its hash is worked out when it is asked for."""
    size, changed = _version(path)
    connection.execute(
        "INSERT INTO tracks VALUES (?, ?, ?, '', ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "hash = CASE WHEN size = excluded.size AND changed = excluded.changed THEN hash ELSE '' END, "
        "size = excluded.size, changed = excluded.changed, title = excluded.title, artist = excluded.artist, "
        "seconds = excluded.seconds, tempo = excluded.tempo, key = excluded.key",
        (str(path), size, changed, line(title), line(artist), seconds, bpm, key[:12]),
    )


def find(connection: sqlite3.Connection, path: Path) -> Track:
    """All that is known of a file, its hash if that was worked out."""
    row = connection.execute(
        "SELECT title, artist, hash, seconds, tempo, key FROM tracks WHERE path = ?", (str(path),)
    ).fetchone()
    if row is None:
        entry = crate.describe(path)
        row = line(entry.title), line(entry.artist), "", entry.seconds, entry.bpm, entry.key[:12]
    title, artist, hashed, seconds, tempo, key = row
    return Track(
        title or line(path.stem),
        artist,
        None,
        hashed or None,
        seconds if seconds > 0 else None,
        tempo if 0 < tempo <= 1000 else None,
        line(key),
    )


def hashed(path: Path) -> tuple[str, int, int]:
    """(hash, size, changed) of a file; an empty hash for one that is no plain file, is too large or not there."""
    size, changed = _version(path)
    try:
        return (digest(path) if 0 < size <= LARGEST_HASHED else ""), size, changed
    except OSError:
        return "", size, changed


def keep_hash(connection: sqlite3.Connection, path: Path, found: tuple[str, int, int]) -> None:
    """Remember a hash for as long as the file stays as it is."""
    connection.execute("UPDATE tracks SET hash = ?, size = ?, changed = ? WHERE path = ?", (*found, str(path)))


def _version(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else (0, 0)
