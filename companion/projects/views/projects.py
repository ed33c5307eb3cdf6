"""/api/v1/projects: the projects themselves, and their history."""

from typing import Any, Literal

from flask import Response, request
from pydantic import Field

from companion.projects import history, service
from companion.projects.views.base import READ, WRITE, api
from companion.web import conditional
from companion.web.api import JSON, Answer, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

Status = Literal["idea", "sketch", "recording", "mixing", "mastering", "finished"]
KEY = r"^([A-G][#b]?m?)?$"


class Edit(Body):
    """What is to be another; what is left out stays. tempo in beats a minute; key such as `F#m`.

    cover: the id of an artwork of yours.
    """

    title: str = Field("", min_length=1, max_length=200)
    notes: str = Field("", max_length=20_000)
    status: Status = "idea"
    tempo: float | None = Field(None, ge=20, le=400)
    key: str = Field("", pattern=KEY)
    cover: str = Field("", max_length=26)


class NewProject(Edit):
    """A project that begins."""

    title: str = Field(min_length=1, max_length=200, examples=["Night bus"])


class ProjectOut(Answer):
    """A project. `role` is yours; `version` counts what changed in the fields."""

    id: str
    title: str
    notes: str
    status: str
    tempo: float | None
    key: str
    cover: str
    owner: str
    owner_name: str
    role: str
    version: int
    created: int
    archived: int | None


class ProjectRow(Answer):
    """A project in a list. `members` with its owner; `changed`: when anything last happened in it."""

    id: str
    title: str
    status: str
    tempo: float | None
    key: str
    cover: str
    owner: str
    owner_name: str
    role: str
    members: int
    items: int
    created: int
    changed: int
    archived: int | None
    deleted: int | None


class Wanted(Paging):
    """Which projects. `search`: words, each in title or notes. `state=deleted`: those that you can take back."""

    state: Literal["active", "archived", "deleted"] = "active"
    search: str = Field("", max_length=200)
    sort: Literal["changed", "created", "title"] = "changed"


class ChangeOut(Answer):
    """A line of the history: who did what, and what it was before and after."""

    id: int
    what: str
    actor: str | None
    actor_name: str
    before: dict[str, Any]
    after: dict[str, Any]
    at: int


class Restore(Body):
    """Back to how it was right after a change."""

    change: int = Field(ge=1)


def _tagged(shown: service.Shown, status: int = 200) -> Response:
    """A project with an ETag that begins with its version."""
    data = ProjectOut.model_validate(shown).model_dump_json().encode()
    etag = f'"{shown["version"]}-{conditional.tag(data)[1:]}'
    return Response(data, status, {"ETag": etag}, content_type=JSON)


def _version() -> int | None:
    """The version that the caller has seen, by If-Match."""
    first, _, _ = request.headers.get("If-Match", "").strip().lstrip('"').partition("-")
    return int(first) if first.isascii() and first.isdigit() else None


@api.on("GET", "/projects", READ, query=Wanted, gives=Page[ProjectRow])
def list_projects(query: Wanted) -> Any:
    """The projects that you work on."""
    rows, following = service.listed(who().user, query.state, query.search, query.sort, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("POST", "/projects", Rule(Access.ARTIST, "projects:write"), takes=NewProject, gives=ProjectOut, status=201)
def make_project(body: NewProject) -> Any:
    """Begin a project."""
    return _tagged(service.create(who().user, body.model_dump()), 201)


@api.on("GET", "/projects/<project>", READ, gives=ProjectOut)
def get_project(project: str) -> Any:
    """One project."""
    return _tagged(service.get(who().user, project))


@api.on("PATCH", "/projects/<project>", WRITE, takes=Edit, gives=ProjectOut)
def edit_project(project: str, body: Edit) -> Any:
    """Change some fields.

    Send the ETag that you have seen as If-Match; when somebody changed the project meanwhile, the answer is 412.
    """
    return _tagged(service.edit(who().user, project, body.model_dump(exclude_unset=True), _version()))


@api.on("DELETE", "/projects/<project>", WRITE, status=204)
def delete_project(project: str) -> Any:
    """Delete a project; its owner can take that back for 30 days."""
    service.delete(who().user, project)


@api.on("POST", "/projects/<project>/undelete", WRITE, gives=ProjectOut)
def undelete_project(project: str) -> Any:
    """Take the deletion back."""
    return _tagged(service.undelete(who().user, project))


@api.on("PUT", "/projects/<project>/archive", WRITE, gives=ProjectOut)
def archive_project(project: str) -> Any:
    """Put a project away."""
    return _tagged(service.archive(who().user, project, True))


@api.on("DELETE", "/projects/<project>/archive", WRITE, gives=ProjectOut)
def reopen_project(project: str) -> Any:
    """Take a project out again."""
    return _tagged(service.archive(who().user, project, False))


@api.on("GET", "/projects/<project>/history", READ, query=Paging, gives=Page[ChangeOut])
def list_changes(project: str, query: Paging) -> Any:
    """What was done, newest first."""
    rows, following = history.listed(who().user, project, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("POST", "/projects/<project>/restore", WRITE, takes=Restore, gives=ProjectOut)
def restore_project(project: str, body: Restore) -> Any:
    """Bring fields and music back to what they were right after a change; people and comments stay."""
    return _tagged(service.restore(who().user, project, body.change))
