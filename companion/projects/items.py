"""The music in a project: things of the catalogue, put there by whom they belong to and seen by all who work on it."""

from collections.abc import Callable
from typing import Any

import peewee

from companion.accounts import directory
from companion.database import database
from companion.errors import Conflict, Forbidden, Invalid, NotFound
from companion.projects import history, rights
from companion.projects.models import Comment, Item, Project, Role

MOST = 1000  # items of one project

# What one owns of a kind: look(user, id) gives its name, None when there is none, or it is another's.
Look = Callable[[str, str], str | None]
_looks: dict[str, Look] = {}
COVER = "artwork"


def register(kind: str, look: Look) -> None:
    """Let a domain say what can be put into projects."""
    _looks[kind] = look


def kinds() -> list[str]:
    """What can be put into projects."""
    return sorted(_looks)


def shared_with(user: str, kind: str) -> "peewee.ModelSelect[Item]":
    """The ids of what a user may see and hear through projects, as a subquery: `Track.id.in_(shared_with(…))`."""
    projects = Project.select(Project.id).where(rights.visible_to(user))
    return Item.select(Item.subject).where((Item.kind == kind) & Item.project.in_(projects))


def covers_seen_by(user: str) -> "peewee.ModelSelect[Project]":
    """The covers of all projects that a user sees, as a subquery."""
    return Project.select(Project.cover).where(rights.visible_to(user))


def listed(user: str, project: str) -> list[dict[str, Any]]:
    """What is in a project, in its order."""
    rights.find(user, project)
    rows = list(Item.select().where(Item.project == project).order_by(Item.position, Item.id))
    names = directory.names(row.adder_id for row in rows)
    return [_state(row) | {"id": row.id, "adder_name": names.get(row.adder_id, ""), "added": row.added} for row in rows]


