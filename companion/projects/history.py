"""What was done to a project, by whom, and the way back.

A state is a flat dictionary: the fields by their names, items as `item:<id>`. A change keeps what it touched before and
after. An earlier state is what is there now with the changes since then taken back, newest first.
"""

import json
from typing import Any

import peewee

from companion.accounts import directory
from companion.database import now
from companion.events import service as events
from companion.projects import rights
from companion.projects.models import Change, Project
from companion.web import paging

FIELDS = ("title", "notes", "status", "tempo", "key", "cover")
ITEM = "item:"
KEEP = 2000  # changes of one project
TYPING_MS = 2 * 60 * 1000

State = dict[str, Any]


def record(project: Project, actor: str, what: str, before: State, after: State) -> None:
    """Write a change down and tell the pages of all who work on the project. The project must be held.

    Notes that somebody goes on typing are one change.
    """
    last = Change.select().where(Change.project == project.id).order_by(Change.id.desc()).first()
    going_on = last is not None and (last.actor_id, last.what) == (actor, what) and last.at > now() - TYPING_MS
    if going_on and list(after) == ["notes"] == list(json.loads(last.after)):
        Change.update(after=json.dumps(after), at=now()).where(Change.id == last.id).execute()
    else:
        Change.create(
            project=project.id, actor=actor, what=what, before=json.dumps(before), after=json.dumps(after), at=now()
        )
    Project.update(changed=now()).where(Project.id == project.id).execute()
    tell(project, what)


def tell(project: Project, what: str) -> None:
    """Let the open pages of all who work on it know."""
    for user in rights.people(project):
        events.publish(user, "project", {"id": project.id, "what": what})


def listed(user: str, project: str, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """A page of the history, newest first, and the next cursor."""
    rights.find(user, project)
    query = Change.select().where(Change.project == project)
    rows, following = paging.newest(query, Change.id, after, limit, int)
    names = directory.names(row.actor_id for row in rows)
    return [
        {
            "id": row.id,
            "what": row.what,
            "actor": row.actor_id,
            "actor_name": names.get(row.actor_id, ""),
            "before": json.loads(row.before),
            "after": json.loads(row.after),
            "at": row.at,
        }
        for row in rows
    ], following


def way_back(project: str, change: int) -> tuple[State, dict[str, str]] | None:
    """What to set so that the project is as it was right after a change; None without such a change.

    And who took each of the items off that come back.
    """
    if not Change.select().where((Change.project == project) & (Change.id == change)).exists():
        return None
    state: State = {}
    takers: dict[str, str] = {}
    since = Change.select().where((Change.project == project) & (Change.id > change)).order_by(Change.id.desc())
    for row in since.iterator():
        for name, value in json.loads(row.before).items():
            if name not in FIELDS and not name.startswith(ITEM):
                continue  # people and what they said do not go back
            state[name] = value
            if value is not None:
                takers[name] = row.actor_id or ""
    return state, takers


def forget() -> int:
    """Drop the oldest changes of projects that have very many; returns how many."""
    dropped = 0
    long_ones = Change.select(Change.project).group_by(Change.project)
    for row in list(long_ones.having(peewee.fn.COUNT(Change.id) > KEEP)):
        its = Change.project == row.project_id
        last = Change.select(Change.id).where(its).order_by(Change.id.desc()).offset(KEEP - 1).limit(1).scalar()
        dropped += Change.delete().where(its & (Change.id < last)).execute()
    return dropped
