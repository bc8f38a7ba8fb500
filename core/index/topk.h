/* SPDX-License-Identifier: MIT
 * The best k of a stream of scored rows: higher score first, ties by lower row. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct candidate {
    float score;
    size_t row;
};

struct topk {
    struct candidate *item; /* heap, the worst on top */
    size_t n, k;
};

/* k >= 1. 0 or -ENOMEM. */
int topk_init(struct topk *t, size_t k);
void topk_fini(struct topk *t);
/* Keeps the row when it is among the best so far. */
void topk_offer(struct topk *t, float score, size_t row);
/* True when no row with this score that comes after all rows offered so far can enter. */
static inline bool topk_refuses(const struct topk *t, float score)
{
    return t->n == t->k && !(score > t->item[0].score);
}
/* Puts item[0..n) in order, best first. Nothing may be offered afterwards. */
void topk_sort(struct topk *t);
