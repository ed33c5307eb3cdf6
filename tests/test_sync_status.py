"""What a box says of itself: when something is news."""

import argparse
import os
import shutil
import time

import pytest

from device import paths
from device.contracts.plays import Played
from device.contracts.status import Online
from device.contracts.values import Track
from device.errors import MachineError
from device.panel import board
from device.sync import command
from device.sync.access import Door
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.session import Session
from device.sync.sight import Now
from device.sync.state import State
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


def test_a_sync_that_stands_still_is_not_said_to_be_in_step(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    writer, arguments = board.Writer(), argparse.Namespace(part="status", json=False)
    try:
        writer.show("sync", State("in step", pid=os.getpid(), beat=board.beat()).as_dict())
        assert command.run(arguments) == 0
        assert "in step" in capsys.readouterr().out
        writer.show("sync", State("in step", pid=os.getpid(), beat=board.beat() - 100).as_dict())
        with pytest.raises(MachineError, match="has not answered for 1"):
            command.run(arguments)
    finally:
        shutil.rmtree(paths.runtime())


def test_a_recording_that_is_not_whole_yet_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    board.Writer().show("sync", State("in step", pid=os.getpid(), beat=board.beat()).as_dict())
    said, recordings = "a recording runs or is being finished", paths.recordings()

    def status():
        assert command.run(argparse.Namespace(part="status", json=False)) == 0
        return capsys.readouterr().out

    assert said not in status()
    (recordings / "night.journal").touch()
    assert said in status()
    (recordings / "night.journal").rename(recordings / "night.wav")
    assert said not in status()
    shutil.rmtree(paths.runtime())


def test_why_files_do_not_move_is_said(core):
    session = Session(core, Door(lambda: None), board.Writer(core.places.runtime))
    try:
        assert session.state().said == ""
        with core.database.writing() as connection:
            connection.execute(
                "INSERT INTO uploads (hash, path, body, state, said) VALUES ('a', '', '{}', 'put off', 'no room there')"
            )
        assert session.state().said == "no room there"
    finally:
        session.close()


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
