# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A JACK client that notes when a sound begins, for measuring how long an action takes to be heard.

The time is that at which the client gets the period, and the sample's place in the period.

Optional, as everything that needs JACK's headers.
"""

from libc.math cimport fabs
from libc.stdint cimport uint32_t
from libc.string cimport memset

from dsp_cython.jack cimport *
from dsp_cython.rt cimport rd_load32, rd_store32


cdef struct Ear:
    jack_client_t *client
    jack_port_t *port
    uint32_t armed
    uint32_t heard
    float threshold
    double frame_us
    double at_us


cdef int rt_listen(jack_nframes_t frames, void *argument) noexcept nogil:
    """Note the time of the first sample above the threshold since the ear was armed."""
    cdef Ear *ear = <Ear *>argument
    cdef const float *samples = <const float *>jack_port_get_buffer(ear.port, frames)
    cdef jack_nframes_t i
    if not rd_load32(&ear.armed) or rd_load32(&ear.heard):
        return 0
    for i in range(frames):
        if fabs(samples[i]) > ear.threshold:
            ear.at_us = <double>jack_get_time() + i * ear.frame_us
            rd_store32(&ear.heard, 1)
            return 0
    return 0


def now_us():
    """JACK's clock, in microseconds."""
    return <double>jack_get_time()


cdef class Listener:
    """Listens to one output port (`source`, a full port name) of a running server."""

    cdef Ear _ear

    def __cinit__(self, str source, str name="rackdeck-listener"):
        cdef jack_status_t status = 0
        cdef bytes raw = name.encode(), port = source.encode(), own
        memset(&self._ear, 0, sizeof(Ear))
        self._ear.client = jack_client_open(raw, JackNoStartServer, &status)
        if self._ear.client == NULL:
            raise ConnectionError("no JACK server answers")
        self._ear.frame_us = 1e6 / jack_get_sample_rate(self._ear.client)
        self._ear.port = jack_port_register(self._ear.client, b"in", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0)
        jack_set_process_callback(self._ear.client, rt_listen, &self._ear)
        if jack_activate(self._ear.client) != 0:
            raise ConnectionError("the JACK server refused the listener")
        own = jack_port_name(self._ear.port)
        if jack_connect(self._ear.client, port, own) != 0:
            raise ConnectionError(f"{source} cannot be listened to")

    def arm(self, float threshold=0.0):
        """Listen for the next sample whose magnitude exceeds the threshold."""
        self._ear.threshold = threshold
        rd_store32(&self._ear.heard, 0)
        rd_store32(&self._ear.armed, 1)

    @property
    def heard_us(self):
        """When it was heard on JACK's clock, None so far."""
        return self._ear.at_us if rd_load32(&self._ear.heard) else None

    def close(self):
        """Leave the server."""
        cdef jack_client_t *client = self._ear.client
        self._ear.client = NULL
        if client != NULL:
            with nogil:
                jack_client_close(client)

    def __dealloc__(self):
        if self._ear.client != NULL:
            jack_client_close(self._ear.client)
