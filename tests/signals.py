"""Sounds that tests feed the engine, and measures of what comes out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.engine.offline import OfflineEngine

Wave = NDArray[np.float64]  # one channel
Sound = NDArray[np.float32]  # (2, frames)
Samples = NDArray[np.floating[Any]]  # either, in any precision

RATE = 48000
FADE = 192  # frames of the engine's fade at cuts
STEEPEST = np.pi / 2 / FADE  # most that a raised-cosine fade's gain changes in one frame


def times(seconds: float, rate: int = RATE) -> Wave:
    """The frames' times, in seconds."""
    return np.arange(round(seconds * rate)) / rate


def stereo(left: Wave, right: Wave | None = None) -> Sound:
    """Both channels as the engine takes them."""
    both: Sound = np.stack([left, left if right is None else right]).astype(np.float32)
    return both


def sine(hertz: float, seconds: float, level: float = 0.5, rate: int = RATE, phase: float = 0.0) -> Sound:
    """A sine, the same on both sides; `phase` in radians."""
    return stereo(level * np.sin(2 * np.pi * hertz * times(seconds, rate) + phase))


def noise(seconds: float, level: float = 0.25, seed: int = 1, rate: int = RATE) -> Sound:
    """White noise of that RMS, different on both sides."""
    random = np.random.default_rng(seed)
    left, right = level * random.standard_normal((2, round(seconds * rate)))
    return stereo(left, right)


def music(seconds: float, seed: int = 1, rate: int = RATE, level: float = 0.25) -> Sound:
    """Chords that change each half second over soft low-passed noise, with an RMS near `level` / 2."""
    random = np.random.default_rng(seed)
    at = times(seconds, rate)
    wave = np.zeros(at.size)
    half = rate // 2
    for start in range(0, at.size, half):
        part = at[start : start + half]
        root = 110 * 2 ** (random.integers(0, 12) / 12)
        shape = np.minimum(1, np.minimum(np.arange(part.size), part.size - 1 - np.arange(part.size)) / (0.02 * rate))
        for ratio in (1, 1.25, 1.5, 2, 3, 5):
            wave[start : start + half] += shape * np.sin(2 * np.pi * root * ratio * part) / ratio
    soft = np.convolve(random.standard_normal(at.size), np.hanning(33) / 16, "same")
    return stereo(level * (0.35 * wave + 0.1 * soft))


def bursts(seconds: float, every: float = 0.5, length: float = 0.004, rate: int = RATE, seed: int = 3) -> Sound:
    """Silence with a short burst of noise each `every` seconds, the first at `every`."""
    random = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * rate))
    for start in np.arange(every, seconds - length, every):
        first = round(start * rate)
        size = round(length * rate)
        wave[first : first + size] = 0.5 * random.standard_normal(size) * np.hanning(size)
    return stereo(wave)


def ramp(seconds: float, rate: int = RATE) -> Sound:
    """A line from -0.5 to 0.5: its value tells the place, so a jump by any distance shows."""
    return stereo(np.linspace(-0.5, 0.5, round(seconds * rate)))


def largest_step(sound: Samples) -> float:
    """The largest difference between neighbouring frames."""
    return float(np.abs(np.diff(np.asarray(sound, np.float64), axis=-1)).max())


def most_allowed(material: Sound, speed: float = 1.0, fade: int = FADE, fades: int = 1) -> float:
    """The largest step an event may cause: the material's own, and what crossfades from its lowest to its highest add.

    While g fades from a to b the output is a + g (b - a): it moves by the material's own step plus at most the fade's
    steepest slope times the material's whole range. `fades` of them may overlap. 2 % are left for rounding and ringing.
    """
    reach = float(material.max() - min(material.min(), 0)) if material.size else 0.0
    reach = max(reach, float(np.abs(material).max()))
    own = largest_step(material) * max(1.0, abs(speed))
    return 1.02 * (own + fades * reach * np.pi / 2 / fade) + 1e-6


def db(ratio: float) -> float:
    """Decibels of an amplitude ratio; -400 for nothing."""
    return float(20 * np.log10(max(ratio, 1e-20)))


def rms(wave: Samples) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(np.asarray(wave, np.float64)))))


