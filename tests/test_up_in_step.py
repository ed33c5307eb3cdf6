"""A box with its own companion, as `rackdeck up` starts them: from the first start to a set in somebody's list."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from provisioning import reset
from tests.companion.sockets import Socket
from tests.live import tone

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"), reason="mosquitto is not installed"
    ),
]
SECONDS = 90
WHO = {"email": "mira@example.org", "password": "Night bus to the harbour 7", "name": "Mira"}


def two_free_ports():
    """A port that is free, and so is the next one."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Box:
    """`rackdeck up` in a home of its own, and whoever calls it."""

    def __init__(self, folder):
        self.page, self.token = two_free_ports(), ""
        self.env = {
            **os.environ,
            "RACKDECK_HOME": str(folder / "home"),
            "JACK_DEFAULT_SERVER": f"test-{uuid.uuid4().hex[:10]}",
        }
        self.out = (folder / "up.log").open("w+")
        words = ["up", "--no-display", "--companion-port", str(self.page), "--broker-port", str(two_free_ports())]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "device.cli", *words], env=self.env, stdout=self.out, stderr=self.out
        )

    def rackdeck(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "device.cli", *words], env=self.env, capture_output=True, text=True, check=False
        )
        return done.stdout if done.returncode == 0 else ""

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        address = f"http://localhost:{self.page}/api/v1{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method)) as answer:
                return json.loads(answer.read() or b"null")
        except (urllib.error.URLError, OSError):
            return None

    def until(self, asked):
        end = time.monotonic() + SECONDS
        while not (found := asked()):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.2)
        return found

    def said(self):
        self.out.seek(0)
        return self.out.read()


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """In step with its companion, the engine running, owned by whoever signed up first."""
    folder = tmp_path_factory.mktemp("box")
    running = Box(folder)
    try:
        running.until(lambda: running.call("GET", "/sign-in"))
        assert running.call("POST", "/accounts", WHO)
        running.token = running.call("POST", "/tokens", {name: WHO[name] for name in ("email", "password")})["token"]
        running.until(lambda: running.call("GET", "/boxes"))
        running.until(lambda: "in step" in running.rackdeck("sync", "status"))
        running.until(lambda: running.rackdeck("panel", "get", "engine.frame"))
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        status = running.process.wait(SECONDS)
        memory = Path(re.search(r"socket +(\S+)/actions", running.said())[1])
        running.out.close()
    assert status == 0
    assert not memory.exists()
    assert {path.name for path in (folder / "home").iterdir()} <= set(reset.OURS)


def test_a_set_played_on_a_new_box_is_in_its_first_owners_list_with_no_question_asked(box, tmp_path):
    track = tone(tmp_path, "Night Bus", seconds=20)
    box.rackdeck("panel", "do", "deck1.load", str(track))
    box.until(lambda: "Night Bus" in box.rackdeck("panel", "get", "deck1.title"))
    box.rackdeck("panel", "do", "record.start")
    box.rackdeck("panel", "set", "deck1.play", "on")
    time.sleep(6)  # long enough to count as played
    box.rackdeck("panel", "do", "record.stop")

    def finished():
        found = box.call("GET", "/sets")
        return found and [row for row in found["items"] if row["state"] == "finished"]

    (played,) = box.until(finished)
    assert played["tracks"] == 1
    whole = box.call("GET", f"/sets/{played['id']}")
    assert "Night Bus" in json.dumps(whole)

    def arrived():
        found = box.call("GET", f"/sets/{played['id']}")
        return found and found["recording"]["file"] and found["log"]["file"] and found

    assert box.until(arrived)["loudness"] < 0


def test_the_page_plays_on_the_box_sets_it_up_and_sees_its_values_while_it_looks(box, tmp_path):
    here = f"/boxes/{box.call('GET', '/boxes')[0]['id']}"
    box.rackdeck("panel", "do", "deck2.load", str(tone(tmp_path, "Harbour", seconds=60)))
    box.until(lambda: "Harbour" in box.rackdeck("panel", "get", "deck2.title"))

    def command(do, **arguments):
        given = box.call("POST", f"{here}/commands", {"do": do, "arguments": arguments})

        def answer():
            found = box.call("GET", f"{here}/commands/{given['id']}")
            return found if found and found["state"] != "waiting" else None

        found = box.until(answer)
        return found["state"], found["said"]

    assert command("deck2.play", value=1) == ("done", "")
    assert "1" in box.rackdeck("panel", "get", "deck2.play")
    assert command("track.load", deck=1, hash="f" * 64) == ("refused", "the track is not on this box; send it first")

    wanted = box.call("PUT", f"{here}/configuration", {"settings": {"record.format": "flac", "robot.arm": 1}})
    held = box.until(lambda: _applied(box.call("GET", f"{here}/configuration"), wanted["revision"]))
    assert [row["name"] for row in held["refused"]] == ["robot.arm"]
    box.until(lambda: "1" in box.rackdeck("panel", "get", "record.format"))

    address = urlsplit(box.call("POST", "/live/ticket")["url"])
    with Socket(address.port, f"{address.path}?{address.query}") as page:
        positions = []
        page.send(json.dumps({"kind": "watch", "body": {"box": here.removeprefix("/boxes/")}}))
        while len(positions) < 3:
            told = page.receive()
            if told["kind"] == "box.live":
                positions += [
                    told["body"]["values"][name] for name in told["body"]["values"] if name == "deck2.position"
                ]
        assert positions == sorted(set(positions))
        page.send(json.dumps({"kind": "unwatch", "body": {"box": here.removeprefix("/boxes/")}}))
        while (told := page.receive())["kind"] != "watching":
            pass
        assert not told["body"]["on"]
        assert command("deck2.play", value=0) == ("done", "")
        kinds = []
        while "box.command" not in kinds:
            kinds.append(page.receive()["kind"])
        assert "box.live" not in kinds


def _applied(held, revision):
    return held if held and held["applied"] == revision else None
