"""API keys: for programs that act for a user, each allowed what its scopes name and no more."""

import secrets
from collections.abc import Iterable

from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import ApiKey, User
from companion.accounts.tickets import DAY, digest
from companion.database import Compiled, database, now
from companion.errors import Conflict, Invalid, NotFound
from companion.installed import Installed
from companion.web.identity import Access, Identity

PREFIX = "rdk_"
MOST = 50
_SHOWN = len(PREFIX) + 6
_SEEN_MS = 60_000  # how exactly "last used" is kept

_BY_HASH = Compiled(
    lambda hashed: (
        ApiKey.select(ApiKey.id, ApiKey.scopes, ApiKey.expires, ApiKey.used, User.id, User.access, User.tier)
        .join(User)
        .where((ApiKey.hash == hashed) & User.disabled.is_null())
    )
)
_scopes: Installed[tuple[str, ...]] = Installed(())


def install(scopes: Iterable[str]) -> None:
    """Say which scopes there are: those that the rules of the routes name."""
    _scopes.put(tuple(sorted({scope for scope in scopes if scope})))


def scopes() -> tuple[str, ...]:
    """The scopes that a key can have, such as `tracks:read`."""
    return _scopes()


def make(user: User, name: str, wanted: list[str], days: int | None, origin: Origin = NOWHERE) -> tuple[ApiKey, str]:
    """A new key: its row, and the key itself, which is shown this once. days: until it expires, or None for never.

    Invalid for a scope that does not exist; Conflict when there are fifty.
    """
    unknown = sorted(set(wanted) - set(_scopes()))
    if unknown or not wanted:
        said = f"there is no scope {', '.join(unknown)}" if unknown else "a key needs a scope"
        raise Invalid(f"{said}; there are {', '.join(_scopes())}")
    key = PREFIX + secrets.token_urlsafe(32)
    with database.atomic():
        if ApiKey.select().where(ApiKey.user == user.id).count() >= MOST:
            raise Conflict(f"an account has {MOST} keys at most; remove one first")
        row = ApiKey.create(
            user=user.id,
            hash=digest(key),
            start=key[:_SHOWN],
            name=name,
            scopes=" ".join(sorted(set(wanted))),
            expires=None if days is None else now() + days * DAY,
        )
        note(user, "key.made", origin, subject=row.id, scopes=row.scopes)
    return row, key


def resolve(key: str) -> Identity | None:
    """The caller behind a key."""
    row = _BY_HASH.one(digest(key))
    if row is None:
        return None
    number, allowed, expires, used, user, access, tier = row
    at = now()
    if expires is not None and int(expires) <= at:
        return None
    if used is None or at - int(used) > _SEEN_MS:
        ApiKey.update(used=at).where(ApiKey.id == number).execute()
    return Identity(str(user), Access(int(access)), str(tier), "key", str(number), "", frozenset(str(allowed).split()))


def listed(user: str) -> list[ApiKey]:
    """A user's keys, newest first."""
    return list(ApiKey.select().where(ApiKey.user == user).order_by(ApiKey.id.desc()))


def revoke(user: User, key: str, origin: Origin = NOWHERE) -> None:
    """Make a key worthless. NotFound when it is none of theirs."""
    with database.atomic():
        if not ApiKey.delete().where((ApiKey.id == key) & (ApiKey.user == user.id)).execute():
            raise NotFound("there is no such key")
        note(user, "key.revoked", origin, subject=key)
