"""How a user's boxes are: shown to their owner, kept a while."""

import json
from collections.abc import Iterator
from typing import Any

from companion import elapsed
from companion.boxes import service as boxes
from companion.database import now
from companion.errors import NotFound
from companion.outgoing import service as outgoing
from companion.telemetry.models import BoxCrash, BoxHealth, Presence
from companion.web import paging

HEALTH_MS = 30 * 24 * 3600 * 1000
CRASH_MS = 180 * 24 * 3600 * 1000


def status(user: str, box: str) -> dict[str, Any]:
    """What one of a user's boxes said last, and how many messages wait for it. NotFound."""
    row = boxes.find(user, box)
    known = Presence.get_or_none((Presence.box == row.id) & (Presence.owner == user))
    told: dict[str, Any] = {"online": False, "at": None, "status": None, "words": "", "reason": ""}
    if known is not None:
        told = {
            "online": known.online, "at": known.came, "status": json.loads(known.body), "words": known.words,
            "reason": known.reason,
        }  # fmt: skip
    return told | {"waiting": outgoing.waiting(box)}


def uptime(user: str, box: str) -> tuple[str, float]:
    """(the last boot that a user's box told of, the seconds that it is up by now); an empty boot when it told nothing.

    Where a message lay about before it was heard, the box is up for longer.
    """
    known = Presence.get_or_none((Presence.box == box) & (Presence.owner == user))
    if known is None:
        return "", 0.0
    said = json.loads(known.body)
    return str(said["boot"]), float(said["uptime"]) + max(0, now() - known.came) / 1000


def reports(user: str, box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of health reports of one of a user's boxes, newest first, and the next cursor. NotFound."""
    boxes.find(user, box)
    query = BoxHealth.select().where((BoxHealth.box == box) & (BoxHealth.owner == user))
    rows, following = paging.newest(query, BoxHealth.id, after, limit, int)
    return [{"id": row.id, "at": row.at, "report": json.loads(row.body)} for row in rows], following


def crashes(user: str, box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of crashes of one of a user's boxes, newest first, and the next cursor. NotFound."""
    boxes.find(user, box)
    query = BoxCrash.select().where((BoxCrash.box == box) & (BoxCrash.owner == user))
    rows, following = paging.newest(query, BoxCrash.id, after, limit, int)
    return [_crash(row) for row in rows], following


def _crash(row: BoxCrash) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "process", "version", "reason", "crashed")}


def crash(user: str, box: str, number: int) -> dict[str, Any]:
    """One crash with its stack and the last lines of the log. NotFound."""
    boxes.find(user, box)
    row = BoxCrash.get_or_none((BoxCrash.id == number) & (BoxCrash.box == box) & (BoxCrash.owner == user))
    if row is None:
        raise NotFound("there is no such crash")
    return _crash(row) | {"report": json.loads(row.body)}


def crashes_everywhere(box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of crashes of everybody's boxes or of one, newest first, and the next cursor: for who administers."""
    query = BoxCrash.select()
    if box:
        query = query.where(BoxCrash.box == box)
    rows, following = paging.newest(query, BoxCrash.id, after, limit, int)
    return [_whose(row) for row in rows], following


def crash_anywhere(number: int) -> dict[str, Any]:
    """One crash of anybody's box, as `crash` has it: for who administers. NotFound."""
    row = BoxCrash.get_or_none(BoxCrash.id == number)
    if row is None:
        raise NotFound("there is no such crash")
    return _whose(row) | {"report": json.loads(row.body)}


def _whose(row: BoxCrash) -> dict[str, Any]:
    return _crash(row) | {"box": row.box, "owner": row.owner_id}


def forget() -> int:
    """Drop old reports; returns how many."""
    BoxCrash.delete().where(BoxCrash.came < elapsed.passed() - CRASH_MS).execute()
    return int(BoxHealth.delete().where(BoxHealth.came < elapsed.passed() - HEALTH_MS).execute())


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All that is kept of how somebody's boxes were."""
    for kind, table in (("health", BoxHealth), ("crash", BoxCrash)):
        for row in table.select().where(table.owner == user).order_by(table.id).iterator():
            yield {"kind": kind, "box": row.box, "came": row.came, "report": json.loads(row.body)}


def erase(user: str) -> None:
    """Drop it."""
    for table in (BoxHealth, BoxCrash, Presence):
        table.delete().where(table.owner == user).execute()
