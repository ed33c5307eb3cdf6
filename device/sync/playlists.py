"""Playlists on this box: made, filled, put in order, with or without a companion; and where their files are."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from device.contracts import ids
from device.contracts.sets import Finished
from device.documents import LONGEST_NOTE, LONGEST_NOTES, LONGEST_TITLE, MOST_TRACKS, Content, Entry
from device.errors import InputError
from device.library import crate
from device.sync import documents, tracks
from device.sync.database import Database


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in a list. needed, there: files that it names, and those of them that are here."""

    id: str
    kind: str
    title: str
    tracks: int
    changed: int
    needed: int
    there: int


def listed(connection: sqlite3.Connection, kind: str = "") -> list[Listed]:
    """The documents of this box, those changed last first."""
    found = connection.execute(
        "SELECT id, of_kind, title, count, changed, (SELECT count(*) FROM document_hashes WHERE document = id), "
        "(SELECT count(*) FROM document_hashes h WHERE h.document = id AND (EXISTS (SELECT 1 FROM tracks t "
        "WHERE t.hash = h.hash) OR EXISTS (SELECT 1 FROM downloads d WHERE d.hash = h.hash AND d.state = 'there'))) "
        "FROM documents WHERE NOT gone AND (? = '' OR of_kind = ?) ORDER BY changed DESC, id DESC",
        (kind, kind),
    )
    return [Listed(*row) for row in found]


def find(connection: sqlite3.Connection, name: str, kind: str = "playlist") -> Listed:
    """A document by its id, its title, or how one of them begins. InputError when it is none, or several."""
    rows, wanted = listed(connection, kind), name.casefold()
    ways = (
        [row for row in rows if row.id == name],
        [row for row in rows if row.title.casefold() == wanted],
        [row for row in rows if row.title.casefold().startswith(wanted) or row.id.startswith(name)],
    )
    for found in ways:
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(f"{row.id} ({row.title})" for row in found[:5])
            raise InputError(f"several are called {name!r}: {several}; give the id")
    raise InputError(f"there is no {kind} {name!r}; `rackdeck playlist list` shows them")


def places(connection: sqlite3.Connection, entries: Iterable[Entry]) -> dict[str, Path]:
    """Where the files of entries are on this box, by the entry's id, as far as that is known.

    What was put in without a hash, or where another version came meanwhile, has the number of its track, which came
    along with the file.
    """
    came = dict(
        connection.execute("SELECT json_extract(body, '$.track.id'), hash FROM downloads WHERE state = 'there'")
    )
    hashes = {entry.id: (entry.hash, came.get(entry.track or None, "")) for entry in entries}
    found = _files(connection, chain.from_iterable(hashes.values()))
    here = ((number, next(filter(None, map(found.get, both)), None)) for number, both in hashes.items())
    return {number: path for number, path in here if path is not None}


def _files(connection: sqlite3.Connection, hashes: Iterable[str]) -> dict[str, Path]:
    wanted = [one for one in set(hashes) if one]
    found: dict[str, Path] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        marks = ",".join("?" * len(some))
        for digest, path in connection.execute(
            f"SELECT hash, path FROM tracks WHERE hash IN ({marks}) UNION ALL "
            f"SELECT hash, path FROM downloads WHERE state = 'there' AND hash IN ({marks})",
            (*some, *some),
        ):
            if digest not in found and Path(path).is_file():
                found[digest] = Path(path)
    return found


def new(database: Database, title: str, notes: str = "") -> str:
    """Make a playlist; returns its id. InputError for a title that is none."""

    def fill(content: Content) -> None:
        content.call(_title(title))
        content.write(notes[:LONGEST_NOTES])

    number = ids.make(documents.now(), os.urandom(ids.RANDOM_BYTES))
    with database.writing() as connection:
        documents.begin(connection, number, "playlist")
        documents.edit(connection, number, fill)
    return number


def _title(title: str) -> str:
    found = tracks.line(title).strip()
    if not found:
        raise InputError(f"a title has 1 to {LONGEST_TITLE} characters")
    return found


def rename(database: Database, number: str, title: str) -> None:
    """Give it another title."""
    named = _title(title)
    with database.writing() as connection:
        documents.edit(connection, number, lambda content: content.call(named))


def write(database: Database, number: str, notes: str) -> None:
    """Write about it what is not written yet, take out what is no longer to be there."""
    with database.writing() as connection:
        documents.edit(connection, number, lambda content: content.write(notes[:LONGEST_NOTES]))


def add(database: Database, number: str, files: Iterable[Path], at: int | None = None) -> list[Entry]:
    """Put music files in, before the one at place `at` (from 0) or at the end. InputError for what is no music."""
    entries = [_entry(database, path.resolve()) for path in files]

    def fill(content: Content) -> None:
        if content.count + len(entries) > MOST_TRACKS:
            raise InputError(f"a playlist has at most {MOST_TRACKS:,} tracks")
        content.fill(entries, at)

    with database.writing() as connection:
        documents.edit(connection, number, fill)
    return entries


def _entry(database: Database, path: Path) -> Entry:
    """A file as an entry; its hash is worked out, and kept."""
    if path.suffix.lower() not in crate.SUFFIXES or not path.is_file():
        raise InputError(f"{path} is no music file; give one that the decks can play")
    known = tracks.find(database.connection, path)
    if known.hash is None:
        found = tracks.hashed(path)
        with database.writing() as connection:
            tracks.note(connection, path, known.title, known.artist, known.seconds or 0, known.tempo or 0, known.key)
            tracks.keep_hash(connection, path, found)
        known = tracks.find(database.connection, path)
    return Entry.of(ids.make(documents.now(), os.urandom(ids.RANDOM_BYTES)), known)


def change(database: Database, number: str, entry: str, at: int | None = None, note: str | None = None) -> None:
    """Move an entry to place `at` (from 0), write something about it. InputError when it is not there."""

    def work(content: Content) -> None:
        if at is not None:
            content.move(entry, at)
        if note is not None:
            content.note(entry, note[:LONGEST_NOTE])

    _on_entry(database, number, work)


def remove(database: Database, number: str, entry: str) -> None:
    """Take an entry out. InputError when it is not there."""
    _on_entry(database, number, lambda content: content.remove(entry))


def _on_entry(database: Database, number: str, work: documents.Change) -> None:
    try:
        with database.writing() as connection:
            documents.edit(connection, number, work)
    except KeyError as exc:
        raise InputError("this track is not in the playlist any more") from exc


def delete(database: Database, number: str) -> None:
    """Delete a playlist, here and at the companion."""
    with database.writing() as connection:
        documents.drop(connection, number, documents.GONE_UNTOLD)


def of_set(connection: sqlite3.Connection, body: Finished) -> None:
    """Make the document of a finished set from its tracklist, in the caller's transaction."""

    def fill(content: Content) -> None:
        content.call(body.title)
        content.say(started=body.started, seconds=round(body.seconds, 3), box=body.box)
        content.fill([_heard(body, place) for place in range(len(body.entries))])

    if connection.execute("SELECT 1 FROM documents WHERE id = ?", (body.set,)).fetchone() is None:
        documents.begin(connection, body.set, "set")
        documents.edit(connection, body.set, fill)


def _heard(body: Finished, place: int) -> Entry:
    """A track of a set; its id is the same however often the set is told."""
    heard = body.entries[place]
    random = hashlib.sha256(f"{body.set} {place}".encode()).digest()[: ids.RANDOM_BYTES]
    made = Entry.of(ids.make(body.started, random), heard.track)
    return replace(made, at=round(heard.at, 3), deck=heard.deck)
