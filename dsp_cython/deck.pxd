from dsp_cython.ring cimport Command
from dsp_cython.state cimport Deck


cdef void rt_deck_reset(Deck *d) noexcept nogil
cdef void rt_deck_command(Deck *d, const Command *command, const double *values) noexcept nogil
cdef void rt_deck_block_size(Deck *d, int frames) noexcept nogil
cdef void rt_deck_render(Deck *d, const double *values, float *left, float *right, int n) noexcept nogil
