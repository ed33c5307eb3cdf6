"""The sync on a full disk: what could not be kept then is there as soon as there is room, without another cause."""

import sqlite3

import pytest

from device.contracts import ids
from device.contracts.notices import Told
from device.sync import documents
from device.sync.database import PATIENCE_SECONDS
from tests.small_disk import fill, free
from tests.sync_companion import RUN, Companion, Mosquitto, Process, until

pytestmark = pytest.mark.live
SOON_SECONDS = 30.0  # by itself it would happen within minutes
PLAYLIST = "0" * 25 + "1"
SOON = RUN.replace("service.run(", "from device.sync import session; session.PROBE_SECONDS = 0.2; service.run(")


@pytest.fixture
def broker(tmp_path):
    made = Mosquitto(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def companion(broker):
    made = Companion(broker.port)
    yield made
    made.close()


@pytest.fixture
def sync(small, broker):
    made = Process(small / "home", broker.port, code=SOON)
    assert until(lambda: state(made) == "in step")
    yield made
    made.stop()


def state(sync):
    return (sync.board("sync") or {}).get("state")


def connections(companion):
    return len({one.head.epoch for one in companion.status})


def edit(sync, title):
    """As another process does, whose write still finds room."""
    with sqlite3.connect(sync.home / "sync" / "sync.db", PATIENCE_SECONDS) as connection:
        documents.begin(connection, PLAYLIST, "playlist")
        documents.edit(connection, PLAYLIST, lambda content: content.call(title))


def full(sync, disk):
    """Too little room for the sync, enough for a row."""
    (sync.home / "sync" / "ballast").unlink(missing_ok=True)
    fill(disk, leave=192 * 1024)


def test_an_edit_made_while_the_disk_is_full_is_told_when_there_is_room(sync, companion, small):
    edit(sync, "before")
    assert until(lambda: len(companion.effects("document.update")) == 1)
    full(sync, small)
    edit(sync, "after")
    assert until(lambda: state(sync) == "disk full")
    assert len(companion.effects("document.update")) == 1
    free(small)
    assert until(lambda: len(companion.effects("document.update")) == 2, SOON_SECONDS)


def test_what_came_while_the_disk_was_full_is_asked_for_when_there_is_room(sync, companion, small):
    companion.send("notices", Told(ids.make(1, b"0123456789"), "news", "before"))
    assert until(lambda: companion.in_step("notices"))
    before = connections(companion)
    full(sync, small)
    companion.send("notices", Told(ids.make(2, b"0123456789"), "news", "after"))
    assert until(lambda: state(sync) == "disk full")
    assert connections(companion) == before
    free(small)
    assert until(lambda: connections(companion) > before, SOON_SECONDS), "it connects anew"
    assert until(lambda: companion.in_step("notices"))
