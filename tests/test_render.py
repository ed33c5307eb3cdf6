"""`rackdeck render`: logs to sound, and what is said when that cannot be."""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import weakref

import numpy as np
import pytest

from device.decks import setlog
from device.engine import render as command
from device.engine.render import Progress
from device.engine.replay import Replay
from device.engine.whole import WholeTracks
from dsp_cython import recorder
from tests.live import RATE, read_audio, tone

pytestmark = pytest.mark.slow


def render(folder, log, out="out.wav", status=0):
    """Run the command on a log; returns (samples, what it said)."""
    (folder / "log.json").write_text(json.dumps(log))
    words = ["render", str(folder / "log.json"), str(folder / out)]
    done = subprocess.run(
        [sys.executable, "-m", "device.cli", *words], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == status, done.stderr
    return (read_audio(folder / out) if status == 0 else None), done.stderr


@pytest.fixture
def folder(tmp_path):
    tone(tmp_path, "a", seconds=8, noise=True)
    tone(tmp_path, "b", seconds=8, hertz=330)
    return tmp_path


def log(**changes):
    return {"version": 1, "seconds": 2.0, "load": {"deck1": "a.wav"}, "events": [[0.0, "deck1.play", 1]], **changes}


def test_a_track_played_alone_comes_out_bit_for_bit_at_its_own_time(folder):
    heard, _ = render(folder, log(seconds=3.0, events=[[0.5, "deck1.seek", 1.0], [1.0, "deck1.play", 1]]))
    source = read_audio(folder / "a.wav")
    assert heard.shape[1] == 3 * RATE
    assert not heard[:, :RATE].any()
    fade = 192  # the first 4 ms fade in
    assert np.array_equal(heard[:, RATE + fade :], source[:, RATE + fade : 3 * RATE])


def test_an_event_falls_on_the_first_block_at_or_after_its_time(folder):
    heard, _ = render(folder, log(block=64, events=[[65 / RATE, "deck1.play", 1]]))
    assert not heard[:, :128].any()
    assert heard[:, 128:160].any()


def test_two_renders_are_the_same_bytes_with_keylock_loops_and_all(folder):
    events = [
        [0.0, "deck1.play", 1],
        [0.0, "deck2.play", 1],
        [0.1, "deck1.keylock", 1],
        [0.2, "deck1.tempo", 5.5],
        [0.3, "deck2.key", -3],
        [0.5, "deck1.loop.beats", 0.25],
        [1.0, "mixer.ch1.filter", 0.5],
        [1.2, "mixer.main", 9],
        [1.5, "deck2.reverse", 1],
    ]
    body = log(load={"deck1": "a.wav", "deck2": "b.wav"}, grid={"deck1": {"bpm": 128}}, events=events)
    render(folder, body, "one.wav")
    render(folder, body, "two.wav")
    assert (folder / "one.wav").read_bytes() == (folder / "two.wav").read_bytes()


def test_flac_and_wav_hold_the_same_samples(folder):
    assert np.array_equal(render(folder, log())[0], render(folder, log(), "out.flac")[0])


def test_a_start_plays_what_is_before_it_unheard(folder):
    whole, _ = render(folder, log(seconds=2.0))
    part, _ = render(folder, log(seconds=1.5, start=0.5))
    assert np.array_equal(part, whole[:, RATE // 2 :])


def test_a_track_may_be_changed_in_the_middle(folder):
    heard, _ = render(folder, log(events=[[0, "deck1.play", 1], [1, "deck1.load", "b.wav"], [1.2, "deck1.play", 1]]))
    assert not heard[:, round(1.01 * RATE) : round(1.2 * RATE)].any()
    source = read_audio(folder / "b.wav")
    at = round(1.2 * RATE)
    assert np.array_equal(heard[:, at + 192 :], source[:, 192 : 2 * RATE - at])


def test_the_example_of_the_documentation_renders(folder):
    from pathlib import Path

    text = Path(__file__).parents[1].joinpath("docs/setlog.md").read_text()
    example = text.split("```json\n")[1].split("```")[0]
    (folder / "b.wav").rename(folder / "b.flac")  # the content decides, not the name
    body = json.loads(example) | {"seconds": 9.0}
    heard, _ = render(folder, body)
    assert heard.shape[1] == 9 * RATE
    assert np.abs(heard[:, : 4 * RATE]).max() > 2**20


def test_the_whole_command_ring_may_fall_on_one_block_and_not_more(folder):
    """A thousand places for the cue point; the last one counts, and all of it is there at once."""
    moves = [[0.5, "deck1.seek", 1 + number / RATE] for number in range(1023)]
    heard, _ = render(folder, log(seconds=1.0, events=[*moves, [0.5, "deck1.play", 1]]))
    source = read_audio(folder / "a.wav")
    from_ = RATE + 1022
    assert np.array_equal(heard[:, RATE // 2 + 192 :], source[:, from_ + 192 : from_ + RATE // 2])
    _, said = render(folder, log(events=[*moves, [0.499, "deck1.seek", 0], [0.5, "deck1.play", 1]]), "more.wav", 64)
    assert "1025 actions fall on the block at 0.5 s; the engine takes 1024" in said
    assert not (folder / "more.wav").exists()


def test_any_number_of_values_may_fall_on_one_block(folder):
    turns = [[0.5, "mixer.ch1.fader", number / 3000] for number in range(3000)]
    heard, _ = render(folder, log(seconds=1.0, events=[[0, "deck1.play", 1], *turns, [0.5, "mixer.ch1.fader", 1]]))
    assert np.array_equal(heard, render(folder, log(seconds=1.0), "plain.wav")[0])


def test_progress_and_lead_in_are_said_where_nobody_watches(folder):
    _, said = render(folder, log(seconds=2.0, start=1.0))
    lines = said.splitlines()
    percents = [int(line.split()[1]) for line in lines if line.endswith("%")]
    assert len(percents) >= 3
    assert percents == sorted(set(percents))
    assert percents[0] < 67  # the lead-in counts, too
    assert "2.0 s of sound, 1.0 s of lead-in before it, rendered in" in lines[-1]


def test_progress_is_a_line_for_every_tenth_or_when_patience_ends(capsys):
    now = [0.0]
    with Progress("x", lambda: now[0]) as progress:
        for percent in range(101):
            progress(percent / 100)
        assert capsys.readouterr().err.splitlines() == [f"x: {tenth * 10} %" for tenth in range(1, 11)]
    with Progress("x", lambda: now[0]) as progress:
        for _ in range(30):
            now[0] += 1
            progress(0.005)
    assert capsys.readouterr().err == "x: 0 %\nx: 0 %\n"


def test_progress_counts_in_place_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress("x") as progress:
        for percent in (0, 1, 1, 2):
            progress(percent / 100)
    assert capsys.readouterr().err == "\rx: 1 %\rx: 2 %\n"


def test_a_name_as_long_as_can_be_is_written_and_a_longer_one_is_told(folder):
    render(folder, log(), "o" * 251 + ".wav")
    _, said = render(folder, log(), "o" * 5000 + ".wav", status=69)
    assert "cannot be written: file name too long" in said
    assert len(said) < 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_render_that_is_ended_leaves_no_half_file(folder, number):
    (folder / "log.json").write_text(json.dumps(log(seconds=4 * 3600)))
    words = [sys.executable, "-m", "device.cli", "render", "log.json", "out.wav"]
    process = subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True)
    while not list(folder.glob(".rackdeck-*.new")):
        assert process.poll() is None
    process.send_signal(number)
    assert "Traceback" not in process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert {path.name for path in folder.iterdir()} == {"a.wav", "b.wav", "log.json"}


@pytest.mark.parametrize(
    ("change", "out", "words"),
    [
        ({"load": {"deck1": "gone.wav"}}, "out.wav", "there is no file"),
        ({"load": {"deck1": "log.json"}}, "out.wav", "log.json"),
        ({"version": 3}, "out.wav", "version 3 is not known"),
        ({"block": 67}, "out.wav", '"block" must be a multiple'),
        ({}, "out.mp3", "must end in .wav or .flac"),
        ({}, "nowhere/out.wav", "cannot be written"),
        ({}, "taken.wav", "taken.wav cannot be written: is a directory"),
        ({}, "a.wav", "a.wav is one of the tracks that are played"),
        ({"load": {"deck1": "l" * 5000}}, "out.wav", "a track of the log cannot be read: file name too long"),
    ],
)
def test_what_cannot_be_rendered_is_refused_and_leaves_no_file(folder, change, out, words):
    (folder / "taken.wav").mkdir()
    before = (folder / "a.wav").read_bytes()
    _, said = render(folder, log(**change), out, status=pytest.approx(69, abs=5))
    assert words in said
    assert (folder / "a.wav").read_bytes() == before
    assert "Traceback" not in said
    assert not list(folder.glob("out*"))


def test_a_missing_log_is_told(tmp_path):
    words = [sys.executable, "-m", "device.cli", "render", "gone.json", "out.wav"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == os.EX_USAGE
    assert "gone.json cannot be read" in done.stderr


def test_a_full_disk_is_told_and_leaves_no_file(folder):
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(disk)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        _, said = render(folder, log(), "disk/out.wav", status=69)
        assert "no space left" in said
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_disk_that_is_slower_than_the_engine_gets_every_sample(folder, monkeypatch):
    class Slow(recorder.Recorder):
        def put(self, planes):
            return super().put(
                planes[:, : max(1, planes.shape[1] // 3)].copy() if planes.flags.c_contiguous else planes
            )

    render(folder, log())
    monkeypatch.setattr(recorder, "Recorder", Slow)
    source, out = folder / "log.json", folder / "slow.wav"
    command.render(setlog.read(source), source, out, lambda _done: None)
    assert out.read_bytes() == (folder / "out.wav").read_bytes()


def test_a_night_of_tracks_needs_no_more_memory_than_the_decks(tmp_path, monkeypatch):
    """Every track is let go of when no deck will have it again; the one that comes back is decoded once."""
    alive = []
    whole = WholeTracks.load

    def load(self, path):
        track = whole(self, path)
        alive.append(weakref.ref(track.memory))
        return track

    monkeypatch.setattr(WholeTracks, "load", load)
    names = [tone(tmp_path, f"t{number}", seconds=1, hertz=200 + number).name for number in range(8)]
    events = [[number / 2, "deck1.load", name] for number, name in enumerate([*names, names[0]])]
    text = json.dumps(log(seconds=5.0, load={"deck2": names[0]}, events=events))
    most = 0
    with contextlib.closing(Replay(setlog.parse(text), tmp_path)) as replay:
        for _ in replay.chunks():
            gc.collect()
            most = max(most, sum(ref() is not None for ref in alive))
    assert len(alive) == 8
    assert most <= 4
