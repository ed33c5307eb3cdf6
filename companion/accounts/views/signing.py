"""Signing up, in and out, with a browser; confirming an address; a new password."""

from typing import Any

from flask import Response, request
from pydantic import Field

from companion.accounts import (
    directory,
    passkeys,
    proof,
    providers,
    reset,
    second,
    service,
    sessions,
    totp,
    verification,
)
from companion.accounts.views.shared import (
    EMAIL,
    NAME,
    OWN,
    PASSWORD,
    RARE,
    SECRET,
    VISITOR,
    SignedIn,
    acquainted,
    api,
    me,
    opened,
    origin,
    settings,
    vault,
    with_cookie,
)
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who


class SignUp(Body):
    """A new account. invitation: what followed the # of an invitation's link."""

    email: str = EMAIL
    name: str = NAME
    password: str = PASSWORD
    invitation: str = Field("", max_length=200)


class SignIn(Body):
    """An address and its password."""

    email: str = EMAIL
    password: str = Field(min_length=1, max_length=256)


class SecondStep(Body):
    """The challenge of the first step, and a code of the app or a recovery code."""

    challenge: str = SECRET
    code: str = Field(min_length=1, max_length=40)


class Proof(Body):
    """What proves that it is still the same person: the password, and the app's code where sign-ins ask for one."""

    password: str = Field("", max_length=256)
    code: str = Field("", max_length=40)


class PasskeyOptions(Answer):
    """What the browser's credential call needs (WebAuthn JSON), and what comes back to us with its result."""

    challenge: str
    options: dict[str, Any]


class PasskeyAnswer(Body):
    """The challenge that came with the options, and the browser's credential (WebAuthn JSON)."""

    challenge: str = SECRET
    credential: dict[str, Any]


class ProviderOut(Answer):
    """A provider to sign in with: its name in addresses, and what its button says."""

    name: str
    title: str


class Ways(Answer):
    """Who may sign up (`open`, `invited`, `closed`), and how one may sign in beside with a password.

    `mails` is false where no mail leaves the companion: links lie in its folder then. `first`: nobody has an account
    yet, so that whoever makes one administers. `signed_in`: whether this browser's cookie is of a session.
    """

    sign_up: str
    signed_in: bool
    mails: bool
    first: bool
    passkeys: bool
    providers: list[ProviderOut]


class Link(Body):
    """What followed the # of a mailed link."""

    token: str = SECRET


class Address(Body):
    """A mail address."""

    email: str = EMAIL


class NewPassword(Body):
    """What followed the # of the link, and the new password."""

    token: str = SECRET
    password: str = PASSWORD


@api.on("GET", "/sign-in", Rule(Access.PUBLIC, limit="page"), gives=Ways)
def ways_in() -> Any:
    """How one may sign in and up here."""
    found = [ProviderOut(name=one.name, title=one.title) for one in providers.listed(settings())]
    return Ways(
        sign_up=settings().sign_up,
        signed_in=who().via == "cookie",
        mails=bool(settings().mail_url),
        first=not directory.anybody(),
        passkeys=passkeys.possible(settings()),
        providers=found,
    )


@api.on("POST", "/accounts", RARE, takes=SignUp, gives=SignedIn, status=201)
def sign_up(body: SignUp) -> Any:
    """Make an account and sign in.

    The first account administers the companion. A link to confirm the address is mailed; until it is opened, everything
    but publishing works. An address that has an account is answered with a conflict.
    """
    return opened(service.sign_up(settings(), body.email, body.name, body.password, body.invitation, origin()))


@api.on("POST", "/session", VISITOR, takes=SignIn, gives=SignedIn, status=201)
def sign_in(body: SignIn) -> Any:
    """Sign in with a cookie, as the page does."""
    user = service.sign_in(body.email, body.password, origin(), acquainted(body.email))
    if totp.is_on(user.id):
        return SignedIn(user=None, challenge=second.ask(user))
    return opened(user)


@api.on("POST", "/session/second", VISITOR, takes=SecondStep, gives=SignedIn, status=201)
def sign_in_second(body: SecondStep) -> Any:
    """Finish a sign-in with a code."""
    return opened(second.answer(vault(), body.challenge, body.code, origin()))


@api.on("POST", "/session/passkey/options", Rule(Access.PUBLIC), gives=PasskeyOptions, status=201)
def ask_passkey() -> Any:
    """Begin a sign-in with a passkey."""
    challenge, options = passkeys.ask(settings())
    return PasskeyOptions(challenge=challenge, options=options)


@api.on("POST", "/session/passkey", VISITOR, takes=PasskeyAnswer, gives=SignedIn, status=201)
def sign_in_passkey(body: PasskeyAnswer) -> Any:
    """Sign in with a passkey. It is both steps at once."""
    return opened(passkeys.sign_in(settings(), body.challenge, body.credential, origin()))


@api.on("GET", "/session", OWN, gives=SignedIn)
def get_session() -> Any:
    """Who is signed in. The browser's cookie gets seven days more."""
    found = SignedIn.model_validate({"user": service.profile(who().user), "csrf": who().csrf})
    if who().via != "cookie":
        return found
    response = Response(found.model_dump_json(), 200, content_type="application/json")
    return with_cookie(response, request.cookies[settings().cookie])


@api.on("DELETE", "/session", OWN, status=204)
def sign_out() -> Any:
    """Sign out."""
    sessions.end(me(), who().session, origin())
    response = Response(status=204)
    response.delete_cookie(settings().cookie, path="/", secure=settings().secure, httponly=True, samesite="Lax")
    return response


@api.on("POST", "/session/proof", Rule(Access.COLLABORATOR, limit="login", repeats=False), takes=Proof, status=204)
def prove(body: Proof) -> Any:
    """Prove that it is you: what protects the account can then be changed for ten minutes.

    A sign-in is such a proof. Routes that need one answer with the problem `proof-needed` when it is older.
    """
    proof.give(vault(), who().user, who().session, body.password, body.code, origin())


@api.on("POST", "/accounts/verification", RARE, takes=Link, status=204)
def confirm_address(body: Link) -> Any:
    """Confirm an address by the link that was mailed to it."""
    verification.confirm(body.token, origin())


@api.on("POST", "/accounts/reset", RARE, takes=Address, status=202)
def ask_reset(body: Address) -> Any:
    """Mail a link to set a new password. The answer does not tell whether there is such an account."""
    reset.request(settings().url, body.email, origin())


@api.on("POST", "/accounts/reset/password", RARE, takes=NewPassword, status=204)
def finish_reset(body: NewPassword) -> Any:
    """Set a new password by the mailed link, which works once, for an hour. All sessions end."""
    reset.finish(body.token, body.password, origin())
