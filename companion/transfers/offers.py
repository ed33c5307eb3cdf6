"""Files that boxes offer: wanted, a few at one time; kept when they are whole and good; or refused with a reason."""

import logging
from typing import Any

from companion.database import database, now
from companion.errors import Conflict, Invalid, Problem, TooLarge, WrongType
from companion.events import service as events
from companion.ingest import registry as ingest
from companion.ingest.registry import Letter
from companion.media.kinds import OPAQUE, Refused
from companion.outgoing import service as outgoing
from companion.transfers import registry, tokens
from companion.transfers.models import Transfer
from companion.transfers.registry import Arrived
from companion.uploads import files, purposes
from companion.uploads import service as uploads
from companion.uploads.models import StoredFile, Upload
from companion.uploads.purposes import OtherFile, Purpose
from device.contracts import files as contract

log = logging.getLogger(__name__)
MOST_AT_ONCE = 8  # of one box: what is wanted counts as storage, and lies in quarantine
IDLE_MS = 24 * 3600 * 1000  # after which what a box does not go on with stands in nothing's way
MOST_WRONG = 3  # times that something else came
MOST_WAITING = 2000  # files of one box that are known and not here
FOR_SETS = 1000  # more of them, of what belongs to sets
SETS = ("recording", "set log")
# what each purpose takes, and as which format it is kept without a look
KINDS = {
    "recording": ("audio", ""),
    "track": ("audio", ""),
    "stem": ("audio", ""),
    "set log": ("project", "json"),
    "log": (OPAQUE, OPAQUE),
    "bundle": (OPAQUE, OPAQUE),
}
_LASTING = (Refused, TooLarge, Invalid, WrongType)  # what another try does not mend


def _purpose(name: str) -> str:
    """What uploads for this are called among the purposes of uploads."""
    return f"box {name}"


def _hold(row: Transfer) -> None:
    """Hold a row until the transaction ends."""
    Transfer.update(changed=now()).where(Transfer.id == row.id).execute()


def offered(letter: Letter) -> None:
    """A box has a file: say what is to become of it, and the same again when it asks again."""
    body: contract.Offered = letter.body
    here = {"owner": letter.owner, "box": letter.box, "way": "up", "hash": body.file.hash}
    told = {"size": body.file.size, "name": body.file.name, "mime": body.file.mime, "purpose": body.purpose}
    told |= {"set": body.set or ""}
    mine = (Transfer.owner == letter.owner) & (Transfer.box == letter.box) & (Transfer.way == "up")
    if not Transfer.select().where(mine & (Transfer.hash == body.file.hash)).exists() and not _room(mine, body.purpose):
        said = "too many files of this box wait; offer it again later"
        outgoing.send(letter.box, contract.Refused(body.file.hash, said, False), key=f"up {body.file.hash}")
        return
    Transfer.insert(**here, **told, state="waiting", created=now(), changed=now()).on_conflict_ignore().execute()
    Transfer.update(**told, changed=now()).where(mine & (Transfer.hash == body.file.hash)).execute()
    row: Transfer = Transfer.get(mine & (Transfer.hash == body.file.hash))
    there = files.same(letter.owner, row.hash)
    if there is not None:
        _try_to_keep(row, there)
    elif row.state == "refused":
        refuse(row, row.said, for_good=True)
    elif (why := _objection(row)) is not None:
        refuse(row, str(why), for_good=isinstance(why, _LASTING))
    elif (upload := _open_upload(row)) is None:
        _set(row, state="waiting", said="", upload="")
        go_on(row.box, letter.owner)
    elif upload.state == "receiving":
        _want(row, upload)


def _room(mine: Any, purpose: str) -> bool:
    """Whether one more file may wait. What was refused long ago makes room: it is judged anew should it come again.

    Nothing is lost of what is put off: the box keeps it, and offers it again.
    """
    most = MOST_WAITING + (FOR_SETS if purpose in SETS else 0)
    over = Transfer.select().where(mine & (Transfer.state != "kept")).count() - most + 1
    if over <= 0:
        return True
    refused = Transfer.select(Transfer.id).where(mine & (Transfer.state == "refused")).order_by(Transfer.changed)
    oldest = [row.id for row in refused.limit(over + MOST_AT_ONCE)]
    Transfer.delete().where(Transfer.id.in_(oldest)).execute()
    return len(oldest) >= over


def _objection(row: Transfer) -> Problem | None:
    if registry.keeper(row.purpose) is None or row.purpose not in KINDS:
        return Conflict("this companion does not take such files yet")
    if row.size < 1:
        return Invalid("the file is empty")
    try:
        purposes.check_size(KINDS[row.purpose][0], row.size)
    except TooLarge as exc:
        return exc
    return None


def _open_upload(row: Transfer) -> Upload | None:
    """The upload of a file; it ends when the file is offered as something else: it would not be looked at as that."""
    live = (Upload.id == row.upload) & Upload.state.in_(files.UNDECIDED) & (Upload.expires > now())
    found: Upload | None = Upload.get_or_none(live)
    if found is not None and (found.purpose, found.size) != (_purpose(row.purpose), row.size):
        uploads.forget(found)
        return None
    return found


def go_on(box: str, owner: str) -> None:
    """Want of what waits as many as may come at one time, the smallest first, in the caller's transaction."""
    mine = (Transfer.owner == owner) & (Transfer.box == box) & (Transfer.way == "up")
    idle = (Upload.state == "receiving") & (Upload.expires < now() + tokens.LIFE_MS - IDLE_MS)
    live = Upload.select(Upload.id).where((Upload.owner == owner) & Upload.state.in_(files.UNDECIDED) & ~idle)
    busy = Transfer.select().where(mine & (Transfer.state == "wanted") & Transfer.upload.in_(live)).count()
    waiting = Transfer.select().where(mine & (Transfer.state == "waiting")).order_by(Transfer.size, Transfer.id)
    while busy < MOST_AT_ONCE and (rows := list(waiting.limit(MOST_AT_ONCE - busy))):  # thousands may wait
        busy += sum(_begin(row) for row in rows)


