/* SPDX-License-Identifier: MIT */
#include "core/index/signs.h"

#include <stdlib.h>
#include <string.h>

#define DIMS 4                                   /* looked up at once */
#define HALF 16                                  /* rows in a half of a byte */
#define BLOCK (SIGNS_ROWS / 2)                   /* bytes of a block for DIMS dimensions */
#define ROWS_BYTES(size) ((size) / DIMS * BLOCK) /* bytes of a whole block */

void signs_put(uint8_t *signs, size_t i, const int8_t *code, size_t code_size)
{
    uint8_t *to = signs + i / SIGNS_ROWS * ROWS_BYTES(code_size) + i % HALF;
    unsigned shift = i % SIGNS_ROWS < HALF ? 0 : 4;
    for (size_t j = 0; j < code_size; j += DIMS, to += BLOCK) {
        unsigned bits = (code[j] > 0) | (code[j + 1] > 0) << 1 | (code[j + 2] > 0) << 2 |
                        (code[j + 3] > 0) << 3;
        *to |= (uint8_t)(bits << shift);
    }
}

/* A dimension adds its part of the query where the signs agree. Sums must fit into 16 bits. */
void signs_query_init(struct signs_query *ret, const struct kquery *q, size_t code_size)
{
    size_t groups = code_size / DIMS;
    uint32_t limit = 65535 / (uint32_t)groups, most = 1;
    limit = limit < 255 ? limit : 255;
    for (int pass = 0; pass < 2; pass++)
        for (size_t g = 0; g < groups; g++)
            for (unsigned bits = 0; bits < 16; bits++) {
                uint32_t sum = 0;
                for (unsigned j = 0; j < DIMS; j++) {
                    int v = q->q[g * DIMS + j];
                    sum += (bits >> j & 1) == (v > 0) ? (uint32_t)abs(v) : 0;
                }
                if (pass == 0)
                    most = sum > most ? sum : most;
                else
                    ret->part[g][bits] = (uint8_t)(sum * limit / most);
            }
}

static void estimate_scalar(const struct signs_query *q, const uint8_t *signs, size_t code_size,
                            size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i += SIGNS_ROWS, out += SIGNS_ROWS) {
        memset(out, 0, SIGNS_ROWS * sizeof(*out));
        for (size_t g = 0; g < code_size / DIMS; g++, signs += BLOCK)
            for (size_t r = 0; r < HALF; r++) {
                out[r] = (uint16_t)(out[r] + q->part[g][signs[r] & 15]);
                out[r + HALF] = (uint16_t)(out[r + HALF] + q->part[g][signs[r] >> 4]);
            }
    }
}

#ifdef __x86_64__
#include <immintrin.h>

#define AHEAD 4096 /* as in kernel.c */

/* all: sums of 16-bit words whose high byte is another row's; odd: of the high bytes alone. What
 * overflows in `all` falls away again. The two lanes have summed different dimensions. */
AVX2 static inline void put16(__m256i all, __m256i odd, uint16_t *out)
{
    __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    __m128i a = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    __m128i b = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(a, b));
    _mm_storeu_si128((__m128i *)(out + 8), _mm_unpackhi_epi16(a, b));
}

AVX2 static void estimate_avx2(const struct signs_query *q, const uint8_t *signs, size_t code_size,
                               size_t n, uint16_t *out)
{
    const __m256i low4 = _mm256_set1_epi8(15);
    for (size_t i = 0; i < n; i += SIGNS_ROWS, out += SIGNS_ROWS) {
        __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
        for (size_t g = 0; g < code_size / DIMS; g += 2, signs += 2 * BLOCK) {
            _mm_prefetch((const char *)((uintptr_t)signs + AHEAD), _MM_HINT_T0);
            __m256i part = _mm256_load_si256((const __m256i *)q->part[g]);
            __m256i bits = _mm256_loadu_si256((const __m256i *)signs);
            __m256i x = _mm256_shuffle_epi8(part, _mm256_and_si256(bits, low4));
            __m256i y =
                _mm256_shuffle_epi8(part, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low4));
            a = _mm256_add_epi16(a, x);
            b = _mm256_add_epi16(b, _mm256_srli_epi16(x, 8));
            c = _mm256_add_epi16(c, y);
            d = _mm256_add_epi16(d, _mm256_srli_epi16(y, 8));
        }
        put16(a, b, out);
        put16(c, d, out + HALF);
    }
}

