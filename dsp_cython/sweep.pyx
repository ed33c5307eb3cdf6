# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The sweep filter: two state-variable stages that may be turned as fast as a hand can.

Source: V. Zavalishin, "The Art of VA Filter Design", topology-preserving state-variable filter.
"""

from libc.math cimport M_PI, fabs, pow, tan
from libc.string cimport memset

from dsp_cython.smooth cimport rt_smooth, smooth_snap

cdef double DEAD = 0.02             # knob travel around the centre that leaves the sound alone
cdef double BLEND = 0.06            # travel over which the filter comes in


cdef void rt_sweep_reset(Sweep *sweep, double knob) noexcept nogil:
    """Forget all sound; the knob is there."""
    memset(sweep.state, 0, sizeof(sweep.state))
    smooth_snap(&sweep.knob, knob)
    sweep.wet = rt_wet(knob)
    sweep.high = knob > 0.0


cdef double rt_wet(double knob) noexcept nogil:
    cdef double wet = (fabs(knob) - DEAD) / BLEND
    return 1.0 if wet > 1.0 else 0.0 if wet < 0.0 else wet


cdef void rt_sweep(Sweep *sweep, double knob, double resonance, double samplerate, float *left, float *right, int n,
                   double pace) noexcept nogil:
    """Filter n frames in place. knob -1 … 1, resonance 0 … 1."""
    cdef int i, stage
    cdef double wet0 = sweep.wet, wet1, at, hertz, g, k, a1, a2, a3, travel, x, v1, v2, v3, low, y
    cdef double *s
    cdef int side
    cdef float *out
    rt_smooth(&sweep.knob, knob, pace)
    wet1 = rt_wet(sweep.knob.now)
    sweep.wet = wet1
    if wet0 == 0.0 and wet1 == 0.0:
        memset(sweep.state, 0, sizeof(sweep.state))
        sweep.high = sweep.knob.now > 0.0
        return
    if wet1 > 0.0:
        if sweep.high != (sweep.knob.now > 0.0):    # thrown across the centre within one block
            memset(sweep.state, 0, sizeof(sweep.state))
            wet0 = 0.0
        sweep.high = sweep.knob.now > 0.0
    travel = (fabs(sweep.knob.now) - DEAD) / (1.0 - DEAD)
    travel = 0.0 if travel < 0.0 else travel
    hertz = 20.0 * pow(600.0, travel) if sweep.high else 20000.0 * pow(30.0 / 20000.0, travel)
    if hertz > 0.45 * samplerate:
        hertz = 0.45 * samplerate
    g = tan(M_PI * hertz / samplerate)
    for stage in range(2):
        k = 1.0 / (0.54 if stage == 0 else 1.31 + 6.0 * resonance * resonance)
        a1 = 1.0 / (1.0 + g * (g + k))
        a2 = g * a1
        a3 = g * a2
        for side in range(2):
            out = left if side == 0 else right
            s = &sweep.state[side][2 * stage]
            for i in range(n):
                x = out[i]
                v3 = x - s[1]
                v1 = a1 * s[0] + a2 * v3
                v2 = s[1] + a2 * s[0] + a3 * v3
                s[0] = 2.0 * v1 - s[0]
                s[1] = 2.0 * v2 - s[1]
                y = x - k * v1 - v2 if sweep.high else v2
                at = wet0 + (wet1 - wet0) * (i + 1) / n
                out[i] = <float>(x + at * (y - x))
