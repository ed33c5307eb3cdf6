"""What people say about a project: as a whole, about something in it, or at a place in the music."""

from typing import Any

from companion.accounts import directory
from companion.database import database, now
from companion.errors import Conflict, Forbidden, Invalid, NotFound
from companion.notices import service as notices
from companion.projects import history, rights
from companion.projects.models import Comment, Item, Project, Role
from companion.web import paging

MOST = 10_000  # comments of one project
SHORT = 200  # characters of a comment in a notice


def listed(user: str, project: str, item: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of comments, oldest first, and the next cursor. item: about this one alone, when given."""
    rights.find(user, project)
    query = Comment.select().where(Comment.project == project)
    if item:
        query = query.where(Comment.item == item)
    rows, following = paging.by(query, {Comment.id: str}, after, limit)
    return _shown(rows), following


def _shown(rows: list[Comment]) -> list[dict[str, Any]]:
    names = directory.names(row.author_id for row in rows)
    return [
        {
            "id": row.id,
            "item": row.item_id,
            "author": row.author_id,
            "author_name": names.get(row.author_id, ""),
            "answers": row.answers,
            "text": row.text,
            "position": row.position,
            "created": row.created,
            "edited": row.edited,
            "resolved": row.resolved,
        }
        for row in rows
    ]


def say(
    user: str, project: str, text: str, item: str | None = None, position: int | None = None, answers: str = ""
) -> dict[str, Any]:
    """Comment. position: ms in the item; answers: the comment that it replies to. Invalid when one is not there."""
    with database.atomic():
        held = rights.hold(user, project, Role.COMMENTER)
        if item and not Item.select().where((Item.project == project) & (Item.id == item)).exists():
            raise Invalid("there is no such item in the project")
        if answers and not Comment.select().where((Comment.project == project) & (Comment.id == answers)).exists():
            raise Invalid("there is no such comment to answer")
        if Comment.select().where(Comment.project == project).count() >= MOST:
            raise Conflict(f"a project holds {MOST} comments; delete some first")
        place = {"item": item, "about": item or "", "position": position}
        row = Comment.create(project=project, author=user, text=text, answers=answers, **place)
        history.record(held, user, "commented", {}, {_key(row.id): text})
        body = {"project": project, "title": held.title, "comment": row.id, "text": text[:SHORT]}
        body["who"] = directory.names([user]).get(user, "")
        for person in rights.people(held):
            if person != user:
                notices.tell(person, "project.commented", body, mail=True)
        return _shown([row])[0]


def change(user: str, project: str, comment: str, text: str | None, resolved: bool | None) -> dict[str, Any]:
    """Say it in other words, which its author may, or mark it as done with, which editors may, too."""
    with database.atomic():
        held = rights.hold(user, project, Role.COMMENTER)
        row = _find(held, comment)
        mine = row.author_id == user
        if text is not None and text != row.text:
            if not mine:
                raise Forbidden("this was said by somebody else")
            history.record(held, user, "reworded", {_key(row.id): row.text}, {_key(row.id): text})
            row.text, row.edited = text, now()
        if resolved is not None and resolved != (row.resolved is not None):
            if not mine and held.role < Role.EDITOR:
                raise Forbidden("who said this, or an editor, can mark it as done with")
            row.resolved = now() if resolved else None
            history.record(held, user, "resolved" if resolved else "reopened", {}, {_key(row.id): row.text})
        row.save(only=[Comment.text, Comment.edited, Comment.resolved])
        return _shown([row])[0]


def delete(user: str, project: str, comment: str) -> None:
    """Take a comment back, with the answers to it: its author may, and the owner of the project."""
    with database.atomic():
        held = rights.hold(user, project, Role.VIEWER)
        row = _find(held, comment)
        if row.author_id != user and held.role < Role.OWNER:
            raise Forbidden("who said this, or the owner of the project, can delete it")
        Comment.delete().where((Comment.project == project) & (Comment.answers == comment)).execute()
        row.delete_instance()
        history.record(held, user, "uncommented", {_key(row.id): row.text}, {_key(row.id): None})


def _find(held: Project, comment: str) -> Comment:
    found: Comment | None = Comment.get_or_none((Comment.project == held.id) & (Comment.id == comment))
    if found is None:
        raise NotFound("there is no such comment")
    return found


def _key(comment: str) -> str:
    return f"comment:{comment}"
