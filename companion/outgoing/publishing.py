"""Publishing what waits for boxes that are there: in order, a window's worth at a time, again after a silence.

One ingest process does it for all boxes; what it has in memory may be lost at any time.
"""

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import peewee

from companion.boxes import service as boxes
from companion.database import Compiled, database, new_id, now
from companion.outgoing import service
from companion.outgoing.models import OutgoingLease, OutgoingRow, OutgoingStream
from device.contracts import envelope
from device.contracts.clock import Stamp
from device.contracts.delivery import WINDOW, Window
from device.contracts.receipts import Numbering, Opening

Publish = Callable[[str, str, bytes], bool]
LEASE_MS = 10_000
LATE_ROWS = 500
_ONLY = 1
_STREAMS = Compiled(
    lambda box: (
        OutgoingStream.select(
            OutgoingStream.id, OutgoingStream.stream, OutgoingStream.owner, OutgoingStream.epoch, OutgoingStream.next
        )
        .where(OutgoingStream.box == box)
        .order_by(OutgoingStream.stream)
    )
)
_ROWS = Compiled(
    lambda stream, sent, most: (
        OutgoingRow.select(
            OutgoingRow.first, OutgoingRow.last, OutgoingRow.payload, OutgoingRow.expires, OutgoingRow.skip
        )
        .where((OutgoingRow.stream == stream) & (OutgoingRow.last > sent))
        .order_by(OutgoingRow.first)
        .limit(most)
    )
)
_FRESH = Compiled(
    lambda after: (
        OutgoingRow.select(OutgoingRow.id, OutgoingStream.box).join(OutgoingStream).where(OutgoingRow.id > after)
    )
)
_NEWEST = Compiled(lambda: OutgoingRow.select(peewee.fn.MAX(OutgoingRow.id)))
_FIRST = Compiled(
    lambda stream: OutgoingRow.select(peewee.fn.MIN(OutgoingRow.first)).where(OutgoingRow.stream == stream)
)


