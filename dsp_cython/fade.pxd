# cython: cdivision=True, boundscheck=False, wraparound=False
# The crossfade of every jump, stop and loop: raised cosine, complementary, so equal material passes unchanged.
from libc.math cimport M_PI, cos

cdef enum:
    FADE = 192              # frames: 4 ms at 48 kHz


cdef inline float rt_fade_in(int index, int length) noexcept nogil:
    """Gain of the new sound `index` frames into a fade of `length` frames; the old one has 1 minus that."""
    if index >= length:
        return 1.0
    return <float>(0.5 - 0.5 * cos(M_PI * (index + 0.5) / length))
