"""The bench: each part measures what it says, and its reports say what was measured. No test looks at a time."""

import argparse
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from device.bench import (
    command,
    display,
    engine,
    goals,
    latency,
    load,
    material,
    quality,
    speed,
    xruns,
)
from device.bench.box import jack_server, listening, start_box
from device.bench.measurement import Settings, spread, usual_cache
from device.bench.process import Watch, wait_until
from device.bench.report import Outcome, Report, cell, describe_machine, heading
from device.engine import parts
from device.errors import InputError, MachineError

pytestmark = pytest.mark.slow

RATE = material.RATE
needs_jack = pytest.mark.skipif(parts.optional("jack_client") is None, reason="built without JACK")


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """So little of everything that all of it takes seconds."""
    folder = tmp_path_factory.mktemp("cache")
    return Settings(
        folder, sound=0.1, watch=0.4, turns=2, presses=4, loads=1, rest=0.1, long_track=5.0, short_track=17.0,
        excerpt=2.0, repeats=1, drawn=0.3, peer_watch=0.2, peer_presses=2, peer_rounds=1,
    )  # fmt: skip


@pytest.fixture
def said():
    return []


# --- figures ---


def test_a_spread_holds_values_that_occurred():
    values = [float(value) for value in range(1, 101)]
    found = spread(values, "ms", ("min", "median", "p99", "worst"))
    assert list(found) == ["min_ms", "median_ms", "p99_ms", "worst_ms"]
    assert set(found.values()) <= set(values)
    assert (found["min_ms"], found["worst_ms"]) == (1.0, 100.0)
    assert found["median_ms"] in (50.0, 51.0)
    assert spread([], "ms", ("median",)) == {"median_ms": None}


def test_the_measures_of_a_tone_find_what_was_put_in():
    at = np.arange(RATE) / RATE
    wave = 0.5 * np.sin(2 * np.pi * 1000 * at) + 0.0005 * np.sin(2 * np.pi * 7777 * at)
    assert quality.thd_n(wave, 1000, RATE) == pytest.approx(-60, abs=0.1)
    assert quality.strongest_other(wave, 1000, RATE) == pytest.approx(-60, abs=0.1)
    assert quality.pitch(wave, 1003, RATE) == pytest.approx(1000, abs=0.01)
    assert quality.cents(880, 440) == pytest.approx(1200)


def test_the_music_is_loud_from_its_first_frame_and_the_same_each_time():
    music = material.music(9.0)
    assert music.shape == (2, 9 * RATE)
    assert np.abs(music[:, :480]).max() > 0.1
    assert -20 < quality.decibels(quality.rms(music)) < -6
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


def test_a_quick_run_measures_less_but_never_nothing(tmp_path):
    usual, quick = Settings(tmp_path), Settings.quick(tmp_path)
    assert (usual.watch, usual.presses, usual.long_track) == (60.0, 200, 600.0)
    for name in Settings.__slots__:
        if name != "cache":
            assert 0 < getattr(quick, name) <= getattr(usual, name)


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
    cases = list(engine.measure(brief, said.append))
    kinds = {(case["decks"], case["keylock"], case["filters"], case["frames"]) for case in cases}
    assert len(cases) == len(kinds) == 2 * 2 * 2 * 3
    for case in cases:
        assert case["periods"] == pytest.approx(0.1 * RATE / case["frames"], abs=6)
        assert case["stretching_right"] is (not case["keylock"] or parts.stretcher() is not None)
        assert case["reduction_db"] > 0 or case["filters"]  # the limiter is at work
        for part in ("callback", "stretching", "together"):
            assert 0 < case[f"{part}_median_us"] <= case[f"{part}_p99_us"] <= case[f"{part}_worst_us"]
            assert case[f"{part}_percent"] > 0


