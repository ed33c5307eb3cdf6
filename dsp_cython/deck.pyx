# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What one deck does in one block: follow the controls, move through the track, never click."""

from libc.math cimport exp, fabs, rint
from libc.stdint cimport int64_t

from dsp_cython.cut cimport rt_cut, rt_emit, rt_needle, rt_play_tail
from dsp_cython.fade cimport FADE, rt_fade_in
from dsp_cython.keylock cimport (
    rt_late, rt_lead, rt_lock, rt_render_stretched, rt_turn_round, rt_unlock, rt_wants_stretch,
)
from dsp_cython.places cimport rt_beat, rt_hot_cue, rt_jump, rt_loop_command, rt_press_cue
from dsp_cython.ring cimport Command, Entry, rt_entry_push
from dsp_cython.rt cimport rd_load32, rd_loadi
from dsp_cython.state cimport (
    ENTRY_RELEASED, HOT_CUES, MAX_LEAD_BLOCKS, OP_BEATJUMP, OP_CUE, OP_CUE_AT, OP_EJECT, OP_GRID, OP_HOLD,
    OP_HOTCUE_AT, OP_HOTCUE_SET, OP_LATE, OP_LOAD, OP_LOOP_AT, OP_LOOP_IN, OP_PLAY, OP_SEEK, V_ANGLE, V_BEND,
    V_REVERSE, V_SLIP, V_TEMPO, V_TOUCH, Deck,
)
from dsp_cython.track cimport Track
from dsp_cython.varispeed cimport rt_kernel_for, rt_read

cdef double TURN_SECONDS = 1.8      # one turn of the platter at 33 1/3 rpm
cdef double BEND = 0.08             # full travel of the nudge
cdef double RING_OUT = 64.0         # frames played past the ends of a track, so the kernel rings out
cdef double WAIT_FRAMES = 24576.0   # decoded frames wanted ahead of the play head
cdef double LEAD_SECONDS = 0.032
cdef double SLOWEST_BPM = 1.0
cdef double FASTEST_BPM = 1000.0
cdef double SANE = 1e9              # no command takes a larger number; neither is a NaN below it


cdef void rt_deck_reset(Deck *d) noexcept nogil:
    """Forget the track and everything about it."""
    cdef int i
    d.track = NULL
    d.playing = d.preview = d.hold = d.voice = d.spinning = 0
    d.looping = d.rolling = d.held = 0
    d.was_diverted = 0
    d.was_touch = 0                     # a hand on the platter takes hold anew, or it would pull to the old place
    d.pos = d.cue = d.slip_pos = 0.0
    d.bpm = d.first_beat = 0.0
    d.loop_in = d.loop_start = d.loop_end = -1.0
    d.fade_at = d.fade_length = FADE
    for i in range(HOT_CUES):
        d.hot[i].is_set = 0


cdef void rt_change_track(Deck *d, Track *track) noexcept nogil:
    """Let go of the old track: its last milliseconds are already in the tail."""
    cdef Entry entry
    if d.track != NULL:
        rt_cut(d, FADE)
        if d.lane != NULL:
            d.stretched = 0
            rt_unlock(d)
        entry.frame = d.frame
        entry.kind = ENTRY_RELEASED
        entry.code = entry.index = 0
        entry.deck = d.number
        entry.a = <double>d.track.serial
        entry.b = <double>d.generation
        rt_entry_push(d.entries, &entry)
    rt_deck_reset(d)
    d.track = track


