"""Which jobs there are: counted, shown, cancelled, done again."""

from typing import Any

import peewee

from companion.database import now
from companion.errors import Conflict, Invalid, NotFound
from companion.jobs import service
from companion.jobs.models import STATES, Job
from companion.web import paging


def lag_ms() -> int:
    """How long the job that waits longest has waited; 0 when none waits."""
    since = peewee.fn.COALESCE(Job.seen, Job.created)  # one that is queued again waits since then
    oldest = Job.select(peewee.fn.MIN(since)).where(Job.state == "queued").scalar()
    return max(0, now() - int(oldest)) if oldest is not None else 0


def counts() -> dict[str, int]:
    """How many jobs there are, by state."""
    query: Any = Job.select(Job.state, peewee.fn.COUNT(Job.id)).group_by(Job.state).tuples()
    return dict.fromkeys(STATES, 0) | {str(state): int(count) for state, count in query}


def listed(state: str = "", kind: str = "", owner: str = "", after: str = "", limit: int = 50) -> tuple[list[Job], str]:
    """A page of the jobs that fit, newest first, and the next cursor. Invalid for a state that there is none of."""
    if state and state not in STATES:
        raise Invalid(f"a job is {', '.join(STATES[:-1])} or {STATES[-1]}, never {state}")
    query = Job.select()
    for field, wanted in ((Job.state, state), (Job.kind, kind), (Job.owner, owner)):
        if wanted:
            query = query.where(field == wanted)
    return paging.newest(query, Job.id, after, limit)


def find(number: str) -> Job:
    """A job. NotFound without one."""
    found: Job | None = Job.get_or_none(Job.id == number)
    if found is None:
        raise NotFound("there is no such job")
    return found


def cancel(number: str) -> None:
    """Cancel a job that waits or runs. NotFound, or Conflict when it is over."""
    job = find(number)
    open_one = (Job.id == number) & Job.state.in_(("queued", "running"))
    if not Job.update(state="cancelled", finished=now()).where(open_one).execute():
        raise Conflict(f"the job is {job.state} already")
    service.tell(job, "cancelled", job.progress, "")


def retry(number: str) -> None:
    """Queue a failed or cancelled job again. NotFound, or Conflict when it is neither."""
    job = find(number)
    ended = (Job.id == number) & Job.state.in_(("failed", "cancelled"))
    fresh = {"state": "queued", "tries": 0, "progress": 0.0, "note": "", "finished": None, "seen": now()}
    if not Job.update(**fresh).where(ended).execute():
        raise Conflict(f"the job is {job.state}")
    service.tell(job, "queued", 0.0, "")
    service.push(number)
