"""The second step of a sign-in: a code of the authenticator app, or a recovery code."""

from companion.accounts import recovery, sessions, throttle, tickets, totp
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import User
from companion.audit import service as audit
from companion.database import database
from companion.errors import Forbidden, Unauthorized
from companion.vault.service import Vault

LIFE = 5 * tickets.MINUTE


def ask(user: User) -> str:
    """A challenge for who did the first step: `answer` takes it within five minutes, five times at most."""
    return tickets.issue("second", LIFE, user.id)


def answer(vault: Vault, challenge: str, code: str, origin: Origin = NOWHERE) -> User:
    """The user whose challenge it is, when the code is right. Unauthorized otherwise, and the challenge stays."""
    ticket = tickets.look("second", challenge)
    if ticket is None:
        raise Unauthorized("the sign-in took too long; begin again")
    user = tickets.owner(ticket)
    if not tickets.try_on(ticket) or user.disabled:
        raise Unauthorized("there were too many wrong codes; begin again")
    try:
        check(vault, user, code, origin)
    except Forbidden as exc:
        raise Unauthorized(exc.detail) from None
    if tickets.spend("second", challenge) is None:
        raise Unauthorized("the sign-in took too long; begin again")
    return user


def check(vault: Vault, user: User, code: str, origin: Origin = NOWHERE) -> None:
    """Forbidden unless it is a code of the app, or a recovery code, that was not used before."""
    throttle.count("code", user.id)
    if not totp.matches(vault, user.id, code.replace(" ", "")) and not _recovered(user, code, origin):
        with database.atomic():
            note(user, "code.refused", origin)
        raise Forbidden("this code is not right, or was used before; wait for the next one")
    throttle.forgive("code", user.id)


def _recovered(user: User, code: str, origin: Origin) -> bool:
    with database.atomic():
        spent = recovery.spend(user.id, code)
        if spent:
            note(user, "recovery.used", origin, left=recovery.left(user.id))
        return spent


def drop(user: User, by: str, origin: Origin = NOWHERE) -> None:
    """For who lost app and codes: an administrator (`by`) lets sign-ins ask for none, and ends all sessions."""
    with database.atomic():
        sessions.end_all(user.id)
        totp.switch_off(user, origin)
        audit.record("account.second-step-dropped", by, user.id, origin.address)
