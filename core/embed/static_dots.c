/* SPDX-License-Identifier: MIT
 * Dot products of a row with all rows of a question. Those lie side by side, four components of
 * each in turn: a sum stays in its lane and is never added up across. All kernels give the same
 * integers. */
#include "core/embed/static.h"

#include <stdlib.h>
#include <string.h>

#define GROUP 4 /* components of a lane that lie together */
#define STEP (GROUP * STATIC_LANES)

struct static_lanes {
    size_t dim, blocks;
    int32_t *less; /* [blocks][STATIC_LANES] -128 times the sum of the lane */
    int8_t *q;     /* [blocks][dim / GROUP][STATIC_LANES][GROUP] */
    static_dots_fn *dots;
};

static void dots_scalar(const int8_t *row, const struct static_lanes *l, int32_t *out)
{
    const int8_t *q = l->q;
    for (size_t b = 0; b < l->blocks; b++, out += STATIC_LANES) {
        memset(out, 0, STATIC_LANES * sizeof(*out));
        for (size_t g = 0; g < l->dim; g += GROUP, q += STEP)
            for (size_t k = 0; k < STEP; k++)
                out[k / GROUP] += row[g + k % GROUP] * q[k];
    }
}

#ifdef __x86_64__
#include <immintrin.h>

AVX2 static inline __m256i madd4(__m256i sum, const int8_t *q, __m256i row)
{
    __m256i lanes = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)q));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(lanes, row));
}

AVX2 static void dots_avx2(const int8_t *row, const struct static_lanes *l, int32_t *out)
{
    const int8_t *q = l->q;
    for (size_t b = 0; b < l->blocks; b++, out += STATIC_LANES) {
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t g = 0; g < l->dim; g += GROUP, q += STEP) {
            int32_t four;
            memcpy(&four, row + g, sizeof(four));
            __m256i r = _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
            s0 = madd4(s0, q, r);
            s1 = madd4(s1, q + 16, r);
            s2 = madd4(s2, q + 32, r);
            s3 = madd4(s3, q + 48, r);
        }
        /* Two halves of a lane side by side, and hadd works within 128 bits. */
        __m256i low = _mm256_permute4x64_epi64(_mm256_hadd_epi32(s0, s1), 0xd8);
        __m256i high = _mm256_permute4x64_epi64(_mm256_hadd_epi32(s2, s3), 0xd8);
        _mm256_storeu_si256((__m256i *)out, low);
        _mm256_storeu_si256((__m256i *)(out + 8), high);
    }
}

AVX512 static inline __m512i step(__m512i sum, const int8_t *row, const int8_t *q)
{
    int32_t four;
    memcpy(&four, row, sizeof(four));
    /* One side has no sign: 128 more, which `less` takes off again. */
    __m512i r = _mm512_xor_si512(_mm512_set1_epi32(four), _mm512_set1_epi8(-128));
    return _mm512_dpbusd_epi32(sum, r, _mm512_loadu_si512(q));
}

AVX512 static void dots_vnni(const int8_t *row, const struct static_lanes *l, int32_t *out)
{
    const int8_t *q = l->q;
    for (size_t b = 0; b < l->blocks; b++) {
        __m512i s0 = _mm512_loadu_si512(l->less + b * STATIC_LANES);
        __m512i s1 = _mm512_setzero_si512(), s2 = s1, s3 = s1;
        for (size_t g = 0; g < l->dim; g += 4 * GROUP, q += 4 * STEP) {
            s0 = step(s0, row + g, q);
            s1 = step(s1, row + g + GROUP, q + STEP);
            s2 = step(s2, row + g + 2 * GROUP, q + 2 * STEP);
            s3 = step(s3, row + g + 3 * GROUP, q + 3 * STEP);
        }
        s0 = _mm512_add_epi32(_mm512_add_epi32(s0, s1), _mm512_add_epi32(s2, s3));
        _mm512_storeu_si512(out + b * STATIC_LANES, s0);
    }
}
#endif

static_dots_fn *static_dots_get(enum kernel which)
{
    static static_dots_fn *const all[KERNEL_COUNT] = {
        [KERNEL_SCALAR] = dots_scalar,
#ifdef __x86_64__
        [KERNEL_AVX2] = dots_avx2,
        [KERNEL_AVX512_VNNI] = dots_vnni,
#endif
    };
    return cpu_runs(which) ? all[which] : NULL;
}

struct static_lanes *static_lanes_new(const struct static_model *m, const uint32_t *row, size_t n)
{
    size_t dim = m->head->dim, blocks = (n + STATIC_LANES - 1) / STATIC_LANES;
    size_t less = blocks * STATIC_LANES * sizeof(int32_t), q = blocks * STATIC_LANES * dim;
    struct static_lanes *l = calloc(1, sizeof(*l) + less + q);
    if (!l)
        return NULL;
    *l = (struct static_lanes){.dim = dim, .blocks = blocks, .dots = static_dots_get(cpu_best())};
    l->less = (int32_t *)(l + 1);
    l->q = (int8_t *)l->less + less;
    for (size_t i = 0; i < n; i++) {
        int8_t *to = l->q + i / STATIC_LANES * STATIC_LANES * dim + i % STATIC_LANES * GROUP;
        const int8_t *from = m->row + (size_t)row[i] * dim;
        for (size_t j = 0; j < dim; j++) {
            to[j / GROUP * STEP + j % GROUP] = from[j];
            l->less[i] -= 128 * from[j];
        }
    }
    return l;
}

size_t static_lanes_width(const struct static_lanes *l)
{
    return l->blocks * STATIC_LANES;
}

void static_dots(const int8_t *row, const struct static_lanes *l, int32_t *out)
{
    l->dots(row, l, out);
}
