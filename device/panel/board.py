"""The board: small documents in memory that programs other than the engine pin up for the screen.

One JSON object a file in the runtime folder, replaced whole, so a reader never sees half of one. Each document has one
writer; any number may read.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

from device import paths
from device.errors import InputError

NAMES = ("sync", "claim", "earnings", "releases", "notices", "lists", "playlists", "box")
PLAYLIST = "list-"  # and its id: the document of one playlist
BEAT_SECONDS = 5  # so often a writer that goes on working shows it, where its document has a `beat`
SILENT_SECONDS = 30  # without one: a name server that does not answer holds the sync up for nearly as long
MOST_BYTES = 128 * 1024  # of one document: it lies in memory and is read between two frames
Document = dict[str, Any]


def beat() -> int:
    """For a document's `beat`: the machine's monotonic seconds, another number every few seconds."""
    return int(time.monotonic()) // BEAT_SECONDS * BEAT_SECONDS


def _file(folder: Path, name: str) -> Path:
    if name not in NAMES and not re.fullmatch(f"{PLAYLIST}[0-9a-z]{{1,40}}", name):
        raise InputError(f"the board has no {name!r}; there are {', '.join(NAMES)}")
    return folder / f"board-{name}.json"


class Writer:
    """Pins documents up. folder: the box's runtime folder."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder or paths.runtime()
        self._shown: dict[str, bytes] = {}

    def show(self, name: str, document: Document) -> bool:
        """Put a document in the place of the one before. Returns whether it was another.

        InputError for a document that is too long or of no known name; OSError when the memory is full.
        """
        path = _file(self._folder, name)
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        if len(data) > MOST_BYTES:
            raise InputError(f"{name} is too long for the board: {len(data)} bytes of at most {MOST_BYTES}")
        if self._shown.get(name) == data and path.exists():
            return False
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_bytes(data)
        except FileNotFoundError:  # somebody removed the folder
            self._folder.mkdir(mode=0o700)
            fresh.write_bytes(data)
        fresh.replace(path)
        self._shown[name] = data
        return True

    def stands(self, name: str) -> bool:
        """Whether what was pinned up is still there."""
        return _file(self._folder, name).exists()

    def names(self, prefix: str) -> list[str]:
        """What is pinned up and called so, whoever did it."""
        return [path.stem.removeprefix("board-") for path in self._folder.glob(f"board-{prefix}*.json")]

    def remove(self, name: str) -> None:
        """Take a document down."""
        self._shown.pop(name, None)
        _file(self._folder, name).unlink(missing_ok=True)


class Reader:
    """Looks at the board as often as it likes: an unchanged document costs one `stat`."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder or paths.runtime()
        self._seen: dict[str, tuple[tuple[int, int, int], Document | None]] = {}

    def read(self, name: str) -> Document | None:
        """The document, which must not be changed; None when there is none."""
        path = _file(self._folder, name)
        try:
            found = path.stat()
        except OSError:
            self._seen.pop(name, None)
            return None
        version = found.st_ino, found.st_mtime_ns, found.st_size
        known = self._seen.get(name)
        if known is None or known[0] != version:
            known = self._seen[name] = version, _parsed(path, found.st_size)
        return known[1]


def clear(folder: Path) -> None:
    """Take down what processes that ended or were killed left; not a code that somebody may just be typing in."""
    for path in folder.glob("board-*"):
        if path != _file(folder, "claim"):
            path.unlink(missing_ok=True)


def _parsed(path: Path, size: int) -> Document | None:
    """What a file holds; None for what is no document."""
    if size > MOST_BYTES:
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
