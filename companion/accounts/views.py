"""/api/v1/accounts and /api/v1/session."""

import json
from typing import Any

from flask import Response, current_app, request
from pydantic import Field

from companion.accounts import service, sessions
from companion.accounts.models import User
from companion.vault.service import Vault
from companion.web.api import Answer, Api, Body, Rule
from companion.web.chain import COOKIE
from companion.web.identity import Access, who

api = Api("accounts", "Accounts")


def vault() -> Vault:
    """The companion's vault."""
    found: Vault = current_app.extensions["vault"]
    return found


class SignUp(Body):
    """A new account."""

    email: str = Field(max_length=254, examples=["mira@example.org"])
    name: str = Field(min_length=1, max_length=100, examples=["Mira"])
    password: str = Field(min_length=8, max_length=256)


class SignIn(Body):
    """An address and its password."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=256)


class Profile(Answer):
    """An account as its owner sees it. `created` in milliseconds since 1970."""

    id: str
    email: str
    name: str
    access: str
    tier: str
    created: int
    verified: bool


class SessionOut(Answer):
    """Who is signed in, and what the page sends as X-CSRF-Token with what it changes."""

    user: Profile
    csrf: str


class Tokens(Answer):
    """A bearer token and what renews it, once."""

    token: str
    expires_in: int
    refresh_token: str


class Refresh(Body):
    """The refresh token that came with the token before."""

    refresh_token: str = Field(max_length=200)


def _signed_in(user: User, status: int) -> Response:
    """Open a session and set its cookie."""
    session, secret = sessions.open_for_browser(user, request.headers.get("User-Agent", ""), request.remote_addr or "")
    response = Response(json.dumps({"user": service.profile(user.id), "csrf": session.csrf}), status)
    response.content_type = "application/json"
    secure = current_app.extensions["settings"].secure
    age = sessions.SESSION_MS // 1000
    response.set_cookie(COOKIE, secret, max_age=age, secure=secure, httponly=True, samesite="Lax", path="/")
    return response


@api.on("POST", "/accounts", Rule(Access.PUBLIC, limit="auth"), takes=SignUp, gives=SessionOut, status=201)
def sign_up(body: SignUp) -> Any:
    """Make an account and sign in."""
    return _signed_in(service.sign_up(body.email, body.name, body.password), 201)


@api.on("POST", "/session", Rule(Access.PUBLIC, limit="login"), takes=SignIn, gives=SessionOut, status=201)
def sign_in(body: SignIn) -> Any:
    """Sign in with a cookie, as the page does."""
    return _signed_in(service.sign_in(body.email, body.password), 201)


@api.on("GET", "/session", Rule(Access.COLLABORATOR), gives=SessionOut)
def get_session() -> Any:
    """Who is signed in."""
    return {"user": service.profile(who().user), "csrf": who().csrf}


@api.on("DELETE", "/session", Rule(Access.COLLABORATOR), status=204)
def sign_out() -> Any:
    """Sign out."""
    sessions.end(who().user, who().session)
    response = Response(status=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@api.on("POST", "/tokens", Rule(Access.PUBLIC, limit="login"), takes=SignIn, gives=Tokens, status=201)
def make_token(body: SignIn) -> Any:
    """Sign in a program: a bearer token for an hour, and a refresh token for seven days."""
    user = service.sign_in(body.email, body.password)
    agent = request.headers.get("User-Agent", "")
    return sessions.open_for_program(vault(), user, agent, request.remote_addr or "")


@api.on("POST", "/tokens/refresh", Rule(Access.PUBLIC, limit="auth"), takes=Refresh, gives=Tokens, status=201)
def refresh_token(body: Refresh) -> Any:
    """Renew a token; the refresh token is spent and a new one comes along."""
    return sessions.renew(vault(), body.refresh_token)
