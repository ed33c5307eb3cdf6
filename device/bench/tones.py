"""Measures of a tone: how pure, how strong, how high."""

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32] | NDArray[np.float64]
_SINGULAR = 1e-15  # given, as numpy's own warns where the engine has switched denormals off in this thread


def decibels(ratio: float) -> float:
    """Of an amplitude ratio; -400 for nothing."""
    return float(20 * np.log10(max(ratio, 1e-20)))


def rms(wave: Wave) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(np.asarray(wave, np.float64)))))


def split(wave: Wave, hertz: float, rate: int) -> tuple[float, NDArray[np.float64]]:
    """The amplitude of the sine of that frequency, by least squares, and what is left without it."""
    samples = np.asarray(wave, np.float64)
    angle = 2 * np.pi * hertz * np.arange(samples.size) / rate
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found, *_ = np.linalg.lstsq(basis, samples, rcond=_SINGULAR)
    return float(np.hypot(*found)), samples - basis @ found


def thd_n(wave: Wave, hertz: float, rate: int) -> float:
    """Distortion and noise: everything but the sine against it, in dB."""
    amplitude, rest = split(wave, hertz, rate)
    return decibels(rms(rest) / (amplitude / np.sqrt(2)))


def strongest_other(wave: Wave, hertz: float, rate: int) -> float:
    """The strongest line of the spectrum away from the sine (an alias, a harmonic), in dB against it."""
    amplitude, rest = split(wave, hertz, rate)
    window = np.blackman(rest.size) ** 2
    spectrum = np.abs(np.fft.rfft(rest * window)) / (window.sum() / 2)
    return decibels(float(spectrum.max()) / amplitude)


def pitch(wave: Wave, near: float, rate: int) -> float:
    """The frequency of the strongest tone within a tenth of `near`, by the advance of its phase."""
    samples = np.asarray(wave, np.float64)
    angle = 2j * np.pi * near * np.arange(samples.size) / rate
    size = rate // 10
    window = np.hanning(size)
    starts = np.arange(0, samples.size - size, size // 4)
    phases = [np.angle(np.sum(window * samples[at : at + size] * np.exp(-angle[at : at + size]))) for at in starts]
    slope = np.polyfit(starts / rate, np.unwrap(phases), 1, rcond=_SINGULAR)[0]
    return float(near + slope / (2 * np.pi))


def cents(found: float, wanted: float) -> float:
    """How far a frequency is from another, in hundredths of a semitone."""
    return float(1200 * np.log2(found / wanted))
