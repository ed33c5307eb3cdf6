"""The engine process against a real JACK server: sound, recording, renders, and what happens when things are killed."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from device.errors import InputError
from tests.live import Box, read_audio, tone

pytestmark = pytest.mark.live


@pytest.fixture
def box(tmp_path):
    with Box(tmp_path) as box:
        yield box


def test_a_file_loaded_over_the_panel_is_heard_and_its_state_is_seen(box):
    box.load(1, tone(box.folder, seconds=20))
    assert box.panel.get("deck1.title") == "tone"
    assert box.panel.get("deck1.duration") == pytest.approx(20, abs=1e-4)
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("mixer.main.peak_left") > 0.1)
    before = box.number("deck1.position")
    box.until(lambda: box.number("deck1.position") > before + 0.5)


def test_an_action_sent_right_after_a_load_waits_for_the_track(box):
    path = tone(box.folder, seconds=20)
    box.panel.do("deck1.load", str(path))
    box.panel.do("deck1.seek", 10.0)
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") > 10.1)


def test_an_action_without_effect_is_refused_with_the_reason(box):
    for name, argument, words in (
        ("deck1.play", 1.0, "deck1 is empty"),
        ("deck1.load", "/nowhere/x.wav", "there is no file"),
        ("deck1.load", "x.wav", "absolute path"),
        ("record.stop", None, "nothing is being recorded"),
    ):
        with pytest.raises(InputError, match=words):
            box.panel.do(name, argument)


def test_a_broken_file_leaves_the_deck_as_it_was_and_says_why(box):
    box.load(1, tone(box.folder, seconds=20))
    box.panel.set("deck1.play", 1)
    bad = box.folder / "bad.wav"
    bad.write_bytes(b"RIFF nothing of the kind")
    box.panel.do("deck1.load", str(bad))
    box.until(lambda: "bad.wav" in box.panel.get("deck1.message") and "loading" not in box.panel.get("deck1.message"))
    assert box.panel.get("deck1.title") == "tone"
    assert box.number("deck1.play") == 1


def _play_a_set(box, keylock):
    """A short set with everything that a set has; returns the recording."""
    panel = box.panel
    box.load(1, tone(box.folder, "one", seconds=40, noise=True))
    box.load(2, tone(box.folder, "two", seconds=40, hertz=330))
    panel.do("deck1.grid", [125, 0.1])
    panel.set("deck1.play", 1)
    box.sleep(0.5)  # the recording starts in the middle of things
    panel.set("mixer.ch1.eq_mid", -12)
    panel.do("record.start")
    if keylock:
        panel.set("deck1.keylock", 1)
    panel.set("deck1.tempo", 4.2)
    panel.set("deck2.play", 1)
    for step in range(20):
        panel.set("mixer.crossfader", -1 + step / 10)
        box.sleep(0.02)
    panel.do("deck1.loop.beats", 0.5)
    panel.set("mixer.ch2.filter", 0.4)
    box.sleep(0.6)
    panel.do("deck1.hotcue.1.set")
    panel.do("deck1.loop.beats", 0)
    panel.do("deck1.beatjump", 8)
    panel.set("deck2.reverse", 1)
    box.sleep(0.3)
    panel.do("deck1.hotcue.1.go")
    panel.set("mixer.ch1.eq_low", -26)
    panel.set("deck2.jog.touch", 1)
    for step in range(10):
        panel.set("deck2.jog.angle", step * 0.01)
        box.sleep(0.01)
    panel.set("deck2.jog.touch", 0)
    panel.set("mixer.main", 6)
    box.sleep(0.5)
    panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)
    assert box.number("record.dropped") == 0
    return box.recording()


@pytest.mark.parametrize("keylock", [False, True], ids=["varispeed", "keylock"])
def test_rendering_the_log_of_a_live_set_gives_the_recording_sample_for_sample(box, keylock):
    recording = _play_a_set(box, keylock)
    rendered = box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(recording.with_suffix(".json")), str(rendered))
    live, again = read_audio(recording), read_audio(rendered)
    assert live.shape == again.shape
    assert np.abs(live).max() > 0.1
    assert np.array_equal(live, again)


def test_a_flac_recording_holds_the_same_samples_as_its_render(box):
    box.panel.set("record.format", 1)
    recording = _play_a_set(box, False)
    assert recording.suffix == ".flac"
    rendered = box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(recording.with_suffix(".json")), str(rendered))
    assert np.array_equal(read_audio(recording), read_audio(rendered))


def test_a_set_played_over_a_change_of_the_period_renders_sample_for_sample(box):
    import jack

    box.load(1, tone(box.folder, seconds=60, noise=True))
    client = jack.Client("period", servername=box.server)
    box.panel.do("record.start")
    box.panel.set("deck1.play", 1)
    for period in (32, 48, 256):  # blocks of 32, 48 and 64 frames
        box.panel.set("deck1.keylock", float(period == 48))
        box.panel.set("deck1.tempo", 3.0)
        client.blocksize = period
        box.until(lambda period=period: box.number("engine.period") == period)
        box.sleep(0.4)
    client.close()
    box.panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)
    recording, rendered = box.recording(), box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(recording.with_suffix(".json")), str(rendered))
    assert np.array_equal(read_audio(recording), read_audio(rendered))
    assert sum(
        name == "engine.block" for _, name, _ in json.loads(recording.with_suffix(".json").read_text())["events"]
    )


def test_jumps_into_music_that_is_not_decoded_yet_render_sample_for_sample(box):
    path = tone(box.folder, seconds=300, noise=True)
    box.panel.set("deck1.slip", 1)
    box.panel.do("record.start")
    box.panel.do("deck1.load", str(path))
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") > 0.1)
    box.panel.do("deck1.seek", 290.0)
    box.panel.set("deck1.reverse", 1)
    waited = box.number("deck1.ready") < 1
    box.until(lambda: box.number("deck1.ready") == 1 and box.number("deck1.held") == 0)
    box.panel.set("deck1.reverse", 0)
    box.sleep(0.3)
    box.panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)
    recording, rendered = box.recording(), box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(recording.with_suffix(".json")), str(rendered))
    live = read_audio(recording)
    assert waited, "the file was decoded at once: make it longer"
    assert np.abs(live[:, -4800:]).max() > 1000
    assert np.array_equal(live, read_audio(rendered))


def test_a_loop_backwards_over_what_is_not_decoded_yet_waits_and_renders_sample_for_sample(box):
    path = tone(box.folder, seconds=300, noise=True)
    box.panel.do("record.start")
    box.panel.do("deck1.load", str(path))
    box.panel.do("deck1.loop.at", [1.0, 240.0])
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") > 0.2)
    box.panel.set("deck1.reverse", 1)
    box.panel.do("deck1.loop.exit", 1)  # into the loop, which backwards begins at its end
    waited = box.number("deck1.ready") < 0.8
    box.until(lambda: box.number("deck1.held") == 0 and 239 < box.number("deck1.position") < 239.8)
    box.panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)
    recording, rendered = box.recording(), box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(recording.with_suffix(".json")), str(rendered))
    assert waited, "the file was decoded at once: make it longer"
    assert np.array_equal(read_audio(recording), read_audio(rendered))


def test_a_recording_stopped_while_the_sound_server_is_away_ends_well_and_so_does_the_engine(box):
    box.load(1, tone(box.folder, seconds=60, noise=True))
    box.panel.set("deck1.play", 1)
    box.panel.do("record.start")
    box.until(lambda: box.number("record.seconds") > 1)
    box.kill_jack()
    box.panel.do("record.stop")
    box.until(lambda: box.number("record.active") == 0)
    box.start_jack()
    before = box.number("deck1.position")
    box.until(lambda: box.number("deck1.position") > before + 0.3)
    assert read_audio(box.recording()).shape[1] > 40000
    assert box.recording().with_suffix(".json").exists()
    for _ in range(3):  # and the next ones are whole, whatever their format
        box.panel.set("record.format", 1 - box.number("record.format"))
        box.panel.do("record.start")
        box.until(lambda: box.number("record.seconds") > 0.2)
        box.panel.do("record.stop")
        box.until(lambda: box.number("record.active") == 0)
        assert read_audio(box.recording()).shape[1] > 4800
    logs = list(box.recording().parent.glob("*.json"))
    assert len(logs) == 4


def test_decks_whose_decoders_are_slow_go_on_after_a_kill(box):
    for deck in (1, 2):
        box.load(deck, tone(box.folder, f"tone{deck}", seconds=60))
        box.panel.set(f"deck{deck}.play", 1)
    box.until(lambda: box.number("deck1.play") == 1 and box.number("deck2.play") == 1)
    box.kill_engine()
    box.start_engine()
    children = box.engine_children()
    for child in children:
        os.kill(child, signal.SIGSTOP)
    box.sleep(6)  # longer than decks wait for each other
    for child in children:
        os.kill(child, signal.SIGCONT)
    box.until(lambda: box.number("deck1.play") == 1 and box.number("deck2.play") == 1)


def test_an_engine_killed_again_before_its_decks_are_back_loses_none(box):
    folder = box.folder / ("long " * 45) / ("folder " * 30)  # longer than a panel's text would hold
    folder.mkdir(parents=True)
    path = tone(folder, seconds=60)
    box.load(1, path)
    box.panel.do("deck1.seek", 20.0)
    box.panel.set("deck1.play", 1)
    box.panel.do("record.start")
    box.until(lambda: box.number("deck1.position") > 20.2)
    box.kill_engine()
    for delay in (0.3, 0.6, 0.7):  # somewhere between the new panel and the decks' return
        box.start_engine_and_kill(delay)
    box.start_engine()
    box.until(lambda: box.number("deck1.play") == 1 and box.number("deck1.position") > 20.2)
    assert box.panel.get("deck1.path") == str(path)
    box.until(lambda: box.number("record.active") == 1)


def test_a_second_engine_for_the_same_home_is_refused(box):
    command = [sys.executable, "-m", "device.cli", "engine", "--name", "second"]
    second = subprocess.run(command, env=box.env, capture_output=True, text=True, check=False)
    assert second.returncode == os.EX_CONFIG
    assert "already runs for this home" in second.stderr
    box.load(1, tone(box.folder, seconds=2))  # and the first one never noticed


def test_presses_are_refused_while_the_sound_server_is_away(box):
    box.load(1, tone(box.folder, seconds=20))
    box.kill_jack()
    box.until(lambda: "sound server" in box.panel.get("engine.message"))
    with pytest.raises(InputError, match="sound server is away"):
        box.panel.do("deck1.play", 1)
    with pytest.raises(InputError, match="sound server is away"):
        box.panel.do("record.start")


def test_an_engine_that_was_killed_resumes_its_decks_where_they_were(box):
    path = tone(box.folder, seconds=60)
    box.load(1, path)
    box.panel.do("deck1.grid", [120, 0.25])
    box.panel.do("deck1.hotcue.2.at", [3.0, 0.0])
    box.panel.set("mixer.ch1.fader", 0.7)
    box.panel.do("deck1.seek", 20.0)
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") > 20.5)
    box.kill_engine()
    where = box.number("deck1.position")
    box.start_engine()
    box.until(lambda: box.number("deck1.play") == 1 and box.number("deck1.position") > where)
    assert box.number("deck1.position") < where + 5
    assert box.number("deck1.hotcue.2") == pytest.approx(3.0)
    assert box.number("deck1.grid.bpm") == 120
    assert box.panel.get("mixer.ch1.fader") == 0.7


def test_an_engine_that_was_stopped_in_order_starts_empty(box):
    box.load(1, tone(box.folder, seconds=20))
    box.stop_engine()
    box.start_engine()
    assert box.number("deck1.serial") == 0
    assert box.panel.get("deck1.title") == ""


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_recording_cut_off_by_a_kill_plays_and_is_mended_at_the_next_start(box, kind):
    box.panel.set("record.format", kind == "flac")
    box.load(1, tone(box.folder, seconds=60, noise=True))
    box.panel.set("deck1.play", 1)
    box.panel.do("record.start")
    box.until(lambda: box.number("record.seconds") >= 2)
    began = box.recording()
    seconds = box.number("record.seconds")
    box.kill_engine()
    cut = read_audio(began)
    assert cut.shape[1] / 48000 >= seconds - 1
    box.start_engine()
    box.until(lambda: not list(began.parent.glob("*.journal")) or box.number("record.active") == 1)
    mended = read_audio(began)
    assert mended.shape[1] >= cut.shape[1]
    assert np.array_equal(mended[:, : cut.shape[1]], cut)
    log = json.loads(began.with_suffix(".json").read_text())
    assert log["seconds"] == pytest.approx(mended.shape[1] / 48000)
    rendered = box.folder / "again.wav"
    box.rackdeck("render", "--quiet", str(began.with_suffix(".json")), str(rendered))
    assert np.array_equal(mended, read_audio(rendered))


def test_a_dead_decoder_child_is_told_and_the_music_goes_on(box):
    box.load(1, tone(box.folder, seconds=60))
    box.panel.set("deck1.play", 1)
    for child in box.engine_children():
        os.kill(child, signal.SIGKILL)
    before = box.number("deck1.position")
    box.until(lambda: box.number("deck1.position") > before + 0.3)
    box.load(2, tone(box.folder, "other", seconds=5))
    assert box.panel.get("deck2.title") == "other"


def test_the_sound_comes_back_when_the_server_was_killed_and_started_again(box):
    box.load(1, tone(box.folder, seconds=60))
    box.panel.set("deck1.play", 1)
    box.until(lambda: box.number("deck1.position") > 0.3)
    box.kill_jack()
    box.until(lambda: "sound server" in box.panel.get("engine.message"))
    box.start_jack()
    before = box.number("deck1.position")
    box.until(lambda: box.number("deck1.position") > before + 0.3)
    assert box.panel.get("engine.message") == ""


HOG = """
import gc, sys, threading, time
def hog():
    end = time.monotonic() + 6
    while time.monotonic() < end:
        sorted(range(200000, 0, -1)); gc.collect()
