# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: libraries = jack
"""The engine's own JACK client, with a process callback in C that Python can neither delay nor stop.

Optional: without JACK's headers this module is not built and the engine renders offline only. Wiring is not done here.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memset

from dsp_cython.engine cimport Engine
from dsp_cython.jack cimport *
from dsp_cython.period cimport OUTPUTS, EngineState, rt_engine_process
from dsp_cython.rt cimport rd_load32, rd_store32

from dsp_cython.names import OUTPUT_NAMES


cdef struct Connection:
    EngineState *engine
    jack_port_t *out[OUTPUTS]
    jack_port_t *mic[2]
    uint32_t gone               # the server shut down
    uint32_t unsuitable         # a period that no block divides
    double period_us
    double worst_us             # longest callback since it was last asked for


cdef int rt_jack_process(jack_nframes_t frames, void *argument) noexcept nogil:
    """One period for JACK; silence when the period does not suit."""
    cdef Connection *c = <Connection *>argument
    cdef float *outputs[OUTPUTS]
    cdef const float *left
    cdef const float *right
    cdef jack_time_t start = jack_get_time()
    cdef double spent
    cdef int i
    for i in range(OUTPUTS):
        outputs[i] = <float *>jack_port_get_buffer(c.out[i], frames)
    left = <const float *>jack_port_get_buffer(c.mic[0], frames)
    right = <const float *>jack_port_get_buffer(c.mic[1], frames)
    if not rt_engine_process(c.engine, outputs, left, right, <int>frames):
        rd_store32(&c.unsuitable, frames)
        for i in range(OUTPUTS):
            memset(outputs[i], 0, frames * sizeof(float))
        return 0
    spent = <double>(jack_get_time() - start)
    if spent > c.worst_us:
        c.worst_us = spent
    c.period_us = 1e6 * frames / c.engine.samplerate
    c.engine.load += (100.0 * spent / c.period_us - c.engine.load) * 0.02
    return 0


cdef int _on_xrun(void *argument) noexcept nogil:
    (<Connection *>argument).engine.xruns += 1
    return 0


cdef void _on_shutdown(void *argument) noexcept nogil:
    rd_store32(&(<Connection *>argument).gone, 1)


cdef void _quiet(const char *message) noexcept nogil:
    pass


def server_rate(str name="rackdeck-probe", str server=""):
    """Sample rate of the running JACK server; ConnectionError when none runs."""
    cdef jack_client_t *client = _open(name, server)
    cdef int rate = <int>jack_get_sample_rate(client)
    jack_client_close(client)
    return rate


cdef jack_client_t *_open(str name, str server) except NULL:
    cdef jack_status_t status = 0
    cdef bytes raw = name.encode(), where = server.encode()
    cdef jack_client_t *client
    jack_set_error_function(_quiet)
    jack_set_info_function(_quiet)
    if where:
        client = jack_client_open(raw, JackNoStartServer | JackServerName, &status, <const char *>where)
    else:
        client = jack_client_open(raw, JackNoStartServer, &status)
    if client == NULL:
        raise ConnectionError(f"no JACK server answers (status {status:#x})")
    return client


cdef class JackClient:
    """Drives an engine from a JACK server that runs already. ConnectionError when none does.

    server: its name, "" for JACK_DEFAULT_SERVER or "default".
    """

    cdef jack_client_t *_client
    cdef Connection _connection
    cdef Engine _engine

    def __cinit__(self, Engine engine not None, str name="rackdeck", str server=""):
        cdef int i
        cdef bytes port
        self._client = _open(name, server)
        self._engine = engine
        if jack_get_sample_rate(self._client) != <jack_nframes_t>engine.samplerate:
            rate = jack_get_sample_rate(self._client)
            jack_client_close(self._client)
            self._client = NULL
            raise ValueError(f"the JACK server runs at {rate} Hz, the engine at {engine.samplerate:g} Hz")
        memset(&self._connection, 0, sizeof(Connection))
        self._connection.engine = engine.state
        for i in range(OUTPUTS):
            port = OUTPUT_NAMES[i].encode()
            self._connection.out[i] = jack_port_register(
                self._client, port, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput | JackPortIsTerminal, 0)
        for i, name in enumerate(("mic_left", "mic_right")):
            port = name.encode()
            self._connection.mic[i] = jack_port_register(
                self._client, port, JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput | JackPortIsTerminal, 0)
        jack_set_process_callback(self._client, rt_jack_process, &self._connection)
        jack_set_xrun_callback(self._client, _on_xrun, &self._connection)
        jack_on_shutdown(self._client, _on_shutdown, &self._connection)

    def start(self):
        """Let the callback run."""
        if jack_activate(self._client) != 0:
            raise ConnectionError("the JACK server refused to start the client")

    def close(self):
        """Stop the callback and leave the server."""
        cdef jack_client_t *client = self._client
        self._client = NULL
        if client != NULL:
            with nogil:
                jack_client_close(client)

    def __dealloc__(self):
        if self._client != NULL:
            jack_client_close(self._client)

    @property
    def name(self):
        """The client's name on the server."""
        return jack_get_client_name(self._client).decode()

    @property
    def period(self):
        """Frames per period."""
        return jack_get_buffer_size(self._client)

    @property
    def realtime_priority(self):
        """Priority of the audio thread, 0 when the server is not real-time."""
        return max(0, jack_client_real_time_priority(self._client)) if jack_is_realtime(self._client) else 0

    @property
    def gone(self):
        """Whether the server went away."""
        return bool(rd_load32(&self._connection.gone))

    @property
    def unsuitable(self):
        """A period that the engine cannot work with, 0 if all is well."""
        return rd_load32(&self._connection.unsuitable)

    def worst(self):
        """Longest callback since the last call, in microseconds."""
        worst = self._connection.worst_us
        self._connection.worst_us = 0.0
        return worst
