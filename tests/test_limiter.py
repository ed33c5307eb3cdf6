"""The limiter's promise: never above -1 dBTP, untouched below, and no step in between."""

import shutil
import subprocess
import wave

import numpy as np
import pytest

from dsp_cython import limiter
from tests import signals
from tests.signals import RATE, db, largest_step, oversampled_peak, playing, sine, stereo

PROMISE = -1.0  # dBTP
CEILING = 10 ** (PROMISE / 20)


def squares(seconds=1.0, rate=RATE):
    """Square waves of three frequencies one after the other, with edges as steep as they come."""
    at = signals.times(seconds / 3, rate)
    return stereo(np.concatenate([np.sign(np.sin(2 * np.pi * hertz * at + 0.1)) for hertz in (50.0, 997.0, 5011.0)]))


def clicks(seconds=1.0, rate=RATE):
    """Single frames, alone and in groups that make the true peak exceed the samples."""
    random = np.random.default_rng(4)
    sound = np.zeros((2, round(seconds * rate)))
    for start in random.integers(100, sound.shape[1] - 100, 60):
        size = random.integers(1, 6)
        sound[:, start : start + size] = random.choice([-1.0, 1.0], (2, size))
    return sound.astype(np.float32)


MATERIAL = {
    "noise": lambda: signals.noise(1.5, 0.5),
    "music": lambda: signals.music(1.5, level=4.0),
    "squares": squares,
    "clicks": clicks,
    "sine at a quarter of the rate": lambda: sine(12000.0, 1.0, 1.4, phase=np.pi / 4),
    "sine near a quarter": lambda: sine(11987.3, 1.0, 2.0),
    "high sine": lambda: sine(15000.0, 1.0, 1.2),
    "bass": lambda: sine(41.0, 2.0, 1.9),
    "bursts": lambda: 4 * signals.bursts(2.0, every=0.1, length=0.02),
}