threading.Thread(target=hog, daemon=True).start()
import device.cli
sys.exit(device.cli.main(["engine"]))
"""


def test_python_that_hogs_the_gil_in_the_engine_process_does_not_cost_a_single_frame(tmp_path):
    with Box(tmp_path, engine_code=HOG) as box:
        box.load(1, tone(box.folder, seconds=30))
        box.panel.set("deck1.play", 1)
        box.until(lambda: box.number("deck1.position") > 0.2)
        frames, heard = [], []
        end = time.monotonic() + 2
        while time.monotonic() < end:
            frames.append(box.number("engine.frame"))
            heard.append(box.number("deck1.position"))
            time.sleep(0.02)
    made = np.array(frames) - frames[0]
    played = (np.array(heard) - heard[0]) * 48000
    assert made[-1] > 48000  # the callback ran all the while
    assert np.abs(made - played).max() <= 2 * 128  # and each of its frames moved the deck on


def test_a_full_disk_ends_the_recording_cleanly_and_says_so(tmp_path):
    full = tmp_path / "disk"
    full.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(full)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        with Box(tmp_path, home=full) as box:
            box.load(1, tone(box.folder, seconds=60, noise=True))
            box.panel.set("deck1.play", 1)
            box.panel.do("record.start")
            box.until(lambda: box.number("record.seconds") > 1)
            filler = full / "filler"
            with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
            box.until(lambda: box.number("record.active") == 0)
            assert "full" in box.panel.get("record.message")
            assert read_audio(box.recording()).shape[1] > 40000
            before = box.number("deck1.position")
            box.until(lambda: box.number("deck1.position") > before + 0.3)
            filler.unlink()
    finally:
        subprocess.run(["umount", "-l", str(full)], check=False)
