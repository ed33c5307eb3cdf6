"""The live demo on a real engine: it plays a log, records it, and leaves the box as it found it."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from device import lock, paths
from device.decks.setlog import Event, Grid, SetLog
from device.demo import live
from device.errors import ConfigError, InputError, MachineError
from device.panel import controls
from tests.live import PATIENCE, Box, read_audio, tone

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture(autouse=True)
def home(box, monkeypatch):
    monkeypatch.setenv("RACKDECK_HOME", box.env["RACKDECK_HOME"])


@pytest.fixture
def mix(box):
    """A second of two decks, with a move of everything that a mix moves."""
    tracks = [str(tone(box.folder, name, seconds=4, hertz=hertz)) for name, hertz in (("low", 220), ("high", 660))]
    log = SetLog(seconds=1.0)
    log.load = {"deck1": tracks[0], "deck2": tracks[1]}
    log.grid = {"deck1": Grid(120.0), "deck2": Grid(120.0)}
    rows = [
        (0.0, "deck1.play", 1.0),
        (0.0, "mixer.ch2.fader", 0.5),
        (0.0, "deck2.play", 1.0),
        (0.2, "deck2.tempo", 4.0),
        (0.3, "deck1.hotcue.1.set", 1.0),
        (0.4, "mixer.main", -6.0),
        (0.6, "deck1.play", 0.0),
    ]
    log.events = [Event(*row) for row in rows]
    return log


def everything(panel):
    """Every value, what the decks hold, and whether anything runs."""
    found = {name: panel.get(name) for name in controls.slots("value")}
    for deck in live.DECKS:
        for what in ("title", "play", "position", "hotcue.1", "hotcue.3", "grid.bpm", "cue.point"):
            found[f"{deck}.{what}"] = panel.get(f"{deck}.{what}")
    return found | {"record.active": panel.get("record.active")}


@pytest.fixture
def disordered(box):
    """A box on which somebody has worked: knobs turned, a track on deck 1, deck 2 empty."""
    panel = box.panel
    box.load(1, tone(box.folder, "mine", seconds=8))
    panel.do("deck1.grid", [133, 0.25])
    panel.do("deck1.hotcue.3.at", [2.0, 0.0])
    panel.do("deck1.seek", 5.0)
    panel.do("deck2.eject")
    for row in controls.table().values():
        if row.kind == "value" and "jog" not in row.name and "bend" not in row.name:
            panel.set(row.name, row.high if row.taper == "steps" else (row.low + row.high) / 2 + 0.125)
    box.until(lambda: panel.get_number("deck1.position") == 5 and panel.get("deck2.title") == "")
    yield everything(panel)
    for row in controls.table().values():
        if row.kind == "value":
            panel.set(row.name, row.default)


def is_as_before(box, before):
    try:
        box.until(lambda: everything(box.panel) == before)
    except AssertionError:
        now = everything(box.panel)
        raise AssertionError({name: (before[name], now[name]) for name in now if now[name] != before[name]}) from None


def test_a_box_that_was_used_sounds_like_a_new_one_and_is_left_as_it_was(box, mix, disordered):
    recording = live.play(mix, lambda _: None)
    log = json.loads((box.folder / recording).with_suffix(".json").read_text())
    values = controls.slots("value")
    first = {name: value for at, name, value in log["events"] if at < log["start"] and name in values}
    others = ("deck3", "deck4", "mixer.ch3", "mixer.ch4", "mixer.booth", "mixer.phones")
    turned = {name for name, value in first.items() if value != controls.table()[name].default}
    assert {name for name in turned if not name.startswith(others)} <= {"mixer.ch1.cue", "mixer.ch2.cue"}
    heard = read_audio(recording)[0]
    assert np.abs(heard).max() > 2**20
    assert abs(heard.shape[0] / 48000 - 1.0) < 0.5
    is_as_before(box, disordered)


def test_what_a_hand_moves_meanwhile_stays_where_the_hand_left_it(box, mix, disordered):
    def hand(_said):
        box.panel.set("mixer.ch1.trim", -3)

    live.play(mix, hand)
    is_as_before(box, disordered | {"mixer.ch1.trim": -3})


def test_decks_that_play_and_a_recording_that_runs_are_left_alone(box, mix, disordered):
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") != 5)
    with pytest.raises(InputError, match="deck1 would be stopped, but music plays there; stop it first, or --force"):
        live.play(mix, lambda _: None)
    assert box.panel.get("deck1.title") == "mine"
    assert box.number("deck1.play") == 1
    live.play(mix, lambda _: None, force=True)
    box.until(lambda: box.panel.get("deck1.title") == "mine")
    assert box.number("deck1.play") == 0
    box.panel.do("record.start")
    with pytest.raises(InputError, match="a recording runs; stop it first"):
        live.check(force=True)
    box.panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)


def test_a_second_demo_is_refused_while_one_plays(box, mix):
    held = lock.take(box.runtime() / "demo.lock", "a demo")
    try:
        with pytest.raises(ConfigError, match="a demo already runs"):
            live.play(mix, lambda _: None)
    finally:
        os.close(held)


def test_a_track_that_does_not_load_ends_it_and_all_is_put_back(box, mix, disordered):
    bad = box.folder / "bad.wav"
    bad.write_bytes(b"no sound")
    mix.load["deck2"] = str(bad)
    with pytest.raises(MachineError, match=r"deck2 did not load .*bad\.wav"):
        live.play(mix, lambda _: None)
    is_as_before(box, disordered)


PLAY = """
import sys
from device import cli
from device.decks import setlog
from device.demo import live
from pathlib import Path
class Demo:
    HELP = ""
    def add_arguments(parser): pass
    def run(arguments): live.play(setlog.read(Path(sys.argv[1])), lambda line: print(line, flush=True))
class Entry:
    def load(self): return Demo
cli.commands = lambda: {"demo": Entry()}
sys.exit(cli.main(["demo"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_ended_stops_the_music_and_puts_all_back(box, mix, disordered, number):
    mix.seconds = 60
    script = box.folder / "mix.json"
    script.write_text(mix.as_json())
    words = [sys.executable, "-c", PLAY, str(script)]
    process = subprocess.Popen(words, env=box.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "deck1.play 0" in line:
            break
    assert box.number("deck2.play") == 1
    process.send_signal(number)
    assert "Traceback" not in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 128 + number
    is_as_before(box, disordered)


def test_without_a_box_it_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    with pytest.raises(MachineError, match="rackdeck up"):
        live.check()
    paths.runtime().rmdir()


def test_a_box_that_is_stopped_meanwhile_ends_it_with_a_sentence_and_its_knobs_put_back(tmp_path, mix, monkeypatch):
    with Box(tmp_path) as box:
        monkeypatch.setenv("RACKDECK_HOME", box.env["RACKDECK_HOME"])
        box.panel.set("mixer.crossfader", 0.5)
        mix.seconds = 24 * 3600.0

        def stop(line):
            if line.endswith("deck1.play 0.0"):
                os.kill(box.panel.memory.writer_pid, signal.SIGTERM)

        with pytest.raises(MachineError, match="the box was stopped, and with it the mix"):
            live.play(mix, stop)
        assert box.panel.get("mixer.crossfader") == 0.5
        assert box.panel.get("mixer.main") == 0
