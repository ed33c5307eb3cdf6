"""Synthesised drums and noises: kicks, claps, snares, hats, risers and impacts.

Each maker returns one sound, a float array of (frames,) or (2, frames) at `score.RATE` with a peak near 1.
Random sources are arguments.
"""

import numpy as np
import numpy.typing as npt

from device.demo.filters import Floats
from device.demo.score import RATE

METAL = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)  # the square waves of the classic analogue cymbal, in Hz


def _time(seconds: float) -> Floats:
    return np.arange(int(seconds * RATE)) / RATE


def _fade_out(sound: Floats, seconds: float = 0.01) -> Floats:
    frames = min(int(seconds * RATE), sound.shape[-1])
    sound[..., sound.shape[-1] - frames :] *= np.linspace(1, 0, frames)
    return sound


def _peak(sound: Floats) -> Floats:
    return np.asarray(sound / np.abs(sound).max())


def noise_band(rng: np.random.Generator, frames: int, low: float, high: float, order: int = 2) -> Floats:
    """Noise between two frequencies in Hz with Butterworth-like edges, RMS 1."""
    frequency = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 1.0)
    gain = 1 / np.sqrt((1 + (low / frequency) ** (2 * order)) * (1 + (frequency / high) ** (2 * order)))
    sound = np.fft.irfft(np.fft.rfft(rng.standard_normal(frames)) * gain, frames)
    return np.asarray(sound / sound.std())


def kick(
    rng: np.random.Generator,
    hertz: float = 49.0,
    seconds: float = 0.34,
    *,
    punch: float = 5.0,
    drive: float = 2.2,
    click: float = 0.35,
) -> Floats:
    """A sine that falls from `punch` times above `hertz` within some 60 ms, driven, with a short click on top."""
    t = _time(seconds)
    pitch = hertz * (1 + punch * np.exp(-t / 0.012) + 1.1 * np.exp(-t / 0.045))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE)
    level = np.minimum(1.0, t / 0.0006) * np.exp(-((t / (seconds * 0.62)) ** 2.2))
    tick = noise_band(rng, len(t), 1800, 9000) * np.exp(-t / 0.0035) * click * 0.4
    return _fade_out(_peak(np.tanh(body * level * drive) + tick))


def clap(rng: np.random.Generator, seconds: float = 0.32, bright: float = 1.0) -> Floats:
    """Several hands: four short bursts within 30 ms and a room, slightly different left and right."""
    t = _time(seconds)
    out = np.zeros((2, len(t)))
    for channel in range(2):
        level = 0.55 * np.exp(-np.maximum(0, t - 0.030) / 0.075) * (t >= 0.030)
        for start in np.array([0.0, 0.0095, 0.0200, 0.0305]) + rng.uniform(0, 0.0012, 4) * [0, 1, 1, 1]:
            level += (t >= start) * np.exp(-np.maximum(0, t - start) / 0.0045)
        sound = noise_band(rng, len(t), 850, 2600) + 0.35 * bright * noise_band(rng, len(t), 4000, 12000)
        out[channel] = sound * level
    middle = out.mean(axis=0)
    return _fade_out(_peak(0.6 * out + 0.8 * middle))


def snare(rng: np.random.Generator, hertz: float = 190.0, seconds: float = 0.28, crack: float = 1.0) -> Floats:
    """A tuned skin of two modes with a falling pitch, wires of noise, and a crack at the front."""
    t = _time(seconds)
    fall = 1 + 0.55 * np.exp(-t / 0.009)
    skin = np.sin(2 * np.pi * np.cumsum(hertz * fall) / RATE) * np.exp(-t / 0.055)
    skin += 0.45 * np.sin(2 * np.pi * np.cumsum(hertz * 1.78 * fall) / RATE) * np.exp(-t / 0.035)
    wires = np.stack([noise_band(rng, len(t), 1400, 11000, 1) for _ in range(2)])
    wires = 0.45 * wires + 0.30 * wires.mean(axis=0)
    level = 0.75 * np.exp(-t / 0.065) + crack * 0.9 * np.exp(-t / 0.006)
    return _fade_out(_peak(np.tanh(1.5 * (skin + 0.55 * wires * level)) * np.minimum(1.0, t / 0.0004)))


def rim(rng: np.random.Generator) -> Floats:
    """A side stick: two short ringing modes and a tick."""
    t = _time(0.09)
    ring = np.sin(2 * np.pi * 1710 * t) * np.exp(-t / 0.011) + 0.7 * np.sin(2 * np.pi * 520 * t) * np.exp(-t / 0.016)
    return _fade_out(_peak(ring + 0.35 * noise_band(rng, len(t), 2500, 9000) * np.exp(-t / 0.004)))


