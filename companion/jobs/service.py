"""Putting work into the queue and doing it: at least once, however often a worker dies.

The job's row is written in the caller's transaction. The queue (huey) gets its number after the commit and may lose it;
`sweep` finds rows that nobody works on and queues them again. So a handler must be safe to run twice.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey

from companion.config import Settings
from companion.database import connection, database, now
from companion.errors import Conflict, NotFound
from companion.events import service as events
from companion.jobs.models import Job

log = logging.getLogger(__name__)
MOST_TRIES = 3
STALE_MS = 10 * 60 * 1000  # a running job that told nothing for so long has lost its worker

Handler = Callable[["Work"], None]
_handlers: dict[str, Handler] = {}
_start: Callable[[str], Any] | None = None


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
    global _start  # noqa: PLW0603 - one companion per process
    if settings.redis_url and not immediate:
        queue: Huey = RedisHuey("companion", url=settings.redis_url)
    else:
        settings.folder.mkdir(parents=True, exist_ok=True)
        queue = SqliteHuey("companion", filename=str(settings.folder / "queue.db"), immediate=immediate)
    _start = queue.task(name="run")(run)
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
        try:
            _handlers[job.kind](Work(job))
        except CancelledError:
            return
        except Exception as exc:
            log.exception("job %s (%s) failed", number, job.kind)
            _finish(job, "failed", str(exc) or type(exc).__name__)
        else:
            _finish(job, "done", "")


def _finish(job: Job, state: str, note: str) -> None:
    done = 1.0 if state == "done" else job.progress
    Job.update(state=state, note=note[:500], progress=done, finished=now()).where(
        (Job.id == job.id) & (Job.state == "running")
    ).execute()
    _tell(job, state, done, note)


def sweep() -> int:
    """Queue again what was lost with its worker; give up what was tried too often. Returns how many were queued."""
    lost = Job.select().where((Job.state == "running") & (Job.seen < now() - STALE_MS))
    for job in lost:
        if job.tries >= MOST_TRIES:
            _finish(job, "failed", f"its worker died {job.tries} times")
        else:
            Job.update(state="queued").where((Job.id == job.id) & (Job.state == "running")).execute()
    waiting = [row.id for row in Job.select(Job.id).where((Job.state == "queued") & (Job.created < now() - 5000))]
    for number in waiting:
        _push(number)
    return len(waiting)


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
