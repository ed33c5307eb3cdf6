# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cues, hot cues, loops and jumps: where on the track the deck goes, on the beat grid when quantize is on."""

from libc.math cimport ceil, fabs, floor, rint

from dsp_cython.cut cimport rt_cut
from dsp_cython.fade cimport FADE
from dsp_cython.keylock cimport rt_invalidate, rt_loop_changed
from dsp_cython.ring cimport Command
from dsp_cython.rt cimport rd_load32
from dsp_cython.state cimport (
    OP_HOTCUE_AT, OP_HOTCUE_CLEAR, OP_HOTCUE_SET, OP_LOOP_AT, OP_LOOP_BEATS, OP_LOOP_EXIT, OP_LOOP_HALVE, OP_LOOP_IN,
    OP_LOOP_OUT, OP_LOOP_ROLL, V_QUANTIZE, V_REVERSE, V_SLIP, Deck, HotCue,
)


cdef double rt_beat(const Deck *d) noexcept nogil:
    """Frames per beat, 0 without a grid."""
    return 60.0 / d.bpm * d.samplerate if d.bpm > 0.0 else 0.0


cdef double rt_snap(const Deck *d, double pos, double step, bint down) noexcept nogil:
    """The nearest (or last) multiple of `step` beats on the grid."""
    cdef double length = rt_beat(d) * step, beats, place
    if length <= 0.0:
        return rint(pos)
    beats = (pos - d.first_beat) / length
    place = rint(d.first_beat + (floor(beats + 1e-6) if down else rint(beats)) * length)
    return place if place >= 0.0 else rint(place + ceil(-place / length) * length)


cdef double rt_here(const Deck *d, const double *values) noexcept nogil:
    """Where a cue pressed now goes."""
    if values[V_QUANTIZE] > 0.5 and d.bpm > 0.0:
        return rt_snap(d, d.pos, 1.0, False)
    return rint(d.pos)


cdef void rt_jump(Deck *d, double pos) noexcept nogil:
    rt_cut(d, FADE)
    if not pos >= 0.0:
        pos = 0.0
    if d.track != NULL and pos > d.track.frames and rd_load32(&d.track.done):
        pos = d.track.frames            # until all is decoded the length is an estimate, and no bound
    d.pos = pos
    d.turned = 0
    d.was_touch = 0                     # a hand on the platter takes hold anew
    if d.locked:
        rt_invalidate(d)


cdef void rt_jump_in_phase(Deck *d, double pos, const double *values) noexcept nogil:
    """Jump, keeping the place within the beat when quantize is on and the deck plays."""
    if values[V_QUANTIZE] > 0.5 and d.playing and d.bpm > 0.0:
        pos += d.pos - rt_snap(d, d.pos, 1.0, False)
    rt_jump(d, pos)


cdef void rt_set_loop(Deck *d, double start, double end, const double *values) noexcept nogil:
    cdef int was = d.looping
    cdef double length
    if end - start < 64.0:
        end = start + 64.0
    d.loop_start = rint(start)
    d.loop_end = rint(end)
    d.looping = 1
    length = d.loop_end - d.loop_start
    if d.pos >= d.loop_end + (values[V_REVERSE] > 0.5):     # made shorter, or ended here: go on in phase with it
        rt_jump(d, d.loop_start + (d.pos - d.loop_start) - floor((d.pos - d.loop_start) / length) * length)
    rt_loop_changed(d, was)


cdef void rt_leave_loop(Deck *d) noexcept nogil:
    cdef int was = d.looping
    d.looping = 0
    if was:
        rt_loop_changed(d, was)


cdef void rt_loop_beats(Deck *d, double beats, const double *values) noexcept nogil:
    cdef double beat = rt_beat(d), start
    if beat <= 0.0 or beats <= 0.0:
        return
    if d.looping:
        start = d.loop_start
    elif values[V_QUANTIZE] > 0.5:
        start = rt_snap(d, d.pos, beats if beats < 1.0 else 1.0, True)
    else:
        start = rint(d.pos)
    if values[V_REVERSE] > 0.5 and not d.looping:     # backwards, the beats from here lie before
        start -= beats * beat
        if start < 0.0:
            start = 0.0
    rt_set_loop(d, start, start + beats * beat, values)


