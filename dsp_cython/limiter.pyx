# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A limiter that promises a ceiling: 4x oversampled peak detection, sliding minimum, smooth gain.

The gain that each peak needs is held over a look-ahead of half a millisecond (minimum), released slowly and then
averaged over the same window, so it is already down when the peak arrives and never steps. Sound below the ceiling
passes bit for bit, delayed. Detection after ITU-R BS.1770-4 annex 2, with a longer kernel.
"""

from libc.math cimport M_PI, exp, fabs, sin, sqrt
from libc.string cimport memmove, memset

from dsp_cython.rt cimport rd_peak_between

cdef double CEILING = 0.8709635899560807        # -1.2 dBTP: what 4x detection can miss below the promise of -1
cdef double LOOKAHEAD_SECONDS = 0.0005
cdef double RELEASE_SECONDS = 0.08
cdef double QUIET = 0.24        # below this no point between samples can reach it (kernel magnitudes add up to < 3.5)


cdef double _i0(double x) noexcept nogil:
    cdef double total = 1.0, term = 1.0
    cdef int k
    for k in range(1, 40):
        term *= (x / (2.0 * k)) * (x / (2.0 * k))
        total += term
    return total


cdef void limiter_design(LimiterDesign *design, double samplerate) noexcept nogil:
    """Work out the interpolation kernels and times for a sample rate."""
    cdef int phase, k
    cdef double t, x
    design.window = <int>(LOOKAHEAD_SECONDS * samplerate)
    design.delay = LIMIT_TAPS // 2 + design.window - 1
    design.release = 1.0 - exp(-1.0 / (RELEASE_SECONDS * samplerate))
    for phase in range(LIMIT_PHASES):
        for k in range(LIMIT_TAPS):
            t = k - (LIMIT_TAPS // 2 - 1) - (phase + 1) / 4.0
            x = t / (LIMIT_TAPS / 2.0)
            design.bank[phase * LIMIT_TAPS + k] = <float>(
                _i0(6.0 * sqrt(1.0 - x * x)) / _i0(6.0) * sin(M_PI * t) / (M_PI * t))


cdef void rt_limiter_reset(Limiter *limiter, const LimiterDesign *design) noexcept nogil:
    """Forget all sound."""
    cdef int i
    memset(limiter, 0, sizeof(Limiter))
    limiter.released = 1.0
    limiter.lowest = 1.0
    limiter.sum = design.window
    for i in range(LIMIT_RING):
        limiter.box[i] = 1.0


cdef double rt_held(Limiter *m, float need, int window) noexcept nogil:
    """The smallest need of the last `window` frames (monotone queue)."""
    while m.last > m.first and m.wanted[(m.last - 1) & (LIMIT_RING - 1)] >= need:
        m.last -= 1
    m.wanted[m.last & (LIMIT_RING - 1)] = need
    m.wanted_at[m.last & (LIMIT_RING - 1)] = m.at
    m.last += 1
    while m.wanted_at[m.first & (LIMIT_RING - 1)] <= m.at - window:
        m.first += 1
    return m.wanted[m.first & (LIMIT_RING - 1)]


cdef double rt_average(Limiter *m, double gain, int window) noexcept nogil:
    """Mean of the last `window` gains, exactly 1 when all are."""
    cdef double *oldest = &m.box[(m.at - window) & (LIMIT_RING - 1)]
    m.busy += (gain < 1.0) - (oldest[0] < 1.0)
    m.sum += gain - oldest[0]
    m.box[m.at & (LIMIT_RING - 1)] = gain
    if m.busy == 0:
        m.sum = window
        return 1.0
    return m.sum / window


cdef void rt_limit(Limiter *m, const LimiterDesign *design, bint on, float *left, float *right, int n) noexcept nogil:
    """Limit n frames (at most LIMIT_BLOCK) in place; with `on` false only the delay remains."""
    cdef int i, window = design.window, place
    cdef float peak, between, need, loudest = 0.0
    cdef double held, gain
    m.lowest = 1.0
    for i in range(n):
        m.past_l[LIMIT_TAPS - 1 + i] = left[i]
        m.past_r[LIMIT_TAPS - 1 + i] = right[i]
    for i in range(LIMIT_TAPS - 1 + n):
        peak = fabs(m.past_l[i])
        between = fabs(m.past_r[i])
        peak = between if between > peak else peak
        loudest = peak if peak > loudest else loudest
    for i in range(n):
        need = 1.0
        if on and loudest > QUIET:
            peak = fabs(m.past_l[i + LIMIT_TAPS // 2 - 1])
            between = fabs(m.past_r[i + LIMIT_TAPS // 2 - 1])
            peak = between if between > peak else peak
            between = rd_peak_between(&m.past_l[i], design.bank, LIMIT_PHASES, LIMIT_TAPS)
            peak = between if between > peak else peak
            between = rd_peak_between(&m.past_r[i], design.bank, LIMIT_PHASES, LIMIT_TAPS)
            peak = between if between > peak else peak
            if peak > CEILING:
                need = <float>CEILING / peak
                m.clips += not m.over
            m.over = peak > CEILING
        held = rt_held(m, need, window)
        if held < m.released:
            m.released = held
        else:
            m.released += (held - m.released) * design.release
            if held - m.released < 1e-7:
                m.released = held
        gain = rt_average(m, m.released, window)
        if gain < m.lowest:
            m.lowest = gain
        place = <int>(m.at & (LIMIT_RING - 1))
        m.ring_l[place] = left[i]
        m.ring_r[place] = right[i]
        place = <int>((m.at - design.delay) & (LIMIT_RING - 1))
        left[i] = <float>(m.ring_l[place] * gain)
        right[i] = <float>(m.ring_r[place] * gain)
        m.at += 1
    memmove(m.past_l, &m.past_l[n], (LIMIT_TAPS - 1) * sizeof(float))
    memmove(m.past_r, &m.past_r[n], (LIMIT_TAPS - 1) * sizeof(float))


def limit(float[:, ::1] planes, double samplerate):
    """Limit a stereo signal (2, n) float32. Returns (limited copy, delay in frames). For tests and offline use."""
    import numpy as np

    cdef LimiterDesign design
    cdef Limiter limiter
    limiter_design(&design, samplerate)
    rt_limiter_reset(&limiter, &design)
    out = np.array(planes, np.float32)
    cdef float[:, ::1] memory = out
    cdef int at, n, length = planes.shape[1]
    for at in range(0, length, LIMIT_BLOCK):
        n = min(LIMIT_BLOCK, length - at)
        rt_limit(&limiter, &design, True, &memory[0, at], &memory[1, at], n)
    return out, design.delay