def _begin(row: Transfer) -> bool:
    """Want a file from its beginning; whether it can be taken now."""
    details = {"sha256": row.hash}
    try:
        with database.atomic():
            upload = uploads.begin(row.owner_id, row.size, row.name, _purpose(row.purpose), row.id, details)
    except Problem as exc:
        refuse(row, str(exc), for_good=isinstance(exc, _LASTING), further=False)
        return False
    _want(row, upload)
    return True


def _want(row: Transfer, upload: Upload) -> None:
    _set(row, state="wanted", said="", upload=upload.id)
    place = f"/api/v1/transfers/{row.id}/upload"  # the box knows its companion's address best
    _tell(row, contract.Wanted(row.hash, place, tokens.issue(row), upload.offset))


def _tell(row: Transfer, body: Any) -> None:
    """Tell the box; of what it has not got the last counts."""
    outgoing.send(row.box, body, key=f"up {row.hash}")
    events.publish(row.owner_id, "box.file", {"id": row.id, "box": row.box, "way": "up", "state": row.state})


def _set(row: Transfer, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    Transfer.update(**values, changed=now()).where(Transfer.id == row.id).execute()


def refuse(row: Transfer, said: str, for_good: bool, further: bool = True) -> None:
    """Refuse a file, in the caller's transaction. further: what waits behind it may come then."""
    tokens.void(row)
    _set(row, state="refused" if for_good else "put off", said=said[:500], upload="", tries=0)
    _tell(row, contract.Refused(row.hash, said[:500], for_good))
    if further:
        go_on(row.box, row.owner_id)


def _try_to_keep(row: Transfer, file: StoredFile) -> None:
    """The owner has this content already."""
    try:
        with database.atomic():
            _keep(row, file, duplicate=True)
    except Problem as exc:
        refuse(row, str(exc), for_good=isinstance(exc, _LASTING))


def _keep(row: Transfer, file: StoredFile, duplicate: bool) -> None:
    keep = registry.keeper(row.purpose)
    if keep is None:
        raise Conflict("this companion does not take such files yet")
    if KINDS[row.purpose][0] != file.kind:
        raise Invalid(f"this is {file.kind}, which is no {row.purpose}")
    keep(Arrived(row.owner_id, row.box, row.set, row.name, file, duplicate))
    left = row.upload
    tokens.void(row)
    _set(row, state="kept", said="", upload="", file=file.id, done=row.size, tries=0)
    _tell(row, contract.Kept(row.hash))
    begun = Upload.get_or_none((Upload.id == left) & (Upload.state == "receiving")) if duplicate else None
    if begun is not None:  # the content came another way meanwhile
        uploads.forget(begun)
    go_on(row.box, row.owner_id)


def _of(upload: Upload) -> Transfer | None:
    """The file that an upload is for, held until the transaction ends."""
    row: Transfer | None = Transfer.get_or_none((Transfer.id == upload.subject) & (Transfer.owner == upload.owner_id))
    if row is not None:
        _hold(row)
    return row


def take(upload: Upload, file: StoredFile, duplicate: bool) -> str:
    """A file came whole and is good: hand it to its domain and tell the box."""
    row = _of(upload)
    if row is None:
        raise Conflict("the box that sent this file is another's now")
    _keep(row, file, duplicate)
    return str(file.id)


def lost(upload: Upload, why: Exception | None) -> None:
    """A file that came is not taken: another one than was offered is wanted anew."""
    row = _of(upload)
    if row is None or row.upload != upload.id:
        return
    if not isinstance(why, OtherFile):
        refuse(row, upload.reason, for_good=isinstance(why, _LASTING))
        return
    row.tries += 1
    if row.tries >= MOST_WRONG:
        said = f"something else came {MOST_WRONG} times; has the file changed since it was offered?"
        refuse(row, said, for_good=True)
        return
    log.warning("box %s sent something else than it offered; it is wanted anew", row.box)
    tokens.void(row)
    _set(row, state="waiting", upload="", tries=row.tries)
    _begin(row)


def forgo(owner: str, box: str, digests: list[str], said: str) -> None:
    """Want these files no longer, in the caller's transaction."""
    mine = (Transfer.owner == owner) & (Transfer.box == box) & (Transfer.way == "up") & Transfer.hash.in_(digests)
    for row in list(Transfer.select().where(mine & Transfer.state.in_(("waiting", "wanted", "put off")))):
        upload = _open_upload(row)
        if upload is not None:
            uploads.forget(upload)
        refuse(row, said, for_good=True)


def welcome(box: str, owner: str) -> None:
    """Tell a box that has forgotten, or was not told, where what it had begun to send goes on."""
    mine = (Transfer.owner == owner) & (Transfer.box == box) & (Transfer.way == "up") & (Transfer.state == "wanted")
    for row in list(Transfer.select().where(mine).order_by(Transfer.id)):
        upload = _open_upload(row)
        if upload is not None and upload.state == "receiving":
            _want(row, upload)


def install() -> None:
    """Before the first message."""
    ingest.register("file.offered", offered)
    for name, (kind, unseen) in KINDS.items():
        purpose = Purpose((kind,), lambda *_: None, take, lost, inner=True, unseen=unseen, life_ms=tokens.LIFE_MS)
        purposes.register(_purpose(name), purpose)
