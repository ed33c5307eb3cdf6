"""What a box says of itself: when something is news."""

import time

import pytest

from device.contracts.plays import Played
from device.contracts.status import Online
from device.contracts.values import Track
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.sight import Now
from device.sync.status import SHORTEST_SECONDS, Status

IDLE = Now(pid=1)


@pytest.fixture
def core(tmp_path):
    (tmp_path / "memory").mkdir()
    made = Core(Places(tmp_path, tmp_path / "memory"), Ballast(tmp_path / "ballast", 0))
    yield made
    made.close()


@pytest.fixture
def said(core):
    """Looks at a panel a while later; returns what the box then says, None where it keeps silent."""
    status, at = Status(core), [time.monotonic()]

    def look(now=IDLE):
        at[0] += SHORTEST_SECONDS
        core.passing.clear()
        status.look(now, at[0])
        return core.passing[-1][1] if core.passing else None

    return look


def test_a_set_is_told_as_soon_as_it_has_its_number(core, said):
    assert isinstance(said(), Online)
    recording = Now(pid=1, recording=str(core.places.home / "night.wav"))
    assert said(recording) is None
    with core.database.writing() as connection:
        connection.execute(
            "INSERT INTO recordings (name, \"set\", state) VALUES ('night.wav', ?, 'started')", ("0" * 26,)
        )
    assert said(recording).set.set == "0" * 26
    assert said(recording) is None


def test_that_nothing_waits_any_more_is_told(core, said):
    core.tell(Played(Track("One"), 1, 1, 60.0))
    assert said().waiting == 1
    assert said() is None
    with core.database.writing() as connection:
        core.outbox.forget(connection)
    assert said().waiting == 0
    assert said() is None
