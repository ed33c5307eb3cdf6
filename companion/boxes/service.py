"""A user's boxes: listed, named, reported, revoked."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import peewee

from companion import elapsed
from companion.accounts import tiers
from companion.audit import service as audit
from companion.boxes import certificates
from companion.boxes.models import Box, BoxEvent
from companion.database import database, now
from companion.errors import Forbidden, NotFound
from companion.events import service as events
from companion.web import paging

LOST_MS = 5 * 60 * 1000  # a box that said nothing for so long is not online, whatever it said last
KEEP_MS = 90 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Status:
    """What a box reports. at: ms since 1970 by its clock; storage in bytes; versions: part to version."""

    at: int
    online: bool
    versions: dict[str, str] = field(default_factory=dict)
    storage_used: int | None = None
    storage_total: int | None = None
    playing: str = ""


Drop = Callable[[str, str], None]
_drops: list[Drop] = []


def on_parting(drop: Drop) -> None:
    """Let a domain drop what waits for a box of somebody's, by `drop(box, owner)`, when it stops being theirs.

    It is called in the transaction that makes it so.
    """
    if drop not in _drops:
        _drops.append(drop)


def part(box: str, owner: str) -> None:
    """A box stops being somebody's, in the caller's transaction."""
    for drop in _drops:
        drop(box, owner)


def _owned(user: str) -> int:
    return int(Box.select().where(Box.owner == user).count())


tiers.register("boxes", _owned)


def dumped(value: dict[str, Any]) -> str:
    """As stored."""
    return json.dumps(value, sort_keys=True)


def loaded(text: str) -> dict[str, Any]:
    """As it was."""
    found: dict[str, Any] = json.loads(text)
    return found


def mine(user: str) -> peewee.Expression:
    """The rows of Box that are a user's: part of every query."""
    return Box.owner == user


def listed(user: str, search: str = "") -> list[dict[str, Any]]:
    """A user's boxes by name. They are few, so there is one page."""
    rows = Box.select().where(mine(user)).order_by(Box.name, Box.id)
    return [_shown(row) for row in rows if search.casefold() in row.name.casefold()]


