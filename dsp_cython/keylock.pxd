from dsp_cython.state cimport Deck


cdef void rt_lock(Deck *d, double target, int n, double pitch) noexcept nogil
cdef void rt_unlock(Deck *d) noexcept nogil
cdef void rt_invalidate(Deck *d) noexcept nogil
cdef void rt_turn_round(Deck *d) noexcept nogil
cdef void rt_loop_changed(Deck *d, int was_looping) noexcept nogil
cdef bint rt_wants_stretch(const Deck *d, const double *values, double target, double *pitch) noexcept nogil
cdef void rt_late(Deck *d) noexcept nogil
cdef double rt_lead(Deck *d, double target, double pitch, int n) noexcept nogil
cdef void rt_render_stretched(Deck *d, float *left, float *right, int n, double v1) noexcept nogil
