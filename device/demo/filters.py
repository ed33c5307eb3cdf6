"""Filters over whole signals: static tone shaping without pre-ringing, and sweeps that move with the arrangement.

Signals are float32 arrays of (2, frames) at `score.RATE`. Everything here works through the FFT: numpy has no
recursive filter, and a Python loop over samples would take minutes a track.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from device.demo.score import RATE

Signal = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Response = Callable[[Floats], Floats]  # magnitude over frequency in Hz

_TAPS = 8192
_FLOOR = 1e-5


def low_cut(hertz: float, order: int = 2) -> Response:
    """A Butterworth high-pass; 6 dB an octave for each order."""
    return lambda f: 1.0 / np.sqrt(1.0 + (hertz / np.maximum(f, 1e-3)) ** (2 * order))


def high_cut(hertz: float, order: int = 2) -> Response:
    """A Butterworth low-pass; 6 dB an octave for each order."""
    return lambda f: 1.0 / np.sqrt(1.0 + (f / hertz) ** (2 * order))


def bell(hertz: float, decibels: float, octaves: float = 1.0) -> Response:
    """A boost or cut around a frequency, `octaves` wide."""
    return lambda f: 10.0 ** (decibels / 20 * np.exp(-((np.log2(np.maximum(f, 1e-3) / hertz) / (octaves / 2)) ** 2)))


def high_shelf(hertz: float, decibels: float) -> Response:
    """A boost or cut of everything above a frequency."""
    return lambda f: 10.0 ** (decibels / 20 / (1.0 + (hertz / np.maximum(f, 1e-3)) ** 2))


def tone(signal: Signal, *responses: Response) -> Signal:
    """Shape a signal by the product of responses, with minimum phase: nothing sounds before it is played."""
    return convolve(signal, minimum_phase(*responses))


def minimum_phase(*responses: Response) -> Floats:
    """The impulse response, _TAPS frames long, whose magnitude is the product of responses.

    The phase comes from the folded cepstrum: energy as early as the magnitude allows.
    """
    frequency = np.fft.rfftfreq(_TAPS * 2, 1 / RATE)
    magnitude = np.ones_like(frequency)
    for response in responses:
        magnitude = magnitude * response(frequency)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, _FLOOR)))
    cepstrum[1:_TAPS] *= 2.0
    cepstrum[_TAPS + 1 :] = 0.0
    impulse: Floats = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:_TAPS]
    fade = _TAPS // 8
    impulse[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return impulse


def convolve(signal: Signal, impulse: Floats) -> Signal:
    """Convolve each channel with an impulse of (frames,) or (2, frames); the result is as long as the signal."""
    kernel = np.atleast_2d(impulse)
    taps = kernel.shape[1]
    size = 1 << max(16, int(np.ceil(np.log2(taps * 3))))
    block = size - taps + 1
    spectrum = np.fft.rfft(kernel, size)
    frames = signal.shape[1]
    out = np.zeros((2, frames), np.float32)
    for start in range(0, frames, block):
        piece = signal[:, start : start + block]
        if not piece.any():
            continue
        wet = np.fft.irfft(np.fft.rfft(piece, size) * spectrum, size)
        end = min(frames, start + size)
        out[:, start:end] += wet[:, : end - start].astype(np.float32)
    return out


def sweep(
    signal: Signal,
    cutoff: npt.NDArray[np.float32],
    *,
    kind: str = "low",
    resonance: float = 0.0,
    order: int = 3,
    window: int = 2048,
) -> Signal:
    """A low-, high- or band-pass whose cutoff in Hz is given for every frame of the signal.

    `resonance` in dB is the height of the peak at the cutoff. Overlapping windows of `window` frames, each
    filtered by the cutoff at its middle: no zipper noise, and no phase shift against the dry parts.
    """
    if kind not in ("low", "high", "band"):
        raise ValueError(f"a sweep is low, high or band, not {kind!r}")
    hop = window // 4
    shape = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window))
    frames = signal.shape[1]
    count = frames // hop + 5
    padded = np.zeros((2, (count + 4) * hop), np.float32)
    padded[:, window : window + frames] = signal
    out = np.zeros_like(padded)
    frequency = np.maximum(np.fft.rfftfreq(window, 1 / RATE), 1.0)
    middles = np.clip(np.arange(count) * hop - window // 2, 0, frames - 1)
    at = np.asarray(cutoff, np.float64)[middles]
    for first in range(0, count, 1024):
        which = np.arange(first, min(count, first + 1024))
        index = which[:, None] * hop + np.arange(window)
        ratio = frequency[None, :] / at[which][:, None]
        gain = _sweep_gain(ratio, kind, order, resonance)
        for channel in range(2):
            taken = padded[channel][index]
            if not taken.any():
                continue
            wet = np.fft.irfft(np.fft.rfft(taken * shape) * gain, window) * (shape * 0.5)
            for quarter in range(4):  # windows four apart do not overlap: each quarter is one plain addition
                rows = wet[quarter::4]
                start = int(which[0] + quarter) * hop
                out[channel, start : start + rows.size] += rows.reshape(-1).astype(np.float32)
    return out[:, window : window + frames]


def _sweep_gain(ratio: Floats, kind: str, order: int, resonance: float) -> Floats:
    if kind == "low":
        gain = 1.0 / np.sqrt(1.0 + ratio ** (2 * order))
    elif kind == "high":
        gain = 1.0 / np.sqrt(1.0 + ratio ** (-2 * order))
    else:
        gain = np.exp(-((np.log2(ratio) / 0.7) ** 2))
    if resonance:
        gain = gain * 10.0 ** (resonance / 20 * np.exp(-((np.log2(ratio) / 0.3) ** 2)))
    return np.asarray(gain, np.float64)