cdef void rt_deck_command(Deck *d, const Command *command, const double *values) noexcept nogil:
    """Carry out one command; without a track only loading does anything."""
    cdef int op = command.op
    if op == OP_LOAD or op == OP_EJECT:
        rt_change_track(d, <Track *>command.pointer)
        return
    if d.track == NULL or not (fabs(command.a) < SANE and fabs(command.b) < SANE):
        return
    if op == OP_PLAY:
        d.playing = command.a > 0.5
        d.preview = 0
        if d.playing and d.pos >= d.track.frames and rd_load32(&d.track.done) and values[V_REVERSE] < 0.5:
            d.pos = d.cue                   # pressed at the end: start again at the cue point
    elif op == OP_CUE:
        rt_press_cue(d, command.a > 0.5, values)
    elif op == OP_CUE_AT:
        d.cue = rint(command.a * d.samplerate)
    elif op == OP_SEEK:
        rt_jump(d, rint(command.a * d.samplerate))
    elif op == OP_BEATJUMP:
        if d.bpm > 0.0:
            rt_jump(d, d.pos + command.a * rt_beat(d))
            if not d.voice:
                d.pos = rint(d.pos)
    elif op == OP_GRID:
        if command.a != 0.0 and not SLOWEST_BPM <= command.a <= FASTEST_BPM:
            return
        d.bpm = command.a
        d.first_beat = rint(command.b * d.samplerate)
    elif OP_HOTCUE_SET <= op <= OP_HOTCUE_AT:
        if 0 <= command.index < HOT_CUES:
            rt_hot_cue(d, command, values)
    elif OP_LOOP_IN <= op <= OP_LOOP_AT:
        rt_loop_command(d, command, values)
    elif op == OP_HOLD:
        d.hold = command.a > 0.5
    elif op == OP_LATE:
        if d.locked:
            rt_late(d)


cdef void rt_deck_block_size(Deck *d, int frames) noexcept nogil:
    """Called when the block's size changes; key-lock starts anew, as its lead is counted in blocks."""
    d.lead = <int>(LEAD_SECONDS * d.samplerate / frames) + 1
    if d.lead > MAX_LEAD_BLOCKS:
        d.lead = MAX_LEAD_BLOCKS
    if d.locked:
        rt_unlock(d)


cdef void rt_wait_for_decoder(Deck *d) noexcept nogil:
    cdef int64_t ready
    cdef double far = d.pos
    if not d.live or rd_load32(&d.track.done):
        if d.live and d.hold:
            d.hold = 0
            rt_emit(d, OP_HOLD, 0.0)
            if d.pos > d.track.frames and not d.looping:    # a jump beyond what the file turned out to hold
                rt_jump(d, d.track.frames)
                rt_emit(d, OP_SEEK, d.pos / d.samplerate)
        return
    ready = rd_loadi(&d.track.ready)
    if d.looping and d.loop_end > far and (d.was_reverse or d.was_touch or d.speed < 0.0):
        far = d.loop_end            # going backwards the loop turns to its end, in the middle of a block
    if not d.hold and far + WAIT_FRAMES > ready:
        d.hold = 1
        rt_emit(d, OP_HOLD, 1.0)
    elif d.hold and far + 1.5 * WAIT_FRAMES <= ready:
        d.hold = 0
        rt_emit(d, OP_HOLD, 0.0)


cdef void rt_follow_edges(Deck *d, const double *values) noexcept nogil:
    """React to switches that changed since the last block: the platter's touch, reverse, slip."""
    cdef int touch = values[V_TOUCH] > 0.5, reverse = values[V_REVERSE] > 0.5, slip = values[V_SLIP] > 0.5
    cdef int diverted
    if touch and not d.was_touch:
        d.grab_pos = d.pos
        d.grab_angle = values[V_ANGLE]
        d.spinning = 0
    elif d.was_touch and not touch:
        d.spinning = 1
    if reverse != d.was_reverse:
        rt_cut(d, FADE)
        d.speed = -d.speed
        if d.locked:
            rt_turn_round(d)
    diverted = d.rolling or (slip and (d.looping or reverse or touch or d.held))
    if d.was_diverted and not diverted and d.playing and (slip or not d.was_slip):
        rt_jump(d, d.slip_pos)
    d.was_diverted = diverted
    d.was_touch = touch
    d.was_reverse = reverse
    d.was_slip = slip


