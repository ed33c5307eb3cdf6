"""Health: what is well, what is not, and how it was."""

import io
import json
import logging

import psycopg
import pytest

from companion import database, observe
from companion.health import service as health
from companion.health.models import HealthSample
from companion.jobs.models import Job
from companion.storage.service import open_storage
from tests.companion.applications import another


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def opened(settings):
    with database.connection():
        yield settings


def failing(client):
    answer = client.get("/readyz")
    assert answer.status_code == (503 if answer.json["failing"] else 200)
    return answer.json["failing"]


def test_a_fresh_companion_lives_and_is_ready(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert failing(client) == []


def test_it_is_not_ready_while_a_migration_waits(client, opened):
    database.runner().down()
    assert "migrations" in failing(client)
    database.runner().up()
    assert failing(client) == []


def test_it_is_not_ready_on_a_database_of_a_newer_program(client, opened):
    database.runner().History.create(name="9999_future")
    assert failing(client) == ["migrations"]


def test_it_is_not_ready_when_a_job_waits_too_long(client, opened):
    Job.create(kind="mail", created=database.now() - health.MOST_LAG_MS - 1000)
    assert failing(client) == ["queue"]


def test_it_is_not_ready_when_the_disk_is_full(client, monkeypatch):
    monkeypatch.setattr(health, "disk_free", lambda _folder: 10)
    assert failing(client) == ["disk"]


def test_it_is_not_ready_when_files_cannot_be_stored(client, app, monkeypatch):
    monkeypatch.setattr(app.extensions["storage"], "reachable", lambda: False)
    assert failing(client) == ["storage"]


def test_a_part_that_raises_is_not_well_and_tells_no_secret(opened, monkeypatch):
    def broken(*_):
        raise ConnectionError("postgresql://user:secret@host")

    monkeypatch.setitem(health.CHECKS, "database", broken)
    part = health.look(opened, open_storage(opened))[0]
    assert (part.well, part.says) == (False, "does not answer (ConnectionError)")


def test_a_sample_a_minute_is_kept_and_only_one(opened):
    health.sample(opened, open_storage(opened))
    health.sample(opened, open_storage(opened))
    assert HealthSample.select().count() in (1, 2)  # two when the minute turned between them
    row = HealthSample.select().first()
    assert (row.failing, row.at % 60_000) == ("", 0)
    assert row.disk_free > 0


def test_history_is_thinned_but_no_failure_is_left_out(opened):
    start = database.now() // 60_000 * 60_000
    rows = [
        {
            "at": start + 60_000 * count,
            "failing": "disk" if count == 777 else "",
            "database_ms": 1.0,
            "queue_lag_ms": 0,
            "jobs_waiting": 0,
            "disk_free": 1000,
            "memory": 300,
            "load": 0.1,
        }
        for count in range(1440)
    ]
    HealthSample.insert_many(rows).execute()
    shown = health.history(start - 1, points=100)
    assert 90 <= len(shown) <= 110
    assert [row.failing for row in shown].count("disk") == 1
    assert [row.at for row in shown] == sorted(row.at for row in shown)
    assert health.available(start - 1) == pytest.approx(1439 / 1440)
    assert len(health.history(start + 1438 * 60_000 - 1)) == 2


def test_samples_of_thirty_days_go(opened):
    health.sample(opened, open_storage(opened))
    HealthSample.update(at=database.now() - health.KEEP_MS - 1000).execute()
    assert health.forget() >= 1
    assert health.available(0) == 1.0


def test_who_administers_sees_health_and_others_do_not(admin, mira, opened):
    health.sample(opened, open_storage(opened))
    seen = admin.get("/health").json
    assert seen["well"]
    assert {part["name"] for part in seen["parts"]} == set(health.CHECKS)
    assert len(seen["history"]) == 1
    assert mira.get("/health").status_code == 403


def test_metrics_are_for_this_machine_alone(client):
    found = client.get("/metrics")
    assert found.status_code == 200
    assert 'companion_jobs{state="queued"} 0.0' in found.text
    assert 'companion_part_well{part="database"} 1.0' in found.text
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.168.1.9"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403


def test_metrics_with_a_token_ask_for_it_everywhere(app, client):
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"metrics_token": "t0ken"})
    away = {"REMOTE_ADDR": "192.168.1.9"}
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}, environ_base=away).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer t0ken"}, environ_base=away).status_code == 200


def test_requests_are_counted(client):
    client.get("/healthz")
    assert 'companion_answers_total{endpoint="healthz",status="200"}' in client.get("/metrics").text


@pytest.fixture
def lines(settings):
    """What is logged, as it is written; logging is as before afterwards."""
    root, request = logging.getLogger(), logging.getLogger("companion.request")
    before = (root.handlers[:], root.level, request.handlers[:], request.propagate)
    stream = io.StringIO()
    observe.install(settings, stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], request.handlers[:] = before[0], before[2]
    root.setLevel(before[1])
    request.propagate = before[3]


def test_all_that_is_logged_is_one_json_object_a_line_without_secrets(lines):
    logging.getLogger("x").warning("two\nlines %d", 7, extra={"user": "mira", "api_token": "abc"})
    logging.getLogger("y").info("made", extra={"password": "hunter2", "size": 3})
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("x").exception("failed")
    first, second, third = lines()
    assert (first["message"], first["level"], first["logger"], first["user"]) == (
        "two\nlines 7",
        "warning",
        "x",
        "mira",
    )
    assert first["api_token"] == second["password"] == observe.HIDDEN
    assert second["size"] == 3
    assert "ValueError: broken" in third["exception"]


def test_the_line_of_a_request_is_json_too(lines, client):
    client.get("/healthz?x=\n")
    found = [line for line in lines() if line.get("path") == "/healthz"]
    assert len(found) == 1
    assert (found[0]["method"], found[0]["status"]) == ("GET", 200)


def test_a_database_server_that_came_back_is_used_again(client, settings):
    if not settings.database_url:
        pytest.skip("SQLite has no server")
    body = {"email": "mira@example.org", "password": "wrong"}
    assert client.post("/api/v1/session", json=body).status_code == 401
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    first = client.post("/api/v1/session", json=body)
    assert (first.status_code, first.json["type"]) == (503, "/problems/unavailable")
    assert client.post("/api/v1/session", json=body).status_code == 401
    assert failing(client) == []


def test_without_its_database_a_companion_lives_and_says_what_is_missing(settings):
    app = another(settings, database_url="postgresql://test@127.0.0.1:9/none")
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, "database" in answer.json["failing"]) == (503, True)
    assert 'companion_part_well{part="database"} 0.0' in client.get("/metrics").text
    assert client.get("/problems").status_code == 200, "what needs no database is there"
    assert client.get("/api/v1/tiers").status_code == 503
