"""Waveforms as peaks in levels, in one file that a page reads by ranges.

Little endian: `RDPEAKS1`, u32 sample rate, u32 levels, u64 frames; then for each level u32 frames a point, u32 points,
u64 offset in the file; then the points, finest level first, three bytes each: lowest (i8, 127 is full scale), highest
(i8), RMS (u8, 255 is full scale), over all channels.
"""

import struct

import numpy as np
from numpy.typing import NDArray

MAGIC = b"RDPEAKS1"
POINT_BYTES = 3
STEP = 4  # each level has a quarter of the points of the one before
FEWEST = 256  # points of the coarsest level, about
_HEAD = struct.Struct("<8sIIQ")
_LEVEL = struct.Struct("<IIQ")


class WaveformMaker:
    """Collects the finest level as samples come; `result` adds the others."""

    def __init__(self, rate: int):
        self._rate = rate
        self._span = 256 * max(1, round(rate / 48000))  # frames a point: about 5 ms
        self._frames = 0
        self._rest = np.zeros((0, 0), np.float32)
        self._lows: list[NDArray[np.float32]] = []
        self._highs: list[NDArray[np.float32]] = []
        self._squares: list[NDArray[np.float32]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take samples of shape (channels, frames), full scale ±1."""
        self._frames += samples.shape[1]
        if self._rest.size:
            samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // self._span * self._span
        self._rest = samples[:, whole:].copy()
        if whole:
            self._points(samples[:, :whole].reshape(len(samples), -1, self._span))

    def _points(self, grouped: NDArray[np.float32]) -> None:
        self._lows.append(grouped.min(axis=(0, 2)))
        self._highs.append(grouped.max(axis=(0, 2)))
        self._squares.append(np.square(grouped).mean(axis=(0, 2)))

    def result(self) -> bytes:
        """The file."""
        if self._rest.size:
            self._points(self._rest[:, None, :])
        empty = [np.zeros(0, np.float32)]
        low, high, square = (np.concatenate(part or empty) for part in (self._lows, self._highs, self._squares))
        levels, span = [], self._span
        while True:
            levels.append((span, _pack(low, high, square)))
            if len(low) <= FEWEST * STEP:
                break
            edges = np.arange(0, len(low), STEP)
            counts = np.diff(np.append(edges, len(low))).astype(np.float32)
            low, high = np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)
            square = np.add.reduceat(square, edges) / counts
            span *= STEP
        offset = _HEAD.size + _LEVEL.size * len(levels)
        parts = [_HEAD.pack(MAGIC, self._rate, len(levels), self._frames)]
        for span, points in levels:
            parts.append(_LEVEL.pack(span, len(points) // POINT_BYTES, offset))
            offset += len(points)
        return b"".join(parts + [points for _, points in levels])


def _pack(low: NDArray[np.float32], high: NDArray[np.float32], square: NDArray[np.float32]) -> bytes:
    points = np.empty((len(low), POINT_BYTES), np.uint8)
    points[:, 0] = np.clip(np.floor(low * 127), -127, 127).astype(np.int8).view(np.uint8)
    points[:, 1] = np.clip(np.ceil(high * 127), -127, 127).astype(np.int8).view(np.uint8)
    points[:, 2] = np.clip(np.sqrt(square) * 255 + 0.5, 0, 255).astype(np.uint8)
    return points.tobytes()


def levels(file: bytes) -> list[tuple[int, int, int]]:
    """(frames a point, points, offset) of each level, from the file's beginning. ValueError when it is none."""
    magic, _, count, _ = _HEAD.unpack_from(file)
    if magic != MAGIC:
        raise ValueError("this is no waveform")
    return [_LEVEL.unpack_from(file, _HEAD.size + number * _LEVEL.size) for number in range(count)]
