# cython: cdivision=True, boundscheck=False, wraparound=False
# The ring between the audio thread and the recorder's writer thread.
from libc.stdint cimport int64_t, uint64_t

from dsp_cython.rt cimport rd_load64, rd_store64

cdef enum:
    RECORD_FRAMES = 1048576     # a power of two: over 20 s at 48 kHz


cdef struct RecordRing:
    uint64_t head               # frames put in, by the audio thread
    uint64_t tail               # frames taken out, by the writer
    uint64_t dropped
    uint64_t closed             # 1 once the audio thread puts nothing more in
    float samples[2 * RECORD_FRAMES]


cdef inline void rt_record(RecordRing *ring, const float *left, const float *right, int n) noexcept nogil:
    """Put n frames in, all or none; what does not fit is counted."""
    cdef uint64_t head = ring.head
    cdef int i
    cdef uint64_t at
    if head + n - rd_load64(&ring.tail) > RECORD_FRAMES:
        ring.dropped += n
        return
    for i in range(n):
        at = 2 * ((head + i) & (RECORD_FRAMES - 1))
        ring.samples[at] = left[i]
        ring.samples[at + 1] = right[i]
    rd_store64(&ring.head, head + n)
