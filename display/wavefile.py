"""Reads a loaded track's waveform (`wave-<serial>`) while the decoder still writes it."""

import os
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"RDWAVE1\0"
HEADER = struct.Struct("<8sIIQQQ")  # magic, samplerate, frames a column, columns ready, columns expected, frames
HEADER_BYTES = 64
ROW_BYTES = 4
MOST_AT_ONCE = 1 << 16
RETRY_SECONDS = 0.1


class WaveFile:
    """One waveform. `rows` is (ready, 4) bytes: low, mid, high, peak, each 0…255 of full scale.

    Rows are copied out by reads, not mapped: a file that is cut short then ends early instead of ending this process.
    """

    def __init__(self, path: Path):
        self.path = path
        self.rate = 0.0
        self.expected = 0
        self.ready = 0
        self._frames = 0
        self._rows: NDArray[np.uint8] = np.zeros((0, 4), np.uint8)
        self._file: int | None = None
        self._tried = float("-inf")

    @property
    def rows(self) -> NDArray[np.uint8]:
        """What was read so far."""
        return self._rows[: self.ready]

    @property
    def seconds(self) -> float:
        """Length that the waveform will have; 0 until known."""
        return max(self.expected, self.ready) / self.rate if self.rate else 0.0

    @property
    def whole(self) -> bool:
        """Whether nothing is left to read."""
        return self._frames > 0 and self.ready >= self.expected

    def poll(self, now: float) -> bool:
        """Read what came since the last call, a bounded piece at a time. True when there is more to show.

        A missing, foreign or unreadable file is an empty waveform; a missing one is looked for again.
        """
        if self._file is None:
            if now - self._tried < RETRY_SECONDS:
                return False
            self._tried = now
            try:
                self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return False
        try:
            return self._read(self._file)
        except (OSError, struct.error, ValueError):
            return False

    def _read(self, file: int) -> bool:
        magic, samplerate, frames, ready, expected, track = HEADER.unpack(os.pread(file, HEADER.size, 0))
        if magic != MAGIC or not samplerate or not frames:
            return False
        self.rate = samplerate / frames
        self.expected, self._frames = expected, track
        count = min(ready - self.ready, MOST_AT_ONCE)
        if count <= 0:
            return False
        raw = os.pread(file, count * ROW_BYTES, HEADER_BYTES + self.ready * ROW_BYTES)
        count = len(raw) // ROW_BYTES
        if self.ready + count > len(self._rows):
            larger = np.zeros((max(2 * len(self._rows), self.ready + count, min(expected, 1 << 20)), 4), np.uint8)
            larger[: self.ready] = self.rows
            self._rows = larger
        self._rows[self.ready : self.ready + count] = np.frombuffer(raw, np.uint8, count * ROW_BYTES).reshape(-1, 4)
        self.ready += count
        return count > 0

    def close(self) -> None:
        """Let go of the file; what was read stays."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
