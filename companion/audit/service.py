"""Writing and checking the audit log."""

import hashlib
import json
from typing import Any

from companion.audit.models import AuditEntry
from companion.database import database, now

KEEP_MS = 90 * 24 * 3600 * 1000
_FIRST = "0" * 64


def _digest(before: str, at: int, actor: str, address: str, action: str, subject: str, detail: str) -> str:
    text = json.dumps([before, at, actor, address, action, subject, detail])
    return hashlib.sha256(text.encode()).hexdigest()


def record(action: str, actor: str = "", subject: str = "", address: str = "", **detail: Any) -> None:
    """Append a row, in the caller's transaction: what was not done leaves no row."""
    with database.atomic():
        if not database.obj.__class__.__name__.startswith("Sqlite"):
            database.execute_sql("LOCK TABLE audit_entry IN EXCLUSIVE MODE")  # one chain, one writer
        last = AuditEntry.select(AuditEntry.hash).order_by(AuditEntry.id.desc()).first()
        at, text = now(), json.dumps(detail, sort_keys=True)
        row = (last.hash if last else _FIRST, at, actor, address, action, subject, text)
        AuditEntry.create(
            at=at, actor=actor, address=address, action=action, subject=subject, detail=text, hash=_digest(*row)
        )


def verify() -> int | None:
    """Walk the chain; returns the id of the first row that does not fit, or None when all do."""
    before = None
    for row in AuditEntry.select().order_by(AuditEntry.id).iterator():
        if before is not None and row.hash != _digest(
            before, row.at, row.actor, row.address, row.action, row.subject, row.detail
        ):
            return int(row.id)
        before = row.hash
    return None
