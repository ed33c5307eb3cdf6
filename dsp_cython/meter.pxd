# cython: cdivision=True, boundscheck=False, wraparound=False
# Peak and RMS of a stereo pair.
from libc.math cimport fabs, pow, sqrt


cdef struct Meter:
    double peak[2]          # falls 24 dB a second
    double mean[2]          # of squares, over 300 ms


cdef inline void rt_meter(Meter *meter, const float *left, const float *right, int n, double fall,
                          double pace) noexcept nogil:
    """Take in n frames; `fall` is the peak's decay per block, `pace` the mean's share per block."""
    cdef int i, side
    cdef double square
    cdef float top, x
    cdef const float *samples
    for side in range(2):
        samples = left if side == 0 else right
        square = 0.0
        top = 0.0
        for i in range(n):
            x = fabs(samples[i])
            top = x if x > top else top
            square += x * x
        meter.peak[side] *= fall
        if top > meter.peak[side]:
            meter.peak[side] = top
        meter.mean[side] += (square / n - meter.mean[side]) * pace
        if not 1e-12 <= meter.mean[side] <= 1e12:     # nor a value that is not a number
            meter.mean[side] = 0.0
        if not 1e-6 <= meter.peak[side] <= 1e6:
            meter.peak[side] = 0.0
