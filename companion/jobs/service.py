"""Putting work into the queue and doing it: at least once, however often a worker dies.

The job's row is written in the caller's transaction. The queue (huey) gets its number after the commit and may lose it;
`sweep` finds rows that nobody works on and queues them again. So a handler must be safe to run twice.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import peewee
from huey import Huey, RedisHuey, SqliteHuey

from companion.config import Settings
from companion.database import connection, database, now
from companion.errors import Conflict, Invalid, NotFound
from companion.events import service as events
from companion.jobs.models import STATES, Job
from companion.web import paging

log = logging.getLogger(__name__)
MOST_TRIES = 3
KEEP_MS = 30 * 24 * 3600 * 1000
STALE_MS = 2 * 60 * 1000  # a running job whose worker gave no sign of life for so long has lost it

Handler = Callable[["Work"], None]
_handlers: dict[str, Handler] = {}
_queue: Huey | None = None
_start: Callable[[str], Any] | None = None
_mine: set[str] = set()  # jobs that this process works on
_lock = threading.Lock()


class CancelledError(Exception):
    """The job was cancelled while it ran."""


class Work:
    """What a handler gets: its job's arguments, and a way to tell how far it is."""

    def __init__(self, job: Job):
        self.job, self.subject = job, str(job.subject)
        self.args: dict[str, Any] = json.loads(job.args)

    def progress(self, share: float, note: str = "") -> None:
        """Say how far it is (0 to 1). Raises CancelledError when somebody cancelled it."""
        changed = (
            Job.update(progress=share, note=note[:500], seen=now())
            .where((Job.id == self.job.id) & (Job.state == "running"))
            .execute()
        )
        if not changed:
            raise CancelledError
        _tell(self.job, "running", share, note)


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register what does jobs of a kind."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def open_queue(settings: Settings, immediate: bool = False) -> Huey:
    """The queue of these settings. immediate: do jobs at once in the caller (tests)."""
    global _queue, _start
    if settings.redis_url and not immediate:
        queue: Huey = RedisHuey("companion", url=settings.redis_url)
    else:
        settings.folder.mkdir(parents=True, exist_ok=True)
        queue = SqliteHuey("companion", filename=str(settings.folder / "queue.db"), immediate=immediate)
    _queue, _start = queue, queue.task(name="run")(run)
    return queue


def enqueue(kind: str, owner: str | None = None, subject: str = "", **args: Any) -> Job:
    """Write a job down, and queue it when the caller's transaction is over."""
    if kind not in _handlers:
        raise ValueError(f"nothing does jobs of the kind {kind}")
    job = Job.create(kind=kind, owner=owner, subject=subject, args=json.dumps(args))
    _tell(job, "queued", 0.0, "")
    database.after_commit(lambda: _push(job.id))
    return job


def _push(number: str) -> None:
    assert _start is not None, "open_queue comes first"
    _start(number)


def _tell(job: Job, state: str, progress: float, note: str) -> None:
    if job.owner:
        body = {"id": job.id, "kind": job.kind, "subject": job.subject, "state": state}
        events.publish(str(job.owner), "job", body | {"progress": progress, "note": note})


def run(number: str) -> None:
    """Do one job, if nobody does it already. What it raises is its failure, in a sentence."""
    with connection():
        taken = (
            Job.update(state="running", started=now(), seen=now(), tries=Job.tries + 1)
            .where((Job.id == number) & (Job.state == "queued"))
            .execute()
        )
        if not taken:
            return
        job = Job.get_by_id(number)
        with _lock:
            _mine.add(number)
        try:
            _handlers[job.kind](Work(job))
        except CancelledError:
            return
        except Exception as exc:
            log.exception("job %s (%s) failed", number, job.kind)
            _finish(job, "failed", str(exc) or type(exc).__name__)
        else:
            _finish(job, "done", "")
        finally:
            with _lock:
                _mine.discard(number)


def beat() -> None:
    """Tell that this process still works on its jobs, however long they say nothing themselves."""
    with _lock:
        numbers = list(_mine)
    if numbers:
        Job.update(seen=now()).where(Job.id.in_(numbers) & (Job.state == "running")).execute()


def release() -> None:
    """Give back what this process works on, as it ends: no fault of the jobs."""
    with _lock:
        numbers = list(_mine)
    if numbers:
        mine = Job.id.in_(numbers) & (Job.state == "running")
        Job.update(state="queued", tries=Job.tries - 1).where(mine).execute()


def _finish(job: Job, state: str, note: str) -> None:
    done = 1.0 if state == "done" else job.progress
    Job.update(state=state, note=note[:500], progress=done, finished=now()).where(
        (Job.id == job.id) & (Job.state == "running")
    ).execute()
    _tell(job, state, done, note)


