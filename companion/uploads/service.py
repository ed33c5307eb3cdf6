"""Uploads from their beginning to what they become.

Until the check is done a file lies in quarantine: in `uploads/` of the folder, which nothing serves.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from companion.accounts import deletion, export, tiers
from companion.audit import service as audit
from companion.config import Settings
from companion.database import database, new_id, now
from companion.errors import Conflict, Invalid, NotFound, TooLarge, WrongType
from companion.events import service as events
from companion.installed import Installed
from companion.jobs import service as jobs
from companion.media.kinds import Refused, sniff
from companion.storage.service import Storage
from companion.uploads import files, names, purposes, receiving
from companion.uploads.models import StoredFile, Upload
from companion.uploads.tus import Checksum

LIFE_MS = 7 * 24 * 3600 * 1000  # of an upload that nobody goes on with
KEEP_MS = 7 * 24 * 3600 * 1000  # of the row, after its end
MOST_OPEN = 100  # uploads of one user that are not over
DETAILS = ("label", "kind")
COPIES = "check-"

_folder: Installed[Path] = Installed()
_storage: Installed[Storage] = Installed()
_gate = Installed(receiving.Gate(4))


def install(settings: Settings, storage: Storage) -> None:
    """Receive into this folder, keep in this storage."""
    folder = settings.folder / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _folder.put(folder)
    _storage.put(storage)
    _gate.put(receiving.Gate(settings.threads // 2))
    purposes.install(settings)


def storage() -> Storage:
    """Where files are kept."""
    return _storage()


def quarantine() -> Path:
    """The folder that nothing serves."""
    return _folder()


def path(upload: str) -> Path:
    """Where an upload lies until it is checked."""
    return quarantine() / (upload + receiving.ENDING)


def create(owner: str, size: int, metadata: dict[str, str], address: str = "") -> Upload:
    """Begin an upload. metadata: filename, purpose, subject and DETAILS; others are not looked at.

    TooLarge, OverQuota, Invalid, or what the purpose says.
    """
    if size > purposes.most():
        raise TooLarge(f"no file may have more than {purposes.most() // purposes.MB} MB")
    if size < 1:
        raise Invalid("the file is empty")
    purpose = metadata.get("purpose", "")
    purposes.check_known(purpose)
    details = {name: metadata[name][:100] for name in DETAILS if name in metadata}
    return begin(owner, size, metadata.get("filename", ""), purpose, metadata.get("subject", "")[:26], details, address)


def begin(
    owner: str, size: int, name: str, purpose: str, subject: str, details: dict[str, str], address: str = ""
) -> Upload:
    """Begin an upload for a purpose. details: `sha256` is what the content must have.

    TooLarge, OverQuota, Conflict with too many, Unavailable where the disk is full, or what the purpose says.
    """
    purposes.check(purpose, owner, subject, details, size)
    with database.atomic():
        tiers.check(owner, "storage", size)
        running = Upload.select().where((Upload.owner == owner) & Upload.state.in_(files.UNDECIDED)).count()
        if running >= MOST_OPEN:
            raise Conflict(f"{MOST_OPEN} uploads are open; finish or cancel some")
        row = Upload.create(
            id=new_id(),
            owner=owner,
            purpose=purpose,
            subject=subject,
            details=json.dumps(details),
            name=names.shown(name),
            size=size,
            expires=now() + max(LIFE_MS, purposes.life(purpose)),
        )
        audit.record("upload.begun", owner, row.id, address, size=size)
        receiving.make(path(row.id))
    return row


def find(owner: str, upload: str) -> Upload:
    """NotFound when there is none, it is another's, or it has expired."""
    row = Upload.get_or_none((Upload.id == upload) & (Upload.owner == owner) & (Upload.expires > now()))
    if row is None:
        raise NotFound("there is no such upload; it may have expired")
    return row


def listed(owner: str, before: str, most: int) -> list[Upload]:
    """An owner's uploads, newest first; not those that boxes make."""
    mine = (Upload.owner == owner) & (Upload.expires > now()) & Upload.purpose.not_in(purposes.inner())
    if before:
        mine &= Upload.id < before
    return list(Upload.select().where(mine).order_by(Upload.id.desc()).limit(most))


def told(row: Upload) -> dict[str, Any]:
    """An upload as its owner sees it."""
    return {
        "id": row.id,
        "name": row.name,
        "purpose": row.purpose,
        "subject": row.subject,
        "size": row.size,
        "offset": row.offset,
        "format": row.format,
        "state": row.state,
        "reason": row.reason,
        "file": row.file_id or "",
        "duplicate": row.duplicate,
        "result": row.result,
        "created": row.created,
        "expires": row.expires,
    }


