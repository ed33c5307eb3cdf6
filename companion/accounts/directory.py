"""Who is who, for the other domains: names to show, and the account behind a proved address."""

from collections.abc import Iterable

from companion.accounts.models import User
from companion.database import Compiled
from companion.web.identity import Access

_NAME = Compiled(lambda user: User.select(User.name).where(User.id == user))


def names(users: Iterable[str | None]) -> dict[str, str]:
    """What people are called, by id. Who has left is not among them."""
    wanted = {user for user in users if user}
    if not wanted:
        return {}
    return {str(row.id): str(row.name) for row in User.select(User.id, User.name).where(User.id.in_(wanted))}


def name(user: str) -> str:
    """What somebody is called; empty for who has left."""
    row = _NAME.one(user)
    return str(row[0]) if row else ""


def owner_of(email: str) -> str | None:
    """The account that has proved this address; None without one."""
    proved = (User.email == email) & User.verified.is_null(False) & User.disabled.is_null()
    found: str | None = User.select(User.id).where(proved).scalar()
    return found


def proved_email(user: str) -> str:
    """The address that a user has proved to own; empty without one."""
    found = User.select(User.email).where((User.id == user) & User.verified.is_null(False)).scalar()
    return str(found or "")


def anybody() -> bool:
    """Whether there is an account at all."""
    return bool(User.select().exists())


def first_administrator() -> str:
    """The oldest account that administers; empty without one."""
    able = (User.access == Access.ADMIN) & User.disabled.is_null()
    found = User.select(User.id).where(able).order_by(User.id).scalar()
    return str(found or "")
