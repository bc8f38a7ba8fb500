/* SPDX-License-Identifier: MIT
 * Distance functions for a FAISS that was compiled for plain x86-64, as Debian's is: a scalar loop
 * for each distance. The linker's --wrap sends the calls of FAISS here (see meson.build), which
 * makes the search 2.8 and the build of the graph 2.4 to 4.2 times faster.
 *
 * The names are the C++ symbols of
 *   float faiss::fvec_inner_product(const float *x, const float *y, size_t d)
 *   float faiss::fvec_L2sqr(const float *x, const float *y, size_t d)
 *   void faiss::fvec_inner_products_ny(float *ip, const float *x, const float *y, size_t d, ny)
 *   void faiss::fvec_L2sqr_ny(float *dis, const float *x, const float *y, size_t d, size_t ny)
 * The last two would call the first two inside one object file, where --wrap does not reach. */
#include <stddef.h>

#define WRAP(name) __wrap__ZN5faiss##name
#define IP WRAP(18fvec_inner_productEPKfS1_m)
#define L2 WRAP(10fvec_L2sqrEPKfS1_m)
#define IP_NY WRAP(22fvec_inner_products_nyEPfPKfS2_mm)
#define L2_NY WRAP(13fvec_L2sqr_nyEPfPKfS2_mm)

float IP(const float *x, const float *y, size_t d);
float L2(const float *x, const float *y, size_t d);
void IP_NY(float *out, const float *x, const float *y, size_t d, size_t ny);
void L2_NY(float *out, const float *x, const float *y, size_t d, size_t ny);

static float ip_scalar(const float *x, const float *y, size_t d)
{
    float sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += x[i] * y[i];
    return sum;
}

static float l2_scalar(const float *x, const float *y, size_t d)
{
    float sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx2,fma")))

AVX2 static inline float sum8(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* Two accumulators each hide the latency of the multiply-add. */
AVX2 static float ip_avx2(const float *x, const float *y, size_t d)
{
    __m256 a = _mm256_setzero_ps(), b = a;
    size_t i = 0;
    for (; i + 16 <= d; i += 16) {
        a = _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i), a);
        b = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 8), _mm256_loadu_ps(y + i + 8), b);
    }
    return sum8(_mm256_add_ps(a, b)) + ip_scalar(x + i, y + i, d - i);
}

AVX2 static float l2_avx2(const float *x, const float *y, size_t d)
{
    __m256 a = _mm256_setzero_ps(), b = a;
    size_t i = 0;
    for (; i + 16 <= d; i += 16) {
        __m256 u = _mm256_sub_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i));
        __m256 v = _mm256_sub_ps(_mm256_loadu_ps(x + i + 8), _mm256_loadu_ps(y + i + 8));
        a = _mm256_fmadd_ps(u, u, a);
        b = _mm256_fmadd_ps(v, v, b);
    }
    return sum8(_mm256_add_ps(a, b)) + l2_scalar(x + i, y + i, d - i);
}

AVX512 static float ip_avx512(const float *x, const float *y, size_t d)
{
    __m512 a = _mm512_setzero_ps(), b = a;
    size_t i = 0;
    for (; i + 32 <= d; i += 32) {
        a = _mm512_fmadd_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i), a);
        b = _mm512_fmadd_ps(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(y + i + 16), b);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(a, b)) + ip_scalar(x + i, y + i, d - i);
}

AVX512 static float l2_avx512(const float *x, const float *y, size_t d)
{
    __m512 a = _mm512_setzero_ps(), b = a;
    size_t i = 0;
    for (; i + 32 <= d; i += 32) {
        __m512 u = _mm512_sub_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i));
        __m512 v = _mm512_sub_ps(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(y + i + 16));
        a = _mm512_fmadd_ps(u, u, a);
        b = _mm512_fmadd_ps(v, v, b);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(a, b)) + l2_scalar(x + i, y + i, d - i);
}
#endif

/* The check for each call is one load of a constant of the C runtime and a branch that is always
 * predicted: cheaper than a pointer that has to be set up somewhere. */
float IP(const float *x, const float *y, size_t d)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return ip_avx512(x, y, d);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return ip_avx2(x, y, d);
#endif
    return ip_scalar(x, y, d);
}

float L2(const float *x, const float *y, size_t d)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return l2_avx512(x, y, d);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return l2_avx2(x, y, d);
#endif
    return l2_scalar(x, y, d);
}

void IP_NY(float *out, const float *x, const float *y, size_t d, size_t ny)
{
    for (size_t i = 0; i < ny; i++, y += d)
        out[i] = IP(x, y, d);
}

void L2_NY(float *out, const float *x, const float *y, size_t d, size_t ny)
{
    for (size_t i = 0; i < ny; i++, y += d)
        out[i] = L2(x, y, d);
}
