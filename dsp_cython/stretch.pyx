# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Time-stretching ahead of the audio thread, scheduled by frames.

The audio thread orders, one block at a time and always the same number of frames ahead, what the stretcher has to
make. A worker thread (or the offline renderer, in line) carries the orders out. What is made depends on the orders
alone, never on when the worker ran, so a set log renders to the sound that was played.
"""

from libc.math cimport exp, fabs, rint, sqrt
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from dsp_cython.fade cimport FADE, rt_fade_in
from dsp_cython.rt cimport rd_load32, rd_load64, rd_store32, rd_store64
from dsp_cython.track cimport PAD, Track

cdef double MEAN_SECONDS = 0.3
cdef double FIRST_MAKEUP = 1.035    # 0.3 dB, what music loses as a rule; measured from then on
cdef double MOST_MAKEUP = 1.19


cdef bint rt_order(Lane *lane, const Order *order) noexcept nogil:
    """Queue one order; False when the worker is hopelessly behind."""
    cdef uint32_t head = lane.head
    if head - rd_load32(&lane.tail) == ORDER_SLOTS:
        return False
    lane.slot[head & (ORDER_SLOTS - 1)] = order[0]
    rd_store32(&lane.head, head + 1)
    return True


cdef uint32_t rt_available(const Lane *lane, uint32_t generation, uint32_t read) noexcept nogil:
    """Frames of `generation` that are made and not yet read."""
    cdef uint64_t progress = rd_load64(&lane.progress)
    if <uint32_t>(progress >> 32) != generation:
        return 0
    return <uint32_t>progress - read


cdef void _feed(Lane *lane, int frames) noexcept nogil:
    """Copy the next source frames, through loops (crossfaded) and backwards, into the feed buffer."""
    cdef const Track *track = lane.track
    cdef int i, fade, into
    cdef int64_t at = lane.cursor, length, other
    cdef float gain, left, right
    cdef int64_t lowest = -PAD, highest = track.frames + PAD
    for i in range(frames):
        left = 0.0
        right = 0.0
        if lowest <= at < highest:
            left = track.left[at]
            right = track.right[at]
        if lane.looping:
            length = lane.loop_end - lane.loop_start
            fade = <int>(length // 2) if length // 2 < FADE else FADE
            # `into` counts frames past the point where the old end starts to give way to the loop's other end
            into = <int>(at - (lane.loop_end - fade)) if lane.direction > 0 else <int>(lane.loop_start + fade - at)
            if 0 <= into < fade and fade > 0:
                other = at - length if lane.direction > 0 else at + length
                gain = rt_fade_in(into, fade)
                left *= 1.0 - gain
                right *= 1.0 - gain
                if lowest <= other < highest:
                    left += gain * track.left[other]
                    right += gain * track.right[other]
                if into == fade - 1:
                    at = other
        lane.feed_left[i] = left
        lane.feed_right[i] = right
        at += lane.direction
    lane.cursor = at


cdef double _mean_square(double before, const float *left, const float *right, int frames,
                         double samplerate) noexcept nogil:
    """A running mean square over about half a second, `frames` further on."""
    cdef double total = 0.0, keep = exp(-frames / (MEAN_SECONDS * samplerate))
    cdef int i
    for i in range(frames):
        total += left[i] * left[i] + right[i] * right[i]
    return keep * before + (1.0 - keep) * total / frames


cdef void _make_up(Lane *lane, float *left, float *right, int frames) noexcept nogil:
    """Noise-like sound loses up to 1 dB in the stretcher: raise what came back to the level of what was fed."""
    cdef double goal = lane.makeup, gain = lane.makeup
    cdef int i
    lane.energy_out = _mean_square(lane.energy_out, left, right, frames, lane.samplerate)
    if lane.written > MEAN_SECONDS * lane.samplerate and lane.energy_out > 1e-8:
        goal = sqrt(lane.energy_in / lane.energy_out)
        goal = 1.0 if goal < 1.0 else MOST_MAKEUP if goal > MOST_MAKEUP else goal
    goal = gain + (goal - gain) * (1.0 - exp(-frames / (MEAN_SECONDS * lane.samplerate)))
    for i in range(frames):
        gain = lane.makeup + (goal - lane.makeup) * (i + 1) / frames
        left[i] *= <float>gain
        right[i] *= <float>gain
    lane.makeup = goal


cdef void _process(Lane *lane, int frames) noexcept nogil:
    cdef int now
    while frames > 0:
        now = frames if frames < FEED else FEED
        _feed(lane, now)
        lane.energy_in = _mean_square(lane.energy_in, lane.feed_left, lane.feed_right, now, lane.samplerate)
        lane.api.process(lane.stretcher, lane.feed_left, lane.feed_right, now)
        frames -= now


cdef void _start(Lane *lane, const Order *order) noexcept nogil:
    """Begin at a position: real music before it fills the stretcher's window, so the first frame is already right."""
    cdef int pad
    lane.at_generation = order.generation
    lane.track = order.track
    lane.direction = 1 if order.speed >= 0 else -1
    lane.looping = order.looping
    lane.loop_start = <int64_t>order.loop_start
    lane.loop_end = <int64_t>order.loop_end
    lane.written = 0
    lane.energy_in = lane.energy_out = 0.0
    lane.makeup = FIRST_MAKEUP
    rd_store64(&lane.progress, <uint64_t>order.generation << 32)
    if lane.spare == NULL:
        lane.spare = lane.api.create(<unsigned int>lane.samplerate)
    if lane.spare != NULL:          # without memory for a new one the used one has to do
        lane.api.destroy(lane.stretcher)
        lane.stretcher = lane.spare
        lane.spare = NULL
    lane.api.tune(lane.stretcher, 1.0 / fabs(order.speed), order.pitch)
    pad = lane.api.start_pad(lane.stretcher)
    lane.drop = lane.api.start_delay(lane.stretcher, 1.0 / fabs(order.speed), order.pitch, lane.samplerate)
    if lane.drop < 0:
        lane.drop = 0
    lane.cursor = <int64_t>rint(order.position) - lane.direction * pad
    _process(lane, pad)


