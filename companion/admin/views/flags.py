"""Flags: given by who administers, and asked by everybody for themselves."""

from typing import Any

from pydantic import Field

from companion.admin import flags
from companion.admin.views.base import READ, WRITE, api, origin
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who


class FlagIn(Body):
    """Who has it: a share of all users, and some by id in any case."""

    about: str = Field("", max_length=200)
    percent: int = Field(0, ge=0, le=100)
    users: list[str] = Field(default_factory=list, max_length=1000)


class FlagOut(Answer):
    """A flag and who has it."""

    name: str
    about: str
    percent: int
    users: list[str]
    changed: int


class Mine(Answer):
    """The flags that you have."""

    flags: list[str]


def _flag(flag: flags.Target) -> dict[str, Any]:
    return {
        "name": flag.name,
        "about": flag.about,
        "percent": flag.percent,
        "users": sorted(flag.users),
        "changed": flag.changed,
    }


@api.on("GET", "/admin/flags", READ, gives=list[FlagOut])
def list_flags() -> Any:
    """All flags, by name."""
    return [_flag(flag) for flag in flags.listed()]


@api.on("PUT", "/admin/flags/<name>", WRITE, takes=FlagIn, gives=FlagOut)
def put_flag(name: str, body: FlagIn) -> Any:
    """Make a flag, or say anew who has it. A name is of 1 to 40 small letters, digits and hyphens."""
    return _flag(flags.put(flags.checked(name), body.about, body.percent, body.users, *origin()))


@api.on("DELETE", "/admin/flags/<name>", WRITE, status=204)
def remove_flag(name: str) -> Any:
    """Drop a flag: nobody has it any more."""
    flags.remove(name, *origin())


@api.on("GET", "/flags", Rule(Access.COLLABORATOR, limit="page"), gives=Mine)
def my_flags() -> Any:
    """The flags that you have."""
    return {"flags": flags.of(who().user)}
