"""Accounts: found, changed, signed out."""

from typing import Any, Literal

from pydantic import Field

from companion.accounts import stewardship
from companion.admin import service
from companion.admin.views.base import READ, WRITE, api, origin
from companion.web.api import Answer, Body
from companion.web.identity import Access
from companion.web.paging import Page, Paging

Role = Literal["collaborator", "artist", "admin"]


class UserRow(Answer):
    """An account. Times in milliseconds since 1970; None where it did not happen."""

    id: str
    email: str
    name: str
    access: Role
    tier: str
    created: int
    verified: int | None
    disabled: int | None
    leaving: int | None


class AllowanceOut(Answer):
    """What a tier includes of something, and how much of it is used (None: not counted for each user)."""

    what: str
    most: int
    used: int | None


class UserOut(UserRow):
    """An account with what it uses; `seen`: when it last called."""

    allowances: list[AllowanceOut]
    sessions: int
    seen: int | None


class UsersWanted(Paging):
    """`search`: a part of the name or the address."""

    search: str = Field("", max_length=100)
    sort: Literal["added", "-added", "name", "-name", "email", "-email"] = Field(
        "-added", description="what to sort by; with - the other way round"
    )
    tier: str = Field("", max_length=16)
    access: Role | None = None
    disabled: bool | None = None


class UserChange(Body):
    """What to change; what is left out stays."""

    access: Role | None = None
    tier: str | None = Field(None, max_length=16, examples=["core"])
    disabled: bool | None = None


class Ended(Answer):
    """How many sessions were ended."""

    sessions: int


@api.on("GET", "/admin/users", READ, query=UsersWanted, gives=Page[UserRow])
def list_users(query: UsersWanted) -> Any:
    """All accounts."""
    access = Access[query.access.upper()] if query.access else None
    rows, following = stewardship.paged(
        query.search, query.tier, access, query.disabled, query.sort, query.after, query.limit
    )
    return {"items": [stewardship.shown(row) for row in rows], "next": following}


@api.on("GET", "/admin/users/<user>", READ, gives=UserOut)
def get_user(user: str) -> Any:
    """One account."""
    return service.account(user)


@api.on("PATCH", "/admin/users/<user>", WRITE, takes=UserChange, gives=UserOut)
def change_user(user: str, body: UserChange) -> Any:
    """Change an account's role or tier, close it or open it again."""
    access = Access[body.access.upper()] if body.access else None
    return service.change(user, access, body.tier, body.disabled, *origin())


@api.on("DELETE", "/admin/users/<user>/sessions", WRITE, gives=Ended)
def end_sessions(user: str) -> Any:
    """Sign somebody out everywhere."""
    return {"sessions": stewardship.end_sessions(stewardship.by_id(user), *origin())}