def everywhere(
    search: str = "", online: bool | None = None, after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """A page of all boxes there are, by name, and the next cursor: for who administers."""
    fresh = Box.online & (Box.seen > now() - LOST_MS)
    query = Box.select()
    if search:
        query = query.where(Box.name.contains(search) | (Box.id == search))
    if online is not None:
        query = query.where(fresh if online else (~Box.online | Box.seen.is_null() | (Box.seen <= now() - LOST_MS)))
    rows, following = paging.by(query, {Box.name: str, Box.id: str}, after, limit)
    return [_shown(row) | {"owner": row.owner_id or ""} for row in rows], following


def counts() -> tuple[int, int]:
    """How many boxes there are, and how many are online."""
    fresh = Box.online & (Box.seen > now() - LOST_MS)
    return int(Box.select().count()), int(Box.select().where(fresh).count())


def get(user: str, box: str) -> dict[str, Any]:
    """One of a user's boxes. NotFound."""
    return _shown(find(user, box))


def find(user: str, box: str) -> Box:
    """The row of one of a user's boxes. NotFound."""
    found: Box | None = Box.get_or_none((Box.id == box) & mine(user))
    if found is None:
        raise NotFound("there is no such box")
    return found


def _shown(row: Box) -> dict[str, Any]:
    giving = row.heir_until is not None and row.heir_until > now()
    online = row.online and row.seen is not None and row.seen > now() - LOST_MS
    return {
        "id": row.id,
        "name": row.name,
        "model": row.model,
        "claimed": row.claimed,
        "online": online,
        "seen": row.seen,
        "versions": loaded(row.versions),
        "storage_used": row.storage_used,
        "storage_total": row.storage_total,
        "playing": row.playing if online else "",
        "given_to": row.heir if giving else "",
    }


def note(box: str, owner: str, kind: str, **detail: Any) -> None:
    """Write down what happened with a box, in the caller's transaction, and tell its owner's pages."""
    BoxEvent.create(box=box, owner=owner, kind=kind, detail=dumped(detail))
    events.publish(owner, "box", {"id": box, "what": kind})


def rename(user: str, box: str, name: str) -> dict[str, Any]:
    """Call a box something else. NotFound."""
    with database.atomic():
        if not Box.update(name=name).where((Box.id == box) & mine(user)).execute():
            raise NotFound("there is no such box")
        note(box, user, "renamed", name=name)
        return get(user, box)


def report(box: str, status: Status) -> bool:
    """Store what a box says of itself; False when it is nobody's, or something later is known already.

    Messages may come twice and out of order: the box's own clock decides what is later.
    """
    values = {
        "online": status.online,
        "seen": now(),
        "reported": status.at,
        "versions": dumped({str(name)[:40]: str(text)[:40] for name, text in list(status.versions.items())[:20]}),
        "storage_used": status.storage_used,
        "storage_total": status.storage_total,
        "playing": status.playing[:300],
    }
    with database.atomic():
        Box.update(reported=Box.reported).where(Box.id == box).execute()  # hold the row
        row = Box.get_or_none((Box.id == box) & Box.owner.is_null(False) & (Box.reported < status.at))
        if row is None:
            return False
        Box.update(**values).where(Box.id == box).execute()
        if status.online != row.online:
            note(box, row.owner_id, "online" if status.online else "offline")
        if status.versions and values["versions"] != row.versions:
            note(box, row.owner_id, "version", versions=status.versions)
        if values["playing"] != row.playing:
            events.publish(row.owner_id, "box", {"id": box, "what": "playing"})
        return True


def activity(user: str, box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of what happened with a box since it is this user's, newest first, and the next cursor."""
    find(user, box)
    query = BoxEvent.select().where((BoxEvent.box == box) & (BoxEvent.owner == user))
    rows, following = paging.newest(query, BoxEvent.id, after, limit, int)
    return [{"id": row.id, "kind": row.kind, "detail": loaded(row.detail), "at": row.at} for row in rows], following


def revoke(user: str, box: str, why: str = "revoked") -> None:
    """End that a box is the user's: it is nobody's then, put out, and may be claimed anew. NotFound."""
    with database.atomic():
        find(user, box)
        note(box, user, why)
        nobodys = {"owner": None, "claimed": None, "heir": "", "heir_until": None, "online": False, "playing": ""}
        if not Box.update(**nobodys).where((Box.id == box) & mine(user)).execute():
            raise NotFound("there is no such box")
        part(box, user)
        certificates.bar(box, why)
        audit.record(f"box.{why}", user, box)


def owner_of(box: str) -> str:
    """Whose a box is, for what comes from it. Forbidden when it is nobody's."""
    owner = Box.select(Box.owner).where((Box.id == box) & Box.owner.is_null(False)).scalar()
    if owner is None:
        raise Forbidden("this box is nobody's; claim it first")
    return str(owner)


def owners(wanted: Iterable[str]) -> dict[str, str]:
    """Whose each of these boxes is, by its id; nobody's are not among them."""
    found: Any = Box.select(Box.id, Box.owner).where(Box.id.in_(list(wanted)) & Box.owner.is_null(False)).tuples()
    return {str(box): str(owner) for box, owner in found}


def names(wanted: Iterable[str]) -> dict[str, str]:
    """What boxes are called, by id; those that there are."""
    rows = Box.select(Box.id, Box.name).where(Box.id.in_(list(wanted)))
    return {str(row.id): str(row.name) for row in rows}


def of(owner: str) -> list[str]:
    """The ids of somebody's boxes."""
    return [row.id for row in Box.select(Box.id).where(mine(owner)).order_by(Box.id)]


def forget() -> int:
    """Drop what happened 90 days ago; returns how many."""
    return int(BoxEvent.delete().where(BoxEvent.at < elapsed.passed() - KEEP_MS).execute())
