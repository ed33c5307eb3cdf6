/* What the audio thread needs and Cython cannot say: atomics, flush-to-zero, vector kernels. */
#ifndef RACKDECK_RT_H
#define RACKDECK_RT_H

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#define rd_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rd_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Panel slots are shared with other processes: read and written whole, never torn. */
static inline double rd_load_double(const double *p) {
    uint64_t bits = __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static inline void rd_store_double(double *p, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    __atomic_store_n((uint64_t *)p, bits, __ATOMIC_RELAXED);
}

/* Denormal numbers make filters ten times slower when the music fades out. */
static inline uint64_t rd_flush_denormals(void) {
#if defined(__SSE2__)
    uint64_t before = _mm_getcsr();
    _mm_setcsr((unsigned)before | 0x8040);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | 1ull << 24));
    return before;
#else
    return 0;
#endif
}

/* Give a thread that is not ours its arithmetic back. */
static inline void rd_restore_denormals(uint64_t before) {
#if defined(__SSE2__)
    _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#endif
}

typedef float rd_v4 __attribute__((vector_size(16)));
typedef float rd_v4_loose __attribute__((vector_size(16), aligned(4), may_alias));

static inline float rd_sum(rd_v4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

/* One stereo sample between frames: kernel = h0 + mix * (h1 - h0), `taps` a multiple of 4. */
static inline void rd_convolve(const float *left, const float *right, const float *h0, const float *h1, float mix,
                               int taps, float *out_left, float *out_right) {
    rd_v4 a = {0}, b = {0}, m = {mix, mix, mix, mix};
    for (int k = 0; k < taps; k += 4) {
        rd_v4 low = *(const rd_v4_loose *)(h0 + k);
        rd_v4 high = *(const rd_v4_loose *)(h1 + k);
        rd_v4 kernel = low + m * (high - low);
        a += kernel * *(const rd_v4_loose *)(left + k);
        b += kernel * *(const rd_v4_loose *)(right + k);
    }
    *out_left = rd_sum(a);
    *out_right = rd_sum(b);
}

/* Largest magnitude of `phases` interpolated points; `bank` holds `phases` kernels of `taps` values. */
static inline float rd_peak_between(const float *x, const float *bank, int phases, int taps) {
    float most = 0.0f;
    for (int p = 0; p < phases; p++) {
        rd_v4 sum = {0};
        for (int k = 0; k < taps; k += 4)
            sum += *(const rd_v4_loose *)(bank + p * taps + k) * *(const rd_v4_loose *)(x + k);
        float y = rd_sum(sum);
        y = y < 0 ? -y : y;
        most = y > most ? y : most;
    }
    return most;
}

#endif
