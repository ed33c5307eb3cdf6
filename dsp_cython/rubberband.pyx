# cython: language_level=3
# distutils: libraries = rubberband
"""Rubber Band as the key-lock's stretcher (the finer engine with short windows, one thread, real-time mode).

Optional: without Rubber Band's headers this module is not built and key-lock is unavailable.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport fmin, log2

from dsp_cython.stretch cimport StretcherApi


cdef extern from "rubberband/rubberband-c.h" nogil:
    ctypedef struct _State "struct RubberBandState_":
        pass
    ctypedef _State *RubberBandState
    RubberBandState rubberband_new(unsigned int, unsigned int, int, double, double)
    void rubberband_delete(RubberBandState)
    void rubberband_set_time_ratio(RubberBandState, double)
    void rubberband_set_pitch_scale(RubberBandState, double)
    unsigned int rubberband_get_preferred_start_pad(RubberBandState)
    unsigned int rubberband_get_start_delay(RubberBandState)
    unsigned int rubberband_get_samples_required(RubberBandState)
    int rubberband_available(RubberBandState)
    void rubberband_process(RubberBandState, const float *const *, unsigned int, int)
    unsigned int rubberband_retrieve(RubberBandState, float *const *, unsigned int)
    void rubberband_set_max_process_size(RubberBandState, unsigned int)
    void rubberband_set_default_debug_level(int)
    int RubberBandOptionProcessRealTime
    int RubberBandOptionThreadingNever
    int RubberBandOptionEngineFiner
    int RubberBandOptionWindowShort
    int RubberBandOptionPitchHighQuality
    int RubberBandOptionChannelsTogether


cdef void *_create(unsigned int samplerate) noexcept nogil:
    rubberband_set_default_debug_level(0)
    cdef RubberBandState state = rubberband_new(
        samplerate, 2,
        RubberBandOptionProcessRealTime | RubberBandOptionThreadingNever | RubberBandOptionEngineFiner
        | RubberBandOptionWindowShort | RubberBandOptionPitchHighQuality | RubberBandOptionChannelsTogether,
        1.0, 1.0,
    )
    rubberband_set_max_process_size(state, 1024)
    return <void *>state


cdef void _destroy(void *state) noexcept nogil:
    rubberband_delete(<RubberBandState>state)


cdef void _tune(void *state, double ratio, double pitch) noexcept nogil:
    rubberband_set_time_ratio(<RubberBandState>state, ratio)
    rubberband_set_pitch_scale(<RubberBandState>state, pitch)


cdef int _start_pad(void *state) noexcept nogil:
    return <int>rubberband_get_preferred_start_pad(<RubberBandState>state)


cdef int _start_delay(void *state, double ratio, double pitch, double samplerate) noexcept nogil:
    """Output frames to drop so that the first one kept is the first one wanted.

    Rubber Band's own figure leaves bursts early by an amount that grows with the shift; measured with 3.1.2 on bursts
    of noise from 0.4 to 2 times the speed and over an octave each way, and taken out here (what is left: under 1 ms).
    """
    cdef double early, semitones = 12.0 * log2(pitch), speed = 1.0 / ratio
    early = 280.0 * (1.0 - speed) if speed < 1.0 else 100.0 * (speed - 1.0)
    early += 4.8 * semitones * semitones if semitones < 0.0 else 21.0 * fmin(semitones, 6.0)
    return <int>rubberband_get_start_delay(<RubberBandState>state) - <int>(early * samplerate / 48000.0)


cdef int _required(void *state) noexcept nogil:
    return <int>rubberband_get_samples_required(<RubberBandState>state)


cdef int _available(void *state) noexcept nogil:
    return rubberband_available(<RubberBandState>state)


cdef void _process(void *state, float *left, float *right, int frames) noexcept nogil:
    cdef float *planes[2]
    planes[0] = left
    planes[1] = right
    rubberband_process(<RubberBandState>state, <const float *const *>planes, frames, 0)


cdef int _retrieve(void *state, float *left, float *right, int frames) noexcept nogil:
    cdef float *planes[2]
    planes[0] = left
    planes[1] = right
    return <int>rubberband_retrieve(<RubberBandState>state, <float *const *>planes, frames)


cdef StretcherApi _api
_api.create = _create
_api.destroy = _destroy
_api.tune = _tune
_api.start_pad = _start_pad
_api.start_delay = _start_delay
_api.required = _required
_api.available = _available
_api.process = _process
_api.retrieve = _retrieve


def api():
    """The table of functions, as a capsule for the engine."""
    return PyCapsule_New(&_api, "rackdeck.stretcher", NULL)
