# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Band-limited reading of a track at any speed: polyphase windowed sinc with a cutoff that follows the speed.

Source of the method: J. O. Smith, "Digital Audio Resampling"; window after Kaiser.
"""

from libc.math cimport M_PI, ceil, fabs, floor, log2, pow, sin, sqrt
from libc.stdlib cimport calloc, malloc

from dsp_cython.rt cimport rd_convolve
from dsp_cython.track cimport PAD, Track

HALF_WIDTH = 32         # zero crossings on each side at full band
FULL_PHASES = 512       # linear mixing between 512 phases keeps the error below -100 dB
KAISER_BETA = 10.0      # about 100 dB of stop band

cdef KernelBank *_bank = NULL


cdef double _bessel_i0(double x) noexcept:
    cdef double total = 1.0, term = 1.0
    cdef int k
    for k in range(1, 60):
        term *= (x / (2.0 * k)) * (x / (2.0 * k))
        total += term
    return total


cdef void _design(Kernel *kernel, double cutoff, int half, int phases, double beta) noexcept:
    """Fill one kernel: rows for fractions 0 … 1 of a frame, each summing to 1."""
    cdef int row, k
    cdef double t, x, total, weight, reach = half / cutoff
    kernel.taps = (2 * <int>ceil(reach) + 3) & ~3
    kernel.phases = phases
    kernel.table = <float *>malloc((phases + 1) * kernel.taps * sizeof(float))
    cdef double *line = <double *>malloc(kernel.taps * sizeof(double))
    cdef double top = _bessel_i0(beta)
    for row in range(phases + 1):
        total = 0.0
        for k in range(kernel.taps):
            t = k - (kernel.taps // 2 - 1) - <double>row / phases
            x = t * cutoff
            if fabs(t) >= reach:
                weight = 0.0
            else:
                weight = _bessel_i0(beta * sqrt(1.0 - (t / reach) * (t / reach))) / top
                if x == 0.0:
                    pass
                elif x == floor(x):
                    weight = 0.0
                else:
                    weight *= sin(M_PI * x) / (M_PI * x)
            line[k] = weight
            total += weight
        for k in range(kernel.taps):
            kernel.table[row * kernel.taps + k] = <float>(line[k] / total)


cdef KernelBank *bank() noexcept:
    """The bank, made at first use (about 2.5 MB, kept for the life of the process)."""
    global _bank
    cdef int step
    cdef double cutoff
    if _bank == NULL:
        _bank = <KernelBank *>calloc(1, sizeof(KernelBank))
        for step in range(STEPS):
            cutoff = pow(2.0, -step / 6.0)
            _design(&_bank.kernel[step], cutoff, HALF_WIDTH, max(64, <int>(FULL_PHASES * cutoff)), KAISER_BETA)
    return _bank


cdef int rt_kernel_for(double speed) noexcept nogil:
    """Which kernel keeps a track read at this speed free of aliases (a 4 % overshoot stays above 23 kHz)."""
    cdef double octaves = log2(fabs(speed) + 1e-9) * 6.0 - 0.35
    if not octaves > 0.0:
        return 0
    if octaves >= STEPS - 1:
        return STEPS - 1
    return <int>ceil(octaves)


cdef int rt_read(const KernelBank *bank, int which, const Track *track, double *pos, double v0, double dv, int n,
                 double low, double high, float *left, float *right) noexcept nogil:
    """Read up to n frames from *pos at a speed that grows by dv each frame; stop before leaving (low, high).

    Writes left and right, moves *pos, returns the frames written.
    """
    cdef const Kernel *kernel = &bank.kernel[which]
    cdef int taps = kernel.taps, half = taps // 2 - 1, i, row
    cdef double p = pos[0], v = v0, whole, place
    cdef double first = -PAD + taps, last = track.frames + PAD - taps
    cdef long at
    for i in range(n):
        if p >= high or p <= low:
            pos[0] = p
            return i
        if not first <= p <= last:      # nor is it a number then
            left[i] = 0.0
            right[i] = 0.0
        else:
            whole = floor(p)
            place = (p - whole) * kernel.phases
            row = <int>place
            if row >= kernel.phases:    # a hair below a whole frame rounds to it
                row = kernel.phases - 1
            at = <long>whole - half
            rd_convolve(track.left + at, track.right + at, kernel.table + row * taps, kernel.table + (row + 1) * taps,
                        <float>(place - row), taps, &left[i], &right[i])
        v += dv
        p += v
    pos[0] = p
    return n


def read(float[:, ::1] planes, double start, double speed, int frames, double end_speed=float("nan")):
    """Read a stereo signal (2, n) from `start` at `speed`, as a deck would. Returns (2, frames) float32.

    With `end_speed` the speed changes linearly. The offline face of rt_read, for tests and measurements.
    """
    import numpy as np

    cdef int length = planes.shape[1]
    padded = np.zeros((2, length + 2 * PAD), np.float32)
    padded[:, PAD:PAD + length] = planes
    out = np.zeros((2, frames), np.float32)
    cdef float[:, ::1] memory = padded
    cdef float[:, ::1] result = out
    cdef Track track
    track.left = &memory[0, PAD]
    track.right = &memory[1, PAD]
    track.frames = length
    cdef double pos = start
    cdef double last = speed if end_speed != end_speed else end_speed
    cdef double fastest = max(fabs(speed), fabs(last))
    rt_read(bank(), rt_kernel_for(fastest), &track, &pos, speed, (last - speed) / frames, frames, -1e18, 1e18,
            &result[0, 0], &result[1, 0])
    return out
