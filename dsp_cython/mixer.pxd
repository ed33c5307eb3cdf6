# The mixer: four channel strips, crossfader, main, booth, headphones, microphone.
from libc.stdint cimport int64_t

from dsp_cython.eq cimport Eq, EqDesign
from dsp_cython.limiter cimport Limiter, LimiterDesign
from dsp_cython.meter cimport Meter
from dsp_cython.smooth cimport Smooth
from dsp_cython.sweep cimport Sweep

cdef enum:
    CHANNELS = 4
    MIX_BLOCK = 64

# Values of one channel, in the order of engine.CHANNEL_VALUES.
cdef enum:
    C_TRIM
    C_LOW
    C_MID
    C_HIGH
    C_FILTER
    C_FADER
    C_ASSIGN
    C_CUE
    CHANNEL_VALUE_COUNT

# Values of the mixer, in the order of engine.MIXER_VALUES.
cdef enum:
    M_CROSSFADER
    M_CROSSFADER_CURVE
    M_FADER_CURVE
    M_EQ_MODE
    M_RESONANCE
    M_MAIN
    M_BOOTH
    M_LIMITER
    M_PHONES_LEVEL
    M_PHONES_MIX
    M_PHONES_SPLIT
    M_MIC_ON
    M_MIC_LEVEL
    M_MIC_DUCK
    MIXER_VALUE_COUNT


cdef struct Strip:
    Smooth trim
    Smooth fader            # fader times crossfader
    Smooth cue
    Eq eq
    Sweep sweep
    Meter meter
    int idle                # no sound left in it


cdef struct Bus:
    float l[MIX_BLOCK]
    float r[MIX_BLOCK]


cdef struct Mixer:
    double samplerate
    EqDesign eq_design
    LimiterDesign limiter_design
    Strip strip[CHANNELS]
    Smooth main
    Smooth booth
    Smooth phones
    Smooth phones_mix
    Smooth phones_split
    Smooth mic
    Smooth duck
    double mic_level        # envelope
    double mic_low          # state of the low cut
    float mic_block[MIX_BLOCK]
    int talk                # frames for which the music stays down
    Limiter main_limiter
    Limiter booth_limiter
    Limiter phones_limiter
    Meter meter
    double mic_peak
    Bus mix
    Bus cue_bus
    Bus main_out
    Bus booth_out
    Bus phones_out
    int quiet               # blocks without any sound in or out
    # per block size
    int frames
    double pace
    double slow_pace
    double fall
    double rms_pace


cdef void mixer_open(Mixer *m, double samplerate) noexcept nogil
cdef void rt_mixer_block_size(Mixer *m, int frames) noexcept nogil
cdef void rt_mixer_reset(Mixer *m, const double *channels, const double *values) noexcept nogil
cdef void rt_mix(Mixer *m, float **decks, const int *silent, const double *channels, const double *values,
                 const float *mic_left, const float *mic_right, int n) noexcept nogil
cdef bint rt_mixer_is_clean(const Mixer *m) noexcept nogil
