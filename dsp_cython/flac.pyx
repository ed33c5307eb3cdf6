# cython: language_level=3
# distutils: libraries = FLAC
"""FLAC as a recording format, through libFLAC. Optional: without its headers this module is not built.

The stream's header is rewritten at each flush with the samples that are in the file so far, so a recording that was cut
off has a length and plays.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.errno cimport EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from dsp_cython.posix cimport lseek, pwrite, write
from dsp_cython.recorder cimport EncoderApi


cdef extern from "FLAC/stream_encoder.h" nogil:
    ctypedef struct FLAC__StreamEncoder:
        pass
    FLAC__StreamEncoder *FLAC__stream_encoder_new()
    void FLAC__stream_encoder_delete(FLAC__StreamEncoder *)
    int FLAC__stream_encoder_set_channels(FLAC__StreamEncoder *, uint32_t)
    int FLAC__stream_encoder_set_bits_per_sample(FLAC__StreamEncoder *, uint32_t)
    int FLAC__stream_encoder_set_sample_rate(FLAC__StreamEncoder *, uint32_t)
    int FLAC__stream_encoder_set_compression_level(FLAC__StreamEncoder *, uint32_t)
    int FLAC__stream_encoder_set_blocksize(FLAC__StreamEncoder *, uint32_t)
    int FLAC__stream_encoder_process_interleaved(FLAC__StreamEncoder *, const int32_t *, uint32_t)
    int FLAC__stream_encoder_finish(FLAC__StreamEncoder *)
    ctypedef int (*WriteCallback)(
        const FLAC__StreamEncoder *, const unsigned char *, size_t, uint32_t, uint32_t, void *) noexcept nogil
    ctypedef int (*SeekCallback)(const FLAC__StreamEncoder *, uint64_t, void *) noexcept nogil
    ctypedef int (*TellCallback)(const FLAC__StreamEncoder *, uint64_t *, void *) noexcept nogil
    int FLAC__stream_encoder_init_stream(
        FLAC__StreamEncoder *, WriteCallback, SeekCallback, TellCallback, void *, void *)

cdef enum:
    BLOCK = 4096
    COUNT_AT = 18           # rate, channels, depth and total samples: 64 bits in the STREAMINFO block

BLOCK_FRAMES = BLOCK


cdef struct Stream:
    FLAC__StreamEncoder *encoder
    int file
    unsigned int samplerate
    uint64_t written        # samples per channel in whole blocks in the file
    int failure


cdef int _on_write(const FLAC__StreamEncoder *encoder, const unsigned char *data, size_t size, uint32_t samples,
                   uint32_t frame, void *argument) noexcept nogil:
    cdef Stream *stream = <Stream *>argument
    cdef ssize_t now
    while size > 0:
        now = write(stream.file, data, size)
        if now < 0:
            if errno == EINTR:
                continue
            stream.failure = errno
            return 1
        data += now
        size -= now
    stream.written += samples
    return 0


cdef int _on_seek(const FLAC__StreamEncoder *encoder, uint64_t place, void *argument) noexcept nogil:
    return 0 if lseek((<Stream *>argument).file, <int64_t>place, 0) >= 0 else 1


cdef int _on_tell(const FLAC__StreamEncoder *encoder, uint64_t *place, void *argument) noexcept nogil:
    cdef int64_t at = lseek((<Stream *>argument).file, 0, 1)
    if at < 0:
        return 1
    place[0] = <uint64_t>at
    return 0


cdef void *_open(int file, unsigned int samplerate) noexcept nogil:
    cdef Stream *stream = <Stream *>calloc(1, sizeof(Stream))
    if stream == NULL:
        return NULL
    stream.file = file
    stream.samplerate = samplerate
    stream.encoder = FLAC__stream_encoder_new()
    FLAC__stream_encoder_set_channels(stream.encoder, 2)
    FLAC__stream_encoder_set_bits_per_sample(stream.encoder, 24)
    FLAC__stream_encoder_set_sample_rate(stream.encoder, samplerate)
    FLAC__stream_encoder_set_compression_level(stream.encoder, 5)
    FLAC__stream_encoder_set_blocksize(stream.encoder, BLOCK)
    if FLAC__stream_encoder_init_stream(stream.encoder, _on_write, _on_seek, _on_tell, NULL, stream) != 0:
        FLAC__stream_encoder_delete(stream.encoder)
        free(stream)
        return NULL
    return stream


cdef int _write(void *handle, const int32_t *interleaved, int frames) noexcept nogil:
    cdef Stream *stream = <Stream *>handle
    if FLAC__stream_encoder_process_interleaved(stream.encoder, interleaved, <uint32_t>frames):
        return 0
    errno_set(stream.failure)
    return -1


cdef extern from *:
    """
    #include <errno.h>
    static inline void rd_set_errno(int value) { errno = value; }
    """
    void errno_set "rd_set_errno"(int) nogil


cdef int _settle(void *handle) noexcept nogil:
    cdef Stream *stream = <Stream *>handle
    cdef unsigned char field[8]
    cdef uint64_t bits = (<uint64_t>stream.samplerate << 44) | (<uint64_t>1 << 41) | (<uint64_t>23 << 36)
    cdef int i
    bits |= stream.written
    for i in range(8):
        field[i] = (bits >> (56 - 8 * i)) & 255
    return 0 if pwrite(stream.file, field, 8, COUNT_AT) == 8 else -1


cdef int _close(void *handle) noexcept nogil:
    cdef Stream *stream = <Stream *>handle
    cdef int fine = FLAC__stream_encoder_finish(stream.encoder), failure = stream.failure
    FLAC__stream_encoder_delete(stream.encoder)
    free(stream)
    if fine:
        return 0
    errno_set(failure)
    return -1


cdef EncoderApi _api
_api.open = _open
_api.write = _write
_api.settle = _settle
_api.close = _close


def encoder():
    """The table of functions, as a capsule for the recorder."""
    return PyCapsule_New(&_api, "rackdeck.encoder", NULL)
