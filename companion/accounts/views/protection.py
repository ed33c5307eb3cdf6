"""What protects the account: authenticator app, recovery codes, passkeys, accounts elsewhere."""

from typing import Any

from pydantic import Field

from companion.accounts import outside, passkeys, recovery, totp
from companion.accounts.views.shared import OWN, SECRET, api, me, origin, proven, settings, vault
from companion.accounts.views.signing import PasskeyOptions
from companion.web.api import Answer, Body
from companion.web.identity import who


class Protection(Answer):
    """What protects the account."""

    password: bool
    totp: bool
    recovery_left: int
    passkeys: int
    elsewhere: int


class TotpSetup(Answer):
    """The secret for the app (base32), the same as an otpauth address, and that as a QR code (an SVG data address)."""

    secret: str
    uri: str
    picture: str


class Code(Body):
    """A code that the app shows."""

    code: str = Field(min_length=6, max_length=10)


class Codes(Answer):
    """Recovery codes. They are shown this once."""

    codes: list[str]


class NewPasskey(Body):
    """The challenge that came with the options, the browser's credential (WebAuthn JSON), and a name for it."""

    challenge: str = SECRET
    credential: dict[str, Any]
    name: str = Field("Passkey", min_length=1, max_length=60)


class PasskeyName(Body):
    """What a passkey is called."""

    name: str = Field(min_length=1, max_length=60)


class PasskeyRow(Answer):
    """A passkey; times in ms. synced: its maker keeps copies; suspect: it was switched off as it looked copied."""

    id: str
    name: str
    synced: bool
    created: int
    used: int | None
    suspect: int | None


class Passkeys(Answer):
    """All passkeys of the account."""

    items: list[PasskeyRow]


class ElsewhereRow(Answer):
    """An account elsewhere that signs in here."""

    id: str
    provider: str
    email: str
    created: int


class Elsewhere(Answer):
    """All accounts elsewhere that sign in here."""

    items: list[ElsewhereRow]


@api.on("GET", "/account/protection", OWN, gives=Protection)
def get_protection() -> Any:
    """What protects the account, at a glance."""
    user = me()
    return Protection(
        password=bool(user.password),
        totp=totp.is_on(user.id),
        recovery_left=recovery.left(user.id),
        passkeys=len(passkeys.listed(user.id)),
        elsewhere=len(outside.listed(user.id)),
    )


@api.on("POST", "/account/totp", OWN, gives=TotpSetup, status=201)
def begin_totp() -> Any:
    """Begin to set up an authenticator app."""
    return totp.begin(vault(), proven())


@api.on("POST", "/account/totp/confirm", OWN, takes=Code, gives=Codes, status=201)
def confirm_totp(body: Code) -> Any:
    """Switch the authenticator app on, by its first code. Answers with recovery codes."""
    return Codes(codes=totp.confirm(vault(), proven(), body.code, origin()))


@api.on("DELETE", "/account/totp", OWN, status=204)
def switch_totp_off() -> Any:
    """Switch the authenticator app off; the recovery codes go with it."""
    totp.switch_off(proven(), origin())


@api.on("POST", "/account/recovery", OWN, gives=Codes, status=201)
def renew_codes() -> Any:
    """Make new recovery codes in place of the old."""
    return Codes(codes=recovery.renew(proven(), origin()))


@api.on("GET", "/account/passkeys", OWN, gives=Passkeys)
def list_passkeys() -> Any:
    """The account's passkeys."""
    return {"items": passkeys.listed(who().user)}


@api.on("POST", "/account/passkeys/options", OWN, gives=PasskeyOptions, status=201)
def begin_passkey() -> Any:
    """Begin to add a passkey."""
    challenge, options = passkeys.begin(settings(), proven())
    return PasskeyOptions(challenge=challenge, options=options)


@api.on("POST", "/account/passkeys", OWN, takes=NewPasskey, gives=PasskeyRow, status=201)
def add_passkey(body: NewPasskey) -> Any:
    """Add the passkey that the browser made."""
    return passkeys.finish(settings(), proven(), body.challenge, body.credential, body.name, origin())


@api.on("PATCH", "/account/passkeys/<passkey>", OWN, takes=PasskeyName, gives=PasskeyRow)
def rename_passkey(passkey: str, body: PasskeyName) -> Any:
    """Call a passkey otherwise."""
    return passkeys.rename(who().user, passkey, body.name)


@api.on("DELETE", "/account/passkeys/<passkey>", OWN, status=204)
def remove_passkey(passkey: str) -> Any:
    """Remove a passkey."""
    passkeys.remove(proven(), passkey, origin())


@api.on("GET", "/account/elsewhere", OWN, gives=Elsewhere)
def list_elsewhere() -> Any:
    """The accounts elsewhere that sign in here."""
    return {"items": outside.listed(who().user)}


@api.on("DELETE", "/account/elsewhere/<which>", OWN, status=204)
def unlink(which: str) -> Any:
    """Sign in with that account no more, by its id in the list."""
    outside.unlink(proven(), which, origin())
