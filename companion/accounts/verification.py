"""Proving that an address is its owner's, by a link that is mailed there.

Who has not proved it may use everything but what goes out to the world: publishing asks `require`.
"""

import peewee

from companion.accounts import tickets
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import User
from companion.database import database, now
from companion.errors import Conflict, Forbidden, Invalid, TooMany
from companion.mail import service as mail

LIFE = 2 * tickets.DAY
MOST_AN_HOUR = 3


def send(url: str, user: User) -> None:
    """Mail a user the link, in the caller's transaction. Conflict when it was proved; TooMany after three an hour.

    url: of the companion. The secret follows the # and so is in nobody's log.
    """
    if user.verified is not None:
        raise Conflict("this address is confirmed already")
    if tickets.issued_lately("verify", user.id, tickets.HOUR) >= MOST_AN_HOUR:
        raise TooMany("three links were mailed within this hour; look into the spam folder", {"Retry-After": "3600"})
    secret = tickets.issue("verify", LIFE, user.id, email=user.email)
    mail.send(user.email, "verify", name=user.name, link=f"{url}/verify#{secret}")


def confirm(secret: str, origin: Origin = NOWHERE) -> User:
    """Believe the address that the link was mailed to. Invalid when the link is spent, too old, or none of ours."""
    with database.atomic():
        ticket = tickets.spend("verify", secret)
        change = None if ticket is not None else tickets.spend("email", secret)
        found = ticket or change
        if found is None:
            raise Invalid("this link is not valid any more; ask for a new one")
        user, email = tickets.owner(found), tickets.data(found)["email"]
        if change is None and user.email != email:
            raise Invalid("this link was for an address that the account has no more; ask for a new one")
        _prove(user, email)
        if change is not None:
            note(user, "email.changed", origin)  # `user` still has the old address, and that gets the mail
        note(user, "email.verified", origin)
    return user


def _prove(user: User, email: str) -> None:
    try:
        with database.atomic():
            User.update(email=email, verified=now()).where(User.id == user.id).execute()
    except peewee.IntegrityError:
        raise Conflict("there is another account with this address") from None
    for kind in ("verify", "email") if email == user.email else ("verify", "email", "reset"):
        tickets.void(kind, user.id)


def ask_change(url: str, user: User, email: str) -> None:
    """Mail a link to a new address; the account keeps the old one until it is opened.

    Whether the new address has an account is not said here: only its owner, who gets the mail, finds out.
    """
    if email == user.email:
        raise Conflict("that is the address of your account")
    if tickets.issued_lately("email", user.id, tickets.HOUR) >= MOST_AN_HOUR:
        raise TooMany("three links were mailed within this hour; look into the spam folder", {"Retry-After": "3600"})
    with database.atomic():
        secret = tickets.issue("email", LIFE, user.id, email=email)
        mail.send(email, "verify", name=user.name, link=f"{url}/verify#{secret}")


def require(user: str) -> None:
    """Forbidden until the user has proved the address: for publishing, and whatever else goes out to the world."""
    if not User.select().where((User.id == user) & User.verified.is_null(False)).exists():
        raise Forbidden("confirm your address first: open the link in the mail that you got, or ask for a new one")
