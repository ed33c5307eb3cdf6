# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The sweep filter: two state-variable stages that may be turned as fast as a hand can.

Source: V. Zavalishin, "The Art of VA Filter Design", topology-preserving state-variable filter.
"""

from libc.math cimport M_PI, fabs, pow, tan
from libc.string cimport memset

from dsp_cython.smooth cimport rt_along, rt_smooth, smooth_snap

cdef double DEAD = 0.02             # knob travel around the centre that leaves the sound alone
cdef double BLEND = 0.06            # travel over which the filter comes in
cdef int STEP = 8                   # frames between changes of the coefficients


cdef void rt_sweep_reset(Sweep *sweep, double knob, double resonance) noexcept nogil:
    """Forget all sound; the knobs are there."""
    memset(sweep.state, 0, sizeof(sweep.state))
    smooth_snap(&sweep.knob, knob)
    smooth_snap(&sweep.resonance, resonance)
    sweep.wet = rt_wet(knob)
    sweep.high = knob > 0.0


cdef double rt_wet(double knob) noexcept nogil:
    cdef double wet = (fabs(knob) - DEAD) / BLEND
    return 1.0 if wet > 1.0 else 0.0 if wet < 0.0 else wet


cdef double rt_cutoff(double knob, bint high, double samplerate) noexcept nogil:
    """Hertz: 20 to 12,000 for the high-pass, 20,000 to 30 for the low-pass."""
    cdef double travel = (fabs(knob) - DEAD) / (1.0 - DEAD), hertz
    travel = 0.0 if travel < 0.0 else travel
    hertz = 20.0 * pow(600.0, travel) if high else 20000.0 * pow(30.0 / 20000.0, travel)
    return 0.45 * samplerate if hertz > 0.45 * samplerate else hertz


cdef void rt_stage(double *s, float *samples, int n, double g, double k, bint high, double wet,
                   double step) noexcept nogil:
    """One state-variable stage over one side, blended in by `wet`, which grows by `step` a frame."""
    cdef int i
    cdef double a1 = 1.0 / (1.0 + g * (g + k)), a2 = g * a1, a3 = g * a2, x, y, v1, v2, v3
    for i in range(n):
        x = samples[i]
        v3 = x - s[1]
        v1 = a1 * s[0] + a2 * v3
        v2 = s[1] + a2 * s[0] + a3 * v3
        s[0] = 2.0 * v1 - s[0]
        s[1] = 2.0 * v2 - s[1]
        y = x - k * v1 - v2 if high else v2
        wet += step
        samples[i] = <float>(x + wet * (y - x))


cdef void rt_sweep(Sweep *sweep, double knob, double resonance, double samplerate, float *left, float *right, int n,
                   double pace) noexcept nogil:
    """Filter n frames in place. knob -1 … 1, resonance 0 … 1."""
    cdef int at = 0, now, stage
    cdef double wet0 = sweep.wet, wet, step, g, k, way
    if wet0 == 0.0:
        sweep.high = knob > 0.0
    elif sweep.high != (knob > 0.0):
        knob = 0.0                  # the other filter waits until this one is out
    rt_smooth(&sweep.knob, knob, 0.4 * pace)
    rt_smooth(&sweep.resonance, resonance, 0.4 * pace)
    if wet0 == 0.0 and sweep.high != (sweep.knob.now > 0.0):
        sweep.wet = 0.0
    else:
        sweep.wet = rt_wet(sweep.knob.now)
    if wet0 == 0.0 and sweep.wet == 0.0:
        memset(sweep.state, 0, sizeof(sweep.state))
        return
    step = (sweep.wet - wet0) / n
    while at < n:
        now = n - at if n - at < STEP else STEP
        way = <double>(at + now) / n
        g = tan(M_PI * rt_cutoff(rt_along(&sweep.knob, way), sweep.high, samplerate) / samplerate)
        wet = wet0 + step * at
        for stage in range(2):
            k = rt_along(&sweep.resonance, way)
            k = 1.0 / (0.54 if stage == 0 else 1.31 + 6.0 * k * k)
            rt_stage(&sweep.state[0][2 * stage], left + at, now, g, k, sweep.high, wet, step)
            rt_stage(&sweep.state[1][2 * stage], right + at, now, g, k, sweep.high, wet, step)
        at += now
