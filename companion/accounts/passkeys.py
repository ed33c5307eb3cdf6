"""Passkeys (WebAuthn): a key in a phone, computer or stick, asked by the browser in place of address and password.

The device checks its owner (finger, face, PIN), so a passkey is both steps of a sign-in at once.
"""

import base64
import binascii
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

import peewee

from companion.accounts import tickets, ways
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import Passkey, User
from companion.config import Settings
from companion.database import database, now
from companion.errors import Conflict, Invalid, NotFound, Unauthorized

LIFE = 5 * tickets.MINUTE
MOST = 20
NAME = "Rackdeck"

Json = dict[str, Any]


def begin(settings: Settings, user: User) -> tuple[str, Json]:
    """What `navigator.credentials.create` needs, and a challenge for `finish`. Conflict when there are twenty."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    have = list(Passkey.select().where(Passkey.user == user.id))
    if len(have) >= MOST:
        raise Conflict(f"an account has {MOST} passkeys at most; remove one first")
    options = generate_registration_options(
        rp_id=_place(settings),
        rp_name=NAME,
        user_id=user.id.encode(),
        user_name=user.email,
        user_display_name=user.name,
        challenge=secrets.token_bytes(32),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(key.credential)) for key in have],
    )
    ticket = tickets.issue("passkey-new", LIFE, user.id, challenge=_text(options.challenge))
    return ticket, json.loads(options_to_json(options))


def finish(
    settings: Settings, user: User, challenge: str, credential: Json, name: str, origin: Origin = NOWHERE
) -> Passkey:
    """Keep the passkey that the browser made. Invalid when it does not answer the challenge; Conflict when known."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    ticket = tickets.spend("passkey-new", challenge)
    if ticket is None or ticket.user_id != user.id:
        raise Invalid("this took too long; begin again")
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=_bytes(tickets.data(ticket)["challenge"]),
            expected_rp_id=_place(settings),
            expected_origin=settings.url,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as exc:
        raise Invalid(f"the passkey could not be taken: {exc}") from exc
    with database.atomic():
        try:
            with database.atomic():
                passkey = Passkey.create(
                    user=user.id,
                    credential=_text(made.credential_id),
                    key=made.credential_public_key,
                    count=made.sign_count,
                    name=name,
                    synced=made.credential_backed_up,
                )
        except peewee.IntegrityError:
            raise Conflict("this passkey is known already") from None
        note(user, "passkey.added", origin, subject=passkey.id)
    return passkey


def ask(settings: Settings) -> tuple[str, Json]:
    """What `navigator.credentials.get` needs, and a challenge for `sign_in`. It names nobody: the device knows who."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_place(settings),
        challenge=secrets.token_bytes(32),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    ticket = tickets.issue("passkey", LIFE, None, challenge=_text(options.challenge))
    return ticket, json.loads(options_to_json(options))


def sign_in(settings: Settings, challenge: str, credential: Json, origin: Origin = NOWHERE) -> User:
    """The user whose passkey answers the challenge. Unauthorized otherwise."""
    ticket = tickets.spend("passkey", challenge)
    if ticket is None:
        raise Unauthorized("the sign-in took too long; begin again")
    passkey = _known(credential)
    if passkey is None or passkey.user.disabled is not None:
        raise Unauthorized("this passkey is not known here; sign in another way")
    count = _verified_count(settings, passkey, _bytes(tickets.data(ticket)["challenge"]), credential)
    if count is None or passkey.suspect is not None:
        with database.atomic():
            note(passkey.user, "passkey.refused", origin, subject=passkey.id)
        raise Unauthorized("this passkey was refused; sign in another way, then remove it and make a new one")
    with database.atomic():
        # a counter only goes up, or is not kept at all and stays 0; one that falls behind belongs to a copy
        grown = (Passkey.count < count) | ((Passkey.count == 0) & (count == 0))
        accepted = Passkey.update(count=count, used=now()).where((Passkey.id == passkey.id) & grown).execute()
        if not accepted:
            Passkey.update(suspect=now()).where(Passkey.id == passkey.id).execute()
            note(passkey.user, "passkey.cloned", origin, subject=passkey.id, count=count, known=passkey.count)
    if not accepted:
        raise Unauthorized("this passkey looks copied and was switched off; sign in another way and remove it")
    user: User = passkey.user
    return user


def _known(credential: Json) -> Passkey | None:
    name = credential.get("id")
    return Passkey.get_or_none(Passkey.credential == name) if isinstance(name, str) else None


def _verified_count(settings: Settings, passkey: Passkey, challenge: bytes, credential: Json) -> int | None:
    """The counter of a signature that holds, else None."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_place(settings),
            expected_origin=settings.url,
            credential_public_key=bytes(passkey.key),
            credential_current_sign_count=-1,  # the counter is compared where it is stored, once and for all callers
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    return verified.new_sign_count


def listed(user: str) -> list[Passkey]:
    """A user's passkeys, newest first."""
    return list(Passkey.select().where(Passkey.user == user).order_by(Passkey.id.desc()))


def rename(user: str, passkey: str, name: str) -> Passkey:
    """Call one otherwise. NotFound when it is none of theirs."""
    mine = (Passkey.id == passkey) & (Passkey.user == user)
    Passkey.update(name=name).where(mine).execute()
    found: Passkey | None = Passkey.get_or_none(mine)
    if found is None:
        raise NotFound("there is no such passkey")
    return found


def remove(user: User, passkey: str, origin: Origin = NOWHERE) -> None:
    """Forget one. NotFound when it is none of theirs; Conflict when it is the only way into the account."""
    with database.atomic():
        if not Passkey.select().where((Passkey.id == passkey) & (Passkey.user == user.id)).exists():
            raise NotFound("there is no such passkey")
        ways.check_another(user, but=passkey)
        Passkey.delete().where((Passkey.id == passkey) & (Passkey.user == user.id)).execute()
        note(user, "passkey.removed", origin, subject=passkey)


def _place(settings: Settings) -> str:
    """The name that passkeys are bound to: the host of the page."""
    return urlsplit(settings.url).hostname or "localhost"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(value: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error as exc:
        raise Invalid("this is no base64url") from exc


def possible(settings: Settings) -> bool:
    """Whether browsers do passkeys here: they want TLS or the own machine, and a name, not a number."""
    place = _place(settings)
    return (settings.secure or place == "localhost") and ":" not in place and not place.replace(".", "").isdigit()
