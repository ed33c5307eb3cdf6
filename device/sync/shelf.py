"""The shelf: the playlists of this box with the places of their files, pinned up so that the screen can play them.

`playlists` is the list of them: `{"playlists": [{"list", "title", "tracks", "shown", "here", "mark"}], "more": 0}`,
where `mark` differs whenever the tracks do. `list-<id>` is one of them: `{"title", "tracks": [[title, artist, path,
key, tempo, seconds, note]], "more": 0}`, with an empty path for what is not on this box. `more` counts what had no
room.
"""

import hashlib
import json
import sqlite3
import time
from dataclasses import dataclass, replace
from typing import Any

from device.documents import Entry
from device.panel import board
from device.sync import documents, playlists
from device.sync.core import Core
from device.sync.database import get

MOST_LISTS = 100
MOST_TRACKS = 1000  # of one list
LOOK_SECONDS = 1.0  # how soon an edit is on the screen; what changes meanwhile is read at one time
FILES_SECONDS = 60.0  # how soon it is seen that a file was deleted, or a stick plugged in
LONGEST_NOTE = 80


@dataclass(frozen=True, slots=True)
class _Read:
    """A playlist as it was read. entries: the first of `count`."""

    sequence: int
    title: str
    entries: tuple[Entry, ...]
    count: int


class Shelf:
    """Call `step` again and again, from a thread of its own: a long playlist takes a while to read."""

    def __init__(self, core: Core):
        self._core = core
        self._writer = board.Writer(core.places.runtime)
        self._read: dict[str, _Read] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._seen: object = None
        self._files: object = None
        self._files_due = 0.0
        take_down(self._writer)

    def step(self) -> float:
        """Pin up what changed; returns how long to wait. OSError when the memory is full."""
        database, now = self._core.database, time.monotonic()
        seen = database.version(), self._is_open(database.connection)
        if seen != self._seen or now >= self._files_due:
            if seen[1]:
                self._fill(database.connection, now)
            else:
                self._read, self._rows = {}, {}
                take_down(self._writer)
            self._seen = seen
        return LOOK_SECONDS

    def _is_open(self, connection: sqlite3.Connection) -> bool:
        """Whether whoever stands here may see them: not those of a former owner."""
        core = self._core
        return not core.out and (core.access is not None or not get(connection, "owner"))

    def _fill(self, connection: sqlite3.Connection, now: float) -> None:
        files = connection.execute(
            "SELECT (SELECT count(*) FROM downloads WHERE state = 'there'), "
            "(SELECT count(*) FROM tracks WHERE hash <> '')"
        ).fetchone()
        moved = files != self._files or now >= self._files_due
        found = connection.execute(
            "SELECT id, sequence FROM documents WHERE of_kind = 'playlist' AND NOT gone ORDER BY changed DESC, id DESC"
        ).fetchall()
        rows = {}
        for number, sequence in found[:MOST_LISTS]:
            known, row = self._read.get(number), self._rows.get(number)
            if known is None or known.sequence != sequence:
                known, row = self._take(connection, number, sequence), None
            rows[number] = self._pin(connection, number, known) if row is None or moved else row
        self._writer.show("playlists", {"playlists": list(rows.values()), "more": len(found[MOST_LISTS:])})
        for gone in self._rows.keys() - rows.keys():
            self._writer.remove(board.PLAYLIST + gone)
            del self._read[gone]
        self._rows = rows
        if moved:
            self._files, self._files_due = files, now + FILES_SECONDS

    def _take(self, connection: sqlite3.Connection, number: str, sequence: int) -> _Read:
        content = documents.read(connection, number)
        entries = content.entries()
        shown = tuple(replace(entry, note=_line(entry.note)) for entry in entries[:MOST_TRACKS])
        self._read[number] = found = _Read(sequence, content.title, shown, len(entries))
        return found

    def _pin(self, connection: sqlite3.Connection, number: str, known: _Read) -> dict[str, Any]:
        """Pin up the tracks of one; returns its row in the list of them."""
        places = playlists.places(connection, known.entries)
        tracks: list[list[Any]] = []
        room = board.MOST_BYTES - 2048
        for entry in known.entries:
            path = str(places.get(entry.id, ""))
            track = [entry.title, entry.artist, path, entry.key, entry.tempo or 0, entry.seconds or 0, entry.note]
            room -= len(json.dumps(track, ensure_ascii=False).encode())
            if room < 0:
                break
            tracks.append(track)
        document = {"title": known.title, "tracks": tracks, "more": known.count - len(tracks)}
        self._writer.show(board.PLAYLIST + number, document)
        return {
            "list": number,
            "title": known.title,
            "tracks": known.count,
            "shown": len(tracks),
            "here": sum(bool(track[2]) for track in tracks),
            "mark": hashlib.sha256(json.dumps(document).encode()).hexdigest()[:12],
        }


def _line(note: str) -> str:
    """As much of a note as a row has room for."""
    line = " ".join(note[: 4 * LONGEST_NOTE].split())
    return line if len(line) <= LONGEST_NOTE else f"{line[: LONGEST_NOTE - 1]}…"


def take_down(writer: board.Writer) -> None:
    """Nothing of it is shown any more."""
    for name in ("playlists", *writer.names(board.PLAYLIST)):
        writer.remove(name)