/* The sums of 512 bits in two halves, which have summed different dimensions too. */
AVX512 static inline __m256i halves(__m512i v)
{
    return _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

AVX512 static void estimate_avx512(const struct signs_query *q, const uint8_t *signs,
                                   size_t code_size, size_t n, uint16_t *out)
{
    const __m512i low4 = _mm512_set1_epi8(15);
    const __m512i zero = _mm512_setzero_si512();
    if (code_size % (4 * DIMS)) {
        estimate_avx2(q, signs, code_size, n, out);
        return;
    }
    for (size_t i = 0; i < n; i += SIGNS_ROWS, out += SIGNS_ROWS) {
        __m512i a = zero, b = zero, c = zero, d = zero;
        for (size_t g = 0; g < code_size / DIMS; g += 4, signs += 4 * BLOCK) {
            _mm_prefetch((const char *)((uintptr_t)signs + AHEAD), _MM_HINT_T0);
            __m512i part = _mm512_loadu_si512(q->part[g]);
            __m512i bits = _mm512_loadu_si512(signs);
            __m512i x = _mm512_shuffle_epi8(part, _mm512_and_si512(bits, low4));
            __m512i y =
                _mm512_shuffle_epi8(part, _mm512_and_si512(_mm512_srli_epi16(bits, 4), low4));
            a = _mm512_add_epi16(a, x);
            b = _mm512_add_epi16(b, _mm512_srli_epi16(x, 8));
            c = _mm512_add_epi16(c, y);
            d = _mm512_add_epi16(d, _mm512_srli_epi16(y, 8));
        }
        put16(halves(a), halves(b), out);
        put16(halves(c), halves(d), out + HALF);
    }
}

/* Saturated subtraction leaves 0 where the estimate is at least the bound. */
static inline __m128i at_least(const uint16_t *v, __m128i bound)
{
    return _mm_cmpeq_epi16(_mm_subs_epu16(bound, _mm_loadu_si128((const __m128i *)v)),
                           _mm_setzero_si128());
}

static inline uint64_t at_least16(const uint16_t *v, __m128i bound)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(
        _mm_packs_epi16(at_least(v, bound), at_least(v + 8, bound)));
}

static uint64_t at_least64(const uint16_t *v, uint16_t bound)
{
    __m128i b = _mm_set1_epi16((short)bound);
    return at_least16(v, b) | at_least16(v + 16, b) << 16 | at_least16(v + 32, b) << 32 |
           at_least16(v + 48, b) << 48;
}
#else
static uint64_t at_least64(const uint16_t *v, uint16_t bound)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i++)
        mask |= (uint64_t)(v[i] >= bound) << i;
    return mask;
}
#endif

uint64_t signs_between(const uint16_t *estimate, uint16_t low, uint16_t high)
{
    uint64_t mask = at_least64(estimate, low);
    return high ? mask & ~at_least64(estimate, high) : mask;
}

estimate_fn *signs_get(enum kernel which)
{
    static estimate_fn *const all[KERNEL_COUNT] = {
        [KERNEL_SCALAR] = estimate_scalar,
#ifdef __x86_64__
        [KERNEL_AVX2] = estimate_avx2,
        [KERNEL_AVX512_VNNI] = estimate_avx512,
#endif
    };
    return cpu_runs(which) ? all[which] : NULL;
}

estimate_fn *signs_best(void)
{
    return signs_get(cpu_best());
}
