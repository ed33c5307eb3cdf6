"""Putting work into the queue and doing it: at least once, however often a worker dies.

The job's row is written in the caller's transaction. The queue (huey) gets its number after the commit and may lose it;
`sweep` finds rows that nobody works on and queues them again. So a handler must be safe to run twice. What may pass (a
disk that is full, a server that does not answer) is tried again, too, at the next sweep.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import peewee
from huey import Huey, RedisHuey, SqliteHuey

from companion import elapsed
from companion.config import Settings
from companion.database import connection, database, now
from companion.errors import Unavailable
from companion.events import service as events
from companion.jobs.models import Job
from companion.web.away import Away

log = logging.getLogger(__name__)
MOST_TRIES = 3
KEEP_MS = 30 * 24 * 3600 * 1000
STALE_MS = 2 * 60 * 1000  # a running job whose worker gave no sign of life for so long has lost it
PASSING = (Unavailable, OSError, peewee.OperationalError)

Handler = Callable[["Work"], None]
_handlers: dict[str, Handler] = {}
_queue: Huey | None = None
_start: Callable[[str], Any] | None = None
_mine: set[str] = set()  # jobs that this process works on
_lock = threading.Lock()
_away = Away()


class CancelledError(Exception):
    """The job was cancelled while it ran, or somebody else does it by now."""


class Work:
    """What a handler gets: its job's arguments, and a way to tell how far it is."""

    def __init__(self, job: Job):
        self.job, self.subject = job, str(job.subject)
        self.args: dict[str, Any] = json.loads(job.args)

    def progress(self, share: float, note: str = "") -> None:
        """Say how far it is (0 to 1). Raises CancelledError when it is not this worker's any more."""
        if not Job.update(progress=share, note=note[:500], seen=now()).where(_ours(self.job)).execute():
            raise CancelledError
        tell(self.job, "running", share, note)


def _ours(job: Job) -> Any:
    """Whether the job runs as it was begun here: it may have been cancelled, and begun anew elsewhere."""
    return (Job.id == job.id) & (Job.state == "running") & (Job.started == job.started)


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
        from redis import ConnectionPool  # only who asks for it has it

        pool = ConnectionPool.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=1)
        queue: Huey = RedisHuey("companion", connection_pool=pool)
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
    tell(job, "queued", 0.0, "")
    push(job.id)
    return job


def push(number: str) -> None:
    """Queue a job when the caller's transaction is over. Where the queue does not answer, a sweep does it later."""

    def work() -> None:
        assert _start is not None, "open_queue comes first"
        if _away:
            return
        try:
            _start(number)
        except Exception:  # of SQLite, of Redis, of the disk: what was committed stays so
            if isinstance(_queue, RedisHuey):
                _away.noticed()
            log.exception("job %s cannot be queued now", number)

    database.after_commit(work)


def tell(job: Job, state: str, progress: float, note: str) -> None:
    """Let the owner's pages know how a job is."""
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
        job = Job.get_or_none(Job.id == number)
        if job is None:  # its owner was erased meanwhile
            return
        with _lock:
            _mine.add(number)
        try:
            _do(job)
        finally:
            with _lock:
                _mine.discard(number)


def _do(job: Job) -> None:
    try:
        if job.kind not in _handlers:
            raise LookupError(f"this program does no jobs of the kind {job.kind}")
        _handlers[job.kind](Work(job))
    except CancelledError:
        return
    except Exception as exc:
        log.exception("job %s (%s) failed", job.id, job.kind)
        reason = str(exc) or type(exc).__name__
        if isinstance(exc, PASSING) and job.tries < MOST_TRIES:
            _give_back(job, f"{reason}; it is tried again soon")
        else:
            _finish(job, "failed", reason)
    else:
        _finish(job, "done", "")


def _give_back(job: Job, note: str = "") -> None:
    """Let a job that ran wait again."""
    if Job.update(state="queued", note=note[:500], seen=now()).where(_ours(job)).execute():
        tell(job, "queued", job.progress, note)


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
        Job.update(state="queued", tries=Job.tries - 1, seen=now()).where(mine).execute()


def _finish(job: Job, state: str, note: str) -> None:
    done = 1.0 if state == "done" else job.progress
    if Job.update(state=state, note=note[:500], progress=done, finished=now()).where(_ours(job)).execute():
        tell(job, state, done, note)


def sweep(alone: bool = False, fresh: bool = False) -> int:
    """Queue again what was lost with its worker; give up what was tried too often. Returns how many were queued.

    alone: no other process works on jobs, so all that run elsewhere are lost, however fresh. fresh: queue also what was
    written down this moment, which somebody may be queueing: doing it twice is no harm.
    """
    with _lock:
        numbers = list(_mine)
    lost = Job.select().where((Job.state == "running") & Job.id.not_in(numbers))
    for job in lost if alone else lost.where(_far(Job.seen, STALE_MS)):
        if job.tries >= MOST_TRIES:
            _finish(job, "failed", f"its worker died {job.tries} times")
        else:
            _give_back(job)
    assert _queue is not None, "open_queue comes first"
    carried = {task.args[0] for task in _queue.pending() if task.args}
    _away.answered()
    since = peewee.fn.COALESCE(Job.seen, Job.created)
    forgotten_ones = Job.select(Job.id).where((Job.state == "queued") & (alone or fresh or _far(since, 5000)))
    forgotten = [row.id for row in forgotten_ones if row.id not in carried]
    for number in forgotten:
        push(number)
    return len(forgotten)


def _far(at: Any, most: int) -> Any:
    """Whether a time is longer ago than `most` ms; or as far ahead, as the clock was before it was put right."""
    return (at < now() - most) | (at > now() + most)


def forget() -> int:
    """Drop jobs that ended long ago; returns how many."""
    return int(Job.delete().where(Job.finished < elapsed.passed() - KEEP_MS).execute())


def waiting(kind: str, subject: str) -> bool:
    """Whether a job of this kind about this subject waits or runs."""
    open_ones = (Job.kind == kind) & (Job.subject == subject) & Job.state.in_(("queued", "running"))
    return bool(Job.select().where(open_ones).exists())


def erase(owner: str) -> None:
    """Drop all jobs of somebody who is erased; one that runs finds out when it next tells how far it is."""
    Job.delete().where(Job.owner == owner).execute()
