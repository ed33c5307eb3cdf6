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
    uint64_t closed             # 1 once nothing more is put in
    uint64_t left               # 1 once the audio thread will not touch it again
    float samples[2 * RECORD_FRAMES]


cdef inline void rt_leave(RecordRing *ring) noexcept nogil:
    """The audio thread's last act on a ring: its owner may free it from here on."""
    rd_store64(&ring.closed, 1)
    rd_store64(&ring.left, 1)


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
