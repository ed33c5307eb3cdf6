"""Folders and their playable files: read by a thread, searched and sorted here."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from device.library import crate

COLUMNS = ("title", "artist", "bpm", "key", "seconds")
MEDIA = (Path("/media"), Path("/run/media"), Path("/mnt"))
Lister = Callable[[Path], tuple[list[Path], list[crate.Entry]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A folder or a playable file. Unknown numbers are 0, unknown texts empty."""

    path: Path
    title: str
    folder: bool
    artist: str = ""
    bpm: float = 0.0
    key: str = ""
    seconds: float = 0.0


def media_folders(roots: Sequence[Path] = MEDIA) -> list[Path]:
    """Where sticks and cards are mounted now."""
    found: list[Path] = []
    for root in roots:
        for folder in sorted([*root.glob("*"), *root.glob("*/*")]):
            try:
                if folder.is_mount():
                    found.append(folder)
            except OSError:
                continue
    return found


class Browser:
    """What the browser page shows. Used by one thread; folders are read by another, which it starts.

    `folder` is None for the list of places. `target` is the deck that asked for a track.
    """

    def __init__(self, places: Sequence[tuple[str, Path]], lister: Lister = crate.list_folder):
        self._places = list(places)
        self._lister = lister
        self.folder: Path | None = None
        self.rows: list[Row] = []
        self.loading = False
        self.search = ""
        self.sort = ("title", False)
        self.chosen = -1
        self.target = 1
        self.version = 0  # grows with every change of what is to be shown
        self._all: list[Row] = []
        self._tops = {folder for _, folder in places}
        self._left: Path | None = None
        self._lock = threading.Lock()
        self._answer: tuple[int, list[Row]] | None = None
        self._asked = 0
        self.open(places[0][1] if places else None)

    @property
    def where(self) -> str:
        """The folder as the user knows it: the place's name and what follows."""
        if self.folder is None:
            return "Places"
        for name, place in self._places:
            if self.folder.is_relative_to(place):
                rest = self.folder.relative_to(place).parts
                return "  ›  ".join((name, *rest))
        return str(self.folder)

    def open(self, folder: Path | None) -> None:
        """Show a folder, or the places. Its rows come later."""
        self.folder = folder
        self.rows, self._all = [], []
        self.search = ""
        self.chosen = -1
        self._left = None
        self.reload()

    def reload(self) -> None:
        """Read the folder again."""
        self._asked += 1
        self.loading = True
        self.version += 1
        threading.Thread(target=self._list, args=(self._asked, self.folder), name="browser", daemon=True).start()

    def _list(self, ask: int, folder: Path | None) -> None:
        if folder is None:
            places = [*self._places, *((mount.name, mount) for mount in media_folders())]
            rows = [Row(path, name, True) for name, path in places]
        else:
            folders, entries = self._lister(folder)
            rows = [Row(path, path.name, True) for path in folders]
            rows += [Row(e.path, e.title, False, e.artist, e.bpm, e.key, e.seconds) for e in entries]
        with self._lock:
            if self._answer is None or self._answer[0] < ask:
                self._answer = (ask, rows)

    def poll(self) -> None:
        """Take over what the thread has read."""
        with self._lock:
            answer, self._answer = self._answer, None
        if answer is not None and answer[0] == self._asked:
            self._all = answer[1]
            self.loading = False
            if self.folder is None:
                self._tops |= {row.path for row in self._all}
            self._arrange()

    def up(self) -> None:
        """To the folder above; from the top of a place to the places. The folder left is chosen there."""
        if self.folder is None:
            return
        left = self.folder
        self.open(None if left in self._tops or left.parent == left else left.parent)
        self._left = left

    def find(self, words: str) -> None:
        """Show what has all these words in title, artist or file name."""
        self.search = words
        self._arrange()

    def sort_by(self, column: str) -> None:
        """Sort by a column; by the same again: the other way round. Unknown values come last."""
        name, descending = self.sort
        self.sort = (column, not descending if name == column else False)
        self._arrange()

    def _arrange(self) -> None:
        kept = self.current.path if self.current is not None else self._left
        words = self.search.casefold().split()
        found = [row for row in self._all if all(word in _haystack(row) for word in words)]
        column, descending = self.sort

        def order(row: Row) -> tuple[object, str]:
            value = getattr(row, column)
            return (value.casefold() if isinstance(value, str) else value), row.title.casefold()

        folders = [row for row in found if row.folder]
        known = [row for row in found if not row.folder and getattr(row, column)]
        unknown = [row for row in found if not row.folder and not getattr(row, column)]
        self.rows = [*folders, *sorted(known, key=order, reverse=descending), *unknown]
        self.chosen = next((index for index, row in enumerate(self.rows) if row.path == kept), -1)
        self.version += 1

    @property
    def current(self) -> Row | None:
        """The row that is chosen."""
        return self.rows[self.chosen] if 0 <= self.chosen < len(self.rows) else None

    def choose(self, index: int) -> None:
        """Choose a row; out of range: the nearest."""
        self.chosen = min(max(index, 0), len(self.rows) - 1)
        self.version += 1

    def enter(self) -> Path | None:
        """Open the chosen folder; for a file, its path."""
        row = self.current
        if row is None:
            return None
        if row.folder:
            self.open(row.path)
            return None
        return row.path

    @property
    def empty_reason(self) -> str:
        """What to say while no row is shown."""
        if self.loading:
            return "Reading the folder…"
        if self.search:
            return f"Nothing here matches “{self.search}”."
        if self.folder is None:
            return "No music folder is known. Start with --music FOLDER or plug in a stick."
        return "No music in this folder. Copy WAV, AIFF, FLAC, MP3, M4A, OGG or Opus files here, or plug in a stick."


def _haystack(row: Row) -> str:
    return f"{row.title} {row.artist} {row.path.name}".casefold()
