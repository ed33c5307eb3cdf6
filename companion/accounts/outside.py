"""Signing in with an account elsewhere: OAuth 2 with PKCE, state and nonce, bound to the browser that began.

Somebody from outside is one of ours when they were linked before. Otherwise the address decides, and only when both
sides proved it: the provider for its account, and we for ours. A new account is made where sign-up allows it.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import peewee
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from companion.accounts import providers, service, tickets, ways
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import OutsideIdentity, User
from companion.accounts.providers import Person, Provider
from companion.config import Settings
from companion.database import database
from companion.errors import Conflict, Forbidden, NotFound, Unauthorized

LIFE = 10 * tickets.MINUTE
_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]{0,500}")


class UnprovedError(Forbidden):
    """The address is not proved, on one side or the other."""

    slug = "address-not-proved"


@dataclass(frozen=True, slots=True)
class Start:
    """Where the browser goes, and the secret that it keeps in a cookie until it comes back."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and the path of the page that they wanted. linked: they were signed in, and linked an account."""

    user: User
    next: str
    linked: bool


def find(settings: Settings, name: str) -> Provider:
    """A provider that the settings switch on. NotFound otherwise."""
    for provider in providers.listed(settings):
        if provider.name == name:
            return provider
    raise NotFound("there is no such provider; the settings switch them on")


def safe_path(path: str) -> str:
    """The path of a page of ours, or `/` for anything that might lead elsewhere."""
    return path if _PATH.fullmatch(path) else "/"


def begin(settings: Settings, name: str, path: str, invitation: str = "", user: str = "", session: str = "") -> Start:
    """Send somebody to a provider. user, session: who is signed in and wants to link an account."""
    provider = find(settings, name)
    browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    state = tickets.issue(
        "outside",
        LIFE,
        user or None,
        provider=name,
        browser=tickets.digest(browser),
        nonce=nonce,
        verifier=verifier,
        path=safe_path(path),
        invitation=invitation,
        session=session,
    )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back(settings, name),
        "scope": provider.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    url = providers.authorize_url(provider)
    return Start(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", browser)


def back(settings: Settings, name: str) -> str:
    """Where a provider sends people back to: this is to be registered there."""
    return f"{settings.url}/api/v1/session/with/{name}/back"


def finish(
    settings: Settings,
    name: str,
    state: str,
    browser: str,
    code: str,
    issuer: str = "",
    session: str = "",
    origin: Origin = NOWHERE,
) -> Arrival:
    """Take somebody who comes back. Unauthorized unless it is the browser that left, from the provider it went to.

    issuer: `iss` of the answer (RFC 9207), where a provider sends it. session: the one the browser has now.
    """
    ticket = tickets.spend("outside", state)
    begun = tickets.data(ticket) if ticket is not None else {}
    mine = {"provider": name, "browser": tickets.digest(browser), "session": session if begun.get("session") else ""}
    if ticket is None or any(begun[field] != value for field, value in mine.items()):
        raise Unauthorized("this sign-in was begun elsewhere or took too long; begin again")
    provider = find(settings, name)
    if issuer and provider.issuer and issuer.rstrip("/") != provider.issuer:
        raise Unauthorized("the answer comes from another provider than the one that was asked; begin again")
    if not code:
        raise Unauthorized(f"{provider.title} did not sign you in; try again, or sign in another way")
    person = providers.person(provider, code, begun["verifier"], begun["nonce"], back(settings, name))
    if ticket.user_id:
        user = tickets.owner(ticket)
        _link(user, provider, person, origin)
        return Arrival(user, begun["path"], linked=True)
    return Arrival(_resolve(settings, provider, person, begun, origin), begun["path"], linked=False)


def _resolve(settings: Settings, provider: Provider, person: Person, begun: dict[str, Any], origin: Origin) -> User:
    """The user behind a person: linked before, of the same proved address, or new."""
    there = (OutsideIdentity.provider == provider.name) & (OutsideIdentity.issuer == provider.issuer)
    linked = OutsideIdentity.get_or_none(there & (OutsideIdentity.subject == person.subject))
    if linked is None and provider.issuer:
        linked = _nameless(provider, person)
    if linked is not None:
        if linked.user.disabled is not None:
            raise Unauthorized("this account is closed; ask whoever runs this companion")
        known: User = linked.user
        return known
    if not person.email:
        raise UnprovedError("the provider has not confirmed your address; confirm it there, or sign up with a password")
    email = service.clean_email(person.email)
    user: User | None = User.get_or_none(User.email == email)
    if user is not None and user.disabled is not None:
        raise Unauthorized("this account is closed; ask whoever runs this companion")
    if user is not None and user.verified is None:
        # whoever made it may not own the address, and would get into what its owner puts there
        raise UnprovedError("an account here has this address but never confirmed it; set a new password for it first")
    with database.atomic():
        if user is None:
            access, _ = service.admit(settings, email, begun["invitation"])
            name_there = " ".join(re.sub(r"[^\w\s.,'’-]", "", person.name).split()) or email.partition("@")[0]
            user = service.create(email, name_there[:100], access=access, verified=True)
            note(user, "account.made", origin, provider=provider.name)
        _link(user, provider, person, origin)
    return user


def _link(user: User, provider: Provider, person: Person, origin: Origin) -> None:
    there = {"provider": provider.name, "issuer": provider.issuer, "subject": person.subject}
    with database.atomic():
        try:
            with database.atomic():
                OutsideIdentity.create(user=user.id, email=person.email[:254], **there)
        except peewee.IntegrityError:
            raise Conflict("that account is linked already, here or to somebody else") from None
        note(user, "provider.linked", origin, provider=provider.name)


def _nameless(provider: Provider, person: Person) -> OutsideIdentity | None:
    """Somebody who was linked before it was kept who vouches for them; it is written down now.

    Another provider's people may have the same numbers, so where the settings name the provider it takes the address
    that was proved at the time, too.
    """
    where = (OutsideIdentity.provider == provider.name) & (OutsideIdentity.issuer == "")
    row: OutsideIdentity | None = OutsideIdentity.get_or_none(where & (OutsideIdentity.subject == person.subject))
    if row is None or (provider.issuer != providers.GOOGLE and (not person.email or person.email[:254] != row.email)):
        return None
    OutsideIdentity.update(issuer=provider.issuer).where(OutsideIdentity.id == row.id).execute()
    return row


def listed(user: str) -> list[OutsideIdentity]:
    """The accounts elsewhere that a user signs in with."""
    return list(OutsideIdentity.select().where(OutsideIdentity.user == user).order_by(OutsideIdentity.id))


def unlink(user: User, identity: str, origin: Origin = NOWHERE) -> None:
    """Sign in with that account no more. NotFound when it is none of theirs; Conflict when it is the only way in."""
    mine = (OutsideIdentity.id == identity) & (OutsideIdentity.user == user.id)
    with database.atomic():
        row = OutsideIdentity.get_or_none(mine)
        if row is None:
            raise NotFound("there is no such account elsewhere")
        ways.check_another(user, but=identity)
        OutsideIdentity.delete().where(mine).execute()
        note(user, "provider.unlinked", origin, provider=row.provider)
