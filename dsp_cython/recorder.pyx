# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Writing main to disk: a C thread takes frames from the ring, a flush every half second makes the file whole.

After each flush the header tells the truth and the data is on the disk (fdatasync), so a power cut costs what came
since. A full disk ends the file cleanly and is reported; the sound goes on.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.errno cimport EINTR, errno
from libc.math cimport rint
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dsp_cython.posix cimport fdatasync, pause, pthread_create, pthread_join, pthread_t, pwrite, write
from dsp_cython.recorder cimport EncoderApi
from dsp_cython.recording cimport RECORD_FRAMES, RecordRing
from dsp_cython.rt cimport rd_load32, rd_load64, rd_store32, rd_store64

import os

cdef enum:
    CHUNK = 4096                # frames converted and written at once
    FLUSH_EVERY = 2             # flushes a second
    WAV_HEADER = 80
    FRAME_BYTES = 6             # 24 bit, stereo

cdef uint64_t ALL_ONES = 0xFFFFFFFF      # a 32-bit size that says: look into ds64

WAV_HEADER_BYTES = WAV_HEADER


cdef struct Writer:
    RecordRing ring
    pthread_t thread
    uint32_t started
    uint32_t quit               # stop at once, leaving the rest of the ring (the owner goes away)
    uint32_t ended
    uint32_t failure            # errno of what went wrong, 0 for nothing
    uint64_t safe               # frames known to be on the disk
    int file
    unsigned int samplerate
    const EncoderApi *encoder   # NULL for WAV
    void *handle
    uint64_t frames
    int32_t chunk[2 * CHUNK]
    unsigned char packed[FRAME_BYTES * CHUNK]


cdef void _put(unsigned char *at, uint64_t value, int size) noexcept nogil:
    cdef int i
    for i in range(size):
        at[i] = <unsigned char>((value >> (8 * i)) & 255)


cdef void _wav_header(unsigned char *head, unsigned int samplerate, uint64_t frames) noexcept nogil:
    """RIFF up to 4 GB; beyond, RF64 (EBU Tech 3306) in the room that a JUNK chunk kept free."""
    cdef uint64_t data = frames * FRAME_BYTES
    cdef bint large = data + WAV_HEADER - 8 > ALL_ONES
    memset(head, 0, WAV_HEADER)
    memcpy(head, <const char *>b"RF64" if large else <const char *>b"RIFF", 4)
    _put(head + 4, ALL_ONES if large else data + WAV_HEADER - 8, 4)
    memcpy(head + 8, b"WAVE", 4)
    memcpy(head + 12, <const char *>b"ds64" if large else <const char *>b"JUNK", 4)
    _put(head + 16, 28, 4)
    if large:
        _put(head + 20, data + WAV_HEADER - 8, 8)
        _put(head + 28, data, 8)
        _put(head + 36, frames, 8)
    memcpy(head + 48, b"fmt ", 4)
    _put(head + 52, 16, 4)
    _put(head + 56, 1, 2)
    _put(head + 58, 2, 2)
    _put(head + 60, samplerate, 4)
    _put(head + 64, samplerate * FRAME_BYTES, 4)
    _put(head + 68, FRAME_BYTES, 2)
    _put(head + 70, 24, 2)
    memcpy(head + 72, b"data", 4)
    _put(head + 76, ALL_ONES if large else data, 4)


def wav_header(unsigned int samplerate, uint64_t frames):
    """The 80 bytes before the samples of a 24-bit stereo WAV of so many frames."""
    cdef unsigned char head[WAV_HEADER]
    _wav_header(head, samplerate, frames)
    return bytes(head[:WAV_HEADER])


cdef int _write_all(int file, const unsigned char *data, size_t size) noexcept nogil:
    cdef ssize_t now
    while size > 0:
        now = write(file, data, size)
        if now < 0:
            if errno == EINTR:
                continue
            return -1
        data += now
        size -= now
    return 0


cdef int _store(Writer *w, int frames) noexcept nogil:
    """Write the chunk's frames."""
    cdef int i
    cdef int32_t sample
    if w.encoder != NULL:
        return w.encoder.write(w.handle, w.chunk, frames)
    for i in range(2 * frames):
        sample = w.chunk[i]
        w.packed[3 * i] = sample & 255
        w.packed[3 * i + 1] = (sample >> 8) & 255
        w.packed[3 * i + 2] = (sample >> 16) & 255
    return _write_all(w.file, w.packed, frames * FRAME_BYTES)


cdef int _settle(Writer *w) noexcept nogil:
    """Make header and disk agree with what was written."""
    cdef unsigned char head[WAV_HEADER]
    if w.encoder != NULL:
        if w.encoder.settle(w.handle) != 0:
            return -1
    else:
        _wav_header(head, w.samplerate, w.frames)
        if pwrite(w.file, head, WAV_HEADER, 0) != WAV_HEADER:
            return -1
    if fdatasync(w.file) != 0:
        return -1
    rd_store64(&w.safe, w.frames)
    return 0


