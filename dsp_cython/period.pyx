# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""One period of the audio thread: read the panel, carry out commands, make blocks, write the states.

Values and commands are taken at the top of a period and noted in the entry ring, so that what was played can be
rendered again. The period is worked off in blocks of at most 64 frames.
"""

from libc.math cimport log10, rint, sqrt

from dsp_cython.deck cimport rt_deck_block_size, rt_deck_command, rt_deck_render
from dsp_cython.mixer cimport (
    CHANNELS, MIX_BLOCK, Mixer, rt_mix, rt_mixer_block_size, rt_mixer_is_clean, rt_mixer_reset,
)
from dsp_cython.recording cimport RecordRing, rt_leave, rt_record
from dsp_cython.ring cimport Command, Entry, rt_command_pop, rt_entry_push
from dsp_cython.rt cimport rd_flush_denormals, rd_load32, rd_load_double, rd_loadi, rd_store_double
from dsp_cython.state cimport (
    DECK_VALUE_COUNT, ENTRY_BLOCK, ENTRY_OP, ENTRY_ORIGIN, ENTRY_RECORD, ENTRY_VALUE, HOT_CUES, OP_CUE_AT, OP_COUNT,
    OP_GRID, OP_HOTCUE_AT, OP_LOAD, OP_LOOP_AT, OP_SEEK, V_TOUCH, Deck,
)
from dsp_cython.track cimport Track

cdef enum:
    SMALLEST_BLOCK = 16


cdef void rt_note(EngineState *e, int kind, int code, int deck, int index, double a, double b) noexcept nogil:
    cdef Entry entry
    entry.frame = e.frame
    entry.kind = kind
    entry.code = code
    entry.deck = deck
    entry.index = index
    entry.a = a
    entry.b = b
    rt_entry_push(&e.entries, &entry)


cdef void rt_describe_deck(EngineState *e, Deck *d) noexcept nogil:
    """Note the commands that bring an empty deck to where this one is."""
    cdef int m
    cdef double rate = e.samplerate
    if d.track == NULL:
        return
    rt_note(e, ENTRY_OP, OP_LOAD, d.number, 0, <double>d.track.serial, 0.0)
    if d.bpm > 0.0:
        rt_note(e, ENTRY_OP, OP_GRID, d.number, 0, d.bpm, d.first_beat / rate)
    rt_note(e, ENTRY_OP, OP_CUE_AT, d.number, 0, d.cue / rate, 0.0)
    rt_note(e, ENTRY_OP, OP_SEEK, d.number, 0, d.pos / rate, 0.0)
    for m in range(HOT_CUES):
        if d.hot[m].is_set:
            rt_note(e, ENTRY_OP, OP_HOTCUE_AT, d.number, m, d.hot[m].at / rate, d.hot[m].length / rate)
    if d.loop_start >= 0.0:
        rt_note(e, ENTRY_OP, OP_LOOP_AT, d.number, 0, d.loop_start / rate, d.loop_end / rate)


cdef bint rt_clean(const EngineState *e) noexcept nogil:
    """Whether the engine is as if new, but for the values, the tracks and where they stand."""
    cdef int i
    if not rt_mixer_is_clean(&e.mixer):
        return False
    for i in range(DECKS):
        if e.deck[i].voice or e.deck[i].tail_left or e.deck[i].playing or e.deck[i].preview or e.deck[i].looping:
            return False
    return True


cdef void rt_origin(EngineState *e) noexcept nogil:
    """Forget what cannot be heard, and describe what a render needs to go on from here."""
    cdef int i
    cdef Deck *d
    rt_mixer_reset(&e.mixer, &e.value[CHANNELS_AT], &e.value[MIXER_AT])
    for i in range(DECKS):
        d = &e.deck[i]
        d.slip_pos = d.pos
        d.rolling = d.held = d.spinning = d.was_diverted = 0
        d.loop_in = -1.0
    if e.recording != NULL:
        return
    rt_note(e, ENTRY_ORIGIN, 0, 0, 0, e.block, 0.0)
    for i in range(VALUES):
        rt_note(e, ENTRY_VALUE, i, 0, 0, e.value[i], 0.0)
    for i in range(DECKS):
        rt_describe_deck(e, &e.deck[i])


cdef bint rt_take_values(EngineState *e, bint clean) noexcept nogil:
    """Read the panel; what is not a number or out of range is left alone. Returns whether a platter was touched."""
    cdef int i
    cdef double value
    cdef bint touched = False
    if e.panel_values == NULL:
        return False
    for i in range(VALUES):
        value = rd_load_double(&e.panel_values[e.value_slot[i]])
        if e.whole[i]:
            value = rint(value)
        if value != e.value[i] and e.low[i] <= value <= e.high[i]:
            if i < CHANNELS_AT and i % DECK_VALUE_COUNT == V_TOUCH:
                touched = True
                if clean:
                    rt_origin(e)
            e.value[i] = value
            if not clean or touched or e.recording != NULL:
                rt_note(e, ENTRY_VALUE, i, 0, 0, value, 0.0)
    return touched


cdef void rt_command(EngineState *e, Command *c) noexcept nogil:
    cdef double serial
    if c.op == OP_COUNT:            # recording starts or stops
        if c.a > 0.5:
            if e.recording != NULL:
                rt_leave(e.recording)   # its end was still on its way through the limiter
            e.recording = <RecordRing *>c.pointer
            e.record_skip = e.mixer.limiter_design.delay
            e.record_left = -1
        elif e.recording != NULL and e.record_left < 0:
            e.record_left = e.mixer.limiter_design.delay
        rt_note(e, ENTRY_RECORD, 0, 0, 0, c.a, 0.0)
        return
    if c.op == OP_LOAD:
        serial = <double>(<Track *>c.pointer).serial
        rt_deck_command(&e.deck[c.deck], c, &e.value[c.deck * DECK_VALUE_COUNT])
        rt_note(e, ENTRY_OP, c.op, c.deck, 0, serial, 0.0)
        return
    rt_deck_command(&e.deck[c.deck], c, &e.value[c.deck * DECK_VALUE_COUNT])
    rt_note(e, ENTRY_OP, c.op, c.deck, c.index, c.a, c.b)


cdef void rt_record_block(EngineState *e, int n) noexcept nogil:
    """Hand main to the recorder, so that its first frame is what was decided at the start's frame."""
    cdef int from_ = 0, to = n
    if e.record_skip >= n:
        e.record_skip -= n
        return
    from_ = <int>e.record_skip
    e.record_skip = 0
    if e.record_left >= 0:
        if e.record_left < to:
            to = <int>e.record_left
        e.record_left -= to
    if to > from_:
        rt_record(e.recording, e.mixer.main_out.l + from_, e.mixer.main_out.r + from_, to - from_)
    if e.record_left == 0:
        rt_leave(e.recording)
        e.recording = NULL


