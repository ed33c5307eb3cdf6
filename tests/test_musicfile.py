"""Reading music files: every format, the right samples at the right time, at any rate, with its waveform."""

import errno
import io
import os
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device.engine import waveform
from device.engine.musicfile import MusicFile
from device.engine.resampler import Resampler
from device.errors import InputError
from display.wavefile import WaveFile
from tests import audio_files

RATE = 44100


def read(path: Path, rate: int = RATE) -> tuple[NDArray[np.float32], MusicFile]:
    """The whole sound of a file, and the file."""
    with path.open("rb", buffering=0) as file:
        music = MusicFile(file, path.name, rate)
        sound = np.concatenate(list(music.blocks()), axis=1)
    return sound, music


def resampled(sound: NDArray[np.floating], source: int, rate: int, size: int = 1152) -> NDArray[np.float32]:
    """`sound` through a Resampler in pieces of `size` frames."""
    resampler = Resampler(source, rate)
    blocks = [np.zeros((2, 0), np.float32)]
    for start in range(0, sound.shape[1], size):
        blocks += resampler.push(np.ascontiguousarray(sound[:, start : start + size], np.float32))
    return np.concatenate([*blocks, *resampler.finish()], axis=1)


def impurity(sound: NDArray[np.floating], hertz: float, rate: int) -> float:
    """THD+N of a sine in dB, away from the ends."""
    middle = sound[rate // 4 : -rate // 4].astype(float)
    time = np.arange(middle.size) / rate
    basis = np.stack([np.sin(2 * np.pi * hertz * time), np.cos(2 * np.pi * hertz * time), np.ones(time.size)], axis=1)
    wave = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
    return float(20 * np.log10(np.std(middle - wave) / np.std(wave)))


@pytest.mark.parametrize("name", audio_files.EXACT)
def test_a_lossless_file_at_the_engines_rate_comes_out_bit_for_bit(tmp_path: Path, name: str) -> None:
    step = audio_files.EXACT[name][1]
    sound = audio_files.tune(RATE, 1.3)
    if step:
        sound = np.rint(sound / step) * step
    heard, music = read(audio_files.write(tmp_path, name, sound, RATE))
    assert heard.dtype == np.float32
    assert np.array_equal(heard, sound.astype(np.float32))
    assert (music.claim, music.note(heard.shape[1])) == (sound.shape[1], "")


@pytest.mark.parametrize("name", ["lame.mp3", "variable.mp3", "itunes.m4a", "fast.m4a", "opus.opus"])
def test_a_lossy_file_that_knows_its_padding_keeps_time_and_length(tmp_path: Path, name: str) -> None:
    rate = 48000 if name == "opus.opus" else RATE
    places = [300, 10_000, rate, 2 * rate - 500]
    heard, music = read(audio_files.write(tmp_path, name, audio_files.clicks(rate, 2.0, places), rate), rate)
    assert heard.shape == (2, 2 * rate)
    for place in places:
        around = np.abs(heard[0, place - 200 : place + 200])
        assert around.max() > 0.5
        assert abs(int(around.argmax()) - 200) <= 1
    assert music.note(heard.shape[1]) == ""


@pytest.mark.parametrize("name", audio_files.LOSSY)
def test_a_lossy_file_sounds_like_its_original(tmp_path: Path, name: str) -> None:
    rate = 48000 if name == "opus.opus" else RATE
    heard, music = read(audio_files.write(tmp_path, name, audio_files.sine(1000, rate, 3.0), rate), rate)
    assert 3 * rate <= heard.shape[1] <= 3 * rate + 4096
    assert impurity(heard[0], 1000, rate) < -35
    assert heard[0].std() / heard[1].std() == pytest.approx(2, rel=0.02)
    assert music.note(heard.shape[1]) == ""


@pytest.mark.parametrize("name", ["raw.aac", "headless.mp3"])
def test_the_length_of_a_file_without_one_is_reckoned_from_what_was_read(tmp_path: Path, name: str) -> None:
    path = audio_files.write(tmp_path, name, audio_files.tune(RATE, 6.0), RATE)
    with path.open("rb", buffering=0) as file:
        music = MusicFile(file, name, RATE)
        frames = 0
        for block in music.blocks():
            frames += block.shape[1]
            if frames > 2 * RATE:
                assert music.estimate(frames) == pytest.approx(6 * RATE, rel=0.1)
    assert music.estimate(frames) == frames


@pytest.mark.parametrize("hertz", [1000, 10_000])
@pytest.mark.parametrize(("source", "rate"), [(44100, 48000), (48000, 44100), (96000, 48000)])
def test_another_rate_adds_less_than_a_hundred_thousandth(source: int, rate: int, hertz: int) -> None:
    sound = resampled(audio_files.sine(hertz, source, 2.0), source, rate)
    assert impurity(sound[0], hertz, rate) < -120


def test_another_rate_keeps_treble_and_lets_nothing_fold_back() -> None:
    kept = resampled(audio_files.sine(20_000, 44100, 2.0), 44100, 48000)
    assert kept[0, 12000:-12000].std() == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)
    folded = resampled(audio_files.sine(26_000, 96000, 2.0), 96000, 48000)
    assert np.abs(folded[0, 12000:-12000]).max() < 1e-5


