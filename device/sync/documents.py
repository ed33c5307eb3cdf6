"""Playlists and sets as documents on this box: what is edited here goes up, what comes down is merged.

Rows decide, whoever wrote them: an edit by another process is told to the companion by the sync, which looks for
updates that were not told.
"""

import hashlib
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

from device.contracts import documents
from device.contracts.documents import Gone, Kind, State, Update
from device.contracts.errors import Malformed
from device.contracts.updates import EMPTY, MOST_BYTES, Missing
from device.documents import Content, Held, Row, built
from device.errors import InputError
from device.sync.inbox import RefusedError
from device.sync.outbox import Outbox

CHECKPOINT = 500  # updates that are made one
MOST_KEPT = 16  # contents in memory
MOST_DOCUMENTS = 20_000
GONE_UNTOLD, GONE = 1, 2
Change = Callable[[Content], None]


def client(connection: sqlite3.Connection) -> int:
    """The number by which this box edits: another one after each start, and for each copy of the database.

    A number of its own for each edit would make documents grow; one for ever would clash once an old copy comes back.
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    file = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    named = f"{boot.read_text() if boot.exists() else os.getpid()}\n{file}\n{file.stat().st_ino}"
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:4]) or 1


def rows(connection: sqlite3.Connection, number: str, since: int = 0) -> list[Row]:
    """The updates of a document from a sequence on, in order."""
    found = connection.execute(
        "SELECT sequence, payload FROM document_updates WHERE document = ? AND sequence >= ? ORDER BY sequence",
        (number, since),
    )
    return [(sequence, payload) for sequence, payload in found]


def read(connection: sqlite3.Connection, number: str) -> Content:
    """A document's content, to look at."""
    return built(rows(connection, number)).content


def begin(connection: sqlite3.Connection, number: str, kind: Kind) -> None:
    """Have an empty document of this id, if there is none. InputError when there are too many."""
    if connection.execute("SELECT count(*) FROM documents").fetchone()[0] >= MOST_DOCUMENTS:
        raise InputError(f"there are {MOST_DOCUMENTS:,} playlists and sets on this box; remove some")
    connection.execute("INSERT OR IGNORE INTO documents (id, of_kind, changed) VALUES (?, ?, ?)", (number, kind, now()))


def edit(connection: sqlite3.Connection, number: str, change: Change) -> bool:
    """Edit a document here, in the caller's transaction; whether that changed anything. What `change` raises passes."""
    held = built(rows(connection, number), client(connection))
    fresh = held.content.edit(lambda: change(held.content))
    if fresh:
        append(connection, number, held.content, fresh, told=False)
    return bool(fresh)


def append(connection: sqlite3.Connection, number: str, content: Content, update: bytes, told: bool) -> int:
    """Keep an update that is merged in `content`; returns its sequence."""
    (before,) = connection.execute("SELECT count FROM documents WHERE id = ?", (number,)).fetchone()
    (sequence,) = connection.execute(
        "UPDATE documents SET sequence = sequence + 1, title = ?, count = ?, changed = ? WHERE id = ? "
        "RETURNING sequence",
        (content.title, content.count, now(), number),
    ).fetchone()
    connection.execute("INSERT INTO document_updates VALUES (?, ?, ?, ?)", (number, sequence, int(told), update))
    if b"hash" in update or before != content.count:  # to read all tracks after each letter would take too long
        needed = {entry.hash for entry in content.entries() if entry.hash}
        connection.execute("DELETE FROM document_hashes WHERE document = ?", (number,))
        connection.executemany("INSERT INTO document_hashes VALUES (?, ?)", [(number, one) for one in needed])
    return int(sequence)


def drop(connection: sqlite3.Connection, number: str, state: int) -> bool:
    """A document is gone. state: whether that is still to be told. Whether it was there."""
    there = connection.execute("UPDATE documents SET gone = ? WHERE id = ? AND NOT gone", (state, number)).rowcount
    for table in ("document_updates", "document_hashes"):
        connection.execute(f"DELETE FROM {table} WHERE document = ?", (number,))
    return bool(there)


def now() -> int:
    """Milliseconds since 1970, by the machine's clock."""
    return time.time_ns() // 1_000_000


