"""The machine's clock leaps, years ahead or back to 1970: what should stay stays, and all is well when it is right."""

import time

import pytest

from companion import elapsed, worker
from companion.accounts import sessions, tickets
from companion.accounts.models import Session, Ticket, User
from companion.audit import service as audit
from companion.audit.models import AuditEntry
from companion.backup import service as backup
from companion.catalogue.models import Track
from companion.database import connection, now
from companion.elapsed import KnownTime
from companion.events.models import Event
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.notices import service as notices
from companion.notices.models import Notice

pytestmark = pytest.mark.slow

HOUR, DAY = 3600, 24 * 3600
YEAR = 365 * DAY


class Clock:
    """The machine: its clock can be set, and time passes for both the clock and the kernel."""

    def __init__(self, monkeypatch):
        self.ahead, self.up, self.boot = 0.0, 1000.0, "first"
        real, real_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(1e9 * self.ahead))
        monkeypatch.setattr(elapsed, "_up", lambda: int(1000 * self.up))
        monkeypatch.setattr(elapsed, "_boot", lambda: self.boot)

    def leap(self, seconds):
        self.ahead += seconds

    def to_1970(self):
        self.ahead -= time.time() - HOUR

    def right(self):
        """Put right: as much ahead as the kernel counted."""
        self.ahead = self.up - 1000

    def passes(self, seconds):
        self.ahead += seconds
        self.up += seconds
        elapsed.tick()

    def reboots(self):
        self.boot, self.up = f"boot {self.ahead:.3f}", 0.0
        self.ahead += 1
        elapsed.tick()


@pytest.fixture
def clock(app, monkeypatch):
    with connection():
        machine = Clock(monkeypatch)
        elapsed.tick()
        yield machine


@pytest.fixture
def keep_house(app, settings):
    """All that is done regularly but what reaches out: what retention would delete is deleted now."""
    duties = worker.duties(settings, app.extensions["vault"], app.extensions["storage"])
    names = [duty for duty in duties if duty.name not in ("health", "backup")]

    def go():
        for duty in names:
            duty.do()

    return go


def test_after_a_leap_to_2040_nothing_is_erased_and_all_goes_on_when_it_is_right(clock, keep_house, mira):
    Track.create(owner=mira.id, title="Bin", title_sort="bin", deleted=now())
    Track.create(owner=mira.id, title="Kept", title_sort="kept")
    User.update(leaving=now() - 6 * DAY * 1000).where(User.id == mira.id).execute()
    notices.tell(mira.id, "project.joined", {"who": "Noor", "title": "Boat", "project": "p"})
    ticket = tickets.issue("verify", tickets.DAY, mira.id)
    counted = {model: model.select().count() for model in (User, Session, Track, Notice, Event, AuditEntry)}
    clock.leap(14 * YEAR)
    for _ in range(5):
        clock.passes(HOUR)
        keep_house()
    assert mira.get("/session").status_code == 401, "a session of fourteen years ago is none"
    assert {model: model.select().count() for model in counted} == counted
    clock.right()
    keep_house()
    assert mira.get("/session").status_code == 200
    assert tickets.look("verify", ticket) is not None
    assert {model: model.select().count() for model in counted} == counted


def test_in_1970_nothing_is_erased_either_and_who_is_signed_in_stays_so(clock, keep_house, app, mira):
    Track.create(owner=mira.id, title="Bin", title_sort="bin", deleted=now())
    audit.record("before")
    clock.to_1970()
    for _ in range(30):
        clock.passes(DAY)
        keep_house()
    audit.record("in 1970")
    assert mira.get("/session").status_code == 200
    clock.right()
    assert elapsed.passed() <= now()
    keep_house()
    assert Track.select().count() == 1
    assert {"before", "in 1970"} <= {row.action for row in AuditEntry.select()}


def test_what_is_over_is_deleted_in_the_end(clock, keep_house, mira):
    Track.create(owner=mira.id, title="Bin", title_sort="bin", deleted=now())
    for _ in range(29):
        clock.passes(DAY)
    keep_house()
    assert Track.select().count() == 1
    for _ in range(3):
        clock.passes(DAY)
    keep_house()
    assert Track.select().count() == 0


