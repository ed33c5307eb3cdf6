"""Tickets: a WebSocket's address may end in a log, so it carries what works once and for a minute only."""

import hashlib
import secrets

from companion import elapsed
from companion.database import now
from companion.live.models import LiveTicket

LIFE_MS = 60_000


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def forget() -> int:
    """Drop tickets that nobody used in time; returns how many."""
    return int(LiveTicket.delete().where(LiveTicket.expires < elapsed.passed()).execute())


def issue(user: str, session: str) -> str:
    """A ticket for a page of this user."""
    secret = secrets.token_urlsafe(24)
    LiveTicket.create(hash=_digest(secret), user=user, session=session, expires=now() + LIFE_MS)
    return secret


def spend(secret: str) -> tuple[str, str] | None:
    """(user, session) of a ticket, which is gone then; None when it is none, used or too old."""
    row = LiveTicket.get_or_none(LiveTicket.hash == _digest(secret))  # whoever guesses takes no lock
    if row is None or not LiveTicket.delete().where(LiveTicket.hash == row.hash).execute():
        return None
    return (str(row.user), str(row.session)) if row.expires >= now() else None
