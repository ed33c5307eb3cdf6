"""Jobs: done, told, lost and found again."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from companion import database
from companion.errors import Conflict, Invalid, NotFound
from companion.events.models import Event
from companion.jobs import ledger
from companion.jobs import service as jobs
from companion.jobs.models import Job
from tests.companion.servers import free_port, wait_for_port

# A worker process that knows jobs of its own: `slow` waits for a file, `poison` kills its worker.
WORKER = """
import os, signal, sys, time
from pathlib import Path
from companion import worker
from companion.jobs import service as jobs

@jobs.handler("slow")
def slow(work):
    folder = Path(work.args["folder"])
    with (folder / "runs").open("a") as runs:
        runs.write("x")
    while not (folder / "go").exists():
        work.progress(0.5)
        time.sleep(0.02)

@jobs.handler("poison")
def poison(work):
    with (Path(work.args["folder"]) / "runs").open("a") as runs:
        runs.write("x")
    os.kill(os.getpid(), signal.SIGKILL)

worker.main()
"""


@pytest.fixture
def queue(settings):
    """A queue that does jobs at once, and handlers `good`, `bad`, `slow` and `poison`."""
    before = dict(jobs._handlers)
    jobs._handlers.update(good=lambda work: work.progress(0.5, "half"), bad=_bad, slow=None, poison=None)
    with database.connection():
        yield jobs.open_queue(settings, immediate=True)
    jobs._handlers.clear()
    jobs._handlers.update(before)


def _bad(_work):
    raise ValueError("the file is no music")


class Worker:
    """A jobs process on these settings."""

    def __init__(self, settings):
        known = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(settings.folder)}
        if settings.database_url:
            known["DATABASE_URL"] = settings.database_url
        if settings.redis_url:
            known["COMPANION_REDIS_URL"] = settings.redis_url
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER)], env=known, stdout=subprocess.DEVNULL
        )

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def start():
    """Start a worker on settings; whatever happens, none is left."""
    started = []

    def make(settings):
        started.append(Worker(settings))
        return started[-1]

    yield make
    for worker in started:
        worker.end(signal.SIGKILL)


def until(check, seconds=40):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def state(job):
    return Job.get_by_id(job.id).state


def enqueue(settings, kind, folder):
    """As a web process does: the queue is a file or Redis, and somebody else works."""
    jobs.open_queue(settings)
    with database.database.atomic():
        return jobs.enqueue(kind, folder=str(folder))


def test_a_job_is_done_and_its_owner_is_told(queue):
    with database.database.atomic():
        job = jobs.enqueue("good", owner="mira", subject="track")
    assert state(job) == "done"
    told = [row.body for row in Event.select().where(Event.user == "mira").order_by(Event.id)]
    assert ['"queued"' in told[0], '"half"' in told[1], '"done"' in told[2]] == [True, True, True]


def test_what_a_job_raises_is_its_note(queue):
    with database.database.atomic():
        job = jobs.enqueue("bad")
    row = Job.get_by_id(job.id)
    assert (row.state, row.note) == ("failed", "the file is no music")


def test_a_job_of_a_transaction_that_is_taken_back_is_never_done(queue):
    with pytest.raises(ZeroDivisionError), database.database.atomic():
        jobs.enqueue("good")
        raise ZeroDivisionError
    assert Job.select().count() == 0


def test_only_a_failed_or_cancelled_job_is_done_again(queue):
    with database.database.atomic():
        job = jobs.enqueue("bad")
    jobs._handlers["bad"] = lambda work: None
    ledger.retry(job.id)
    assert state(job) == "done"
    with pytest.raises(Conflict):
        ledger.retry(job.id)
    with pytest.raises(NotFound):
        ledger.retry("nonsense")


def test_a_cancelled_job_stops_at_its_next_sign(queue):
    def cancelled_meanwhile(work):
        ledger.cancel(work.job.id)
        work.progress(0.9)
        raise AssertionError("it went on")

    jobs._handlers["good"] = cancelled_meanwhile
    with database.database.atomic():
        job = jobs.enqueue("good", owner="mira")
    assert state(job) == "cancelled"


def test_a_job_that_is_cancelled_as_it_ends_is_not_told_as_done(queue):
    jobs._handlers["good"] = lambda work: ledger.cancel(work.job.id)
    with database.database.atomic():
        job = jobs.enqueue("good", owner="mira")
    assert state(job) == "cancelled"
    assert not [row.body for row in Event.select().where(Event.user == "mira") if '"done"' in row.body]


def test_a_worker_that_went_on_after_its_job_was_begun_anew_changes_nothing(queue):
    def begun_anew(work):
        Job.update(started=work.job.started + 1).where(Job.id == work.job.id).execute()
        with pytest.raises(jobs.CancelledError):
            work.progress(0.9)

    jobs._handlers["good"] = begun_anew
    with database.database.atomic():
        job = jobs.enqueue("good")
    assert state(job) == "running"


def test_what_may_pass_is_tried_again_at_the_next_sweep_and_given_up_after_three_tries(queue):
    def full(_work):
        raise OSError(28, "No space left on device")

    jobs._handlers["good"] = full
    with database.database.atomic():
        job = jobs.enqueue("good")
    assert (state(job), "tried again" in Job.get_by_id(job.id).note) == ("queued", True)
    for _ in range(jobs.MOST_TRIES - 1):
        assert jobs.sweep() == 0  # not at once
        Job.update(seen=database.now() - 10_000).execute()
        assert jobs.sweep() == 1
    row = Job.get_by_id(job.id)
    assert (row.state, row.tries) == ("failed", jobs.MOST_TRIES)
    assert "No space left" in row.note


def test_a_queue_that_does_not_answer_undoes_nothing(queue, monkeypatch):
    def silent(_number):
        raise OSError("connection refused")

    working = jobs._start
    monkeypatch.setattr(jobs, "_start", silent)
    with database.database.atomic():
        job = jobs.enqueue("good")
    assert state(job) == "queued"
    monkeypatch.setattr(jobs, "_start", working)
    Job.update(created=database.now() - 10_000).execute()
    assert jobs.sweep() == 1
    assert state(job) == "done"


def test_a_job_of_a_kind_that_nobody_knows_any_more_fails_with_a_reason(queue):
    job = Job.create(kind="forgotten")
    jobs.run(job.id)
    assert Job.get_by_id(job.id).note == "this program does no jobs of the kind forgotten"


def test_a_job_that_is_done_again_has_waited_since_then(queue, settings):
    old = database.now() - jobs.KEEP_MS
    job = Job.create(kind="good", state="failed", created=old, finished=old)
    jobs.open_queue(settings)
    ledger.retry(job.id)
    assert (state(job), ledger.lag_ms() < 60_000) == ("queued", True)


def test_a_job_that_the_queue_lost_is_queued_again_and_one_that_it_carries_is_not(queue, settings):
    jobs.open_queue(settings)
    with database.database.atomic():
        lost = Job.create(kind="good", created=database.now() - 10_000)
        jobs.enqueue("good")
    Job.update(created=database.now() - 10_000).execute()
    assert jobs.sweep() == 1
    assert jobs.sweep() == 0
    assert state(lost) == "queued"


def test_a_job_whose_worker_gives_signs_of_life_is_left_alone(queue):
    old = database.now() - jobs.STALE_MS - 1000
    job = Job.create(kind="good", state="running", started=old, seen=old, tries=1)
    jobs._mine.add(job.id)
    try:
        jobs.beat()
        assert Job.get_by_id(job.id).seen > old
    finally:
        jobs._mine.discard(job.id)
    jobs.sweep()
    assert state(job) == "running"


def test_a_job_whose_worker_is_silent_is_given_up_after_three_tries(queue):
    old = database.now() - jobs.STALE_MS - 1000
    job = Job.create(kind="good", state="running", started=old, seen=old, tries=jobs.MOST_TRIES)
    jobs.sweep()
    row = Job.get_by_id(job.id)
    assert (row.state, row.note) == ("failed", "its worker died 3 times")


def test_jobs_that_ended_a_month_ago_are_dropped(queue):
    Job.create(kind="good", state="done", finished=database.now() - jobs.KEEP_MS - 1)
    kept = Job.create(kind="good", state="done", finished=database.now())
    assert jobs.forget() == 1
    assert [row.id for row in ledger.listed()[0]] == [kept.id]


def test_jobs_are_counted_listed_and_their_wait_is_known(queue):
    assert ledger.lag_ms() == 0
    Job.create(kind="good", created=database.now() - 5000)
    assert ledger.lag_ms() >= 5000
    assert ledger.counts()["queued"] == len(ledger.listed("queued")[0]) == 1
    with pytest.raises(Invalid):
        ledger.listed("lost")


def started(folder):
    """Whether the job has written that it runs."""
    runs = folder / "runs"
    return runs.exists() and runs.read_text() == "x"


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_is_done_once_more_and_finished(queue, settings, tmp_path, start):
    job = enqueue(settings, "slow", tmp_path)
    first = start(settings)
    until(lambda: started(tmp_path))
    first.end(signal.SIGKILL)
    assert state(job) == "running"
    (tmp_path / "go").touch()
    second = start(settings)
    until(lambda: state(job) == "done")
    assert second.end() == 0
    assert (tmp_path / "runs").read_text() == "xx"


@pytest.mark.slow
def test_a_job_that_kills_its_worker_is_given_up(queue, settings, tmp_path, start):
    job = enqueue(settings, "poison", tmp_path)
    for _ in range(jobs.MOST_TRIES):
        assert start(settings).process.wait(60) == -signal.SIGKILL
    last = start(settings)
    until(lambda: state(job) == "failed")
    last.end()
    assert (tmp_path / "runs").read_text() == "x" * jobs.MOST_TRIES


@pytest.mark.slow
def test_a_worker_that_is_stopped_gives_its_job_back_without_counting_it(queue, settings, tmp_path, start):
    job = enqueue(settings, "slow", tmp_path)
    worker = start(settings)
    until(lambda: started(tmp_path))
    assert worker.end() == 0
    row = Job.get_by_id(job.id)
    assert (row.state, row.tries) == ("queued", 0)


@pytest.mark.slow
def test_jobs_pass_through_redis_to_a_worker(queue, settings, tmp_path, start):
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed")
    port = free_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        shared = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}"})
        (tmp_path / "go").touch()
        worker = start(shared)
        job = enqueue(shared, "slow", tmp_path)
        until(lambda: state(job) == "done")
        worker.end()
    finally:
        process.terminate()
        process.wait(10)
