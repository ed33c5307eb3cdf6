# Three-band EQ of a channel: a full-kill isolator or gentle shelves; untouched sound passes bit for bit.
from dsp_cython.biquad cimport Biquad, Memory
from dsp_cython.smooth cimport Smooth

cdef enum:
    EQ_BLOCK = 64
    ISOLATOR_SECTIONS = 18


cdef struct EqDesign:
    # Crossovers, the same for all channels.
    double samplerate
    Biquad low_1[2]         # Butterworth pair, low-pass at the lower crossover
    Biquad high_1[2]
    Biquad low_2[2]
    Biquad high_2[2]
    Biquad all_2[2]


cdef struct Eq:
    Memory memory[ISOLATOR_SECTIONS]
    Smooth gain[3]          # low, mid, high; as factors, for the isolator
    Smooth level[3]         # the same in dB, for the shelves
    double wet              # 0 dry … 1 filtered
    int mode                # 0 isolator, 1 shelves
    double low[2][EQ_BLOCK]
    double mid[2][EQ_BLOCK]
    double high[2][EQ_BLOCK]


cdef void eq_design(EqDesign *design, double samplerate) noexcept nogil
cdef void rt_eq_reset(Eq *eq, const double *decibels) noexcept nogil
cdef void rt_eq(Eq *eq, const EqDesign *design, const double *decibels, int mode, float *left, float *right, int n,
                double pace) noexcept nogil
cdef double rt_gain(double decibel, double silence) noexcept nogil
