# The pitch shifter of one deck: orders from the audio thread, stretched frames from a worker ahead of it.
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from dsp_cython.track cimport Track

cdef enum:
    ORDER_SLOTS = 1024
    OUT_FRAMES = 16384      # a power of two, well beyond the lead
    FEED = 1024             # source frames handed to the stretcher at once


cdef enum:
    ORDER_START = 1
    ORDER_RUN = 2
    ORDER_STOP = 3


cdef struct Order:
    uint32_t generation
    int32_t kind
    int32_t frames          # ORDER_RUN: output frames to make
    int32_t looping
    double position         # ORDER_START: source frame of the first output frame
    double speed            # source frames per output frame, negative backwards
    double pitch            # factor
    double loop_start
    double loop_end
    const Track *track


cdef struct StretcherApi:
    # The glue to a stretching library; missing on a machine built without it.
    void *(*create)(unsigned int samplerate) noexcept nogil
    void (*destroy)(void *) noexcept nogil
    void (*tune)(void *, double ratio, double pitch) noexcept nogil
    int (*start_pad)(void *) noexcept nogil
    int (*start_delay)(void *, double ratio, double pitch, double samplerate) noexcept nogil
    int (*required)(void *) noexcept nogil
    int (*available)(void *) noexcept nogil
    void (*process)(void *, float *left, float *right, int frames) noexcept nogil
    int (*retrieve)(void *, float *left, float *right, int frames) noexcept nogil


cdef struct Lane:
    const StretcherApi *api
    void *stretcher
    void *spare             # a new one for the next start: a used one remembers what it played, even after a reset
    double samplerate
    # the queue of orders; the audio thread writes
    uint32_t head
    uint32_t tail
    Order slot[ORDER_SLOTS]
    uint32_t generation     # newest one, so that the worker skips what is stale
    # the result; the worker writes
    uint64_t progress       # generation << 32 | frames written in it (mod 2^32)
    uint32_t acknowledged   # newest generation whose orders the worker has seen
    float *out_left
    float *out_right
    # the worker's own
    uint32_t at_generation
    const Track *track
    int64_t cursor
    int direction
    int looping
    int64_t loop_start
    int64_t loop_end
    int drop
    uint32_t written
    double energy_in        # mean square of what was fed
    double energy_out       # and of what came back
    double makeup           # gain that gives back what stretching loses
    float feed_left[FEED]
    float feed_right[FEED]


cdef bint rt_order(Lane *lane, const Order *order) noexcept nogil
cdef uint32_t rt_available(const Lane *lane, uint32_t generation, uint32_t read) noexcept nogil
cdef void lane_work(Lane *lane) noexcept nogil
cdef int lane_open(Lane *lane, const StretcherApi *api, unsigned int samplerate) noexcept
cdef void lane_close(Lane *lane) noexcept