cdef int _take(Writer *w) noexcept nogil:
    """Move up to one chunk from the ring to the file. Frames moved, or -1."""
    cdef uint64_t tail = w.ring.tail, waiting = rd_load64(&w.ring.head) - tail, at
    cdef int frames = <int>waiting if waiting < CHUNK else CHUNK, i
    cdef double sample
    if frames == 0:
        return 0
    for i in range(2 * frames):
        at = 2 * ((tail + i // 2) & (RECORD_FRAMES - 1)) + (i & 1)
        sample = rint(w.ring.samples[at] * 8388608.0)
        w.chunk[i] = 8388607 if sample > 8388607.0 else -8388608 if sample < -8388608.0 else <int32_t>sample
    rd_store64(&w.ring.tail, tail + frames)
    if _store(w, frames) != 0:
        return -1
    w.frames += frames
    return frames


cdef void *_run(void *argument) noexcept nogil:
    cdef Writer *w = <Writer *>argument
    cdef int moved
    cdef uint64_t flushed = 0
    cdef bint closed
    while not rd_load32(&w.quit):
        closed = rd_load64(&w.ring.closed) != 0     # looked at first: what was put before it is then seen
        moved = _take(w)
        if moved >= 0 and w.frames - flushed >= w.samplerate // FLUSH_EVERY:
            flushed = w.frames
            if _settle(w) != 0:
                moved = -1
        if moved < 0:
            w.failure = errno if errno else 5
            break
        if moved < CHUNK:
            if closed and moved == 0:
                break
            pause(20)
    if w.encoder != NULL:
        if w.encoder.close(w.handle) != 0 and w.failure == 0:
            w.failure = errno if errno else 5
        w.handle = NULL
        if fdatasync(w.file) == 0:
            rd_store64(&w.safe, w.frames)
    elif _settle(w) != 0 and w.failure == 0:
        w.failure = errno if errno else 5
    rd_store32(&w.ended, 1)
    return NULL


cdef class Recorder:
    """One recording. Give `ring` to `Engine.record`; poll `ended`, `failure`; then `close`.

    file: an open, empty file's descriptor, which stays the caller's. encoder: a capsule from `dsp_cython.flac`, None
    for 24-bit WAV. The memory lives until `close` or until the engine that writes into it is gone.
    """

    cdef Writer *_writer
    cdef object _encoder

    def __cinit__(self, int file, unsigned int samplerate, encoder=None):
        self._writer = <Writer *>calloc(1, sizeof(Writer))
        if self._writer == NULL:
            raise MemoryError
        memset(self._writer.ring.samples, 0, sizeof(self._writer.ring.samples))    # no page fault on the audio thread
        cdef Writer *w = self._writer
        cdef unsigned char head[WAV_HEADER]
        w.file, w.samplerate = file, samplerate
        self._encoder = encoder
        if encoder is not None:
            w.encoder = <const EncoderApi *>PyCapsule_GetPointer(encoder, "rackdeck.encoder")
            w.handle = w.encoder.open(file, samplerate)
            if w.handle == NULL:
                raise OSError(errno, os.strerror(errno) if errno else "the encoder could not be opened")
        else:
            _wav_header(head, samplerate, 0)
            if _write_all(file, head, WAV_HEADER) != 0:
                raise OSError(errno, os.strerror(errno))
        if pthread_create(&w.thread, NULL, _run, w) != 0:
            raise OSError("the writer thread could not be started")
        w.started = 1

    @property
    def ring(self):
        """The ring for `Engine.record`."""
        return PyCapsule_New(&self._writer.ring, "rackdeck.record", NULL)

    @property
    def ended(self):
        """Whether the writer is done, well or not."""
        return bool(rd_load32(&self._writer.ended))

    @property
    def failure(self):
        """The errno that ended the writing, 0 if none."""
        return self._writer.failure

    @property
    def safe(self):
        """Frames that are on the disk."""
        return rd_load64(&self._writer.safe)

    @property
    def dropped(self):
        """Frames lost because the disk was too slow."""
        return self._writer.ring.dropped

    def put(self, const float[:, ::1] planes not None):
        """Hand over frames (2, n) from the control side, for offline use. Returns the frames that fitted."""
        cdef Writer *w = self._writer
        cdef uint64_t head = w.ring.head, at
        cdef Py_ssize_t room = RECORD_FRAMES - (head - rd_load64(&w.ring.tail)), n = planes.shape[1], i
        n = min(n, room)
        for i in range(n):
            at = 2 * ((head + i) & (RECORD_FRAMES - 1))
            w.ring.samples[at] = planes[0, i]
            w.ring.samples[at + 1] = planes[1, i]
        rd_store64(&w.ring.head, head + n)
        return n

    def finish(self):
        """Nothing more will be put: write the rest."""
        rd_store64(&self._writer.ring.closed, 1)

    def close(self):
        """Wait for the writer. Only after the engine stopped recording, or `finish`."""
        if self._writer.started:
            with nogil:
                pthread_join(self._writer.thread, NULL)
            self._writer.started = 0

    def __dealloc__(self):
        if self._writer != NULL:
            if self._writer.started:
                rd_store32(&self._writer.quit, 1)
                pthread_join(self._writer.thread, NULL)
            free(self._writer)
