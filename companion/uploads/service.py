"""Uploads from their beginning to what they become.

Until the check is done a file lies in quarantine: in `uploads/` of the folder, which nothing serves.
"""

import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from companion.accounts import deletion, export, tiers
from companion.audit import service as audit
from companion.config import Settings
from companion.database import database, new_id, now
from companion.errors import Conflict, Invalid, NotFound, TooLarge, WrongType
from companion.events import service as events
from companion.jobs import service as jobs
from companion.media.kinds import LARGEST, Refused, check_size, sniff
from companion.storage.service import Storage
from companion.uploads import files, names, receiving
from companion.uploads.models import StoredFile, Upload
from companion.uploads.tus import Checksum

log = logging.getLogger(__name__)
LIFE_MS = 7 * 24 * 3600 * 1000  # of an upload that nobody goes on with
KEEP_MS = 7 * 24 * 3600 * 1000  # of the row, after its end
PATIENCE_MS = 3600 * 1000  # with a check that failed, so that it can be retried
MOST = max(LARGEST.values())
MOST_OPEN = 100  # uploads of one user that are not over
DETAILS = ("label", "kind")

Check = Callable[[str, str, dict[str, str]], None]
Take = Callable[[Upload, StoredFile, bool], str]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What uploads can be for.

    kinds: of files that serve it. check(user, subject, details): raises Problem when the user may not do that.
    take(upload, file, duplicate): makes something of it in the caller's transaction, and returns its id.
    """

    kinds: tuple[str, ...]
    check: Check
    take: Take


_purposes: dict[str, Purpose] = {
    "file": Purpose(tuple(LARGEST), lambda _user, _subject, _details: None, lambda _upload, file, _same: str(file.id))
}
_by_kind: dict[str, str] = {}
_folder: Path | None = None
_storage: Storage | None = None
_gate = receiving.Gate(4)


def register(name: str, purpose: Purpose, usual_for: str = "") -> None:
    """Let a domain take uploads; `usual_for` a kind of file whose upload says no purpose."""
    _purposes[name] = purpose
    if usual_for:
        _by_kind[usual_for] = name


def install(settings: Settings, storage: Storage) -> None:
    """Receive into this folder, keep in this storage."""
    global _folder, _storage, _gate  # noqa: PLW0603 - one companion per process
    _folder, _storage = settings.folder / "uploads", storage
    _folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _gate = receiving.Gate(settings.threads // 2)


def storage() -> Storage:
    """Where files are kept."""
    assert _storage is not None, "install comes first"
    return _storage


def path(upload: str) -> Path:
    """Where an upload lies until it is checked."""
    assert _folder is not None, "install comes first"
    return _folder / (upload + receiving.ENDING)


def create(owner: str, size: int, metadata: dict[str, str], address: str = "") -> Upload:
    """Begin an upload. metadata: filename, purpose, subject and DETAILS; others are not looked at.

    TooLarge, OverQuota, Invalid, or what the purpose says.
    """
    if size > MOST:
        raise TooLarge("no file may have more than 1 GB")
    if size < 1:
        raise Invalid("the file is empty")
    purpose = metadata.get("purpose", "")
    subject = metadata.get("subject", "")[:26]
    details = {name: metadata[name][:100] for name in DETAILS if name in metadata}
    if purpose and purpose not in _purposes:
        raise Invalid(f"purpose is one of {', '.join(sorted(_purposes))}")
    if purpose:
        _purposes[purpose].check(owner, subject, details)
        most = max(LARGEST[kind] for kind in _purposes[purpose].kinds)
        if size > most:
            raise TooLarge(f"a file for this may have {most >> 20} MB")
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
            name=names.shown(metadata.get("filename", "")),
            size=size,
            expires=now() + LIFE_MS,
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
    """An owner's uploads, newest first."""
    mine = (Upload.owner == owner) & (Upload.expires > now())
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

    Conflict at another offset or when it is over; Busy, TooLarge, WrongSumError; WrongType when the first bytes are of
    nothing that is taken: the upload is refused then.
    """
    find(owner, upload)
    with _gate(), receiving.held(path(upload)) as descriptor:
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
            row.format = _known(row, head)
    except Refused as exc:
        refuse(row, str(exc))
        raise WrongType(str(exc)) from exc
    whole = at == row.size
    with database.atomic():
        row.offset, row.state, row.expires = at, "checking" if whole else "receiving", now() + LIFE_MS
        if row.save(only=[Upload.offset, Upload.state, Upload.expires, Upload.format]) == 0:
            raise Conflict("this upload was cancelled")
        if whole:
            jobs.enqueue("check", owner=row.owner_id, subject=row.id, name=row.name)
            tell(row)


def _known(row: Upload, head: bytes) -> str:
    format_ = sniff(head)
    check_size(format_.kind, row.size)
    purpose = _purposes.get(row.purpose)
    if purpose is not None and format_.kind not in purpose.kinds:
        wanted = " or ".join(purpose.kinds)
        raise Refused(f"this is {_article(format_.kind)} file; for this it takes {_article(wanted)} file")
    return format_.name


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def refuse(row: Upload, reason: str) -> None:
    """End an upload with a reason, and drop what came of it."""
    with database.atomic():
        Upload.update(state="refused", reason=reason[:500], expires=now() + KEEP_MS).where(
            Upload.id == row.id
        ).execute()
        audit.record("upload.refused", row.owner_id, row.id, reason=reason[:200])
        row.state, row.reason = "refused", reason[:500]
        tell(row)
    path(row.id).unlink(missing_ok=True)


def accept(row: Upload, file: StoredFile, duplicate: bool) -> None:
    """Hand a good file to who takes it, in the caller's transaction. Raises what they say."""
    name = row.purpose or _by_kind.get(file.kind, "file")
    purpose = _purposes[name]
    if file.kind not in purpose.kinds:
        raise Invalid(f"this is {_article(file.kind)} file, which is of no use here")
    purpose.check(row.owner_id, row.subject, json.loads(row.details))
    row.purpose, row.file, row.duplicate, row.state = name, file, duplicate, "ready"
    row.result, row.expires = purpose.take(row, file, duplicate), now() + KEEP_MS
    row.save()
    audit.record("upload.done", row.owner_id, row.id, file=file.id, duplicate=duplicate)
    tell(row)


