"""The long-term spectrum in third-octave bands."""

import numpy as np
from numpy.typing import NDArray

SIZE = 16384
BANDS = 31  # 20 Hz to 20 kHz
CENTRES = 1000.0 * 10 ** (np.arange(-17, -17 + BANDS) / 10)  # Hz
_LOWEST = 1e-12  # of power: -120 dB


class SpectrumMeter:
    """Averages the power of all channels over all that is added."""

    def __init__(self, rate: int, channels: int):
        self._rate = rate
        self._window = np.hanning(SIZE)
        self._rest = np.zeros((channels, 0), np.float32)
        self._power = np.zeros(SIZE // 2 + 1)
        self._count = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take samples of shape (channels, frames), full scale ±1."""
        samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // SIZE
        self._rest = samples[:, whole * SIZE :].copy()
        for number in range(whole):
            self._take(samples[:, number * SIZE : (number + 1) * SIZE])

    def _take(self, piece: NDArray[np.float32]) -> None:
        spectrum = np.fft.rfft(piece * self._window)
        self._power += (spectrum.real**2 + spectrum.imag**2).mean(axis=0)
        self._count += 1

    def result(self) -> list[tuple[float, float | None]]:
        """(centre in Hz, level in dB) of each band; a sine at full scale has 0 dB. None above half the sample rate."""
        if not self._count:  # shorter than one window
            self._take(np.pad(self._rest, ((0, 0), (0, SIZE - self._rest.shape[1]))))
        # one-sided mean square per bin, and 3 dB more so that a full-scale sine is 0 dB
        power = self._power / self._count * 4 / (SIZE * np.square(self._window).sum())
        width = self._rate / SIZE
        edges = (np.arange(len(power) + 1) - 0.5) * width
        summed = np.concatenate([[0.0], np.cumsum(power)])
        low, high = CENTRES / 10**0.05, CENTRES * 10**0.05
        inside = np.interp(high, edges, summed) - np.interp(low, edges, summed)
        level = 10 * np.log10(np.maximum(inside, _LOWEST))
        return [
            (round(float(centre), 1), round(float(value), 1) if top <= self._rate / 2 else None)
            for centre, top, value in zip(CENTRES, low, level, strict=True)
        ]
