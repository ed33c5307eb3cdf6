"""Documents as rows: each update is appended, told to boxes and pages, and now and then all are made one.

Contents that were read are kept in memory for the next update; the rows decide whether they still hold.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from companion.boxes import service as boxes
from companion.database import now
from companion.documents.models import Document, DocumentUpdate
from companion.errors import Conflict, Invalid, NotFound
from companion.events import service as events
from companion.outgoing import service as outgoing
from device.contracts import documents, updates
from device.contracts.errors import Malformed
from device.contracts.updates import EMPTY, MOST_BYTES
from device.documents import Content, Held, Row, beyond, built, join, state_of

CHECKPOINT = 500  # updates that are made one
MOST_KEPT = 32  # contents in memory
MOST_KEPT_BYTES = 32 << 20  # of all that are kept there
Follower = Callable[[Document], None]


class FullError(Conflict):
    """A document has as much as it can have."""


@dataclass(frozen=True, slots=True)
class About:
    """What a document's row says of its content."""

    title: str
    count: int
    state: bytes


def about(content: Content) -> About:
    """What a content says of itself."""
    return About(content.title, content.count, content.state)


_kept: OrderedDict[str, Held] = OrderedDict()
_followers: dict[str, Follower] = {}  # by the kind of a document
_lock = Lock()


def rows(number: str, since: int = 0) -> list[Row]:
    """The updates of a document from a sequence on, in order."""
    wanted = (DocumentUpdate.document == number) & (DocumentUpdate.sequence >= since)
    query: Any = DocumentUpdate.select(DocumentUpdate.sequence, DocumentUpdate.payload).where(wanted)
    return [(int(sequence), bytes(payload)) for sequence, payload in query.order_by(DocumentUpdate.sequence).tuples()]


def opened(number: str) -> Held:
    """A document's content as its rows have it, for this thread until it is put back with `keep`."""
    with _lock:
        held = _kept.pop(number, None)
    if held is not None and held.follow(rows(number, held.sequence)):
        return held
    return built(rows(number))


def keep(number: str, held: Held) -> None:
    """Have it at hand for the next update."""
    if held.content.spoiled:
        return
    with _lock:
        _kept[number] = held
        _kept.move_to_end(number)
        while len(_kept) > MOST_KEPT or sum(one.size for one in _kept.values()) > MOST_KEPT_BYTES:
            _kept.popitem(last=False)


def held(number: str) -> Document:
    """A document's row, locked until the transaction ends. NotFound for one that is not, or no longer, there."""
    Document.update(sequence=Document.sequence).where(Document.id == number).execute()
    row: Document | None = Document.get_or_none((Document.id == number) & Document.deleted.is_null())
    if row is None:
        raise NotFound("there is no such document")
    return row


def merge(row: Document, update: bytes, by: str, box: str = "") -> bool:
    """Let an update of anybody's have its effect; whether it had one. `row` is locked.

    box: where it comes from, which is not told. Invalid for one that is not sound; Missing when it builds on what is
    not here; FullError.
    """
    found = opened(row.id)
    try:
        fresh = found.content.merge(update)
    except Malformed as exc:
        raise Invalid(f"the update {exc.reason}") from exc
    if fresh:
        _appended(row, found, fresh, by, box)
    keep(row.id, found)
    return bool(fresh)


def edit(row: Document, change: Callable[[Content], None], by: str) -> bool:
    """Edit a document here; whether that changed anything. `row` is locked. What `change` raises passes; FullError."""
    found = opened(row.id)
    fresh = found.content.edit(lambda: change(found.content))
    if fresh:
        _appended(row, found, fresh, by)
    keep(row.id, found)
    return bool(fresh)


def _appended(row: Document, found: Held, fresh: bytes, by: str, box: str = "") -> None:
    content = found.content
    if row.bytes + len(fresh) > MOST_BYTES:
        checkpoint(row, found.sequence, content.lacking())
    append(row, fresh, by, about(content), box)
    found.note(row.sequence, fresh)
    if row.sequence - row.checkpoint >= CHECKPOINT:
        whole = content.lacking()
        checkpoint(row, row.sequence, whole)
        found.size = 0
        found.note(row.sequence, whole)


