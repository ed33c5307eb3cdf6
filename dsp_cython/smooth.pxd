# cython: cdivision=True, boundscheck=False, wraparound=False
# A control's value on its way to where it was set: no zipper noise, and exact once it has arrived.
from libc.math cimport exp, fabs


cdef struct Smooth:
    double now          # at the end of the last block
    double last         # at its start
    double goal


cdef inline void smooth_snap(Smooth *s, double value) noexcept nogil:
    s.now = s.last = s.goal = value


cdef inline void rt_smooth(Smooth *s, double goal, double pace) noexcept nogil:
    """Take one block's step; `pace` is the share of the way (see smooth_pace). Ramp from `last` to `now`."""
    s.last = s.now
    s.goal = goal
    s.now += (goal - s.now) * pace
    if fabs(goal - s.now) < 1e-5:
        s.now = goal


cdef inline double rt_along(const Smooth *s, double way) noexcept nogil:
    """The value a share `way` of the block after its start."""
    return s.now if way >= 1.0 else s.last + (s.now - s.last) * way


cdef inline double smooth_pace(double seconds, double samplerate, int frames) noexcept nogil:
    """Share of the way that one block of `frames` goes when the time constant is `seconds`."""
    return 1.0 - exp(-frames / (seconds * samplerate))