cdef void _run(Lane *lane, const Order *order) noexcept nogil:
    """Make the ordered frames."""
    cdef int wanted = order.frames, ready, now
    cdef uint32_t at
    lane.looping = order.looping
    lane.loop_start = <int64_t>order.loop_start
    lane.loop_end = <int64_t>order.loop_end
    lane.api.tune(lane.stretcher, 1.0 / fabs(order.speed), order.pitch)
    while wanted > 0:
        ready = lane.api.available(lane.stretcher)
        if ready <= 0:
            now = lane.api.required(lane.stretcher)
            _process(lane, now if now > 0 else 64)
            continue
        if lane.drop > 0:
            now = min(min(ready, lane.drop), FEED)
            lane.drop -= lane.api.retrieve(lane.stretcher, lane.feed_left, lane.feed_right, now)
            continue
        at = lane.written & (OUT_FRAMES - 1)
        now = min(min(ready, wanted), <int>(OUT_FRAMES - at))
        now = lane.api.retrieve(lane.stretcher, lane.out_left + at, lane.out_right + at, now)
        if now > 0:
            _make_up(lane, lane.out_left + at, lane.out_right + at, now)
        lane.written += now
        wanted -= now
    rd_store64(&lane.progress, (<uint64_t>lane.at_generation << 32) | lane.written)


cdef void lane_work(Lane *lane) noexcept nogil:
    """Carry out all waiting orders; stale ones are skipped. Called by the worker, or in line when offline."""
    cdef Order order
    cdef uint32_t tail = lane.tail
    while tail != rd_load32(&lane.head):
        order = lane.slot[tail & (ORDER_SLOTS - 1)]
        if order.generation == rd_load32(&lane.generation):
            if order.kind == ORDER_START:
                _start(lane, &order)
            elif order.kind == ORDER_RUN and order.generation == lane.at_generation:
                _run(lane, &order)
        tail += 1
        rd_store32(&lane.tail, tail)
        rd_store32(&lane.acknowledged, order.generation)
    if lane.spare == NULL:
        lane.spare = lane.api.create(<unsigned int>lane.samplerate)


cdef int lane_open(Lane *lane, const StretcherApi *api, unsigned int samplerate) noexcept:
    """Make the stretcher. 0, or -1 without memory."""
    lane.api = api
    lane.samplerate = samplerate
    lane.out_left = <float *>calloc(OUT_FRAMES, sizeof(float))
    lane.out_right = <float *>calloc(OUT_FRAMES, sizeof(float))
    lane.stretcher = api.create(samplerate)
    return 0 if lane.out_left and lane.out_right and lane.stretcher else -1


cdef void lane_close(Lane *lane) noexcept:
    """Free it. The worker and the audio thread must have stopped."""
    if lane.stretcher:
        lane.api.destroy(lane.stretcher)
    if lane.spare:
        lane.api.destroy(lane.spare)
    free(lane.out_left)
    free(lane.out_right)