def sweep(alone: bool = False) -> int:
    """Queue again what was lost with its worker; give up what was tried too often. Returns how many were queued.

    alone: no other process works on jobs, so all that run elsewhere are lost, however fresh.
    """
    with _lock:
        numbers = list(_mine)
    lost = Job.select().where((Job.state == "running") & Job.id.not_in(numbers))
    for job in lost if alone else lost.where(Job.seen < now() - STALE_MS):
        if job.tries >= MOST_TRIES:
            _finish(job, "failed", f"its worker died {job.tries} times")
        else:
            Job.update(state="queued").where((Job.id == job.id) & (Job.state == "running")).execute()
    assert _queue is not None, "open_queue comes first"
    carried = {task.args[0] for task in _queue.pending() if task.args}
    waiting = Job.select(Job.id).where((Job.state == "queued") & (alone or Job.created < now() - 5000))
    forgotten = [row.id for row in waiting if row.id not in carried]
    for number in forgotten:
        _push(number)
    return len(forgotten)


def forget() -> int:
    """Drop jobs that ended long ago; returns how many."""
    return int(Job.delete().where(Job.finished < now() - KEEP_MS).execute())


def waiting(kind: str, subject: str) -> bool:
    """Whether a job of this kind about this subject waits or runs."""
    open_ones = (Job.kind == kind) & (Job.subject == subject) & Job.state.in_(("queued", "running"))
    return bool(Job.select().where(open_ones).exists())


def erase(owner: str) -> None:
    """Drop all jobs of somebody who is erased; one that runs finds out when it next tells how far it is."""
    Job.delete().where(Job.owner == owner).execute()


def lag_ms() -> int:
    """How long the job that waits longest has waited; 0 when none waits."""
    oldest = Job.select(peewee.fn.MIN(Job.created)).where(Job.state == "queued").scalar()
    return max(0, now() - int(oldest)) if oldest is not None else 0


def counts() -> dict[str, int]:
    """How many jobs there are, by state."""
    query: Any = Job.select(Job.state, peewee.fn.COUNT(Job.id)).group_by(Job.state).tuples()
    return dict.fromkeys(STATES, 0) | {str(state): int(count) for state, count in query}


def listed(state: str = "", most: int = 100) -> list[Job]:
    """The newest jobs, of a state when given. Invalid for a state that there is none of."""
    if state and state not in STATES:
        raise Invalid(f"a job is {', '.join(STATES[:-1])} or {STATES[-1]}, never {state}")
    query = Job.select().where((Job.state == state) if state else True)
    return list(query.order_by(Job.id.desc()).limit(most))


def paged(state: str = "", kind: str = "", owner: str = "", after: str = "", limit: int = 50) -> tuple[list[Job], str]:
    """A page of the jobs that fit, newest first, and the next cursor. Invalid for a state that there is none of."""
    if state and state not in STATES:
        raise Invalid(f"a job is {', '.join(STATES[:-1])} or {STATES[-1]}, never {state}")
    query = Job.select().order_by(Job.id.desc()).limit(limit + 1)
    for field, wanted in ((Job.state, state), (Job.kind, kind), (Job.owner, owner)):
        if wanted:
            query = query.where(field == wanted)
    cursor = paging.decode(after, [str])
    if cursor:
        query = query.where(Job.id < cursor[0])
    return paging.page(list(query), limit, lambda row: [row.id])


def find(number: str) -> Job:
    """A job. NotFound without one."""
    found = Job.get_or_none(Job.id == number)
    if found is None:
        raise NotFound("there is no such job")
    return found


def cancel(number: str, owner: str | None = None) -> None:
    """Cancel a job that waits or runs; of `owner` alone when given. NotFound, or Conflict when it is over."""
    job = Job.get_or_none((Job.id == number) & ((Job.owner == owner) if owner else True))
    if job is None:
        raise NotFound("there is no such job")
    changed = (
        Job.update(state="cancelled", finished=now())
        .where((Job.id == number) & Job.state.in_(("queued", "running")))
        .execute()
    )
    if not changed:
        raise Conflict(f"the job is {job.state} already")
    _tell(job, "cancelled", job.progress, "")


def retry(number: str) -> None:
    """Queue a failed or cancelled job again. NotFound, or Conflict when it is neither."""
    job = Job.get_or_none(Job.id == number)
    if job is None:
        raise NotFound("there is no such job")
    changed = (
        Job.update(state="queued", tries=0, progress=0.0, note="", finished=None)
        .where((Job.id == number) & Job.state.in_(("failed", "cancelled")))
        .execute()
    )
    if not changed:
        raise Conflict(f"the job is {job.state}")
    _push(number)
