"""A user's documents: listed, read, made, edited, deleted; and what rooms do with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.database import database, new_id, now
from companion.documents import store
from companion.documents.models import Document, DocumentPart, DocumentUpdate
from companion.errors import Conflict, NotFound
from companion.outgoing import service as outgoing
from companion.web import paging
from device.contracts.documents import Gone
from device.documents import LONGEST_NOTES, MOST_TRACKS, Content, Entry, Row

MOST_DOCUMENTS = 20_000
SORTS: dict[str, tuple[Any, type, bool]] = {
    "changed": (Document.changed, int, True),
    "title": (Document.title, str, False),
}
Right = Literal["", "read", "edit"]


def right(user: str, number: str) -> Right:
    """What somebody may do with a document; nothing where it is not theirs, or gone."""
    here = (Document.id == number) & (Document.owner == user) & Document.deleted.is_null()
    return "edit" if Document.select().where(here).exists() else ""


def _mine(user: str) -> Any:
    return (Document.owner == user) & Document.deleted.is_null()


def _find(user: str, number: str) -> Document:
    found: Document | None = Document.get_or_none((Document.id == number) & _mine(user))
    if found is None:
        raise NotFound("there is no such document")
    return found


def _locked(user: str, number: str) -> Document:
    _find(user, number)
    return store.held(number)


def _shown(row: Document) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "of", "title", "count", "created", "changed")}


def listed(
    user: str, of: str = "", search: str = "", sort: str = "changed", after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """A page of a user's documents, and the next cursor. search: words, each of which is in the title."""
    query = Document.select().where(_mine(user))
    if of:
        query = query.where(Document.of == of)
    for word in search.split():
        query = query.where(Document.title.contains(word))
    column, kind, largest_first = SORTS[sort]
    found, following = paging.by(query, {column: kind, Document.id: str}, after, limit, largest_first)
    return [_shown(row) for row in found], following


def content(user: str, number: str) -> dict[str, Any]:
    """A document with what is in it: `about`, `tracks`, `notes`. NotFound."""
    row = _find(user, number)
    held = store.opened(number)
    found = held.content
    told = {
        "about": found.about(),
        "tracks": [asdict(entry) for entry in found.entries()],
        "notes": found.notes,
    }
    store.keep(number, held)
    return _shown(row) | told


def create(user: str, title: str, tracks: Sequence[Entry] = (), notes: str = "", of: str = "playlist") -> str:
    """Make a document; returns its id. Conflict when there are too many."""

    def begin(made: Content) -> None:
        made.call(title)
        made.write(notes)
        made.fill(tracks)

    with database.atomic():
        row = begun(user, new_id(), of)
        store.edit(row, begin, user)
        return str(row.id)


def begun(user: str, number: str, of: str) -> Document:
    """An empty document, locked. Conflict when there are too many."""
    if Document.select().where(_mine(user)).count() >= MOST_DOCUMENTS:
        raise Conflict(f"there are {MOST_DOCUMENTS:,} documents; delete some")
    Document.create(id=number, owner=user, of=of)
    return store.held(number)


def change(user: str, number: str, title: str | None = None, notes: str | None = None) -> dict[str, Any]:
    """Name a document, rewrite its notes. NotFound; FullError."""

    def edit(found: Content) -> None:
        if title is not None:
            found.call(title)
        if notes is not None:
            found.write(notes[:LONGEST_NOTES])

    with database.atomic():
        store.edit(_locked(user, number), edit, user)
        return content(user, number)


def add(user: str, number: str, tracks: Sequence[Entry], at: int | None = None) -> dict[str, Any]:
    """Put tracks into a document, at place `at` or at the end. NotFound; Conflict when they are too many; FullError."""

    def edit(found: Content) -> None:
        if found.count + len(tracks) > MOST_TRACKS:
            raise Conflict(f"a document has at most {MOST_TRACKS:,} tracks")
        found.fill(tracks, at)

    with database.atomic():
        store.edit(_locked(user, number), edit, user)
        return content(user, number)


def rearrange(user: str, number: str, entry: str, at: int | None = None, note: str | None = None) -> dict[str, Any]:
    """Move an entry to place `at`, write a note to it. NotFound."""

    def edit(found: Content) -> None:
        if at is not None:
            found.move(entry, at)
        if note is not None:
            found.note(entry, note)

    with database.atomic():
        row = _locked(user, number)
        try:
            store.edit(row, edit, user)
        except KeyError as exc:
            raise NotFound("there is no such track in this document") from exc
        return content(user, number)


def remove(user: str, number: str, entry: str) -> None:
    """Take an entry out of a document. NotFound."""
    with database.atomic():
        row = _locked(user, number)
        try:
            store.edit(row, lambda found: found.remove(entry), user)
        except KeyError as exc:
            raise NotFound("there is no such track in this document") from exc


def delete(user: str, number: str, by: str = "") -> None:
    """Delete a document; its boxes are told, all but `by`. NotFound."""
    with database.atomic():
        row = _locked(user, number)
        row.deleted = now()
        row.save(only=["deleted"])
        DocumentUpdate.delete().where(DocumentUpdate.document == row.id).execute()
        for box in boxes.of(user):
            if box != by:
                outgoing.send(box, Gone(row.id))
        audit.record("document.deleted", user, row.id)
        store.tell(row, "deleted")


def read(number: str, since: int = 0) -> tuple[int, list[Row]]:
    """For a room: (checkpoint, the updates after a sequence). NotFound when it is gone."""
    row = Document.get_or_none((Document.id == number) & Document.deleted.is_null())
    if row is None:
        raise NotFound("there is no such document")
    return int(row.checkpoint), store.rows(number, since + 1)


def save(number: str, updates: Sequence[tuple[str, bytes]], told: store.About) -> int:
    """For a room: append updates, each with its user, that it found sound; returns the sequence of the last.

    told: of the document with them.

    NotFound when it is gone; FullError.
    """
    with database.atomic():
        row = store.held(number)
        for user, update in updates:
            store.append(row, update, user, told)
        return int(row.sequence)


def make_one(number: str, upto: int, whole: bytes) -> None:
    """For a room: one update stands for all up to a sequence, which it holds."""
    with database.atomic():
        store.checkpoint(store.held(number), upto, whole)


def changes(numbers: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """(when it was changed, when it was deleted) of each of these documents that there is, by id."""
    query: Any = Document.select(Document.id, Document.changed, Document.deleted)
    return {
        number: (changed, deleted) for number, changed, deleted in query.where(Document.id.in_([*numbers])).tuples()
    }


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All documents of somebody's."""
    for row in Document.select().where(_mine(user)).order_by(Document.id).iterator():
        yield content(user, row.id)


def erase(user: str) -> None:
    """Drop them."""
    Document.delete().where(Document.owner == user).execute()


def part(box: str, _owner: str) -> None:
    """A box is no longer somebody's: what has come of an update of its goes."""
    DocumentPart.delete().where(DocumentPart.box == box).execute()
