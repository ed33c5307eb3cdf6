"""What an owner sees of the files of their boxes, and what goes with a box or an account."""

from collections.abc import Iterator
from typing import Any

import peewee

from companion.boxes import service as boxes
from companion.database import database
from companion.errors import NotFound
from companion.media.kinds import OPAQUE
from companion.transfers.models import Transfer
from companion.transfers.offers import KINDS
from companion.uploads import files
from companion.uploads import service as uploads
from companion.uploads.models import Upload, key
from companion.web import paging

_SHOWN = (
    "id", "way", "purpose", "name", "size", "hash", "set", "list", "state", "said", "file", "created", "changed",
)  # fmt: skip
_OPAQUE = [name for name, (kind, _) in KINDS.items() if kind == OPAQUE]


def listed(user: str, box: str, way: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of the files of one of a user's boxes, newest first, and the next cursor. NotFound."""
    boxes.find(user, box)
    query = Transfer.select().where((Transfer.owner == user) & (Transfer.box == box))
    if way:
        query = query.where(Transfer.way == way)
    rows, following = paging.newest(query, Transfer.id, after, limit)
    return _shown(rows), following


def _shown(rows: list[Transfer]) -> list[dict[str, Any]]:
    """Rows with how many bytes went: of what comes up the upload knows."""
    open_ones = [row.upload for row in rows if row.upload]
    coming = {one.id: one for one in Upload.select().where(Upload.id.in_(open_ones))} if open_ones else {}
    shown = []
    for row in rows:
        told = {name: getattr(row, name) for name in _SHOWN} | {"done": row.done}
        upload = coming.get(row.upload)
        if upload is not None and row.state == "wanted":
            told |= {"done": upload.offset, "state": "checking" if upload.state == "checking" else "wanted"}
        shown.append(told)
    return shown


def logs_everywhere(box: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of the logs that were fetched from everybody's boxes or from one, newest first: for who administers."""
    query = Transfer.select().where(_fetched())
    if box:
        query = query.where(Transfer.box == box)
    rows, following = paging.newest(query, Transfer.id, after, limit)
    return [_logs(row) for row in rows], following


def logs_anywhere(number: str) -> dict[str, Any]:
    """Logs of anybody's box, with the `key` that storage has them under: for who administers. NotFound."""
    row = Transfer.get_or_none((Transfer.id == number) & _fetched())
    if row is None:
        raise NotFound("there are no such logs; their owner may have deleted them")
    return _logs(row) | {"key": key(row.file)}


def _fetched() -> peewee.Expression:
    """Of logs that are here; a set's own log is nobody's but its owner's."""
    return (Transfer.purpose == "bundle") & (Transfer.file != "")


def _logs(row: Transfer) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("id", "box", "name", "size")}
    return told | {"owner": row.owner_id, "came": row.changed}


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All files that went to or from somebody's boxes."""
    for row in Transfer.select().where(Transfer.owner == user).order_by(Transfer.id).iterator():
        yield {name: getattr(row, name) for name in ("box", *_SHOWN)}


def part(box: str, owner: str) -> None:
    """A box is another's, or nobody's: what is on its way ends, and tokens with it. What came stays its owner's."""
    mine = (Transfer.owner == owner) & (Transfer.box == box)
    for row in list(Transfer.select().where(mine & (Transfer.upload != ""))):
        upload = Upload.get_or_none((Upload.id == row.upload) & Upload.state.in_(files.UNDECIDED))
        if upload is not None:
            uploads.forget(upload)
    Transfer.delete().where(mine).execute()


def erase(user: str) -> None:
    """Drop what is known of somebody's files; the files themselves and uploads go by themselves."""
    with database.atomic():
        Transfer.delete().where(Transfer.owner == user).execute()


def shows(file: str) -> bool:
    """Whether a log or bundle that a box sent is this file; its owner may delete it all the same."""
    return bool(Transfer.select().where((Transfer.file == file) & Transfer.purpose.in_(_OPAQUE)).exists())
