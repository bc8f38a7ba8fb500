/* SPDX-License-Identifier: MIT
 * The signs of codes, one bit a dimension: an eighth of the memory. What a query has in common with
 * the signs of a row tells roughly how near the row is, so that only the best by this estimate are
 * scored from their codes (narrow.c).
 *
 * Rows lie in blocks of SIGNS_ROWS. For each four dimensions a block has 16 bytes: byte r has the
 * signs of row r in its low four bits and of row r + 16 in the high ones, so that one instruction
 * looks up what 16 or 32 rows add to their sums. All kernels give the same integers. */
#pragma once
#include "core/index/kernel.h"

#define SIGNS_ROWS 32

/* Bytes for n rows. */
static inline size_t signs_size(size_t n, size_t code_size)
{
    return (n + SIGNS_ROWS - 1) / SIGNS_ROWS * SIGNS_ROWS * (code_size / 8);
}
/* Adds row i; its place was zero. */
void signs_put(uint8_t *signs, size_t i, const int8_t *code, size_t code_size);

/* For each four dimensions: what each of the 16 patterns of signs adds. */
struct signs_query {
    _Alignas(64) uint8_t part[VINDEX_MAX_DIM / 4][16];
};
void signs_query_init(struct signs_query *ret, const struct kquery *q, size_t code_size);

/* Estimates of n rows, the larger the nearer; a multiple of SIGNS_ROWS is written. */
typedef void estimate_fn(const struct signs_query *q, const uint8_t *signs, size_t code_size,
                         size_t n, uint16_t *out);
/* NULL when this processor cannot run it. */
estimate_fn *signs_get(enum kernel which);
estimate_fn *signs_best(void);

/* Which of 64 estimates are at least low and below high (0: no bound). */
uint64_t signs_between(const uint16_t *estimate, uint16_t low, uint16_t high);
