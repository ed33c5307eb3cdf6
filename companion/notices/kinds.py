"""The kinds of notices: what each says. A sentence is filled from the notice's body."""

from collections import defaultdict
from dataclasses import dataclass
from string import Formatter
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """says: a sentence with {fields} of the body. about: what the page groups settings by. link: path in the page.

    mailed: whether it is ever mailed. rarely: once a day at most, while one of the kind waits to be read.
    """

    says: str
    about: str
    link: str = "/"
    mailed: bool = True
    rarely: bool = False


KINDS: dict[str, Kind] = {
    "project.invited": Kind('{who} asks you to work on "{title}"', "projects", "/invitations", mailed=False),
    "project.joined": Kind('{who} works on "{title}" now', "projects", "/projects/{project}"),
    "project.role": Kind('you are {role} in "{title}" now', "projects", "/projects/{project}", mailed=False),
    "project.removed": Kind('you do not work on "{title}" any more', "projects", "/projects"),
    "project.left": Kind('{who} left "{title}"', "projects", "/projects/{project}", mailed=False),
    "project.deleted": Kind('"{title}" was deleted by its owner', "projects", "/projects"),
    "project.commented": Kind('{who} commented on "{title}": {text}', "projects", "/projects/{project}", rarely=True),
    "box.claimed": Kind("{name} is yours now", "boxes", "/boxes/{box}"),
    "box.offered": Kind("{who} wants to give you the box {name}", "boxes", "/boxes", mailed=False),
    "box.taken": Kind("the box {name} belongs to {who} now", "boxes", "/boxes"),
}


def register(name: str, kind: Kind) -> None:
    """Add a kind."""
    KINDS[name] = kind


def fields(kind: Kind) -> set[str]:
    """What a body must have to be said."""
    parts = [*Formatter().parse(kind.says), *Formatter().parse(kind.link)]
    return {name for _, name, _, _ in parts if name}


def said(name: str, body: dict[str, Any]) -> str:
    """A notice as a sentence. What one that was written by an older edition lacks is left open."""
    return KINDS[name].says.format_map(defaultdict(lambda: "…", body)) if name in KINDS else name


def link(name: str, body: dict[str, Any]) -> str:
    """Where in the page it leads."""
    return KINDS[name].link.format_map(body) if name in KINDS else "/"
