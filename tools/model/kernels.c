/* SPDX-License-Identifier: MIT */
#include "tools/model/kernels.h"

#include <math.h>
#include <string.h>

#define LANES 16
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define EACH_PROCESSOR __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define EACH_PROCESSOR
#endif
#pragma GCC optimize("O3", "fp-contract=off")

EACH_PROCESSOR void axpy(float *restrict to, const float *restrict from, float w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += w * from[i];
}

EACH_PROCESSOR void scale(float *v, float w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] *= w;
}

EACH_PROCESSOR float dot_product(const float *a, const float *b, size_t n)
{
    lanes sum = {0};
    for (size_t i = 0; i < n; i += LANES)
        sum += *(const lanes *)(a + i) * *(const lanes *)(b + i);
    float s = 0;
    for (int k = 0; k < LANES; k++)
        s += sum[k];
    return s;
}

EACH_PROCESSOR void matrix_dots(const float *a, size_t rows, const float *b, size_t n, size_t dim,
                                float *out)
{
    for (size_t j = 0; j + 4 <= n; j += 4) {
        const float *b0 = b + j * dim, *b1 = b0 + dim, *b2 = b1 + dim, *b3 = b2 + dim;
        for (size_t i = 0; i < rows; i += 2) {
            const float *x = a + i * dim, *y = i + 1 < rows ? x + dim : x;
            lanes s0 = {0}, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
            for (size_t d = 0; d < dim; d += LANES) {
                lanes v = *(const lanes *)(x + d), w = *(const lanes *)(y + d);
                lanes c0 = *(const lanes *)(b0 + d), c1 = *(const lanes *)(b1 + d);
                lanes c2 = *(const lanes *)(b2 + d), c3 = *(const lanes *)(b3 + d);
                s0 += v * c0, s1 += v * c1, s2 += v * c2, s3 += v * c3;
                t0 += w * c0, t1 += w * c1, t2 += w * c2, t3 += w * c3;
            }
            float r[8] = {0};
            for (int k = 0; k < LANES; k++) {
                r[0] += s0[k], r[1] += s1[k], r[2] += s2[k], r[3] += s3[k];
                r[4] += t0[k], r[5] += t1[k], r[6] += t2[k], r[7] += t3[k];
            }
            memcpy(out + i * n + j, r, 4 * sizeof(float));
            if (i + 1 < rows)
                memcpy(out + (i + 1) * n + j, r + 4, 4 * sizeof(float));
        }
    }
}

EACH_PROCESSOR void matrix_sums(const float *weight, size_t rows, const float *v, size_t n,
                                size_t dim, float *out)
{
    for (size_t i = 0; i < rows; i += 4) {
        const float *w[4];
        for (size_t k = 0; k < 4; k++) /* the last rows are summed more than once */
            w[k] = weight + (i + k < rows ? i + k : rows - 1) * n;
        for (size_t d = 0; d + LANES <= dim; d += LANES) {
            lanes s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
            for (size_t j = 0; j < n; j++) {
                lanes x = *(const lanes *)(v + j * dim + d);
                s0 += w[0][j] * x, s1 += w[1][j] * x, s2 += w[2][j] * x, s3 += w[3][j] * x;
            }
            const lanes s[4] = {s0, s1, s2, s3};
            for (size_t k = 0; k < 4 && i + k < rows; k++)
                memcpy(out + (i + k) * dim + d, &s[k], sizeof(s0));
        }
    }
}

EACH_PROCESSOR void adam(float *v, float *mean, float *square, const float *g, float rate, float c1,
                         float c2, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mean[i] = 0.9f * mean[i] + 0.1f * g[i];
        square[i] = 0.999f * square[i] + 0.001f * g[i] * g[i];
        v[i] -= rate * (mean[i] * c1) / (sqrtf(square[i] * c2) + 1e-8f);
    }
}
