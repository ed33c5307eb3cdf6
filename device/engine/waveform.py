"""Makes a track's waveform file while it decodes: for each column the level of three bands and the peak."""

import os
import struct
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

MAGIC = b"RDWAVE1\0"
HEADER = struct.Struct("<8sIIQQQ")  # magic, samplerate, frames a column, columns ready, columns expected, frames
HEADER_BYTES = 64
ROW_BYTES = 4
COLUMNS_PER_SECOND = 150
LOW_HZ, HIGH_HZ = 200.0, 2500.0
WINDOW_SECONDS = 0.0213
COARSE_HZ = 6000  # bands below HIGH_HZ are measured at about this rate: eight times cheaper than at 48 kHz
BRANCHES = 32  # the low-pass filter is so many coarse samples long
BETA = 10.0  # Kaiser: ripple and images below -100 dB

Floats = NDArray[np.float32]


def frames_per_column(samplerate: int) -> int:
    """Frames that one column stands for."""
    return max(1, samplerate // COLUMNS_PER_SECOND)


def create(path: Path, samplerate: int) -> int:
    """Make a waveform file with no columns yet and return it open for writing; readers never see it half made."""
    fresh = path.with_name(path.name + ".new")
    file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(file, _header(samplerate, 0, 0, 0), 0)
        fresh.replace(path)
    except OSError:
        os.close(file)
        fresh.unlink(missing_ok=True)
        raise
    return file


def end_short(file: int, samplerate: int, frames: int) -> None:
    """Say in the file that the columns it has are all there will be, of a track of `frames` frames."""
    head = os.pread(file, HEADER.size, 0)
    if len(head) == HEADER.size:
        ready = HEADER.unpack(head)[3]
        os.pwrite(file, _header(samplerate, ready, ready, frames), 0)


def _header(samplerate: int, ready: int, expected: int, frames: int) -> bytes:
    packed = HEADER.pack(MAGIC, samplerate, frames_per_column(samplerate), ready, expected, frames)
    return packed.ljust(HEADER_BYTES, b"\0")


class Columns:
    """Turns sound into columns, a piece at a time.

    The bands of a column are measured under a Hann window of 21 ms centred on it: low and mid by FFT of the sound at
    a coarse rate (low-passed at 2.5 kHz), high from what the low-pass took away. Levels are the RMS of both channels
    together, 1.0 at full scale; peak is the largest |sample| of the column's own frames.
    """

    def __init__(self, samplerate: int):
        self.hop_frames = frames_per_column(samplerate)
        finest = max(1, samplerate // COARSE_HZ)
        self._step = max(size for size in range(1, finest + 1) if self.hop_frames % size == 0)
        self._hop = self.hop_frames // self._step
        coarse = samplerate / self._step
        self._window = int(2 ** round(np.log2(coarse * WINDOW_SECONDS)))
        self._hann = np.hanning(self._window + 1)[:-1].astype(np.float32)
        at = np.arange(BRANCHES * self._step) - (BRANCHES * self._step - 1) / 2
        taps = np.sinc(2 * HIGH_HZ / samplerate * at) * np.kaiser(at.size, BETA)
        self._taps = (taps / taps.sum()).astype(np.float32).reshape(BRANCHES, self._step)
        self._low_bins = int(np.searchsorted(np.fft.rfftfreq(self._window, 1 / coarse), LOW_HZ))
        # The buffer begins where the filters of the next column begin; before the track there is silence.
        self._before = (BRANCHES - 1 + self._window // 2 - self._hop // 2) * self._step
        self._span = (self._window + 2 * (BRANCHES - 1)) * self._step
        self._sound: Floats = np.zeros((2, self._before), np.float32)

    def push(self, block: Floats) -> NDArray[np.uint8]:
        """Take (2, n) frames, return the columns (k, 4) that are now whole."""
        self._sound = np.concatenate([self._sound, block], axis=1)
        count = (self._sound.shape[1] - self._span) // self.hop_frames + 1
        if count <= 0:
            return np.zeros((0, ROW_BYTES), np.uint8)
        rows = self._columns(self._sound[:, : self._span + (count - 1) * self.hop_frames], count)
        self._sound = self._sound[:, count * self.hop_frames :]
        return rows

    def finish(self) -> NDArray[np.uint8]:
        """The columns that are left, up to the one that holds the last frame."""
        left = -(-max(0, self._sound.shape[1] - self._before) // self.hop_frames)
        return self.push(np.zeros((2, self._span + self.hop_frames), np.float32))[:left]

    def _columns(self, sound: Floats, count: int) -> NDArray[np.uint8]:
        blocks = sound.reshape(2, -1, self._step)
        middle = blocks.shape[1] - 2 * (BRANCHES - 1)  # blocks under the windows of all columns
        coarse = self._low_pass(blocks)
        part = sliding_window_view(coarse[:, BRANCHES // 2 - 1 :][:, :middle], self._window, axis=1)[:, :: self._hop]
        power = np.square(np.abs(np.fft.rfft(part * self._hann))).mean(axis=0)
        power[:, 1:] *= 2
        power /= self._window
        # The same filter backwards gives the low-passed sound at the full rate, in phase with the original.
        backwards = np.ascontiguousarray(sliding_window_view(coarse, BRANCHES, axis=1)) @ self._taps[::-1]
        rest = blocks[:, BRANCHES - 1 :][:, :middle] - self._step * backwards
        energy = np.einsum("cbf,cbf->b", rest, rest) / (2 * self._step)
        high = sliding_window_view(energy, self._window)[:: self._hop] @ np.square(self._hann)
        bands = np.stack([power[:, : self._low_bins].sum(1), power[:, self._low_bins :].sum(1), high], axis=1)
        levels = np.sqrt(np.sqrt(bands / np.square(self._hann).sum()))
        own = sound[:, self._before :][:, : count * self.hop_frames].reshape(2, count, self.hop_frames)
        peaks = np.abs(own).max(axis=(0, 2))
        rows = np.concatenate([levels, peaks[:, None]], axis=1)
        drawn: NDArray[np.uint8] = np.rint(255 * np.minimum(rows, 1.0)).astype(np.uint8)
        return drawn

    def _low_pass(self, blocks: Floats) -> Floats:
        """One coarse sample for each block of `step` frames that has its whole filter: (2, blocks - BRANCHES + 1)."""
        products = self._taps @ blocks.transpose(0, 2, 1)
        size = blocks.shape[1] - BRANCHES + 1
        coarse = np.zeros((2, size), np.float32)
        for branch in range(BRANCHES):
            coarse += products[:, branch, branch : branch + size]
        return coarse


class WaveWriter:
    """Appends the columns of one track to its file, which was `create`d by whoever removes it.

    When the file cannot grow it stays as it is: the music matters more.
    """

    def __init__(self, file: int, samplerate: int):
        self._file, self._rate = file, samplerate
        self._columns = Columns(samplerate)
        self._ready = 0
        self._full = False

    def push(self, block: Floats, expected_frames: int) -> None:
        """Take (2, n) frames of a track that will be about `expected_frames` long."""
        self._write(self._columns.push(block), -(-expected_frames // self._columns.hop_frames), 0)

    def finish(self, frames: int) -> None:
        """The track is whole and has so many frames."""
        self._write(self._columns.finish(), 0, frames)

    def _write(self, rows: NDArray[np.uint8], expected: int, frames: int) -> None:
        if self._full:
            return
        try:
            os.pwrite(self._file, rows.tobytes(), HEADER_BYTES + self._ready * ROW_BYTES)
            self._ready += len(rows)  # readers look at the header, so the rows come first
            os.pwrite(self._file, _header(self._rate, self._ready, max(self._ready, expected), frames), 0)
        except OSError:
            self._full = True
