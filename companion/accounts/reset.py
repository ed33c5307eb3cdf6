"""A new password for who forgot the old one, by a link that is mailed and works once, for an hour."""

from companion.accounts import passwords, sessions, tickets
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import ApiKey, OutsideIdentity, Passkey, RecoveryCode, Totp, User
from companion.database import database, now
from companion.errors import Invalid
from companion.jobs import service as jobs
from companion.mail import service as mail

LIFE = tickets.HOUR
MOST_AN_HOUR = 3


def request(url: str, email: str, origin: Origin = NOWHERE) -> None:
    """Mail the link if there is such an account. The answer is the same and takes as long if there is none."""
    jobs.enqueue("reset", url=url, email=email.strip().lower(), address=origin.address)


@jobs.handler("reset")
def mail_link(work: jobs.Work) -> None:
    """Mail one link; nothing for an unknown address, a closed account, or the fourth within an hour."""
    with database.atomic():
        user = User.get_or_none((User.email == work.args["email"]) & User.disabled.is_null())
        if user is None or tickets.issued_lately("reset", user.id, tickets.HOUR) >= MOST_AN_HOUR:
            return
        secret = tickets.issue("reset", LIFE, user.id, email=user.email)
        note(user, "reset.asked", Origin(work.args["address"]))
        mail.send(user.email, "reset", name=user.name, link=f"{work.args['url']}/reset#{secret}")


def finish(secret: str, password: str, origin: Origin = NOWHERE) -> None:
    """Set the new password and end all sessions. Invalid when the link is spent or too old, or the password weak.

    The link proves the address. Where nobody had proved it before, somebody else may have made the account, so every
    other way into it is closed too.
    """
    ticket = tickets.look("reset", secret)
    if ticket is None:
        raise Invalid("this link is not valid any more; ask for a new one")
    user = tickets.owner(ticket)
    passwords.check_rules(password, user.name, user.email)
    hashed = passwords.hash_password(password, known=True)
    with database.atomic():
        if tickets.spend("reset", secret) is None:
            raise Invalid("this link is not valid any more; ask for a new one")
        if user.verified is None:
            for way in (Passkey, Totp, RecoveryCode, OutsideIdentity, ApiKey):
                way.delete().where(way.user == user).execute()
        User.update(password=hashed, verified=user.verified or now()).where(User.id == user.id).execute()
        sessions.end_all(user.id)
        tickets.void_all(user.id)
        note(user, "password.reset", origin)
