"""Who works on a project, and as what."""

from typing import Any

from companion.accounts import directory
from companion.audit import service as audit
from companion.database import database
from companion.errors import Forbidden, NotFound
from companion.notices import service as notices
from companion.projects import history, items, rights
from companion.projects.models import Member, Project, Role

GIVEN = {role.name.lower(): role for role in (Role.VIEWER, Role.COMMENTER, Role.EDITOR)}


def listed(user: str, project: str) -> list[dict[str, Any]]:
    """All who work on a project, its owner first."""
    found = rights.find(user, project)
    members = list(Member.select().where(Member.project == project).order_by(Member.since, Member.id))
    names = directory.names([found.owner_id, *(member.user_id for member in members)])
    owner = {"user": found.owner_id, "name": names.get(found.owner_id, ""), "role": "owner", "since": found.created}
    return [owner] + [
        {
            "user": member.user_id,
            "name": names.get(member.user_id, ""),
            "role": Role(member.role).name.lower(),
            "since": member.since,
        }
        for member in members
    ]


def join(held: Project, user: str, role: Role) -> None:
    """Let somebody in to a project that is held."""
    Member.create(project=held.id, user=user, role=int(role))
    history.record(held, user, "joined", {_name(user): None}, {_name(user): role.name.lower()})
    audit.record("project.joined", user, held.id, role=role.name.lower())


def change_role(user: str, project: str, member: str, role: Role) -> list[dict[str, Any]]:
    """Give a member another role; the owner alone may. NotFound when there is no such member."""
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER)
        old = _role(project, member)
        if old != role:
            Member.update(role=int(role)).where((Member.project == project) & (Member.user == member)).execute()
            before, after = {_name(member): old.name.lower()}, {_name(member): role.name.lower()}
            history.record(held, user, "role", before, after)
            audit.record("project.role", user, project, member=member, role=role.name.lower())
            body = {"project": project, "title": held.title, "role": role.name.lower()}
            notices.tell(member, "project.role", body)
        return listed(user, project)


def remove(user: str, project: str, member: str) -> None:
    """Take somebody off a project, with the music that they brought: the owner anybody, everybody themselves."""
    with database.atomic():
        leaving = user == member
        held = rights.hold(user, project, Role.VIEWER if leaving else Role.OWNER)
        if member == held.owner_id:
            raise Forbidden("a project keeps its owner; delete it instead")
        drop(held, user, member, "left" if leaving else "removed")
        body = {"project": project, "title": held.title}
        if leaving:
            notices.tell(held.owner_id, "project.left", body | {"who": directory.names([user]).get(user, "")})
        else:
            notices.tell(member, "project.removed", body, mail=True)


def drop(held: Project, user: str, member: str, what: str) -> None:
    """Take a member and what they brought off a project that is held. NotFound."""
    old = _role(held.id, member)
    items.take_all(held, user, member)
    history.record(held, user, what, {_name(member): old.name.lower()}, {_name(member): None})
    Member.delete().where((Member.project == held.id) & (Member.user == member)).execute()
    audit.record(f"project.{what}", user, held.id, member=member)


def _role(project: str, member: str) -> Role:
    found = Member.select(Member.role).where((Member.project == project) & (Member.user == member)).scalar()
    if found is None:
        raise NotFound("nobody of that name works on this project")
    return Role(found)


def _name(user: str) -> str:
    return f"member:{user}"
