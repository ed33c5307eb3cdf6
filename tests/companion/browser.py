"""A real browser on a real companion: Chromium, driven by Playwright, and all processes of `rackdeck companion`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import peewee
import pytest

from companion import config, database
from companion.boxes import claims
from companion.boxes.models import Box
from companion.catalogue import search
from companion.catalogue.models import Recording
from companion.catalogue.models import Track as TrackRow
from companion.commanding import setup as commanding
from companion.documents import receiving as documents
from companion.events import service as events
from companion.ingest import service as ingest
from companion.ingest.models import DeadLetter
from companion.lists import setup as lists
from companion.sets import receiving as sets
from companion.sets import service as box_sets
from companion.sets.models import BoxSet
from companion.storage.service import open_storage
from companion.telemetry import receiving as telemetry
from companion.telemetry.models import BoxCrash
from companion.transfers import setup as transfers
from companion.uploads import service as uploads
from device.contracts import topics
from device.contracts.plays import Played
from device.contracts.values import Track
from tests.companion.posts import message
from tests.companion.servers import free_port

PAGE = Path(__file__).parents[2] / "companion" / "page"
AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "4 Quiet rooms at noon!"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
CLOSE_TRAY = """(() => {
  const head = document.querySelector('.tray header');
  if (head?.querySelector('h2').textContent !== 'Uploads finished') return false;
  head.querySelector('button:last-child').click();
  return true;
})()"""
WATCH = """
window.violations = [];
const note = (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`);
addEventListener('securitypolicyviolation', note);
"""


def _program():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Companion:
    """All processes of a companion in a folder of its own; `url` is where it answers."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder, self.port = folder, free_port()
        self._connection = database.new_id()  # of the boxes that send
        self.url = f"http://localhost:{self.port}"
        live = free_port()
        environ = {**os.environ, "COMPANION_LIMIT_FACTOR": "100", "COMPANION_LIVE_PORT": str(live)}
        command = [sys.executable, "-m", "companion.command", "--port", str(self.port), "--folder", str(folder)]
        self._log = (folder.parent / "companion.log").open("wb")
        self._process = subprocess.Popen(command, env=environ, stdout=self._log, stderr=self._log)
        for port in (self.port, live):
            self._wait(port)

    def _wait(self, port):
        for _ in range(600):
            assert self._process.poll() is None, Path(self._log.name).read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                signal.sigtimedwait([], 0.05)
        raise AssertionError(Path(self._log.name).read_text())

    @contextmanager
    def database(self):
        """Its database, for what a browser cannot do."""
        settings = config.load({"PATH": os.environ["PATH"]}, folder=self.folder)
        database.bind(settings)
        events.install(settings)
        uploads.install(settings, open_storage(settings))
        with database.connection():
            yield

    def show_code(self, code):
        """As if a box showed this code on its screen."""
        box = claims.PublicInfo(f"box-{code.lower()}", "Studio rack", "rack-1", "ab:cd")
        with self.database():
            claims.offer_claim(code, box)

    def send(self, box, stream, *bodies):
        """As if messages of a stream had come from a box; its status and its panel's values are not numbered."""
        for domain in (sets, telemetry, commanding, transfers, lists, documents):
            domain.install()
        passing = stream in ("status", "live")
        epoch = self._connection if passing else database.new_id()
        with self.database():
            for seq, body in enumerate(bodies, 1):
                payload = message(body, 0 if passing else seq, epoch, stream)
                ingest.take([ingest.opened(topics.topic(box, "up", stream), payload, database.now())])

    def attach(self, number, track):
        """As if the recording of a set had come: the sound of a track."""
        with self.database():
            row = BoxSet.get_by_id(number)
            file = Recording.get(Recording.track == track).file_id
            box_sets.attach(row.owner_id, row.box, row.number, "recording", row.recording_hash, file)

    def lose(self, box):
        """As if a box had sent what cannot have an effect; returns what it was."""
        with self.database():
            owner = Box.get_by_id(box).owner_id
            text = message(Played(Track("Lost"), 1, 1, 60.0), 7, database.new_id(), "plays")
            wrong = text.replace(b'"track.played"', b'"track.dropped"')
            values = {"box": box, "owner": owner, "stream": "plays", "epoch": "e", "seq": 7, "kind": "track.dropped"}
            DeadLetter.create(**values, payload=wrong, reason="nothing here handles it", came=database.now())

    def crash(self, box):
        """As if a program of a box had ended as it should not have."""
        report = json.dumps({"stack": "rt_mix", "lines": ["last words"]})
        with self.database():
            what = {"process": "engine", "version": "0.1.0", "reason": "signal 11", "crashed": database.now()}
            BoxCrash.create(owner=Box.get_by_id(box).owner_id, box=box, body=report, **what)

    def copy_track(self, track, count):
        """As if somebody had uploaded so many more: Take 00001 and so on, each older than the one before."""
        with self.database(), database.database.atomic():
            row = TrackRow.select().where(TrackRow.id == track).dicts().get()
            names = [f"Take {number:05}" for number in range(1, count + 1)]
            rows = [
                row
                | {"id": database.new_id(), "title": name, "title_sort": name.lower(), "created": row["created"] - n}
                for n, name in enumerate(names, 1)
            ]
            for some in peewee.chunked(rows, 500):
                TrackRow.insert_many(some).execute()
            search.put_many((one["id"], one["owner"], one["title"], "", "", "") for one in rows)

    def close(self):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


class Visitor:
    """A person at a browser window: `page` is Playwright's; `faults` what went wrong in it unasked."""

    def __init__(self, browser, companion, theme="dark", **options):
        self.context = browser.new_context(viewport=options.pop("viewport", WIDE), **options)
        self.context.add_init_script(
            WATCH + f"localStorage.getItem('theme') ?? localStorage.setItem('theme', '\"{theme}\"')"
        )
        self.page = self.context.new_page()
        self.url, self.faults = companion.url, []
        self.expected = ()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("filechooser", lambda _chooser: None)  # choosers are caught from now on, not from a first wait on

    def _heard(self, message):
        if message.type == "error" and not any(part in message.text for part in self.expected):
            self.faults.append(message.text)

    def api(self, method, path, body=None):
        """A call with the window's session; returns the answer's JSON."""
        held = self.context.request.get(f"{self.url}/api/v1/session").json()
        headers = {"X-CSRF-Token": held["csrf"], "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        answer = self.context.request.fetch(f"{self.url}/api/v1{path}", method=method, headers=headers, data=data)
        assert answer.ok, answer.text()
        return None if answer.status == 204 else answer.json()

    def sign_up(self, name, email):
        """Make an account without the page."""
        body = {"name": name, "email": email, "password": PASSWORD}
        answer = self.context.request.post(f"{self.url}/api/v1/accounts", data=body)
        assert answer.status == 201, answer.text()

    def choose(self, *paths):
        """Choose files to upload, by the key for it."""
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("u")
        chooser.value.set_files([str(path) for path in paths])

    def upload(self, *paths):
        """Upload files, and wait until all of them were looked at."""
        self.choose(*paths)
        self.until(CLOSE_TRAY, 60)  # in one step, as it goes by itself after a while

    def go(self, path):
        """Load an address and wait until nothing is on its way."""
        self.page.goto(self.url + path)
        self.settle()

    def settle(self):
        """Until the page says nothing of loading."""
        self.page.locator("h1").first.wait_for()
        self.until("!document.querySelector('.bones')")

    def until(self, expression, seconds=20):
        """Wait until JavaScript is true. (Playwright's own waiting needs `eval`, which the policy forbids.)"""
        for _ in range(seconds * 20):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never so: {expression}")

    def axe(self, *rules):
        """What axe finds wrong on the page as it is, in short; by these rules, or by all."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))  # a script tag would break the policy, as it should
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        found = self.page.evaluate("options => axe.run(document, options)", options)["violations"]
        return [
            f"{row['id']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
            for row in found
            for node in row["nodes"]
        ]

    def close(self):
        """Leave; nothing may have gone wrong."""
        violations = [] if self.page.is_closed() else self.page.evaluate("window.violations ?? []")
        self.context.close()
        assert not self.faults, self.faults
        assert not violations, violations


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of one module."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = _program()
    if program is None:
        pytest.skip("Chromium is not installed")
    if not (PAGE / "dist" / "index.html").exists():
        pytest.skip("the page is not built; run `make page`")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def companion(tmp_path_factory):
    """A companion for the tests of one module."""
    running = Companion(tmp_path_factory.mktemp("companion") / "home")
    yield running
    running.close()


@pytest.fixture
def visitor(chromium, companion):
    """Somebody who has just opened a browser."""
    somebody = Visitor(chromium, companion)
    yield somebody
    somebody.close()
