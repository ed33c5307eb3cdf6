"""What projects do regularly, what of them goes into an export, and what becomes of them when somebody leaves."""

from collections.abc import Iterator
from typing import Any

from companion.accounts import deletion, export
from companion.accounts import invitations as sign_ups
from companion.database import database
from companion.notices import service as notices
from companion.projects import history, invitations, members, rights, service
from companion.projects.models import Comment, Member, Project


def keep_house() -> None:
    """Once an hour: drop what has expired, and what was deleted long ago."""
    service.forget()
    invitations.forget()
    history.forget()


def _projects(user: str) -> Iterator[dict[str, Any]]:
    names = (*history.FIELDS, "id", "created", "changed", "archived", "deleted")
    for row in Project.select().where(Project.owner == user).order_by(Project.id).iterator():
        yield {name: getattr(row, name) for name in names}


def _parts(user: str) -> Iterator[dict[str, Any]]:
    for row in Member.select(Member, Project.title).join(Project).where(Member.user == user).iterator():
        yield {"project": row.project_id, "title": row.project.title, "role": row.role, "since": row.since}


def _comments(user: str) -> Iterator[dict[str, Any]]:
    for row in Comment.select().where(Comment.author == user).order_by(Comment.id).iterator():
        yield {name: getattr(row, name) for name in ("project_id", "text", "position", "created", "edited")}


def erase(user: str) -> None:
    """Drop the projects of somebody, their part in others', and what they said there."""
    for project in list(Project.select().where(Project.owner == user)):
        with database.atomic():
            if project.deleted is None:
                body = {"project": project.id, "title": project.title}
                for person in rights.people(project)[1:]:
                    notices.tell(person, "project.deleted", body, mail=True)
                history.tell(project, "deleted")
            project.delete_instance()
    for member in list(Member.select(Member, Project).join(Project).where(Member.user == user)):
        with database.atomic():
            members.drop(member.project, user, user, "left")
    Comment.delete().where(Comment.author == user).execute()


def install() -> None:
    """Before the first request."""
    deletion.register("projects", erase)
    sign_ups.asks(invitations.asked)
    export.register("projects", _projects)
    export.register("projects-of-others", _parts)
    export.register("comments", _comments)