def write(
    owner: str, upload: str, offset: int, source: receiving.Source, length: int | None, checksum: Checksum | None
) -> Upload:
    """Take bytes at `offset`. length: how many will come, when that is known.

    Conflict at another offset or when it is over; Busy, TooLarge, WrongSumError. When the first bytes are of nothing
    that is taken (WrongType), or of a kind that may not be so large (TooLarge), the upload is refused.
    """
    find(owner, upload)
    with _gate()(owner), receiving.held(path(upload)) as descriptor:
        row = find(owner, upload)
        if row.state != "receiving":
            raise Conflict("this upload is over")
        if offset != row.offset:
            raise Conflict(f"this upload is at byte {row.offset}", {"Upload-Offset": str(row.offset)})
        if length is not None and offset + length > row.size:
            raise TooLarge(f"this upload has {row.size} bytes; more would come")

        def record(at: int, head: bytes) -> None:
            _record(row, at, head)

        row.offset = receiving.receive(descriptor, source, offset, row.size, record, checksum)
    return find(owner, upload)


def _record(row: Upload, at: int, head: bytes) -> None:
    """Write down how far it is; look at the first bytes; begin the check when all are there."""
    try:
        if not row.format and (len(head) >= 512 or at == row.size):
            format_ = purposes.unseen(row.purpose) or sniff(head, row.name)
            purposes.check_format(row.purpose, format_, row.size)
            row.format = format_.name
    except Refused as exc:
        refuse(row, str(exc), exc)
        raise WrongType(str(exc)) from exc
    except TooLarge as exc:
        refuse(row, str(exc), exc)
        raise
    whole = at == row.size
    life = LIFE_MS if whole else max(LIFE_MS, purposes.life(row.purpose))
    with database.atomic():
        row.offset, row.state, row.expires = at, "checking" if whole else "receiving", now() + life
        if row.save(only=[Upload.offset, Upload.state, Upload.expires, Upload.format]) == 0:
            raise Conflict("this upload was cancelled")
        if whole:
            jobs.enqueue("check", owner=row.owner_id, subject=row.id, name=row.name)
            tell(row)


def refuse(row: Upload, reason: str, why: Exception | None = None) -> None:
    """End an upload with a reason, unless it is over, and drop what came of it. why: None when the check failed."""
    with database.atomic():
        _drop(row)
        row.state, row.reason, row.expires = "refused", reason[:500], now() + KEEP_MS
        ended = {"state": row.state, "reason": row.reason, "expires": row.expires}
        if Upload.update(**ended).where(_undecided(row)).execute():
            audit.record("upload.refused", row.owner_id, row.id, reason=reason[:200])
            purposes.lost(row, why)
            tell(row)


def accept(row: Upload, file: StoredFile, duplicate: bool) -> None:
    """Hand a good file to who takes it, in the caller's transaction. Raises what they say; Conflict when it is over."""
    if not Upload.update(state="ready").where(_undecided(row)).execute():  # holds it until the transaction ends
        raise Conflict("this upload was cancelled")
    row.purpose, row.result = purposes.take(row, file, duplicate)
    row.file, row.duplicate, row.state, row.expires = file, duplicate, "ready", now() + KEEP_MS
    row.save()
    audit.record("upload.done", row.owner_id, row.id, file=file.id, duplicate=duplicate)
    tell(row)


def _undecided(row: Upload) -> Any:
    return (Upload.id == row.id) & Upload.state.in_(files.UNDECIDED)


def _drop(row: Upload) -> None:
    """Drop the bytes of an upload that became nothing, when the caller's transaction is over."""
    database.after_commit(lambda: path(row.id).unlink(missing_ok=True))
    if row.state == "checking":  # which may have put something into storage
        files.clear_later(row.id)


def tell(row: Upload) -> None:
    """Let the owner's pages know."""
    events.publish(row.owner_id, "upload", told(row))


def cancel(owner: str, upload: str) -> None:
    """End an upload that is on its way, or forget one that is over. NotFound; Busy while bytes are being written."""
    row = find(owner, upload)
    if row.state == "receiving":
        with receiving.held(path(upload)):
            forget(row)
    else:
        forget(row)


def forget(row: Upload) -> None:
    """Drop an upload; what came of it stays."""
    with database.atomic():
        Upload.delete().where(Upload.id == row.id).execute()
        audit.record("upload.ended", row.owner_id, row.id, state=row.state)
        _drop(row)


def erase(owner: str) -> None:
    """Drop all of somebody's uploads and files."""
    for row in list(Upload.select().where(Upload.owner == owner)):
        Upload.delete().where(Upload.id == row.id).execute()
        path(row.id).unlink(missing_ok=True)
    files.erase(storage(), owner)


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder for copies while somebody looks at a file."""
    return tempfile.TemporaryDirectory(prefix=COPIES, dir=quarantine())


@jobs.handler("clear")
def clear(work: jobs.Work) -> None:
    """Delete what storage has of a file that is no more."""
    files.clear(storage(), work.subject)


deletion.register("uploads", erase)
export.register("files", files.export)
export.register_files(files.stored, lambda owner: files.originals(storage(), owner))
