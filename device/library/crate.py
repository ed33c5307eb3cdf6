"""A folder of music: its playable files, and what its `crate.json` knows of them."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset(
    {".wav", ".aif", ".aiff", ".aifc", ".flac", ".mp3", ".m4a", ".mp4", ".aac", ".ogg", ".oga", ".opus"}
)
CRATE_FILE = "crate.json"
FORMAT_VERSION = 1
LARGEST_BYTES = 16 * 2**20  # some 100,000 tracks


@dataclass(frozen=True, slots=True)
class Entry:
    """One playable file. Unknown numbers are 0, unknown texts empty. `first_beat` in seconds."""

    path: Path
    title: str
    artist: str = ""
    bpm: float = 0.0
    first_beat: float = 0.0
    key: str = ""
    seconds: float = 0.0


def describe(path: Path) -> Entry:
    """What is known of one file from the crate beside it; at least its name as the title."""
    return _entry(path, _rows(path.parent).get(path.name, {}))


def list_folder(folder: Path) -> tuple[list[Path], list[Entry]]:
    """Sub-folders and playable files of `folder`, sorted by name. Empty when it cannot be read."""
    rows = _rows(folder)
    folders: list[Path] = []
    entries: list[Entry] = []
    try:
        children = sorted(folder.iterdir(), key=lambda child: child.name.casefold())
    except OSError:
        return [], []
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir():
            folders.append(child)
        elif child.suffix.lower() in SUFFIXES:
            entries.append(_entry(child, rows.get(child.name, {})))
    return folders, entries


def write(folder: Path, entries: list[Entry]) -> None:
    """Store `crate.json` for `folder`, whole or not at all."""
    rows = [
        {
            "file": entry.path.name,
            "title": entry.title,
            "artist": entry.artist,
            "bpm": entry.bpm,
            "first_beat": entry.first_beat,
            "key": entry.key,
            "seconds": entry.seconds,
        }
        for entry in entries
    ]
    fresh = folder / f"{CRATE_FILE}.new"
    fresh.write_text(json.dumps({"version": FORMAT_VERSION, "tracks": rows}, indent=1) + "\n", encoding="utf-8")
    fresh.replace(folder / CRATE_FILE)


def _rows(folder: Path) -> dict[str, dict[str, object]]:
    """Rows of the crate file by file name; a missing or broken crate file is an empty crate."""
    try:
        body = json.loads(_text(folder / CRATE_FILE))
        return {
            row["file"]: row for row in body["tracks"] if isinstance(row, dict) and isinstance(row.get("file"), str)
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _text(path: Path) -> str:
    """A regular file of sane size, never waited for. OSError or ValueError for anything else."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, encoding="utf-8") as crate:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
            raise ValueError("no crate file")
        return crate.read()


def _entry(path: Path, row: dict[str, object]) -> Entry:
    def number(key: str) -> float:
        value = row.get(key)
        return float(value) if isinstance(value, int | float) and 0 <= value < 1e6 else 0.0

    def text(key: str) -> str:
        value = row.get(key)
        return value if isinstance(value, str) else ""

    return Entry(
        path,
        text("title") or path.stem,
        text("artist"),
        number("bpm"),
        number("first_beat"),
        text("key"),
        number("seconds"),
    )
