"""The memory of one track: two planes of samples that a child process fills and the audio thread reads."""

import ctypes
import fcntl
import logging
import mmap
import os
import threading

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

PAD = 1024  # frames of silence before and after each plane; also one page of memory
FLOAT_BYTES = 4
FRAME_BYTES = 2 * FLOAT_BYTES
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2


class Planes:
    """Room for `capacity` frames at least, in shared memory that nobody can resize, mapped here for reading.

    Each plane is PAD zeros, the frames, PAD zeros: `stride` floats. Pages that nobody wrote cost nothing, so there can
    be room for the longest track at once, whatever a file claims. OSError when a limit of the system is in the way.
    """

    def __init__(self, capacity: int):
        self.capacity = -(-capacity // PAD) * PAD
        self.stride = self.capacity + 2 * PAD
        self._touched = 0
        size = self.stride * FRAME_BYTES
        self.file = os.memfd_create("track", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.file, size)
            fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, SEALS)  # so the audio thread can never run off its end
            self.mapping = mmap.mmap(self.file, size, mmap.MAP_SHARED, mmap.PROT_READ)
        except OSError:
            os.close(self.file)
            raise

    @property
    def samples(self) -> NDArray[np.float32]:
        """Both planes as one array of 2 * stride values, read-only."""
        return np.frombuffer(self.mapping, np.float32)

    def touch(self, ready: int, lock: bool) -> bool:
        """Map the pages of the first `ready` frames and of the silence behind them, which interpolation reads, so that
        the audio thread never waits for one. `lock` keeps them in memory too; returns whether that is allowed.
        """
        first, last = self._touched // PAD * PAD, min(self.stride, (ready // PAD + 3) * PAD)
        for plane in range(2):
            part = self.samples[plane * self.stride + first : plane * self.stride + last]
            lock = lock and _libc().mlock(part.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(part.nbytes)) == 0
            if not lock:
                part[::PAD].sum()
        self._touched = ready
        return lock

    def close(self) -> None:
        """Give the memory back, in a thread: for a long track that takes many milliseconds.

        Whoever still holds `samples` reads silence from then on.
        """
        threading.Thread(target=self._give_back, name="give memory back").start()

    def _give_back(self) -> None:
        # Unmapping frees page by page and holds the interpreter's lock all the while; emptying it first does not.
        hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
        _libc().fallocate(self.file, hole, ctypes.c_long(0), ctypes.c_long(len(self.mapping)))
        os.close(self.file)
        try:
            self.mapping.close()
        except BufferError:
            log.warning("the samples of a track are still held; their addresses go with their last holder")


class PlaneWriter:
    """The child's end: writes by system calls, so that a full machine is an OSError and not a signal."""

    def __init__(self, file: int, capacity: int):
        self._file, self._stride, self.capacity = file, capacity + 2 * PAD, capacity
        self.frames = 0

    def append(self, block: NDArray[np.float32]) -> int:
        """Write (2, n) behind what is there, as far as it fits; returns how many frames did."""
        count = min(block.shape[1], self.capacity - self.frames)
        for plane, samples in enumerate(block):
            data = np.ascontiguousarray(samples[:count]).data.cast("B")
            at = (plane * self._stride + PAD + self.frames) * FLOAT_BYTES
            while data:
                written = os.pwrite(self._file, data, at)
                data, at = data[written:], at + written
        self.frames += count
        return count


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
