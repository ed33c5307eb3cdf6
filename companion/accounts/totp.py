"""Authenticator apps: codes of six digits that change every 30 seconds (RFC 6238)."""

import hmac
from dataclasses import dataclass

import pyotp
import segno

from companion.accounts import recovery
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import Totp, User
from companion.database import database, now
from companion.errors import Conflict, Forbidden, NotFound
from companion.vault.service import Vault

ISSUER = "Rackdeck"
STEP_SECONDS = 30
DRIFT = 1  # steps that a clock may be wrong, before and after


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app needs: the secret (base32), the same as an address, and that as a picture (an SVG data address)."""

    secret: str
    uri: str
    picture: str


def is_on(user: str) -> bool:
    """Whether a sign-in asks for a code."""
    return bool(Totp.select().where((Totp.user == user) & Totp.confirmed.is_null(False)).exists())


def begin(vault: Vault, user: User) -> Setup:
    """Make a secret, which counts once `confirm` saw a code of it. Conflict when an app is set up."""
    secret = pyotp.random_base32()
    with database.atomic():
        if is_on(user.id):
            raise Conflict("an authenticator app is set up; switch it off first")
        Totp.delete().where(Totp.user == user.id).execute()
        Totp.create(user=user.id, secret=vault.seal(secret.encode(), _context(user.id)))
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)
    return Setup(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"))


def confirm(vault: Vault, user: User, code: str, origin: Origin = NOWHERE) -> list[str]:
    """Switch it on, by a code that proves that the app has the secret. Returns the recovery codes.

    Conflict when it is on; NotFound before `begin`; Forbidden when the code is not right.
    """
    with database.atomic():
        row = Totp.get_or_none(Totp.user == user.id)
        if row is None:
            raise NotFound("begin to set the app up first")
        if row.confirmed is not None:
            raise Conflict("the authenticator app is set up already")
        step = _step_of(_secret(vault, row), code)
        if step is None:
            raise Forbidden("this is not the code that the app shows now; are the clocks right?")
        Totp.update(confirmed=now(), step=step).where(Totp.user == user.id).execute()
        codes = recovery.make(user)
        note(user, "totp.on", origin)
        return codes


def matches(vault: Vault, user: str, code: str) -> bool:
    """Whether it is the code of now, and was not used before."""
    row = Totp.get_or_none((Totp.user == user) & Totp.confirmed.is_null(False))
    step = _step_of(_secret(vault, row), code) if row is not None else None
    if step is None:
        return False
    # of two who bring the same code at once, one changes the row
    return bool(Totp.update(step=step).where((Totp.user == user) & (Totp.step < step)).execute())


def switch_off(user: User, origin: Origin = NOWHERE) -> None:
    """Ask for codes no more. NotFound when none were asked for."""
    with database.atomic():
        if not Totp.delete().where(Totp.user == user.id).execute():
            raise NotFound("no authenticator app is set up")
        recovery.drop(user.id)
        note(user, "totp.off", origin)


def _context(user: str) -> str:
    return f"totp/{user}"


def _secret(vault: Vault, row: Totp) -> str:
    return vault.open(bytes(row.secret), _context(row.user_id)).decode()


def _step_of(secret: str, code: str) -> int | None:
    """The 30 seconds, counted since 1970, whose code this is."""
    made, present, found = pyotp.TOTP(secret), now() // (1000 * STEP_SECONDS), None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            found = step
    return found
