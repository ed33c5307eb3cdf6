"""For programs: tokens of an hour, and API keys with scopes."""

from typing import Any

from pydantic import Field

from companion.accounts import acquaintance, keys, second, service, sessions, totp
from companion.accounts.models import ApiKey
from companion.accounts.views.shared import (
    EMAIL,
    OWN,
    RARE,
    SECRET,
    VISITOR,
    acquainted,
    api,
    me,
    origin,
    proven,
    vault,
)
from companion.errors import Forbidden, Unauthorized
from companion.web.api import Answer, Body
from companion.web.identity import who


class CodeNeededError(Unauthorized):
    """The account asks for a second step."""

    slug = "code-needed"


class Credentials(Body):
    """Address, password, and a code of the authenticator app where the account asks for one."""

    email: str = EMAIL
    password: str = Field(min_length=1, max_length=256)
    code: str = Field("", max_length=40)


class Tokens(Answer):
    """A bearer token, its life in seconds, and what renews it, once."""

    token: str
    expires_in: int
    refresh_token: str


class Refresh(Body):
    """The refresh token that came with the token before."""

    refresh_token: str = SECRET


class NewKey(Body):
    """A key to make. scopes: what it may do; days: until it expires, null for never."""

    name: str = Field(min_length=1, max_length=60, examples=["Backup script"])
    scopes: list[str] = Field(min_length=1, max_length=50)
    days: int | None = Field(365, ge=1, le=3650)


class KeyRow(Answer):
    """A key: `start` is how it begins, to tell it from others. Times in ms."""

    id: str
    name: str
    start: str
    scopes: list[str]
    created: int
    expires: int | None
    used: int | None


class MadeKey(KeyRow):
    """A new key. `key` is shown this once."""

    key: str


class Keys(Answer):
    """All keys of the account, and the scopes that a new one can have."""

    items: list[KeyRow]
    scopes: list[str]


@api.on("POST", "/tokens", VISITOR, takes=Credentials, gives=Tokens, status=201)
def make_token(body: Credentials) -> Any:
    """Sign in a program: a bearer token for an hour, and a refresh token for seven days.

    Where the account asks for a second step and `code` is empty, the problem is `code-needed`.
    """
    user = service.sign_in(body.email, body.password, origin(), acquainted(body.email))
    if totp.is_on(user.id):
        if not body.code:
            raise CodeNeededError("this account asks for a code of its authenticator app too")
        try:
            second.check(vault(), user, body.code, origin())
        except Forbidden as exc:
            raise Unauthorized(exc.detail) from None
    acquaintance.remember(user.email, origin().address)
    return sessions.open_for_program(vault(), user, origin())


@api.on("POST", "/tokens/refresh", RARE, takes=Refresh, gives=Tokens, status=201)
def refresh_token(body: Refresh) -> Any:
    """Renew a token; the refresh token is spent and a new one comes along."""
    return sessions.renew(vault(), body.refresh_token, origin())


@api.on("GET", "/account/keys", OWN, gives=Keys)
def list_keys() -> Any:
    """The account's API keys."""
    return {"items": [_row(key) for key in keys.listed(who().user)], "scopes": list(keys.scopes())}


@api.on("POST", "/account/keys", OWN, takes=NewKey, gives=MadeKey, status=201)
def make_key(body: NewKey) -> Any:
    """Make an API key."""
    row, key = keys.make(proven(), body.name, body.scopes, body.days, origin())
    return _row(row) | {"key": key}


@api.on("DELETE", "/account/keys/<key>", OWN, status=204)
def revoke_key(key: str) -> Any:
    """Make a key worthless."""
    keys.revoke(me(), key, origin())


def _row(key: ApiKey) -> dict[str, Any]:
    names = ("id", "name", "start", "created", "expires", "used")
    return {name: getattr(key, name) for name in names} | {"scopes": str(key.scopes).split()}