def split_sine(wave: Samples, hertz: float, rate: int = RATE) -> tuple[float, Wave]:
    """The amplitude of the sine of that frequency (least squares), and what is left without it."""
    samples = np.asarray(wave, np.float64)
    angle = 2 * np.pi * hertz * np.arange(samples.size) / rate
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found, *_ = np.linalg.lstsq(basis, samples, rcond=None)
    return float(np.hypot(*found)), samples - basis @ found


def thd_n(wave: Samples, hertz: float, rate: int = RATE) -> float:
    """Everything but the sine of that frequency against it, in dB."""
    amplitude, rest = split_sine(wave, hertz, rate)
    return db(rms(rest) / (amplitude / np.sqrt(2)))


def slope(x: Samples, y: Samples) -> float:
    """Of the straight line that fits best."""
    away = x - x.mean()
    return float(np.dot(away, y) / np.dot(away, away))


def pitch(wave: Samples, near: float, rate: int = RATE) -> float:
    """The frequency of the strongest tone within a tenth of `near`, by the phase's advance over the wave's length."""
    samples = np.asarray(wave, np.float64)
    angle = 2j * np.pi * near * np.arange(samples.size) / rate
    size = rate // 10
    window = np.hanning(size)
    starts = range(0, samples.size - size, size // 4)
    phases = np.unwrap(
        [np.angle(np.sum(window * samples[s : s + size] * np.exp(-angle[s : s + size]))) for s in starts]
    )
    return near + slope(np.array(starts) / rate, phases) / (2 * np.pi)


def level_at(sound: Samples, hertz: float, rate: int = RATE) -> float:
    """Amplitude of one frequency."""
    return split_sine(sound, hertz, rate)[0]


def oversampled_peak(sound: Samples, factor: int = 16) -> float:
    """The true peak by exact band-limited interpolation (zero-padded spectrum); the ends should be silent."""
    samples = np.atleast_2d(np.asarray(sound, np.float64))
    size = samples.shape[-1]
    spectrum = np.fft.rfft(samples, axis=-1)
    return float(np.abs(np.fft.irfft(spectrum, size * factor, axis=-1) * factor).max())


def lag(late: Samples, early: Samples, rate: int = RATE, within: float = 0.04) -> float:
    """Seconds by which bursts in `late` follow those in `early`: the median shift of their centres of energy.

    Bursts are found in `early`; in `late` each is looked for `within` seconds around.
    """
    first, second = (np.square(np.asarray(wave, np.float64)) for wave in (early, late))
    loud = np.convolve(first, np.ones(rate // 100), "same")
    half, shifts = round(within * rate), []
    while loud.max() > 0:
        peak = int(np.argmax(loud))
        start, stop = max(0, peak - half), peak + half
        frames = np.arange(start, min(stop, first.size))
        if peak > half and stop < first.size and second[frames].any():
            centres = [np.dot(frames, wave[frames]) / wave[frames].sum() for wave in (first, second)]
            shifts.append((centres[1] - centres[0]) / rate)
        loud[start:stop] = 0
        if loud.max() < 0.1 * loud[loud > 0].max(initial=0):
            break
    return float(np.median(shifts))


def deck_on(material: Sound, rate: int = RATE, period: int = 64, **values: float) -> OfflineEngine:
    """An engine with `material` on deck 1; `values` are set first, named as in `keylock=1`."""
    engine = OfflineEngine(rate, period)
    for name, value in values.items():
        engine.set(f"deck1.{name}", value)
    engine.load_array(1, material)
    return engine


def playing(material: Sound, rate: int = RATE, period: int = 64, **values: float) -> OfflineEngine:
    """`deck_on`, and deck 1 plays from the first frame."""
    engine = deck_on(material, rate, period, **values)
    engine.set("deck1.play", 1)
    return engine


def deck(engine: OfflineEngine, frames: int, number: int = 1) -> Sound:
    """The next frames of a deck before the mixer, (2, frames)."""
    return engine.render(frames)[4 + 2 * number : 6 + 2 * number]


def position(engine: OfflineEngine, number: int = 1) -> float:
    """Where a deck is, in frames."""
    return round(engine.get(f"deck{number}.position") * engine.samplerate, 6)
