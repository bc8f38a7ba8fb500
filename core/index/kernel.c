/* SPDX-License-Identifier: MIT */
#include "core/index/kernel.h"

#include <math.h>
#include <string.h>

/* The query is int16, not int8: the scan waits for memory anyway, and the rounding of the query
 * would otherwise cost as much accuracy as that of the codes. Sums are 32 bits wide; kquery_init
 * scales the query so that not even a hostile code (all -128) overflows them. */
static void dot_scalar(const int16_t *q, const int8_t *codes, size_t size, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++, codes += size) {
        int32_t sum = 0;
        for (size_t j = 0; j < size; j++)
            sum += (int32_t)q[j] * codes[j];
        out[i] = sum;
    }
}

#ifdef __x86_64__
#include <immintrin.h>

/* The scan waits for memory, and processors do not fetch ahead across the end of a page: rows are
 * asked for this many bytes before they are needed. Nothing is read there: it may be past the end.
 */
#define AHEAD 4096

/* Four vectors of partial sums -> four sums. */
AVX2 static inline __m128i sum4(__m256i a, __m256i b, __m256i c, __m256i d)
{
    __m256i s = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    return _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
}

AVX2 static inline __m256i madd16(__m256i acc, const int8_t *code, __m256i q)
{
    __m256i c = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)code));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(c, q));
}

/* Four rows at a time, so that each piece of the query is loaded once for four pieces of code. */
AVX2 static void dot_avx2(const int16_t *q, const int8_t *codes, size_t size, size_t n,
                          int32_t *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4, codes += 4 * size) {
        for (size_t j = 0; j < 4 * size; j += 64)
            _mm_prefetch((const char *)((uintptr_t)codes + AHEAD + j), _MM_HINT_T0);
        __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
        for (size_t j = 0; j < size; j += 16) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(q + j));
            a = madd16(a, codes + j, v);
            b = madd16(b, codes + size + j, v);
            c = madd16(c, codes + 2 * size + j, v);
            d = madd16(d, codes + 3 * size + j, v);
        }
        _mm_storeu_si128((__m128i *)(out + i), sum4(a, b, c, d));
    }
    for (; i < n; i++, codes += size) {
        __m256i a = _mm256_setzero_si256();
        for (size_t j = 0; j < size; j += 16)
            a = madd16(a, codes + j, _mm256_loadu_si256((const __m256i *)(q + j)));
        out[i] = _mm_cvtsi128_si32(sum4(a, a, a, a));
    }
}

AVX512 static inline __m512i dp32(__m512i acc, const int8_t *code, __m512i q)
{
    __m512i c = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)code));
    return _mm512_dpwssd_epi32(acc, c, q);
}

AVX512 static inline __m256i fold(__m512i v)
{
    return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

AVX512 static void dot_avx512(const int16_t *q, const int8_t *codes, size_t size, size_t n,
                              int32_t *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4, codes += 4 * size) {
        for (size_t j = 0; j < 4 * size; j += 64)
            _mm_prefetch((const char *)((uintptr_t)codes + AHEAD + j), _MM_HINT_T0);
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        for (size_t j = 0; j < size; j += 32) {
            __m512i v = _mm512_loadu_si512(q + j);
            a = dp32(a, codes + j, v);
            b = dp32(b, codes + size + j, v);
            c = dp32(c, codes + 2 * size + j, v);
            d = dp32(d, codes + 3 * size + j, v);
        }
        _mm_storeu_si128((__m128i *)(out + i), sum4(fold(a), fold(b), fold(c), fold(d)));
    }
    for (; i < n; i++, codes += size) {
        __m512i a = _mm512_setzero_si512();
        for (size_t j = 0; j < size; j += 32)
            a = dp32(a, codes + j, _mm512_loadu_si512(q + j));
        out[i] = _mm512_reduce_add_epi32(a);
    }
}
#endif

dot_fn *kernel_get(enum kernel which)
{
    static dot_fn *const all[KERNEL_COUNT] = {
        [KERNEL_SCALAR] = dot_scalar,
#ifdef __x86_64__
        [KERNEL_AVX2] = dot_avx2,
        [KERNEL_AVX512_VNNI] = dot_avx512,
#endif
    };
    return cpu_runs(which) ? all[which] : NULL;
}

dot_fn *kernel_best(void)
{
    return kernel_get(cpu_best());
}

void kquery_init(struct kquery *ret, const float *v, unsigned dim, size_t code_size)
{
    memset(ret->q, 0, code_size * sizeof(ret->q[0]));
    ret->scale = 0;
    double sum = 0, max = 0;
    for (unsigned i = 0; i < dim; i++) {
        double f = isfinite(v[i]) ? v[i] : 0;
        sum += f * f;
        if (fabs(f) > max)
            max = fabs(f);
    }
    if (!(max > 0))
        return;
    double norm = sqrt(sum);
    /* Cauchy-Schwarz: |q| * |code| < 2^31 with |code| <= 128 * sqrt(size). The 0.99 leaves room
     * for the rounding of q. */
    double most = 0.99 * 0x1p31 / (128 * sqrt((double)code_size));
    double s = fmin(32767 / max, most / norm);
    for (unsigned i = 0; i < dim; i++)
        ret->q[i] = isfinite(v[i]) ? (int16_t)lrint(v[i] * s) : 0;
    ret->scale = (float)(1 / (s * norm));
}

float kernel_inverse_norm(const int8_t *code, size_t size)
{
    int32_t sum = 0; /* <= 4096 * 128^2 */
    for (size_t j = 0; j < size; j++)
        sum += (int32_t)code[j] * code[j];
    return sum ? (float)(1 / sqrt((double)sum)) : 0;
}
