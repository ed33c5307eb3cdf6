"""Synthesised pitched voices: sub and plucked basses, saws, bells and a voice.

A voice is a function of (hertz, seconds, velocity 0 to 1) that returns one note, (frames,) or (2, frames) at
`score.RATE`; a note at full velocity peaks near 1. Every voice is a sum of sines or a table of them, so that
nothing folds back from above the Nyquist frequency.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from device.demo.filters import Floats
from device.demo.score import RATE

Voice = Callable[[float, float, float], Floats]

_TABLE = 4096
_HIGHEST = 17000.0  # Hz; no partial above
_CONTROL = 64  # frames between the points of a filter's movement


def envelope(frames: int, attack: float, decay: float, sustain: float, release: float) -> Floats:
    """A level curve for a note whose key is held `frames` - release: seconds, and `sustain` 0 to 1."""
    t = np.arange(frames) / RATE
    level = sustain + (1 - sustain) * np.exp(-np.maximum(0, t - attack) / max(decay, 1e-4))
    level *= np.minimum(1.0, t / max(attack, 1e-4))
    tail = int(release * RATE)
    if 0 < tail <= frames:
        level[frames - tail :] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, tail))) ** 1.5
    return np.asarray(level)


@lru_cache(maxsize=64)
def _saw_table(partials: int) -> Floats:
    turn = 2 * np.pi * np.arange(_TABLE + 1) / _TABLE
    total = np.zeros(_TABLE + 1)
    for n in range(1, partials + 1):
        total += np.sin(n * turn) / n * np.cos(np.pi * n / (2 * partials + 2))  # softened, against ringing edges
    return total / 1.85


def saw(hertz: float, frames: int, phase: float = 0.0) -> Floats:
    """A band-limited saw; `phase` 0 to 1."""
    table = _saw_table(max(1, min(400, int(_HIGHEST / hertz))))
    place = ((np.arange(frames) * (hertz / RATE) + phase) % 1.0) * _TABLE
    low = place.astype(np.int64)
    return np.asarray(table[low] + (table[low + 1] - table[low]) * (place - low))


def filtered(hertz: float, frames: int, cutoff: Floats, resonance: float = 3.0, odd: bool = False) -> Floats:
    """A saw (or, `odd`, a square) through a resonant low-pass of 24 dB an octave, made partial by partial.

    `cutoff` in Hz for each frame, so the filter may move as fast as a pluck asks for.
    """
    blocks = -(-frames // _CONTROL)
    coarse = np.interp(np.arange(blocks + 1) * _CONTROL, np.arange(frames), cutoff)
    ramp = np.arange(_CONTROL) / _CONTROL
    step = 2 if odd else 1
    turn = (2 * np.pi * hertz / RATE) * np.arange(blocks * _CONTROL)
    # sin((n + step) x) = 2 cos(step x) sin(n x) - sin((n - step) x) saves a sine a partial
    twice = 2 * np.cos(step * turn)
    partial = np.sin(turn)
    before = -partial if odd else np.zeros_like(partial)
    total = np.zeros((blocks, _CONTROL))
    top = min(_HIGHEST, float(cutoff.max()) * 4.5)
    for n in range(1, max(2, int(top / hertz) + 1), step):
        ratio = n * hertz / coarse
        gain = 1 / (1 + ratio**4) * 10 ** (resonance / 20 * np.exp(-((np.log2(ratio) / 0.35) ** 2))) / n
        total += partial.reshape(blocks, _CONTROL) * (gain[:-1, None] + np.diff(gain)[:, None] * ramp)
        partial, before = twice * partial - before, partial
    return np.asarray(total.reshape(-1)[:frames] * 0.6)


def sub(drive: float = 1.3, attack: float = 0.006, release: float = 0.05) -> Voice:
    """A sine for the floor, with just enough harmonics to be found on small speakers."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + release) * RATE)
        tone = np.sin(2 * np.pi * hertz * np.arange(frames) / RATE)
        shaped = np.tanh(tone * drive) / np.tanh(drive)
        return np.asarray(shaped * envelope(frames, attack, 0.4, 0.85, release) * velocity)

    return play


def plucked_bass(low: float = 140.0, high: float = 1400.0, decay: float = 0.11, resonance: float = 5.0) -> Voice:
    """A saw whose filter snaps shut from `high` to `low` Hz, over a sine an octave deep in the body."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + 0.05) * RATE)
        t = np.arange(frames) / RATE
        cutoff = low + (high - low) * (0.35 + 0.65 * velocity) * np.exp(-t / decay)
        body = 0.75 * filtered(hertz, frames, cutoff, resonance) + 0.55 * np.sin(2 * np.pi * hertz * t)
        return np.asarray(np.tanh(1.3 * body) * envelope(frames, 0.003, 0.30, 0.55, 0.05) * velocity)

    return play


def reese(detune: float = 0.22, rate: float = 0.8) -> Voice:
    """Two saws a little apart that beat against each other, wide, with a cutoff that sways; no sub in it."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + 0.06) * RATE)
        t = np.arange(frames) / RATE
        cutoff = 260 + 620 * velocity * (0.55 - 0.45 * np.cos(2 * np.pi * rate * t)) + 900 * np.exp(-t / 0.08)
        bend = 2 ** (detune / 12)
        left = filtered(hertz * bend, frames, cutoff, 4.0)
        right = filtered(hertz / bend, frames, cutoff, 4.0)
        middle = filtered(hertz * 1.0015, frames, cutoff, 4.0)
        level = envelope(frames, 0.008, 0.5, 0.85, 0.06) * velocity
        return np.asarray(np.stack([left + 0.7 * middle, right + 0.7 * middle]) * (0.6 * level))

    return play


