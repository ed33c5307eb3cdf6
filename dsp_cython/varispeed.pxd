from dsp_cython.track cimport Track

cdef enum:
    STEPS = 19          # one cutoff every sixth of an octave, down to 1/8 of the band


cdef struct Kernel:
    int taps            # a multiple of 4
    int phases
    float *table        # (phases + 1) rows of taps


cdef struct KernelBank:
    Kernel kernel[STEPS]


cdef KernelBank *bank() noexcept
cdef int rt_kernel_for(double speed) noexcept nogil
cdef int rt_read(const KernelBank *bank, int which, const Track *track, double *pos, double v0, double dv, int n,
                 double low, double high, float *left, float *right) noexcept nogil
