"""The channel's EQ and sweep filter: exact when flat, right in level, silent when killed, stable in any hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import signals
from tests.signals import RATE, db, largest_step, level_at, playing, sine

pytestmark = pytest.mark.slow

KNOBS = ("eq_low", "eq_mid", "eq_high")
LOWEST = -26.0


def strip(material, rate=RATE, period=64, mode=0, **values):
    """An engine that plays `material` on channel 1, which goes to main past the crossfader and the limiter."""
    engine = playing(material, rate, period)
    engine.set("mixer.limiter", 0)
    engine.set("mixer.eq_mode", mode)
    engine.set("mixer.ch1.assign", 0)
    for name, value in values.items():
        engine.set(f"mixer.ch1.{name}", value)
    return engine


def response(hertz, rate=RATE, mode=0, settle=0.5, seconds=0.5, **values):
    """Gain in dB of one sine through channel 1, after `settle` seconds."""
    engine = strip(sine(hertz, settle + seconds + 0.1, 0.25, rate), rate, mode=mode, **values)
    engine.render(round(settle * rate))
    return db(level_at(engine.main(seconds)[0], hertz, rate) / 0.25)


def impulse_response(rate=RATE, mode=0, **values):
    """Frequencies and gains in dB from a click; linear, as long as nothing moves."""
    material = np.zeros((2, 3 * rate), np.float32)
    material[:, rate] = 0.5
    engine = strip(material, rate, mode=mode, **values)
    wave = engine.main(2.5)[0].astype(np.float64)[rate - 100 :]
    gains = np.abs(np.fft.rfft(wave)) / 0.5
    return np.fft.rfftfreq(wave.size, 1 / rate), 20 * np.log10(np.maximum(gains, 1e-12))


def at(frequencies, gains, hertz):
    """The gain nearest to a frequency."""
    return float(gains[np.argmin(np.abs(frequencies - hertz))])


@pytest.mark.parametrize("mode", [0, 1])
def test_flat_is_bit_exact(mode):
    material = signals.noise(2.0, 0.1)
    engine = strip(material, mode=mode)
    out = engine.render(RATE)
    late = engine.engine.delay
    assert np.array_equal(out[:2, 200 + late :], material[:, 200 : RATE - late])


@pytest.mark.parametrize("mode", [0, 1])
def test_back_at_flat_it_is_bit_exact_again(mode):
    material = signals.noise(4.0, 0.1)
    engine = strip(material, mode=mode, eq_low=5.0, eq_high=LOWEST)
    engine.render(RATE // 64 * 64)
    for knob in KNOBS:
        engine.set(f"mixer.ch1.{knob}", 0.0)
    engine.render(RATE // 64 * 64)
    out = engine.render(RATE // 64 * 64)[:2]
    first = 2 * (RATE // 64 * 64) - engine.engine.delay
    assert np.array_equal(out, material[:, first : first + out.shape[1]])


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(("knob", "hertz"), [("eq_low", 60.0), ("eq_mid", 800.0), ("eq_high", 10500.0)])
def test_the_isolator_kills_a_band_by_80_db(knob, hertz, rate):
    assert response(hertz, rate, **{knob: LOWEST}) < -80


@pytest.mark.parametrize("hertz", [30.0, 60.0, 200.0, 800.0, 3200.0, 10500.0])
def test_all_bands_killed_leave_nothing(hertz):
    assert response(hertz, **dict.fromkeys(KNOBS, LOWEST)) < -150


@pytest.mark.parametrize(("knob", "hertz"), [("eq_low", 60.0), ("eq_mid", 800.0), ("eq_high", 10500.0)])
def test_a_band_of_the_isolator_leaves_the_others_alone(knob, hertz):
    for other in (60.0, 800.0, 10500.0):
        found = response(other, **{knob: 6.0})
        assert found == pytest.approx(6.0 if other == hertz else 0.0, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("gain", [0.001, -0.001, 3.0, -6.0, -12.0])
def test_the_isolator_is_flat_in_level_when_its_gains_are_equal(gain, rate):
    frequencies, gains = impulse_response(rate, **dict.fromkeys(KNOBS, gain))
    heard = (frequencies > 20) & (frequencies < 18000)
    assert np.abs(gains[heard] - gain).max() < 0.1


def cookbook(hertz, rate, low, mid, high):
    """Gain in dB of low shelf 200 Hz, bell 800 Hz (Q 0.7) and high shelf 3.2 kHz, slope 1, after R. Bristow-Johnson."""
    total = np.ones(hertz.size, complex)
    z = np.exp(-2j * np.pi * hertz / rate)
    for kind, center, gain in (("low", 200.0, low), ("bell", 800.0, mid), ("high", 3200.0, high)):
        a, w = 10 ** (gain / 40), 2 * np.pi * center / rate
        if kind == "bell":
            alpha = np.sin(w) / (2 * 0.7)
            b = [1 + alpha * a, -2 * np.cos(w), 1 - alpha * a]
            d = [1 + alpha / a, -2 * np.cos(w), 1 - alpha / a]
        else:
            k = np.cos(w)
            root = 2 * np.sqrt(a) * np.sin(w) / 2 * np.sqrt(2)
            s = 1 if kind == "low" else -1
            b = [a * ((a + 1) - s * (a - 1) * k + root), s * 2 * a * ((a - 1) - s * (a + 1) * k),
                 a * ((a + 1) - s * (a - 1) * k - root)]  # fmt: skip
            d = [(a + 1) + s * (a - 1) * k + root, -s * 2 * ((a - 1) + s * (a + 1) * k),
                 (a + 1) + s * (a - 1) * k - root]  # fmt: skip
        total *= (b[0] + b[1] * z + b[2] * z * z) / (d[0] + d[1] * z + d[2] * z * z)
    return 20 * np.log10(np.abs(total))


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(
    "gains", [(6, 0, 0), (0, 6, 0), (0, 0, 6), (-12, 0, 0), (0, -26, 0), (0, 0, -25.9), (3, -8, 4.5)]
)
def test_the_shelves_have_the_response_of_the_cookbook(gains, rate):
    frequencies, found = impulse_response(rate, 1, **dict(zip(KNOBS, map(float, gains), strict=True)))
    points = np.geomspace(20, 20000, 64)
    nearest = np.array([np.argmin(np.abs(frequencies - hertz)) for hertz in points])
    expected = cookbook(frequencies[nearest], rate, *gains)
    assert np.abs(found[nearest] - expected).max() < 0.1


def test_the_mode_changes_without_a_step():
    material = sine(150.0, 6.0)
    engine = strip(material, eq_low=6.0, eq_high=-10.0)
    heard = [engine.main(0.5)]
    for mode in (1, 0, 1):
        engine.set("mixer.eq_mode", mode)
        heard.append(engine.main(0.5))
    # boosted by 6 dB, and crossfaded with the untouched sound within 15 ms
    allowed = 2 * largest_step(material) + 1.5 / (0.015 * RATE)
    assert largest_step(np.concatenate(heard, axis=1)[:, 2000:]) < allowed


@pytest.mark.parametrize("period", [16, 64])
@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("knob", KNOBS)
def test_a_knob_thrown_from_stop_to_stop_makes_no_step(knob, mode, period):
    """Gains ramp with a time constant of 4 ms: at most 1/192 of the way a frame, from nothing to 6 dB."""
    material = sine(100.0, 6.0) + sine(900.0, 6.0, 0.1)
    engine = strip(material, period=period, mode=mode)
    heard = [engine.main(0.25)]
    for value in (6.0, LOWEST, 6.0, 0.0, LOWEST, 0.0):
        engine.set(f"mixer.ch1.{knob}", value)
        heard.append(engine.main(0.25))
    heard = np.concatenate(heard, axis=1)[:, 1000:]
    assert largest_step(heard) < 2.1 * largest_step(material) + 2.0 * 1.2 / 192


@pytest.mark.parametrize("hertz", [100.0, 1000.0, 10000.0])
def test_the_filter_leaves_the_sound_alone_around_its_centre(hertz):
    material = sine(hertz, 2.0)
    for knob in (0.0, 0.019, -0.019):
        engine = strip(material, filter=knob)
        out = engine.render(RATE)
        late = engine.engine.delay
        assert np.array_equal(out[:2, 200 + late :], material[:, 200 : RATE - late])


def cutoff(frequencies, gains):
    """Where a filter without resonance crosses half power, on its way from the passband."""
    inside = gains > -3.01
    edges = np.flatnonzero(np.diff(inside))
    return frequencies[edges]


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_filter_sweeps_from_one_end_of_hearing_to_the_other(rate):
    """Left: low-pass from 20 kHz down to 30 Hz. Right: high-pass from 20 Hz up to 12 kHz. 24 dB an octave."""
    low, high = [], []
    for knob in (0.25, 0.5, 0.75, 1.0):
        frequencies, gains = impulse_response(rate, filter=-knob)
        low.append(cutoff(frequencies, gains)[-1])
        frequencies, gains = impulse_response(rate, filter=knob)
        high.append(cutoff(frequencies[frequencies > 1], gains[frequencies > 1])[0])
    assert low == sorted(low, reverse=True)
    assert high == sorted(high)
    assert 2000 < low[0] < 8000
    assert 20 < low[-1] < 60
    assert 40 < high[0] < 200
    assert 9000 < high[-1] < 14000


def test_the_filter_falls_by_24_db_an_octave():
    frequencies, gains = impulse_response(filter=-0.6)
    edge = cutoff(frequencies, gains)[-1]
    assert at(frequencies, gains, 4 * edge) - at(frequencies, gains, 8 * edge) == pytest.approx(24, abs=1.5)
    frequencies, gains = impulse_response(filter=0.6)
    edge = cutoff(frequencies[frequencies > 1], gains[frequencies > 1])[0]
    assert at(frequencies, gains, edge / 4) - at(frequencies, gains, edge / 8) == pytest.approx(24, abs=1.5)


@pytest.mark.parametrize("knob", [-0.5, 0.5])
def test_resonance_raises_the_edge_and_not_the_rest(knob):
    peaks = []
    for resonance in (0.0, 0.5, 1.0):
        material = np.zeros((2, 3 * RATE), np.float32)
        material[:, RATE] = 0.5
        engine = strip(material, filter=knob)
        engine.set("mixer.resonance", resonance)
        wave = engine.main(2.5)[0].astype(np.float64)[RATE - 100 :]
        gains = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(wave)) / 0.5, 1e-12))
        frequencies = np.fft.rfftfreq(wave.size, 1 / RATE)
        peaks.append(gains.max())
        passed = 40.0 if knob < 0 else 15000.0
        assert at(frequencies, gains, passed) == pytest.approx(0, abs=0.5)
    assert peaks[0] < 1
    assert 3 < peaks[1] < peaks[2] < 18


POSITIONS = st.integers(-100, 100).map(lambda value: value / 100)


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(st.tuples(POSITIONS, st.integers(0, 10), st.integers(1, 12)), min_size=1, max_size=60),
    period=st.sampled_from([16, 64]),
)
def test_no_hand_makes_the_filter_unstable(moves, period):
    material = signals.noise(3.0, 0.2)
    engine = strip(material, period=period)
    for knob, resonance, blocks in moves:
        engine.set("mixer.ch1.filter", knob)
        engine.set("mixer.resonance", resonance / 10)
        heard = engine.render(blocks * 64)[:2]
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() < 16


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(KNOBS), st.integers(-26, 6), st.integers(0, 1), st.integers(1, 12)),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_no_hand_makes_the_eq_unstable(moves):
    engine = strip(signals.noise(3.0, 0.2))
    for knob, gain, mode, blocks in moves:
        engine.set(f"mixer.ch1.{knob}", gain)
        engine.set("mixer.eq_mode", mode)
        heard = engine.render(blocks * 64)[:2]
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() < 16


@pytest.mark.parametrize("period", [16, 64])
@pytest.mark.parametrize(
    "path", [(0.5, -0.5), (-0.5, 1.0), (-1.0, 1.0), (1.0, -1.0), (0.0, 1.0), (0.0, -1.0), (-0.3, 0.0)]
)
def test_the_filter_thrown_across_makes_no_step(path, period):
    """What comes and goes does so no faster than in two fades of 4 ms, one for the old sound and one for the new."""
    material = sine(1000.0, 4.0, 0.3) + sine(90.0, 4.0, 0.4)
    engine = strip(material, period=period, filter=path[0])
    engine.set("mixer.resonance", 0.0)
    heard = [engine.main(0.5)]
    for turn in range(6):
        engine.set("mixer.ch1.filter", path[1 - turn % 2])
        heard.append(engine.main(0.1))
    heard = np.concatenate(heard, axis=1)[:, 1000:]
    assert largest_step(heard) < 1.3 * largest_step(material) + 2 * 1.4 * signals.STEEPEST


@pytest.mark.parametrize("period", [16, 64])
@pytest.mark.parametrize("knob", [-0.5, 0.4, 0.6])
def test_the_resonance_thrown_makes_no_step(knob, period):
    material = sine(450.0, 4.0, 0.4)
    engine = strip(material, period=period, filter=knob)
    engine.set("mixer.resonance", 1.0)
    calm = engine.main(1.0)[:, 10000:]
    heard = [calm]
    for turn in range(6):
        engine.set("mixer.resonance", turn % 2)
        heard.append(engine.main(0.1))
    reach = np.abs(calm).max()
    assert largest_step(np.concatenate(heard, axis=1)) < 1.1 * largest_step(calm) + 4 * reach / 192
