"""Loudness of a mix by ITU-R BS.1770, and the master stage that brings every piece to the same."""

import numpy as np
import numpy.typing as npt

from device.demo.effects import mono_below, saturate
from device.demo.filters import Floats, Signal, low_cut, tone
from device.demo.score import RATE

TARGET = -11.0  # LUFS, integrated
CEILING = -1.3  # dBTP as estimated at four times the rate; a finer meter finds a tenth or two more
_LOOK_AHEAD = 0.004  # seconds
_RELEASE = 0.060
_OVERSAMPLING = 4
_STRIDE = 16  # frames to one value of the gain curve
_NEAR_ENOUGH = 0.05  # LU


def _weighting(frequency: Floats) -> Floats:
    """The K curve: a shelf for the head and a high-pass, as power gain over Hz (BS.1770-4, at 48 kHz)."""
    z = np.exp(-2j * np.pi * frequency / 48000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high) ** 2)


def blocks(signal: Signal) -> Floats:
    """The K-weighted power of both channels in blocks of 400 ms, four of them a 400 ms step apart by 100 ms."""
    size = 1 << 16
    frames = signal.shape[1]
    hop = RATE // 10
    curve = np.sqrt(_weighting(np.fft.rfftfreq(size, 1 / RATE)))
    margin = 4096  # the weighting is applied without phase; its ringing stays inside the margin
    power = np.zeros(frames)
    for start in range(0, frames, size - 2 * margin):
        first = max(0, start - margin)
        piece = signal[:, first : first + size]
        heard = np.fft.irfft(np.fft.rfft(piece, size) * curve, size)
        end = min(frames, start + size - 2 * margin)
        power[start:end] = (heard[:, start - first : end - first] ** 2).sum(axis=0)
    tenths = power[: frames // hop * hop].reshape(-1, hop).mean(axis=1)
    if len(tenths) < 4:
        return np.array([power.mean()])
    return np.convolve(tenths, np.ones(4) / 4, "valid")


def integrated(signal: Signal) -> float:
    """Integrated loudness in LUFS with both gates; -inf for silence."""
    power = blocks(signal)
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(power):
        return float("-inf")
    power = power[power > power.mean() * 0.1]
    return float(-0.691 + 10 * np.log10(power.mean()))


def limit(signal: Signal, ceiling: float = CEILING) -> Signal:
    """Hold the true peaks at `ceiling` dBTP: look ahead 4 ms, back within some 60 ms, both channels alike."""
    top = 10 ** (ceiling / 20)
    frames = signal.shape[1]
    count = -(-frames // _STRIDE)
    peaks = np.zeros(count * _STRIDE, np.float32)
    peaks[:frames] = _true_peaks(signal)
    needed = np.minimum(1.0, top / np.maximum(peaks.reshape(count, _STRIDE).max(axis=1), 1e-9))
    ahead = int(_LOOK_AHEAD * RATE / _STRIDE)
    held = _lowest(needed, ahead)
    fall = np.exp(-_STRIDE / (_RELEASE * RATE))
    held = _released(held, fall)
    window = np.hanning(ahead + 2)[1:-1]
    smooth = np.convolve(np.pad(held, (ahead, ahead), mode="edge"), window / window.sum(), "same")[ahead:-ahead]
    curve = np.interp(np.arange(frames), np.arange(count) * _STRIDE + _STRIDE / 2, smooth)
    return np.asarray(np.clip(signal * curve.astype(np.float32), -top, top))


def _true_peaks(signal: Signal) -> npt.NDArray[np.float32]:
    """The highest of both channels at each frame and at the points between it and its neighbours."""
    peaks: npt.NDArray[np.float32] = np.abs(signal).max(axis=0)
    taps = np.arange(-12, 13)
    for part in range(1, _OVERSAMPLING):
        kernel = np.sinc(taps - part / _OVERSAMPLING) * np.cos(np.pi * (taps - part / _OVERSAMPLING) / 27) ** 2
        for channel in signal:
            between = np.abs(np.convolve(channel, kernel.astype(np.float32), "same"))
            np.maximum(peaks, between, out=peaks)
            np.maximum(peaks[1:], between[:-1], out=peaks[1:])
    return peaks


def _lowest(values: Floats, reach: int) -> Floats:
    """The lowest value within `reach` places either side."""
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1))


def _released(values: Floats, fall: float) -> Floats:
    """A gain that drops at once and comes back by the factor `fall` a step: a running maximum in the log domain.

    The reduction 1 - g decays geometrically, so multiplied by fall**-i it is a cumulative maximum; taken in
    stretches short enough for floating point.
    """
    out = np.empty_like(values)
    last = 0.0
    for start in range(0, len(values), 2000):
        cut = 1.0 - values[start : start + 2000]
        power = fall ** np.arange(len(cut))
        cut[0] = max(cut[0], last * fall)
        cut = np.maximum.accumulate(cut / power) * power
        last = float(cut[-1])
        out[start : start + len(cut)] = 1.0 - cut
    return out


def master(mix: Signal, target: float = TARGET) -> Signal:
    """Clean the low end, warm, and bring to `target` LUFS with peaks at the ceiling; the same length.

    A mix that is silent stays silent.
    """
    clean = mono_below(tone(mix, low_cut(24, 2)), 120)
    loud = integrated(clean)
    if loud == float("-inf"):
        return clean
    gain = target - loud
    done = clean
    for _ in range(5):
        driven = saturate(clean * np.float32(10 ** (gain / 20)), 0.75)
        done = limit(driven - driven.mean(axis=1, keepdims=True))
        short = target - integrated(done)
        if abs(short) < _NEAR_ENOUGH:
            break
        gain += short * 1.25  # what the limiter takes back of each dB
    return np.asarray(done - done.mean(axis=1, keepdims=True))


def dithered(signal: Signal, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Round to 16 bits with triangular dither of one step, as (2, frames)."""
    noise = rng.random(signal.shape, np.float32) - rng.random(signal.shape, np.float32)
    return np.rint(np.clip(signal * 32768 + noise, -32768, 32767)).astype(np.int16)
