"""/api/v1/notices."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from companion.notices import service
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("notices", "Notices", "/notices")
READ = Rule(Access.COLLABORATOR, "notices:read", "page")
WRITE = Rule(Access.COLLABORATOR, "notices:write", "page")


class NoticeOut(Answer):
    """Something that you should know: `text` says it, `link` leads to it in the page."""

    id: str
    kind: str
    text: str
    link: str
    body: dict[str, Any]
    at: int
    read: int | None


class Wanted(Paging):
    """`unread`: those alone that you have not read."""

    unread: bool = False
    search: str = Field("", max_length=100, description="a part of what a notice says")
    sort: Literal["added", "-added"] = Field("-added", description="newest first, or with `added` oldest first")


class Unread(Answer):
    """How many you have not read."""

    unread: int


class Until(BaseModel):
    """`until`: the newest that you have seen; empty is all."""

    model_config = ConfigDict(extra="forbid")

    until: str = Field("", max_length=26)


class Preference(Answer):
    """A kind of notices, and whether you get mail of it, too."""

    kind: str
    about: str
    mail: bool


class Mailed(Body):
    """Whether a kind is mailed to you."""

    mail: bool


@api.on("GET", "", READ, query=Wanted, gives=Page[NoticeOut])
def list_notices(query: Wanted) -> Any:
    """What you should know."""
    rows, following = service.listed(who().user, query.unread, query.after, query.limit, query.search, query.sort)
    return {"items": rows, "next": following}


@api.on("GET", "/unread", READ, gives=Unread)
def count_unread() -> Any:
    """How many you have not read."""
    return {"unread": service.unread(who().user)}


@api.on("POST", "/read", WRITE, query=Until, gives=Unread)
def read_notices(query: Until) -> Any:
    """Mark all as read."""
    service.read_all(who().user, query.until)
    return {"unread": service.unread(who().user)}


@api.on("POST", "/<notice>/read", WRITE, gives=Unread)
def read_notice(notice: str) -> Any:
    """Mark one as read."""
    service.read(who().user, notice)
    return {"unread": service.unread(who().user)}


@api.on("DELETE", "/<notice>", WRITE, status=204)
def delete_notice(notice: str) -> Any:
    """Throw one away."""
    service.delete(who().user, notice)


@api.on("GET", "/mail", READ, gives=list[Preference])
def list_preferences() -> Any:
    """Which kinds are mailed to you."""
    return service.preferences(who().user)


@api.on("PUT", "/mail/<kind>", WRITE, takes=Mailed, gives=list[Preference])
def prefer(kind: str, body: Mailed) -> Any:
    """Say whether a kind is mailed to you."""
    return service.prefer(who().user, kind, body.mail)
