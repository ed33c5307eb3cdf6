"""/api/v1/projects/…/invitations, and /api/v1/project-invitations for who is invited."""

from typing import Any

from flask import current_app
from pydantic import Field

from companion.projects import invitations, members
from companion.projects.views.base import api
from companion.projects.views.people import GivenRole
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who

MANAGE = Rule(Access.ARTIST, "projects:share")
INVITE = Rule(Access.ARTIST, "projects:share", "mail")
ANSWER = Rule(Access.COLLABORATOR)  # no key may join somebody to a project


class NewInvitation(Body):
    """Who is asked to work on the project, and as what."""

    email: str = Field(max_length=254, examples=["noor@example.org"])
    role: GivenRole = "viewer"


class InvitationOut(Answer):
    """An open invitation."""

    id: str
    email: str
    role: str
    created: int
    expires: int


class Offered(InvitationOut):
    """An invitation as the invited sees it."""

    title: str
    inviter_name: str


class Secret(Body):
    """What follows the # in the mailed link."""

    secret: str = Field(max_length=100)


class Acceptance(Secret):
    """`as_me`: join with your account although the mail went to another address."""

    as_me: bool = False


class Joined(Answer):
    """The project that you work on now."""

    project: str


@api.on("GET", "/projects/<project>/invitations", MANAGE, gives=list[InvitationOut])
def list_invitations(project: str) -> Any:
    """The open invitations to the project."""
    return invitations.listed(who().user, project)


@api.on("POST", "/projects/<project>/invitations", INVITE, takes=NewInvitation, gives=InvitationOut, status=201)
def invite(project: str, body: NewInvitation) -> Any:
    """Ask somebody to work on the project, by mail."""
    settings = current_app.extensions["settings"]
    return invitations.invite(settings, who().user, project, body.email, members.GIVEN[body.role])


@api.on("DELETE", "/projects/<project>/invitations/<invitation>", MANAGE, status=204)
def revoke_invitation(project: str, invitation: str) -> Any:
    """Make an invitation worthless."""
    invitations.revoke(who().user, project, invitation)


@api.on("GET", "/project-invitations", ANSWER, gives=list[Offered])
def my_invitations() -> Any:
    """Open invitations to your address, once it is confirmed."""
    return invitations.mine(who().user)


@api.on("POST", "/project-invitations/look", Rule(Access.PUBLIC, limit="auth"), takes=Secret, gives=Offered)
def look_at_invitation(body: Secret) -> Any:
    """What the mailed link invites to."""
    return invitations.look(body.secret)


@api.on("POST", "/project-invitations/accept", ANSWER, takes=Acceptance, gives=Joined)
def accept_by_link(body: Acceptance) -> Any:
    """Accept by the mailed link."""
    return {"project": invitations.accept_secret(who().user, body.secret, body.as_me)}


@api.on("POST", "/project-invitations/<invitation>/accept", ANSWER, gives=Joined)
def accept_invitation(invitation: str) -> Any:
    """Accept an invitation to your address."""
    return {"project": invitations.accept(who().user, invitation)}


@api.on("DELETE", "/project-invitations/<invitation>", ANSWER, status=204)
def decline_invitation(invitation: str) -> Any:
    """Say no."""
    invitations.decline(who().user, invitation)
