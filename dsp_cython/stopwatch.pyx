# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""How long the audio thread's work takes, by the clock of the thread that does it.

What other processes do to this machine does not show, so these figures can be compared; xruns cannot.
"""

from libc.stdint cimport uint64_t

from dsp_cython.engine cimport Engine, stretch_in_line
from dsp_cython.period cimport OUTPUTS, rt_engine_process
from dsp_cython.posix cimport CLOCK_THREAD_CPUTIME_ID, clock_gettime, timespec
from dsp_cython.rt cimport rd_flush_denormals, rd_restore_denormals


cdef double _now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1e6 + time.tv_nsec * 1e-3


def time_periods(Engine engine not None, int periods, int period):
    """Run an offline engine; returns two float64 arrays of microseconds a period: audio callback, stretching."""
    import numpy as np

    callback, stretching = np.zeros(periods), np.zeros(periods)
    sound, mute = np.zeros((OUTPUTS, period), np.float32), np.zeros(period, np.float32)
    cdef double[::1] first = callback, second = stretching
    cdef float[:, ::1] memory = sound
    cdef float[::1] mic = mute
    cdef float *rows[OUTPUTS]
    cdef int i
    cdef double start, middle
    for i in range(OUTPUTS):
        rows[i] = &memory[i, 0]
    cdef uint64_t before
    with nogil:
        before = rd_flush_denormals()
        for i in range(periods):
            start = _now()
            rt_engine_process(engine.state, rows, &mic[0], &mic[0], period)
            middle = _now()
            stretch_in_line(engine.state)
            first[i] = middle - start
            second[i] = _now() - middle
        rd_restore_denormals(before)
    return callback, stretching
