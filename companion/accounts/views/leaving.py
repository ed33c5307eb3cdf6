"""Taking all data along, and leaving."""

from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from companion.accounts import deletion, export, invitations, service
from companion.accounts.views.shared import EMAIL, OWN, api, me, origin, proven, settings
from companion.web.api import Answer, Body, Rule
from companion.web.identity import Access, who

ADMIN = Rule(Access.ADMIN)
_ROLES = {"artist": Access.ARTIST, "collaborator": Access.COLLABORATOR}


class ExportRow(Answer):
    """A copy of all data: size in bytes, null while it is made; music: whether the files are in it; times in ms."""

    id: str
    size: int | None
    music: bool
    created: int
    expires: int


class Exports(Answer):
    """The copies there are. music_size: bytes that the files have which a copy with music would hold."""

    items: list[ExportRow]
    music_size: int


class Wanted(BaseModel):
    """What is to be in a copy."""

    model_config = ConfigDict(extra="forbid")

    music: bool = Field(False, description="the files, too, as they came")


class Goodbye(Body):
    """The password, as a proof; empty where the account has none."""

    password: str = Field("", max_length=256)


class Leaving(Answer):
    """When the account goes (ms)."""

    goes: int


class Invite(Body):
    """Whom to invite, and as what: `artist` or `collaborator`."""

    email: str = EMAIL
    access: str = Field("artist", pattern="^(artist|collaborator)$")


class InvitationRow(Answer):
    """An open invitation; times in ms."""

    id: str
    email: str
    access: str
    created: int
    expires: int


class Invitations(Answer):
    """All that are open."""

    items: list[InvitationRow]


@api.on("GET", "/account/exports", OWN, gives=Exports)
def list_exports() -> Any:
    """The copies of the account's data."""
    return {"items": export.listed(who().user), "music_size": export.music_size(who().user)}


@api.on("POST", "/account/exports", OWN, query=Wanted, gives=ExportRow, status=202)
def ask_export(query: Wanted) -> Any:
    """Make a copy of all of the account's data; a mail tells when it is ready."""
    return export.ask(proven(), query.music, origin())


@api.on("GET", "/account/exports/<number>/file", OWN, content="application/zip")
def get_export(number: str) -> Any:
    """A copy of the account's data, as a ZIP of JSON files, and of the music where it was asked for."""
    size, pieces = export.read(proven().id, number)
    headers = {"Content-Length": str(size), "Content-Disposition": 'attachment; filename="rackdeck-data.zip"'}
    return Response(pieces, 200, headers, content_type="application/zip", direct_passthrough=True)


@api.on(
    "POST",
    "/account/deletion",
    Rule(Access.COLLABORATOR, limit="login", repeats=False),
    takes=Goodbye,
    gives=Leaving,
    status=202,
)
def leave_for_good(body: Goodbye) -> Any:
    """Delete the account in seven days. All sessions end now; who signs in before then can take it back."""
    return Leaving(goes=deletion.ask(settings().url, who().user, who().session, body.password, origin()))


@api.on("DELETE", "/account/deletion", OWN, status=204)
def stay() -> Any:
    """Keep the account after all."""
    deletion.take_back(me().id, origin())


@api.on("GET", "/invitations", ADMIN, gives=Invitations)
def list_invitations() -> Any:
    """The open invitations to make an account."""
    return {"items": invitations.listed()}


@api.on("POST", "/invitations", ADMIN, takes=Invite, gives=InvitationRow, status=201)
def invite(body: Invite) -> Any:
    """Mail somebody an invitation to make an account."""
    email = service.clean_email(body.email)
    return invitations.invite(settings().url, who().user, email, _ROLES[body.access])


@api.on("DELETE", "/invitations/<number>", ADMIN, status=204)
def withdraw_invitation(number: str) -> Any:
    """Make an invitation worthless."""
    invitations.withdraw(number, who().user)
