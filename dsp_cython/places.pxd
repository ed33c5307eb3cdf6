from dsp_cython.ring cimport Command
from dsp_cython.state cimport Deck


cdef double rt_beat(const Deck *d) noexcept nogil
cdef void rt_jump(Deck *d, double pos) noexcept nogil
cdef void rt_press_cue(Deck *d, int pressed, const double *values) noexcept nogil
cdef void rt_hot_cue(Deck *d, const Command *command, const double *values) noexcept nogil
cdef void rt_loop_command(Deck *d, const Command *command, const double *values) noexcept nogil
