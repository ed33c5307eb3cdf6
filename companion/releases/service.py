"""Release status: stored, told to open pages, and to every box of its owner."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from companion.boxes import service as boxes
from companion.database import database
from companion.errors import NotFound
from companion.events import service as events
from companion.outgoing import service as outgoing
from companion.releases.models import ReleaseStatus
from companion.web import paging
from device.contracts import codec
from device.contracts.releases import Changed, Stage, Store

MOST_WELCOMED = 200  # releases that a box is told of when it knows none: those that changed last


def status_changed(owner: str, status: Changed) -> bool:
    """Release status changed: `status` is all of it. In the caller's transaction, or one of its own.

    False, without an effect, when something as late or later is known: it may be told twice and out of order.
    Malformed for what the contract does not allow.
    """
    plain = codec.plain(status)
    values = {
        "title": status.title, "artist": status.artist, "stage": status.stage, "changed": status.changed,
        "date": status.date or "", "said": status.said, "stores": json.dumps(plain["stores"]),
    }  # fmt: skip
    here = (ReleaseStatus.owner == owner) & (ReleaseStatus.release == status.release)
    with database.atomic():
        made = ReleaseStatus.insert(owner=owner, release=status.release, **values).on_conflict_ignore().as_rowcount()
        if not made.execute():
            later = ReleaseStatus.update(**values).where(here & (ReleaseStatus.changed < status.changed))
            if not later.execute():
                return False
        for box in boxes.of(owner):
            outgoing.send(box, status, key=status.release)
        events.publish(owner, "release", plain)
        return True


def _status(row: ReleaseStatus) -> Changed:
    stores = tuple(Store(one["name"], one["stage"], one.get("said", "")) for one in json.loads(row.stores))
    stage = cast(Stage, row.stage)
    return Changed(row.release, row.title, row.artist, stage, row.changed, row.date or None, row.said, stores)


def get(owner: str, release: str) -> Changed | None:
    """What is known of a release of the owner's."""
    row = ReleaseStatus.get_or_none((ReleaseStatus.owner == owner) & (ReleaseStatus.release == release))
    return None if row is None else _status(row)


def _shown(row: ReleaseStatus) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("release", "title", "artist", "stage", "changed", "date", "said")}
    return told | {"stores": [{"said": ""} | one for one in json.loads(row.stores)]}


def told(owner: str, release: str) -> dict[str, Any]:
    """One of the owner's releases. NotFound."""
    row = ReleaseStatus.get_or_none((ReleaseStatus.owner == owner) & (ReleaseStatus.release == release))
    if row is None:
        raise NotFound("there is no such release")
    return _shown(row)


def listed(owner: str, stage: str = "", after: str = "", limit: int = 50) -> tuple[list[dict[str, Any]], str]:
    """A page of the owner's releases, those that changed last first, and the next cursor. stage: empty for all."""
    query = ReleaseStatus.select().where(ReleaseStatus.owner == owner)
    if stage:
        query = query.where(ReleaseStatus.stage == stage)
    order = {ReleaseStatus.changed: int, ReleaseStatus.id: int}
    rows, following = paging.by(query, order, after, limit, descending=True)
    return [_shown(row) for row in rows], following


def titles(owner: str, releases: Iterable[str]) -> dict[str, str]:
    """What releases of the owner's are called, by id; those that are not known are not among them."""
    wanted = (ReleaseStatus.owner == owner) & ReleaseStatus.release.in_(list(releases))
    query: Any = ReleaseStatus.select(ReleaseStatus.release, ReleaseStatus.title).where(wanted).tuples()
    return {str(release): str(title) for release, title in query}


def _welcome(box: str, owner: str) -> None:
    """Tell a box that knows none of its owner's releases."""
    query = ReleaseStatus.select().where(ReleaseStatus.owner == owner).order_by(ReleaseStatus.changed.desc())
    for row in reversed(list(query.limit(MOST_WELCOMED))):
        outgoing.send(box, _status(row), key=row.release)


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All that is known of somebody's releases."""
    for row in ReleaseStatus.select().where(ReleaseStatus.owner == user).order_by(ReleaseStatus.id).iterator():
        yield dict(codec.plain(_status(row)))


def erase(user: str) -> None:
    """Drop it."""
    ReleaseStatus.delete().where(ReleaseStatus.owner == user).execute()


outgoing.on_welcome("releases", _welcome)