def saws(count: int = 5, detune: float = 0.16, attack: float = 0.25, release: float = 0.6, seed: int = 5) -> Voice:
    """A stack of detuned saws spread over the stereo picture: pads when slow, stabs when quick."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(-1, 1, count)
    phases = rng.uniform(0, 1, (128, count))

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + release) * RATE)
        out = np.zeros((2, frames))
        for i, place in enumerate(spread):
            voice = saw(hertz * 2 ** (place * detune / 12), frames, phases[int(hertz) % 128, i])
            angle = (0.5 + 0.42 * place * (-1) ** i) * np.pi / 2
            out[0] += voice * np.cos(angle)
            out[1] += voice * np.sin(angle)
        level = envelope(frames, attack, 0.5, 0.9, release) * velocity * 0.56 / np.sqrt(count)
        return np.asarray(out * level)

    return play


def pluck(
    low: float = 500.0, high: float = 5200.0, decay: float = 0.13, ring: float = 0.45, *, odd: bool = False
) -> Voice:
    """A synthetic string: two detuned saws (or squares) under a fast closing filter, left and right."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((min(seconds, ring * 1.5) + ring) * RATE)
        t = np.arange(frames) / RATE
        cutoff = np.maximum(low, hertz * 1.3) + (high - low) * (0.3 + 0.7 * velocity) * np.exp(-t / decay)
        left = filtered(hertz * 1.0025, frames, cutoff, 2.0, odd)
        right = filtered(hertz / 1.0025, frames, cutoff, 2.0, odd)
        level = np.minimum(1, t / 0.002) * np.exp(-t / ring) * envelope(frames, 0.001, 9, 1, min(0.25, ring / 2))
        return np.asarray(np.stack([left + 0.25 * right, right + 0.25 * left]) * (level * velocity))

    return play


def bell(ratio: float = 3.5, depth: float = 1.6, ring: float = 0.9) -> Voice:
    """Two-operator frequency modulation: glass, chimes and electric keys by `ratio` and `depth`."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((min(seconds, ring) + ring) * RATE)
        t = np.arange(frames) / RATE
        index = depth * velocity * np.exp(-t / (ring * 0.22)) * min(1.0, 2500 / (hertz * ratio))
        tone = np.sin(2 * np.pi * hertz * t + index * np.sin(2 * np.pi * hertz * ratio * t))
        level = np.minimum(1, t / 0.0015) * np.exp(-t / (ring * 0.5)) * envelope(frames, 0.001, 9, 1, ring / 3)
        return np.asarray(tone * level * velocity)

    return play


def organ(release: float = 0.04) -> Voice:
    """Drawbars with a percussive front: the stab of many a house record."""
    bars = ((0.5, 0.35), (1.0, 1.0), (2.0, 0.62), (3.0, 0.38), (4.0, 0.22), (6.0, 0.10))

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + release) * RATE)
        t = np.arange(frames) / RATE
        total = sum(level * np.sin(2 * np.pi * hertz * ratio * t) for ratio, level in bars if hertz * ratio < _HIGHEST)
        front = 0.5 * np.sin(2 * np.pi * hertz * 4 * t) * np.exp(-t / 0.03)
        return np.asarray((total + front) * envelope(frames, 0.002, 0.18, 0.45, release) * velocity / 2.4)

    return play


def vowel(formants: tuple[tuple[float, float], ...] = ((700, 1.0), (1150, 0.6), (2700, 0.25))) -> Voice:
    """A sung syllable: a saw with a vibrato seen through resonances of (Hz, level); the default says "ah"."""

    def play(hertz: float, seconds: float, velocity: float) -> Floats:
        frames = int((seconds + 0.09) * RATE)
        t = np.arange(frames) / RATE
        sway = 1 + 0.007 * np.sin(2 * np.pi * 5.4 * t) * np.minimum(1, t / 0.25) - 0.05 * np.exp(-t / 0.022)
        turn = 2 * np.pi * np.cumsum(hertz * sway) / RATE
        total = np.zeros(frames)
        for n in range(1, int(min(5200, _HIGHEST) / hertz) + 1):
            f = n * hertz
            seen = sum(level * np.exp(-(((f - centre) / (90 + centre * 0.09)) ** 2)) for centre, level in formants)
            total += np.sin(n * turn) * (0.06 + seen) / n**0.6
        return np.asarray(0.5 * total * envelope(frames, 0.018, 0.35, 0.7, 0.09) * velocity)

    return play
