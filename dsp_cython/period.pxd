# The engine's state, and what the audio thread does with it in one period.
from libc.stdint cimport int64_t, uint64_t

from dsp_cython.mixer cimport CHANNEL_VALUE_COUNT, CHANNELS, MIX_BLOCK, Mixer
from dsp_cython.recording cimport RecordRing
from dsp_cython.ring cimport CommandRing, EntryRing
from dsp_cython.state cimport DECK_VALUE_COUNT, Deck
from dsp_cython.stretch cimport Lane

cdef enum:
    DECKS = 4
    VALUES = 82             # DECKS * deck values + CHANNELS * channel values + mixer values
    OUTPUTS = 14            # main, booth, phones, deck 1 … 4; left and right
    CHANNELS_AT = DECKS * DECK_VALUE_COUNT
    MIXER_AT = CHANNELS_AT + CHANNELS * CHANNEL_VALUE_COUNT


cdef struct EngineState:
    double samplerate
    int live
    int64_t frame
    int period              # frames per callback, 0 before the first
    int block               # frames per block: divides the period
    Deck deck[DECKS]
    Lane lane[DECKS]
    int has_stretcher
    Mixer mixer
    CommandRing commands
    EntryRing entries
    RecordRing *recording   # NULL when not
    int64_t record_skip     # frames until the first recorded frame comes out of the limiter
    int64_t record_left     # frames still to be recorded after the stop; -1 while it runs on
    # the panel, as mapped by the control side
    double *panel_values
    double *panel_states
    int value_slot[VALUES]
    double low[VALUES]
    double high[VALUES]
    int whole[VALUES]       # takes whole numbers only
    double value[VALUES]
    int *state_slot         # in the order of engine.STATES
    # what the JACK side measures
    double load
    uint64_t xruns
    float scratch[2 * DECKS][MIX_BLOCK]


cdef bint rt_engine_process(EngineState *e, float **outputs, const float *mic_left, const float *mic_right,
                            int frames) noexcept nogil
