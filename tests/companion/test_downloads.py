"""Files that are fetched slowly: each has few of them, and whoever wants something else is answered all the same."""

import os
import socket
import subprocess
import sys

import pytest

from companion.errors import Unavailable
from companion.storage import places, sending
from companion.storage.places import Places
from companion.storage.service import CHUNK
from tests.companion.filebox import SOUND
from tests.companion.sending import send
from tests.companion.servers import free_port, wait_for_port

BIG = 64 << 20


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(places, "WAIT_SECONDS", 0.01)


def pieces(count=3):
    return lambda: iter([b"x"] * count)


def test_of_one_few_are_sent_at_one_time_and_a_place_is_left_to_others():
    room = Places(3)
    held = [room.hold("mira", pieces()) for _ in range(2)]
    with pytest.raises(Unavailable) as refused:
        room.hold("mira", pieces())
    assert refused.value.headers["Retry-After"]
    other = room.hold("noor", pieces())
    with pytest.raises(Unavailable):
        room.hold("third", pieces())
    assert b"".join(held[0]) == b"xxx"
    assert room.taken == 2
    held[1].close()
    held[1].close()
    del other
    assert room.taken == 0


def test_a_place_is_free_again_when_the_store_fails():
    room = Places(2)

    def broken():
        raise ConnectionError

    def breaks():
        yield b"x"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        room.hold("mira", broken)
    held = room.hold("mira", breaks)
    with pytest.raises(ConnectionError):
        list(held)
    assert room.taken == 0


def test_slow_readers_are_told_to_come_again_and_a_player_gets_parts(app, mira, monkeypatch):
    monkeypatch.setattr(sending, "CHUNK", 1000)
    monkeypatch.setattr(sending, "PLAYED", 5000)
    sending.install(2)
    file = send(mira, SOUND, purpose="track")["file"]
    slow = mira.get(f"/files/{file}/content", buffered=False)
    answer = mira.get(f"/files/{file}/content")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json["detail"].endswith("try again in a moment")
    assert mira.get(f"/files/{file}/content", headers={"Range": "bytes=0-999"}).status_code == 206
    assert mira.get("/tracks").status_code == 200
    slow.close()
    player = {"Range": "bytes=0-", "Sec-Fetch-Dest": "audio"}
    played = mira.get(f"/files/{file}/content", headers=player)
    assert (played.status_code, played.data) == (206, SOUND[:5000])
    assert played.headers["Content-Range"] == f"bytes 0-4999/{len(SOUND)}"
    assert mira.get(f"/files/{file}/content", headers={"Range": "bytes=0-"}).data == SOUND


WEB = """
from flask import Flask
from pathlib import Path
from companion.errors import Unavailable
from companion.storage import sending
from companion.storage.service import DiskStorage
from companion.web import identity

identity.who = sending.who = lambda: identity.NOBODY
sending.install(2)


def make():
    app, storage = Flask("slow"), DiskStorage(Path("files"))
    app.add_url_rule("/big", "big", lambda: sending.send(storage, "originals/big", "audio/wav"))
    app.add_url_rule("/", "small", lambda: "here")
    app.register_error_handler(Unavailable, lambda exc: (exc.detail, exc.status, exc.headers))
    return app
"""


def asked(port, path):
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(10)
    line.connect(("127.0.0.1", port))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return line, int(line.recv(CHUNK).split()[1])


@pytest.mark.slow
def test_as_many_slow_readers_as_there_are_threads_and_the_server_still_answers(tmp_path):
    (tmp_path / "files" / "originals").mkdir(parents=True)
    with (tmp_path / "files" / "originals" / "big").open("wb") as file:
        file.truncate(BIG)
    (tmp_path / "web.py").write_text(WEB)
    port = free_port()
    words = ["granian", "--interface", "wsgi", "--factory", "--no-ws", "--http", "1", "--log-level", "error"]
    words += ["--blocking-threads", "3", "--port", str(port), "web:make"]
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", *words],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    try:
        wait_for_port(port, child)
        readers = [asked(port, "/big") for _ in range(5)]
        assert sorted(status for _, status in readers) == [200, 503, 503, 503, 503]
        line, status = asked(port, "/")
        assert status == 200
        for one in (line, *(reader for reader, _ in readers)):
            one.close()
    finally:
        child.terminate()
        child.wait(20)
