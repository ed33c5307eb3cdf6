"""Loudness, peaks, spectrum and waveform of sounds whose values are known."""

import re
import shutil
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.media import spectrum, waveform
from companion.media.loudness import LoudnessMeter
from tests.companion.sounds import tone

pytestmark = pytest.mark.slow

STEREO = ["FL", "FR"]


def measure(samples, rate=48000, names=STEREO, block=65536):
    meter = LoudnessMeter(rate, names)
    for start in range(0, samples.shape[1], block):
        meter.add(samples[:, start : start + block])
    return meter.result()


def changing(seconds, rate, channels, seed):
    """Noise and tones whose loudness goes up and down."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    rows = [
        0.1 * random.standard_normal(len(time)) + 0.3 * np.sin(2 * np.pi * (150 + 90 * c) * time)
        for c in range(channels)
    ]
    return (np.stack(rows) * (0.05 + 0.9 * np.abs(np.sin(2 * np.pi * time / 13)))).astype(np.float32)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_reference_tone_of_the_standard_reads_its_loudness(rate):
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS reads -23 LUFS
    found = measure(tone(20, 1000.0, 10 ** (-23 / 20), rate), rate)
    assert found.integrated == pytest.approx(-23.0, abs=0.05)
    assert found.range == pytest.approx(0.0, abs=0.1)
    assert found.curve[50] == pytest.approx(-23.0, abs=0.1)


def test_silence_between_does_not_count_and_the_range_does():
    # EBU Tech 3341 case 3 and 3342 case 1: gates leave the quiet parts out of one and not of the other
    parts = [tone(10, 1000.0, 10 ** (level / 20), 48000) for level in (-36, -23, -36)]
    parts[1] = tone(60, 1000.0, 10 ** (-23 / 20), 48000)
    assert measure(np.concatenate(parts, axis=1)).integrated == pytest.approx(-23.0, abs=0.1)
    steps = [tone(20, 1000.0, 10 ** (level / 20), 48000) for level in (-20, -30)]
    assert measure(np.concatenate(steps, axis=1)).range == pytest.approx(10.0, abs=1.0)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    ("rate", "names"), [(44100, STEREO), (22050, ["FC"]), (48000, ["FL", "FR", "FC", "LFE", "BL", "BR"])]
)
def test_ffmpeg_measures_the_same(rate, names):
    samples = changing(24, rate, len(names), seed=rate)
    command = ["ffmpeg", "-hide_banner", "-nostats", "-f", "f32le", "-ar", str(rate), "-ac", str(len(names)), "-i", "-"]
    told = subprocess.run(
        [*command, "-af", "ebur128=peak=true", "-f", "null", "-"],
        input=samples.T.astype("<f4").tobytes(),
        capture_output=True,
        check=True,
    ).stderr.decode()
    summary = told[told.index("Summary") :]
    theirs = [float(re.search(rf"\b{name}:\s+(-?[\d.]+)", summary)[1]) for name in ("I", "LRA", "Peak")]
    ours = measure(samples, rate, names)
    # it tells one decimal; and its range counts the first windows before they are full, as ours does not
    assert [ours.integrated, ours.true_peak] == pytest.approx([theirs[0], theirs[2]], abs=0.1 + 0.051)
    assert ours.range == pytest.approx(theirs[1], abs=0.5)


def test_a_peak_between_two_samples_is_found():
    time = np.arange(48000)
    samples = np.sin(2 * np.pi * time / 4 + np.pi / 4)[None].astype(np.float32)  # never hits its own top
    found = measure(samples, names=["FC"])
    assert found.sample_peak == pytest.approx(-3.01, abs=0.05)
    assert found.true_peak == pytest.approx(0.0, abs=0.1)


def test_nothing_is_said_of_silence_or_of_a_click():
    assert measure(np.zeros((2, 96000), np.float32)).integrated is None
    found = measure(np.full((2, 100), 0.5, np.float32))
    assert found.integrated is None
    assert found.curve == []


@given(sizes=st.lists(st.integers(1, 90000), min_size=1, max_size=6))
@settings(max_examples=10, deadline=None)
def test_how_the_samples_are_cut_into_blocks_changes_nothing(sizes):
    samples = changing(2, 44100, 2, seed=1)
    whole, pieces = measure(samples, 44100, block=len(samples[0])), LoudnessMeter(44100, STEREO)
    line, maker = waveform.WaveformMaker(44100), waveform.WaveformMaker(44100)
    line.add(samples)
    at = 0
    for size in [*sizes, len(samples[0])]:
        pieces.add(samples[:, at : at + size])
        maker.add(samples[:, at : at + size])
        at += size
    assert pieces.result().integrated == pytest.approx(whole.integrated, abs=1e-9)
    assert maker.result() == line.result()


def test_a_tone_stands_in_its_third_octave_at_its_level():
    meter = spectrum.SpectrumMeter(44100, 2)
    meter.add(tone(3, 1000.0, 1.0, 44100))
    levels = dict(meter.result())
    assert levels[1000.0] == pytest.approx(0.0, abs=0.2)
    assert all(level < -30 for centre, level in levels.items() if not 790 < centre < 1270)
    low = spectrum.SpectrumMeter(22050, 1)
    low.add(tone(1, 440.0, 0.5, 22050, 1))
    assert low.result()[-1] == (19952.6, None)


def test_pink_noise_is_level_over_the_bands():
    random = np.random.default_rng(5)
    white = np.fft.rfft(random.standard_normal(1 << 20))
    pink = np.fft.irfft(white / np.sqrt(np.maximum(np.arange(len(white)), 1)))
    meter = spectrum.SpectrumMeter(44100, 1)
    meter.add((pink / np.abs(pink).max())[None].astype(np.float32))
    inside = [level for centre, level in meter.result() if 60 < centre < 15000]
    assert max(inside) - min(inside) < 2.5


def test_every_level_of_a_waveform_holds_the_peaks_of_the_one_below():
    samples = changing(30, 44100, 2, seed=9)
    samples[1, 777_777] = -1.0
    maker = waveform.WaveformMaker(44100)
    maker.add(samples)
    file = maker.result()
    assert struct.unpack_from("<8sIIQ", file)[0::3] == (b"RDPEAKS1", samples.shape[1])
    levels = waveform.levels(file)
    assert [span for span, _, _ in levels] == [256 * 4**number for number in range(len(levels))]
    for span, points, offset in levels:
        read = np.frombuffer(file, np.int8, points * 3, offset).reshape(-1, 3)
        assert points == -(-samples.shape[1] // span)
        assert read[777_777 // span, 0] == -127
        top = max(samples[:, :span].max() * 127, 0)
        assert top <= read[0, 1] <= top + 1
    assert levels[-1][1] <= 1024
    assert levels[-1][2] + levels[-1][1] * 3 == len(file)
    with pytest.raises(ValueError, match="no waveform"):
        waveform.levels(b"x" * 64)