cdef double rt_next_speed(Deck *d, const double *values, double target, int n) noexcept nogil:
    """Speed at the end of this block: the platter's under a hand, else the tempo's."""
    cdef double goal, want
    if d.was_touch:
        goal = d.grab_pos + (values[V_ANGLE] - d.grab_angle) * TURN_SECONDS * d.samplerate
        want = (goal - d.pos) / (0.006 * d.samplerate)
        want = d.speed + (want - d.speed) * (1.0 - exp(-n / (0.002 * d.samplerate)))
        return 32.0 if want > 32.0 else -32.0 if want < -32.0 else want
    if d.spinning:
        want = d.speed + (target - d.speed) * (1.0 - exp(-n / (0.02 * d.samplerate)))
        if fabs(target - want) < 1e-4:
            d.spinning = 0
            return target
        return want
    return target


cdef void rt_stop_at_end(Deck *d) noexcept nogil:
    d.pos = 0.0 if d.pos < d.track.frames / 2 else <double>d.track.frames
    if d.preview:
        d.pos = d.cue
    if d.was_touch:
        d.was_touch = 0                 # take hold anew there: the hand may pull it back in
        return
    d.playing = d.preview = d.voice = d.looping = d.rolling = d.held = 0


cdef void rt_shape(Deck *d, float *left, float *right, int n, double g0, double step) noexcept nogil:
    """Fade in after a cut, and fade towards a standing platter (gain g0, growing by `step` a frame)."""
    cdef int i
    cdef float gain
    for i in range(n):
        if d.fade_at >= d.fade_length and g0 >= 1.0 and step == 0.0:
            return
        g0 += step
        gain = <float>g0 * rt_fade_in(d.fade_at, d.fade_length)
        left[i] *= gain
        right[i] *= gain
        if d.fade_at < d.fade_length:
            d.fade_at += 1


cdef double rt_needle_step(const Deck *d, double speed, int n) noexcept nogil:
    """Change a frame of the gain that silences a standing platter, no steeper than a fade."""
    cdef double step = (rt_needle(speed) - d.needle) / n, most = 1.0 / FADE
    return most if step > most else -most if step < -most else step


cdef int rt_reach(const Deck *d, double v, int fade, double *low, double *high) noexcept nogil:
    """How far the deck may read: to a loop's turn (returns 1 or -1, with its fade before it) or the track's end (0)."""
    low[0] = -1e18
    high[0] = 1e18
    if v >= 0.0:
        if d.looping and (d.pos < d.loop_end or d.turned):
            high[0] = d.loop_end - fade * v
            return 1
        if rd_load32(&d.track.done):
            high[0] = d.track.frames + RING_OUT
    else:
        if d.looping and (d.pos > d.loop_start or d.turned):
            low[0] = d.loop_start - fade * v
            return -1
        low[0] = -RING_OUT
    return 0


