"""One numbering of one box's stream in the database, as `contracts.delivery` wants it, for the length of a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import peewee

from companion.database import Compiled, database, now
from companion.ingest.models import HeldMessage, IngestCursor
from device.contracts.delivery import EPOCHS, HOLD_BYTES, Row
from device.contracts.envelope import Message
from device.contracts.errors import ContractError

Key = tuple[str, str, str]  # box, stream, epoch
_CURSOR = Compiled(
    lambda box, stream, epoch: IngestCursor.select(IngestCursor.id, IngestCursor.upto, IngestCursor.greeted).where(
        (IngestCursor.box == box) & (IngestCursor.stream == stream) & (IngestCursor.epoch == epoch)
    )
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What came: bytes on a topic of a box, and the message or the error that they are. came: ms since 1970."""

    box: str
    stream: str
    payload: bytes
    came: int
    found: Message | ContractError

    @property
    def epoch(self) -> str:
        """Of its numbering or, without a number, of its connection; empty when it cannot be read."""
        return self.found.head.epoch if self.found.head else ""

    @property
    def row(self) -> Row["Parcel"]:
        """As a numbered row. Only for one whose head could be read."""
        head = self.found.head
        assert head is not None
        last = self.found.last if isinstance(self.found, Message) else head.seq
        return Row(head.seq, last, len(self.payload), self)


class Numbering:
    """The Inbox of a numbering. `number` is its row's; `greeted`: whether its box was told what it should know.

    apply: lets a message take effect; reopen: makes a parcel of a held payload.
    """

    def __init__(
        self,
        key: Key,
        apply: Callable[[Parcel], None],
        reopen: Callable[[str, str, bytes], Parcel],
        held_bytes: dict[str, int],
    ):
        self.box, self.stream, self.epoch = key
        self._apply, self._reopen, self._held_bytes = apply, reopen, held_bytes
        self.number, self.cursor, self.greeted = self._lock() or self._begin()
        self._stored = self.cursor, self.greeted
        self._first: int | None = None  # of the first held row; -1 when there is none; None when it is not known

    def _lock(self) -> tuple[int, int, bool] | None:
        """The row, which no other consumer changes until the transaction ends."""
        if isinstance(database.obj, peewee.SqliteDatabase):  # its transactions exclude each other
            row = _CURSOR.one(self.box, self.stream, self.epoch)
            return (int(row[0]), int(row[1]), bool(row[2])) if row else None
        of_stream = (IngestCursor.box == self.box) & (IngestCursor.stream == self.stream)
        found = IngestCursor.select().where(of_stream & (IngestCursor.epoch == self.epoch)).for_update().first()
        return (int(found.id), int(found.upto), bool(found.greeted)) if found else None

    def _begin(self) -> tuple[int, int, bool]:
        fresh = {"box": self.box, "stream": self.stream, "epoch": self.epoch}
        IngestCursor.insert(**fresh, moved=now()).on_conflict_ignore().execute()
        of_stream = (IngestCursor.box == self.box) & (IngestCursor.stream == self.stream)
        latest = (IngestCursor.moved.desc(), IngestCursor.id.desc())
        rows = IngestCursor.select(IngestCursor.id).where(of_stream).order_by(*latest)
        old = [row.id for row in rows][EPOCHS:]
        if old:
            IngestCursor.delete().where(IngestCursor.id.in_(old)).execute()
        found = self._lock()
        assert found is not None
        return found

    def box_greeted(self) -> bool:
        """Whether the box was ever told what it should know."""
        return bool(IngestCursor.select().where((IngestCursor.box == self.box) & IngestCursor.greeted).exists())

    def apply(self, what: Parcel) -> None:
        """Let it take effect, or keep it as a dead letter."""
        self._apply(what)

    def room(self) -> int:
        """Bytes that can still be held of this box."""
        if self.box not in self._held_bytes:
            total = HeldMessage.select(peewee.fn.SUM(HeldMessage.size)).where(HeldMessage.box == self.box).scalar()
            self._held_bytes[self.box] = int(total or 0)
        return HOLD_BYTES - self._held_bytes[self.box]

    def hold(self, row: Row[Parcel]) -> None:
        """Keep a row that came too early."""
        room = self.room()
        kept = {"cursor": self.number, "box": self.box, "first": row.first, "last": row.last, "size": row.size}
        made = HeldMessage.insert(payload=row.what.payload, **kept).on_conflict_ignore().as_rowcount().execute()
        if made:
            self._held_bytes[self.box] = HOLD_BYTES - room + row.size
        self._first = None

    def held(self) -> Row[Parcel] | None:
        """The held row that begins first."""
        if self._first == -1 or (self._first is not None and self._first > self.cursor + 1):
            return None  # as good as none: it cannot follow yet
        found: Any = HeldMessage.select().where(HeldMessage.cursor == self.number).order_by(HeldMessage.first).first()
        if found is None:
            self._first = -1
            return None
        self._first = found.first
        what = self._reopen(self.box, self.stream, bytes(found.payload))
        return Row(int(found.first), int(found.last), int(found.size), what)

    def release(self, row: Row[Parcel]) -> None:
        """Hold it no longer."""
        HeldMessage.delete().where((HeldMessage.cursor == self.number) & (HeldMessage.first == row.first)).execute()
        if self.box in self._held_bytes:
            self._held_bytes[self.box] -= row.size
        self._first = None

    def store(self) -> None:
        """Write the cursor down, at the end of the batch."""
        if (self.cursor, self.greeted) != self._stored:
            changed = {"upto": self.cursor, "greeted": self.greeted, "moved": now()}
            IngestCursor.update(**changed).where(IngestCursor.id == self.number).execute()
            self._stored = self.cursor, self.greeted