def listed_in(user: str, projects: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What is in several projects at once, by project; nothing of those that the user does not see."""
    seen = Project.select(Project.id).where(rights.visible_to(user) & Project.id.in_(projects))
    rows = list(Item.select().where(Item.project.in_(seen)).order_by(Item.position, Item.id))
    names = directory.names(row.adder_id for row in rows)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        shown = _state(row) | {"id": row.id, "adder_name": names.get(row.adder_id, ""), "added": row.added}
        found.setdefault(row.project_id, []).append(shown)
    return found


def _state(row: Item) -> dict[str, Any]:
    """What history keeps of an item."""
    return {
        "kind": row.kind,
        "subject": row.subject,
        "name": row.name,
        "position": row.position,
        "adder": row.adder_id,
    }


def attach(user: str, project: str, kind: str, subject: str, name: str = "") -> list[dict[str, Any]]:
    """Put something of the user's into a project, at the end. Invalid when it is none of theirs.

    Conflict when it is there already, or the project is full.
    """
    with database.atomic():
        held = rights.hold(user, project, Role.EDITOR)
        own_name = _own(user, kind, subject)
        here = Item.select().where(Item.project == project)
        if here.where((Item.kind == kind) & (Item.subject == subject)).exists():
            raise Conflict("that is in the project already")
        if here.count() >= MOST:
            raise Conflict(f"a project holds {MOST} things; take some off first")
        last = here.select(peewee.fn.MAX(Item.position)).scalar()
        position = 0 if last is None else last + 1
        values = {"kind": kind, "subject": subject, "name": (name or own_name)[:200], "position": position}
        row = Item.create(project=project, adder=user, **values)
        history.record(held, user, "attached", {_key(row.id): None}, {_key(row.id): _state(row)})
        return listed(user, project)


def _own(user: str, kind: str, subject: str) -> str:
    look = _looks.get(kind)
    if look is None:
        raise Invalid(f"nothing of the kind {kind} goes into a project; there are {', '.join(kinds())}")
    name = look(user, subject)
    if name is None:
        raise Invalid(f"you have no such {kind}")
    return name


def change(user: str, project: str, item: str, name: str | None, position: int | None) -> list[dict[str, Any]]:
    """Call an item something else here, or move it to another place, counted from 0. NotFound."""
    with database.atomic():
        held = rights.hold(user, project, Role.EDITOR)
        rows = {row.id: row for row in Item.select().where(Item.project == project).order_by(Item.position, Item.id)}
        if item not in rows:
            raise NotFound("there is no such item in the project")
        before = {key: _state(row) for key, row in rows.items()}
        if name is not None:
            rows[item].name = name
        order = [key for key in rows if key != item]
        order.insert(list(rows).index(item) if position is None else position, item)
        for place, key in enumerate(order):
            rows[key].position = place
        moved = {key for key, row in rows.items() if _state(row) != before[key]}
        for key in moved:
            rows[key].save(only=[Item.name, Item.position])
        if moved:
            after = {_key(key): _state(rows[key]) for key in moved}
            history.record(held, user, "arranged", {_key(key): before[key] for key in moved}, after)
        return listed(user, project)


def detach(user: str, project: str, item: str) -> None:
    """Take something off a project: editors anything, everybody what they brought. NotFound."""
    with database.atomic():
        held = rights.hold(user, project, Role.VIEWER)
        row = Item.get_or_none((Item.project == project) & (Item.id == item))
        if row is None:
            raise NotFound("there is no such item in the project")
        if held.role < Role.EDITOR and row.adder_id != user:
            raise Forbidden("this was brought by somebody else; an editor can take it off")
        _take(held, user, [row])


def take_all(held: Project, user: str, adder: str) -> None:
    """Take off all that somebody brought, as they leave: music, and the cover when it is theirs."""
    _take(held, user, list(Item.select().where((Item.project == held.id) & (Item.adder == adder))))
    if held.cover and cover_is_of(adder, held.cover):
        Project.update(cover="", version=Project.version + 1).where(Project.id == held.id).execute()
        history.record(held, user, "detached", {"cover": held.cover}, {"cover": ""})


def gone(kind: str, subject: str) -> None:
    """Take something off all projects: its owner removed it from the catalogue. In the caller's transaction."""
    rows = Item.select(Item, Project).join(Project).where((Item.kind == kind) & (Item.subject == subject))
    for row in list(rows):
        _take(row.project, row.adder_id, [row])
    if kind == COVER:
        Project.update(cover="", version=Project.version + 1).where(Project.cover == subject).execute()


def _take(held: Project, user: str, rows: list[Item]) -> None:
    if rows:
        Item.delete().where(Item.id.in_([row.id for row in rows])).execute()
        states = {_key(row.id): _state(row) for row in rows}
        history.record(held, user, "detached", states, dict.fromkeys(states))


def restore(held: Project, user: str, back: dict[str, Any], takers: dict[str, str]) -> None:
    """Set items of a held project to earlier states; None is not there.

    What was taken off by whom it belongs to comes back by them alone, and nothing of who works here no more.
    """
    people = set(rights.people(held))
    rows = {_key(row.id): row for row in Item.select().where(Item.project == held.id)}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for key, state in back.items():
        row = rows.get(key)
        old = _state(row) if row is not None else None
        if state == old:
            continue
        if state is None:
            Item.delete().where(Item.id == row.id).execute()  # type: ignore[union-attr]
        elif row is not None:
            Item.update(name=state["name"], position=state["position"]).where(Item.id == row.id).execute()
        elif not _may_return(state, user, people, takers.get(key, ""), held.id):
            continue
        else:
            item = Item.create(id=key.removeprefix(history.ITEM), project=held.id, **state)
            Comment.update(item=item).where((Comment.project == held.id) & (Comment.about == item.id)).execute()
        before[key], after[key] = old, state
    if after:
        history.record(held, user, "restored", before, after)


def _may_return(state: dict[str, Any], user: str, people: set[str], taker: str, project: str) -> bool:
    adder, kind, subject = state["adder"], state["kind"], state["subject"]
    if adder not in people or (taker == adder and user != adder):
        return False
    same = (Item.project == project) & (Item.kind == kind) & (Item.subject == subject)
    return kind in _looks and _looks[kind](adder, subject) is not None and not Item.select().where(same).exists()


def shown(file: str) -> bool:
    """Whether a project has this picture, as its cover or among its things."""
    inside = Item.select().where((Item.kind == COVER) & (Item.subject == file)).exists()
    return bool(inside or Project.select().where(Project.cover == file).exists())


def check_cover(user: str, cover: str) -> None:
    """Invalid unless this is an artwork of the user's, or none."""
    if cover:
        _own(user, COVER, cover)


def cover_is_there(held: Project, cover: str) -> bool:
    """Whether an earlier cover still belongs to somebody who works on the project."""
    return any(cover_is_of(person, cover) for person in rights.people(held))


def cover_is_of(user: str, cover: str) -> bool:
    """Whether an artwork is a user's."""
    look = _looks.get(COVER)
    return look is not None and look(user, cover) is not None


def _key(item: str) -> str:
    return f"{history.ITEM}{item}"
