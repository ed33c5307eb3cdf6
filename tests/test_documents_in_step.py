"""A box, a companion and browsers, each a process of its own, edit one document; cut off or killed, they agree."""

import contextlib
import os
import random
import sqlite3

import pytest

from companion import config, database
from companion.accounts.models import User
from companion.app import create_app
from companion.database import new_id
from companion.documents import service, store
from companion.documents.models import Document
from device.contracts import updates
from device.documents import built
from device.sync import documents, playlists
from device.sync.ballast import Ballast
from device.sync.database import Database
from tests.companion.browsers import HAS_YJS, Browser
from tests.companion.posts import MOSQUITTO, Consumer, Mosquitto, claimed, until
from tests.companion.rooms import Live
from tests.sync_companion import Process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (HAS_YJS and MOSQUITTO), reason="node, the page's packages or mosquitto are not installed"),
]
TURNS = int(os.environ.get("RACKDECK_KILLS", "3"))


class Stage:
    """Broker, ingest, live process, a box with its sync, two browsers."""

    def __init__(self, folder):
        (folder / "companion").mkdir()
        (folder / "home").mkdir()
        self.settings = config.load({"PATH": os.environ["PATH"]}, folder=folder / "companion", limits=False)
        database.bind(self.settings)
        with database.connection():
            database.runner().up()
        create_app(self.settings)
        self.user = new_id()
        with database.connection():
            User.create(id=self.user, email="mira@example.org", name="Mira", access="artist")
        box = claimed(self.user)
        self.broker = Mosquitto(folder)
        self.ingest = Consumer(self.settings, self.broker)
        self.live = Live(self.settings)
        self.box = Process(folder / "home", self.broker.port, box)
        until(lambda: self.box.board("sync"))
        self.database = Database(folder / "home" / "sync", Ballast(folder / "ballast", 0))
        self.browsers = []

    def close(self):
        self.box.stop()
        self.database.close()
        self.live.stop()
        self.ingest.stop()
        self.broker.stop()
        database.database.close()

    def on_box(self, number):
        return documents.read(self.database.connection, number)

    def write_on_box(self, number, word):
        with self.database.writing() as connection:
            documents.edit(connection, number, lambda content: content.write(content.notes + word))

    def here(self, number):
        with database.connection():
            return built(store.rows(number)).content

    def agree(self, number):
        """Whether all have the same."""
        told = [browser.told for browser in self.browsers]
        contents = [self.on_box(number), self.here(number)]
        vectors = [one.state for one in contents] + [bytes.fromhex(one["vector"]) for one in told]
        titles = [one.title for one in contents] + [one["about"].get("title") for one in told]
        notes = [one.notes for one in contents] + [one["notes"] for one in told]
        tracks = [sorted(entry.id for entry in one.entries()) for one in contents]
        tracks += [sorted(row["id"] for row in one["tracks"]) for one in told]
        same = all(row == rows[0] for rows in (titles, notes, tracks) for row in rows)
        return same and all(updates.ends(one) == updates.ends(vectors[0]) for one in vectors)

    def join(self, number):
        for browser in self.browsers:
            until(lambda browser=browser: browser.connect(self.live.port, number, self.user))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture
def stage(running):
    """With browsers that have nothing yet."""
    running.browsers = [Browser(), Browser()]
    yield running
    for browser in running.browsers:
        browser.__exit__()


def test_a_playlist_of_the_box_and_one_of_the_companion_are_edited_apart_and_merge(stage):
    number = playlists.new(stage.database, "Made on the box")

    def arrived():
        with database.connection():
            return Document.select().where((Document.id == number) & (Document.title == "Made on the box")).exists()

    until(arrived)
    with database.connection():
        other = service.create(stage.user, "Made at home", notes="from the companion")
    until(lambda: any(row.id == other for row in playlists.listed(stage.database.connection)))
    until(lambda: stage.on_box(other).notes == "from the companion")
    titles = {"Made at home", "Made on the box"}
    until(lambda: {row["title"] for row in stage.box.board("lists")["lists"]} == titles)
    stage.join(number)
    stage.broker.kill()  # the box is cut off
    for browser in stage.browsers:
        browser.ask("close")
    music = stage.box.home / "music" / "one.wav"
    music.parent.mkdir(exist_ok=True)
    music.write_bytes(b"RIFF one")
    playlists.add(stage.database, number, [music])
    playlists.write(stage.database, number, "box ")
    one, two = stage.browsers
    one.edit({"do": "write", "at": 0, "text": "one "}, {"do": "title", "text": "From one"})
    two.edit({"do": "write", "at": 0, "text": "two "}, {"do": "add", "entry": {"id": "2" * 26, "title": "Two"}})
    stage.broker.start()
    stage.join(number)
    until(lambda: stage.agree(number), 60)
    notes = stage.here(number).notes
    assert all(part in notes for part in ("box ", "one ", "two "))
    assert len(stage.here(number).entries()) == 2
    with database.connection():
        service.delete(stage.user, other)
    until(lambda: [row.id for row in playlists.listed(stage.database.connection)] == [number])


def test_all_agree_though_live_ingest_and_box_are_killed_while_they_edit(stage):
    dice = random.Random(7)
    number = playlists.new(stage.database, "Under fire")
    until(lambda: stage.here(number).title)
    stage.join(number)
    until(lambda: all(browser.told["answers"] for browser in stage.browsers))
    written = []
    for turn in range(TURNS):
        victim = (stage.live, stage.ingest, stage.box)[turn % 3]
        for count in range(20):
            word = f"{turn}.{count} "
            where = dice.randrange(3)
            written.append(word)
            if where == 2:
                stage.write_on_box(number, word)
            else:
                stage.browsers[where].edit({"do": "write", "at": dice.randrange(50), "text": word})
            if count == 10:
                victim.kill()
                victim.start()
        stage.join(number)
    until(lambda: stage.agree(number), 60)
    assert len(stage.here(number).notes) == sum(map(len, written))


def test_what_was_made_at_the_companion_after_a_backup_comes_back_from_the_box_when_that_is_restored(stage):
    known, gone = playlists.new(stage.database, "Before"), playlists.new(stage.database, "Gone later")
    until(lambda: stage.here(known).title and stage.here(gone).title)
    file, older = stage.settings.folder / "companion.db", stage.settings.folder / "older.db"
    with contextlib.closing(sqlite3.connect(file)) as here, contextlib.closing(sqlite3.connect(older)) as there:
        here.backup(there)
    with database.connection():
        service.change(stage.user, known, title="Changed after")
        service.delete(stage.user, gone)
        late = service.create(stage.user, "Made after the backup")
    until(lambda: {row.id for row in playlists.listed(stage.database.connection)} & {gone, late} == {late})
    until(lambda: stage.on_box(known).title == "Changed after")
    stage.ingest.kill()
    stage.live.stop()
    database.database.close()
    for part in stage.settings.folder.glob("companion.db*"):
        part.unlink()
    older.rename(file)
    stage.ingest.start()
    stage.live.start()

    def titles():
        with database.connection():
            return {row["title"] for row in service.listed(stage.user)[0]}

    until(lambda: titles() & {"Changed after", "Made after the backup"} and "Gone later" not in titles())
    until(lambda: titles() >= {"Changed after", "Made after the backup"})
