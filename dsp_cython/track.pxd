# The samples of one track as the audio side sees them. Owned and freed by the control side.
from libc.stdint cimport int64_t, uint32_t

cdef enum:
    PAD = 1024          # zero frames before and after each plane, so kernels read without bounds checks


cdef struct Track:
    float *left         # the first frame; PAD frames before it are zero
    float *right
    int64_t frames      # length in frames; an estimate until done
    int64_t ready       # frames decoded so far (release/acquire)
    uint32_t done       # 1 once ready and frames are final
    int64_t serial
