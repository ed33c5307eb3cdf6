"""Accounts as who administers sees them, and numbers of the whole companion."""

from typing import Any

from companion.accounts import sessions, stewardship, tiers
from companion.accounts.models import User
from companion.boxes import service as boxes
from companion.config import Settings
from companion.database import database
from companion.errors import Conflict, Forbidden
from companion.health import service as health
from companion.jobs import service as jobs
from companion.web.identity import Access


def shown(user: User) -> dict[str, Any]:
    """A row of the list of accounts."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "access": Access(user.access).name.lower(),
        "tier": user.tier,
        "created": user.created,
        "verified": user.verified,
        "disabled": user.disabled,
        "leaving": user.leaving,
    }


def account(user: str) -> dict[str, Any]:
    """An account with what it uses of its tier and where it is signed in. NotFound."""
    found = stewardship.by_id(user)
    running = sessions.listed(user)
    return shown(found) | {
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
        if tier is not None and tier != found.tier:
            tiers.put_on(user, tier, actor, address)
        if access is not None and access != found.access:
            if access not in (Access.COLLABORATOR, Access.ARTIST, Access.ADMIN):
                raise Conflict("an account is a collaborator's, an artist's or an administrator's")
            stewardship.set_access(found, access, actor, address)
        if disabled is not None and disabled != (found.disabled is not None):
            (stewardship.disable if disabled else stewardship.enable)(found, actor, address)
    return account(user)


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
    }