def tell(row: Upload) -> None:
    """Let the owner's pages know."""
    events.publish(row.owner_id, "upload", told(row))


def cancel(owner: str, upload: str) -> None:
    """End an upload that is on its way, or forget one that is over. NotFound; Busy while bytes are being written."""
    row = find(owner, upload)
    if row.state == "receiving":
        with receiving.held(path(upload)):
            _forget(row)
    else:
        _forget(row)


def _forget(row: Upload) -> None:
    with database.atomic():
        Upload.delete().where(Upload.id == row.id).execute()
        audit.record("upload.ended", row.owner_id, row.id, state=row.state)
    path(row.id).unlink(missing_ok=True)


def keep_house() -> int:
    """Drop uploads that have expired, and parts without one; returns how many. End those whose check failed."""
    given_up = (Upload.state == "checking") & (Upload.expires < now() + LIFE_MS - PATIENCE_MS)
    for row in list(Upload.select().where(given_up)):
        if not jobs.waiting("check", row.id):
            refuse(row, "the check of this file failed; send it again")
    old = list(Upload.select().where(Upload.expires < now()))
    for row in old:
        _forget(row)
    assert _folder is not None, "install comes first"
    present = {part.name.removesuffix(receiving.ENDING): part for part in _folder.glob(f"*{receiving.ENDING}")}
    known = {row.id for row in Upload.select(Upload.id).where(Upload.id.in_(list(present)))}
    for number, part in present.items():
        if number not in known and now() - part.stat().st_mtime * 1000 > 3600 * 1000:
            part.unlink(missing_ok=True)
    return len(old)


def erase(owner: str) -> None:
    """Drop all of somebody's uploads and files."""
    for row in list(Upload.select().where(Upload.owner == owner)):
        Upload.delete().where(Upload.id == row.id).execute()
        path(row.id).unlink(missing_ok=True)
    files.erase(storage(), owner)


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder for copies while a file is being checked."""
    assert _folder is not None, "install comes first"
    return tempfile.TemporaryDirectory(prefix="check-", dir=_folder)


deletion.register("uploads", erase)
export.register("files", files.export)
