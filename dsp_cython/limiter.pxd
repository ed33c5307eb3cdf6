# The look-ahead true-peak limiter of an output.
from libc.stdint cimport int64_t

cdef enum:
    LIMIT_RING = 1024       # a power of two, longer than delay plus block at 192 kHz
    LIMIT_TAPS = 24
    LIMIT_PHASES = 3
    LIMIT_BLOCK = 64


cdef struct LimiterDesign:
    int window              # frames of look-ahead
    int delay               # frames by which the output lags the input
    double release
    float bank[LIMIT_PHASES * LIMIT_TAPS]


cdef struct Limiter:
    int64_t at              # frames taken in
    float past_l[LIMIT_TAPS + LIMIT_BLOCK]
    float past_r[LIMIT_TAPS + LIMIT_BLOCK]
    float ring_l[LIMIT_RING]
    float ring_r[LIMIT_RING]
    float wanted[LIMIT_RING]        # candidates of the sliding minimum
    int64_t wanted_at[LIMIT_RING]
    int64_t first
    int64_t last
    double released         # after the release
    double box[LIMIT_RING]
    double sum
    int busy                # entries of the box below 1
    int over                # the ceiling is being exceeded
    double lowest           # smallest gain of the last block
    int64_t clips


cdef void limiter_design(LimiterDesign *design, double samplerate) noexcept nogil
cdef void rt_limiter_reset(Limiter *limiter, const LimiterDesign *design) noexcept nogil
cdef void rt_limit(Limiter *limiter, const LimiterDesign *design, bint on, float *left, float *right,
                   int n) noexcept nogil
