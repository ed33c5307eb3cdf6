"""/api/v1/projects/…/items: the music in a project."""

from typing import Any

from pydantic import Field

from companion.projects import items
from companion.projects.views.base import READ, WRITE, api
from companion.web.api import Answer, Body
from companion.web.identity import who


class ItemOut(Answer):
    """Something of the catalogue in the project. `subject` is its id there; `adder` whose it is."""

    id: str
    kind: str
    subject: str
    name: str
    position: int
    adder: str
    adder_name: str
    added: int


class NewItem(Body):
    """Something of yours. `name`: what it is called here; empty is its own name."""

    kind: str = Field(max_length=10, examples=["track"])
    subject: str = Field(min_length=1, max_length=26)
    name: str = Field("", max_length=200)


class ItemEdit(Body):
    """What it is called here, or its place, counted from 0."""

    name: str | None = Field(None, min_length=1, max_length=200)
    position: int | None = Field(None, ge=0, le=items.MOST)


@api.on("GET", "/projects/<project>/items", READ, gives=list[ItemOut])
def list_items(project: str) -> Any:
    """What is in the project, in its order."""
    return items.listed(who().user, project)


@api.on("POST", "/projects/<project>/items", WRITE, takes=NewItem, gives=list[ItemOut], status=201)
def attach_item(project: str, body: NewItem) -> Any:
    """Put something of yours into the project. It stays yours; all who work on the project see and hear it."""
    return items.attach(who().user, project, body.kind, body.subject, body.name)


@api.on("PATCH", "/projects/<project>/items/<item>", WRITE, takes=ItemEdit, gives=list[ItemOut])
def edit_item(project: str, item: str, body: ItemEdit) -> Any:
    """Rename it here, or move it."""
    return items.change(who().user, project, item, body.name, body.position)


@api.on("DELETE", "/projects/<project>/items/<item>", WRITE, status=204)
def detach_item(project: str, item: str) -> Any:
    """Take it off the project; in its owner's catalogue it stays."""
    items.detach(who().user, project, item)