def hat(rng: np.random.Generator, seconds: float = 0.06, low: float = 7200.0, metal: float = 0.5) -> Floats:
    """A cymbal of squares and noise above `low` Hz; `seconds` is the decay to about -26 dB."""
    t = _time(max(0.05, seconds * 2.2))
    tones = sum(np.sign(np.sin(2 * np.pi * f * 1.61 * t + rng.uniform(0, 6.28))) for f in METAL) / len(METAL)
    frequency = np.maximum(np.fft.rfftfreq(len(t), 1 / RATE), 1.0)
    rings = np.fft.irfft(np.fft.rfft(tones) / np.sqrt(1 + (low / frequency) ** 8), len(t))
    air = noise_band(rng, len(t), low, 15500, 3)
    sound = metal * rings / max(float(rings.std()), 1e-9) + (1 - metal) * air
    return _fade_out(_peak(sound * np.minimum(1.0, t / 0.0008) * np.exp(-t / (seconds / 3))))


def shaker(rng: np.random.Generator, seconds: float = 0.075) -> Floats:
    """Grains in a box: noise with a soft front."""
    t = _time(seconds)
    level = np.sin(np.pi * (t / seconds) ** 0.55) ** 1.5
    return _peak(noise_band(rng, len(t), 5200, 12500) * level)


def tom(rng: np.random.Generator, hertz: float, seconds: float = 0.35) -> Floats:
    """A tuned drum for fills."""
    t = _time(seconds)
    pitch = hertz * (1 + 0.7 * np.exp(-t / 0.03))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-t / (seconds * 0.3))
    return _fade_out(_peak(np.tanh(1.6 * body) + 0.15 * noise_band(rng, len(t), 600, 5000) * np.exp(-t / 0.012)))


def crash(rng: np.random.Generator, seconds: float = 2.6) -> Floats:
    """A wide cymbal that rings."""
    t = _time(seconds)
    sides = np.stack([noise_band(rng, len(t), 3200, 14500, 1) for _ in range(2)])
    metal = sum(np.sign(np.sin(2 * np.pi * f * 2.37 * t)) for f in METAL) / len(METAL)
    frequency = np.maximum(np.fft.rfftfreq(len(t), 1 / RATE), 1.0)
    rings = np.fft.irfft(np.fft.rfft(metal) / np.sqrt(1 + (4500 / frequency) ** 6), len(t))
    level = np.minimum(1.0, t / 0.0015) * (0.6 * np.exp(-t / 0.12) + 0.5 * np.exp(-t / (seconds / 4.5)))
    return _fade_out(_peak((sides + 0.8 * rings / rings.std()) * level), 0.1)


def impact(rng: np.random.Generator, hertz: float = 38.0, seconds: float = 2.2) -> Floats:
    """A low boom with a dark burst, for the first beat after a break."""
    t = _time(seconds)
    low = np.sin(2 * np.pi * np.cumsum(hertz * (1 + 1.6 * np.exp(-t / 0.09))) / RATE) * np.exp(-t / (seconds / 4))
    burst = np.stack([noise_band(rng, len(t), 120, 2200, 1) for _ in range(2)]) * np.exp(-t / (seconds / 7)) * 0.22
    return _fade_out(_peak(low + burst), 0.1)


def riser(rng: np.random.Generator, seconds: float, low: float = 400.0, high: float = 9000.0) -> Floats:
    """Noise whose band climbs from `low` to `high` Hz and swells for `seconds`, wide, then stops."""
    frames = int(seconds * RATE)
    window, hop = 2048, 512
    count = frames // hop + 1
    shape = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2
    frequency = np.maximum(np.fft.rfftfreq(window, 1 / RATE), 1.0)
    count += -count % 4
    out = np.zeros((2, (count + 4) * hop))
    done = np.arange(count)[:, None] / count
    centre = low * (high / low) ** done
    gain = np.exp(-((np.log2(frequency / centre) / 1.1) ** 2)) * (0.06 + done**1.8)
    for channel in range(2):
        grains = np.fft.irfft(np.fft.rfft(rng.standard_normal((count, window))) * gain) * shape
        for quarter in range(4):  # grains four apart adjoin
            part = grains[quarter::4].reshape(-1)
            out[channel, quarter * hop : quarter * hop + len(part)] += part
    return _fade_out(_peak(out[:, :frames]), 0.03)


def vinyl(rng: np.random.Generator, frames: int) -> npt.NDArray[np.float32]:
    """The surface of an old record: sparse clicks over a soft hiss, (2, frames), clicks near 1, hiss near -30 dB."""
    out = np.zeros((2, frames), np.float32)
    for channel in range(2):
        hiss = rng.standard_normal(frames)
        out[channel] = 0.02 * (hiss + np.roll(hiss, 1) + np.roll(hiss, 2))
    count = int(frames / RATE * 9)
    where = rng.integers(0, max(1, frames - 64), count)
    size = rng.pareto(2.2, count).clip(0, 6) * 0.16
    for at, strength in zip(where, size, strict=True):
        length = int(rng.integers(8, 40))
        click = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 4)) * strength
        balance = rng.uniform(0.3, 0.7)
        out[:, at : at + length] += np.outer((1 - balance, balance), click).astype(np.float32)
    return out
