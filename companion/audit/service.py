"""Writing and checking the audit log.

Rows are chained by their hash, so that none can be changed or left out in the middle. That the last rows are still
there is told by a seal: where the chain begins and ends, signed with a key of the vault, in a file beside the keys and
in the log of the process. Who can write to the database alone can do nothing unseen to what was sealed; who holds the
folder with its keys and the logs can.
"""

import hashlib
import hmac
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import peewee

from companion import elapsed
from companion.audit.models import AuditEntry
from companion.database import database, new_id, now
from companion.vault.service import SealBrokenError, Vault
from companion.web import paging

log = logging.getLogger(__name__)
KEEP_MS = 90 * 24 * 3600 * 1000
_CREDIBLE_MS = 1_577_836_800_000  # 2020: nothing was written before
SEAL_FILE = "keys/audit.seal"
_FIRST = "0" * 64
_COVERED = (
    AuditEntry.at, AuditEntry.actor, AuditEntry.address, AuditEntry.action, AuditEntry.subject, AuditEntry.detail,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seal:
    """The chain from `first` (whose row follows the hash `before`) to `last` (whose hash is `hash`), as it was `at`."""

    first: int
    before: str
    last: int
    hash: str
    at: int
    key: int = 0
    signature: str = ""

    def sign(self, vault: Vault, number: int = 0) -> str:
        """The signature under the vault's newest key, or a given one."""
        text = json.dumps([self.first, self.before, self.last, self.hash, self.at])
        return hmac.digest(vault.derived("audit", number)[1], text.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `broken` is the id of the first row that does not fit; `says` a sentence for a person."""

    whole: bool
    rows: int
    says: str
    broken: int | None = None


def _digest(before: str, at: int, actor: str, address: str, action: str, subject: str, detail: str) -> str:
    text = json.dumps([before, at, actor, address, action, subject, detail])
    return hashlib.sha256(text.encode()).hexdigest()


def record(action: str, actor: str = "", subject: str = "", address: str = "", **detail: Any) -> None:
    """Append a row, in the caller's transaction: what was not done leaves no row."""
    with database.atomic():
        if not isinstance(database.obj, peewee.SqliteDatabase):
            database.execute_sql("LOCK TABLE audit_entry IN EXCLUSIVE MODE")  # one chain, one writer
        last = AuditEntry.select(AuditEntry.hash).order_by(AuditEntry.id.desc()).first()
        at, text, address = now(), json.dumps(detail, sort_keys=True), address[:45]
        row = (last.hash if last else _FIRST, at, actor, address, action, subject, text)
        AuditEntry.create(
            at=at, actor=actor, address=address, action=action, subject=subject, detail=text, hash=_digest(*row)
        )


def paged(
    actor: str = "",
    action: str = "",
    subject: str = "",
    since: int = 0,
    until: int = 0,
    after: str = "",
    limit: int = 50,
) -> tuple[list[AuditEntry], str]:
    """A page of the rows that fit, newest first, and the next cursor. action: whole, or its beginning (`user.`)."""
    query = AuditEntry.select()
    if actor:
        query = query.where(AuditEntry.actor == actor)
    if action:
        query = query.where(AuditEntry.action.startswith(action))
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if since:
        query = query.where(AuditEntry.at >= since)
    if until:
        query = query.where(AuditEntry.at < until)
    return paging.newest(query, AuditEntry.id, after, limit, int)


def _read(folder: Path, vault: Vault) -> Seal | None:
    """The seal that lies there. SealBrokenError when it is not ours."""
    try:
        text = (folder / SEAL_FILE).read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    try:
        found = Seal(**json.loads(text))
        right = hmac.compare_digest(found.sign(vault, found.key), found.signature)
    except (ValueError, TypeError) as exc:
        raise SealBrokenError("the audit log's seal is damaged") from exc
    if not right:
        raise SealBrokenError("the audit log's seal was forged")
    return found


def _write(folder: Path, vault: Vault, first: int, before: str, last: AuditEntry) -> Seal:
    number = vault.derived("audit")[0]
    bare = Seal(first, before, int(last.id), str(last.hash), now())
    made = Seal(bare.first, bare.before, bare.last, bare.hash, bare.at, number, bare.sign(vault, number))
    path = folder / SEAL_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{new_id()}.new")  # several machines may share the folder
    with fresh.open("w", encoding="ascii") as file:
        json.dump(asdict(made), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    log.info("audit log sealed", extra={"last": made.last, "hash": made.hash, "signature": made.signature})
    return made


def seal(folder: Path, vault: Vault, anew: bool = False) -> bool:
    """Sign the chain as it is, when it grew and still fits the seal before. Returns whether it was sealed.

    anew: whatever the seal before says, as after a restore, which the log then tells. A chain that does not fit is not
    sealed, so that the break stays to be seen.
    """
    newest = AuditEntry.select().order_by(AuditEntry.id.desc()).first()
    if newest is None:
        return False
    held = None if anew else _read(folder, vault)
    if held is None:
        oldest = AuditEntry.select().order_by(AuditEntry.id).first()
        _write(folder, vault, int(oldest.id), "" if oldest.id > 1 else _FIRST, newest)
        return True
    if newest.id == held.last or not _check("", AuditEntry.id >= held.last, held).whole:
        return False
    _write(folder, vault, held.first, held.before, newest)
    return True


def _check(before: str, rows: Any, held: Seal | None) -> Verdict:
    """Walk rows in order. `before`: the hash that the first must follow; empty when nobody knows."""
    count, last = 0, 0
    query: Any = AuditEntry.select(AuditEntry.id, *_COVERED, AuditEntry.hash).where(rows).order_by(AuditEntry.id)
    for number, *fields, signed in query.tuples().iterator():
        if held is not None and last < held.last < number:
            return Verdict(False, count, f"row {held.last} is gone", held.last)
        if before and _digest(before, *fields) != signed:
            return Verdict(False, count, f"row {number} was changed, or rows before it are gone", number)
        if held is not None and number == held.last and signed != held.hash:
            return Verdict(False, count, f"row {number} is not the one that was sealed", number)
        before, last, count = signed, number, count + 1
    if held is not None and last < held.last:
        return Verdict(False, count, f"rows at the end are gone: the last is {last}, sealed was {held.last}", last)
    return Verdict(True, count, f"{count} rows, nothing was changed")


def verify(folder: Path, vault: Vault) -> Verdict:
    """Walk the whole chain and hold it against its seal."""
    try:
        held = _read(folder, vault)
    except SealBrokenError as exc:
        return Verdict(False, 0, str(exc))
    if held is None:
        found = _check("", AuditEntry.id >= 0, None)
        return Verdict(found.whole, found.rows, f"{found.says}; there is no seal yet", found.broken)
    return _check(held.before, AuditEntry.id >= held.first, held)


def forget(folder: Path, vault: Vault) -> int:
    """Drop rows that are 90 days old, but for the last; returns how many. A log that is broken is left as it is."""
    newest = AuditEntry.select().order_by(AuditEntry.id.desc()).first()
    if newest is None or not verify(folder, vault).whole:
        return 0
    # before the first that is to stay: a row of 1970, when the clock was wrong, may stand between fresh ones
    since = elapsed.passed() - KEEP_MS
    stays = AuditEntry.select(peewee.fn.MIN(AuditEntry.id)).where(AuditEntry.at >= since).scalar() or newest.id
    old = AuditEntry.at.between(_CREDIBLE_MS, since - 1) & (AuditEntry.id < min(stays, newest.id))
    edge = AuditEntry.select().where(old).order_by(AuditEntry.id.desc()).first()
    if edge is None:
        return 0
    first = AuditEntry.select(peewee.fn.MIN(AuditEntry.id)).where(AuditEntry.id > edge.id).scalar()
    _write(folder, vault, int(first), str(edge.hash), newest)
    return int(AuditEntry.delete().where(AuditEntry.id <= edge.id).execute())
