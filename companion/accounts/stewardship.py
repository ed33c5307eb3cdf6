"""What who runs the companion does with accounts: roles, closing and opening, a way back in."""

from typing import Any

import peewee

from companion.accounts import service, sessions, tickets
from companion.accounts.models import Session, User
from companion.audit import service as audit
from companion.database import database, now
from companion.errors import Conflict, NotFound
from companion.web import paging
from companion.web.identity import Access


def find(email: str) -> User:
    """The account with an address. NotFound without one."""
    user = User.get_or_none(User.email == email.strip().lower())
    if user is None:
        raise NotFound(f"there is no account with the address {email}")
    return user


def listed(search: str = "") -> list[User]:
    """Accounts whose name or address has the text in it, newest first."""
    found = User.name.contains(search) | User.email.contains(search)
    return list(User.select().where(found).order_by(User.created.desc()))


# name of a sort: columns before the id; addresses differ, and ids are in the order in which they were made
SORTS: dict[str, tuple[Any, ...]] = {"added": (), "name": (peewee.fn.LOWER(User.name),), "email": (User.email,)}


def paged(
    search: str = "", tier: str = "", access: Access | None = None, disabled: bool | None = None,
    sort: str = "-added", after: str = "", limit: int = 50,
) -> tuple[list[User], str]:  # fmt: skip
    """A page of the accounts that fit, and the next cursor. sort: a name of SORTS, with - the other way round."""
    columns = SORTS[sort.removeprefix("-")]
    query = User.select(User, *(column.alias("sorted") for column in columns))
    if search:
        query = query.where(User.name.contains(search) | User.email.contains(search))
    if tier:
        query = query.where(User.tier == tier)
    if access is not None:
        query = query.where(User.access == access)
    if disabled is not None:
        query = query.where(User.disabled.is_null(not disabled))
    query = paging.ordered(query, (*columns, User.id), sort, paging.decode(after, [str] * (len(columns) + 1)))
    rows = list(query.limit(limit + 1))
    return paging.page(rows, limit, lambda row: [row.sorted, row.id] if columns else [row.id])


def shown(user: User) -> dict[str, Any]:
    """What who administers sees of an account in a list."""
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


def by_id(user: str) -> User:
    """The account with that id. NotFound without one."""
    found = User.get_or_none(User.id == user)
    if found is None:
        raise NotFound("there is no such account")
    return found


def end_sessions(user: User, actor: str = "", address: str = "") -> int:
    """Sign somebody out everywhere; returns of how many sessions."""
    with database.atomic():
        count = sessions.end_all(user.id)
        audit.record("user.signed_out", actor, user.id, address, sessions=count)
    return count


def counts() -> dict[str, int]:
    """How many accounts there are, are closed, and were used within seven days; and how many on each tier."""
    week = now() - 7 * 24 * 3600 * 1000
    tiers: Any = User.select(User.tier, peewee.fn.COUNT(User.id)).group_by(User.tier).tuples()
    return {
        "all": User.select().count(),
        "disabled": User.select().where(User.disabled.is_null(False)).count(),
        "active": Session.select(Session.user).where(Session.seen > week).distinct().count(),
        **{f"tier.{tier}": int(count) for tier, count in tiers},
    }


def check_not_last(user: User) -> None:
    """Conflict when nobody would administer any more without this account.

    Call it first in the transaction that takes the role: of two who take it from each other one is refused.
    """
    service.one_at_a_time()
    staying = User.disabled.is_null() & User.leaving.is_null() & (User.id != user.id)
    administers = User.select().where((User.id == user.id) & (User.access == Access.ADMIN)).exists()
    if administers and not User.select().where(staying & (User.access == Access.ADMIN)).exists():
        raise Conflict("this is the only account that administers; give the role to another one first")


def set_access(user: User, access: Access, actor: str = "", address: str = "") -> None:
    """Give a role. Conflict when nobody would administer any more."""
    with database.atomic():
        if access != Access.ADMIN:
            check_not_last(user)
        User.update(access=access).where(User.id == user.id).execute()
        audit.record("user.access", actor, user.id, address, access=access.name.lower(), before=int(user.access))


def disable(user: User, actor: str = "", address: str = "") -> None:
    """Close an account and end its sessions. Conflict when nobody would administer any more."""
    with database.atomic():
        check_not_last(user)
        User.update(disabled=now()).where(User.id == user.id).execute()
        sessions.end_all(user.id)
        audit.record("user.disabled", actor, user.id, address)


def enable(user: User, actor: str = "", address: str = "") -> None:
    """Open a closed account again."""
    with database.atomic():
        User.update(disabled=None).where(User.id == user.id).execute()
        audit.record("user.enabled", actor, user.id, address)


def reset_link(url: str, user: User, actor: str = "", address: str = "") -> str:
    """A link that sets a new password, once, within an hour: for who cannot get mail."""
    with database.atomic():
        secret = tickets.issue("reset", tickets.HOUR, user.id, email=user.email)
        audit.record("user.reset_link", actor, user.id, address)
    return f"{url}/reset#{secret}"
