"""A box, its companion and a broker as they are run, and killed: what is on its way arrives all the same."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from companion import processes
from companion.boxes.models import Box
from companion.database import connection, database, now
from companion.transfers import service
from companion.transfers.models import Transfer
from companion.uploads.models import Upload
from device.decks.setlog import SetLog
from tests import audio_files
from tests.companion.applications import another
from tests.companion.people import Person
from tests.companion.posts import MOSQUITTO, Mosquitto, until
from tests.companion.sending import send
from tests.companion.servers import free_port
from tests.sync_companion import Process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed"),
]
KILLS = min(20, max(1, int(os.environ.get("RACKDECK_KILLS", "1")) // 100))  # each makes the files longer
BOX = "transferbox234567transferbo"
# a line of some MB a second, and small pieces, so that there is a middle to be killed in
RUN = """
import os, signal, sys, time
from pathlib import Path
from device.sync import service, uploads, web
from device.sync.access import Access, Door
from device.sync.core import Places
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
home, runtime, port, box = sys.argv[1:5]
uploads.PATCH = 256 * 1024
web.Pace.passed = lambda _pace, size: time.sleep(size / 1.5e6)
access = Access(box, "Box", "test", "anna", "127.0.0.1", int(port), None, os.environ["TEST_COMPANION"])
service.run(Places(Path(home), Path(runtime)), Door(lambda: access))
"""


class Servers:
    """The companion's processes but live, as the runner starts them."""

    def __init__(self, settings, broker):
        self._settings = settings.model_copy(update={"port": free_port(), "broker_url": broker.url, "job_threads": 1})
        self.address = f"http://127.0.0.1:{self._settings.port}"
        self._environment = {
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120
            "COMPANION_FOLDER": str(settings.folder),
            "COMPANION_PORT": str(self._settings.port),
            "COMPANION_BROKER_URL": broker.url,
            "COMPANION_LIMITS": "false",
        }
        self._log = (settings.folder / "servers.log").open("w")
        self.start()

    def start(self):
        self._children = [
            subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *one.command],
                env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True,
            )
            for one in processes.table(self._settings)
            if one.name != "live"
        ]  # fmt: skip

        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._settings.port), 1):
                return True
            return False

        until(listens)

    def _all(self, number):
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
        for child in self._children:
            child.wait(30)

    def kill(self):
        self._all(signal.SIGKILL)

    def stop(self):
        self._all(signal.SIGTERM)
        self._log.close()


@pytest.fixture
def broker(tmp_path):
    running = Mosquitto(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def servers(sqlite_settings, broker):
    running = Servers(sqlite_settings, broker)
    yield running
    running.stop()


@pytest.fixture
def person(sqlite_settings, servers):
    app = another(sqlite_settings)
    made = Person(app, "Mira")
    with connection():
        Box.create(id=BOX, owner=made.id, name="Box", model="Test", fingerprint="f", claimed=now())
    return made


@pytest.fixture
def box(tmp_path, broker, servers, person, monkeypatch):
    monkeypatch.setenv("TEST_COMPANION", servers.address)
    home = tmp_path / "home"
    home.mkdir()
    running = Process(home, broker.port, BOX, code=RUN)
    yield running
    running.stop()


def noise(seed, seconds):
    """A FLAC file of noise, which gets no smaller: about 190 kB a second."""
    sound = np.random.default_rng(seed).uniform(-0.4, 0.4, (2, round(seconds * 48000)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.flac"
        audio_files.coded("flac", "flac", "s16")(path, sound, 48000)
        return path.read_bytes()


def recorded(home, seconds):
    """A recording of a set in FLAC with its log, as the engine leaves them; returns its bytes."""
    folder = home / "recordings"
    folder.mkdir(exist_ok=True)
    path = folder / "2026-11-21 22-15-03.flac"
    path.write_bytes(noise(1, seconds))
    path.with_suffix(".json").write_text(SetLog(48000, 64, seconds).as_json())
    return path.read_bytes()


def going_up():
    """The upload of the recording while it is under way."""
    with connection():
        row = Upload.select().where(Upload.state == "receiving").order_by(Upload.size.desc()).first()
    return row if row is not None and 0 < row.offset < row.size else None


def test_a_recording_and_a_track_arrive_whole_though_both_sides_are_killed_in_the_middle(box, servers, person):
    """The recording plays in its set's page; the track lies in the box's music folder."""
    data, dice = recorded(box.home, 12.0 * KILLS), random.Random(1)

    def kill_all():
        time.sleep(dice.uniform(0, 0.2))
        box.kill()
        servers.kill()
        servers.start()
        box.start()

    for _ in range(KILLS):
        until(going_up, 60)
        before = going_up()
        kill_all()
        with connection():
            assert before is None or Upload.get_by_id(before.id).offset >= before.offset, "what had come is there"

    def arrived():
        with connection():
            return Transfer.select().where((Transfer.size == len(data)) & (Transfer.state == "kept")).exists()

    until(arrived, 90)
    with connection():
        assert Upload.select().where(Upload.size == len(data)).count() == 1, "it went on, and did not begin anew"
    (shown,) = person.get("/sets").json["items"]
    answer = person.get(f"/sets/{shown['id']}/recording", headers={"Range": "bytes=1000-"})
    assert (answer.status_code, answer.data) == (206, data[1000:])
    assert person.get(f"/sets/{shown['id']}/waveform").status_code == 200
    assert shown["loudness"] < 0
    until(lambda: (box.board("sync") or {}).get("files") == 0, 60)

    music = noise(2, 8.0 * KILLS)
    made = send(person, music, filename="Low Tide.flac")
    with connection(), database.atomic():
        sent = service.send(BOX, made["result"])
    part = box.home / "sync" / "incoming" / f"{sent.hash}.part"
    for _ in range(KILLS):
        until(lambda: part.exists() and 0 < part.stat().st_size < sent.size, 60)
        kill_all()
    until(lambda: person.get(f"/boxes/{BOX}/files?way=down").json["items"][0]["state"] == "there", 90)
    assert (box.home / "music" / sent.name).read_bytes() == music
