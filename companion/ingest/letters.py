"""Dead letters: messages that could have no effect. An administrator sees, mends and replays or discards them."""

import hashlib
import logging
from typing import Any

import peewee

from companion import elapsed
from companion.audit import service as audit
from companion.database import database, now
from companion.errors import Conflict, Invalid, NotFound, Problem
from companion.ingest import registry
from companion.ingest.models import STATES, DeadLetter
from companion.ingest.numbering import Parcel
from companion.ingest.registry import Letter, Told
from companion.jobs.service import PASSING
from companion.web import paging
from device.contracts import envelope
from device.contracts.errors import ContractError
from device.contracts.receipts import Skipped

log = logging.getLogger(__name__)
MOST = 1000  # of one box that are not settled; beyond that its streams wait
STRANGE = 20  # of one box that have no number: they are somebody's try, and nothing waits for them
KEEP_MS = 90 * 24 * 3600 * 1000
OPEN = ("open", "later")


class FullError(Exception):
    """A box has so many dead letters that it must wait for an administrator."""


def keep(parcel: Parcel, owner: str, reason: str, later: bool = False) -> None:
    """Keep a message that has no effect, in the caller's transaction. FullError when the box has too many."""
    if _open(parcel.box) >= MOST:
        raise FullError
    head = parcel.found.head
    assert head is not None
    DeadLetter.create(
        box=parcel.box, owner=owner, stream=parcel.stream, epoch=head.epoch, seq=head.seq, kind=head.kind, kv=head.kv,
        payload=parcel.payload, reason=reason[:500], state="later" if later else "open", came=parcel.came,
    )  # fmt: skip


def strange(parcel: Parcel, owner: str, error: ContractError) -> None:
    """Keep a few of what is no message at all, each once."""
    same = hashlib.sha256(parcel.payload).hexdigest()[:26]
    present = (DeadLetter.box == parcel.box) & (DeadLetter.seq == 0) & DeadLetter.state.in_(OPEN)
    if DeadLetter.select().where(present).count() >= STRANGE:
        return
    DeadLetter.insert(
        id=f"x{same[1:]}", box=parcel.box, owner=owner, stream=parcel.stream, payload=parcel.payload,
        reason=str(error)[:500], came=parcel.came,
    ).on_conflict_ignore().execute()  # fmt: skip


def _open(box: str) -> int:
    return int(DeadLetter.select().where((DeadLetter.box == box) & DeadLetter.state.in_(OPEN)).count())


def listed(state: str = "", box: str = "", after: str = "", limit: int = 50) -> tuple[list[dict[str, Any]], str]:
    """A page of dead letters, newest first, and the next cursor. Invalid for a state that there is none of."""
    if state and state not in STATES:
        raise Invalid(f"a dead letter is {', '.join(STATES[:-1])} or {STATES[-1]}")
    query = DeadLetter.select()
    if state:
        query = query.where(DeadLetter.state == state)
    if box:
        query = query.where(DeadLetter.box == box)
    rows, following = paging.newest(query, DeadLetter.id, after, limit)
    return [shown(row) for row in rows], following


def find(number: str) -> DeadLetter:
    """One. NotFound."""
    found: DeadLetter | None = DeadLetter.get_or_none(DeadLetter.id == number)
    if found is None:
        raise NotFound("there is no such dead letter")
    return found


def shown(row: DeadLetter) -> dict[str, Any]:
    """As an administrator sees it. `text`: what would be replayed; bytes that are no text are shown as ``�``."""
    names = ("id", "box", "stream", "epoch", "seq", "kind", "kv", "reason", "state", "came", "settled")
    text = bytes(row.mended or row.payload).decode(errors="replace")
    return {name: getattr(row, name) for name in names} | {
        "owner": row.owner_id, "text": text, "mended": bool(row.mended)
    }  # fmt: skip


def _settle(number: str, state: str, **more: Any) -> None:
    there = (DeadLetter.id == number) & DeadLetter.state.in_(OPEN)
    if not DeadLetter.update(state=state, settled=now(), **more).where(there).execute():
        raise Conflict(f"this dead letter is {find(number).state} already")


def mend(actor: str, address: str, number: str, text: str) -> dict[str, Any]:
    """Change what would be replayed. Invalid when it is no message of its stream; NotFound; Conflict when settled."""
    with database.atomic():
        row = find(number)
        payload = text.encode()
        try:
            envelope.decode("up", row.stream, payload)
        except ContractError as exc:
            raise Invalid(f"it is no message yet: {exc}") from exc
        there = (DeadLetter.id == number) & DeadLetter.state.in_(OPEN)
        if not DeadLetter.update(mended=payload).where(there).execute():
            raise Conflict(f"this dead letter is {row.state} already")
        audit.record("letter.mended", actor, number, address, box=row.box)
        return shown(find(number))


def replay(actor: str, address: str, number: str) -> dict[str, Any]:
    """Let it have its effect now, once. Invalid with the reason while it cannot; NotFound; Conflict when settled."""
    try:
        with database.atomic():
            _settle(number, "replayed")
            row = find(number)
            _replay(row)
            audit.record("letter.replayed", actor, number, address, box=row.box)
            return shown(row)
    except (Problem, *PASSING):
        raise
    except Exception as exc:
        log.info("dead letter %s", number, exc_info=True)
        raise Invalid(f"it still can have no effect: {exc}") from exc


def _replay(row: DeadLetter) -> None:
    """Its effect, in the caller's transaction, for whoever owned the box when it came."""
    message = envelope.decode("up", row.stream, bytes(row.mended or row.payload))
    if isinstance(message.body, Skipped):
        return
    handle = registry.handler(message.head.kind)
    if handle is None:
        raise LookupError(f"nothing here handles {message.head.kind}")
    told = Told()
    handle(Letter(row.box, row.owner_id, message, row.came, told))
    told.flush()


def discard(actor: str, address: str, number: str) -> None:
    """Let it be. NotFound; Conflict when it was settled."""
    with database.atomic():
        row = find(number)
        _settle(number, "discarded")
        audit.record("letter.discarded", actor, number, address, box=row.box)


def replay_later() -> int:
    """Replay, oldest first, what a program before this one did not understand; returns how many had an effect."""
    done = 0
    rows = DeadLetter.select(DeadLetter.id).where(DeadLetter.state == "later").order_by(DeadLetter.id)
    for row in list(rows):
        try:
            replay("", "", row.id)
            done += 1
        except Problem:
            continue
    return done


def counts() -> dict[str, int]:
    """How many there are, by state."""
    query: Any = DeadLetter.select(DeadLetter.state, peewee.fn.COUNT(DeadLetter.id)).group_by(DeadLetter.state).tuples()
    return dict.fromkeys(STATES, 0) | {str(state): int(count) for state, count in query}


def forget() -> int:
    """Drop what was settled 90 days ago; returns how many."""
    return int(DeadLetter.delete().where(DeadLetter.settled < elapsed.passed() - KEEP_MS).execute())
