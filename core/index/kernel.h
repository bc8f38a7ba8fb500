/* SPDX-License-Identifier: MIT
 * Dot products of one query with int8 codes. All kernels give the same integers, so an index
 * answers the same on every processor. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/cpu.h"

#define VINDEX_MAX_DIM 4096

/* out[i] = q . codes[i] for n rows of size bytes (a multiple of 64). */
typedef void dot_fn(const int16_t *q, const int8_t *codes, size_t size, size_t n, int32_t *out);

/* NULL when this processor cannot run it. */
dot_fn *kernel_get(enum kernel which);
/* The fastest one that this processor can run. */
dot_fn *kernel_best(void);

/* A query made ready for the kernels. */
struct kquery {
    _Alignas(64) int16_t q[VINDEX_MAX_DIM]; /* zero-padded to the code size */
    float scale;                            /* cosine = dot * inverse norm of the code * scale */
};
/* Values that are not finite count as 0; the length of v does not matter. */
void kquery_init(struct kquery *ret, const float *v, unsigned dim, size_t code_size);

/* 1 / length of a code; 0 for the zero code. */
float kernel_inverse_norm(const int8_t *code, size_t size);

static inline float kernel_score(int32_t dot, float inverse_norm, float scale)
{
    float s = (float)dot * inverse_norm * scale;
    return s > 1 ? 1 : s < -1 ? -1 : s;
}
