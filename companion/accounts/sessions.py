"""Sessions: a cookie for browsers (7 days), a token of 1 hour with a rotating refresh token (7 days) for programs."""

import hashlib
import secrets
from dataclasses import dataclass

import jwt

from companion.accounts.models import RefreshToken, Session, User
from companion.database import Compiled, database, now
from companion.errors import NotFound, Unauthorized
from companion.vault.service import SealBrokenError, Vault
from companion.web.identity import Access, Identity

SESSION_MS = 7 * 24 * 3600 * 1000
TOKEN_SECONDS = 3600
_SEEN_MS = 60_000  # how exactly "last seen" is kept

_BY_SECRET = Compiled(
    lambda secret, at: (
        Session.select(Session.id, Session.csrf, Session.seen, User.id, User.access, User.tier)
        .join(User)
        .where((Session.secret == secret) & (Session.expires > at) & User.disabled.is_null())
    )
)
_BY_ID = Compiled(
    lambda session, at: (
        Session.select(Session.id, Session.csrf, Session.seen, User.id, User.access, User.tier)
        .join(User)
        .where((Session.id == session) & (Session.expires > at) & User.disabled.is_null())
    )
)


@dataclass(frozen=True, slots=True)
class Pair:
    """What a program gets: a bearer token, how long it lasts, and what renews it once."""

    token: str
    expires_in: int
    refresh_token: str


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def open_for_browser(user: User, agent: str, address: str) -> tuple[Session, str]:
    """A new session and the value of its cookie."""
    secret = secrets.token_urlsafe(32)
    session = Session.create(
        user=user,
        secret=_digest(secret),
        csrf=secrets.token_urlsafe(24),
        agent=agent[:200],
        address=address[:45],
        expires=now() + SESSION_MS,
    )
    return session, secret


def open_for_program(vault: Vault, user: User, agent: str, address: str) -> Pair:
    """A new session and its first pair of tokens."""
    with database.atomic():
        session = Session.create(user=user, agent=agent[:200], address=address[:45], expires=now() + SESSION_MS)
        return _pair(vault, session)


def _pair(vault: Vault, session: Session) -> Pair:
    number, key = vault.derived("tokens")
    claims = {"sid": session.id, "exp": now() // 1000 + TOKEN_SECONDS}
    token = jwt.encode(claims, key, "HS256", headers={"kid": str(number)})
    refresh = secrets.token_urlsafe(32)
    RefreshToken.create(hash=_digest(refresh), session=session, expires=session.expires)
    return Pair(token, TOKEN_SECONDS, refresh)


def renew(vault: Vault, refresh: str) -> Pair:
    """Spend a refresh token. A spent one that comes back was stolen: the whole session ends, and Unauthorized."""
    with database.atomic():
        row = RefreshToken.get_or_none(RefreshToken.hash == _digest(refresh))
        if row is not None and row.used is None and row.expires > now():
            claimed = (
                RefreshToken.update(used=now())
                .where((RefreshToken.hash == row.hash) & RefreshToken.used.is_null())
                .execute()
            )
            if claimed:
                session = row.session
                session.expires, session.seen = now() + SESSION_MS, now()
                session.save(only=[Session.expires, Session.seen])
                return _pair(vault, session)
    if row is not None:
        Session.delete().where(Session.id == row.session_id).execute()
    raise Unauthorized("this refresh token is not valid any more; sign in again")


def resolve_cookie(secret: str) -> Identity | None:
    """The caller behind a cookie."""
    return _identity(_BY_SECRET.one(_digest(secret), now()), "cookie")


def resolve_token(vault: Vault, token: str) -> Identity | None:
    """The caller behind a bearer token."""
    try:
        number = int(jwt.get_unverified_header(token).get("kid", "0"))
        claims = jwt.decode(token, vault.derived("tokens", number)[1], ["HS256"], options={"require": ["exp", "sid"]})
    except (jwt.InvalidTokenError, ValueError, SealBrokenError):
        return None
    return _identity(_BY_ID.one(str(claims["sid"]), now()), "token")


def _identity(row: tuple[object, ...] | None, via: str) -> Identity | None:
    if row is None:
        return None
    session, csrf, seen, user, access, tier = row
    if now() - int(str(seen)) > _SEEN_MS:
        Session.update(seen=now()).where(Session.id == session).execute()
    return Identity(str(user), Access(int(str(access))), str(tier), via, str(session), str(csrf))


def listed(user: str) -> list[Session]:
    """A user's sessions that still run, newest first."""
    query = Session.select().where((Session.user == user) & (Session.expires > now())).order_by(Session.created.desc())
    return list(query)


def end(user: str, session: str) -> None:
    """End one session of a user. NotFound when it is none of theirs."""
    if not Session.delete().where((Session.user == user) & (Session.id == session)).execute():
        raise NotFound("there is no such session")


def end_all(user: str, but: str = "") -> int:
    """End all of a user's sessions, but one; returns how many."""
    return int(Session.delete().where((Session.user == user) & (Session.id != but)).execute())
