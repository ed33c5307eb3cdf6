# cython: cdivision=True, boundscheck=False, wraparound=False
# Second-order sections for a stereo pair, in double precision (transposed direct form II).
# Coefficients: R. Bristow-Johnson, "Audio EQ Cookbook".
from libc.math cimport M_PI, cos, pow, sin, sqrt


cdef struct Biquad:
    double b0
    double b1
    double b2
    double a1
    double a2


cdef struct Memory:
    double l1
    double l2
    double r1
    double r2


cdef inline void rt_biquad(const Biquad *c, Memory *m, double *left, double *right, int n) noexcept nogil:
    """Filter n frames in place."""
    cdef int i
    cdef double x, y, b0 = c.b0, b1 = c.b1, b2 = c.b2, a1 = c.a1, a2 = c.a2
    cdef double l1 = m.l1, l2 = m.l2, r1 = m.r1, r2 = m.r2, u, v
    for i in range(n):
        x = left[i]
        u = right[i]
        y = b0 * x + l1
        v = b0 * u + r1
        l1 = b1 * x - a1 * y + l2
        r1 = b1 * u - a1 * v + r2
        l2 = b2 * x - a2 * y
        r2 = b2 * u - a2 * v
        left[i] = y
        right[i] = v
    m.l1 = l1
    m.l2 = l2
    m.r1 = r1
    m.r2 = r2


cdef inline void _normalise(Biquad *c, double b0, double b1, double b2, double a0, double a1, double a2) noexcept nogil:
    c.b0 = b0 / a0
    c.b1 = b1 / a0
    c.b2 = b2 / a0
    c.a1 = a1 / a0
    c.a2 = a2 / a0


cdef inline void lowpass(Biquad *c, double hertz, double q, double samplerate) noexcept nogil:
    cdef double w = 2.0 * M_PI * hertz / samplerate, alpha = sin(w) / (2.0 * q), k = cos(w)
    _normalise(c, (1.0 - k) / 2.0, 1.0 - k, (1.0 - k) / 2.0, 1.0 + alpha, -2.0 * k, 1.0 - alpha)


cdef inline void highpass(Biquad *c, double hertz, double q, double samplerate) noexcept nogil:
    cdef double w = 2.0 * M_PI * hertz / samplerate, alpha = sin(w) / (2.0 * q), k = cos(w)
    _normalise(c, (1.0 + k) / 2.0, -1.0 - k, (1.0 + k) / 2.0, 1.0 + alpha, -2.0 * k, 1.0 - alpha)


cdef inline void allpass(Biquad *c, double hertz, double q, double samplerate) noexcept nogil:
    cdef double w = 2.0 * M_PI * hertz / samplerate, alpha = sin(w) / (2.0 * q), k = cos(w)
    _normalise(c, 1.0 - alpha, -2.0 * k, 1.0 + alpha, 1.0 + alpha, -2.0 * k, 1.0 - alpha)


cdef inline void rt_peaking(Biquad *c, double hertz, double q, double decibel, double samplerate) noexcept nogil:
    cdef double a = pow(10.0, decibel / 40.0), w = 2.0 * M_PI * hertz / samplerate
    cdef double alpha = sin(w) / (2.0 * q), k = cos(w)
    _normalise(c, 1.0 + alpha * a, -2.0 * k, 1.0 - alpha * a, 1.0 + alpha / a, -2.0 * k, 1.0 - alpha / a)


cdef inline void rt_shelf(Biquad *c, double hertz, double decibel, double samplerate, bint high) noexcept nogil:
    """Low or high shelf with a slope of 1."""
    cdef double a = pow(10.0, decibel / 40.0), w = 2.0 * M_PI * hertz / samplerate, k = cos(w)
    cdef double root = sqrt(2.0 * a) * sin(w)       # 2 sqrt(A) alpha, with alpha = sin(w) / sqrt(2)
    if high:
        k = -k                                       # the mirrored shelf; b1 and a1 change sign below
    cdef double b1 = 2.0 * a * ((a - 1.0) - (a + 1.0) * k), a1 = -2.0 * ((a - 1.0) + (a + 1.0) * k)
    _normalise(c, a * ((a + 1.0) - (a - 1.0) * k + root), -b1 if high else b1, a * ((a + 1.0) - (a - 1.0) * k - root),
               (a + 1.0) + (a - 1.0) * k + root, -a1 if high else a1, (a + 1.0) + (a - 1.0) * k - root)
