# cython: language_level=3
"""One thread per deck that stretches ahead of the audio thread, in C, without ever taking the GIL.

The audio thread never wakes a worker (that would be a system call): a worker looks for orders every four
milliseconds while its deck's key-lock is at work, and every eight when it is not, against a lead of 32 ms.
"""

from libc.stdint cimport uint32_t

from dsp_cython.engine cimport Engine
from dsp_cython.period cimport DECKS
from dsp_cython.posix cimport (
    SCHED_FIFO, pause, pthread_create, pthread_join, pthread_setschedparam, pthread_t, sched_param,
)
from dsp_cython.rt cimport rd_flush_denormals, rd_load32, rd_store32
from dsp_cython.stretch cimport Lane, lane_work

cdef enum:
    IDLE_ROUNDS = 25


cdef struct Worker:
    pthread_t thread
    Lane *lane
    uint32_t stop
    int started


cdef void *_work(void *argument) noexcept nogil:
    cdef Worker *worker = <Worker *>argument
    cdef int idle = 0
    rd_flush_denormals()
    while not rd_load32(&worker.stop):
        if worker.lane.tail != rd_load32(&worker.lane.head):
            idle = 0
            lane_work(worker.lane)
        elif idle < IDLE_ROUNDS:
            idle += 1
        pause(8 if idle == IDLE_ROUNDS else 4)
    return NULL


cdef class StretchWorkers:
    """The workers of one engine. priority: SCHED_FIFO priority, 0 for none; a refused right is no error."""

    cdef Worker _worker[DECKS]
    cdef Engine _engine
    cdef readonly bint realtime

    def __cinit__(self, Engine engine not None, int priority=0):
        cdef int i
        cdef sched_param parameter
        self._engine = engine
        self.realtime = priority > 0
        parameter.sched_priority = priority
        for i in range(DECKS):
            self._worker[i].started = 0
        if not engine.state.has_stretcher:
            return
        for i in range(DECKS):
            self._worker[i].lane = &engine.state.lane[i]
            self._worker[i].stop = 0
            if pthread_create(&self._worker[i].thread, NULL, _work, &self._worker[i]) != 0:
                raise OSError("a stretching thread could not be started")
            self._worker[i].started = 1
            if priority > 0 and pthread_setschedparam(self._worker[i].thread, SCHED_FIFO, &parameter) != 0:
                self.realtime = False

    def stop(self):
        """End the threads. The audio must have stopped."""
        cdef int i
        for i in range(DECKS):
            rd_store32(&self._worker[i].stop, 1)
        for i in range(DECKS):
            if self._worker[i].started:
                with nogil:
                    pthread_join(self._worker[i].thread, NULL)
                self._worker[i].started = 0

    def __dealloc__(self):
        cdef int i
        for i in range(DECKS):
            rd_store32(&self._worker[i].stop, 1)
            if self._worker[i].started:
                pthread_join(self._worker[i].thread, NULL)
