"""Recordings on disk: the bytes of WAV and FLAC, what survives a cut, and how it is mended."""

import errno
import json
import os
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.decks import setlog
from device.engine import mend, parts
from device.engine.journal import Journal, JournalFile, Take, compile_log, read_journal
from device.engine.offline import OfflineEngine
from dsp_cython.recorder import WAV_HEADER_BYTES, Recorder, wav_header
from tests.live import read_audio

RATE = 48000


def record(path, planes, encoder=None):
    """Write planes (2, n) through the recorder."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    recorder = Recorder(file, RATE, encoder)
    at = 0
    while at < planes.shape[1]:
        at += recorder.put(np.ascontiguousarray(planes[:, at:]))
    recorder.finish()
    recorder.close()
    os.close(file)
    assert recorder.failure == 0
    assert recorder.safe == planes.shape[1]
    return recorder


def noise(frames, seed=1):
    return (np.random.default_rng(seed).standard_normal((2, frames)) * 0.2).astype(np.float32)


@pytest.mark.parametrize("kind", ["wav", "flac"])
@pytest.mark.parametrize("frames", [0, 1, 4095, 4096, 4097, 200_000])
def test_every_frame_is_on_the_disk_rounded_to_24_bits(tmp_path, kind, frames):
    planes = noise(frames)
    path = tmp_path / f"a.{kind}"
    record(path, planes, parts.flac_encoder() if kind == "flac" else None)
    expected = np.clip(np.rint(planes.astype(np.float64) * 2**23), -(2**23), 2**23 - 1).astype(np.int32)
    assert np.array_equal(read_audio(path), expected)


def test_a_sample_beyond_full_scale_is_held_at_full_scale(tmp_path):
    record(tmp_path / "a.wav", np.array([[1.5, -1.5, 1.0], [0, 0, 0]], np.float32))
    assert read_audio(tmp_path / "a.wav")[0].tolist() == [2**23 - 1, -(2**23), 2**23 - 1]


def test_other_programs_read_the_wav_as_24_bit_stereo(tmp_path):
    record(tmp_path / "a.wav", noise(1000))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (2, 3, RATE, 1000)
    subprocess.run(["sox", str(tmp_path / "a.wav"), "-n", "stat"], check=True, capture_output=True)


def test_beyond_four_gigabytes_the_header_is_rf64_with_true_64_bit_sizes():
    frames = 2**32 // 6
    assert wav_header(RATE, frames - 100)[:4] == b"RIFF"
    head = wav_header(RATE, frames)
    assert len(head) == WAV_HEADER_BYTES
    assert (head[:4], head[12:16]) == (b"RF64", b"ds64")
    riff, data, count = struct.unpack("<QQQ", head[20:44])
    assert (riff, data, count) == (6 * frames + WAV_HEADER_BYTES - 8, 6 * frames, frames)
    assert struct.unpack("<I", head[76:80]) == (0xFFFFFFFF,)


def test_another_program_reads_an_rf64_of_more_than_four_gigabytes(tmp_path):
    frames = 2**32 // 6 + 48000
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(wav_header(RATE, frames))
        file.truncate(WAV_HEADER_BYTES + 6 * frames)  # a hole: no disk is used
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0", str(path)]
    assert int(subprocess.check_output(command)) == frames
    assert mend.mend_wav(path, RATE) == frames


def journal(folder, kind):
    path = folder / "set.journal"
    lines = [(0, "deck1.load", "/x.wav"), (64, "deck1.play", 1.0)]
    JournalFile(path, f"set.{kind}", RATE, Take(0, 64, 640, None, lines)).close()
    return path


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.02, 1))
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_recording_cut_anywhere_is_mended_to_its_whole_frames(tmp_path, kind, share):
    planes = noise(60_000)
    path = tmp_path / f"set.{kind}"
    record(path, planes, parts.flac_encoder() if kind == "flac" else None)
    whole = read_audio(path)
    os.truncate(path, max(100, int(path.stat().st_size * share)))
    sentence = mend.mend(journal(tmp_path, kind))
    mended = read_audio(path) if path.stat().st_size > 9000 else np.zeros((2, 0), np.int32)
    assert np.array_equal(mended, whole[:, : mended.shape[1]])
    assert mended.shape[1] >= whole.shape[1] * (share - 0.2)
    assert f"{mended.shape[1] / RATE:.1f} s" in sentence
    log = setlog.read(tmp_path / "set.json")
    assert log.start == pytest.approx(640 / RATE)
    assert log.ended == "power lost"
    assert not (tmp_path / "set.journal").exists()


def test_mending_a_whole_recording_changes_nothing(tmp_path):
    record(tmp_path / "set.flac", noise(50 * 4096), parts.flac_encoder())
    before = read_audio(tmp_path / "set.flac")
    mend.mend(journal(tmp_path, "flac"))
    assert np.array_equal(read_audio(tmp_path / "set.flac"), before)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "nothing\n", '{"audio": "gone.wav", "samplerate": 48000, "block": 64, "origin": 0, "started": 0}\n'],
)
def test_an_unreadable_journal_is_put_aside_and_told(tmp_path, text):
    (tmp_path / "a.journal").write_text(text)
    (sentence,) = mend.mend_folder(tmp_path)
    assert "could not be read" in sentence
    assert (tmp_path / "a.unreadable").exists()
    assert mend.mend_folder(tmp_path) == []


def test_a_full_disk_keeps_the_journal_for_the_next_start(tmp_path, monkeypatch):
    record(tmp_path / "set.wav", noise(4096))
    journal(tmp_path, "wav")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        (sentence,) = mend.mend_folder(tmp_path)
    assert "waits to be mended" in sentence
    assert {path.name for path in tmp_path.iterdir()} == {"set.wav", "set.journal"}
    (sentence,) = mend.mend_folder(tmp_path)
    assert "is mended" in sentence


def test_lines_that_no_journal_holds_are_left_out(tmp_path):
    path = journal(tmp_path, "wav")
    with path.open("a") as file:
        file.write('[1, 2, 3]\n5\n"x"\n{"a": 1}\n')
    assert len(read_journal(path)[2].lines) == 2


def test_the_engine_keeps_a_recorder_until_the_audio_thread_has_left_it(tmp_path):
    engine = OfflineEngine()
    with (tmp_path / "a.wav").open("wb") as file:
        recorder = Recorder(file.fileno(), RATE)
        alone = sys.getrefcount(recorder)
        assert engine.engine.record(recorder)
        engine.render(64)
        recorder.finish()
        recorder.close()
        engine.engine.drain()
        assert sys.getrefcount(recorder) > alone
        engine.render(4800)
        assert engine.engine.record(None)
        engine.render(4800)
        engine.engine.drain()
        assert sys.getrefcount(recorder) == alone


def test_a_torn_last_line_of_a_journal_is_left_out(tmp_path):
    path = journal(tmp_path, "wav")
    with path.open("a") as file:
        file.write('[128, "deck1.te')
    audio, rate, take = read_journal(path)
    assert (audio, rate, take.started) == ("set.wav", RATE, 640)
    assert take.lines == [(0, "deck1.load", "/x.wav"), (64, "deck1.play", 1.0)]


def test_the_journal_goes_back_to_the_last_silence_and_no_further():
    played = Journal({1: "/a.wav"})
    played.take([(0, "origin", 0, 0, 0, 64.0, 0.0), (0, "op", 18, 0, 0, 1.0, 0.0), (64, "op", 0, 0, 0, 1.0, 0.0)])
    played.take(
        [(9600, "origin", 0, 0, 0, 64.0, 0.0), (9600, "op", 18, 0, 0, 1.0, 0.0), (9600, "op", 3, 0, 0, 2.0, 0.0)]
    )
    played.take(
        [(19200, "record", 0, 0, 0, 1.0, 0.0), (28800, "origin", 0, 0, 0, 64.0, 0.0), (28800, "op", 0, 0, 0, 1.0, 0.0)]
    )
    log = compile_log(played.recorded, RATE, 38400)
    assert log.load == {"deck1": "/a.wav"}
    assert [(event.seconds, event.name, event.value) for event in log.events] == [
        (0.0, "deck1.seek", 2.0),
        (0.4, "deck1.play", 1.0),
    ]
    assert (log.start, log.seconds) == (0.2, 0.4)
    assert setlog.parse(json.dumps(json.loads(log.as_json()))) == log


def test_what_is_pressed_right_after_a_recording_stops_does_not_touch_its_log():
    played = Journal({1: "/a.wav"})
    played.take([(0, "origin", 0, 0, 0, 32.0, 0.0), (0, "op", 18, 0, 0, 1.0, 0.0), (0, "record", 0, 0, 0, 1.0, 0.0)])
    played.take([(64, "op", 0, 0, 0, 1.0, 0.0), (9600, "record", 0, 0, 0, 0.0, 0.0)])
    played.take([(9664, "origin", 0, 0, 0, 64.0, 0.0), (9664, "op", 0, 0, 0, 0.0, 0.0)])
    log = compile_log(played.recorded, RATE, 9600)
    assert (log.load, log.block) == ({"deck1": "/a.wav"}, 32)
    assert [event.name for event in log.events] == ["deck1.play"]