@pytest.mark.parametrize("source", [8000, 22050, 37123, 44100, 96000, 192_000])
def test_another_rate_moves_nothing_in_time_and_gives_the_right_length(source: int) -> None:
    frames = source + 7
    for place in (40.25, source / 2, frames - 41.5):
        pulse = np.exp(-(((np.arange(frames) - place) / 6) ** 2))
        sound = resampled(np.stack([pulse, -pulse]), source, 48000)
        assert sound.shape[1] == -(-frames * 48000 // source)
        energy = np.square(sound[0].astype(float))
        assert (energy @ np.arange(energy.size)) / energy.sum() == pytest.approx(place * 48000 / source, abs=0.02)
        assert np.allclose(sound[0], -sound[1], atol=1e-6)


@pytest.mark.parametrize("frames", [1, 10, 63, 64, 65, 300, 5000])
def test_a_sound_shorter_than_the_filter_is_not_lost(frames: int) -> None:
    assert resampled(np.full((2, frames), 0.5), 44100, 48000).shape[1] == -(-frames * 48000 // 44100)
    assert resampled(np.full((2, frames), 0.5), 96000, 44100).shape[1] == -(-frames * 44100 // 96000)


def test_the_size_of_the_pieces_does_not_change_the_sound() -> None:
    sound = audio_files.tune(44100, 1.0)
    whole = resampled(sound, 44100, 48000, 1 << 20)
    assert np.array_equal(resampled(sound, 44100, 48000, 777), whole)


def test_mono_goes_to_both_sides(tmp_path: Path) -> None:
    sound = audio_files.sine(440, RATE, 0.5)[:1]
    audio_files.wav(32, floating=True)(tmp_path / "mono.wav", sound, RATE)
    heard, _ = read(tmp_path / "mono.wav")
    assert np.array_equal(heard, np.repeat(sound, 2, axis=0).astype(np.float32))


def test_surround_is_mixed_down_and_cannot_clip(tmp_path: Path) -> None:
    channels = np.eye(6).repeat(
        100, axis=1
    )  # each channel alone at full scale, one after the other: FL FR FC LFE BL BR
    audio_files.wav(32, floating=True, extensible=True)(tmp_path / "surround.wav", channels, RATE)
    heard, _ = read(tmp_path / "surround.wav")
    levels = heard[:, 50::100] * (1 + 2 * 0.7071)
    expected = [[1, 0, 0.7071, 0, 0.7071, 0], [0, 1, 0.7071, 0, 0, 0.7071]]
    assert np.allclose(levels, expected, atol=1e-5)


def test_what_is_no_number_becomes_silence_and_what_is_loud_stays_loud(tmp_path: Path) -> None:
    sound = np.full((2, 1000), 1.5)
    sound[0, 10], sound[0, 20], sound[1, 30], sound[1, 40] = np.nan, np.inf, -np.inf, 1e30
    audio_files.wav(32, floating=True)(tmp_path / "odd.wav", sound, RATE)
    heard, _ = read(tmp_path / "odd.wav")
    assert [heard[0, 10], heard[0, 20], heard[1, 30]] == [0, 0, 0]
    assert heard[1, 40] == 256
    assert (heard == 1.5).sum() == 1996


def test_a_change_of_rate_within_a_file_keeps_its_pitch(tmp_path: Path) -> None:
    parts = [
        audio_files.write(tmp_path, "ogg.oga", audio_files.sine(1000, rate, 1.0), rate).read_bytes()
        for rate in (44100, 48000)
    ]
    (tmp_path / "chained.oga").write_bytes(b"".join(parts))
    heard, _ = read(tmp_path / "chained.oga", 48000)
    assert heard.shape == (2, 96000)
    for half in (heard[0, :48000], heard[0, 48000:]):
        assert impurity(half, 1000, 48000) < -80


def test_what_was_lost_in_the_middle_is_silent_and_what_follows_stays_in_its_place(tmp_path: Path) -> None:
    sound = 0.01 * audio_files.tune(RATE, 3.0) + audio_files.clicks(RATE, 3.0, [RATE // 2, 2 * RATE])
    path = audio_files.write(tmp_path, "16-bit.flac", sound, RATE)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 3000] = bytes(3000)
    path.write_bytes(raw)
    heard, music = read(path)
    assert heard.shape == (2, 3 * RATE)
    assert [int(np.abs(heard[0, :RATE]).argmax()), int(np.abs(heard[0, RATE:]).argmax())] == [RATE // 2, RATE]
    assert np.abs(heard).max() < 1
    assert "is damaged in one place and silent there for 0." in music.note(heard.shape[1])


@pytest.mark.parametrize("name", ["16-bit.wav", "24-bit.aif", "16-bit.flac", "lame.mp3", "fast.m4a"])
def test_a_file_that_was_cut_short_plays_and_says_how_much_is_missing(tmp_path: Path, name: str) -> None:
    path = audio_files.write(tmp_path, name, audio_files.tune(RATE, 5.0), RATE)
    os.truncate(path, path.stat().st_size * 6 // 10)
    heard, music = read(path)
    assert 2.7 * RATE < heard.shape[1] < 3.1 * RATE
    had = f"{heard.shape[1] / RATE:.1f}"
    assert music.note(heard.shape[1]) == f"{name} is cut short: {had} s of 5.0 s could be read; copy it again"


@pytest.mark.parametrize(
    ("codec", "muxer", "form"), [("flac", "flac", "s16"), ("libmp3lame", "mp3", "s16p"), ("alac", "ipod", "s16p")]
)
def test_title_and_artist_come_from_the_tags_on_one_line(tmp_path: Path, codec: str, muxer: str, form: str) -> None:
    write = audio_files.coded(codec, muxer, form, tag_title="Größe\n 2", tag_artist="Ünï 🎧")
    write(tmp_path / "x", audio_files.tune(RATE, 0.2), RATE)
    _, music = read(tmp_path / "x")
    assert (music.title, music.artist) == ("Größe 2", "Ünï 🎧")


def test_a_disk_that_fails_while_reading_ends_the_track_there(tmp_path: Path) -> None:
    path = audio_files.write(tmp_path, "16-bit.wav", audio_files.tune(RATE, 20.0), RATE)

    class FailingDisk(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 3_000_000:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    with FailingDisk(path) as file:
        music = MusicFile(file, "far.wav", RATE)
        frames = sum(block.shape[1] for block in music.blocks())
    assert 15 * RATE < frames < 18 * RATE
    assert "the disk could not be read (Input/output error)" in music.note(frames)


@pytest.mark.parametrize("name", ["16-bit.flac", "raw.aac", "lame.mp3"])
def test_a_cover_picture_of_many_megabytes_does_not_hide_the_music(tmp_path: Path, name: str) -> None:
    path = audio_files.write(tmp_path, name, audio_files.tune(RATE, 1.0), RATE)
    picture = b"\0image/jpeg\0\3\0\xff\xd8\xff\xe0" + random.Random(1).randbytes(8_000_000)
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\3\0\0" + size + frame + path.read_bytes())
    assert RATE <= read(path)[0].shape[1] <= RATE + 4096


def test_a_codec_outside_the_list_is_named(tmp_path: Path) -> None:
    audio_files.coded("ac3", "ipod", "fltp", 192_000)(tmp_path / "film.m4a", audio_files.tune(48000, 0.5), 48000)
    with pytest.raises(InputError, match=r"film.m4a holds sound of a kind that Rackdeck cannot read \(ac3\)"):
        read(tmp_path / "film.m4a")


@pytest.mark.parametrize("rate", [32000, 44100, 48000, 96000])
@pytest.mark.parametrize(("hertz", "band"), [(100, 0), (800, 1), (6000, 2)])
def test_a_sine_fills_its_band_of_the_waveform_and_no_other(rate: int, hertz: int, band: int) -> None:
    sound = audio_files.sine(hertz, rate, 1.0, 0.9).astype(np.float32)
    sound[1] = -sound[0]  # in opposite phase: it must not cancel
    columns = waveform.Columns(rate)
    rows = np.concatenate([columns.push(sound[:, at : at + 5000]) for at in range(0, rate, 5000)] + [columns.finish()])
    assert rows.shape == (-(-rate // (rate // 150)), 4)
    inner = rows[10:-10].astype(int)
    assert np.abs(inner[:, band] - 255 * np.sqrt(0.9 / np.sqrt(2))).max() <= 3
    assert np.delete(inner[:, :3], band, axis=1).max() < 40
    assert inner[:, 3].max() == pytest.approx(255 * 0.9, abs=1)


def test_a_click_is_drawn_in_its_column() -> None:
    sound = np.zeros((2, 48000), np.float32)
    sound[1, 75 * 320 + 160] = -1
    columns = waveform.Columns(48000)
    rows = np.concatenate([columns.push(sound), columns.finish()])
    assert rows[75, 3] == 255
    assert rows[:, 2].argmax() == 75
    assert np.count_nonzero(np.delete(rows[:, 3], 75)) == 0
    assert np.count_nonzero(rows[:72]) + np.count_nonzero(rows[79:]) == 0


def test_pieces_of_any_size_draw_the_same_waveform() -> None:
    sound = audio_files.tune(48000, 2.0).astype(np.float32)
    whole, pieces = waveform.Columns(48000), waveform.Columns(48000)
    rows = np.concatenate([whole.push(sound), whole.finish()])
    parts = [pieces.push(sound[:, at : at + 1111]) for at in range(0, 96000, 1111)]
    assert np.abs(rows.astype(int) - np.concatenate([*parts, pieces.finish()])).max() <= 1


def test_a_reader_follows_the_waveform_file_while_it_grows(tmp_path: Path) -> None:
    file = waveform.create(tmp_path / "wave-1", 48000)
    reader = WaveFile(tmp_path / "wave-1")
    assert not reader.poll(1.0)
    writer = waveform.WaveWriter(file, 48000)
    sound = audio_files.tune(48000, 3.0).astype(np.float32)
    writer.push(sound[:, :48000], 144_000)
    reader.poll(2.0)
    assert 140 < reader.ready <= 150
    assert (reader.expected, reader.rate, reader.whole) == (450, 150, False)
    writer.push(sound[:, 48000:], 144_000)
    writer.finish(144_000)
    reader.poll(3.0)
    assert (reader.ready, reader.expected, reader.whole) == (450, 450, True)
    assert reader.rows[:, 3].min() > 0
    reader.close()
    os.close(file)
    assert [path.name for path in tmp_path.iterdir()] == ["wave-1"]
