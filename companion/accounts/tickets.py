"""Tickets: secrets that are good once and not for long. The database keeps their hashes alone."""

import hashlib
import json
import secrets
from typing import Any

from companion import elapsed
from companion.accounts.models import Ticket, User
from companion.database import now

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MOST_TRIES = 5


def digest(secret: str) -> str:
    """What is kept of a secret that was made by us. It has 128 bits of chance or more, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(kind: str, life: int, user: str | None = None, **data: Any) -> str:
    """Write a ticket down, valid for `life` milliseconds. Returns its secret, which is nowhere else."""
    secret = secrets.token_urlsafe(32)
    Ticket.create(hash=digest(secret), kind=kind, user=user, data=json.dumps(data), expires=now() + life)
    return secret


def look(kind: str, secret: str) -> Ticket | None:
    """The valid ticket of this kind, unspent."""
    found: Ticket | None = Ticket.get_or_none(
        (Ticket.hash == digest(secret)) & (Ticket.kind == kind) & (Ticket.expires > now())
    )
    return found


def spend(kind: str, secret: str) -> Ticket | None:
    """The valid ticket of this kind, which is gone afterwards; None for all but one of those who come at once."""
    ticket = look(kind, secret)
    if ticket is None or not Ticket.delete().where(Ticket.id == ticket.id).execute():
        return None
    return ticket


def try_on(ticket: Ticket) -> bool:
    """Count one try at the riddle that the ticket stands for; False when there were enough."""
    counted = Ticket.update(tries=Ticket.tries + 1).where((Ticket.id == ticket.id) & (Ticket.tries < MOST_TRIES))
    return bool(counted.execute())


def owner(ticket: Ticket) -> User:
    """Whose ticket it is. ValueError for one that is nobody's."""
    user: User | None = ticket.user
    if user is None:
        raise ValueError(f"a ticket of the kind {ticket.kind} is nobody's")
    return user


def data(ticket: Ticket) -> dict[str, Any]:
    """What was written down with it."""
    found: dict[str, Any] = json.loads(ticket.data)
    return found


def issued_lately(kind: str, user: str, within: int) -> int:
    """How many tickets of a kind a user got in the last `within` milliseconds and has not spent."""
    recent = (Ticket.kind == kind) & (Ticket.user == user) & (Ticket.created > now() - within)
    return int(Ticket.select().where(recent).count())


def void(kind: str, user: str) -> None:
    """Make all of a user's tickets of a kind worthless."""
    Ticket.delete().where((Ticket.kind == kind) & (Ticket.user == user)).execute()


def void_all(user: str, but: str = "") -> None:
    """Make worthless whatever was begun with an account, but one kind: who sets a password may not have begun it."""
    Ticket.delete().where((Ticket.user == user) & (Ticket.kind != but)).execute()


def void_everywhere() -> None:
    """Make everybody's tickets worthless."""
    Ticket.delete().execute()


def forget() -> int:
    """Drop what has expired, or was given while the clock was ahead by years; returns how many."""
    over = (Ticket.expires < elapsed.passed()) | (Ticket.created > elapsed.ahead())
    return int(Ticket.delete().where(over).execute())
