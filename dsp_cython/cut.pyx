# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The cut: how a deck changes place, direction or source without a click.

The old sound's next milliseconds are rendered at once, faded out, into a tail that plays on beneath the new sound,
which fades in. So there is nothing to wait for and nothing to juggle, however fast cuts follow each other.
"""

from libc.math cimport fabs
from libc.stdint cimport uint32_t

from dsp_cython.fade cimport FADE, rt_fade_in
from dsp_cython.ring cimport Entry, rt_entry_push
from dsp_cython.state cimport ENTRY_OP, Deck
from dsp_cython.stretch cimport OUT_FRAMES, rt_available
from dsp_cython.varispeed cimport rt_read

cdef double NEEDLE = 0.01           # below this speed the sound fades, so a stopped platter is silent


cdef void rt_emit(Deck *d, int op, double a) noexcept nogil:
    """Note something that the engine did by itself and a replay must repeat."""
    cdef Entry entry
    entry.frame = d.frame
    entry.kind = ENTRY_OP
    entry.code = op
    entry.deck = d.number
    entry.index = 0
    entry.a = a
    entry.b = 0.0
    rt_entry_push(d.entries, &entry)


cdef double rt_needle(double speed) noexcept nogil:
    cdef double gain = fabs(speed) / NEEDLE
    return gain if gain < 1.0 else 1.0


cdef void rt_cut(Deck *d, int length) noexcept nogil:
    """Let the present sound fade out by itself over `length` frames; what comes next fades in.

    Of a place that was left before any of it was heard nothing is read: it may not be decoded yet.
    """
    cdef int i, at
    cdef double pos = d.pos
    cdef float gain, keep
    cdef uint32_t place
    if d.voice and d.fade_at > 0:
        if d.stretched and rt_available(d.lane, d.generation, d.read) >= <uint32_t>length:
            for i in range(length):
                place = (d.read + i) & (OUT_FRAMES - 1)
                d.cut_l[i] = d.lane.out_left[place]
                d.cut_r[i] = d.lane.out_right[place]
            keep = 1.0
        else:
            rt_read(d.bank, d.kernel, d.track, &pos, d.speed, 0.0, length, -1e18, 1e18, d.cut_l, d.cut_r)
            keep = <float>d.needle
        keep *= rt_fade_in(d.fade_at, d.fade_length)
        for i in range(length):
            at = (d.tail_at + i) % FADE
            gain = keep * (1.0 - rt_fade_in(i, length))
            d.tail_l[at] += gain * d.cut_l[i]
            d.tail_r[at] += gain * d.cut_r[i]
        if d.tail_left < length:
            d.tail_left = length
    d.fade_at = 0
    d.fade_length = length


cdef void rt_play_tail(Deck *d, float *left, float *right, int n) noexcept nogil:
    """Add what earlier cuts left to fade out."""
    cdef int i
    for i in range(n):
        if d.tail_left == 0:
            break
        left[i] += d.tail_l[d.tail_at]
        right[i] += d.tail_r[d.tail_at]
        d.tail_l[d.tail_at] = 0.0
        d.tail_r[d.tail_at] = 0.0
        d.tail_at = (d.tail_at + 1) % FADE
        d.tail_left -= 1


cdef double rt_advance(const Deck *d, double pos, double by) noexcept nogil:
    """Where `pos` goes when time moves `by` track frames, through a running loop."""
    cdef double there = pos + by, length = d.loop_end - d.loop_start
    if d.looping and length > 0.0:
        if by >= 0.0 and pos < d.loop_end:
            while there >= d.loop_end:
                there -= length
        elif by < 0.0 and pos > d.loop_start:
            while there < d.loop_start:
                there += length
    return there