def test_filters_cost_what_they_cost_and_neighbours_spoil_only_some_turns():
    calm = (np.full(10, 10.0), np.full(10, 40.0))
    spoilt = (np.full(10, 500.0), np.full(10, 900.0))
    case = engine._figures([calm, spoilt, calm], 1000.0)
    assert (case["callback_percent"], case["stretching_percent"], case["together_percent"]) == (1.0, 4.0, 5.0)
    assert case["together_worst_us"] == 1400.0
    assert case["periods"] == 30


def test_the_sound_is_as_clean_as_promised(brief, said):
    cases = list(quality.measure(brief, said.append))
    varispeed = [case for case in cases if case["of"] == "varispeed"]
    assert [case["tone_hz"] for case in varispeed] == list(range(1000, 11000, 1000))
    assert max(case["thd_n_db"] for case in varispeed) <= -80
    assert max(case["alias_db"] for case in cases if "alias_db" in case) <= -80
    folding = [case for case in cases if case["of"] == "varispeed, folding"]
    assert all(case["tone_hz"] * (1 + case["tempo_percent"] / 100) > RATE / 2 for case in folding)
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


def test_every_format_is_decoded_whole_and_renders_are_timed_to_their_last_frame(brief, said):
    cases = list(speed.measure(brief, said.append))
    decoded, rendered = cases[:-2], cases[-2:]
    assert [case["decoded"] for case in decoded] == list(material.FORMATS)
    assert all(case["whole"] is True for case in decoded)
    assert [case["rendered"] for case in rendered] == ["no key-lock", "key-lock"]
    for case in rendered:
        assert case["frames_written"] == brief.excerpt * RATE
        assert case["times_real_time"] == pytest.approx(1000 * case["seconds"] / case["took_ms"])


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
def test_only_what_begins_after_silence_is_heard(brief, said):
    track = material.file(brief.cache, "wav", brief.short_track, said.append)
    with jack_server(64) as server, start_box(server) as box, listening("rackdeck:main_left") as left:
        box.load(1, track)
        box.panel.set("deck1.play", 1)
        left.arm()
        wait_until(lambda: left.heard, "the deck plays")
        box.panel.set("deck1.play", 0)  # still fading while the ear is armed
        left.arm_in_silence()
        assert not left.heard
        before = left.now()
        box.panel.set("deck1.play", 1)
        assert left.wait(before) > 0


@needs_jack
@pytest.mark.live
def test_loading_is_measured_at_rest_beside_another_and_under_music(brief, said):
    cases = list(load.measure(brief, said.append))
    assert [case["of"] for case in cases] == [
        "at rest",
        "second of two",
        "two decks play",
        "all of it decoded",
        "engine, empty",
        "engine, one track",
    ]
    for case in cases[:3]:
        assert case["n"] == 1
        assert 0 < case["min_ms"] <= case["worst_ms"]
    samples = brief.long_track * RATE * 8 / 2**20  # two planes of 32-bit floats
    assert cases[-1]["shared_mb"] - cases[-2]["shared_mb"] == pytest.approx(samples, rel=0.5)


@needs_jack
@pytest.mark.live
def test_xruns_are_counted_left_alone_with_the_display_and_with_a_hog(brief, said):
    pytest.importorskip("pygame")
    cases = list(xruns.measure(brief, said.append))
    assert [case["load"] for case in cases] == ["idle", "display", "GIL hog"]
    assert [line.partition(",")[0] for line in said] == ["idle", "display", "GIL hog"] * brief.turns
    for case in cases:
        assert case["seconds"] >= brief.watch
        assert case["made_percent"] > 0
        assert case["xruns"] >= 0
        assert case["realtime_threads_percent"] >= case["audio_thread_percent"] >= 0


@needs_jack
@pytest.mark.live
def test_the_hog_works_in_the_engines_own_process_while_the_sound_goes_on():
    with jack_server(256) as server, start_box(server, ("device.bench.xruns",)) as box:
        with xruns._under("GIL hog", box, server):
            before, watch = box.number("engine.frame"), Watch(box.pid)
            wait_until(lambda: watch.usage().process > 0.5, "the hog works")
            usage = watch.usage()
            assert box.number("engine.frame") > before
        assert usage.process - usage.realtime > 2 * usage.realtime  # at rest the engine's other threads take less


