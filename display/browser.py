"""Folders and playlists with what can be played of them: read by a thread, searched and sorted here."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from device.library import crate
from display import playlists
from display.listing import Listing, Row

COLUMNS = ("title", "artist", "bpm", "key", "seconds")
MEDIA = (Path("/media"), Path("/run/media"), Path("/mnt"))
Lister = Callable[[Path], tuple[list[Path], list[crate.Entry]]]


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

    places: names and folders, of which the first opens first, with the playlists and the others at its top.
    board: where playlists are pinned up. `folder` is None for the list of places. `target` is the deck that asked for
    a track. `sort` is a column and whether it is turned round; no column is the order of a playlist.
    """

    def __init__(self, places: Sequence[tuple[str, Path]], board: Path, lister: Lister = crate.list_folder):
        self._places = list(places)
        self._board = board
        self._lister = lister
        self.folder: Path | None = None
        self.rows: list[Row] = []
        self.loading = False
        self.search = ""
        self.sort = ("title", False)
        self.chosen = -1
        self.target = 1
        self.version = 0  # grows with every change of what is to be shown
        self._found = Listing()
        self._shortcuts = [playlists.entry(), *(Row(folder, name, True) for name, folder in self._places[1:])]
        self._tops = {playlists.TOP, *(folder for _, folder in places)}
        self._above: dict[Path, Path] = {}  # from where a top was entered, if not from the places
        self._left: Path | None = None
        self._lock = threading.Lock()
        self._answer: tuple[int, Listing] | None = None
        self._asked = 0
        self.open(places[0][1] if places else None)

    @property
    def where(self) -> str:
        """The folder as the user knows it: the place's name and what follows."""
        if self.folder is None:
            return "Places"
        if playlists.holds(self.folder):
            return "  ›  ".join(filter(None, (playlists.TITLE, self._found.title)))
        for name, place in self._places:
            if self.folder.is_relative_to(place):
                rest = self.folder.relative_to(place).parts
                return "  ›  ".join((name, *rest))
        return str(self.folder)

    def open(self, folder: Path | None) -> None:
        """Show a folder, or the places. Its rows come later."""
        if playlists.holds(folder) or playlists.holds(self.folder):
            self.sort = ("", False) if playlists.holds(folder) else ("title", False)
        self.folder = folder
        self.rows, self._found = [], Listing()
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

    def refresh(self) -> None:
        """Playlists are others than before: read again what shows them."""
        if playlists.holds(self.folder):
            self.reload()

    def _list(self, ask: int, folder: Path | None) -> None:
        if folder is None:
            rows = [playlists.entry()]
            rows += [Row(path, name, True) for name, path in self._places]
            rows += [Row(mount, mount.name, True) for mount in media_folders()]
            found = Listing(rows)
        elif playlists.holds(folder):
            found = playlists.find(self._board, folder)
        else:
            folders, entries = self._lister(folder)
            rows = list(self._shortcuts) if self._places and folder == self._places[0][1] else []
            rows += [Row(path, path.name, True) for path in folders]
            rows += [Row(e.path, e.title, False, e.artist, e.bpm, e.key, e.seconds) for e in entries]
            found = Listing(rows)
        with self._lock:
            if self._answer is None or self._answer[0] < ask:
                self._answer = (ask, found)

    def poll(self) -> None:
        """Take over what the thread has read."""
        with self._lock:
            answer, self._answer = self._answer, None
        if answer is not None and answer[0] == self._asked:
            self._found = answer[1]
            self.loading = False
            if self.folder is None:
                self._tops |= {row.path for row in self._found.rows}
            self._arrange()

    def up(self) -> None:
        """To the folder above; from the top of a place to where it was entered. The folder left is chosen there."""
        if self.folder is None:
            return
        left = self.folder
        is_top = left in self._tops or left.parent == left
        self.open(self._above.pop(left, None) if is_top else left.parent)
        self._left = left

    def find(self, words: str) -> None:
        """Show what has all these words in title, artist or file name."""
        self.search = words
        self._arrange()

    def sort_by(self, column: str) -> None:
        """Sort by a column, by the same again the other way round, then as the playlist is. The unknown comes last."""
        name, descending = self.sort
        self.sort = (column, not descending if name == column else False)
        if name == column and descending and playlists.holds(self.folder):
            self.sort = ("", False)
        self._arrange()

    def _arrange(self) -> None:
        kept = (self.current.path, self.current.place) if self.current is not None else (self._left, 0)
        words = self.search.casefold().split()
        found = [row for row in self._found.rows if all(word in _haystack(row) for word in words)]
        self.rows = [row for row in found if row.folder] + self._sorted([row for row in found if not row.folder])
        self.chosen = next((index for index, row in enumerate(self.rows) if (row.path, row.place) == kept), -1)
        self.version += 1

    def _sorted(self, rows: list[Row]) -> list[Row]:
        column, descending = self.sort
        if not column:
            return rows

        def order(row: Row) -> tuple[object, str]:
            value = getattr(row, column)
            return (value.casefold() if isinstance(value, str) else value), row.title.casefold()

        known = [row for row in rows if getattr(row, column)]
        unknown = [row for row in rows if not getattr(row, column)]
        return [*sorted(known, key=order, reverse=descending), *unknown]

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
            above = self.folder
            self.open(row.path)
            if above is not None and row.path in self._tops:
                self._above[row.path] = above
            return None
        return row.path

    @property
    def empty_reason(self) -> str:
        """What to say while no row is shown."""
        if self.loading:
            return "Reading…"
        if self.search:
            return f"Nothing here matches “{self.search}”."
        if self._found.empty:
            return self._found.empty
        if self.folder is None:
            return "No music folder is known. Start with --music FOLDER or plug in a stick."
        return "No music in this folder. Copy WAV, AIFF, FLAC, MP3, M4A, OGG or Opus files here, or plug in a stick."


def _haystack(row: Row) -> str:
    return f"{row.title} {row.artist} {row.path.name}".casefold()
