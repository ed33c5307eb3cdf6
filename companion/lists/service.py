"""Lists and tracks that are sent to boxes: a job sends the files, the box says how far it is, and what changes follows.

A list is a document. The box has the document anyway; what is sent here is that it should hold it ready, and its files.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

import peewee

from companion.accounts import directory
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.database import database, now
from companion.documents import service as documents
from companion.errors import Conflict, NotFound
from companion.events import service as events
from companion.ingest.registry import Letter
from companion.jobs import service as jobs
from companion.lists.models import BoxList
from companion.outgoing import service as outgoing
from companion.transfers import service as transfers
from companion.web import paging
from device.contracts import codec, lists
from device.contracts.documents import Kind

MOST_LISTS = 500  # that one box holds ready
MOST_FILES = 2000
BATCH = 25  # files in one transaction
JOB = "list"
STUCK_MS = 10 * 60 * 1000
_SHOWN = ("list", "of", "title", "by", "state", "sent", "missing", "there", "lacking")


def _here(owner: str, box: str) -> peewee.Expression:
    return (BoxList.owner == owner) & (BoxList.box == box)


def find(user: str, box: str, number: str) -> BoxList:
    """A list that a user sent to a box of theirs. NotFound."""
    boxes.find(user, box)
    row: BoxList | None = BoxList.get_or_none(_here(user, box) & (BoxList.list == number))
    if row is None:
        raise NotFound("this box was sent no such list")
    return row


def _files(row: BoxList) -> list[tuple[str, str]]:
    return [(track, digest) for track, digest in json.loads(row.files)]


def _shown(row: BoxList) -> dict[str, Any]:
    digests = {digest for _, digest in _files(row)}
    states = transfers.states(row.box, digests)
    full = sum(state == "disk full" for state in states.values())
    return {name: getattr(row, name) for name in _SHOWN} | {"files": len(digests), "full": full}


def get(user: str, box: str, number: str) -> dict[str, Any]:
    """A list on a box, with the state of each of its files. NotFound."""
    row = find(user, box, number)
    files = _files(row)
    states = transfers.states(box, {digest for _, digest in files})
    tracks = [{"track": track, "hash": digest, "state": states.get(digest, "")} for track, digest in files]
    return _shown(row) | {"tracks": tracks}


def listed(user: str, box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of the lists that a user's box holds ready, the latest first, and the next cursor. NotFound."""
    boxes.find(user, box)
    query = BoxList.select().where(_here(user, box))
    rows, following = paging.newest(query, BoxList.id, after, limit)
    return [_shown(row) for row in rows], following


def send(user: str, box: str, number: str) -> dict[str, Any]:
    """Have a box hold a document of the user's ready; once more when it does. NotFound; Conflict when it has enough."""
    with database.atomic():
        boxes.find(user, box)
        said = documents.content(user, number)
        if BoxList.select().where(_here(user, box) & (BoxList.list != number)).count() >= MOST_LISTS:
            raise Conflict(f"a box holds {MOST_LISTS} lists ready; take one away first")
        by = codec.clean(directory.name(user), 120)
        fresh = {"owner": user, "box": box, "list": number, "of": said["of"], "by": by}
        BoxList.insert(**fresh, title=said["title"]).on_conflict_ignore().execute()
        here = _here(user, box) & (BoxList.list == number)
        BoxList.update(state="sending", files="[]", by=by, sent=now()).where(here).execute()
        row: BoxList = BoxList.get(here)
        audit.record("list.sent", user, box, list=number)
        _begin(row)
        return _shown(BoxList.get(here))


def _begin(row: BoxList) -> None:
    if not jobs.waiting(JOB, row.id):
        jobs.enqueue(JOB, owner=row.owner_id, subject=row.id)
    _tell(row)


def _tell(row: BoxList) -> None:
    events.publish(row.owner_id, "box.list", _news(row))


def _news(row: BoxList) -> dict[str, Any]:
    return {"id": row.box, "list": row.list, "state": row.state, "there": row.there, "lacking": row.lacking}


