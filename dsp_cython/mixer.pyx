# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The mixer's block: strips into the mix and the cue bus, then main, booth and headphones, each behind a limiter."""

from libc.math cimport M_PI, cos, exp, fabs, pow

from dsp_cython.eq cimport eq_design, rt_eq, rt_eq_reset, rt_gain
from dsp_cython.limiter cimport limiter_design, rt_limiter_reset, rt_limit
from dsp_cython.meter cimport rt_meter
from dsp_cython.smooth cimport Smooth, rt_smooth, smooth_pace, smooth_snap
from dsp_cython.sweep cimport rt_sweep, rt_sweep_reset

cdef double TRIM_SILENCE = -26.0
cdef double BUS_SILENCE = -60.0
cdef double RINGING = 1e-9          # below this a filter's tail is cut to nothing
cdef double TALK_THRESHOLD = 0.01   # -40 dBFS on the microphone is talk
cdef double TALK_HOLD_SECONDS = 0.5
cdef int QUIET_SECONDS = 1


cdef void mixer_open(Mixer *m, double samplerate) noexcept nogil:
    """Set up for a sample rate."""
    m.samplerate = samplerate
    eq_design(&m.eq_design, samplerate)
    limiter_design(&m.limiter_design, samplerate)
    m.quiet = 1000000           # a new mixer is as clean as one that has been silent for long


cdef void rt_mixer_block_size(Mixer *m, int frames) noexcept nogil:
    """Paces that depend on the block's size."""
    m.frames = frames
    m.pace = smooth_pace(0.004, m.samplerate, frames)
    m.slow_pace = smooth_pace(0.15, m.samplerate, frames)
    m.fall = pow(10.0, -24.0 / 20.0 * frames / m.samplerate)
    m.rms_pace = smooth_pace(0.3, m.samplerate, frames)


cdef double rt_fader_law(double travel, int curve) noexcept nogil:
    """Gain of a channel fader: smooth (square law), linear, or sharp (full early on)."""
    if curve == 1:
        return travel
    if curve == 2:
        return 1.0 if travel >= 0.2 else travel / 0.2
    return travel * travel


cdef double rt_crossfade_law(double at, int side, int curve) noexcept nogil:
    """Gain of a channel on side 1 (A) or 2 (B) with the crossfader at -1 … 1; side 0 passes."""
    cdef double away
    if side == 0:
        return 1.0
    away = (at + 1.0) / 2.0 if side == 1 else (1.0 - at) / 2.0     # 0 on the own side, 1 on the other
    if away <= 0.0:
        return 1.0
    if away >= 1.0:
        return 0.0
    if curve == 1:
        return cos(away * M_PI / 2.0)
    if curve == 2:
        return 1.0 if away < 0.97 else (1.0 - away) / 0.03
    return 1.0 if away <= 0.5 else cos((away - 0.5) * M_PI)


cdef double rt_strip_gain(const double *channel, const double *values) noexcept nogil:
    return (rt_fader_law(channel[C_FADER], <int>values[M_FADER_CURVE])
            * rt_crossfade_law(values[M_CROSSFADER], <int>channel[C_ASSIGN], <int>values[M_CROSSFADER_CURVE]))


cdef double rt_phones_gain(const double *values) noexcept nogil:
    return rt_gain(values[M_PHONES_LEVEL], BUS_SILENCE)


cdef void rt_mixer_reset(Mixer *m, const double *channels, const double *values) noexcept nogil:
    """Forget all sound; every control is where the values say. Nothing of the past shows in what follows."""
    cdef int i
    cdef const double *channel
    cdef Strip *strip
    for i in range(CHANNELS):
        channel = channels + i * CHANNEL_VALUE_COUNT
        strip = &m.strip[i]
        smooth_snap(&strip.trim, rt_gain(channel[C_TRIM], TRIM_SILENCE))
        smooth_snap(&strip.fader, rt_strip_gain(channel, values))
        smooth_snap(&strip.cue, channel[C_CUE])
        strip.eq.mode = <int>values[M_EQ_MODE]
        rt_eq_reset(&strip.eq, channel + C_LOW)
        rt_sweep_reset(&strip.sweep, channel[C_FILTER], values[M_RESONANCE])
        strip.idle = 1
    smooth_snap(&m.main, rt_gain(values[M_MAIN], BUS_SILENCE))
    smooth_snap(&m.booth, rt_gain(values[M_BOOTH], BUS_SILENCE))
    smooth_snap(&m.phones, rt_phones_gain(values))
    smooth_snap(&m.phones_mix, values[M_PHONES_MIX])
    smooth_snap(&m.phones_split, values[M_PHONES_SPLIT])
    smooth_snap(&m.mic, rt_gain(values[M_MIC_LEVEL], BUS_SILENCE) if values[M_MIC_ON] > 0.5 else 0.0)
    smooth_snap(&m.duck, 1.0)
    m.talk = 0
    m.mic_level = m.mic_low = 0.0
    rt_limiter_reset(&m.main_limiter, &m.limiter_design)
    rt_limiter_reset(&m.booth_limiter, &m.limiter_design)
    rt_limiter_reset(&m.phones_limiter, &m.limiter_design)


