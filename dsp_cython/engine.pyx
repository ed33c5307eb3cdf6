# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine as its owner sees it: tracks and commands in, changes out, blocks of sound when offline.

The engine knows no JACK: `dsp_cython.jack_client` drives it live, `Engine.render` offline, with the same code.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from dsp_cython.deck cimport rt_deck_reset
from dsp_cython.mixer cimport CHANNEL_VALUE_COUNT, MIXER_VALUE_COUNT, mixer_open, rt_mixer_reset
from dsp_cython.period cimport CHANNELS_AT, DECKS, MIXER_AT, OUTPUTS, VALUES, EngineState, rt_engine_process
from dsp_cython.recording cimport RecordRing
from dsp_cython.ring cimport Command, Entry, command_push, entry_pop
from dsp_cython.rt cimport rd_flush_denormals, rd_load32, rd_load64, rd_restore_denormals, rd_store32, rd_storei
from dsp_cython.state cimport DECK_VALUE_COUNT, ENTRY_RELEASED, HOT_CUES, OP_COUNT, OP_LOAD
from dsp_cython.stretch cimport StretcherApi, lane_close, lane_open, lane_work
from dsp_cython.track cimport PAD
from dsp_cython.varispeed cimport bank

from dsp_cython.names import (
    CHANNEL_VALUES, DECK_VALUES, KINDS, MIXER_VALUES, OPS, OUTPUT_NAMES, STATE_NAMES, VALUE_NAMES,
)

assert len(VALUE_NAMES) == VALUES and len(OPS) == OP_COUNT and len(OUTPUT_NAMES) == OUTPUTS
assert len(DECK_VALUES) == DECK_VALUE_COUNT and len(CHANNEL_VALUES) == CHANNEL_VALUE_COUNT
assert len(MIXER_VALUES) == MIXER_VALUE_COUNT


cdef class TrackMemory:
    """Samples of one track for the engine: two planes of float32 in one buffer, PAD zero frames around each.

    buffer: float32, 2 * stride long; left from PAD, right from stride + PAD. The engine keeps it until it let go.
    """

    def __init__(self, const float[::1] samples not None, Py_ssize_t stride, long long frames, long long serial,
                 bint done=True):
        if samples.shape[0] < 2 * stride or stride < frames + 2 * PAD or frames < 0:
            raise ValueError(f"a track of {frames} frames does not fit into planes of {stride}")
        self._samples = samples
        self.capacity = stride - 2 * PAD
        self.track.left = <float *>&samples[PAD]
        self.track.right = <float *>&samples[stride + PAD]
        self.track.frames = frames
        self.track.ready = frames if done else 0
        self.track.done = done
        self.track.serial = serial

    @staticmethod
    def of(planes, serial=1):
        """A whole track from an array (2, n), copied."""
        import numpy as np

        frames = planes.shape[1]
        memory = np.zeros((2, frames + 2 * PAD), np.float32)
        memory[:, PAD:PAD + frames] = planes
        return TrackMemory(memory.reshape(-1), frames + 2 * PAD, frames, serial)

    @property
    def serial(self):
        """The number that states and set logs know it by."""
        return self.track.serial

    def advance(self, long long ready, long long estimate):
        """So many frames can be played; the track is about `estimate` long."""
        rd_storei(&self.track.frames, min(max(ready, estimate), self.capacity))
        rd_storei(&self.track.ready, min(ready, self.capacity))

    def finish(self, long long frames):
        """All is decoded: the track has exactly so many frames."""
        rd_storei(&self.track.frames, min(frames, self.capacity))
        rd_storei(&self.track.ready, min(frames, self.capacity))
        rd_store32(&self.track.done, 1)


cdef void stretch_in_line(EngineState *e) noexcept nogil:
    """Do the stretching workers' part; once a period is often enough, as the lead is longer."""
    cdef int i
    if e.has_stretcher:
        for i in range(DECKS):
            lane_work(&e.lane[i])


