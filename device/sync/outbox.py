"""The outbox: messages that the companion has not receipted, numbered in the transaction of whatever they tell."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device.contracts import codec, envelope, ids, kinds
from device.contracts.clock import Clock
from device.contracts.receipts import Numbering, Skipped

STREAM = {kind.body: kind.stream for kind in kinds.KINDS if "up" in kind.ways}
THINS_ABOVE = {"health": 4 * 1024 * 1024}  # bytes; of all other streams nothing is ever given up
KEPT_OF = 4  # of so many rows one stays


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it is sent; it stands for the numbers from `first` to `last`."""

    first: int
    last: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not been receipted. oldest: ms by the clock when it was made, 0 when there is nothing."""

    messages: int
    bytes: int
    oldest: int
    thinned: int


class Outbox:
    """Adds to and takes from the tables `streams` and `outbox`; every change belongs to the caller's transaction."""

    def __init__(
        self,
        clock: Clock,
        bounds: dict[str, int] | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ):
        self._clock, self._entropy = clock, entropy
        self._bounds = THINS_ABOVE if bounds is None else bounds

    def add(self, connection: sqlite3.Connection, body: Any) -> str:
        """Put a message behind the others of its stream; returns its id.

        KeyError for what is no message of a box; Malformed for one beyond its limits; OSError when the clock's time
        could not be stored.
        """
        stream = STREAM[type(body)]
        epoch, number = self._numbering(connection, stream)
        made = self._clock.now()
        name = ids.make(made.ms, self._entropy(ids.RANDOM_BYTES))
        message = envelope.compose(body, name, stream, epoch, number, made, self._clock.quality)
        payload = envelope.encode("up", message)
        self._insert(connection, stream, Row(number, number, payload), made.ms)
        size = connection.execute(
            "UPDATE streams SET next = ?, messages = messages + 1, bytes = bytes + ? WHERE stream = ? RETURNING bytes",
            (number + 1, len(payload), stream),
        ).fetchone()[0]
        if stream in self._bounds and size > self._bounds[stream]:
            self._thin(connection, stream, epoch)
        return name

    def _numbering(self, connection: sqlite3.Connection, stream: str) -> tuple[str, int]:
        row = connection.execute("SELECT epoch, next FROM streams WHERE stream = ?", (stream,)).fetchone()
        if row is None:
            row = self._new_epoch(), 1
            connection.execute("INSERT INTO streams (stream, epoch, next) VALUES (?, ?, ?)", (stream, *row))
        return row[0], row[1]

    def _new_epoch(self) -> str:
        return ids.make(self._clock.now().ms, self._entropy(ids.RANDOM_BYTES))

    @staticmethod
    def _insert(connection: sqlite3.Connection, stream: str, row: Row, made: int) -> None:
        connection.execute(
            "INSERT INTO outbox VALUES (?, ?, ?, ?, ?)", (stream, row.first, row.last, made, row.payload)
        )

    @staticmethod
    def numberings(connection: sqlite3.Connection) -> list[Numbering]:
        """Each stream's epoch, its first number that is not receipted, and the next one to come."""
        rows = connection.execute(
            "SELECT stream, epoch, ifnull((SELECT min(first) FROM outbox o WHERE o.stream = s.stream), next), next "
            "FROM streams s ORDER BY stream"
        )
        return [Numbering(*row) for row in rows]

    @staticmethod
    def rows(connection: sqlite3.Connection, stream: str, after: int, most: int) -> list[Row]:
        """The first rows that end after a number, in order."""
        found = connection.execute(
            "SELECT first, last, payload FROM outbox WHERE stream = ? AND last > ? ORDER BY first LIMIT ?",
            (stream, after, most),
        )
        return [Row(*row) for row in found]

    @staticmethod
    def receipted(connection: sqlite3.Connection, stream: str, upto: int) -> None:
        """The companion has everything up to a number of the present epoch: it may go."""
        which = "WHERE stream = ? AND first <= ? AND last <= ?"  # the first finds them, the last decides
        gone = connection.execute(
            f"SELECT count(*), ifnull(sum(length(payload)), 0) FROM outbox {which}", (stream, upto, upto)
        ).fetchone()
        connection.execute(f"DELETE FROM outbox {which}", (stream, upto, upto))
        connection.execute(
            "UPDATE streams SET messages = messages - ?, bytes = bytes - ? WHERE stream = ?", (*gone, stream)
        )

    def renumber(self, connection: sqlite3.Connection, stream: str) -> None:
        """Begin a new epoch with what is there; the messages keep their ids."""
        epoch, number, size = self._new_epoch(), 1, 0
        rows = list(
            connection.execute(
                "SELECT last - first, made, payload FROM outbox WHERE stream = ? ORDER BY first", (stream,)
            )
        )
        connection.execute("DELETE FROM outbox WHERE stream = ?", (stream,))
        for more, made, payload in rows:
            found = codec.parse(payload) | {"epoch": epoch, "seq": number}
            if more:
                found["body"] = codec.plain(Skipped(number + more))
            row = Row(number, number + more, codec.form(found))
            self._insert(connection, stream, row, made)
            number, size = row.last + 1, size + len(row.payload)
        connection.execute(
            "UPDATE streams SET epoch = ?, next = ?, messages = ?, bytes = ? WHERE stream = ?",
            (epoch, number, len(rows), size, stream),
        )

    def forget(self, connection: sqlite3.Connection) -> None:
        """Give up everything: the box is another's now. Numberings begin anew."""
        connection.execute("DELETE FROM outbox")
        connection.execute("DELETE FROM streams")

    @staticmethod
    def is_empty(connection: sqlite3.Connection, stream: str) -> bool:
        """Whether all of a stream has been receipted."""
        return connection.execute("SELECT 1 FROM outbox WHERE stream = ? LIMIT 1", (stream,)).fetchone() is None

    @staticmethod
    def waiting(connection: sqlite3.Connection) -> Waiting:
        """How much has not been receipted."""
        row = connection.execute(
            "SELECT ifnull(sum(messages), 0), ifnull(sum(bytes), 0), "
            "ifnull((SELECT min(made) FROM (SELECT (SELECT made FROM outbox o WHERE o.stream = s.stream ORDER BY first "
            "LIMIT 1) AS made FROM streams s)), 0), ifnull(sum(thinned), 0) FROM streams"
        ).fetchone()
        return Waiting(*row)

    def _thin(self, connection: sqlite3.Connection, stream: str, epoch: str) -> None:
        """Of the older half, reports evenly spread stay; what goes is replaced by a message that says so."""
        rows = connection.execute(
            "SELECT first, last, made, payload FROM outbox WHERE stream = ? ORDER BY first", (stream,)
        ).fetchall()
        older = rows[: len(rows) // 2]
        if not older:
            return
        wished = (older[-1][1] - older[0][0]) // max(2, len(older) // KEPT_OF)
        apart = 1 << wished.bit_length()  # doubles now and then, so that what was spread stays spread
        following = older[0][0]
        run: list[tuple[int, int, int, bytes]] = []
        for row in older:
            if self._is_skip(row[3]) or row[0] < following:
                run.append(row)
                continue
            self._skip(connection, stream, epoch, run)
            run, following = [], row[0] + apart
        self._skip(connection, stream, epoch, run)

    @staticmethod
    def _is_skip(payload: bytes) -> bool:
        return bool(codec.parse(payload)["kind"] == kinds.SKIPPED)

    def _skip(
        self, connection: sqlite3.Connection, stream: str, epoch: str, run: list[tuple[int, int, int, bytes]]
    ) -> None:
        if not run or (len(run) == 1 and self._is_skip(run[0][3])):
            return
        first, last = run[0][0], run[-1][1]
        made = self._clock.now()
        name = ids.make(made.ms, self._entropy(ids.RANDOM_BYTES))
        message = envelope.compose(Skipped(last), name, stream, epoch, first, made, self._clock.quality)
        payload = envelope.encode("up", message)
        connection.execute("DELETE FROM outbox WHERE stream = ? AND first BETWEEN ? AND ?", (stream, first, last))
        self._insert(connection, stream, Row(first, last, payload), run[0][2])
        given_up = sum(not self._is_skip(row[3]) for row in run)
        saved = sum(len(row[3]) for row in run) - len(payload)
        connection.execute(
            "UPDATE streams SET messages = messages - ?, bytes = bytes - ?, thinned = thinned + ? WHERE stream = ?",
            (len(run) - 1, saved, given_up, stream),
        )