cdef void rt_press_cue(Deck *d, int pressed, const double *values) noexcept nogil:
    """CUE as on a CDJ: playing returns to the cue point and waits; paused elsewhere sets it; paused on it plays."""
    if pressed:
        if d.playing:
            d.playing = d.rolling = d.held = 0
            rt_jump(d, d.cue)
            d.voice = 0
        elif fabs(d.pos - d.cue) < 1.0:
            d.preview = 1
        else:
            d.cue = rt_here(d, values)
            d.pos = d.cue
    elif d.preview:
        d.preview = 0
        if not d.playing:
            rt_jump(d, d.cue)
            d.voice = 0


cdef void rt_hot_cue(Deck *d, const Command *command, const double *values) noexcept nogil:
    cdef HotCue *hot = &d.hot[command.index]
    cdef bint pressed = command.a > 0.5
    if command.op == OP_HOTCUE_AT:
        hot.is_set = 1
        hot.at = rint(command.a * d.samplerate)
        hot.length = rint(command.b * d.samplerate)
    elif command.op == OP_HOTCUE_CLEAR:
        if pressed:
            hot.is_set = 0
    elif command.op == OP_HOTCUE_SET:
        if pressed:
            hot.is_set = 1
            hot.at = d.loop_start if d.looping else rt_here(d, values)
            hot.length = d.loop_end - d.loop_start if d.looping else 0.0
    elif not pressed:
        d.held = 0
    elif hot.is_set:
        if values[V_SLIP] > 0.5 and d.playing:
            d.held = 1
        rt_jump_in_phase(d, hot.at, values)
        if hot.length > 0.0:
            d.looping = 0
            rt_set_loop(d, hot.at, hot.at + hot.length, values)
        elif d.looping and not d.loop_start <= hot.at < d.loop_end:
            rt_leave_loop(d)
        if not d.playing and not d.preview:
            d.playing = 1


cdef void rt_give_back_loop(Deck *d) noexcept nogil:
    """A roll ended: the loop from before it is there again, running if it ran."""
    cdef double length = d.kept_end - d.kept_start
    d.loop_start = d.kept_start
    d.loop_end = d.kept_end
    d.looping = d.kept_looping
    if d.looping and d.slip_pos >= d.loop_end:
        d.slip_pos -= floor((d.slip_pos - d.loop_start) / length) * length


cdef void rt_loop_command(Deck *d, const Command *command, const double *values) noexcept nogil:
    cdef int op = command.op
    cdef double here
    if op == OP_LOOP_AT:
        d.loop_start = rint(command.a * d.samplerate)
        d.loop_end = rint(command.b * d.samplerate)
        if d.loop_end <= d.loop_start:
            d.loop_start = d.loop_end = -1.0
    elif op == OP_LOOP_BEATS:
        if command.a > 0.0:
            rt_loop_beats(d, command.a, values)
        else:
            rt_leave_loop(d)
    elif op == OP_LOOP_ROLL:
        if command.a > 0.0:
            if not d.rolling:
                if not d.was_diverted:
                    d.slip_pos = d.pos
                d.kept_looping = d.looping
                d.kept_start = d.loop_start
                d.kept_end = d.loop_end
                d.looping = 0
            d.rolling = 1
            rt_loop_beats(d, command.a, values)
        elif d.rolling:
            rt_leave_loop(d)
            d.rolling = 0
            rt_give_back_loop(d)
    elif command.a < 0.5:
        pass                                # a button let go
    elif op == OP_LOOP_IN:
        d.loop_in = rt_here(d, values)
    elif op == OP_LOOP_OUT:
        here = rt_here(d, values)
        if d.loop_in >= 0.0 and here > d.loop_in:
            rt_set_loop(d, d.loop_in, here, values)
            d.loop_in = -1.0
    elif op == OP_LOOP_EXIT:
        if d.looping:
            rt_leave_loop(d)
        elif d.loop_start >= 0.0:
            rt_jump(d, d.loop_end if values[V_REVERSE] > 0.5 else d.loop_start)
            d.looping = 1
    elif d.loop_start >= 0.0:
        here = (d.loop_end - d.loop_start) * (0.5 if op == OP_LOOP_HALVE else 2.0)
        if d.looping:
            rt_set_loop(d, d.loop_start, d.loop_start + here, values)
        elif here >= 64.0:
            d.loop_end = rint(d.loop_start + here)