cdef void rt_render_plain(Deck *d, float *left, float *right, int n, double v1) noexcept nogil:
    """Varispeed from d.speed to v1 over the block, through loops and to the track's ends."""
    cdef double v0 = d.speed, dv = (v1 - v0) / n, high, low, before, length = d.loop_end - d.loop_start
    cdef double faster = fabs(v0) if fabs(v0) > fabs(v1) else fabs(v1)
    cdef double g0 = d.needle, step = rt_needle_step(d, v1, n)
    cdef int done = 0, made, i, fade = FADE, old = d.kernel, turn
    cdef float mix
    d.kernel = rt_kernel_for(faster)
    if d.turned and d.loop_start <= d.pos <= d.loop_end:
        d.turned = 0
    if d.looping and length / 2.0 < fade * faster:
        fade = <int>(length / 2.0 / faster) + 1
    while True:
        turn = rt_reach(d, v0 + dv * (done + 0.5), fade, &low, &high)
        before = d.pos
        made = rt_read(d.bank, d.kernel, d.track, &d.pos, v0 + dv * done, dv, n - done, low, high, left + done,
                       right + done)
        if made == n and old != d.kernel:   # the cutoff follows the speed without a step
            rt_read(d.bank, old, d.track, &before, v0, dv, n, -1e18, 1e18, d.cut_l, d.cut_r)
            for i in range(n):
                mix = <float>(i + 1) / n
                left[i] = d.cut_l[i] + mix * (left[i] - d.cut_l[i])
                right[i] = d.cut_r[i] + mix * (right[i] - d.cut_r[i])
        rt_shape(d, left + done, right + done, made, g0 + step * done, step)
        rt_play_tail(d, left + done, right + done, made)
        done += made
        if done == n:
            d.speed = v1
            d.needle = g0 + step * n
            return
        d.speed = v0 + dv * done
        if turn == 0:
            break
        rt_cut(d, fade)
        d.pos -= turn * length
        d.turned = 1                    # outside until its fade is over, and still in the loop if the hand turns back
        d.grab_pos -= turn * length     # a hand on the platter goes round with the loop
    rt_stop_at_end(d)
    for i in range(done, n):
        left[i] = 0.0
        right[i] = 0.0
    rt_play_tail(d, left + done, right + done, n - done)
    d.speed = v1


cdef void rt_slip_along(Deck *d) noexcept nogil:
    """Beneath plain playing, slip's time is the deck's own; what diverts the deck next leaves it behind."""
    if not d.was_diverted:
        d.slip_pos = d.pos


cdef void rt_deck_render(Deck *d, const double *values, float *left, float *right, int n) noexcept nogil:
    """Make n frames. Changes of the controls are followed here, so that they fall on block boundaries."""
    cdef int i, wanted = 0
    cdef double target = 0.0, v1, pitch = 1.0, forward
    if d.track == NULL:
        d.was_touch = values[V_TOUCH] > 0.5
        d.was_reverse = values[V_REVERSE] > 0.5
    else:
        rt_follow_edges(d, values)
        rt_wait_for_decoder(d)      # after the jump that a switch may have caused
        forward = 1.0 + values[V_TEMPO] / 100.0 + BEND * values[V_BEND]
        target = -forward if d.was_reverse else forward
        wanted = (d.playing or d.preview or d.was_touch) and not d.hold
        if d.was_diverted and d.playing and not d.hold:
            d.slip_pos += forward * n
    if d.voice and not wanted:
        rt_cut(d, FADE)
        d.voice = 0
        d.pos = rint(d.pos)
        d.spinning = 0
    if d.locked and not d.voice:
        d.stretched = 0
        rt_unlock(d)
    if not wanted:
        for i in range(n):
            left[i] = 0.0
            right[i] = 0.0
        d.silent = d.tail_left == 0
        rt_play_tail(d, left, right, n)
        d.speed = 0.0
        rt_slip_along(d)
        return
    d.silent = 0
    if not d.voice:
        d.voice = 1
        d.fade_at = 0
        d.fade_length = FADE
        d.speed = 0.0 if d.was_touch else target
        d.needle = rt_needle(d.speed)
        d.kernel = rt_kernel_for(d.speed)
    v1 = rt_next_speed(d, values, target, n)
    if rt_wants_stretch(d, values, target, &pitch):
        if not d.locked:
            rt_lock(d, target, n, pitch)
        v1 = rt_lead(d, target, pitch, n)
    elif d.locked:
        rt_unlock(d)
    if d.stretched:
        rt_render_stretched(d, left, right, n, v1)
        if (d.pos >= d.track.frames and v1 > 0.0) or (d.pos <= 0.0 and v1 < 0.0):
            rt_unlock(d)
            rt_stop_at_end(d)
    else:
        rt_render_plain(d, left, right, n, v1)
    rt_slip_along(d)
