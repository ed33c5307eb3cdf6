"""Signing in with an account elsewhere: off to the provider and back."""

from typing import Any

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from companion.accounts import outside, second, sessions, totp
from companion.accounts.views.shared import api, here, origin, proven, settings, with_cookie
from companion.errors import Problem
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who

COOKIE = "rackdeck_visit"
_PLACE = "/api/v1/session/with"
_MOST = 4096
LINK = Rule(Access.COLLABORATOR, repeats=False)  # it asks the provider, and sets a cookie that no repetition has


class Leave(Body):
    """The path of our page to come back to, and what followed the # of an invitation's link."""

    next: str = Field("/", max_length=500)
    invitation: str = Field("", max_length=200)


class Target(Answer):
    """The provider's page to go to."""

    url: str


class Back(BaseModel):
    """What a provider adds to the address. More than this may come, and is not looked at."""

    model_config = ConfigDict(extra="ignore")

    state: str = Field("", max_length=_MOST)
    code: str = Field("", max_length=_MOST)
    iss: str = Field("", max_length=_MOST)
    error: str = Field("", max_length=_MOST)


def _leave(start: outside.Start) -> Response:
    response = Response(Target(url=start.url).model_dump_json(), 201, content_type="application/json")
    age = outside.LIFE // 1000
    response.set_cookie(
        COOKIE, start.browser, max_age=age, secure=settings().secure, httponly=True, samesite="Lax", path=_PLACE
    )
    return response


@api.on("POST", "/session/with/<name>", Rule(Access.PUBLIC, limit="auth"), takes=Leave, gives=Target, status=201)
def leave(name: str, body: Leave) -> Any:
    """Begin a sign-in with another account: the page goes to the address."""
    return _leave(outside.begin(settings(), name, body.next, body.invitation))


@api.on("POST", "/account/elsewhere/<which>", LINK, takes=Leave, gives=Target, status=201)
def leave_to_link(which: str, body: Leave) -> Any:
    """Begin to link an account at a provider, by its name, to the own one."""
    user = proven()
    return _leave(outside.begin(settings(), which, body.next, user=user.id, session=who().session))


@api.on("GET", "/session/with/<name>/back", Rule(Access.PUBLIC, limit="auth"), query=Back, status=303)
def come_back(name: str, query: Back) -> Any:
    """Where a provider sends the browser: on to the page, signed in.

    A refusal goes to /sign-in#refused=… with the problem's kind, which the page has a sentence for; a second step to
    /sign-in#challenge=….
    """
    browser = request.cookies.get(COOKIE, "")
    try:
        arrival = outside.finish(settings(), name, query.state, browser, query.code, query.iss, who().session, origin())
    except Problem as problem:
        return _go(f"/sign-in#refused={problem.slug}")
    if arrival.linked:
        return _go(arrival.next)
    if totp.is_on(arrival.user.id):
        return _go(f"/sign-in#challenge={second.ask(arrival.user)}")
    _, secret = sessions.open_for_browser(arrival.user, origin(), instead=here())
    return with_cookie(_go(arrival.next), secret)


def _go(path: str) -> Response:
    response = Response(status=303, headers={"Location": path})
    response.delete_cookie(COOKIE, path=_PLACE)
    return response