@needs_jack
@pytest.mark.live
def test_the_displays_own_figures_are_taken(brief, said):
    pytest.importorskip("pygame")
    cases = list(display.measure(brief, said.append))
    assert [case["decks"] for case in cases] == [2, 4]
    assert all(case["frames"] > 0 and case["draw_ms_median"] > 0 for case in cases)


@needs_jack
@pytest.mark.live
def test_a_build_without_a_display_is_a_state_of_its_own(brief, said, monkeypatch):
    monkeypatch.setattr(display, "COMMAND", (sys.executable, "-c", "raise SystemExit('no such command')"))
    with pytest.raises(MachineError, match=r"no display.*no such command"):
        list(display.measure(brief, said.append))


# --- goals and reports ---


def results():
    return {
        "engine": [{"decks": 4, "keylock": True, "filters": True, "frames": 64, "together_percent": 24.0}],
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
        "4 decks with key-lock, every filter, 64 frames": True,
        "action to first changed sample, median": False,
        "xruns that a GIL hog adds": True,
        "varispeed THD+N, 1 to 10 kHz at +8 %": True,
        "varispeed aliasing, up to 22 kHz": False,
        "key-lock pitch error": False,
        "key-lock level error": True,
        "loudest sample that silence gives": True,
    }
    assert judged["key-lock pitch error"]["got"] == 2.5
    assert judged["key-lock pitch error"]["goal"] == 2


def test_xruns_tell_nothing_when_the_host_took_time():
    hog = {"xruns": [{"load": "idle", "xruns": 5, "stolen_seconds": 0.0}, {"load": "GIL hog", "xruns": 9}]}
    assert goals.judge(hog)["xruns that a GIL hog adds"]["met"] is False
    hog["xruns"][0]["stolen_seconds"] = 1.5
    assert goals.judge(hog)["xruns that a GIL hog adds"]["met"] is None


def test_what_was_not_measured_is_not_judged():
    assert len({goal.name for goal in goals.GOALS}) == len(goals.GOALS)
    assert goals.judge({}) == {}


def report():
    outcomes = {name: Outcome(state="measured", cases=cases) for name, cases in results().items()}
    outcomes["display"] = Outcome(display.TITLE, (), "absent", "this build has no display")
    loads = {"load_average": {"start": [0.5, 0, 0], "end": [1.25, 0, 0]}}
    return Report({**describe_machine(), **loads}, outcomes)


def test_the_text_shows_every_measurement_its_state_and_the_goals():
    text = report().as_text()
    assert "load average 0.5 before, 1.25 after" in text
    assert "display: Drawing the screen, off screen (absent: this build has no display)" in text
    assert text.index("\nengine\n") < text.index("\nlatency\n") < text.index("\nquality\n") < text.index("\ngoals\n")
    line = next(line for line in text.splitlines() if "key-lock pitch error" in line)
    assert line.split()[-5:] == ["most", "2", "cents", "not", "met"]
    assert max(map(len, text.splitlines())) <= 132


def test_the_data_has_the_machine_the_results_and_the_goals():
    data = json.loads(report().as_json())
    assert {"cpu", "cores", "kernel", "load_average", "python", "versions"} <= set(data["machine"])
    assert data["results"]["engine"]["state"] == "measured"
    assert data["results"]["engine"]["cases"] == results()["engine"]
    absent = {"title": display.TITLE, "state": "absent", "why": "this build has no display", "cases": []}
    assert data["results"]["display"] == absent
    assert data["goals"]["key-lock level error"] == {"goal": 0.5, "got": 0.1, "met": True, "unit": "dB"}


def test_headings_name_their_unit_and_figures_their_size():
    assert heading("callback_p999_us") == "callback p99.9 µs"
    assert heading("thd_n_db") == "THD+N dB"
    shown = [cell(value) for value in (None, True, 3, 0.0, 1e-9, 0.25, 12.34, 1234.5)]
    assert shown == ["–", "yes", "3", "0", "0.00", "0.25", "12.3", "1234"]