def framed(sound, rate=RATE):
    """Faded in and out within silence, so that a spectrum sees no edge; as recordings are, without what none hears.

    At the very end of the band any detector of finite length errs, and so does any converter's filter.
    """
    size = min(480, sound.shape[1] // 4)
    shape = np.ones(sound.shape[1])
    shape[:size] = np.hanning(2 * size)[:size]
    shape[-size:] = np.hanning(2 * size)[size:]
    spectrum = np.fft.rfft(np.pad(sound * shape, ((0, 0), (2000, 2000))), axis=-1)
    hertz = np.fft.rfftfreq(sound.shape[1] + 4000, 1 / rate)
    spectrum *= np.clip((0.4375 * rate - hertz) / (0.0209 * rate), 0, 1)  # 20 to 21 kHz at 48 kHz
    return np.fft.irfft(spectrum, sound.shape[1] + 4000, axis=-1).astype(np.float32)


@pytest.mark.parametrize("gain", [0.0, 6.0, 24.0])
@pytest.mark.parametrize("name", MATERIAL)
def test_the_true_peak_stays_below_the_promise(name, gain):
    """Measured by interpolating sixteen-fold, which shares nothing with the limiter's own detector."""
    limited, _ = limiter.limit(np.ascontiguousarray(framed(MATERIAL[name]()) * np.float32(10 ** (gain / 20))), RATE)
    assert db(oversampled_peak(limited)) <= PROMISE


@pytest.mark.parametrize("phase", np.arange(8) / 32)
def test_a_sine_at_a_quarter_of_the_rate_stays_below_in_every_phase(phase):
    """The peaks lie at a fixed place between the samples, which need not be one where the detector looks."""
    material = framed(sine(RATE / 4, 0.5, 2.0, phase=2 * np.pi * phase))
    limited, _ = limiter.limit(material, RATE)
    assert db(oversampled_peak(limited, 32)) <= PROMISE


@pytest.mark.parametrize("rate", [44100, 96000])
@pytest.mark.parametrize("name", ["noise", "squares", "clicks", "bass"])
def test_the_promise_holds_at_every_rate(name, rate):
    limited, _ = limiter.limit(framed(MATERIAL[name](), rate) * np.float32(4), rate)
    assert db(oversampled_peak(limited)) <= PROMISE


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg measures the true peak here; install it")
def test_ffmpeg_measures_a_true_peak_below_the_promise(tmp_path):
    """The whole way through an engine, measured by another's meter (EBU R128)."""
    hot = np.concatenate([make()[:, : RATE // 2] for make in MATERIAL.values()], axis=1)
    engine = playing(np.ascontiguousarray(hot * np.float32(4)))
    engine.set("mixer.main", 12)
    out = engine.main(hot.shape[1] / RATE)
    path = tmp_path / "hot.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 4, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(out.T.astype(np.float64), -1, 1) * (2**31 - 1)).astype("<i4").tobytes())
    report = subprocess.run(
        ["ffmpeg", "-nostats", "-i", str(path), "-filter_complex", "ebur128=peak=true", "-f", "null", "-"],
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    peak = float(report.rsplit("Peak:", 1)[1].split("dBFS")[0])
    assert -3 < peak <= PROMISE


@pytest.mark.parametrize("name", ["noise", "music", "bass"])
def test_below_the_ceiling_the_sound_passes_bit_for_bit_delayed(name):
    material = framed(MATERIAL[name]())
    material *= np.float32(0.87 / oversampled_peak(material, 8))
    limited, delay = limiter.limit(material, RATE)
    assert np.array_equal(limited[:, delay:], material[:, :-delay])
    assert not limited[:, :delay].any()


def test_the_delay_is_under_two_milliseconds():
    for rate in (44100, 48000, 96000, 192000):
        material = np.zeros((2, rate // 10), np.float32)
        material[:, 1000] = 0.5
        limited, delay = limiter.limit(material, rate)
        assert limited[0, 1000 + delay] == 0.5
        assert delay < 0.002 * rate


def test_after_a_peak_the_sound_comes_back_bit_for_bit():
    material = signals.noise(3.0, 0.1)
    material[:, 5000:5010] = 2.0
    limited, delay = limiter.limit(material, RATE)
    assert np.array_equal(limited[:, 2 * RATE + delay :], material[:, 2 * RATE : -delay])


def gain_of(material, limited, delay):
    """What the limiter multiplied by, frame by frame, where there is enough to tell."""
    return limited[0, delay:].astype(np.float64) / material[0, :-delay]


@pytest.mark.parametrize("drive", [1.0, 4.0, 16.0])
def test_the_gain_never_steps(drive):
    """On a large constant with a leap in it the gain itself can be read: it moves evenly over the look-ahead.

    Of the delay, twelve frames are the detector's; the rest is the look-ahead.
    """
    flat = np.full(RATE, 0.5)
    flat[RATE // 2 : RATE // 2 + 100] = 0.5 + drive
    material = stereo(flat)
    limited, delay = limiter.limit(material, RATE)
    gain, window = gain_of(material, limited, delay), delay - 11
    assert gain.max() <= 1 + 1e-6
    assert largest_step(gain) < 1.01 / window


def test_both_sides_get_the_same_gain():
    material = np.stack([2.0 * np.ones(RATE), 0.01 * np.ones(RATE)]).astype(np.float32)
    limited, delay = limiter.limit(material, RATE)
    assert np.allclose(limited[1, delay:] * 200, limited[0, delay:], rtol=1e-5)


def test_silence_stays_silence():
    limited, _ = limiter.limit(np.zeros((2, RATE), np.float32), RATE)
    assert not limited.any()


def test_broken_samples_do_not_break_what_follows():
    material = signals.noise(4.0, 0.1)
    material[0, 1000], material[1, 2000], material[0, 3000] = np.nan, np.inf, -np.inf
    limited, delay = limiter.limit(material, RATE)
    assert np.array_equal(limited[:, 2 * RATE + delay :], material[:, 2 * RATE : -delay])


def test_switched_off_only_the_delay_remains():
    material = 2 * signals.noise(2.0, 0.5)
    engine = playing(material)
    engine.set("mixer.limiter", 0)
    out = engine.render(RATE)
    late = engine.engine.delay
    assert np.array_equal(out[:2, 200 + late :], material[:, 200 : RATE - late])


def test_main_booth_and_headphones_are_each_held_below_the_promise():
    engine = playing(signals.noise(3.0, 0.5))
    engine.set("mixer.main", 12)
    engine.set("mixer.booth", 12)
    engine.set("mixer.phones.level", 12)
    engine.set("mixer.ch1.cue", 1)
    engine.set("mixer.limiter", 1)
    out = engine.render(2 * RATE)[:6]
    assert np.abs(out).max() <= CEILING
    assert min(np.abs(out[row]).max() for row in range(6)) > 0.8 * CEILING


def test_reduction_and_clips_are_told():
    engine = playing(sine(100.0, 4.0, 0.5))
    engine.render(RATE)
    assert engine.get("mixer.main.reduction") == 0
    assert engine.get("mixer.main.clips") == 0
    engine.set("mixer.main", 12)
    engine.render(RATE)
    needed = db(0.5) + 12 + 1.1
    assert engine.get("mixer.main.reduction") == pytest.approx(needed, abs=0.3)
    assert engine.get("mixer.main.clips") > 0


def test_switching_it_on_in_a_loud_passage_makes_no_step():
    material = sine(100.0, 4.0, 0.5)
    engine = playing(material)
    engine.set("mixer.limiter", 0)
    engine.set("mixer.main", 12)
    heard = []
    for turn in range(6):
        engine.set("mixer.limiter", turn % 2)
        heard.append(engine.main(0.3))
    heard = np.concatenate(heard, axis=1)[:, 4000:]
    assert largest_step(heard) < 1.05 * 4 * largest_step(material) + 2.0 * 1.05 / (engine.engine.delay - 11)
