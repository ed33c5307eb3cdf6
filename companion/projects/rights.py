"""Who may do what in a project: one expression, which is part of every query."""

import peewee

from companion.database import database
from companion.errors import Forbidden, NotFound
from companion.projects.models import Member, Project, Role

_MINE = Project.alias()  # a union lets both databases go by their indexes; an OR reads all projects there are


def visible_to(
    user: str, at_least: Role = Role.VIEWER, deleted: bool = False, only: str | None = None
) -> peewee.Expression:
    """The rows of Project in which a user has this role.

    deleted: those that wait for their end instead. only: of them the one with this id.
    """
    mine = _MINE.select(_MINE.id).where(_MINE.owner == user)
    shared = Member.select(Member.project).where((Member.user == user) & (Member.role >= int(at_least)))
    if only is not None:
        mine, shared = mine.where(_MINE.id == only), shared.where(Member.project == only)
    ids = mine if at_least == Role.OWNER else mine.union_all(shared)
    return Project.id.in_(ids) & Project.deleted.is_null(not deleted)


def role_of(user: str) -> peewee.Case:
    """A column with the user's role in the row's project."""
    given = Member.select(Member.role).where((Member.project == Project.id) & (Member.user == user))
    return peewee.Case(None, ((Project.owner == user, int(Role.OWNER)),), given)


def find(user: str, project: str, at_least: Role = Role.VIEWER, deleted: bool = False) -> Project:
    """A project, `role` being the user's. NotFound for who has nothing to do with it, Forbidden for a lesser role."""
    query = Project.select(Project, role_of(user).alias("role"))
    seen = visible_to(user, Role.OWNER if deleted else Role.VIEWER, deleted, project)
    found: Project | None = query.where(seen).first()
    if found is None:
        raise NotFound("there is no such project")
    if found.role < at_least:
        raise Forbidden(f"in this project you are {called(Role(found.role))}; this needs {called(at_least)}")
    return found


def hold(user: str, project: str, at_least: Role, deleted: bool = False) -> Project:
    """The same for a change: nobody else changes the project, or who may do what in it, until the transaction ends."""
    assert database.in_transaction(), "a change needs a transaction"
    mine = visible_to(user, at_least, deleted, project)
    Project.update(version=Project.version).where(mine).execute()
    return find(user, project, at_least, deleted)


def called(role: Role) -> str:
    """A role in a sentence."""
    return f"an {role.name.lower()}" if role.name[0] in "EO" else f"a {role.name.lower()}"


def people(project: Project) -> list[str]:
    """The ids of all who work on a project, its owner first."""
    members = Member.select(Member.user).where(Member.project == project.id).order_by(Member.since)
    return [project.owner_id, *(row.user_id for row in members)]
