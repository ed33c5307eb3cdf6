"""The bench of the companion measures what it says."""

import random
import sys

import pytest

from companion.bench import load, measurement, music, servers, service
from companion.bench.peers import flask_plain
from companion.database import connection
from companion.media import kinds

pytestmark = pytest.mark.slow

ANSWER = """
import time
def app(environ, start):
    if environ["PATH_INFO"] == "/busy":
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
    start("200 OK" if environ["PATH_INFO"] != "/wrong" else "500 No", [("Content-Length", "2")])
    return [b"ok"]
"""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "answering.py").write_text(ANSWER)
    port = servers.free_port()
    with servers.running(servers.gunicorn("answering:app", port), port, "/", tmp_path) as running:
        yield running


@pytest.mark.parametrize("client", [load._by_threads, load.load])
def test_answers_are_counted_and_timed(server, client):
    found = client(server.port, "/", {}, 0.5, 0)
    assert found.count > 10
    assert found.wrong == 0
    assert found.times == sorted(found.times)
    assert found.share(50) <= found.share(99)
    assert client(server.port, "/wrong", {}, 0.2, 0).wrong > 0


def test_a_rate_is_kept(server):
    found = load._by_threads(server.port, "/", {}, 1.0, 40)
    assert 20 <= found.count <= 45


def test_processor_time_is_that_of_the_server_with_its_children(server):
    before = server.cpu()
    found = load._by_threads(server.port, "/busy", {}, 1.0, 20)
    assert server.cpu() - before >= 0.008 * found.count
    assert server.memory() > 1


def test_a_server_that_does_not_start_says_why(tmp_path):
    port = servers.free_port()
    command = [sys.executable, "-c", "raise SystemExit('no such luck')"]
    with pytest.raises(ChildProcessError, match="no such luck"), servers.running(command, port, "/", tmp_path):
        pass


def test_the_peer_answers_the_same_row(mira, settings, monkeypatch):
    if settings.database_url:
        pytest.skip("the peers read SQLite")
    monkeypatch.setenv("BENCH_DATABASE", str(settings.folder / "companion.db"))
    row = flask_plain.app.test_client().get(f"/profile/{mira.id}").json
    assert (row["id"], row["email"]) == (mira.id, mira.email)
    flask_plain._local.line.close()
    del flask_plain._local.line


def test_a_made_up_library_is_listed_and_found_as_any_other(mira, noor):
    chance = random.Random(1)
    vocabulary = music.Vocabulary.of(40, chance)
    with connection():
        assert list(music.fill([mira.id, noor.id], 60, vocabulary, chance)) == [60]
    rows = mira.get("/tracks?limit=200").json["items"]
    assert len(rows) == 30
    word = vocabulary.words[0]
    having = {row["id"] for row in rows if word in f"{row['title']} {row['artist']} {row['album']}".lower().split()}
    found = {row["id"] for row in mira.get(f"/tracks?limit=200&q={word}").json["items"]}
    assert having
    assert having <= found, "and words that begin with it are found too"


def test_what_is_uploaded_is_a_sound_of_the_size_that_was_said():
    data = b"".join(service._sound(3_000_001))
    assert len(data) == 3_000_001
    assert kinds.sniff(data[:4096]).name == "wav"


def test_the_box_finds_the_bench_by_its_name():
    from device.bench import command

    assert command.known()["companion"] == measurement.__name__
    assert command.known()["service"] == service.__name__
    assert command.chosen("companion", True) == ["companion"]
    assert "companion" not in command.chosen(None, False)