cdef bint rt_mixer_is_clean(const Mixer *m) noexcept nogil:
    """Whether nothing sounds and nothing rings, so that a reset cannot be heard."""
    return m.quiet * m.frames > m.samplerate * QUIET_SECONDS


cdef void rt_apply(const Smooth *gain, float *left, float *right, int n) noexcept nogil:
    cdef int i
    cdef double g = gain.last, step = (gain.now - gain.last) / n
    if step == 0.0 and g == 1.0:
        return
    for i in range(n):
        g += step
        left[i] = <float>(left[i] * g)
        right[i] = <float>(right[i] * g)


cdef void rt_add(const Smooth *gain, const float *left, const float *right, float *to_left, float *to_right,
                 int n) noexcept nogil:
    cdef int i
    cdef double g = gain.last, step = (gain.now - gain.last) / n
    if step == 0.0 and g == 0.0:
        return
    for i in range(n):
        g += step
        to_left[i] += <float>(left[i] * g)
        to_right[i] += <float>(right[i] * g)


cdef bint rt_strip(Mixer *m, int number, float *left, float *right, bint silent, const double *channel,
                   const double *values, int n) noexcept nogil:
    """One channel in place, into the mix and the cue bus. Returns whether it made any sound."""
    cdef Strip *strip = &m.strip[number]
    cdef int i
    cdef float top = 0.0, x
    if silent and strip.idle:       # nothing to hear: the controls may jump
        smooth_snap(&strip.trim, rt_gain(channel[C_TRIM], TRIM_SILENCE))
        smooth_snap(&strip.fader, rt_strip_gain(channel, values))
        smooth_snap(&strip.cue, channel[C_CUE])
        strip.eq.mode = <int>values[M_EQ_MODE]
        rt_eq_reset(&strip.eq, channel + C_LOW)
        rt_sweep_reset(&strip.sweep, channel[C_FILTER], values[M_RESONANCE])
        rt_meter(&strip.meter, left, right, n, m.fall, m.rms_pace)
        return False
    rt_smooth(&strip.trim, rt_gain(channel[C_TRIM], TRIM_SILENCE), m.pace)
    rt_smooth(&strip.fader, rt_strip_gain(channel, values), m.pace)
    rt_smooth(&strip.cue, channel[C_CUE], m.pace)
    rt_apply(&strip.trim, left, right, n)
    rt_eq(&strip.eq, &m.eq_design, channel + C_LOW, <int>values[M_EQ_MODE], left, right, n, m.pace)
    rt_sweep(&strip.sweep, channel[C_FILTER], values[M_RESONANCE], m.samplerate, left, right, n, m.pace)
    for i in range(n):
        x = fabs(left[i]) + fabs(right[i])
        top = x if x > top else top
    strip.idle = silent and top < RINGING
    if strip.idle:
        for i in range(n):
            left[i] = 0.0
            right[i] = 0.0
    rt_meter(&strip.meter, left, right, n, m.fall, m.rms_pace)
    rt_add(&strip.fader, left, right, m.mix.l, m.mix.r, n)
    rt_add(&strip.cue, left, right, m.cue_bus.l, m.cue_bus.r, n)
    return not strip.idle


