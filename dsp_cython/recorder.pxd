# What a writer needs of an encoder; WAV is built in, FLAC is glue that may be missing.
from libc.stdint cimport int32_t, int64_t


cdef struct EncoderApi:
    void *(*open)(int file, unsigned int samplerate) noexcept nogil
    int (*write)(void *, const int32_t *interleaved, int frames) noexcept nogil     # 0, or -1 with errno
    int (*settle)(void *) noexcept nogil        # make the header true for what is in the file
    int (*close)(void *) noexcept nogil