# --- the command ---


def test_names_are_checked_with_the_nearest_one():
    assert command.chosen("quality,engine", False) == ["engine", "quality"]
    assert command.chosen(None, False) == list(command.MEASUREMENTS)
    assert set(command.MEASUREMENTS) - set(command.chosen(None, True)) == {"peers"}
    assert command.chosen("peers", True) == ["peers"]
    with pytest.raises(InputError, match="did you mean latency"):
        command.chosen("latencie", False)
    with pytest.raises(InputError, match="engine, quality"):
        command.chosen(",", False)


def test_a_file_in_a_folder_that_is_not_there_is_refused_before_anything_is_measured(tmp_path):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(InputError, match="make it first"):
        command.run(parser.parse_args(["--out", str(tmp_path / "none" / "bench.json")]))


def run_bench(folder, *words):
    environment = {**os.environ, "TMPDIR": str(folder), "RACKDECK_HOME": str(folder / "home")}
    command_line = [sys.executable, "-m", "device.cli", "bench", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command_line, env=environment, **pipes)


def test_the_command_prints_data_and_writes_the_same_to_a_file(tmp_path):
    out = tmp_path / "bench.json"
    with run_bench(tmp_path, "--json", "--quick", "--only", "engine", "--out", str(out)) as bench:
        printed, said = bench.communicate()
    assert bench.returncode == 0, said
    assert json.loads(printed) == json.loads(out.read_text())
    assert list(json.loads(printed)["results"]) == ["engine"]
    assert "engine: 2 decks" in said


@needs_jack
@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_bench_prints_what_it_has_and_leaves_nothing_behind(tmp_path, number):
    with run_bench(tmp_path, "--json", "--quick", "--only", "xruns,display") as bench:
        for line in bench.stderr:
            if "idle, turn 1" in line:
                break
        children = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        bench.send_signal(number)
        bench.send_signal(number)  # impatience does not disturb the clearing up
        printed, said = bench.communicate()
    assert bench.returncode == command.INTERRUPTED, said
    states = {name: outcome["state"] for name, outcome in json.loads(printed)["results"].items()}
    assert states == {"xruns": "stopped"}
    assert len(children) >= 2  # a JACK server and an engine
    for child in children:
        assert not Path(f"/proc/{child}").exists()
    assert [
        path.name for path in tmp_path.iterdir() if path.name not in ("home", f"rackdeck-bench-{os.getuid()}")
    ] == []


def measured(monkeypatch, settings, say, **modules):
    """What a report holds after these measurements."""
    for name, cases in modules.items():
        monkeypatch.setattr(f"device.bench.{name}.measure", cases)
    report = Report({})
    assert command.measure(list(modules), settings, say, report) is True
    return report.outcomes


def test_what_is_missing_or_fails_is_said_and_the_rest_goes_on(monkeypatch, brief, said):
    def missing(_settings, _say):
        raise MachineError("there is no such thing here")
        yield

    def wrong(_settings, _say):
        yield {"of": "something"}
        raise ZeroDivisionError

    def right(_settings, say):
        say("measuring")
        yield {"format": "wav"}

    found = measured(monkeypatch, brief, said.append, quality=missing, latency=wrong, speed=right)
    assert (found["quality"].state, found["quality"].why) == ("absent", "there is no such thing here")
    assert (found["latency"].state, found["latency"].cases) == ("failed", [{"of": "something"}])
    assert (found["speed"].state, found["speed"].title, found["speed"].cases) == (
        "measured",
        speed.TITLE,
        [{"format": "wav"}],
    )
    assert "speed: measuring" in said


def test_every_measurement_has_a_title_and_columns():
    for name in command.MEASUREMENTS:
        module = importlib.import_module(f"device.bench.{name}")
        assert callable(module.measure)
        assert module.TITLE
        assert isinstance(module.COLUMNS, tuple)
