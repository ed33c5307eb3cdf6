# The control side's two classes, for the modules that attach JACK, workers and measurements to an engine.
from dsp_cython.period cimport EngineState
from dsp_cython.track cimport Track


cdef void stretch_in_line(EngineState *e) noexcept nogil


cdef class Engine:
    cdef EngineState *state
    cdef object _held           # serial -> TrackMemory, kept until the audio side let go
    cdef object _leaving
    cdef object _panel
    cdef object _stretcher
    cdef object _recorders      # kept until the audio thread left their rings
    cdef readonly double samplerate
    cdef readonly bint threaded
    cdef _let_go(self)


cdef class TrackMemory:
    cdef Track track
    cdef const float[::1] _samples
    cdef Py_ssize_t capacity
