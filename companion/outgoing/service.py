"""Sending to boxes: a numbered row in the caller's transaction, which goes when the box has receipted it.

What a box that is away is to know must not grow for ever: of what only the last matters the last is kept (`key`), and
where that is not enough the stream lapses: its rows go, and the box is told the present state when it comes back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from companion.boxes import service as boxes
from companion.database import database, new_id, now
from companion.errors import Conflict
from companion.outgoing import nudges
from companion.outgoing.models import OutgoingRow, OutgoingStream
from device.contracts import envelope, kinds
from device.contracts.clock import Stamp
from device.contracts.receipts import Cursor, Skipped

AT_ONCE = 500  # rows of one statement
Welcome = Callable[[str, str], None]
_STREAMS = {kind.body: kind.stream for kind in kinds.KINDS if "down" in kind.ways}
_welcomes: dict[str, list[Welcome]] = {}


@dataclass(frozen=True, slots=True)
class Policy:
    """What may wait for one box. bytes: the most; lapses: beyond that all of it goes, else nothing more is taken."""

    bytes: int
    lapses: bool = True


POLICIES = {
    "releases": Policy(1 << 20),
    "earnings": Policy(1 << 20),
    "documents": Policy(16 << 20),
    "commands": Policy(256 << 10, lapses=False),
    "configuration": Policy(1 << 20),
    "notices": Policy(256 << 10),
    "files": Policy(4 << 20),
}


def on_welcome(stream: str, tell: Welcome) -> None:
    """Let a domain tell a box all that it should know, by `tell(box, owner)`, when it has nothing of that stream.

    Several may share a stream.
    """
    if stream not in POLICIES:
        raise ValueError(f"nothing is sent down in the stream {stream}")
    _welcomes.setdefault(stream, []).append(tell)


def send(box: str, body: Any, key: str = "", expires: int | None = None) -> bool:
    """Write a message to a box down, in the caller's transaction; it is on its way within milliseconds of the commit.

    key: rows of the same key that the box has not got are out of date and go. expires: when it is too late (ms since
    1970). False when the box is nobody's. Conflict when too much waits for it; Malformed for a body beyond its limits.
    """
    return _send(box, _STREAMS[type(body)], [(body, key)], expires)


def send_all(box: str, told: Sequence[tuple[Any, str]]) -> bool:
    """Write messages of one stream down, each with its key, as `send` does: 0.1 ms each, where it takes 1 ms."""
    return not told or _send(box, _STREAMS[type(told[0][0])], told)


def _send(box: str, stream: str, told: Sequence[tuple[Any, str]], expires: int | None = None) -> bool:
    with database.atomic():
        owner = boxes.owners([box]).get(box)
        if owner is None:
            return False
        row = _numbering(box, stream, owner)
        if row.lapsed:
            return True
        _outdate(row, [key for _, key in told if key])
        fresh: list[dict[str, Any]] = []
        policy, full = POLICIES[stream], False
        for body, key in told:
            payload = _encode(row, body, row.next)
            if row.bytes + len(payload) > policy.bytes:
                if not policy.lapses:
                    raise Conflict("this box is away and too much waits for it; try again when it is back")
                full = True
                break
            numbers = {"stream": row.id, "first": row.next, "last": row.next, "size": len(payload)}
            fresh.append(numbers | {"payload": payload, "key": key, "expires": expires})
            row.next += 1
            row.bytes += len(payload)
        for some in peewee.chunked(fresh, AT_ONCE):
            OutgoingRow.insert_many(some).execute()
        if full:
            _lapse(row)
        _save(row)
        nudges.nudge(box)
        return True


def _outdate(row: OutgoingStream, keys: list[str]) -> None:
    """Let a skip stand for each row of these keys."""
    for some in peewee.chunked(keys, AT_ONCE):
        outdated = (OutgoingRow.stream == row.id) & OutgoingRow.key.in_(some) & ~OutgoingRow.skip
        for one in list(OutgoingRow.select().where(outdated).order_by(OutgoingRow.first)):
            _skip(row, one)


def _numbering(box: str, stream: str, owner: str) -> OutgoingStream:
    """The stream's row, held until the transaction ends; begun anew when the box has another owner."""
    here = (OutgoingStream.box == box) & (OutgoingStream.stream == stream)
    if not OutgoingStream.update(next=OutgoingStream.next).where(here).execute():
        fresh = {"box": box, "stream": stream, "owner": owner, "epoch": new_id()}
        OutgoingStream.insert(**fresh).on_conflict_ignore().execute()
        OutgoingStream.update(next=OutgoingStream.next).where(here).execute()
    row: OutgoingStream = OutgoingStream.get(here)
    if row.owner != owner:
        _begin_anew(row)
        row.owner = owner
    return row


def _begin_anew(row: OutgoingStream) -> None:
    OutgoingRow.delete().where(OutgoingRow.stream == row.id).execute()
    row.epoch, row.next, row.bytes, row.lapsed = new_id(), 1, 0, False


def _save(row: OutgoingStream) -> None:
    row.save(only=[name for name in row.__data__ if name not in ("id", "box", "stream")])


