"""The bench: each part measures what it says, and its reports say what was measured. No test looks at a time."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from device.bench import (
    catalogue,
    command,
    decoding,
    drawing,
    dropouts,
    figures,
    goals,
    latency,
    loading,
    machine,
    material,
    mixxx,
    peers,
    periods,
    quality,
    rendering,
    residency,
    threads,
    tones,
    xwax,
)
from device.bench.children import Child
from device.bench.report import Outcome, Report, cell, heading
from device.bench.settings import Settings, usual_cache
from device.engine import parts
from device.errors import InputError, MachineError

RATE = material.RATE
needs_jack = pytest.mark.skipif(parts.optional("jack_client") is None, reason="built without JACK")


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """So little of everything that all of it takes seconds."""
    folder = tmp_path_factory.mktemp("cache")
    return Settings(
        folder, sound=0.1, watch=0.2, presses=4, loads=1, rest=0.1, long_track=5.0, track=5.0, short_track=17.0,
        excerpt=1.0, repeats=1, frames_watched=0.3, peer_watch=0.2, peer_presses=2, peer_rounds=1,
    )  # fmt: skip


@pytest.fixture
def said():
    return []


def parse(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


# --- figures ---


def test_a_spread_holds_values_that_occurred():
    values = [float(value) for value in range(1, 101)]
    found = figures.spread(values, "ms", ("min", "median", "p99", "worst"))
    assert list(found) == ["min_ms", "median_ms", "p99_ms", "worst_ms"]
    assert set(found.values()) <= set(values)
    assert (found["min_ms"], found["worst_ms"]) == (1.0, 100.0)
    assert found["median_ms"] in (50.0, 51.0)
    assert figures.spread([], "ms", ("median",)) == {"median_ms": None}


def test_the_measures_of_a_tone_find_what_was_put_in():
    at = np.arange(RATE) / RATE
    wave = 0.5 * np.sin(2 * np.pi * 1000 * at) + 0.0005 * np.sin(2 * np.pi * 7777 * at)
    assert tones.thd_n(wave, 1000, RATE) == pytest.approx(-60, abs=0.1)
    assert tones.strongest_other(wave, 1000, RATE) == pytest.approx(-60, abs=0.1)
    assert tones.pitch(wave, 1003, RATE) == pytest.approx(1000, abs=0.01)
    assert tones.cents(880, 440) == pytest.approx(1200)


def test_the_music_is_loud_from_its_first_frame_and_the_same_each_time():
    music = material.music(9.0)
    assert music.shape == (2, 9 * RATE)
    assert np.abs(music[:, :480]).max() > 0.1
    assert -20 < tones.decibels(tones.rms(music)) < -6
    assert np.abs(music).max() <= 1
    assert np.array_equal(music, material.music(9.0))


def test_a_music_file_is_made_once_and_never_left_half_written(brief, said, monkeypatch):
    path = material.file(brief.cache, "flac", 1.0, said.append)
    made = path.stat().st_mtime_ns
    assert material.file(brief.cache, "flac", 1.0, said.append) == path
    assert path.stat().st_mtime_ns == made

    def broken():
        yield material.music(0.5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        material.write(brief.cache / "half.flac", broken(), RATE)
    assert not list(brief.cache.glob("half*"))


def test_brief_runs_measure_less_but_never_nothing(tmp_path):
    usual, brief = Settings.lasting(None, tmp_path), Settings.lasting(0.05, tmp_path)
    assert (usual.watch, usual.presses, usual.long_track) == (60.0, 200, 600.0)
    assert brief.watch == 0.05
    assert min(brief.presses, brief.loads, brief.repeats, brief.peer_rounds) >= 1
    assert brief.long_track == usual.long_track  # the goal is about ten minutes


def test_the_cache_must_be_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = usual_cache()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert usual_cache() == folder
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(MachineError, match="another user"):
        usual_cache()


# --- measurements without a sound server ---


def test_the_engine_is_timed_in_every_combination_while_it_really_plays(brief, said):
    cases = list(periods.measure(brief, said.append))
    kinds = {(case["decks"], case["keylock"], case["eq"], case["frames"]) for case in cases}
    assert len(cases) == len(kinds) == 2 * 2 * 2 * 3
    for case in cases:
        assert case["periods"] == pytest.approx(0.1 * RATE / case["frames"], abs=5)
        assert case["stretching_right"] is True
        assert case["reduction_db"] > 0 or case["eq"]  # the limiter is at work
        for part in ("callback", "stretching", "together"):
            assert 0 < case[f"{part}_median_us"] <= case[f"{part}_p99_us"] <= case[f"{part}_worst_us"]
        assert case["together_percent"] == pytest.approx(case["callback_percent"] + case["stretching_percent"])


def test_the_sound_is_as_clean_as_promised(brief, said):
    cases = list(quality.measure(brief, said.append))
    varispeed = [case for case in cases if case["of"] == "varispeed"]
    assert [case["tone_hz"] for case in varispeed] == list(range(1000, 11000, 1000))
    assert max(case["thd_n_db"] for case in varispeed) <= -80
    assert max(case["alias_db"] for case in varispeed) <= -80
    assert max(abs(case["level_db"]) for case in varispeed) <= 0.05
    if parts.stretcher() is not None:
        locked = [case for case in cases if case["of"] == "key-lock"]
        assert [case["tempo_percent"] for case in locked] == [-16, -8, -4, 4, 8, 16]
        assert max(abs(case["pitch_cents"]) for case in locked) <= 2
        assert max(abs(case["level_db"]) for case in locked) <= 0.5
    steps = [case["step_ratio"] for case in cases if str(case["of"]).startswith("step at")]
    assert len(steps) == 5
    assert max(steps) <= 1
    assert [case["loudest"] for case in cases if case["of"] == "silence"] == [0.0]


def test_every_format_is_decoded_whole(brief, said):
    cases = list(decoding.measure(brief, said.append))
    assert [case["format"] for case in cases] == list(material.FORMATS)
    assert all(case["whole"] is True for case in cases)
    assert all(case["times_real_time"] == pytest.approx(1000 * case["seconds"] / case["took_ms"]) for case in cases)


def test_a_render_is_timed_to_its_last_frame(brief, said):
    cases = list(rendering.measure(brief, said.append))
    assert [case["keylock"] for case in cases] == [False, True]
    assert all(case["frames_written"] == brief.excerpt * RATE for case in cases)


# --- measurements on a box ---


@needs_jack
@pytest.mark.live
def test_latency_is_measured_for_an_action_and_for_a_value(brief, said):
    cases = list(latency.measure(brief, said.append))
    assert [case["of"] for case in cases] == ["play, over the socket", "fader, shared memory"]
    for case in cases:
        assert (case["n"], case["frames"]) == (4, 64)
        assert 0 < case["min_ms"] <= case["median_ms"] <= case["worst_ms"]


@needs_jack
@pytest.mark.live
def test_loading_is_measured_at_rest_beside_another_and_under_music(brief, said):
    cases = list(loading.measure(brief, said.append))
    assert [(case["case"], case["playing"]) for case in cases] == [
        ("at rest", 0),
        ("second of two", 0),
        ("two decks play", 2),
    ]
    for case in cases:
        assert case["n"] == 1
        assert 0 < case["min_ms"] <= case["worst_ms"]
        assert case["whole_track_ms"] > 0


@needs_jack
@pytest.mark.live
def test_xruns_are_counted_left_alone_with_the_display_and_with_a_hog(brief, said):
    cases = list(dropouts.measure(brief, said.append))
    assert [case["load"] for case in cases] == ["idle", "display", "GIL hog"]
    for case in cases:
        assert case["frames_made"] > 0
        assert case["frames_expected"] == pytest.approx(case["seconds"] * RATE, abs=1)
        assert case["worst_callback_us"] > 0
        assert case["xruns"] >= 0
        assert case["realtime_threads_percent"] >= case["audio_thread_percent"] >= 0


@needs_jack
@pytest.mark.live
def test_memory_grows_by_the_tracks_samples(brief, said):
    cases = list(residency.measure(brief, said.append))
    assert [case["tracks"] for case in cases] == [0, 2, 4]
    samples = brief.track * RATE * 8 / 2**20  # two planes of 32-bit floats
    shared = [case["shared_mb"] for case in cases]
    assert shared[1] - shared[0] == pytest.approx(2 * samples, rel=0.2)
    assert shared[2] - shared[1] == pytest.approx(2 * samples, rel=0.2)


@needs_jack
@pytest.mark.live
def test_the_displays_own_figures_are_taken(brief, said):
    pytest.importorskip("pygame")
    cases = list(drawing.measure(brief, said.append))
    assert [case["decks"] for case in cases] == [2, 4]
    assert all(case["frames"] > 0 and case["draw_ms_median"] > 0 for case in cases)


def test_a_build_without_a_display_is_a_state_of_its_own(brief, said, monkeypatch):
    monkeypatch.setattr(drawing, "COMMAND", (sys.executable, "-c", "raise SystemExit('no such command')"))
    with pytest.raises(MachineError, match="no display"):
        list(drawing.measure(brief, said.append))


# --- peers ---


def test_without_peers_the_bench_says_how_to_get_them(brief, said, monkeypatch):
    monkeypatch.setattr(mixxx, "installed", lambda: "")
    monkeypatch.setattr(xwax, "installed", lambda: "")
    with pytest.raises(MachineError, match="apt install mixxx xwax"):
        list(peers.measure(brief, said.append))


def test_turns_are_compared_by_their_medians():
    def turn(program, spent):
        return {"program": program, "frames": 64, "of": peers.PLAIN, "realtime_threads_percent": spent}

    cases = [turn("Rackdeck", spent) for spent in (2.0, 4.0, 9.0)] + [turn("Mixxx", 8.0), turn("Mixxx", 8.0)]
    (found,) = peers.compared(cases)
    assert (found["peer"], found["rackdeck"], found["its"], found["times"]) == ("Mixxx", 4.0, 8.0, 2.0)


def test_a_peer_that_fails_is_left_out_and_the_others_go_on(brief, said, monkeypatch):
    def failing(_server):
        raise MachineError("it shows no window")
        yield

    run = peers.Run(brief, said.append, (Path("a"), Path("b")))
    run.left_out.clear()
    ours = [{"of": peers.PLAIN, "realtime_threads_percent": 1.0}]
    monkeypatch.setattr(
        peers, "jack_server", lambda period: Child([sys.executable, "-c", ""], brief.cache / "none.log")
    )
    monkeypatch.setattr(run, "sessions", (("Rackdeck", lambda _server: iter(ours)), ("Mixxx", failing)))
    cases = list(run.turn(64, 1))
    assert [case["program"] for case in cases] == ["Rackdeck"]
    assert run.left_out == {"Mixxx": "it shows no window"}


def test_the_timecode_turns_forwards():
    tone = xwax.timecode(1.0)
    turning = np.unwrap(np.angle(tone[0] + 1j * tone[1]))
    assert tone.shape == (2, RATE)
    assert abs(turning[-1] - turning[0]) / (2 * np.pi) == pytest.approx(xwax.CARRIER_HZ, rel=1e-3)


def test_the_time_of_real_time_threads_is_told_apart(tmp_path):
    code = "import time\nend = time.thread_time() + 0.2\nwhile time.thread_time() < end: pass\ntime.sleep(60)"
    with Child([sys.executable, "-c", code], tmp_path / "log") as child:
        watch = threads.Watch(child.pid)
        child.wait_until(lambda: watch.used() > 0.2, "it works")
        usage = watch.usage()
    assert usage.process > 0
    assert (usage.audio, usage.realtime) == (0, 0)


# --- children ---


def test_a_child_that_ends_too_early_is_told_with_its_last_words(tmp_path):
    code = "import sys; sys.exit('no sound here')"
    child = Child([sys.executable, "-c", code], tmp_path / "log")
    with child, pytest.raises(MachineError, match="no sound here"):
        child.wait_until(lambda: False, "it plays")


def test_a_child_dies_with_the_bench(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from device.bench.children import Child\n"
        f"child = Child([sys.executable, '-c', 'import time; time.sleep(600)'], Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    wait_until_gone(child)


def wait_until_gone(pid):
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.02)


# --- goals and reports ---


def results():
    return {
        "engine": [{"decks": 4, "keylock": True, "eq": True, "frames": 64, "together_percent": 24.0}],
        "latency": [{"of": "play, over the socket", "median_ms": 2.5, "p99_ms": None}],
        "quality": [
            {"of": "varispeed", "thd_n_db": -100.0, "alias_db": -70.0},
            {"of": "key-lock", "pitch_cents": -2.5, "level_db": 0.1},
            {"of": "silence", "loudest": 0.0},
        ],
        "xruns": [{"load": "idle", "xruns": 5}, {"load": "GIL hog", "xruns": 4}],
    }


def test_each_goal_is_judged_by_its_own_figure():
    judged = goals.judge(results())
    met = {name: goal["met"] for name, goal in judged.items()}
    assert met == {
        "4 decks with key-lock, EQ and limiter, 64 frames": True,
        "action to first changed sample, median": False,
        "xruns that a GIL hog adds": True,
        "varispeed THD+N, 1 to 10 kHz at +8 %": True,
        "varispeed aliasing, 1 to 10 kHz at +8 %": False,
        "key-lock pitch error": False,
        "key-lock level error": True,
        "loudest sample that silence gives": True,
    }
    assert judged["key-lock pitch error"]["got"] == 2.5
    assert judged["key-lock pitch error"]["goal"] == 2


def test_every_goal_can_be_told_from_a_whole_run():
    assert len({goal.name for goal in goals.GOALS}) == len(goals.GOALS)
    assert goals.judge({}) == {}


def report():
    outcomes = {name: Outcome("measured", "", cases) for name, cases in results().items()}
    outcomes["display"] = Outcome("absent", "this build has no display")
    loads = {"load_average": {"start": [0.5, 0, 0], "end": [1.25, 0, 0]}}
    return Report({**machine.describe(), **loads}, outcomes)


def test_the_text_shows_every_measurement_its_state_and_the_goals():
    text = report().as_text()
    assert "load average 0.5 before, 1.25 after" in text
    assert "display: Drawing the screen, off screen (absent: this build has no display)" in text
    assert text.index("engine:") < text.index("quality:") < text.index("latency:") < text.index("goals")
    line = next(line for line in text.splitlines() if "key-lock pitch error" in line)
    assert line.split()[-5:] == ["most", "2", "cents", "not", "met"]
    assert max(map(len, text.splitlines())) <= 132


def test_the_data_has_the_machine_the_results_and_the_goals():
    data = json.loads(report().as_json())
    assert {"cpu", "cores", "kernel", "load_average", "python", "versions"} <= set(data["machine"])
    assert data["results"]["engine"]["state"] == "measured"
    assert data["results"]["engine"]["cases"] == results()["engine"]
    assert data["results"]["display"] == {"state": "absent", "why": "this build has no display", "cases": []}
    assert data["goals"]["key-lock level error"] == {"goal": 0.5, "got": 0.1, "met": True, "unit": "dB"}


def test_headings_name_their_unit_and_figures_their_size():
    assert heading("callback_p999_us") == "callback p99.9 µs"
    assert heading("thd_n_db") == "THD+N dB"
    shown = [cell(value) for value in (None, True, 3, 0.0, 1e-9, 0.25, 12.34, 1234.5)]
    assert shown == ["–", "yes", "3", "0", "0.00", "0.25", "12.3", "1234"]


# --- the command ---


def test_names_are_checked_with_the_nearest_one():
    assert [one.name for one in command.chosen("quality,engine", False)] == ["engine", "quality"]
    assert "peers" not in [one.name for one in command.chosen(None, False)]
    assert command.chosen("peers", False)[0].name == "peers"
    assert [one.name for one in command.chosen("quality", True)] == ["quality", "peers"]
    with pytest.raises(InputError, match="did you mean latency"):
        command.chosen("latencie", False)
    with pytest.raises(InputError, match="engine, quality"):
        command.chosen(",", False)


@pytest.mark.parametrize("words", ["0", "-3", "many", "1e9"])
def test_seconds_that_make_no_sense_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        parse("--seconds", words)
    assert "seconds are a number" in capsys.readouterr().err


def run_bench(folder, *words, **options):
    environment = {**os.environ, "TMPDIR": str(folder), "RACKDECK_HOME": str(folder / "home")}
    command_line = [sys.executable, "-m", "device.cli", "bench", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command_line, env=environment, **pipes, **options)


def test_the_command_prints_data_and_writes_the_same_to_a_file(tmp_path):
    out = tmp_path / "bench.json"
    with run_bench(tmp_path, "--json", "--only", "render", "--seconds", "0.05", "--out", str(out)) as bench:
        printed, said = bench.communicate()
    assert bench.returncode == 0, said
    assert json.loads(printed) == json.loads(out.read_text())
    assert list(json.loads(printed)["results"]) == ["render"]
    assert "rendering a set" in said


@needs_jack
@pytest.mark.live
def test_a_stopped_bench_prints_what_it_has_and_leaves_nothing_running(tmp_path):
    with run_bench(tmp_path, "--json", "--only", "render,xruns", "--seconds", "0.05") as bench:
        for line in bench.stderr:
            if "counting xruns" in line or bench.poll() is not None:
                break
        children = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        bench.send_signal(signal.SIGINT)
        printed, _ = bench.communicate()
    assert bench.returncode in (0, 130)  # it may have been done that very moment
    data = json.loads(printed)
    states = {name: outcome["state"] for name, outcome in data["results"].items()}
    if bench.returncode == 130:
        assert "stopped" in states.values()
    assert len(children) >= 2
    for child in children:
        assert not Path(f"/proc/{child}").exists()


def test_what_is_missing_is_left_out_with_its_reason(monkeypatch, brief, said):
    def missing(_settings, _say):
        raise MachineError("there is no such thing here")
        yield

    monkeypatch.setattr(quality, "measure", missing)
    measured = Report({})
    monkeypatch.setattr(decoding, "measure", lambda _settings, _say: (case for case in [{"format": "wav"}]))
    assert command.measure(command.chosen("quality,decode", False), brief, said.append, measured) is True
    assert measured.outcomes["quality"].state == "absent"
    assert measured.outcomes["quality"].why == "there is no such thing here"
    assert measured.outcomes["decode"].state == "measured"


def test_every_measurement_can_be_imported():
    import importlib

    for measurement in catalogue.MEASUREMENTS:
        assert callable(importlib.import_module(measurement.module).measure)
