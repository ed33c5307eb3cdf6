from dsp_cython.state cimport Deck


cdef void rt_emit(Deck *d, int op, double a) noexcept nogil
cdef double rt_needle(double speed) noexcept nogil
cdef void rt_cut(Deck *d, int length) noexcept nogil
cdef void rt_play_tail(Deck *d, float *left, float *right, int n) noexcept nogil
cdef double rt_advance(const Deck *d, double pos, double by) noexcept nogil
