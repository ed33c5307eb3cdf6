"""The sync beside a real engine: a set that is played here is whole at the companion, and commands turn the panel."""

import os
import time

import pytest

from device.contracts import ids
from device.contracts.commands import Given
from device.contracts.live import Watched
from device.contracts.status import Online
from device.sync import tracks
from tests.live import Box, tone
from tests.sync_companion import Companion, Mosquitto, Process, until

pytestmark = pytest.mark.live


@pytest.fixture
def box(tmp_path):
    with Box(tmp_path) as box:
        yield box


@pytest.fixture
def companion(tmp_path):
    broker = Mosquitto(tmp_path)
    made = Companion(broker.port)
    made.broker = broker
    yield made
    made.close()
    broker.stop()


class Sync(Process):
    """Of a box that runs, so its runtime folder is the engine's."""

    def __init__(self, box, port):
        self.live = box.runtime()
        super().__init__(box.folder / "home", port)

    def start(self):
        self.runtime = self.live
        super().start()


@pytest.fixture
def sync(box, companion):
    made = Sync(box, companion.broker.port)
    yield made
    made.stop()


def online(companion):
    return [one.body for one in companion.status if isinstance(one.body, Online)]


def give(companion, do, permission="play", **arguments):
    """Send a command; returns its outcome and what was said."""
    boot = online(companion)[-1].boot
    name = ids.make(int(time.time() * 1000), os.urandom(10))
    until_ms, uptime = int(time.time() * 1000) + 60_000, time.clock_gettime(time.CLOCK_BOOTTIME) + 60
    companion.send("commands", Given(name, do, permission, "Anna", until_ms, boot, uptime, arguments))

    def answers():
        return [one.body for one in companion.effects("command.answered") if one.body.command == name]

    assert until(answers)
    return answers()[0].outcome, answers()[0].said


def test_a_set_that_was_played_arrives_with_its_tracks_its_play_and_its_files(box, companion, sync):
    first, second = tone(box.folder, "first", 60), tone(box.folder, "second", 60, 330)
    box.load(1, first)
    box.panel.do("record.start")
    assert until(lambda: companion.effects("set.started"))
    assert give(companion, "deck1.play", value=1) == ("done", "")
    assert until(lambda: any(body.decks and body.decks[0].playing for body in online(companion)))
    assert until(lambda: any(body.set for body in online(companion)))
    time.sleep(17)
    sync.kill()  # in the middle of the set
    box.load(2, second)
    box.panel.set("deck2.play", 1)
    time.sleep(4)
    sync.start()
    box.panel.do("deck1.load", str(second))
    box.until(lambda: box.panel.get("deck1.path") == str(second))
    assert until(lambda: companion.effects("track.played"))
    box.panel.do("record.stop")
    assert until(lambda: companion.effects("set.finished"))
    [started], [finished] = companion.effects("set.started"), companion.effects("set.finished")
    assert finished.body.set == started.body.set
    assert [(entry.track.title, entry.deck) for entry in finished.body.entries] == [("first", 1), ("second", 2)]
    assert finished.body.entries[0].track.hash == tracks.digest(first)
    assert finished.body.recording.size == box.recording().stat().st_size
    [played] = companion.effects("track.played")
    assert played.body.track.title == "first"
    assert played.body.set == started.body.set
    assert played.body.heard >= 10
    assert until(lambda: len(companion.effects("file.offered")) == 2)


def test_who_looks_from_afar_sees_the_panel_as_it_changes(box, companion, sync):
    assert until(lambda: online(companion))
    companion.publish("live", Watched(30.0, ("mixer.crossfader", "deck1.")))
    assert until(lambda: any(one.body.values.get("engine.running") for one in companion.live))
    box.panel.set("mixer.crossfader", 0.25)
    assert until(lambda: any(one.body.values.get("mixer.crossfader") == 0.25 for one in companion.live))
    assert not any(name.endswith("path") for one in companion.live for name in one.body.values)


def test_commands_turn_the_panel_and_are_answered(box, companion, sync):
    assert until(lambda: online(companion))
    assert give(companion, "deck1.play", value=1) == ("refused", "deck1 is empty; load a track first")
    assert give(companion, "mixer.crossfader", value=-0.5) == ("done", "")
    assert box.panel.get_number("mixer.crossfader") == -0.5
    assert give(companion, "box.identify")[0] == "done"
    assert until(lambda: "Anna" in str(sync.board("notices")))