cdef class Engine:
    """Owns the audio state. One thread may control it; the audio thread only sees `state`.

    stretcher: the capsule of `dsp_cython.rubberband.api()`, or None: then key-lock and key shift do nothing.
    threaded: stretch in worker threads (live); else in line, inside `render`.
    """

    def __cinit__(self, double samplerate, stretcher=None, bint threaded=False):
        if not 32000 <= samplerate <= 192000:
            raise ValueError(f"sample rate {samplerate:g} Hz is not within 32 to 192 kHz")
        self.state = <EngineState *>calloc(1, sizeof(EngineState))
        if self.state == NULL:
            raise MemoryError
        cdef EngineState *e = self.state
        cdef int i
        self.samplerate = samplerate
        self.threaded = threaded
        self._held, self._leaving, self._recorders, self._stretcher = {}, [], [], stretcher
        e.samplerate = samplerate
        e.live = threaded
        mixer_open(&e.mixer, samplerate)
        for i in range(DECKS):
            e.deck[i].number = i
            e.deck[i].samplerate = samplerate
            e.deck[i].bank = bank()
            e.deck[i].entries = &e.entries
            e.deck[i].live = threaded
            rt_deck_reset(&e.deck[i])
            if stretcher is not None:
                if lane_open(&e.lane[i], <const StretcherApi *>PyCapsule_GetPointer(stretcher, "rackdeck.stretcher"),
                             <unsigned int>samplerate) != 0:
                    raise MemoryError
                e.deck[i].lane = &e.lane[i]
                e.has_stretcher = 1
        for i in range(VALUES):
            e.low[i], e.high[i] = -1e300, 1e300

    def __dealloc__(self):
        cdef int i
        if self.state != NULL:
            for i in range(DECKS):
                if self.state.lane[i].api != NULL:
                    lane_close(&self.state.lane[i])
            free(self.state.state_slot)
            free(self.state)

    def bind(self, double[::1] values not None, double[::1] states not None, value_slots, ranges, state_slots):
        """Read values from and write states to these arrays (the panel's shared memory).

        value_slots, ranges: for each of VALUE_NAMES its index and its (low, high, whole numbers only); state_slots:
        for each of STATE_NAMES its index. Before the audio starts; every value must be within its range.
        """
        cdef EngineState *e = self.state
        cdef int i
        if len(value_slots) != VALUES or len(state_slots) != len(STATE_NAMES):
            raise ValueError("a slot is needed for every value and state")
        if max(value_slots) >= values.shape[0] or max(state_slots) >= states.shape[0]:
            raise ValueError("a slot lies outside the array")
        self._panel = (values, states)
        e.state_slot = <int *>calloc(len(STATE_NAMES), sizeof(int))
        for i in range(VALUES):
            e.value_slot[i] = value_slots[i]
            e.low[i], e.high[i], e.whole[i] = ranges[i]
            e.value[i] = values[value_slots[i]]
        for i in range(len(STATE_NAMES)):
            e.state_slot[i] = state_slots[i]
        e.panel_values = &values[0]
        e.panel_states = &states[0]
        rt_mixer_reset(&e.mixer, &e.value[CHANNELS_AT], &e.value[MIXER_AT])

    def command(self, int op, int deck, int index=0, double a=0.0, double b=0.0, TrackMemory track=None):
        """Queue one command (index into OPS) for a deck (0-based). False when the queue is full: count it, retry."""
        cdef Command command
        if not 0 <= op < OP_COUNT or not 0 <= deck < DECKS or not 0 <= index < HOT_CUES:
            raise ValueError(f"no such command: op {op}, deck {deck}, index {index}")
        command.op, command.deck, command.index, command.a, command.b = op, deck, index, a, b
        command.pointer = NULL
        if track is None and op == OP_LOAD:
            raise ValueError("loading needs a track")
        if track is not None:
            command.pointer = &track.track
        if not command_push(&self.state.commands, &command):
            return False
        if track is not None:
            self._held.setdefault(track.track.serial, []).append(track)
        return True

    def record(self, recorder):
        """Start recording main into a recorder, or stop with None. False when the queue is full: try again.

        The recorder is kept until the audio thread has left its ring, however late that is.
        """
        cdef Command command
        command.op, command.deck, command.index = OP_COUNT, 0, 0
        command.a, command.b = recorder is not None, 0.0
        command.pointer = NULL
        if recorder is not None:
            command.pointer = PyCapsule_GetPointer(recorder.ring, "rackdeck.record")
        if not command_push(&self.state.commands, &command):
            return False
        if recorder is not None:
            self._recorders.append(recorder)
        return True

    def drain(self):
        """What changed since the last call: (frame, kind, code, deck, index, a, b) in order; kinds as in KINDS."""
        cdef Entry entry
        found = []
        while entry_pop(&self.state.entries, &entry):
            if entry.kind == ENTRY_RELEASED:
                self._leaving.append((<long long>entry.a, <uint32_t>entry.b, entry.deck))
            found.append((entry.frame, KINDS[entry.kind], entry.code, entry.deck, entry.index, entry.a, entry.b))
        self._let_go()
        return found

    cdef _let_go(self):
        """Drop tracks that neither the audio thread nor a stretcher can touch any more."""
        cdef EngineState *e = self.state
        staying = []
        for serial, generation, deck in self._leaving:
            if e.has_stretcher and <int>(rd_load32(&e.lane[<int>deck].acknowledged) - <uint32_t>generation) < 0:
                staying.append((serial, generation, deck))
                continue
            self._held[serial].pop(0)
            if not self._held[serial]:
                del self._held[serial]
        self._leaving = staying
        self._recorders = [
            recorder for recorder in self._recorders
            if not rd_load64(&(<RecordRing *>PyCapsule_GetPointer(recorder.ring, "rackdeck.record")).left)
        ]

    def forget_tracks(self):
        """Empty every deck at once and let go of all samples. Only when no audio thread and no worker runs."""
        cdef int i
        for i in range(DECKS):
            rt_deck_reset(&self.state.deck[i])
        self._held.clear()
        self._leaving.clear()

    @property
    def holding(self):
        """Serials of the tracks whose memory the engine may still read."""
        return frozenset(self._held)

    @property
    def lost(self):
        """Entries lost because nobody drained them in time."""
        return self.state.entries.lost

    @property
    def frame(self):
        """Frames made so far."""
        return self.state.frame

    @property
    def delay(self):
        """Frames by which the outputs lag the decks (the limiters' look-ahead)."""
        return self.state.mixer.limiter_design.delay

    @property
    def block(self):
        """Frames per block, 0 before the first period."""
        return self.state.block

    def render(self, int periods, int period=64, microphone=None):
        """Make `periods` times `period` frames offline. Returns float32 (OUTPUTS, frames), rows as OUTPUT_NAMES.

        microphone: float32 (2, frames) into the microphone's inputs; silence if None.
        """
        import numpy as np

        if self.threaded:
            raise ValueError("a threaded engine belongs to JACK")
        out = np.zeros((OUTPUTS, periods * period), np.float32)
        spoken = np.zeros((2, periods * period), np.float32)
        if microphone is not None:
            spoken[:] = microphone
        cdef float[:, ::1] memory = out
        cdef float[:, ::1] mic = spoken
        cdef float *rows[OUTPUTS]
        cdef int i, k
        cdef bint fine = True
        cdef uint64_t before
        with nogil:
            before = rd_flush_denormals()
            for k in range(periods):
                for i in range(OUTPUTS):
                    rows[i] = &memory[i, k * period]
                fine = rt_engine_process(self.state, rows, &mic[0, k * period], &mic[1, k * period], period)
                stretch_in_line(self.state)
                if not fine:
                    break
            rd_restore_denormals(before)
        if not fine:
            raise ValueError(f"no block from 16 to 64 frames divides a period of {period}")
        return out
