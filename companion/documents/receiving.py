"""What boxes say of documents: updates, in parts where they are long, what they have, and that one is gone."""

from typing import Any

from companion.documents import service, store
from companion.documents.models import Document, DocumentPart
from companion.errors import Forbidden, Invalid, NotFound
from companion.ingest import registry
from companion.ingest.registry import Letter
from companion.outgoing import service as outgoing
from device.contracts import documents
from device.contracts.documents import Gone, State, Update
from device.contracts.errors import Malformed
from device.contracts.updates import EMPTY, Missing

MOST_WELCOMED = 2000  # documents that a box is asked about: those that changed last


def _updated(letter: Letter) -> None:
    body: Update = letter.body
    update = body.update if body.parts == 1 else _joined(letter.box, body)
    if update is None:
        return
    row = _row(letter, body.document, body.of)
    if row is None:
        return
    try:
        store.merge(row, update, letter.box, letter.box)
    except Missing:  # one of us has forgotten something
        store.ask(letter.box, row)


def _row(letter: Letter, number: str, of: str) -> Document | None:
    """The document, locked; begun when the box has made it. None for one that is gone, which the box is told."""
    found = Document.get_or_none(Document.id == number)
    if found is None:
        return service.begun(letter.owner, number, of)
    if found.owner_id != letter.owner:
        raise Forbidden("this document is another's")
    try:
        return store.held(number)
    except NotFound:
        outgoing.send(letter.box, Gone(number), key=f"gone {number}")
        return None


def _joined(box: str, body: Update) -> bytes | None:
    """The whole update once its last part is here. Parts of one follow each other."""
    mine = DocumentPart.box == box
    if body.part == 1:
        DocumentPart.delete().where(mine).execute()
    fields = {"document": body.document, "part": body.part, "parts": body.parts, "payload": body.update}
    DocumentPart.insert(box=box, **fields).on_conflict_ignore().execute()
    if body.part < body.parts:
        return None
    found = list(DocumentPart.select().where(mine).order_by(DocumentPart.part))
    DocumentPart.delete().where(mine).execute()
    try:
        return documents.join(Update(one.document, body.of, bytes(one.payload), one.part, one.parts) for one in found)
    except Malformed as exc:
        raise Invalid(f"the update {exc.reason}") from exc


def _asked(letter: Letter) -> None:
    """A box says what it has: it gets what it lacks, and is asked for what is lacking here."""
    body: State = letter.body
    row = _row(letter, body.document, body.of)
    if row is None:
        return
    try:
        update, behind = store.compared(row, body.vector)
    except Malformed as exc:
        raise Invalid(f"the state {exc.reason}") from exc
    if update != EMPTY:
        store.send(letter.box, row, update)
    if behind:
        store.ask(letter.box, row)


def _gone(letter: Letter) -> None:
    body: Gone = letter.body
    try:
        service.delete(letter.owner, body.document, by=letter.box)
    except NotFound:
        return  # it was deleted here, too


def welcome(box: str, owner: str) -> None:
    """Say to a box what is here, so that it tells what is lacking and asks for what it lacks."""
    query: Any = Document.select().where(Document.owner == owner).order_by(Document.changed.desc())
    told: list[tuple[Any, str]] = []
    for row in reversed(list(query.limit(MOST_WELCOMED))):
        told.append(store.said(row) if row.deleted is None else (Gone(row.id), f"gone {row.id}"))
    outgoing.send_all(box, told)


def install() -> None:
    """Before the first message."""
    registry.register("document.update", _updated)
    registry.register("document.state", _asked)
    registry.register("document.gone", _gone)


outgoing.on_welcome("documents", welcome)
