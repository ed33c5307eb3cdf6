# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Key-lock: when the stretcher is heard, what is ordered from it, and what makes its work stale.

While key-lock is on, the deck's speed follows the controls one lead (32 ms) late, so that the stretcher can work ahead
of the play head. After a jump plain varispeed is heard for one lead, then the stretched sound takes over at the very
frame where it belongs.
"""

from libc.math cimport fabs, pow
from libc.stdint cimport uint32_t

from dsp_cython.cut cimport rt_advance, rt_cut, rt_emit, rt_play_tail
from dsp_cython.fade cimport FADE, rt_fade_in
from dsp_cython.rt cimport rd_store32
from dsp_cython.state cimport OP_LATE, V_KEY, V_KEYLOCK, Deck
from dsp_cython.stretch cimport ORDER_RUN, ORDER_START, ORDER_STOP, OUT_FRAMES, Order, rt_available, rt_order

cdef double FEED_MARGIN = 8192.0    # source frames that the stretcher may be ahead of its orders


cdef void rt_give_order(Deck *d, int kind, int frames, double speed, double pitch) noexcept nogil:
    cdef Order order
    order.generation = d.generation
    order.kind = kind
    order.frames = frames
    order.looping = d.looping
    order.position = d.feed_pos
    order.speed = speed
    order.pitch = pitch
    order.loop_start = d.loop_start
    order.loop_end = d.loop_end
    order.track = d.track
    rt_order(d.lane, &order)


cdef void rt_new_generation(Deck *d) noexcept nogil:
    d.generation += 1
    d.read = 0
    rd_store32(&d.lane.generation, d.generation)


cdef void rt_restart_stretch(Deck *d, int n, double pitch) noexcept nogil:
    """The stretched future no longer holds: plain varispeed is heard until a new one is ready, a fixed time later."""
    cdef int i
    cdef double before = d.speed, after
    if d.stretched:
        rt_cut(d, FADE)
        d.stretched = 0
    rt_new_generation(d)
    d.feed_pos = d.pos
    for i in range(d.lead):
        after = d.lead_speed[(d.lead_at + i) % d.lead]
        d.feed_pos = rt_advance(d, d.feed_pos, n * (before + after) / 2.0 + (after - before) / 2.0)
        before = after
    d.feed_speed = before
    d.prepare = d.lead
    d.shifting = fabs(pitch - 1.0) > 1e-9
    rt_give_order(d, ORDER_START, 0, before, pitch)


cdef void rt_lock(Deck *d, double target, int n, double pitch) noexcept nogil:
    cdef int i
    d.locked = 1
    d.lead_at = 0
    for i in range(d.lead):
        d.lead_speed[i] = target
    rt_restart_stretch(d, n, pitch)


cdef void rt_unlock(Deck *d) noexcept nogil:
    if d.stretched:
        rt_cut(d, FADE)
    d.locked = d.stretched = 0
    rt_new_generation(d)
    rt_give_order(d, ORDER_STOP, 0, 1.0, 1.0)


cdef void rt_turn_round(Deck *d) noexcept nogil:
    """The direction changed: what was promised for the next blocks runs the other way at once."""
    cdef int i
    for i in range(d.lead):
        d.lead_speed[i] = -d.lead_speed[i]
    rt_invalidate(d)


cdef void rt_invalidate(Deck *d) noexcept nogil:
    """The place changed: what the stretcher has in hand is for elsewhere."""
    if d.stretched:
        rt_cut(d, FADE)
        d.stretched = 0
    d.prepare = -1      # restarted when the block is rendered


cdef void rt_loop_changed(Deck *d, int was_looping) noexcept nogil:
    """Keep the stretched future if the loop's far end is still ahead of it; drop it otherwise."""
    cdef double ahead
    if not d.locked or d.prepare < 0:
        return
    if d.feed_speed >= 0.0:
        ahead = d.loop_end - d.feed_pos if d.feed_pos >= d.pos else -1.0
    else:
        ahead = d.feed_pos - d.loop_start if d.feed_pos <= d.pos else -1.0
    if ahead < FEED_MARGIN or (was_looping and d.looping):
        rt_invalidate(d)


cdef bint rt_wants_stretch(const Deck *d, const double *values, double target, double *pitch) noexcept nogil:
    """Whether the wished pitch differs from what this speed gives by itself, and what it is."""
    cdef double speed = fabs(target), natural
    pitch[0] = (1.0 if values[V_KEYLOCK] > 0.5 else speed) * pow(2.0, values[V_KEY] / 12.0)
    if d.lane == NULL or d.was_touch or d.spinning or not 0.5 <= speed <= 2.0:
        return False
    natural = pitch[0] / speed - 1.0
    return fabs(natural) > 1e-6


cdef void rt_late(Deck *d) noexcept nogil:
    """The worker missed its time: varispeed again, and a new start."""
    d.stretched = 0
    rt_cut(d, FADE)
    d.prepare = -1


cdef double rt_lead(Deck *d, double target, double pitch, int n) noexcept nogil:
    """Order the block that lies the lead ahead; return the speed at the end of the present one."""
    cdef double v1, by
    if d.live and d.prepare == 0 and rt_available(d.lane, d.generation, d.read) < <uint32_t>n:
        d.late += 1
        rt_emit(d, OP_LATE, 1.0)
        rt_late(d)
    # turning round, or bringing the resampler in or out, needs a new start
    if d.prepare < 0 or (d.feed_speed > 0.0) != (target > 0.0) or d.shifting != (fabs(pitch - 1.0) > 1e-9):
        rt_restart_stretch(d, n, pitch)
    v1 = d.lead_speed[d.lead_at]
    d.lead_speed[d.lead_at] = target
    d.lead_at = (d.lead_at + 1) % d.lead
    by = n * (d.feed_speed + target) / 2.0 + (target - d.feed_speed) / 2.0
    rt_give_order(d, ORDER_RUN, n, by / n, pitch)
    d.feed_pos = rt_advance(d, d.feed_pos, by)
    d.feed_speed = target
    if d.prepare > 0:
        d.prepare -= 1
    elif not d.stretched:
        rt_cut(d, FADE)
        d.stretched = 1
    return v1


cdef void rt_render_stretched(Deck *d, float *left, float *right, int n, double v1) noexcept nogil:
    """Take the next frames from the worker."""
    cdef int i
    cdef uint32_t place
    cdef float gain
    for i in range(n):
        place = (d.read + i) & (OUT_FRAMES - 1)
        left[i] = d.lane.out_left[place]
        right[i] = d.lane.out_right[place]
        if d.fade_at < d.fade_length:
            gain = rt_fade_in(d.fade_at, d.fade_length)
            left[i] *= gain
            right[i] *= gain
            d.fade_at += 1
    rt_play_tail(d, left, right, n)
    d.read += n
    d.pos = rt_advance(d, d.pos, n * (d.speed + v1) / 2.0 + (v1 - d.speed) / 2.0)
    d.speed = v1
