"""Redis goes away and comes back: what was accepted meanwhile is done, and nobody waits for it in vain."""

import asyncio
import json
import shutil
import signal
import subprocess

import pytest

from companion import database
from companion.events import service as events
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.jobs.returning import SETTLE_SECONDS, Returning
from companion.live import feeder
from companion.live.server import LiveServer
from companion.web.away import SECONDS, Away
from tests.companion import test_jobs
from tests.companion.servers import free_port, wait_for_port
from tests.companion.test_jobs import start, state, until
from tests.companion.test_live import MIRA, Page, publish, ticket

pytestmark = pytest.mark.slow

__all__ = ["start"]
# The regular sweep, once a minute, would do it, too.
WORKER = test_jobs.WORKER.replace("worker.main()", "worker.MINUTE = 3600.0\nworker.main()")


class Redis:
    """A server without memory of its own, as a cache often is."""

    def __init__(self):
        if not shutil.which("redis-server"):
            pytest.skip("Redis is not installed")
        self.port, self.process = free_port(), None
        self.url = f"redis://127.0.0.1:{self.port}"
        self.begin()

    def begin(self):
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.end()


@pytest.fixture
def shared(sqlite_settings, redis):
    return sqlite_settings.model_copy(update={"redis_url": redis.url})


def test_a_server_that_did_not_answer_is_left_alone_for_a_second():
    now = [10.0]
    away = Away(lambda: now[0])
    assert not away
    away.noticed()
    assert away
    now[0] += SECONDS
    assert not away


def test_the_return_of_redis_is_noticed_each_time_and_when_nobody_saw_it_go(redis):
    now, calls = [0.0], []
    look = Returning(redis.url, lambda: calls.append(now[0]), lambda: now[0])
    for _ in range(3):
        look()
    assert calls == [0.0], "once at the start"
    now[0] = SETTLE_SECONDS
    look()
    look()
    assert len(calls) == 2, "and once when all have noticed"
    redis.end()
    redis.begin()
    look()
    assert len(calls) == 3, "it began anew between two looks"
    redis.end()
    look()
    look()
    assert len(calls) == 3
    redis.begin()
    look()
    assert len(calls) == 4


@pytest.mark.slow
def test_jobs_accepted_while_redis_was_away_are_done_when_it_is_back(shared, redis, tmp_path, start, monkeypatch):
    (tmp_path / "go").touch()
    jobs._handlers["slow"] = None
    try:
        with database.connection():
            jobs.open_queue(shared)
            monkeypatch.setattr(test_jobs, "WORKER", WORKER)
            start(shared)
            made = [enqueue(tmp_path)]
            until(lambda: state(made[0]) == "done")
            redis.end()
            made += [enqueue(tmp_path) for _ in range(3)]
            redis.begin()
            until(lambda: {state(job) for job in made} == {"done"})
    finally:
        del jobs._handlers["slow"]


def enqueue(folder):
    with database.database.atomic():
        return jobs.enqueue("slow", folder=str(folder))


def test_what_waits_for_a_silent_redis_waits_once(shared, redis):
    """A server that takes calls and answers none is worse than one that is gone."""
    nudge = events.RedisNudge(shared.redis_url)
    nudge(b"!")
    redis.process.send_signal(signal.SIGSTOP)
    asked = []
    nudge._redis = type("Silent", (), {"publish": lambda _self, *words: asked.append(words) or _refuse()})()
    for _ in range(20):
        nudge(b"!")
    assert len(asked) == 1


def _refuse():
    import redis

    raise redis.TimeoutError


def test_live_pushes_come_at_once_again_when_redis_is_back(shared, redis, monkeypatch):
    events.install(shared)

    async def play():
        live = LiveServer(shared)
        async with live.running():
            page = Page(live, ticket(MIRA))
            await page.next()
            publish(MIRA, "before")
            assert (await page.next())["kind"] == "before"
            await asyncio.to_thread(redis.end)
            publish(MIRA, "away")
            assert (await page.next())["kind"] == "away", "once a second the table is asked"
            await asyncio.to_thread(redis.begin)
            await asyncio.sleep(feeder.POLL_SECONDS + SECONDS + 0.5)  # until both sides try again
            read = []
            monkeypatch.setattr(events, "since", lambda *_: read.append(1) or [])
            publish(MIRA, "after")
            assert (await page.next())["kind"] == "after", "by the nudge: the table says nothing"

    with database.connection():
        asyncio.run(asyncio.wait_for(play(), 30))


def test_a_job_of_a_moment_in_which_redis_is_away_stays_written_down(shared, redis):
    jobs._handlers["slow"] = None
    try:
        with database.connection():
            jobs.open_queue(shared)
            redis.end()
            made = [enqueue(shared.folder), enqueue(shared.folder)]
            redis.begin()
            assert len(jobs._queue.pending()) == 0
            assert jobs.sweep(fresh=True) == 2
            assert {json.loads(Job.get_by_id(job.id).args)["folder"] for job in made} == {str(shared.folder)}
            assert len(jobs._queue.pending()) == 2
    finally:
        del jobs._handlers["slow"]
