"""Remote commands: given by a box's owner, on their way while they are worth doing, and what became of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from companion import elapsed
from companion.accounts import directory
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.commanding.models import BoxCommand
from companion.database import database, new_id, now
from companion.errors import Conflict, Invalid, NotFound
from companion.events import service as events
from companion.ingest.registry import Letter
from companion.outgoing import service as outgoing
from companion.telemetry import service as telemetry
from companion.web import paging
from device.contracts import codec
from device.contracts.commands import Answered, Given
from device.contracts.deeds import KNOWN, Deed
from device.contracts.errors import Malformed

LONGEST_SECONDS = 7 * 24 * 3600
MOST_WAITING = 100  # for one box
ANSWER_MS = 5_000  # that an answer may take after it was done in time
KEEP_MS = 90 * 24 * 3600 * 1000
Arguments = Mapping[str, str | int | float | bool | None]
_SHOWN = ("id", "box", "do", "permission", "by", "given", "until", "state", "said", "answered")


def deed(name: str) -> Deed:
    """One of those that there are. Invalid."""
    found = KNOWN.get(name)
    if found is None:
        raise Invalid(f"no box does {name[:80]}; `commands/known` lists what boxes do")
    return found


def give(user: str, box: str, do: str, arguments: Arguments, seconds: int) -> dict[str, Any]:
    """Have one of a user's boxes do something, within so many seconds. NotFound; Invalid for what cannot be done.

    Conflict when too much waits for the box.
    """
    what = deed(do)
    given = {name: value for name, value in arguments.items() if value is not None}
    said = what.objection(given)
    if said:
        raise Invalid(said)
    with database.atomic():
        boxes.find(user, box)
        waiting = (BoxCommand.box == box) & (BoxCommand.owner == user) & (BoxCommand.state == "waiting")
        if BoxCommand.select().where(waiting & (BoxCommand.until > now())).count() >= MOST_WAITING:
            raise Conflict("this box has not answered a hundred commands; wait for it")
        at, number = now(), new_id()
        by = codec.clean(directory.name(user), 120)
        boot, uptime = telemetry.uptime(user, box)
        until_uptime = uptime + seconds if boot else 0.0
        body = Given(number, do, what.permission, by, at + seconds * 1000, boot or None, until_uptime, given)
        try:
            outgoing.send(box, body, expires=body.until)
        except Malformed as exc:
            raise Invalid(f"this command cannot be sent: {exc}") from exc
        row = BoxCommand.create(
            id=number, owner=user, box=box, do=do, permission=what.permission, arguments=json.dumps(given), by=by,
            given=at, until=body.until,
        )  # fmt: skip
        audit.record("command.given", user, box, command=number, do=do)
        shown = _shown(row)
        events.publish(user, "box.command", shown)
        return shown


def _shown(row: BoxCommand) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _SHOWN}
    if row.state == "waiting" and row.until + ANSWER_MS < now():  # what `expire` will write down
        told |= {"state": "expired", "said": _LATE}
    known = KNOWN.get(row.do)
    title = known.title if known else row.do
    return told | {"title": title, "arguments": json.loads(row.arguments), "result": json.loads(row.result)}


_LATE = "the box did not answer in time"


def get(user: str, box: str, number: str) -> dict[str, Any]:
    """A command that a user gave to a box of theirs. NotFound."""
    boxes.find(user, box)
    row = BoxCommand.get_or_none((BoxCommand.id == number) & (BoxCommand.box == box) & (BoxCommand.owner == user))
    if row is None:
        raise NotFound("there is no such command")
    return _shown(row)


def listed(user: str, box: str, state: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of what a user had a box do, newest first, and the next cursor. NotFound. state: empty for all."""
    boxes.find(user, box)
    query = BoxCommand.select().where((BoxCommand.box == box) & (BoxCommand.owner == user))
    late = (BoxCommand.state == "waiting") & (BoxCommand.until < now() - ANSWER_MS)
    if state == "waiting":
        query = query.where((BoxCommand.state == state) & ~late)
    elif state:
        query = query.where((BoxCommand.state == state) | (late if state == "expired" else False))
    rows, following = paging.newest(query, BoxCommand.id, after, limit)
    return [_shown(row) for row in rows], following


def answered(letter: Letter) -> None:
    """A box says what became of a command; the first answer counts. NotFound when it was given no such command."""
    body: Answered = letter.body
    here = (BoxCommand.id == body.command) & (BoxCommand.box == letter.box) & (BoxCommand.owner == letter.owner)
    result = json.dumps(dict(body.result))
    fresh = {"state": body.outcome, "said": body.said, "result": result, "answered": letter.came}
    if not BoxCommand.update(**fresh).where(here & BoxCommand.answered.is_null()).execute():
        if not BoxCommand.select().where(here).exists():
            raise NotFound("this box was given no such command")
        return
    letter.tell("box.command", body.command, _shown(BoxCommand.get(here)))


def expire() -> int:
    """Write down which commands no box answered in time; returns how many."""
    late = (BoxCommand.state == "waiting") & (BoxCommand.until < now() - ANSWER_MS)
    done = 0
    for row in list(BoxCommand.select().where(late).limit(500)):
        with database.atomic():
            still = (BoxCommand.id == row.id) & (BoxCommand.state == "waiting")
            if not BoxCommand.update(state="expired", said=_LATE).where(still).execute():
                continue  # the box answered meanwhile
            row.state, row.said = "expired", _LATE
            events.publish(row.owner_id, "box.command", _shown(row))
            done += 1
    return done


def drop(box: str, owner: str) -> None:
    """A box is no longer somebody's: what waits is not done, in the caller's transaction."""
    waiting = (BoxCommand.box == box) & (BoxCommand.owner == owner) & (BoxCommand.state == "waiting")
    said = "the box was given up before it answered"
    BoxCommand.update(state="refused", said=said, answered=now()).where(waiting).execute()


def forget() -> int:
    """Drop what was given 90 days ago; returns how many."""
    return int(BoxCommand.delete().where(BoxCommand.until < elapsed.passed() - KEEP_MS).execute())


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All that somebody had their boxes do."""
    for row in BoxCommand.select().where(BoxCommand.owner == user).order_by(BoxCommand.id).iterator():
        yield _shown(row)


def erase(user: str) -> None:
    """Drop it."""
    BoxCommand.delete().where(BoxCommand.owner == user).execute()