class Merging:
    """What the sync does with documents: one thread, each call in the caller's transaction."""

    def __init__(self, outbox: Outbox):
        self._outbox = outbox
        self._kept: OrderedDict[str, Held] = OrderedDict()

    def update(self, connection: sqlite3.Connection, body: Update) -> None:
        """An update came. RefusedError for one that is not sound."""
        update = body.update if body.parts == 1 else self._joined(connection, body)
        if update is None or not self._wanted(connection, body.document, body.of):
            return
        held = self._opened(connection, body.document)
        try:
            if held.size + len(update) > 2 * MOST_BYTES:
                raise Malformed("is more than a document can hold")
            fresh = held.content.merge(update)
        except Malformed as exc:
            raise RefusedError(f"the update {exc.reason}") from exc
        except Missing:
            self._keep(body.document, held)
            self._outbox.add(connection, State(body.document, body.of, held.content.state))
            return
        if fresh:
            held.note(append(connection, body.document, held.content, fresh, told=True), fresh)
        self._keep(body.document, held)
        self._tidy(connection, body.document, held)

    def state(self, connection: sqlite3.Connection, body: State) -> None:
        """The companion says what it has: it gets what it lacks, and is asked for the rest."""
        if not self._wanted(connection, body.document, body.of):
            self._outbox.add(connection, Gone(body.document))
            return
        self.tell(connection)  # what is not told yet is in the answer, too, but would come after it
        held = self._opened(connection, body.document)
        try:
            lacking = held.content.lacking(body.vector)
        except Malformed as exc:
            raise RefusedError(f"the state {exc.reason}") from exc
        self._keep(body.document, held)
        if lacking != EMPTY:
            self._say(connection, body.document, body.of, lacking)
        self._outbox.add(connection, State(body.document, body.of, held.content.state))

    def gone(self, connection: sqlite3.Connection, body: Gone) -> None:
        """A document was deleted, or is not for this box any more."""
        drop(connection, body.document, GONE)
        self._kept.pop(body.document, None)

    def untold(self, connection: sqlite3.Connection) -> bool:
        """Whether something was edited that the companion was not told."""
        return bool(
            connection.execute(
                "SELECT EXISTS (SELECT 1 FROM document_updates WHERE NOT told) "
                "OR EXISTS (SELECT 1 FROM documents WHERE gone = ?)",
                (GONE_UNTOLD,),
            ).fetchone()[0]
        )

    def tell(self, connection: sqlite3.Connection) -> None:
        """Put into the outbox what was edited here."""
        for number, kind, sequence, update in connection.execute(
            "SELECT u.document, d.of_kind, u.sequence, u.payload FROM document_updates u "
            "JOIN documents d ON d.id = u.document WHERE NOT u.told ORDER BY u.document, u.sequence"
        ).fetchall():
            self._say(connection, number, kind, update)
            connection.execute(
                "UPDATE document_updates SET told = 1 WHERE document = ? AND sequence = ?", (number, sequence)
            )
        for (number,) in connection.execute("SELECT id FROM documents WHERE gone = ?", (GONE_UNTOLD,)).fetchall():
            self._outbox.add(connection, Gone(number))
            connection.execute("UPDATE documents SET gone = ? WHERE id = ?", (GONE, number))

    def say_all(self, connection: sqlite3.Connection) -> None:
        """Say what is here of every document: something of what went to and fro is lost."""
        self.tell(connection)
        for number, kind in connection.execute("SELECT id, of_kind FROM documents WHERE NOT gone").fetchall():
            self._outbox.add(connection, State(number, kind, self._opened(connection, number).content.state))

    def _say(self, connection: sqlite3.Connection, number: str, kind: Kind, update: bytes) -> None:
        for part in documents.split(number, kind, update):
            self._outbox.add(connection, part)

    def _wanted(self, connection: sqlite3.Connection, number: str, kind: Kind) -> bool:
        """Whether the document is here; it is begun when it was never. False when it was deleted here."""
        found = connection.execute("SELECT gone FROM documents WHERE id = ?", (number,)).fetchone()
        if found is None:
            try:
                begin(connection, number, kind)
            except InputError as exc:
                raise RefusedError(str(exc)) from exc
            return True
        return not found[0]

    def _joined(self, connection: sqlite3.Connection, body: Update) -> bytes | None:
        """The whole update once its last part is here. Parts of one follow each other."""
        if body.part == 1:
            connection.execute("DELETE FROM document_parts")
        connection.execute(
            "INSERT OR REPLACE INTO document_parts VALUES (?, ?, ?, ?)",
            (body.document, body.part, body.parts, body.update),
        )
        if body.part < body.parts:
            return None
        found = connection.execute("SELECT document, part, parts, payload FROM document_parts ORDER BY part").fetchall()
        connection.execute("DELETE FROM document_parts")
        try:
            return documents.join(_parts(found, body.of))
        except Malformed as exc:
            raise RefusedError(f"the update {exc.reason}") from exc

    def _opened(self, connection: sqlite3.Connection, number: str) -> Held:
        held = self._kept.pop(number, None)
        if held is not None and held.follow(rows(connection, number, held.sequence)):
            return held
        return built(rows(connection, number))

    def _keep(self, number: str, held: Held) -> None:
        if not held.content.spoiled:
            self._kept[number] = held
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def _tidy(self, connection: sqlite3.Connection, number: str, held: Held) -> None:
        """Make one of many updates, where all are told."""
        checkpoint, last, untold = connection.execute(
            "SELECT checkpoint, sequence, EXISTS (SELECT 1 FROM document_updates WHERE document = id AND NOT told) "
            "FROM documents WHERE id = ?",
            (number,),
        ).fetchone()
        if untold or last - checkpoint < CHECKPOINT or held.sequence != last:
            return
        whole = held.content.lacking()
        connection.execute("DELETE FROM document_updates WHERE document = ?", (number,))
        connection.execute("INSERT INTO document_updates VALUES (?, ?, 1, ?)", (number, last, whole))
        connection.execute("UPDATE documents SET checkpoint = ? WHERE id = ?", (last, number))
        held.size = 0
        held.note(last, whole)


def _parts(found: Iterable[tuple[str, int, int, bytes]], kind: Kind) -> list[Update]:
    return [Update(document, kind, payload, part, parts) for document, part, parts, payload in found]
