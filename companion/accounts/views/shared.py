"""What the accounts' views have in common."""

import json
from typing import Any

from flask import Response, current_app, request
from pydantic import Field

from companion.accounts import acquaintance, proof, service, sessions
from companion.accounts.acts import Origin
from companion.accounts.models import Session, User
from companion.config import Settings
from companion.vault.service import Vault
from companion.web.api import ONE_LINE, Answer, Api, Rule
from companion.web.identity import Access, who

api = Api("accounts", "Accounts")
OWN = Rule(Access.COLLABORATOR)  # no scope: what concerns the account itself is done by people, not by keys
VISITOR = Rule(Access.PUBLIC, limit="login")
RARE = Rule(Access.PUBLIC, limit="auth")

EMAIL = Field(min_length=3, max_length=254, examples=["mira@example.org"])
NAME = Field(min_length=1, max_length=100, pattern=ONE_LINE, examples=["Mira"])
PASSWORD = Field(min_length=8, max_length=256)
SECRET = Field(min_length=1, max_length=200)


class Profile(Answer):
    """An account as its owner sees it. Times in milliseconds since 1970; leaving: when it will be
    deleted, as its owner asked."""

    id: str
    email: str
    name: str
    access: str
    tier: str
    created: int
    verified: bool
    leaving: int | None


class SignedIn(Answer):
    """Who is signed in, and what the page sends as X-CSRF-Token with what it changes.

    Where a second step is needed, `user` is null and `challenge` goes with the code to /session/second.
    """

    user: Profile | None
    csrf: str = ""
    challenge: str = ""


def vault() -> Vault:
    """The companion's vault."""
    found: Vault = current_app.extensions["vault"]
    return found


def settings() -> Settings:
    """The companion's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def origin() -> Origin:
    """Where the request came from."""
    return Origin(request.remote_addr or "", request.headers.get("User-Agent", ""))


def me() -> User:
    """The signed-in user's row."""
    return service.find(who().user)


def proven() -> User:
    """The same, once they proved lately that it is them."""
    proof.require(who().user, who().session)
    return me()


def opened(user: User) -> Response:
    """Open a session in the browser and say who it is."""
    session, secret = sessions.open_for_browser(user, origin(), instead=here())
    response = with_cookie(answer(user.id, session), secret)
    acquaintance.remember(user.email, origin().address)
    _keep(response, _mark_name(), acquaintance.mark(vault(), user.email), acquaintance.LIFE_SECONDS)
    return response


def acquainted(email: str) -> bool:
    """Whether a sign-in to this account comes from where one was right before."""
    return acquaintance.known(vault(), email, request.cookies.get(_mark_name(), ""), origin().address)


def _mark_name() -> str:
    return f"{settings().cookie}-mark"


def here() -> str:
    """The session that the browser has already; a sign-in takes its place."""
    return who().session if who().via == "cookie" else ""


def answer(user: str, session: Session) -> Response:
    """SignedIn, as a response."""
    body: dict[str, Any] = {"user": service.profile(user), "csrf": session.csrf, "challenge": ""}
    return Response(json.dumps(body), 201, content_type="application/json")


def with_cookie(response: Response, secret: str) -> Response:
    """Let the browser keep a session for seven days from now."""
    _keep(response, settings().cookie, secret, sessions.SESSION_MS // 1000)
    return response


def _keep(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, secure=settings().secure, httponly=True, samesite="Lax", path="/")
