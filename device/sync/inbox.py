"""The inbox: how far each of the companion's numberings has had its effect, what came early, and dead letters."""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from device.contracts import delivery, envelope
from device.contracts.delivery import EPOCHS, HOLD_BYTES
from device.contracts.envelope import Message
from device.contracts.errors import ContractError, Unknown
from device.contracts.receipts import Skipped

log = logging.getLogger(__name__)
MOST_DEAD = 1000
MOST_STREAMS = 64
Effect = Callable[[sqlite3.Connection, Message], None]


class RefusedError(Exception):
    """What a message asks can never be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What came: its bytes, and the message or why it is none."""

    payload: bytes
    message: Message | None = None
    error: ContractError | None = None


def read(stream: str, payload: bytes) -> Letter:
    """A payload of a numbered stream."""
    try:
        return Letter(payload, envelope.decode("down", stream, payload))
    except ContractError as exc:
        return Letter(payload, error=exc)


class Inbox:
    """One numbering in the database; the rules are `delivery.receive`. Belongs to one transaction."""

    def __init__(self, connection: sqlite3.Connection, stream: str, epoch: str, effect: Effect):
        self._connection, self._stream, self._epoch, self._effect = connection, stream, epoch, effect
        row = connection.execute("SELECT upto FROM cursors WHERE stream = ? AND epoch = ?", (stream, epoch)).fetchone()
        self._upto = 0 if row is None else int(row[0])

    @property
    def cursor(self) -> int:
        """Everything up to this number has had its effect."""
        return self._upto

    @cursor.setter
    def cursor(self, value: int) -> None:
        self._upto = value

    def store(self) -> None:
        """Write the cursor down; the numberings of this stream that moved longest ago are forgotten."""
        self._connection.execute(
            "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, (SELECT ifnull(max(moved), 0) + 1 FROM cursors))",
            (self._stream, self._epoch, self._upto),
        )
        for (old,) in self._connection.execute(
            "SELECT epoch FROM cursors WHERE stream = ? ORDER BY moved DESC LIMIT -1 OFFSET ?", (self._stream, EPOCHS)
        ).fetchall():
            for table in ("cursors", "held"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE stream = ? AND epoch = ?",
                    (self._stream, old),
                )

    def apply(self, what: Letter) -> None:
        """Let it take effect, or keep it as a dead letter. sqlite3.OperationalError, OSError when it cannot now."""
        if what.message is None:
            assert what.error is not None
            bury(self._connection, what, str(what.error), isinstance(what.error, Unknown))
            return
        if not isinstance(what.message.body, Skipped):
            attempt(self._connection, self._effect, what)

    def room(self) -> int:
        """Bytes that can still be held."""
        used = self._connection.execute("SELECT ifnull(sum(length(payload)), 0) FROM held").fetchone()[0]
        return HOLD_BYTES - int(used)

    def hold(self, row: delivery.Row[Letter]) -> None:
        """Keep a row that came too early."""
        self._connection.execute(
            "INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?, ?)",
            (self._stream, self._epoch, row.first, row.last, row.what.payload),
        )

    def held(self) -> delivery.Row[Letter] | None:
        """The held row that begins first."""
        row = self._connection.execute(
            "SELECT first, last, payload FROM held WHERE stream = ? AND epoch = ? ORDER BY first LIMIT 1",
            (self._stream, self._epoch),
        ).fetchone()
        if row is None:
            return None
        return delivery.Row(row[0], row[1], len(row[2]), read(self._stream, row[2]))

    def release(self, row: delivery.Row[Letter]) -> None:
        """Hold it no longer."""
        self._connection.execute(
            "DELETE FROM held WHERE stream = ? AND epoch = ? AND first = ?", (self._stream, self._epoch, row.first)
        )


def attempt(connection: sqlite3.Connection, effect: Effect, letter: Letter) -> bool:
    """Let a message take effect; what it can never have becomes a dead letter. Whether it had one."""
    assert letter.message is not None
    connection.execute("SAVEPOINT effect")
    try:
        effect(connection, letter.message)
    except (sqlite3.OperationalError, OSError):  # busy, or full: it comes again
        raise
    except Exception as exc:
        connection.execute("ROLLBACK TO effect")
        if not isinstance(exc, RefusedError):
            log.exception("a message had no effect: %s", letter.message.head)
        bury(connection, letter, str(exc)[:500] or type(exc).__name__, later=False)
        return False
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE effect")
    return True


def bury(connection: sqlite3.Connection, letter: Letter, reason: str, later: bool) -> None:
    """Keep what had no effect. later: an update may know what it means."""
    head = letter.message.head if letter.message else letter.error.head if letter.error else None
    stream, number = (head.stream, head.seq) if head else ("", 0)
    log.warning("message %s of %s had no effect: %s", number, stream, reason)
    connection.execute(
        "INSERT INTO dead (stream, seq, later, reason, payload) VALUES (?, ?, ?, ?, ?)",
        (stream, number, int(later), reason, letter.payload),
    )
    connection.execute("DELETE FROM dead WHERE number <= (SELECT max(number) FROM dead) - ?", (MOST_DEAD,))


def look_again(connection: sqlite3.Connection, effect: Effect) -> int:
    """After an update: what was from the future may be understood now. Returns how many messages took effect."""
    done = 0
    for number, stream, payload in connection.execute(
        "SELECT number, stream, payload FROM dead WHERE later ORDER BY number"
    ).fetchall():
        letter = read(stream, payload)
        if isinstance(letter.error, Unknown):
            continue
        connection.execute("DELETE FROM dead WHERE number = ?", (number,))
        if letter.message is None:
            bury(connection, letter, str(letter.error), later=False)
        else:
            done += attempt(connection, effect, letter)
    return done