cdef void rt_block(EngineState *e, float **outputs, int at, const float *mic_left,
                   const float *mic_right) noexcept nogil:
    cdef int i, k, n = e.block
    cdef float *decks[2 * DECKS]
    cdef int silent[DECKS]
    cdef Deck *d
    for i in range(DECKS):
        d = &e.deck[i]
        d.frame = e.frame
        decks[2 * i] = e.scratch[2 * i]
        decks[2 * i + 1] = e.scratch[2 * i + 1]
        rt_deck_render(d, &e.value[i * DECK_VALUE_COUNT], decks[2 * i], decks[2 * i + 1], n)
        silent[i] = d.silent
        if outputs != NULL:
            for k in range(n):
                outputs[6 + 2 * i][at + k] = decks[2 * i][k]
                outputs[7 + 2 * i][at + k] = decks[2 * i + 1][k]
    rt_mix(&e.mixer, decks, silent, &e.value[CHANNELS_AT], &e.value[MIXER_AT], mic_left, mic_right, n)
    if outputs != NULL:
        for k in range(n):
            outputs[0][at + k] = e.mixer.main_out.l[k]
            outputs[1][at + k] = e.mixer.main_out.r[k]
            outputs[2][at + k] = e.mixer.booth_out.l[k]
            outputs[3][at + k] = e.mixer.booth_out.r[k]
            outputs[4][at + k] = e.mixer.phones_out.l[k]
            outputs[5][at + k] = e.mixer.phones_out.r[k]
    if e.recording != NULL:
        rt_record_block(e, n)
    e.frame += n


cdef void rt_put(EngineState *e, int *which, double value) noexcept nogil:
    rd_store_double(&e.panel_states[e.state_slot[which[0]]], value)
    which[0] += 1


