"""The audit log."""

import json
from typing import Any

from flask import current_app
from pydantic import Field

from companion.accounts import directory
from companion.admin.views.base import READ, WRITE, api
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.web.api import Answer
from companion.web.paging import Page, Paging


class AuditRow(Answer):
    """Who (`actor`, empty for nobody known) did what to what, from which address.

    `subject_name`: what an account or a box is called; empty for other things.
    """

    id: int
    at: int
    actor: str
    actor_name: str
    address: str
    action: str
    subject: str
    subject_name: str
    detail: dict[str, Any]


class AuditWanted(Paging):
    """action: whole or its beginning. since, until: milliseconds since 1970."""

    actor: str = Field("", max_length=26)
    action: str = Field("", max_length=40, examples=["user."])
    subject: str = Field("", max_length=60)
    since: int = Field(0, ge=0, lt=1 << 53)
    until: int = Field(0, ge=0, lt=1 << 53)


class VerdictOut(Answer):
    """Whether the audit log is as it was written; `broken` is the first row that is not."""

    whole: bool
    rows: int
    says: str
    broken: int | None


@api.on("GET", "/admin/audit", READ, query=AuditWanted, gives=Page[AuditRow])
def list_audit(query: AuditWanted) -> Any:
    """The audit log, newest first."""
    rows, following = audit.paged(
        query.actor, query.action, query.subject, query.since, query.until, query.after, query.limit
    )
    subjects = {row.subject for row in rows}
    names = boxes.names(subjects) | directory.names(subjects | {row.actor for row in rows})
    items = [
        row.__data__
        | {
            "detail": json.loads(row.detail),
            "actor_name": names.get(row.actor, ""),
            "subject_name": names.get(row.subject, ""),
        }
        for row in rows
    ]
    return {"items": items, "next": following}


@api.on("GET", "/admin/audit/verdict", WRITE, gives=VerdictOut)
def verify_audit() -> Any:
    """Walk the whole audit log and say whether anything was changed."""
    return audit.verify(current_app.extensions["settings"].folder, current_app.extensions["vault"])
