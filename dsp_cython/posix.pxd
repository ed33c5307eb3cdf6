# The few system calls of the threads that are not the audio thread.
from libc.stdint cimport int64_t


cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    int pthread_create(pthread_t *, const void *, void *(*)(void *) noexcept nogil, void *)
    int pthread_join(pthread_t, void **)


cdef extern from "<sched.h>" nogil:
    enum:
        SCHED_FIFO
    cdef struct sched_param:
        int sched_priority
    int pthread_setschedparam(pthread_t, int, const sched_param *)


cdef extern from "<time.h>" nogil:
    cdef struct timespec:
        long tv_sec
        long tv_nsec
    int nanosleep(const timespec *, timespec *)
    int clock_gettime(int, timespec *)
    enum:
        CLOCK_THREAD_CPUTIME_ID


cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void *, size_t)
    ssize_t pwrite(int, const void *, size_t, int64_t)
    int64_t lseek(int, int64_t, int)
    int fdatasync(int)


cdef inline void pause(long milliseconds) noexcept nogil:
    cdef timespec time
    time.tv_sec = 0
    time.tv_nsec = milliseconds * 1000000
    nanosleep(&time, NULL)