def _stamp(row: OutgoingStream) -> Stamp:
    at = now()
    if at > row.stamp_ms:
        row.stamp_ms, row.stamp_count = at, 0
    else:
        row.stamp_count += 1
    return Stamp(row.stamp_ms, row.stamp_count)


def _encode(row: OutgoingStream, body: Any, number: int) -> bytes:
    return envelope.encode("down", envelope.compose(body, new_id(), row.stream, row.epoch, number, _stamp(row), "set"))


def _put(row: OutgoingStream, first: int, last: int, payload: bytes, **more: Any) -> None:
    size = len(payload)
    OutgoingRow.create(stream=row.id, first=first, last=last, size=size, payload=payload, **more)
    row.bytes += size


def _drop(row: OutgoingStream, gone: list[OutgoingRow]) -> None:
    OutgoingRow.delete().where(OutgoingRow.id.in_([one.id for one in gone])).execute()
    row.bytes -= sum(one.size for one in gone)


def _skip(row: OutgoingStream, gone: OutgoingRow) -> None:
    """Let a skip stand for a row, together with the skips beside it."""
    here = OutgoingRow.stream == row.id
    beside = (OutgoingRow.last == gone.first - 1) | (OutgoingRow.first == gone.last + 1)
    together = [gone, *OutgoingRow.select().where(here & OutgoingRow.skip & beside)]
    first, last = min(one.first for one in together), max(one.last for one in together)
    _drop(row, together)
    _put(row, first, last, _encode(row, Skipped(last), first), skip=True)


def _lapse(row: OutgoingStream) -> None:
    """Give up all that waits; nothing more is written until the box is there."""
    row.lapsed = True
    _skip_all(row)


def _skip_all(row: OutgoingStream) -> None:
    """Let one skip stand for all rows."""
    rows = list(OutgoingRow.select().where(OutgoingRow.stream == row.id).order_by(OutgoingRow.first))
    if rows:
        _drop(row, rows)
        _put(row, rows[0].first, row.next - 1, _encode(row, Skipped(row.next - 1), rows[0].first), skip=True)


def expire(stream: int) -> None:
    """Let a skip stand for what is too late."""
    with database.atomic():
        row = OutgoingStream.get_or_none(OutgoingStream.id == stream)
        if row is None:
            return
        row = _numbering(row.box, row.stream, row.owner)
        late = (OutgoingRow.stream == row.id) & ~OutgoingRow.skip & (OutgoingRow.expires < now())
        for one in list(OutgoingRow.select().where(late).order_by(OutgoingRow.first)):
            _skip(row, one)
        _save(row)


def hear(box: str, owner: str, cursors: Iterable[Cursor]) -> None:
    """A box receipted rows, in the caller's transaction: they go. Raises nothing for receipts of other numberings."""
    beyond = False
    for cursor in sorted(cursors, key=lambda one: one.stream):
        if cursor.stream not in POLICIES:
            continue
        row = _numbering(box, cursor.stream, owner)
        if row.epoch != cursor.epoch:
            continue
        if cursor.upto >= row.next:  # it has more than we know of: this database was restored from a backup
            _begin_anew(row)
            _save(row)
            beyond = True
            continue
        done = (OutgoingRow.stream == row.id) & (OutgoingRow.last <= cursor.upto)
        freed = OutgoingRow.select(peewee.fn.SUM(OutgoingRow.size)).where(done).scalar()
        if freed:
            OutgoingRow.delete().where(done).execute()
            row.bytes -= int(freed)
            _save(row)
            nudges.nudge(box)
    if beyond:
        welcome(box, owner)


def welcome(box: str, owner: str) -> None:
    """Tell a box that has nothing all that it should know, in the caller's transaction."""
    for stream in POLICIES:
        row = _numbering(box, stream, owner)
        row.lapsed = False
        if stream in _welcomes:
            _skip_all(row)
        _save(row)
    for stream in sorted(_welcomes):
        _tell(stream, box, owner)


def _tell(stream: str, box: str, owner: str) -> None:
    for tell in _welcomes.get(stream, ()):
        tell(box, owner)


def back(box: str, owner: str) -> None:
    """A box is there again, in the caller's transaction: what lapsed while it was away is told anew."""
    lapsed = [row.stream for row in OutgoingStream.select().where((OutgoingStream.box == box) & OutgoingStream.lapsed)]
    for stream in lapsed:
        row = _numbering(box, stream, owner)
        row.lapsed = False
        _save(row)
        _tell(stream, box, owner)


def waiting(box: str) -> int:
    """How many messages a box has not receipted."""
    query = OutgoingRow.select(peewee.fn.COUNT(OutgoingRow.id)).join(OutgoingStream)
    return int(query.where((OutgoingStream.box == box) & ~OutgoingRow.skip).scalar() or 0)


def drop(box: str, owner: str) -> None:
    """Drop what waits for a box that is no longer somebody's, in the caller's transaction."""
    OutgoingStream.delete().where((OutgoingStream.box == box) & (OutgoingStream.owner == owner)).execute()


def erase(user: str) -> None:
    """Drop what waits for the boxes of somebody who is erased."""
    OutgoingStream.delete().where(OutgoingStream.owner == user).execute()


boxes.on_parting(drop)
