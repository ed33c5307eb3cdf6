"""The playlists of this box, as the sync pins them up: read by the browser's thread, checked, never raising."""

from pathlib import Path
from typing import Any

from device.errors import InputError
from device.panel import board
from device.panel.board import Document
from display.listing import Listing, Row

TOP = Path("playlists:")  # where they lie for the browser: it is no folder of the disk
TITLE = "Playlists"
MOST_ROWS = 1000
EMPTY = "No playlists yet: make them with `rackdeck playlist new` or in the companion's page."
NO_SYNC = "Playlists are not shown now: the sync is not running. `rackdeck up` starts it."
NO_TRACKS = "Nothing is in this playlist yet: `rackdeck playlist add` and the companion's page put tracks in."
GONE = "This playlist is not on this box any more."


def holds(path: Path | None) -> bool:
    """Whether a place of the browser is among the playlists."""
    return path is not None and path.is_relative_to(TOP)


def entry() -> Row:
    """The row that leads to them."""
    return Row(TOP, TITLE, True, icon="list")


def find(folder: Path, path: Path) -> Listing:
    """All playlists at `TOP`, the tracks of one below it. folder: the box's runtime folder."""
    reader = board.Reader(folder)
    if path == TOP:
        return _all(reader.read("playlists"), reader.read("sync") is not None)
    try:
        return _tracks(reader.read(board.PLAYLIST + path.name), path)
    except InputError:
        return Listing(empty=GONE)


def _all(document: Document | None, runs: bool) -> Listing:
    made = []
    for row in _objects(document, "playlists"):
        number, title = _text(row.get("list")), _text(row.get("title"))
        if number.isalnum():
            made.append(Row(TOP / number, title or "untitled", True, icon="list", facts=_facts(row)))
    more = _count((document or {}).get("more"))
    if made and more:
        made.append(Row(TOP / "", f"{more:,} more: `rackdeck playlist list` has them all", False, missing=True))
    return Listing(made, empty=EMPTY if document is not None or runs else NO_SYNC)


def _facts(row: dict[str, Any]) -> str:
    count, shown, here = (_count(row.get(name)) for name in ("tracks", "shown", "here"))
    told = f"{count:,} track{'' if count == 1 else 's'}"
    if here < shown:
        return f"{told}, {here:,} here" if here else f"{told}, none here"
    return told


def _tracks(document: Document | None, path: Path) -> Listing:
    if document is None:
        return Listing(empty=GONE)
    found = document.get("tracks")
    made = [
        _track(path, place, track)
        for place, track in enumerate(found[:MOST_ROWS] if isinstance(found, list) else [], 1)
        if isinstance(track, list) and len(track) == 7
    ]
    more = _count(document.get("more"))
    if more:
        made.append(Row(path / "", f"{more:,} more: `rackdeck playlist show` has them all", False, missing=True))
    return Listing(made, _text(document.get("title")) or "untitled", NO_TRACKS)


def _track(path: Path, place: int, track: list[Any]) -> Row:
    title, artist, file, key, tempo, seconds, note = track
    name = _text(file)
    here = _is_file(name)
    return Row(
        Path(name) if here else path / str(place),
        _text(title) or "untitled",
        False,
        _text(artist),
        _number(tempo),
        _text(key),
        _number(seconds),
        place=place,
        note=_text(note),
        missing=not here,
    )


def _is_file(name: str) -> bool:
    try:
        return name.startswith("/") and Path(name).is_file()
    except OSError:  # no disk has such a name
        return False


def _objects(document: Document | None, name: str) -> list[dict[str, Any]]:
    found = (document or {}).get(name)
    return [row for row in found[:MOST_ROWS] if isinstance(row, dict)] if isinstance(found, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e6 else 0.0


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1e9 else 0
