"""Who has which part that not everybody has yet.

A user is in a flag's share by a hash of both names: the same users stay in it while the share grows, and another flag
has others. Flags are read often and change seldom, so each process remembers them for some seconds.
"""

import json
import re
import time
from dataclasses import dataclass
from hashlib import blake2b

from companion.admin.models import Flag
from companion.audit import service as audit
from companion.database import database, now
from companion.errors import Invalid, NotFound
from companion.web.remembered import Remembered

REMEMBERED_SECONDS = 5.0
_NAME = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """A flag as it is asked: for `percent` of all users and for `users`."""

    name: str
    about: str
    percent: int
    users: frozenset[str]
    changed: int

    def has(self, user: str) -> bool:
        """Whether a user has it; nobody (an empty id) has what everybody has."""
        return user in self.users or share(self.name, user) < self.percent


_remembered: Remembered[tuple[Target, ...]] = Remembered(time.monotonic)  # by the database they are in


def share(flag: str, user: str) -> float:
    """Where between 0 and 100 a user stands in a flag's order."""
    number = int.from_bytes(blake2b(f"{flag}:{user}".encode(), digest_size=4).digest())
    return 100 * number / (1 << 32)


def listed() -> tuple[Target, ...]:
    """All flags by name, as they are in the database now."""
    rows = Flag.select().order_by(Flag.name)
    return tuple(
        Target(row.name, row.about, row.percent, frozenset(json.loads(row.users)), row.changed) for row in rows
    )


def _known() -> tuple[Target, ...]:
    flags = _remembered.get(database.obj)
    if flags is None:
        flags = listed()
        _remembered.put(database.obj, flags, time.monotonic() + REMEMBERED_SECONDS)
    return flags


def on(name: str, user: str) -> bool:
    """Whether a user has a flag; nobody has one that there is not."""
    return any(flag.name == name and flag.has(user) for flag in _known())


def of(user: str) -> list[str]:
    """The flags that a user has."""
    return [flag.name for flag in _known() if flag.has(user)]


def checked(name: str) -> str:
    """The name, if it is one. Invalid says how a name looks."""
    if not _NAME.fullmatch(name):
        raise Invalid("a flag's name is of 1 to 40 small letters, digits and hyphens")
    return name


def put(name: str, about: str, percent: int, users: list[str], actor: str = "", address: str = "") -> Target:
    """Make a flag, or say anew who has it."""
    at = now()
    with database.atomic():
        values = {"about": about, "percent": percent, "users": json.dumps(sorted(set(users))), "changed": at}
        if not Flag.update(values).where(Flag.name == name).execute():
            Flag.create(name=name, **values)
        audit.record("flag.put", actor, name, address, percent=percent, users=len(set(users)))
        database.after_commit(_remembered.clear)
    return Target(name, about, percent, frozenset(users), at)


def remove(name: str, actor: str = "", address: str = "") -> None:
    """Drop a flag. NotFound without it."""
    with database.atomic():
        if not Flag.delete().where(Flag.name == name).execute():
            raise NotFound("there is no such flag")
        audit.record("flag.removed", actor, name, address)
        database.after_commit(_remembered.clear)
