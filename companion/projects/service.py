"""Projects: made, found, edited, put away, deleted and taken back."""

from typing import Any

import peewee

from companion import elapsed, folding
from companion.accounts import directory, tiers
from companion.audit import service as audit
from companion.database import Compiled, database, now
from companion.errors import NotFound, Stale
from companion.notices import service as notices
from companion.projects import history, items, rights
from companion.projects.models import Item, Member, Project, Role
from companion.web import paging

KEEP_MS = 30 * 24 * 3600 * 1000  # how long a deleted project can be taken back
SORTS: dict[str, tuple[Any, type, bool]] = {  # name: column, its kind in a cursor, whether the largest comes first
    "changed": (Project.changed, int, True),
    "created": (Project.created, int, True),
    "title": (Project.sorted_by, str, False),
}
_LISTED = [field for field in Project._meta.sorted_fields if field.name not in ("notes", "searched")]

_SHOWN = (*history.FIELDS, "id", "owner", "version", "created", "archived", "role")
_ONE = Compiled(
    lambda user, project: Project.select(
        *(getattr(Project, name) for name in _SHOWN[:-1]), rights.role_of(user).alias("role")
    ).where(rights.visible_to(user, only=project))
)

Shown = dict[str, Any]


def _owned(user: str) -> int:
    return int(Project.select().where((Project.owner == user) & Project.deleted.is_null()).count())


tiers.register("projects", _owned)


def create(user: str, fields: dict[str, Any]) -> Shown:
    """A new project of a user. OverQuota when the tier includes no more."""
    with database.atomic():
        tiers.check(user, "projects")
        items.check_cover(user, fields.get("cover", ""))
        project = Project.create(owner=user, **fields, **_words(fields["title"], fields.get("notes", "")))
        history.record(project, user, "made", {}, {name: getattr(project, name) for name in history.FIELDS})
        audit.record("project.made", user, project.id)
        return get(user, project.id)


def _words(title: str, notes: str) -> dict[str, str]:
    return {"sorted_by": folding.folded(title)[:400], "searched": f"{folding.folded(title)}\n{folding.folded(notes)}"}


def get(user: str, project: str) -> Shown:
    """A project as its reader sees it. NotFound."""
    row = _ONE.one(user, project)
    if row is None:
        raise NotFound("there is no such project")
    found = dict(zip(_SHOWN, row, strict=True))
    return found | {"role": Role(found["role"]).name.lower(), "owner_name": directory.name(found["owner"])}


def whole(user: str, project: str) -> Shown:
    """The same with what a list tells besides: how many people and things it has, and when it was changed. NotFound."""
    return _rows([rights.find(user, project)])[0] | get(user, project)


def listed(
    user: str, state: str = "active", search: str = "", sort: str = "changed", after: str = "", limit: int = 50
) -> tuple[list[Shown], str]:
    """A page of the projects that a user works on, and the next cursor.

    state: `active`, `archived`, or `deleted` (one's own alone). search: words, each of which is in title or notes. What
    a list tells is without the notes, which may be long.
    """
    deleted = state == "deleted"
    query = Project.select(*_LISTED, rights.role_of(user).alias("role"))
    query = query.where(rights.visible_to(user, Role.OWNER if deleted else Role.VIEWER, deleted))
    if not deleted:
        query = query.where(Project.archived.is_null(state == "active"))
    for word in folding.folded(search).split():
        query = query.where(Project.searched.contains(word))
    column, kind, largest_first = SORTS[sort]
    rows, following = paging.by(query, {column: kind, Project.id: str}, after, limit, largest_first)
    return _rows(rows), following


