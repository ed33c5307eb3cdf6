# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The channel EQ.

The isolator splits at 200 Hz and 3.2 kHz with Linkwitz-Riley filters of eighth order (48 dB an octave), so that a
killed band is at least 80 dB down in its middle; the bands add up flat in level (S. Linkwitz, "Active Crossover
Networks").
"""

from libc.math cimport pow
from libc.string cimport memset

from dsp_cython.biquad cimport Biquad, Memory, allpass, highpass, lowpass, rt_biquad, rt_peaking, rt_shelf
from dsp_cython.smooth cimport rt_along, rt_smooth, smooth_snap

cdef double LOW_HZ = 200.0
cdef double MID_HZ = 800.0          # centre of the shelf mode's middle band
cdef double HIGH_HZ = 3200.0
cdef double LOWEST = -26.0          # a band knob's left stop
cdef int STEP = 8
cdef double WET_SECONDS = 0.015     # crossfade between dry and filtered sound


cdef double rt_gain(double decibel, double silence) noexcept nogil:
    """Factor of a level; at or below `silence` it is 0."""
    if decibel <= silence:
        return 0.0
    return pow(10.0, decibel / 20.0) if decibel != 0.0 else 1.0


cdef void eq_design(EqDesign *design, double samplerate) noexcept nogil:
    """Work out the crossovers for a sample rate."""
    cdef double q[2]
    cdef int i
    q[0] = 0.54119610014619698      # the two sections of a fourth-order Butterworth filter
    q[1] = 1.3065629648763764
    design.samplerate = samplerate
    for i in range(2):
        lowpass(&design.low_1[i], LOW_HZ, q[i], samplerate)
        highpass(&design.high_1[i], LOW_HZ, q[i], samplerate)
        lowpass(&design.low_2[i], HIGH_HZ, q[i], samplerate)
        highpass(&design.high_2[i], HIGH_HZ, q[i], samplerate)
        allpass(&design.all_2[i], HIGH_HZ, q[i], samplerate)


cdef void rt_eq_reset(Eq *eq, const double *decibels) noexcept nogil:
    """Forget all sound; the knobs are where `decibels` (low, mid, high) says."""
    cdef int band
    memset(eq.memory, 0, sizeof(eq.memory))
    for band in range(3):
        smooth_snap(&eq.gain[band], rt_gain(decibels[band], LOWEST))
        smooth_snap(&eq.level[band], decibels[band])
    eq.wet = 0.0 if rt_flat(eq) else 1.0


cdef bint rt_flat(const Eq *eq) noexcept nogil:
    cdef int band
    for band in range(3):
        if eq.gain[band].now != 1.0 or eq.level[band].now != 0.0:
            return False
    return True


cdef void rt_fourth(const Biquad *pair, Memory *m, double *left, double *right, int n) noexcept nogil:
    """Eighth order: the Butterworth pair twice."""
    rt_biquad(&pair[0], &m[0], left, right, n)
    rt_biquad(&pair[1], &m[1], left, right, n)
    rt_biquad(&pair[0], &m[2], left, right, n)
    rt_biquad(&pair[1], &m[3], left, right, n)


cdef void rt_isolator(Eq *eq, const EqDesign *design, const float *left, const float *right, int n) noexcept nogil:
    """Split into eq.low, eq.mid, eq.high."""
    cdef int i
    for i in range(n):
        eq.low[0][i] = eq.mid[0][i] = left[i]
        eq.low[1][i] = eq.mid[1][i] = right[i]
    rt_fourth(design.low_1, &eq.memory[0], eq.low[0], eq.low[1], n)
    rt_biquad(&design.all_2[0], &eq.memory[4], eq.low[0], eq.low[1], n)    # the phase that the others get at 3.2 kHz
    rt_biquad(&design.all_2[1], &eq.memory[5], eq.low[0], eq.low[1], n)
    rt_fourth(design.high_1, &eq.memory[6], eq.mid[0], eq.mid[1], n)
    for i in range(n):
        eq.high[0][i] = eq.mid[0][i]
        eq.high[1][i] = eq.mid[1][i]
    rt_fourth(design.low_2, &eq.memory[10], eq.mid[0], eq.mid[1], n)
    rt_fourth(design.high_2, &eq.memory[14], eq.high[0], eq.high[1], n)


cdef void rt_shelves(Eq *eq, const EqDesign *design, const float *left, const float *right, int n) noexcept nogil:
    """Low shelf, bell, high shelf in series, into eq.low. A turning knob changes the filters every 8 frames."""
    cdef Biquad section[3]
    cdef int i, at = 0, now
    cdef bint still = True
    cdef double way
    for i in range(n):
        eq.low[0][i] = left[i]
        eq.low[1][i] = right[i]
    for i in range(3):
        still = still and eq.level[i].last == eq.level[i].now
    while at < n:
        now = n - at if still or n - at < STEP else STEP
        way = <double>(at + now) / n
        rt_shelf(&section[0], LOW_HZ, rt_along(&eq.level[0], way), design.samplerate, False)
        rt_peaking(&section[1], MID_HZ, 0.7, rt_along(&eq.level[1], way), design.samplerate)
        rt_shelf(&section[2], HIGH_HZ, rt_along(&eq.level[2], way), design.samplerate, True)
        for i in range(3):
            rt_biquad(&section[i], &eq.memory[i], &eq.low[0][at], &eq.low[1][at], now)
        at += now


cdef void rt_eq(Eq *eq, const EqDesign *design, const double *decibels, int mode, float *left, float *right, int n,
                double pace) noexcept nogil:
    """Equalise n frames (at most EQ_BLOCK) in place; `decibels` are the knobs: low, mid, high."""
    cdef int band, i
    cdef double goal, step, wet, at, low, mid, high, d_low, d_mid, d_high, wet_left, wet_right
    cdef double wish = 0.0 if decibels[0] == 0.0 and decibels[1] == 0.0 and decibels[2] == 0.0 and rt_flat(eq) else 1.0
    for band in range(3):
        rt_smooth(&eq.gain[band], rt_gain(decibels[band], LOWEST), pace)
        rt_smooth(&eq.level[band], decibels[band], 0.4 * pace)
    if mode != eq.mode:             # change the kind of filter while only dry sound is heard
        wish = 0.0
        if eq.wet == 0.0:
            eq.mode = mode
            memset(eq.memory, 0, sizeof(eq.memory))
    if wish == 0.0 and eq.wet == 0.0:
        memset(eq.memory, 0, sizeof(eq.memory))
        return
    step = n / (WET_SECONDS * design.samplerate)
    wet = eq.wet
    goal = wet + step if wish > wet else wet - step
    goal = 1.0 if goal > 1.0 else 0.0 if goal < 0.0 else goal
    if wish == wet:
        goal = wet
    step = (goal - wet) / n
    eq.wet = goal
    if eq.mode == 1:
        rt_shelves(eq, design, left, right, n)
        for i in range(n):
            at = wet + step * (i + 1)
            left[i] = <float>(left[i] + at * (eq.low[0][i] - left[i]))
            right[i] = <float>(right[i] + at * (eq.low[1][i] - right[i]))
        return
    rt_isolator(eq, design, left, right, n)
    low = eq.gain[0].last
    mid = eq.gain[1].last
    high = eq.gain[2].last
    d_low = (eq.gain[0].now - low) / n
    d_mid = (eq.gain[1].now - mid) / n
    d_high = (eq.gain[2].now - high) / n
    for i in range(n):
        low += d_low
        mid += d_mid
        high += d_high
        at = wet + step * (i + 1)
        wet_left = low * eq.low[0][i] + mid * eq.mid[0][i] + high * eq.high[0][i]
        wet_right = low * eq.low[1][i] + mid * eq.mid[1][i] + high * eq.high[1][i]
        left[i] = <float>((1.0 - at) * left[i] + at * wet_left)
        right[i] = <float>((1.0 - at) * right[i] + at * wet_right)