cdef bint rt_microphone(Mixer *m, const float *left, const float *right, const double *values, int n) noexcept nogil:
    """Duck the mix while someone talks, then add the microphone. Returns whether it is open."""
    cdef int i
    cdef double level, cut = 1.0 - exp(-2.0 * M_PI * 80.0 / m.samplerate)
    cdef double goal = rt_gain(values[M_MIC_LEVEL], BUS_SILENCE) if values[M_MIC_ON] > 0.5 else 0.0
    rt_smooth(&m.mic, goal, m.pace)
    m.mic_peak *= m.fall
    if m.mic.now == 0.0 and m.mic.last == 0.0 and m.duck.now == 1.0:
        m.talk = 0
        m.mic_low = m.mic_level = 0.0
        if m.mic_peak < 1e-6:
            m.mic_peak = 0.0
        return False
    level = 0.0
    for i in range(n):          # both inputs are one microphone; an 80 Hz low cut takes pops and handling away
        m.mic_low += (left[i] + right[i] - m.mic_low) * cut
        m.mic_block[i] = <float>(left[i] + right[i] - m.mic_low)
        level = max(level, fabs(m.mic_block[i]))
    level *= m.mic.now
    m.mic_peak = max(level, m.mic_peak)
    if level > TALK_THRESHOLD:
        m.talk = <int>(TALK_HOLD_SECONDS * m.samplerate)
    elif m.talk > 0:
        m.talk -= n
    goal = rt_gain(-values[M_MIC_DUCK], -1e9) if m.talk > 0 else 1.0
    rt_smooth(&m.duck, goal, m.slow_pace if goal > m.duck.now else m.pace)
    rt_apply(&m.duck, m.mix.l, m.mix.r, n)
    rt_add(&m.mic, m.mic_block, m.mic_block, m.mix.l, m.mix.r, n)
    return True


cdef void rt_phones(Mixer *m, const double *values, int n) noexcept nogil:
    """Headphones: cue and main blended, or one in each ear."""
    cdef int i
    cdef double a = m.phones_mix.last, da = (m.phones_mix.now - a) / n
    cdef double b = m.phones_split.last, db = (m.phones_split.now - b) / n
    cdef double cue_l, cue_r, mix_l, mix_r, mono_cue, mono_mix
    for i in range(n):
        a += da
        b += db
        cue_l = m.cue_bus.l[i]
        cue_r = m.cue_bus.r[i]
        mix_l = m.mix.l[i]
        mix_r = m.mix.r[i]
        mono_cue = (cue_l + cue_r) * 0.5
        mono_mix = (mix_l + mix_r) * 0.5
        m.phones_out.l[i] = <float>((1.0 - b) * ((1.0 - a) * cue_l + a * mix_l) + b * mono_cue)
        m.phones_out.r[i] = <float>((1.0 - b) * ((1.0 - a) * cue_r + a * mix_r) + b * mono_mix)
    rt_apply(&m.phones, m.phones_out.l, m.phones_out.r, n)


cdef void rt_mix(Mixer *m, float **decks, const int *silent, const double *channels, const double *values,
                 const float *mic_left, const float *mic_right, int n) noexcept nogil:
    """Mix n frames (at most MIX_BLOCK). decks: left and right of each channel, worked on in place."""
    cdef int i, sounding = 0
    for i in range(n):
        m.mix.l[i] = m.mix.r[i] = 0.0
        m.cue_bus.l[i] = m.cue_bus.r[i] = 0.0
    for i in range(CHANNELS):
        sounding |= rt_strip(m, i, decks[2 * i], decks[2 * i + 1], silent[i], channels + i * CHANNEL_VALUE_COUNT,
                             values, n)
    sounding |= rt_microphone(m, mic_left, mic_right, values, n)
    m.quiet = 0 if sounding else m.quiet + 1 if m.quiet < 1000000 else m.quiet
    rt_smooth(&m.main, rt_gain(values[M_MAIN], BUS_SILENCE), m.pace)
    rt_smooth(&m.booth, rt_gain(values[M_BOOTH], BUS_SILENCE), m.pace)
    rt_smooth(&m.phones, rt_phones_gain(values), m.pace)
    rt_smooth(&m.phones_mix, values[M_PHONES_MIX], m.pace)
    rt_smooth(&m.phones_split, values[M_PHONES_SPLIT], m.pace)
    for i in range(n):
        m.main_out.l[i] = m.booth_out.l[i] = m.mix.l[i]
        m.main_out.r[i] = m.booth_out.r[i] = m.mix.r[i]
    rt_phones(m, values, n)
    rt_apply(&m.main, m.main_out.l, m.main_out.r, n)
    rt_apply(&m.booth, m.booth_out.l, m.booth_out.r, n)
    rt_limit(&m.main_limiter, &m.limiter_design, values[M_LIMITER] > 0.5, m.main_out.l, m.main_out.r, n)
    rt_limit(&m.booth_limiter, &m.limiter_design, True, m.booth_out.l, m.booth_out.r, n)
    rt_limit(&m.phones_limiter, &m.limiter_design, True, m.phones_out.l, m.phones_out.r, n)
    rt_meter(&m.meter, m.main_out.l, m.main_out.r, n, m.fall, m.rms_pace)