def _rows(projects: list[Project]) -> list[Shown]:
    ids = [project.id for project in projects]
    names = directory.names(project.owner_id for project in projects)
    members = _counted(Member, ids)
    contents = _counted(Item, ids)
    return [
        {
            "id": row.id,
            "title": row.title,
            "notes": None,
            "status": row.status,
            "tempo": row.tempo,
            "key": row.key,
            "cover": row.cover,
            "owner": row.owner_id,
            "owner_name": names.get(row.owner_id, ""),
            "role": Role(row.role).name.lower(),
            "members": members.get(row.id, 0) + 1,
            "items": contents.get(row.id, 0),
            "version": row.version,
            "created": row.created,
            "changed": row.changed,
            "archived": row.archived,
            "deleted": row.deleted,
        }
        for row in projects
    ]


def _counted(model: Any, projects: list[str]) -> dict[str, int]:
    query = model.select(model.project, peewee.fn.COUNT(model.id)).where(model.project.in_(projects))
    return dict(query.group_by(model.project).tuples()) if projects else {}


def edit(user: str, project: str, fields: dict[str, Any], version: int | None = None) -> Shown:
    """Change some fields. Stale when the project is not at `version` any more."""
    with database.atomic():
        held = rights.hold(user, project, Role.EDITOR)
        if version is not None and held.version != version:
            raise Stale("somebody changed this project meanwhile; look at it again, then repeat your change")
        if "cover" in fields and fields["cover"] != held.cover:
            items.check_cover(user, fields["cover"])
        change(held, user, "edited", fields)
        return get(user, project)


def change(held: Project, user: str, what: str, fields: dict[str, Any]) -> bool:
    """Set fields of a project that is held; False when that changes nothing."""
    before = {name: getattr(held, name) for name, value in fields.items() if getattr(held, name) != value}
    if not before:
        return False
    after = {name: fields[name] for name in before}
    words = _words(fields.get("title", held.title), fields.get("notes", held.notes))
    Project.update(**after, **words, version=Project.version + 1).where(Project.id == held.id).execute()
    history.record(held, user, what, before, after)
    return True


def restore(user: str, project: str, to: int) -> Shown:
    """Bring fields and items back to what they were right after a change. NotFound without it.

    People stay as they are now, and so does what they said. Music comes back while who brought it works on the project
    and has not taken it off again.
    """
    with database.atomic():
        held = rights.hold(user, project, Role.EDITOR)
        found = history.way_back(project, to)
        if found is None:
            raise NotFound("the history of this project has no such change")
        state, takers = found
        fields = {name: value for name, value in state.items() if name in history.FIELDS}
        if fields.get("cover") and not items.cover_is_there(held, fields["cover"]):
            del fields["cover"]
        change(held, user, "restored", fields)
        back = {name: value for name, value in state.items() if name.startswith(history.ITEM)}
        items.restore(held, user, back, takers)
        return get(user, project)


def archive(user: str, project: str, away: bool) -> Shown:
    """Put a project away, or take it out again; its owner alone may."""
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER)
        if (held.archived is not None) != away:
            values = {"archived": now() if away else None, "version": Project.version + 1}
            Project.update(**values).where(Project.id == project).execute()
            history.record(held, user, "archived" if away else "reopened", {}, {})
        return get(user, project)


def delete(user: str, project: str) -> None:
    """Delete a project; its owner can take that back for 30 days."""
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER)
        Project.update(deleted=now(), version=Project.version + 1).where(Project.id == project).execute()
        history.record(held, user, "deleted", {}, {})
        audit.record("project.deleted", user, project)
        for member in rights.people(held)[1:]:
            notices.tell(member, "project.deleted", {"project": project, "title": held.title}, mail=True)


def undelete(user: str, project: str) -> Shown:
    """Take the deletion back. OverQuota when the tier includes no more projects by now."""
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER, deleted=True)
        tiers.check(user, "projects")
        Project.update(deleted=None, version=Project.version + 1).where(Project.id == project).execute()
        history.record(held, user, "undeleted", {}, {})
        audit.record("project.undeleted", user, project)
        return get(user, project)


def forget() -> int:
    """Drop projects that were deleted 30 days ago; returns how many."""
    return int(Project.delete().where(Project.deleted < elapsed.passed() - KEEP_MS).execute())
