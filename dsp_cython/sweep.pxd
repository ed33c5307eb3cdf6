# The channel's sweep filter: one knob, low-pass to the left, high-pass to the right, 24 dB an octave.
from dsp_cython.smooth cimport Smooth


cdef struct Sweep:
    Smooth knob
    Smooth resonance
    double state[2][4]      # per side: two integrators of each of two stages
    double wet
    int high                # which way the filter runs now


cdef void rt_sweep_reset(Sweep *sweep, double knob, double resonance) noexcept nogil
cdef void rt_sweep(Sweep *sweep, double knob, double resonance, double samplerate, float *left, float *right, int n,
                   double pace) noexcept nogil
