"""Reading a track at any speed: exact at unity, clean elsewhere, continuous when the speed moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_cython import varispeed
from tests import signals
from tests.signals import RATE, sine, stereo, thd_n

RATES = (44100, 48000, 96000)
SPEEDS = (1.08, 0.92, 1.5, 0.5, 2.0, -1.08, 1.003)


def spurious(wave: np.ndarray, hertz: float, rate: int) -> float:
    """The strongest line of the spectrum away from the sine, in dB against it."""
    amplitude, _ = signals.split_sine(wave, hertz, rate)
    window = np.blackman(wave.size) ** 2
    spectrum = np.abs(np.fft.rfft(wave * window)) / (window.sum() / 2)
    lines = np.fft.rfftfreq(wave.size, 1 / rate)
    return signals.db(spectrum[np.abs(lines - hertz) > 24 * rate / wave.size].max() / amplitude)


def test_unity_is_bit_exact_from_any_whole_frame():
    material = signals.noise(0.5)
    for start in (0, 1, 777, 5000):
        assert np.array_equal(varispeed.read(material, start, 1.0, 9000), material[:, start : start + 9000])


def test_backwards_at_unity_is_the_track_reversed():
    material = signals.noise(0.2)
    heard = varispeed.read(material, 8000, -1.0, 8001)
    assert np.array_equal(heard, material[:, 8000::-1])


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("rate", RATES)
def test_a_sine_stays_clean_to_80_db(speed, rate):
    for hertz in (1000, 2500, 5000, 7000, 10000):
        if abs(speed) * hertz > 0.42 * rate:
            continue
        material = sine(hertz, 0.5, rate=rate)
        start = 2000 if speed > 0 else material.shape[1] - 2000
        wave = varispeed.read(material, start, speed, rate // 8)[0]
        assert thd_n(wave, abs(speed) * hertz, rate) < -80
        assert spurious(wave, abs(speed) * hertz, rate) < -85
        assert abs(signals.db(signals.level_at(wave, abs(speed) * hertz, rate) / 0.5)) < 0.1


@pytest.mark.parametrize("speed", [1.08, 1.5, 2.0])
def test_what_would_alias_is_taken_out(speed):
    """Tones that the speed would push past the band's end are gone, not folded back."""
    for hertz in (20000, 22000, 23500):
        if hertz * speed < 1.02 * RATE / 2:
            continue
        wave = varispeed.read(sine(hertz, 0.5), 2000, speed, 6000)[0]
        folded = abs(RATE - hertz * speed)
        if folded < 22000:  # beyond it nobody hears, and the filter needs some room
            assert signals.db(signals.level_at(wave, folded) / 0.5) < -80


def test_a_constant_stays_constant_at_every_speed():
    flat = stereo(np.full(40000, 0.5))
    for speed in (0.01, 0.3, 0.999, 1.04, 1.08, 1.7, 3.3, 8.0, 20.0):
        frames = min(2000, int(30000 / speed))
        heard = varispeed.read(flat, 4000, speed, frames)
        assert np.abs(heard - 0.5).max() < 2e-6


@settings(max_examples=40, deadline=None)
@given(first=st.floats(-4, 4), last=st.floats(-4, 4), start=st.floats(9000, 15000))
def test_a_speed_ramp_through_zero_into_reverse_makes_no_step(first, last, start):
    """What is heard is the sine at the place where the ramp is: nothing jumps, even where the direction turns."""
    hertz, frames = 200.0, 1024
    material = sine(hertz, 0.5)
    heard = varispeed.read(material, start, first, frames, last)[0]
    grow = (last - first) / frames
    k = np.arange(frames)
    place = start + first * k + grow * k * (k + 1) / 2
    expected = 0.5 * np.sin(2 * np.pi * hertz * place / RATE)
    assert np.abs(heard - expected).max() < 2e-4


def test_reading_past_the_ends_is_silence_and_harms_nothing():
    material = signals.noise(0.05)
    assert not varispeed.read(material, -1e12, 1.0, 100).any()
    assert not varispeed.read(material, 1e12, 32.0, 100).any()
    assert not varispeed.read(material, material.shape[1] + 2000, 1.0, 100).any()
    heard = varispeed.read(material, -3000, 32.0, 400)
    assert np.isfinite(heard).all()


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(start=st.floats(-1e9, 1e9), speed=st.floats(-40, 40), end=st.floats(-40, 40), size=st.integers(1, 600))
def test_any_place_and_speed_give_finite_bounded_sound(start, speed, end, size):
    heard = varispeed.read(np.full((2, size), 0.9, np.float32), start, speed, 300, end)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() < 1.5
