# The part of libjack that we use. The callback's type refuses functions that could take the GIL unasked.
cdef extern from "jack/jack.h" nogil:
    ctypedef unsigned int jack_nframes_t
    ctypedef unsigned long long jack_time_t
    ctypedef struct jack_client_t:
        pass
    ctypedef struct jack_port_t:
        pass
    ctypedef unsigned int jack_status_t
    ctypedef int (*JackProcessCallback)(jack_nframes_t, void *) noexcept nogil
    ctypedef int (*JackXRunCallback)(void *) noexcept nogil
    ctypedef void (*JackShutdownCallback)(void *) noexcept nogil
    jack_client_t *jack_client_open(const char *, int, jack_status_t *, ...)
    int jack_client_close(jack_client_t *)
    int jack_activate(jack_client_t *)
    int jack_deactivate(jack_client_t *)
    int jack_set_process_callback(jack_client_t *, JackProcessCallback, void *)
    int jack_set_xrun_callback(jack_client_t *, JackXRunCallback, void *)
    void jack_on_shutdown(jack_client_t *, JackShutdownCallback, void *)
    jack_port_t *jack_port_register(jack_client_t *, const char *, const char *, unsigned long, unsigned long)
    const char *jack_port_name(const jack_port_t *)
    int jack_connect(jack_client_t *, const char *, const char *)
    void *jack_port_get_buffer(jack_port_t *, jack_nframes_t)
    jack_nframes_t jack_get_sample_rate(jack_client_t *)
    jack_nframes_t jack_get_buffer_size(jack_client_t *)
    jack_time_t jack_get_time()
    int jack_is_realtime(jack_client_t *)
    char *jack_get_client_name(jack_client_t *)
    void jack_set_error_function(void (*)(const char *) noexcept nogil)
    void jack_set_info_function(void (*)(const char *) noexcept nogil)
    int JackNoStartServer
    int JackServerName
    int JackPortIsInput
    int JackPortIsOutput
    int JackPortIsTerminal
    const char *JACK_DEFAULT_AUDIO_TYPE


cdef extern from "jack/thread.h" nogil:
    int jack_client_real_time_priority(jack_client_t *)