def test_time_moves_at_twice_its_speed_at_most_and_a_week_at_each_boot(clock):
    begun = elapsed.passed()

    def days():
        return round((elapsed.passed() - begun) / DAY / 1000)

    clock.leap(YEAR)
    elapsed.tick()
    assert days() == 0
    clock.passes(10 * DAY)
    assert days() == 20
    clock.reboots()
    assert days() == 27
    for _ in range(5):  # a process that starts again and again is no boot
        elapsed.tick()
    assert days() == 27
    for _ in range(10):
        clock.reboots()
    assert KnownTime.select().count() <= 8


def test_a_time_that_followed_a_wrong_clock_comes_back_with_it(clock):
    clock.leap(YEAR)
    clock.passes(200 * DAY)
    assert elapsed.passed() > now() - YEAR * 1000
    clock.leap(-YEAR - 200 * DAY)
    elapsed.tick()
    assert elapsed.passed() <= now()
    clock.leap(10 * YEAR)
    elapsed.tick()
    assert elapsed.passed() < now() - 9 * YEAR * 1000, "the next leap finds nothing to go by"


def test_what_was_made_in_a_future_that_did_not_come_does_not_last_until_then(clock, keep_house, app, mira):
    clock.leap(14 * YEAR)
    client = app.test_client()
    body = {"email": mira.email, "password": "Mira's 1st password"}
    assert client.post("/api/v1/session", json=body).status_code == 201
    tickets.issue("verify", tickets.DAY, mira.id)
    clock.right()
    keep_house()
    assert client.get("/api/v1/session").status_code == 401
    assert Ticket.select().where(Ticket.created > now()).count() == 0
    assert mira.get("/session").status_code == 200
    assert sessions.listed(mira.id)


@pytest.mark.parametrize("leap", [14 * YEAR, -50 * YEAR])
def test_a_job_that_its_worker_lost_is_found_again_though_the_clock_was_wrong(clock, leap):
    jobs._handlers["good"] = lambda _work: None
    try:
        clock.leap(leap)
        running = Job.create(kind="good", state="running", started=now(), seen=now(), tries=1)
        waiting = Job.create(kind="good")
        clock.right()
        jobs.sweep()
        assert [Job.get_by_id(job.id).state for job in (running, waiting)] == ["queued", "done"]
        jobs.sweep(fresh=True)
        assert Job.get_by_id(running.id).state == "done"
    finally:
        del jobs._handlers["good"]


def test_backups_go_on_and_the_newest_stay(clock, settings, monkeypatch):
    few = settings.model_copy(update={"backup_keep": 2})
    names = [backup.make(few).name]
    clock.leap(14 * YEAR)
    names += [backup.make(few).name, backup.make(few).name]
    assert {row.name for row in backup.listed(few)} == set(names[1:])
    clock.right()
    assert backup.due(few)
    names.append(backup.make(few).name)
    assert names[-1] == backup.listed(few)[0].name
    assert not backup.due(few)
    clock.to_1970()
    names.append(backup.make(few).name)
    assert names[-1] == backup.listed(few)[0].name, "of those there are, it was made last"
    assert len(backup.listed(few)) == 2


def test_the_audit_log_stays_whole_and_is_shortened_at_the_right_place(clock, settings, app):
    vault = app.extensions["vault"]
    clock.leap(-100 * DAY)
    for number in range(3):
        audit.record(f"old.{number}")
    clock.right()
    audit.record("fresh.1")
    clock.to_1970()
    audit.record("in 1970")
    clock.right()
    clock.leap(14 * YEAR)
    audit.record("in 2040")
    clock.right()
    audit.record("fresh.2")
    assert audit.seal(settings.folder, vault)
    assert audit.verify(settings.folder, vault).whole
    audit.forget(settings.folder, vault)
    assert [row.action for row in AuditEntry.select().order_by(AuditEntry.id)] == [
        "fresh.1",
        "in 1970",
        "in 2040",
        "fresh.2",
    ]
    assert audit.verify(settings.folder, vault).whole
