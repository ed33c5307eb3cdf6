"""A box's configuration: what its owner wants, sent as a whole with a revision, and what the box made of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import peewee

from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.commanding.models import BoxConfiguration
from companion.database import database, now
from companion.errors import Invalid, Stale
from companion.events import service as events
from companion.ingest.registry import Letter
from companion.outgoing import service as outgoing
from device.contracts.configuration import KNOWN, Applied, Wanted
from device.contracts.errors import Malformed

KEY = "configuration"
Settings = Mapping[str, str | int | float | bool | None]


def _here(user: str, box: str) -> peewee.Expression:
    return (BoxConfiguration.owner == user) & (BoxConfiguration.box == box)


def get(user: str, box: str) -> dict[str, Any]:
    """What is wanted of one of a user's boxes, what it goes by, and which settings there are. NotFound."""
    boxes.find(user, box)
    row = BoxConfiguration.get_or_none(_here(user, box))
    return _shown(row or BoxConfiguration(owner=user, box=box))


def _shown(row: BoxConfiguration) -> dict[str, Any]:
    refused = [{"name": name, "said": said} for name, said in json.loads(row.refused)]
    return {
        "revision": row.revision, "settings": json.loads(row.settings), "applied": row.applied,
        "applied_at": row.applied_at, "refused": refused, "known": list(KNOWN.values()),
    }  # fmt: skip


def put(user: str, box: str, settings: Settings, seen: int | None = None) -> dict[str, Any]:
    """Want these settings of a box, and no others. NotFound; Invalid for a value that a known setting cannot have.

    Names that are not known here are for the box to judge. seen: the revision that the caller has; Stale when there is
    a later one.
    """
    wanted = {name: value for name, value in settings.items() if value is not None}
    for name, value in wanted.items():
        said = KNOWN[name].objection(value) if name in KNOWN else ""
        if said:
            raise Invalid(f"{name}: {said}", errors=[{"where": "json", "field": f"settings.{name}", "error": said}])
    with database.atomic():
        boxes.find(user, box)
        BoxConfiguration.insert(owner=user, box=box).on_conflict_ignore().execute()
        BoxConfiguration.update(revision=BoxConfiguration.revision).where(_here(user, box)).execute()  # hold the row
        row = BoxConfiguration.get(_here(user, box))
        if seen is not None and seen != row.revision:
            raise Stale("somebody changed the settings meanwhile; load them again, then repeat the change")
        row.revision = max(row.revision + 1, now())  # later than what a box has of a companion that lost its memory
        row.settings = json.dumps(wanted)
        row.save(only=["revision", "settings"])
        try:
            _send(row)
        except Malformed as exc:
            raise Invalid(f"these settings cannot be sent: {exc}") from exc
        audit.record("configuration.wanted", user, box, names=sorted(wanted)[:50])
        _tell(row)
        return _shown(row)


def _send(row: BoxConfiguration) -> None:
    outgoing.send(row.box, Wanted(row.revision, json.loads(row.settings)), key=KEY)


def _tell(row: BoxConfiguration) -> None:
    events.publish(row.owner_id, "box.configuration", _news(row))


def _news(row: BoxConfiguration) -> dict[str, Any]:
    return {"id": row.box, "revision": row.revision, "applied": row.applied}


def applied(letter: Letter) -> None:
    """A box says by which revision it goes, and what of it it refuses. What is out of date says nothing."""
    body: Applied = letter.body
    here = _here(letter.owner, letter.box) & (BoxConfiguration.revision == body.revision)
    refused = json.dumps([[row.name, row.said] for row in body.refused])
    fresh = {"applied": body.revision, "applied_at": letter.came, "refused": refused}
    if BoxConfiguration.update(**fresh).where(here).execute():
        letter.tell("box.configuration", letter.box, _news(BoxConfiguration.get(here)))


def welcome(box: str, owner: str) -> None:
    """Tell a box that has no memory of it."""
    row = BoxConfiguration.get_or_none(_here(owner, box) & (BoxConfiguration.revision > 0))
    if row is not None:
        _send(row)


def drop(box: str, owner: str) -> None:
    """A box is no longer somebody's. What they wanted of it holds again should it come back; it goes by it no more."""
    BoxConfiguration.update(applied=0, applied_at=None, refused="[]").where(_here(owner, box)).execute()


def exported(user: str) -> Iterator[dict[str, Any]]:
    """What somebody wants of their boxes."""
    for row in BoxConfiguration.select().where(BoxConfiguration.owner == user).order_by(BoxConfiguration.id).iterator():
        yield {name: value for name, value in ({"box": row.box} | _shown(row)).items() if name != "known"}


def erase(user: str) -> None:
    """Drop it."""
    BoxConfiguration.delete().where(BoxConfiguration.owner == user).execute()


outgoing.on_welcome("configuration", welcome)
