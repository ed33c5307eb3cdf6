# The state of one deck, touched by the audio thread alone, and the numbers that name values and commands.
from libc.stdint cimport int64_t, uint32_t

from dsp_cython.fade cimport FADE
from dsp_cython.ring cimport EntryRing
from dsp_cython.stretch cimport Lane
from dsp_cython.track cimport Track
from dsp_cython.varispeed cimport KernelBank

cdef enum:
    HOT_CUES = 8
    MAX_BLOCK = 1024
    MAX_LEAD_BLOCKS = 256


# Values read from the panel, in the order of engine.DECK_VALUES.
cdef enum:
    V_TEMPO
    V_BEND
    V_KEYLOCK
    V_KEY
    V_REVERSE
    V_SLIP
    V_QUANTIZE
    V_TOUCH
    V_ANGLE
    DECK_VALUE_COUNT


# Commands, in the order of engine.OPS.
cdef enum:
    OP_PLAY
    OP_CUE
    OP_CUE_AT
    OP_SEEK
    OP_BEATJUMP
    OP_GRID
    OP_HOTCUE_SET
    OP_HOTCUE_GO
    OP_HOTCUE_CLEAR
    OP_HOTCUE_AT
    OP_LOOP_IN
    OP_LOOP_OUT
    OP_LOOP_BEATS
    OP_LOOP_ROLL
    OP_LOOP_HALVE
    OP_LOOP_DOUBLE
    OP_LOOP_EXIT
    OP_LOOP_AT
    OP_LOAD
    OP_EJECT
    OP_HOLD
    OP_LATE
    OP_COUNT


cdef enum:
    ENTRY_VALUE
    ENTRY_OP
    ENTRY_ORIGIN        # what follows describes the whole engine at this frame
    ENTRY_RECORD        # recording started (a = 1) or stopped (a = 0)
    ENTRY_BLOCK         # the block's size changed to a
    ENTRY_RELEASED      # a track is no longer used by the audio thread; a is its serial


cdef struct HotCue:
    int is_set
    double at
    double length       # of its loop, 0 for none


cdef struct Deck:
    int number
    double samplerate
    const KernelBank *bank
    EntryRing *entries
    int64_t frame       # of the block that is being made
    int live            # 0 when a log is rendered: waiting and lateness come from the log
    Track *track
    # transport
    int playing
    int preview         # CUE held at the cue point
    int hold            # waits for the decoder
    int voice           # sounding
    double pos          # heard position in track frames
    double speed        # at the end of the last block, track frames per output frame
    double needle           # gain that silences a standing platter
    int turned              # went round a loop and is still in the fade before it
    int spinning        # coming up to speed after the hand left the platter
    double grab_pos
    double grab_angle
    # edges
    int was_reverse
    int was_touch
    int was_slip
    int was_diverted
    # the crossfade at cuts
    int fade_at
    int fade_length
    int tail_at
    int tail_left
    float tail_l[FADE]
    float tail_r[FADE]
    float cut_l[MAX_BLOCK]
    float cut_r[MAX_BLOCK]
    int kernel
    # musical positions
    double bpm
    double first_beat
    double cue
    HotCue hot[HOT_CUES]
    int looping
    int rolling
    int held            # a hot cue is held with slip on
    int kept_looping        # the loop that a roll stands in for
    double kept_start
    double kept_end
    double loop_in      # mark of a loop being made, -1 for none
    double loop_start   # -1 for none
    double loop_end
    double slip_pos
    # key-lock
    Lane *lane          # NULL when no stretcher is built in
    int locked          # speeds go through the lead
    int stretched       # the stretcher is what is heard
    int prepare         # blocks until it is
    int lead            # blocks
    uint32_t generation
    uint32_t read
    int lead_at
    double lead_speed[MAX_LEAD_BLOCKS]
    double feed_pos
    double feed_speed
    int shifting            # the pitch differs from the original's
    uint32_t late
    int silent          # the last block was all zeros
