"""Fitting the accounts to the settings, what they put into an export, and what they do regularly."""

from collections.abc import Iterable, Iterator
from typing import Any

from companion.accounts import deletion, export, keys, outside, passkeys, passwords, sessions, throttle, tickets
from companion.accounts.models import User
from companion.audit import service as audit
from companion.config import Settings
from companion.database import now
from companion.storage.service import Storage
from companion.web.identity import Access


def install(settings: Settings, storage: Storage, scopes: Iterable[str]) -> None:
    """Before the first request. scopes: that the rules of all routes name."""
    passwords.install(settings.threads)
    throttle.install(settings)
    keys.install(scopes)
    export.install(storage, settings.url, settings.folder / "run")


def keep_house() -> None:
    """Once an hour: drop what has expired, and begin to erase accounts whose seven days are over."""
    tickets.forget()
    sessions.forget()
    export.forget()
    deletion.sweep()


def after_restore() -> None:
    """End all that works once: what was signed out or spent since the backup must not come back with it."""
    sessions.end_everywhere()
    tickets.void_everywhere()


def _profile(user: str) -> dict[str, Any]:
    row = User.get_by_id(user)
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "access": Access(row.access).name.lower(),
        "tier": row.tier,
        "created": row.created,
        "verified": row.verified,
        "exported": now(),
    }


def _ways_in(user: str) -> dict[str, Any]:
    """How somebody signs in, without what it takes to do so."""
    return {
        "sessions": [_fields(row, "created", "seen", "address", "agent") for row in sessions.listed(user)],
        "passkeys": [_fields(row, "name", "created", "used") for row in passkeys.listed(user)],
        "elsewhere": [_fields(row, "provider", "subject", "email", "created") for row in outside.listed(user)],
        "keys": [_fields(row, "name", "start", "scopes", "created", "used") for row in keys.listed(user)],
    }


def _activity(user: str) -> Iterator[dict[str, Any]]:
    after, more = "", True
    while more:
        rows, after = audit.paged(actor=user, after=after, limit=200)
        more = bool(after)
        yield from (_fields(row, "at", "action", "address", "subject") for row in rows)


def _fields(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


export.register("account", _profile)
export.register("ways-in", _ways_in)
export.register("activity", _activity)