@jobs.handler(JOB)
def work(job: jobs.Work) -> None:
    """Send the files of a list that were not sent yet, then say to the box what belongs to the list."""
    row = BoxList.get_or_none(BoxList.id == job.subject)
    if row is None:  # it was taken away meanwhile
        return
    try:
        said = documents.content(row.owner_id, row.list)
    except NotFound:
        _withdraw(row)
        return
    known = dict(_files(row))
    wanted = list(dict.fromkeys(one["track"] for one in said["tracks"] if one["track"]))[:MOST_FILES]
    absent = [track for track in wanted if track not in known]
    for start in range(0, len(absent), BATCH):
        job.progress(start / len(absent), said["title"][:100])
        with database.atomic():
            for track in absent[start : start + BATCH]:
                try:
                    known[track] = transfers.send(row.box, track, list=row.list).hash
                except NotFound:
                    continue
    with database.atomic():
        here = _here(row.owner_id, row.box) & (BoxList.list == row.list)
        files = [[track, known[track]] for track in wanted if track in known]
        others = len({one["id"] for one in said["tracks"] if not one["track"]})
        fresh = {
            "title": said["title"], "state": "sent", "files": json.dumps(files), "seen": said["changed"], "sent": now(),
            "missing": others + len(wanted) - len(files),
        }  # fmt: skip
        if not BoxList.update(**fresh).where(here).execute():
            return
        row = BoxList.get(here)
        _tell_box(row)
        _tell(row)


def _tell_box(row: BoxList) -> None:
    digests = tuple(dict.fromkeys(digest for _, digest in _files(row)))
    title = codec.clean(row.title, 120)
    body = lists.Sent(row.list, cast(Kind, row.of), title, row.by, digests)
    outgoing.send(row.box, body, key=f"list {row.list}")


def withdraw(user: str, box: str, number: str) -> None:
    """Let a box hold a list no longer. Its files stay there. NotFound."""
    with database.atomic():
        row = find(user, box, number)
        _withdraw(row)
        audit.record("list.withdrawn", user, box, list=number)


def _withdraw(row: BoxList) -> None:
    with database.atomic():
        BoxList.delete().where(BoxList.id == row.id).execute()
        outgoing.send(row.box, lists.Withdrawn(row.list), key=f"list {row.list}")
        row.state = "withdrawn"
        _tell(row)


def send_tracks(user: str, box: str, tracks: Sequence[str]) -> list[dict[str, Any]]:
    """Send tracks of a user's to a box of theirs. NotFound when one of them is not theirs: then none is sent."""
    with database.atomic():
        boxes.find(user, box)
        files = [(track, transfers.send(box, track)) for track in dict.fromkeys(tracks)]
        audit.record("tracks.sent", user, box, count=len(files))
        return [{"track": track, "hash": file.hash, "name": file.name, "size": file.size} for track, file in files]


def ready(letter: Letter) -> None:
    """A box says how far it is with a list. Of one that it need not hold any more it says nothing new."""
    body: lists.Ready = letter.body
    here = _here(letter.owner, letter.box) & (BoxList.list == body.list)
    if BoxList.update(there=body.there, lacking=body.lacking).where(here).execute():
        letter.tell("box.list", f"{letter.box} {body.list}", _news(BoxList.get(here)))


def follow() -> int:
    """Send what was added to documents that boxes hold ready; end what was deleted. Returns how many changed.

    What a job gave up on is begun again.
    """
    stuck = (BoxList.state == "sending") & (BoxList.sent < now() - STUCK_MS)
    rows = list(BoxList.select().where((BoxList.state == "sent") | stuck))
    changes = documents.changes({row.list for row in rows})
    done = 0
    for row in rows:
        changed, deleted = changes.get(row.list, (0, 1))
        if deleted is not None:
            _withdraw(row)
        elif changed > row.seen or row.state == "sending":
            with database.atomic():
                BoxList.update(state="sending", sent=now()).where(BoxList.id == row.id).execute()
                row.state = "sending"
                _begin(row)
        else:
            continue
        done += 1
    return done


def welcome(box: str, owner: str) -> None:
    """Tell a box that has no memory what it is to hold ready."""
    for row in BoxList.select().where(_here(owner, box) & (BoxList.state == "sent")).order_by(BoxList.id):
        _tell_box(row)


def drop(box: str, owner: str) -> None:
    """A box is no longer somebody's, in the caller's transaction."""
    BoxList.delete().where(_here(owner, box)).execute()


def exported(user: str) -> Iterator[dict[str, Any]]:
    """What somebody's boxes hold ready."""
    for row in BoxList.select().where(BoxList.owner == user).order_by(BoxList.id).iterator():
        yield {"box": row.box, **{name: getattr(row, name) for name in _SHOWN}, "files": json.loads(row.files)}


def erase(user: str) -> None:
    """Drop it."""
    BoxList.delete().where(BoxList.owner == user).execute()


outgoing.on_welcome("documents", welcome)
boxes.on_parting(drop)
