"""Files for boxes: tracks and stems that are sent down, fetched with a token, and what became of each."""

import json
import re
from collections.abc import Iterable
from typing import Any, Literal, cast

from companion.boxes import service as boxes
from companion.catalogue import recordings
from companion.database import database, now
from companion.errors import NotFound
from companion.events import service as events
from companion.ingest import registry as ingest
from companion.ingest.registry import Letter
from companion.media.kinds import FORMATS
from companion.outgoing import service as outgoing
from companion.transfers import tokens
from companion.transfers.models import Transfer
from companion.uploads import files
from companion.uploads.models import StoredFile
from device.contracts import codec
from device.contracts import files as contract
from device.contracts.values import FileRef, Track

MOST_TRIES = 5  # times that a box may ask again, or get something else
LONGEST_NAME = 200  # bytes of a name, so that a folder can hold it with what the box adds
OPEN = ("sent", "disk full")  # states that go on by themselves
_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_ISRC = re.compile("[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_TRACK = codec.both(Track)[0]


# `list` below is a parameter, as the contract calls it
def send(box: str, track: str, recording: str = "", list: str = "") -> FileRef:  # noqa: A002
    """Send a track of the box's owner to the box, in the caller's transaction; once more when it was sent before.

    recording: another version than the one that is played, or a stem. list: the one that needs it.
    NotFound for a track that is not the owner's; Forbidden when the box is nobody's.
    """
    with database.atomic():
        owner = boxes.owner_of(box)
        meant, file, label = recordings.whole(owner, track, recording)
        purpose = "stem" if recording and recording != meant.recording else "track"
        about = Track(
            codec.clean(meant.title, 120), codec.clean(meant.artist, 120), meant.id, file.sha256,
            json.loads(file.facts).get("seconds") or None, meant.tempo, codec.clean(meant.key, 12),
            meant.isrc if _ISRC.fullmatch(meant.isrc) else "",
        )  # fmt: skip
        title = f"{meant.title} ({label})" if label else meant.title
        told = {
            "size": file.size, "name": _name(meant.artist, title, file.format),
            "mime": FORMATS[file.format].mime, "purpose": purpose, "list": list, "file": file.id,
            "track": json.dumps(codec.plain(about)), "state": "sent", "said": "", "tries": 0,
        }  # fmt: skip
        here = {"owner": owner, "box": box, "way": "down", "hash": file.sha256}
        Transfer.insert(**here, **told, created=now(), changed=now()).on_conflict_ignore().execute()
        Transfer.update(**told, changed=now()).where(_sent(owner, box) & (Transfer.hash == file.sha256)).execute()
        row: Transfer = Transfer.get(_sent(owner, box) & (Transfer.hash == file.sha256))
        _tell_box(row)
        return _ref(row)


def _name(artist: str, title: str, format_: str) -> str:
    """What a file is called on the box: no folder, nothing hidden, and not too long for a disk."""
    suffix = f".{FORMATS[format_].suffix}"
    wished = _NO_NAME.sub("-", codec.clean(f"{artist} - {title}" if artist else title, 400)).strip(" .-") or "track"
    cut = wished.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore")[: 180 - len(suffix)]
    return f"{cut.rstrip()}{suffix}"


def _sent(owner: str, box: str) -> Any:
    return (Transfer.owner == owner) & (Transfer.box == box) & (Transfer.way == "down")


def _ref(row: Transfer) -> FileRef:
    return FileRef(row.hash, row.size, row.name, row.mime)


def _tell_box(row: Transfer) -> None:
    """Send the file with a fresh token; of what the box has not got the last counts."""
    track = _TRACK(json.loads(row.track)) if row.track else None
    purpose = cast(Literal["track", "stem"], row.purpose)
    place = f"/api/v1/transfers/{row.id}/content"  # the box knows its companion's address best
    body = contract.Sent(_ref(row), purpose, place, tokens.issue(row), track, row.list or None)
    outgoing.send(row.box, body, key=f"down {row.hash}")
    _tell_owner(row)


def _tell_owner(row: Transfer) -> None:
    events.publish(row.owner_id, "box.file", {"id": row.id, "box": row.box, "way": "down", "state": row.state})


def received(letter: Letter) -> None:
    """What became of a file that was sent to a box. One that it asks for again is sent again, a few times."""
    body: contract.Received = letter.body
    row = Transfer.get_or_none(_sent(letter.owner, letter.box) & (Transfer.hash == body.hash))
    if row is None:
        return
    row.state, row.said = body.outcome, body.said
    if body.outcome == "there":
        row.done, row.tries = row.size, 0
    elif body.outcome in ("wanted", "wrong hash"):
        row.tries += 1
        row.state = "sent" if row.tries < MOST_TRIES and files.same(row.owner_id, row.hash) else "failed"
        if row.state == "failed":
            row.said = body.said or "the box asked for it in vain"
    row.changed = now()
    row.save(only=[Transfer.state, Transfer.said, Transfer.tries, Transfer.done, Transfer.changed])
    if body.outcome in ("wanted", "wrong hash") and row.state == "sent":
        _tell_box(row)
        return
    if row.state not in OPEN:
        tokens.void(row)
    _tell_owner(row)


def states(box: str, digests: Iterable[str]) -> dict[str, str]:
    """How far files (by SHA-256) are that were sent to a box of its present owner; others are not among them."""
    found = Transfer.select(Transfer.hash, Transfer.state).where(
        _sent(boxes.owner_of(box), box) & Transfer.hash.in_([*digests])
    )
    return {row.hash: row.state for row in found}


def content(row: Transfer) -> StoredFile:
    """The stored file that a box may fetch. NotFound when its owner has deleted it."""
    found: StoredFile | None = StoredFile.get_or_none((StoredFile.id == row.file) & (StoredFile.owner == row.owner_id))
    if found is None or found.sha256 != row.hash:
        raise NotFound("this file is no longer there")
    return found


def fetched(row: Transfer, start: int) -> None:
    """A box asks for the bytes from `start` on: it has those before."""
    if row.done < start <= row.size:
        Transfer.update(done=start, changed=now()).where(Transfer.id == row.id).execute()
        _tell_owner(row)


def welcome(box: str, owner: str) -> None:
    """Tell a box that has forgotten, or was not told, what is on its way to it."""
    for row in list(Transfer.select().where(_sent(owner, box) & Transfer.state.in_(OPEN)).order_by(Transfer.id)):
        _tell_box(row)


def gone(file: str) -> None:
    """A stored file is deleted: what was on its way to a box ends."""
    here = (Transfer.file == file) & (Transfer.way == "down")
    for row in list(Transfer.select().where(here & Transfer.state.in_(OPEN))):
        row.state, row.said = "failed", "the file was deleted here"
        Transfer.update(state=row.state, said=row.said, changed=now()).where(Transfer.id == row.id).execute()
        _tell_owner(row)
    Transfer.update(file="").where(Transfer.file == file).execute()


def install() -> None:
    """Before the first message."""
    ingest.register("file.received", received)
