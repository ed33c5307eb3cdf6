"""/api/v1/projects/…/members and …/comments."""

from typing import Any, Literal

from pydantic import Field

from companion.projects import comments, members
from companion.projects.views.base import READ, WRITE, api
from companion.web.api import Answer, Body
from companion.web.identity import who
from companion.web.paging import Page, Paging

GivenRole = Literal["viewer", "commenter", "editor"]
DAY_MS = 24 * 3600 * 1000


class MemberOut(Answer):
    """Somebody who works on a project, as what, since when."""

    user: str
    name: str
    role: str
    since: int


class NewRole(Body):
    """What somebody may do in the project."""

    role: GivenRole


class CommentOut(Answer):
    """What somebody said, at `position` (ms) of `item`. `answers`: the comment that it replies to."""

    id: str
    item: str | None
    author: str | None
    author_name: str
    answers: str
    text: str
    position: int | None
    created: int
    edited: int | None
    resolved: int | None


class NewComment(Body):
    """A comment on the project, or on `item` of it, at `position` (ms)."""

    text: str = Field(min_length=1, max_length=4000)
    item: str | None = Field(None, max_length=26)
    position: int | None = Field(None, ge=0, le=DAY_MS)
    answers: str = Field("", max_length=26)


class CommentEdit(Body):
    """Other words, or whether it is done with."""

    text: str | None = Field(None, min_length=1, max_length=4000)
    resolved: bool | None = None


class WantedComments(Paging):
    """`item`: comments on this one alone."""

    item: str = Field("", max_length=26)


@api.on("GET", "/projects/<project>/members", READ, gives=list[MemberOut])
def list_members(project: str) -> Any:
    """All who work on the project, its owner first."""
    return members.listed(who().user, project)


@api.on("PATCH", "/projects/<project>/members/<member>", WRITE, takes=NewRole, gives=list[MemberOut])
def change_role(project: str, member: str, body: NewRole) -> Any:
    """Give a member another role."""
    return members.change_role(who().user, project, member, members.GIVEN[body.role])


@api.on("DELETE", "/projects/<project>/members/<member>", WRITE, status=204)
def remove_member(project: str, member: str) -> Any:
    """Take somebody off the project, with what they brought; or leave it yourself."""
    members.remove(who().user, project, member)


@api.on("GET", "/projects/<project>/comments", READ, query=WantedComments, gives=Page[CommentOut])
def list_comments(project: str, query: WantedComments) -> Any:
    """What was said, oldest first."""
    rows, following = comments.listed(who().user, project, query.item, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("POST", "/projects/<project>/comments", WRITE, takes=NewComment, gives=CommentOut, status=201)
def make_comment(project: str, body: NewComment) -> Any:
    """Say something."""
    return comments.say(who().user, project, body.text, body.item, body.position, body.answers)


@api.on("PATCH", "/projects/<project>/comments/<comment>", WRITE, takes=CommentEdit, gives=CommentOut)
def edit_comment(project: str, comment: str, body: CommentEdit) -> Any:
    """Say it in other words, or mark it as done with."""
    return comments.change(who().user, project, comment, body.text, body.resolved)


@api.on("DELETE", "/projects/<project>/comments/<comment>", WRITE, status=204)
def delete_comment(project: str, comment: str) -> Any:
    """Take a comment back, with the answers to it."""
    comments.delete(who().user, project, comment)
