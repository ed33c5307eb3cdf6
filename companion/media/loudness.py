"""Loudness by EBU R128 (ITU-R BS.1770), loudness range (EBU Tech 3342) and true peak, block by block."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

STEP_SECONDS = 0.1
FLOOR_LUFS = -70.0  # what is quieter does not count
MOST_POINTS = 4000  # of a curve
_SURROUND = 1.41
_TAPS = 128  # of the true-peak filter, per phase


@dataclass(frozen=True, slots=True)
class Loudness:
    """All None where there is too little, or nothing above the floor. curve: short-term LUFS, one each step_seconds."""

    integrated: float | None  # LUFS
    range: float | None  # LU
    momentary: float | None  # the loudest 0.4 s, LUFS
    short_term: float | None  # the loudest 3 s, LUFS
    true_peak: float | None  # dBTP
    sample_peak: float | None  # dBFS
    step_seconds: float
    curve: list[float]


class LoudnessMeter:
    """Measures samples as they come.

    rate: Hz. names: libav's channel names; the low-frequency channel does not count, surrounds count 1.5 dB more.
    Filtering is by FFT: K-weighting and the three in-between phases of the peak share the forward transform.
    """

    def __init__(self, rate: int, names: list[str]):
        self._rate = rate
        self._weights = np.array([_weight(name) for name in names])
        self._taps = max(rate // 10, _TAPS)  # the high-pass at 38 Hz has died away by 200 dB then
        self._size = 1 << (8 * self._taps - 1).bit_length()
        self._hop = self._size - self._taps
        self._filters = np.stack([_k_weighting(rate, self._size, self._taps), *_between(rate, self._size)])
        self._window = np.zeros((len(names), self._size))
        self._filled = self._taps  # samples of the window that are there; the first `taps` are the past
        self._frames, self._step, self._sum = 0, 0, 0.0
        self._steps: list[float] = []  # mean square of each 100 ms, weighted
        self._peak = self._true = 0.0

    def add(self, samples: Samples) -> None:
        """Measure samples of shape (channels, frames), full scale ±1."""
        done = 0
        while done < samples.shape[1]:
            piece = samples[:, done : done + self._size - self._filled]
            self._window[:, self._filled : self._filled + piece.shape[1]] = piece
            self._filled += piece.shape[1]
            done += piece.shape[1]
            if self._filled == self._size:
                self._measure(self._hop)
                self._window[:, : self._taps] = self._window[:, self._hop :]
                self._filled = self._taps

    def _measure(self, count: int) -> None:
        fresh = slice(self._taps, self._taps + count)
        power = np.zeros(count)
        for weight, row in zip(self._weights, self._window, strict=True):
            filtered = np.fft.irfft(np.fft.rfft(row) * self._filters, self._size)[:, fresh]
            self._peak = max(self._peak, float(np.abs(row[fresh]).max()))
            if len(filtered) > 1:
                self._true = max(self._true, float(np.abs(filtered[1:]).max()))
            if weight:
                power += weight * np.square(filtered[0])
        self._collect(power)

    def _collect(self, power: Floats) -> None:
        """Add up weighted squares into steps of 100 ms, whose length need not be whole samples."""
        start, end = self._frames, self._frames + len(power)
        self._frames = end
        while (edge := round((self._step + 1) * self._rate * STEP_SECONDS)) <= end:
            begun = round(self._step * self._rate * STEP_SECONDS)
            self._sum += float(power[max(begun - start, 0) : edge - start].sum())
            self._steps.append(self._sum / (edge - begun))
            self._sum, self._step = 0.0, self._step + 1
        begun = round(self._step * self._rate * STEP_SECONDS)
        self._sum += float(power[max(begun - start, 0) :].sum())

    def result(self) -> Loudness:
        """What was measured; nothing may be added afterwards."""
        left = self._filled - self._taps
        if left:
            self._window[:, self._filled :] = 0.0
            self._measure(left)
        steps = np.array(self._steps)
        momentary, short = _sliding(steps, 4), _sliding(steps, 30)
        stride = max(1, -(-len(short) // MOST_POINTS))
        shown = short[: len(short) // stride * stride].reshape(-1, stride).mean(axis=1)
        return Loudness(
            integrated=_gated(momentary),
            range=_range(short),
            momentary=_loudest(momentary),
            short_term=_loudest(short),
            true_peak=_decibels(max(self._true, self._peak)),
            sample_peak=_decibels(self._peak),
            step_seconds=stride * STEP_SECONDS,
            curve=np.maximum(np.round(_lufs(shown), 1), FLOOR_LUFS).tolist(),
        )


def _weight(name: str) -> float:
    if name.startswith("LFE"):
        return 0.0
    return _SURROUND if name in ("BL", "BR", "SL", "SR", "LS", "RS") else 1.0


def _k_weighting(rate: int, size: int, taps: int) -> NDArray[np.complex128]:
    """The spectrum of the two filters of BS.1770 as one filter of `taps` samples."""
    z = np.exp(-1j * np.linspace(0, np.pi, size // 2 + 1))
    warp, quality = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    shelf = (
        (high + middle * warp / quality + warp**2)
        + 2 * (warp**2 - high) * z
        + (high - middle * warp / quality + warp**2) * z**2
    ) / ((1 + warp / quality + warp**2) + 2 * (warp**2 - 1) * z + (1 - warp / quality + warp**2) * z**2)
    warp, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + warp / quality + warp**2
    cut = (1 - 2 * z + z**2) / (1 + 2 * (warp**2 - 1) / norm * z + (1 - warp / quality + warp**2) / norm * z**2)
    impulse = np.fft.irfft(shelf * cut, size)
    impulse[taps:] = 0.0
    return np.fft.rfft(impulse)


def _between(rate: int, size: int) -> list[NDArray[np.complex128]]:
    """Spectra of the filters that give the values between samples: three for CD and 48 kHz, none from 192 kHz on."""
    factor = 4 if rate < 96000 else 2 if rate < 192000 else 1
    time = np.arange(_TAPS) - _TAPS / 2
    spectra = []
    for phase in range(1, factor):
        at = time - phase / factor
        taps = np.sinc(at) * np.i0(8.0 * np.sqrt(np.clip(1 - (2 * at / (_TAPS + 2)) ** 2, 0, 1))) / np.i0(8.0)
        spectra.append(np.fft.rfft(taps / taps.sum(), size))
    return spectra


def _sliding(steps: Floats, length: int) -> Floats:
    """Mean squares of all windows of `length` steps."""
    if len(steps) < length:
        return np.zeros(0)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(steps, length).mean(axis=1))


def _lufs(power: Floats) -> Floats:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-20)))


def _above(power: Floats, relative: float) -> Floats:
    """Windows above the floor and above the gate, which lies `relative` LU below their mean."""
    power = power[_lufs(power) > FLOOR_LUFS]
    return power[_lufs(power) > _lufs(power.mean()) - relative] if len(power) else power


def _gated(power: Floats) -> float | None:
    left = _above(power, 10.0)
    return float(_lufs(left.mean())) if len(left) else None


def _range(power: Floats) -> float | None:
    left = np.sort(_lufs(_above(power, 20.0)))
    if not len(left):
        return None
    low, high = (left[round((len(left) - 1) * share)] for share in (0.10, 0.95))
    return float(high - low)


def _loudest(power: Floats) -> float | None:
    most = float(_lufs(power.max())) if len(power) else FLOOR_LUFS
    return most if most > FLOOR_LUFS else None


def _decibels(peak: float) -> float | None:
    return float(20 * np.log10(peak)) if peak > 1e-9 else None