def append(row: Document, update: bytes, by: str, told: About, box: str = "") -> None:
    """Add an update that is known to be sound, after which this is told of the document. `row` is locked."""
    if row.bytes + len(update) > MOST_BYTES:
        raise FullError("this document is full; begin another one")
    row.sequence += 1
    row.bytes += len(update)
    row.title, row.count, row.state, row.changed = told.title, told.count, told.state, now()
    DocumentUpdate.create(document=row.id, sequence=row.sequence, by=by, payload=update)
    row.save(only=["sequence", "bytes", "title", "count", "state", "changed"])
    for other in boxes.of(row.owner_id):
        if other != box:
            send(other, row, update)
    tell(row, "changed")


def checkpoint(row: Document, upto: int, whole: bytes) -> None:
    """Let one update stand for all up to a sequence, which it holds. `row` is locked. FullError."""
    if upto <= row.checkpoint:
        return
    if len(whole) > MOST_BYTES:  # runs that were cut in two take more than the updates did; nobody could read it
        raise FullError("this document is full; begin another one")
    mine = DocumentUpdate.document == row.id
    DocumentUpdate.update(payload=whole).where(mine & (DocumentUpdate.sequence == upto)).execute()
    DocumentUpdate.delete().where(mine & (DocumentUpdate.sequence < upto)).execute()
    later = rows(row.id, upto + 1)
    row.checkpoint, row.bytes = upto, len(whole) + sum(len(update) for _, update in later)
    row.save(only=["checkpoint", "bytes"])


def send(box: str, row: Document, update: bytes) -> None:
    """Put an update on its way to a box."""
    for part in documents.split(row.id, kind(row), update):
        outgoing.send(box, part)


def state(row: Document) -> bytes:
    """What a document has, as a state vector, or a little less. It is read where it is not known."""
    if row.state is None:
        found = opened(row.id)
        keep(row.id, found)
        row.state = found.content.state
        Document.update(state=row.state).where(Document.id == row.id).execute()
    return bytes(row.state)


def said(row: Document) -> tuple[documents.State, str]:
    """What is here, for a box, with the key that it is sent under."""
    return documents.State(row.id, kind(row), state(row)), f"state {row.id}"


def ask(box: str, row: Document) -> None:
    """Say to a box what is here, so that it sends what is lacking and asks for what it lacks."""
    body, key = said(row)
    outgoing.send(box, body, key=key)


def compared(row: Document, vector: bytes) -> tuple[bytes, bool]:
    """(what whoever says this state vector lacks, whether they have what is not here). Malformed for what is none.

    Measured: to read a document of 2 MB takes 2 s, to put its updates together and to cut what is known off 0.07 s.
    """
    theirs = updates.ends(vector)
    whole = [update for _, update in rows(row.id)]
    together = join(whole) if whole else EMPTY
    here = updates.ends(state_of(together))
    if row.state is None or here != updates.ends(state(row)):  # some of it is left out, or was not told here yet
        found = opened(row.id)
        keep(row.id, found)
        return found.content.lacking(vector), found.content.lacks(vector)
    behind = any(end > here.get(client, 0) for client, end in theirs.items())
    return beyond(together, vector), behind


def kind(row: Document) -> documents.Kind:
    """Which kind of document it is."""
    return "set" if row.of == "set" else "playlist"


def tell(row: Document, what: str) -> None:
    """Tell the pages of its owner, and the rooms in which it is open."""
    body = {"id": row.id, "of": row.of, "title": row.title, "what": what, "sequence": row.sequence}
    events.publish(row.owner_id, "document", body)
    if what == "changed" and row.of in _followers:
        _followers[row.of](row)


def followed(of: str, follower: Follower) -> None:
    """Have a function called with each document of a kind that changed, in the transaction of the change."""
    _followers[of] = follower
