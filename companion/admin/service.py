"""Accounts as who administers sees them, and numbers of the whole companion."""

from typing import Any

from companion.accounts import sessions, stewardship, tiers
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.config import Settings
from companion.database import database
from companion.errors import Conflict, Forbidden
from companion.health import service as health
from companion.jobs import ledger as jobs
from companion.web.identity import Access


def account(user: str) -> dict[str, Any]:
    """An account with what it uses of its tier and where it is signed in. NotFound."""
    found = stewardship.by_id(user)
    running = sessions.listed(user)
    return stewardship.shown(found) | {
        "allowances": tiers.allowances(user)[1],
        "sessions": len(running),
        "seen": max((session.seen for session in running), default=None),
    }


def change(
    user: str, access: Access | None, tier: str | None, disabled: bool | None, actor: str, address: str
) -> dict[str, Any]:
    """Change role, tier, or whether an account is open, all or nothing. Conflict, Forbidden, Invalid, NotFound."""
    with database.atomic():
        found = stewardship.by_id(user)
        if user == actor and (disabled or access not in (None, Access.ADMIN)):
            raise Forbidden("another administrator must do that to your own account")
        if access is not None and access != found.access:
            if access not in (Access.COLLABORATOR, Access.ARTIST, Access.ADMIN):
                raise Conflict("an account is a collaborator's, an artist's or an administrator's")
            stewardship.set_access(found, access, actor, address)
        if disabled is not None and disabled != (found.disabled is not None):
            (stewardship.disable if disabled else stewardship.enable)(found, actor, address)
        if tier is not None and tier != found.tier:
            tiers.put_on(user, tier, actor, address)
    return account(user)


def retry(job: str, actor: str = "", address: str = "") -> None:
    """Queue a job again that failed or was cancelled. NotFound, Conflict."""
    with database.atomic():
        jobs.retry(job)
        audit.record("job.retried", actor, job, address)


def cancel(job: str, actor: str = "", address: str = "") -> None:
    """Cancel a job that waits or runs. NotFound, Conflict."""
    with database.atomic():
        jobs.cancel(job)
        audit.record("job.cancelled", actor, job, address)


def overview(settings: Settings) -> dict[str, Any]:
    """Numbers of the whole companion."""
    users = stewardship.counts()
    count, online = boxes.counts()
    return {
        "users": users["all"],
        "users_active": users["active"],
        "users_disabled": users["disabled"],
        "tiers": {tier: users.get(f"tier.{tier}", 0) for tier in tiers.TIERS},
        "boxes": count,
        "boxes_online": online,
        "jobs": jobs.counts(),
        "queue_lag_ms": jobs.lag_ms(),
        "disk_free": health.disk_free(settings.folder),
        "outbox": "" if settings.mail_url else str(settings.folder / "outbox"),
    }
