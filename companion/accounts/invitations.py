"""Invitations to make an account: mailed by an administrator, or printed in the shell of who runs the companion.

Being asked to work on something here is one, too: domains say to whom they mailed a secret.
"""

from collections.abc import Callable
from dataclasses import dataclass

from companion.accounts import tickets
from companion.accounts.models import Ticket, User
from companion.audit import service as audit
from companion.database import database, now
from companion.errors import Conflict, Forbidden, NotFound
from companion.mail import service as mail
from companion.web.identity import Access

LIFE = 14 * tickets.DAY
# The address that a domain mailed a valid secret to, empty for a secret that is none of its own.
_askers: list[Callable[[str], str]] = []


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who was invited, as what, until when (ms)."""

    id: str
    email: str
    access: str
    created: int
    expires: int


def invite(url: str, by: str, email: str, access: Access = Access.ARTIST) -> Invitation:
    """Mail somebody an invitation; a new one replaces the one before. Conflict for who is here."""
    with database.atomic():
        secret = _issue(by, email, access)
        inviter = User.get_or_none(User.id == by)
        mail.send(email, "invitation", name=inviter.name if inviter else "Rackdeck", link=_link(url, secret))
        return _shown(Ticket.get(Ticket.hash == tickets.digest(secret)))


def link(url: str, email: str, access: Access = Access.ARTIST) -> str:
    """The link that lets somebody make an account, also where sign-up is closed: for the shell, which mails nothing.

    Conflict for who is here.
    """
    with database.atomic():
        return _link(url, _issue("", email, access))


def _link(url: str, secret: str) -> str:
    return f"{url}/sign-up#{secret}"


def _issue(by: str, email: str, access: Access) -> str:
    if User.select().where(User.email == email).exists():
        raise Conflict("there is an account with this address already")
    for open_one in listed():
        if open_one.email == email:
            withdraw(open_one.id, by)
    secret = tickets.issue("invitation", LIFE, None, email=email, access=int(access), by=by)
    audit.record("invitation.made", by, email[:60])
    return secret


def asks(look: Callable[[str], str]) -> None:
    """Register a function that tells the address a domain mailed a valid secret to, empty for none of its own."""
    _askers.append(look)


def asked_elsewhere(secret: str) -> str:
    """The address that was asked to work on something with this secret; empty when none was."""
    return next((address for look in _askers if (address := look(secret))), "")


def from_the_shell(secret: str) -> bool:
    """Whether this is a valid invitation of who runs the companion, who is asked nothing else."""
    ticket = tickets.look("invitation", secret)
    return ticket is not None and not tickets.data(ticket)["by"]


def accept(secret: str, email: str) -> tuple[Access, bool]:
    """Spend an invitation: the access that it gives, and whether it proves the address. Forbidden when it is void."""
    ticket = tickets.spend("invitation", secret)
    if ticket is None:
        raise Forbidden("this invitation is not valid any more; ask for a new one")
    found = tickets.data(ticket)
    return Access(found["access"]), found["email"] == email


def listed() -> list[Invitation]:
    """Those that are open, newest first."""
    query = Ticket.select().where((Ticket.kind == "invitation") & (Ticket.expires > now())).order_by(Ticket.id.desc())
    return [_shown(ticket) for ticket in query]


def _shown(ticket: Ticket) -> Invitation:
    found = tickets.data(ticket)
    access = Access(found["access"]).name.lower()
    return Invitation(str(ticket.id), found["email"], access, int(str(ticket.created)), int(str(ticket.expires)))


def withdraw(invitation: str, by: str) -> None:
    """Make one worthless. NotFound without it."""
    with database.atomic():
        if not Ticket.delete().where((Ticket.id == invitation) & (Ticket.kind == "invitation")).execute():
            raise NotFound("there is no such invitation")
        audit.record("invitation.withdrawn", by, invitation)