cdef void rt_publish_deck(EngineState *e, Deck *d, int *w) noexcept nogil:
    cdef double rate = e.samplerate, frames = 0.0, ready = 0.0
    cdef int m
    if d.track != NULL:
        frames = <double>d.track.frames
        ready = <double>rd_loadi(&d.track.ready)
        ready = 1.0 if rd_load32(&d.track.done) else min(ready / frames, 0.999) if frames > 0.0 else 0.0
    rt_put(e, w, d.playing)
    rt_put(e, w, <double>d.track.serial if d.track != NULL else 0.0)
    rt_put(e, w, ready)
    rt_put(e, w, frames / rate)
    rt_put(e, w, (0.0 if d.pos < 0.0 else frames if d.hold and d.pos > frames else d.pos) / rate)
    rt_put(e, w, d.speed)
    rt_put(e, w, d.hold)
    rt_put(e, w, d.bpm)
    rt_put(e, w, d.first_beat / rate)
    rt_put(e, w, d.bpm * (1.0 + e.value[d.number * DECK_VALUE_COUNT] / 100.0))
    rt_put(e, w, d.cue / rate)
    rt_put(e, w, d.looping)
    rt_put(e, w, d.loop_start / rate if d.loop_start >= 0.0 else -1.0)
    rt_put(e, w, d.loop_end / rate if d.loop_start >= 0.0 else -1.0)
    rt_put(e, w, d.slip_pos / rate)
    rt_put(e, w, d.stretched)
    rt_put(e, w, d.late)
    for m in range(HOT_CUES):
        rt_put(e, w, d.hot[m].at / rate if d.hot[m].is_set else -1.0)
    for m in range(HOT_CUES):
        rt_put(e, w, d.hot[m].length / rate if d.hot[m].is_set else 0.0)


cdef void rt_publish(EngineState *e) noexcept nogil:
    """Write the states, in the order of STATE_NAMES."""
    cdef int i, side, which = 0
    cdef Mixer *m = &e.mixer
    if e.panel_states == NULL:
        return
    for i in range(DECKS):
        rt_publish_deck(e, &e.deck[i], &which)
    for i in range(CHANNELS):
        for side in range(2):
            rt_put(e, &which, m.strip[i].meter.peak[side])
        for side in range(2):
            rt_put(e, &which, sqrt(m.strip[i].meter.mean[side]))
    for side in range(2):
        rt_put(e, &which, m.meter.peak[side])
    for side in range(2):
        rt_put(e, &which, sqrt(m.meter.mean[side]))
    rt_put(e, &which, -20.0 * log10(m.main_limiter.lowest))
    rt_put(e, &which, <double>m.main_limiter.clips)
    rt_put(e, &which, m.mic_peak)
    rt_put(e, &which, <double>e.frame)
    rt_put(e, &which, e.samplerate)
    rt_put(e, &which, e.period)
    rt_put(e, &which, e.load)
    rt_put(e, &which, <double>e.xruns)


cdef bint rt_new_period(EngineState *e, int frames) noexcept nogil:
    """Choose the block for periods of `frames`; False when none divides it."""
    cdef int i, block = MIX_BLOCK
    while block >= SMALLEST_BLOCK and frames % block:
        block -= 1
    if block < SMALLEST_BLOCK:
        return False
    e.period = frames
    if block != e.block:
        if e.block:                 # the first is no change
            rt_note(e, ENTRY_BLOCK, 0, 0, 0, block, 0.0)
        e.block = block
        rt_mixer_block_size(&e.mixer, block)
        for i in range(DECKS):
            rt_deck_block_size(&e.deck[i], block)
    return True


cdef bint rt_engine_process(EngineState *e, float **outputs, const float *mic_left, const float *mic_right,
                            int frames) noexcept nogil:
    """One period: values, commands, blocks, states. False, and nothing done, when the period does not suit."""
    cdef int at = 0
    cdef Command command
    cdef bint clean
    if frames != e.period and not rt_new_period(e, frames):
        return False
    rd_flush_denormals()
    clean = rt_clean(e)
    if rt_take_values(e, clean):
        clean = False
    while rt_command_pop(&e.commands, &command):
        if clean:
            rt_origin(e)
            clean = False
        rt_command(e, &command)
    while at < frames:
        rt_block(e, outputs, at, mic_left + at, mic_right + at)
        at += e.block
    rt_publish(e)
    return True
