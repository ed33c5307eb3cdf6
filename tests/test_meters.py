"""Meters: the true peak value, a fall of 24 dB a second, and the RMS of the last moments."""

import numpy as np
import pytest

from tests import signals
from tests.signals import RATE, db, playing, sine


def loud(material, seconds=1.0, period=64, **values):
    engine = playing(material, period=period)
    for name, value in values.items():
        engine.set("mixer." + name.replace("__", "."), value)
    engine.render(round(seconds * RATE))
    return engine


@pytest.mark.parametrize("period", [16, 64, 256])
def test_the_peak_is_exact(period):
    material = signals.noise(2.0, 0.05)
    material[0, RATE // 2], material[1, RATE // 2 + 5] = -0.75, 0.625
    engine = playing(material, period=period)
    while engine.get("mixer.ch1.peak_left") < 0.75:
        engine.render(period)
        assert engine.engine.frame < RATE
    engine.render(period)
    fall = 10 ** (-24 / 20 * 2 * period / RATE)
    assert 0.75 * fall <= engine.get("mixer.ch1.peak_left") <= 0.75
    assert 0.625 * fall <= engine.get("mixer.ch1.peak_right") <= 0.625


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("period", [16, 64, 1024])
def test_the_peak_falls_24_db_a_second(period, rate):
    material = np.zeros((2, 3 * rate), np.float32)
    material[:, 1000] = 0.8
    engine = playing(material, rate, period)
    engine.render(3 * period + 4096)
    first, at = engine.get("mixer.ch1.peak_left"), engine.engine.frame
    engine.render(rate)
    elapsed = (engine.engine.frame - at) / rate
    assert db(engine.get("mixer.ch1.peak_left") / first) == pytest.approx(-24 * elapsed, abs=0.01)


@pytest.mark.parametrize("name", ["mixer.ch1", "mixer.main"])
def test_the_rms_of_a_sine_is_its_amplitude_over_the_root_of_two(name):
    material = sine(1000.0, 4.0, 0.5)
    material[1] *= 0.5
    engine = loud(material, 3.0)
    assert db(engine.get(f"{name}.rms_left") / (0.5 / np.sqrt(2))) == pytest.approx(0, abs=0.05)
    assert db(engine.get(f"{name}.rms_right") / (0.25 / np.sqrt(2))) == pytest.approx(0, abs=0.05)
    assert engine.get(f"{name}.peak_left") == pytest.approx(0.5, rel=0.005)


def test_the_rms_takes_300_milliseconds_to_get_there():
    engine = loud(sine(1000.0, 4.0, 0.5), 0.3)
    assert engine.get("mixer.ch1.rms_left") ** 2 / 0.125 == pytest.approx(1 - np.exp(-1), abs=0.02)


def test_the_channel_is_metered_after_trim_and_eq_and_before_the_fader():
    engine = loud(sine(1000.0, 4.0, 0.25), 2.0, ch1__trim=6.0, ch1__fader=0.0)
    assert engine.get("mixer.ch1.peak_left") == pytest.approx(0.25 * 10 ** (6 / 20), rel=0.005)
    assert engine.get("mixer.main.peak_left") == 0
    engine = loud(sine(60.0, 4.0, 0.25), 3.0, ch1__eq_low=-26.0)
    assert engine.get("mixer.ch1.peak_left") < 1e-3


def test_main_is_metered_after_its_level_and_the_limiter():
    engine = loud(sine(1000.0, 4.0, 0.25), 2.0, main=-6.0)
    assert engine.get("mixer.main.peak_left") == pytest.approx(0.25 * 10 ** (-6 / 20), rel=0.005)
    engine = loud(sine(1000.0, 4.0, 0.9), 2.0, main=12.0)
    assert 0.85 < engine.get("mixer.main.peak_left") <= 10 ** (-1 / 20)


def test_meters_of_silence_come_to_rest_at_exactly_zero():
    engine = loud(signals.noise(1.0, 0.3), 2.0)
    engine.render(12 * RATE)
    for name in ("mixer.ch1", "mixer.main"):
        for what in ("peak_left", "peak_right", "rms_left", "rms_right"):
            assert engine.get(f"{name}.{what}") == 0
    assert engine.get("mixer.main.reduction") == 0


def test_meters_are_the_same_at_every_block_size():
    found = []
    for period in (16, 32, 64):
        engine = loud(sine(1000.0, 4.0, 0.5), 2.0, period)
        found.append([engine.get(f"mixer.main.{what}") for what in ("peak_left", "rms_left")])
    assert np.allclose(found, found[0], rtol=0.01)


def test_frames_rate_and_period_are_told():
    engine = playing(sine(440.0, 1.0), 44100, 128)
    engine.render(1280)
    assert [engine.get(f"engine.{name}") for name in ("frame", "samplerate", "period")] == [1280, 44100, 128]