class Lease:
    """Whether this process is the one that publishes. With SQLite a lock in the folder says so, else a row."""

    def __init__(self, folder: Path):
        self._me, self._until = new_id(), 0.0
        self._path = folder / "ingest.lock"
        self._file: int | None = None

    def held(self) -> bool:
        """Take or keep it."""
        return self._locked() if isinstance(database.obj, peewee.SqliteDatabase) else self._leased()

    def _locked(self) -> bool:
        """By a lock, which the kernel takes back at once from a process that dies, and which writes nothing."""
        if self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            self._file = file
        return True

    def _leased(self) -> bool:
        """By a row, for processes on several machines; it is written every third of its time."""
        clock = time.monotonic()
        if clock < self._until - 2 * LEASE_MS / 3000:
            return True
        free = (
            (OutgoingLease.holder == self._me)
            | (OutgoingLease.until < now())
            | (OutgoingLease.until > now() + 2 * LEASE_MS)
        )
        with database.atomic():
            OutgoingLease.insert(id=_ONLY, holder=self._me, until=0).on_conflict_ignore().execute()
            taken = OutgoingLease.update(holder=self._me, until=now() + LEASE_MS).where(free).execute()
        self._until = clock + LEASE_MS / 1000 if taken else 0.0
        return bool(taken)

    def release(self) -> None:
        """Let another have it at once."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            return
        OutgoingLease.update(until=0).where(OutgoingLease.holder == self._me).execute()
        self._until = 0.0


@dataclass(slots=True)
class _Line:
    """One stream to one box, as it goes."""

    epoch: str
    window: Window
    opened: bool = False
    full: bool = False


@dataclass(slots=True)
class _Box:
    epoch: str  # of its connection
    greeted: bool = False
    lines: dict[str, _Line] = field(default_factory=dict)


class Publisher:
    """What is on its way to the boxes that are there. publish(box, stream, payload): False while there is no broker."""

    def __init__(self, publish: Publish):
        self._publish = publish
        self._boxes: dict[str, _Box] = {}
        self._epoch = new_id()  # of our connection
        self._last: int | None = None  # number of the newest row when it was looked
        self._seen: set[int] = set()

    def connect(self, box: str, epoch: str) -> bool:
        """A box is there, by a connection of this epoch. Whether that is new: then all goes again."""
        known = self._boxes.get(box)
        if known is not None and known.epoch == epoch:
            return False
        self._boxes[box] = _Box(epoch)
        return True

    def leave(self, box: str, epoch: str) -> None:
        """A connection ended: if it is the box's last, what is for it waits."""
        known = self._boxes.get(box)
        if known is not None and known.epoch == epoch:
            del self._boxes[box]

    def there(self) -> set[str]:
        """The boxes that are there."""
        return set(self._boxes)

    def fresh(self) -> set[str]:
        """Boxes that rows were written for since it was asked last; finds what no nudge told of.

        A row may be committed after one with a later number, so it looks a little further back than to the last.
        """
        first, newest = self._last is None, self._last or (_NEWEST.one() or (0,))[0] or 0
        rows = {int(number): str(box) for number, box in _FRESH.run(newest - LATE_ROWS)}
        found = {box for number, box in rows.items() if number not in self._seen and box in self._boxes}
        self._last, self._seen = max(rows, default=newest), set(rows)
        return self.there() if first else found

    def overdue(self, at: float) -> set[str]:
        """Boxes that said nothing for too long; what is on its way to them goes again."""
        found = set()
        for name, box in self._boxes.items():
            for line in box.lines.values():
                if line.window.overdue(at):
                    line.opened = False
                    found.add(name)
        return found

    def pump(self, box: str, at: float) -> int:
        """Publish what may go to a box now; returns how many messages. Waits for the database."""
        here = self._boxes.get(box)
        if here is None:
            return 0
        owner = boxes.owners([box]).get(box)
        if owner is None:
            self.leave(box, here.epoch)
            return 0
        sent = 0
        openings: list[Numbering] = []
        due: list[tuple[_Line, str, int, bytes]] = []
        for number, stream, whose, epoch, following in _STREAMS.run(box):
            if whose != owner:
                continue
            line = here.lines.get(stream)
            if line is None or line.epoch != epoch:
                line = here.lines[stream] = _Line(epoch, Window(0))
            first = self._first(number, following)
            line.window.hear(first - 1, following - 1, at)
            if not line.opened:
                line.opened = True
                openings.append(Numbering(stream, epoch, first, following))
            self._gather(line, stream, number, due)
        if openings or not here.greeted:  # it hears that we are there, even if there is nothing to send
            here.greeted = True
            sent += self._send_opening(box, openings)
        for line, stream, last, payload in due:
            if line.window.fits(len(payload)) and not line.full and self._publish(box, stream, payload):
                line.window.put(last, len(payload), at)
                sent += 1
            else:
                line.full = True  # nothing overtakes it
        for line in here.lines.values():
            line.full = False
        return sent

    @staticmethod
    def _first(number: int, following: int) -> int:
        row = _FIRST.one(number)
        return following if row is None or row[0] is None else int(row[0])

    @staticmethod
    def _gather(line: _Line, stream: str, number: int, due: list[tuple[_Line, str, int, bytes]]) -> None:
        """What of a stream may fit into its window."""
        room = WINDOW - line.window.on_the_way
        if room <= 0:
            return
        rows = _ROWS.run(number, line.window.sent, room)
        if any(expires is not None and expires < now() and not skip for *_, expires, skip in rows):
            service.expire(number)
            rows = _ROWS.run(number, line.window.sent, room)
        due += [(line, stream, last, bytes(payload)) for _, last, payload, *_ in rows]

    def _send_opening(self, box: str, openings: list[Numbering]) -> int:
        message = envelope.compose(
            Opening(tuple(openings)), new_id(), "receipts", self._epoch, 0, Stamp(now(), 0), "set"
        )
        return int(self._publish(box, "receipts", envelope.encode("down", message)))
