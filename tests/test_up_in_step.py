"""A box with its own companion, as `rackdeck up` starts them: from the first start to a set in somebody's list."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import pytest

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


@pytest.fixture
def box(tmp_path):
    running = Box(tmp_path)
    yield running
    running.process.send_signal(signal.SIGINT)
    status = running.process.wait(SECONDS)
    running.out.close()
    assert status == 0


def test_a_set_played_on_a_new_box_is_in_its_first_owners_list_with_no_question_asked(box, tmp_path):
    track = tone(tmp_path, "Night Bus", seconds=20)
    box.until(lambda: box.call("GET", "/sign-in"))
    assert box.call("POST", "/accounts", WHO)
    box.token = box.call("POST", "/tokens", {name: WHO[name] for name in ("email", "password")})["token"]
    box.until(lambda: box.call("GET", "/boxes"))
    box.until(lambda: "in step" in box.rackdeck("sync", "status"))
    box.until(lambda: box.rackdeck("panel", "get", "engine.frame"))
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
