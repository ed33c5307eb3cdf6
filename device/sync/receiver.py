"""The receiver: what came from the companion takes effect, with its cursor, in one transaction."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from device.contracts import delivery, envelope, topics
from device.contracts.clock import Clock
from device.contracts.envelope import Head
from device.contracts.errors import ContractError
from device.contracts.live import Watched
from device.contracts.receipts import Cursor, Opening, Receipt
from device.sync.database import Database
from device.sync.inbox import MOST_STREAMS, Effect, Inbox, look_again, read

log = logging.getLogger(__name__)
Packet = tuple[str, bytes]  # topic and payload
Afresh = Callable[[sqlite3.Connection], None]


@dataclass(slots=True)
class Taken:
    """What came of some packets. cursors: to be receipted; receipts: for what was sent; lost: messages for good.

    older: the companion says that it has yet to send what came before: it was restored from an older backup.
    """

    cursors: dict[tuple[str, str], int] = field(default_factory=dict)
    receipts: list[Cursor] = field(default_factory=list)
    opened: bool = False
    watched: Watched | None = None
    lost: int = 0
    older: bool = False
    refused: int = 0

    def receipt(self) -> Receipt | None:
        """The receipt to send, if any."""
        rows = [Cursor(stream, epoch, upto) for (stream, epoch), upto in self.cursors.items()]
        return Receipt(tuple(rows[:64])) if rows else None


class Receiver:
    """Takes packets, each lot in one transaction. effect: what a message does; afresh: what is done when some are lost
    for good, or the companion knows less than it did.
    """

    def __init__(self, database: Database, effect: Effect, clock: Clock, afresh: Afresh):
        self._database, self._effect, self._clock, self._afresh = database, effect, clock, afresh
        with database.writing() as connection:
            look_again(connection, effect)

    def take(self, packets: Sequence[Packet]) -> Taken:
        """Let these have their effect, in order. sqlite3.OperationalError, OSError, DiskFullError: none of them had,
        and they come again.
        """
        taken = Taken()
        with self._database.writing() as connection:
            inboxes: dict[tuple[str, str], Inbox] = {}
            for topic, payload in packets:
                try:
                    place = topics.parse(topic)
                    if place.stream in topics.UNNUMBERED["down"]:
                        self._passing(connection, inboxes, place.stream, payload, taken)
                    else:
                        self._numbered(connection, inboxes, place.stream, payload, taken)
                except ContractError as exc:
                    taken.refused += 1
                    log.warning("%s on %s", exc, topic[:120])
            for (stream, epoch), inbox in inboxes.items():
                inbox.store()
                taken.cursors[stream, epoch] = inbox.cursor
            if taken.lost or taken.older:
                self._afresh(connection)
        return taken

    def _numbered(
        self,
        connection: sqlite3.Connection,
        inboxes: dict[tuple[str, str], Inbox],
        stream: str,
        payload: bytes,
        taken: Taken,
    ) -> None:
        letter = read(stream, payload)
        head = letter.message.head if letter.message else letter.error.head if letter.error else None
        if head is None or head.stream != stream or head.seq < 1:  # it cannot be told apart from noise
            assert letter.error is not None
            raise letter.error
        inbox = self._inbox(connection, inboxes, stream, head.epoch)
        if inbox is None:
            taken.refused += 1
            return
        self._hear(head)
        last = letter.message.last if letter.message else head.seq
        delivery.receive(inbox, delivery.Row(head.seq, last, len(payload), letter))

    def _inbox(
        self, connection: sqlite3.Connection, inboxes: dict[tuple[str, str], Inbox], stream: str, epoch: str
    ) -> Inbox | None:
        found = inboxes.get((stream, epoch))
        if found is None:
            others = connection.execute("SELECT DISTINCT stream FROM cursors WHERE stream <> ?", (stream,)).fetchall()
            if len(others) >= MOST_STREAMS or len(inboxes) >= MOST_STREAMS:
                return None
            found = inboxes[stream, epoch] = Inbox(connection, stream, epoch, self._effect)
        return found

    def _passing(
        self,
        connection: sqlite3.Connection,
        inboxes: dict[tuple[str, str], Inbox],
        stream: str,
        payload: bytes,
        taken: Taken,
    ) -> None:
        message = envelope.decode("down", stream, payload)
        self._hear(message.head)
        match message.body:
            case Receipt(cursors):
                taken.receipts += cursors
            case Opening(streams):
                taken.opened = True
                for row in streams:
                    inbox = self._inbox(connection, inboxes, row.stream, row.epoch)
                    if inbox is not None:
                        taken.older |= row.next <= inbox.cursor
                        taken.lost += delivery.opened(inbox, row.first)
            case Watched():
                taken.watched = message.body

    def _hear(self, head: Head) -> None:
        if head.clock == "set":
            self._clock.hear(head.at)
