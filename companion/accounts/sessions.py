"""Sessions: a cookie for browsers (7 days), a token of 1 hour with a rotating refresh token (7 days) for programs."""

import hashlib
import secrets
from dataclasses import dataclass

import jwt

from companion import elapsed
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import RefreshToken, Session, User
from companion.accounts.tickets import digest
from companion.database import Compiled, database, now
from companion.errors import NotFound, Unauthorized
from companion.vault.service import SealBrokenError, Vault
from companion.web.identity import Access, Identity
from companion.web.remembered import Remembered

SESSION_MS = 7 * 24 * 3600 * 1000  # from its last use
LONGEST_MS = 30 * 24 * 3600 * 1000  # from its beginning
TOKEN_SECONDS = 3600
_SEEN_MS = 60_000  # how exactly "last seen", and with it the end of a session, is kept
_VERIFIED_SECONDS = 60
_KIND = "at+jwt"  # RFC 9068: no other token of ours can be taken for one

_verified: Remembered[str] = Remembered()

_CALLER = (Session.id, Session.csrf, Session.created, Session.seen, User.id, User.access, User.tier)
_BY_SECRET = Compiled(
    lambda secret, at: (
        Session.select(*_CALLER)
        .join(User)
        .where((Session.secret == secret) & (Session.expires > at) & User.disabled.is_null())
    )
)
_BY_ID = Compiled(
    lambda session, at: (
        Session.select(*_CALLER)
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


def open_for_browser(user: User, origin: Origin, instead: str = "") -> tuple[Session, str]:
    """A new session and the value of its cookie. instead: the id of the browser's session so far, which ends."""
    secret = secrets.token_urlsafe(32)
    with database.atomic():
        Session.delete().where(Session.id == instead).execute()
        session = Session.create(
            user=user,
            secret=digest(secret),
            csrf=secrets.token_urlsafe(24),
            agent=origin.agent[:200],
            address=origin.address[:45],
            expires=now() + SESSION_MS,
        )
        note(user, "sign-in", origin, subject=session.id, via="cookie")
    return session, secret


def open_for_program(vault: Vault, user: User, origin: Origin) -> Pair:
    """A new session and its first pair of tokens."""
    with database.atomic():
        session = Session.create(
            user=user, agent=origin.agent[:200], address=origin.address[:45], expires=now() + SESSION_MS
        )
        note(user, "sign-in", origin, subject=session.id, via="token")
        return _pair(vault, session)


def _pair(vault: Vault, session: Session) -> Pair:
    number, key = vault.derived("tokens")
    claims = {"sid": session.id, "exp": now() // 1000 + TOKEN_SECONDS}
    token = jwt.encode(claims, key, "HS256", headers={"kid": str(number), "typ": _KIND})
    refresh = secrets.token_urlsafe(32)
    RefreshToken.create(hash=digest(refresh), session=session, expires=session.expires)
    return Pair(token, TOKEN_SECONDS, refresh)


def renew(vault: Vault, refresh: str, origin: Origin = NOWHERE) -> Pair:
    """Spend a refresh token. A spent one that comes back was stolen: the whole session ends, and Unauthorized."""
    with database.atomic():
        found = RefreshToken.select(RefreshToken, Session, User).join(Session).join(User)
        row = found.where(RefreshToken.hash == digest(refresh)).first()  # at once: the session may end meanwhile
        pair = _renewed(vault, row) if row is not None else None
        if pair is None and row is not None:
            session, user = row.session, row.session.user
            if session.delete_instance() and session.expires > now():
                note(user, "token.replayed", origin, subject=session.id)
    if pair is None:
        raise Unauthorized("this refresh token is not valid any more; sign in again")
    return pair


def _renewed(vault: Vault, row: RefreshToken) -> Pair | None:
    claimed = (
        RefreshToken.update(used=now())
        .where((RefreshToken.hash == row.hash) & RefreshToken.used.is_null() & (RefreshToken.expires > now()))
        .execute()
    )
    session = row.session
    if not claimed or session.expires <= now() or session.user.disabled is not None:
        return None
    session.expires, session.seen = _end(session.created), now()
    session.save(only=[Session.expires, Session.seen])
    return _pair(vault, session)


def resolve_cookie(secret: str) -> Identity | None:
    """The caller behind a cookie."""
    return _identity(_BY_SECRET.one(digest(secret), now()), "cookie")


def resolve_token(vault: Vault, token: str) -> Identity | None:
    """The caller behind a bearer token. Its signature is checked once a minute, its session every time."""
    key = vault, hashlib.sha256(token.encode()).digest()
    session = _verified.get(key)
    if session is None:
        found = _verify(vault, token)
        if found is None:
            return None
        session, ends = found
        _verified.put(key, session, min(ends, now() / 1000 + _VERIFIED_SECONDS))
    return _identity(_BY_ID.one(session, now()), "token")


def _verify(vault: Vault, token: str) -> tuple[str, float] | None:
    """The session that a token is for, and when the token ends (seconds since 1970); None when it is none of ours."""
    try:
        head = jwt.get_unverified_header(token)
        if head.get("typ") != _KIND:
            return None
        key = vault.derived("tokens", int(head.get("kid", "0")))[1]
        claims = jwt.decode(token, key, ["HS256"], options={"require": ["exp", "sid"]})
    except (jwt.InvalidTokenError, ValueError, TypeError, SealBrokenError):
        return None
    return str(claims["sid"]), float(claims["exp"])


def _end(created: int) -> int:
    """When a session that is used now expires."""
    return min(now() + SESSION_MS, created + LONGEST_MS)


def _identity(row: tuple[object, ...] | None, via: str) -> Identity | None:
    if row is None:
        return None
    session, csrf, created, seen, user, access, tier = row
    at = now()
    if at - int(str(seen)) > _SEEN_MS:
        fresh = {"seen": at} | ({"expires": _end(int(str(created)))} if via == "cookie" else {})
        Session.update(fresh).where(Session.id == session).execute()
    return Identity(str(user), Access(int(str(access))), str(tier), via, str(session), str(csrf))


def listed(user: str) -> list[Session]:
    """A user's sessions that still run, newest first."""
    query = Session.select().where((Session.user == user) & (Session.expires > now())).order_by(Session.created.desc())
    return list(query)


def end(user: User, session: str, origin: Origin = NOWHERE) -> None:
    """End one session of a user. NotFound when it is none of theirs."""
    with database.atomic():
        if not Session.delete().where((Session.user == user) & (Session.id == session)).execute():
            raise NotFound("there is no such session")
        note(user, "session.ended", origin, subject=session)


def end_all(user: str, but: str = "") -> int:
    """End all of a user's sessions, but one; returns how many."""
    return int(Session.delete().where((Session.user == user) & (Session.id != but)).execute())


def end_everywhere() -> int:
    """End everybody's sessions; returns how many."""
    return int(Session.delete().execute())


def forget() -> int:
    """Drop what has expired, or was begun while the clock was ahead by years; returns how many sessions."""
    RefreshToken.delete().where(RefreshToken.expires < elapsed.passed()).execute()
    over = (Session.expires < elapsed.passed()) | (Session.created > elapsed.ahead())
    return int(Session.delete().where(over).execute())
