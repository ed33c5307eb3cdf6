"""Who is asking."""

from dataclasses import dataclass
from enum import IntEnum

from flask import g


class Access(IntEnum):
    """What a route asks of its caller; each includes those before it."""

    PUBLIC = 0
    COLLABORATOR = 1
    ARTIST = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller. `via` is `cookie`, `token` or `key`; `scopes` is None when nothing is held back.

    session: the session's or the key's id. csrf: what a page must send along, for cookies.
    """

    user: str = ""
    access: Access = Access.PUBLIC
    tier: str = "free"
    via: str = ""
    session: str = ""
    csrf: str = ""
    scopes: frozenset[str] | None = None


NOBODY = Identity()


def who() -> Identity:
    """The caller of the present request."""
    identity: Identity = g.who
    return identity
