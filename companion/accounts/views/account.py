"""The own account: name, address, password, tier, sessions."""

from typing import Any

from pydantic import Field

from companion.accounts import service, sessions, tiers, verification
from companion.accounts.acts import note
from companion.accounts.views.shared import EMAIL, NAME, OWN, PASSWORD, Profile, api, me, origin, proven, settings
from companion.audit import service as audit
from companion.database import database
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging


class Change(Body):
    """What an account is called."""

    name: str = NAME


class NewAddress(Body):
    """An address to move the account to."""

    email: str = EMAIL


class ChangePassword(Body):
    """The password so far (empty where there was none), and the new one."""

    old: str = Field("", max_length=256)
    new: str = PASSWORD


class SessionRow(Answer):
    """One sign-in: where from, what with, when (ms). current: the one that asks."""

    id: str
    agent: str
    address: str
    created: int
    seen: int
    expires: int
    current: bool
    program: bool


class Sessions(Answer):
    """All sign-ins that hold."""

    items: list[SessionRow]


class Ended(Answer):
    """How many sessions ended."""

    ended: int


class Act(Answer):
    """Something that was done to or with the account: what, when (ms), from which address, and to what."""

    id: int
    at: int
    action: str
    address: str
    subject: str


class AllowanceRow(Answer):
    """One limit: `used` of `most`, bytes for storage; used is null where it is not counted for a whole account."""

    what: str
    most: int
    used: int | None


class Tier(Answer):
    """A tier and its limits."""

    tier: str
    limits: list[AllowanceRow]


class Tiers(Answer):
    """All tiers."""

    items: list[Tier]


@api.on("GET", "/account", OWN, gives=Profile)
def get_account() -> Any:
    """The own account."""
    return service.profile(who().user)


@api.on("PATCH", "/account", OWN, takes=Change, gives=Profile)
def change_account(body: Change) -> Any:
    """Change what the account is called."""
    service.rename(who().user, body.name)
    return service.profile(who().user)


@api.on("PUT", "/account/password", Rule(Access.COLLABORATOR, limit="login"), takes=ChangePassword, status=204)
def change_password(body: ChangePassword) -> Any:
    """Set a new password; all other sessions end."""
    user = me() if body.old else proven()
    service.change_password(user.id, body.old, body.new, who().session, origin())


@api.on("POST", "/account/email", Rule(Access.COLLABORATOR, limit="auth"), takes=NewAddress, status=202)
def change_email(body: NewAddress) -> Any:
    """Mail a link to a new address; the account moves there once it is opened."""
    verification.ask_change(settings().url, proven(), service.clean_email(body.email))


@api.on("POST", "/account/verification", Rule(Access.COLLABORATOR, limit="auth"), status=202)
def resend_verification() -> Any:
    """Mail the link to confirm the address again."""
    with database.atomic():
        verification.send(settings().url, me())


@api.on("GET", "/account/sessions", OWN, gives=Sessions)
def list_sessions() -> Any:
    """Where the account is signed in."""
    names = ("id", "agent", "address", "created", "seen", "expires")
    rows = [
        {name: getattr(row, name) for name in names} | {"current": row.id == who().session, "program": not row.secret}
        for row in sessions.listed(who().user)
    ]
    return {"items": rows}


@api.on("DELETE", "/account/sessions/<session>", OWN, status=204)
def end_session(session: str) -> Any:
    """End one session."""
    sessions.end(me(), session, origin())


@api.on("DELETE", "/account/sessions", OWN, gives=Ended)
def end_other_sessions() -> Any:
    """End all sessions but this one."""
    user = me()
    with database.atomic():
        ended = sessions.end_all(user.id, but=who().session)
        note(user, "sessions.ended", origin(), ended=ended)
    return Ended(ended=ended)


@api.on("GET", "/account/activity", OWN, query=Paging, gives=Page[Act])
def list_activity(query: Paging) -> Any:
    """What was done with the account, newest first, as the audit log has it for 90 days."""
    rows, following = audit.paged(actor=who().user, after=query.after, limit=query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/account/tier", OWN, gives=Tier)
def get_tier() -> Any:
    """The account's tier, and what of it is used."""
    tier, limits = tiers.allowances(who().user)
    return {"tier": tier, "limits": limits}


@api.on("GET", "/tiers", Rule(Access.PUBLIC, limit="page"), gives=Tiers)
def list_tiers() -> Any:
    """What each tier includes."""
    rows = [
        {"tier": tier, "limits": [{"what": what, "most": most, "used": None} for what, most in limits.items()]}
        for tier, limits in tiers.TIERS.items()
    ]
    return {"items": rows}
