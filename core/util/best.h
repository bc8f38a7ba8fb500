/* SPDX-License-Identifier: MIT
 * The best of many by score, ties by the lower passage: a heap with the worst one on top. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct best {
    int64_t passage, document;
    double score; /* larger is better */
};

/* a stands below b */
static inline bool best_worse(const struct best *a, const struct best *b)
{
    return a->score < b->score || (a->score == b->score && a->passage > b->passage);
}

/* True when b would not be kept. heap holds n of at most limit. */
static inline bool best_refuses(const struct best *heap, size_t n, size_t limit,
                                const struct best *b)
{
    return n == limit && !best_worse(&heap[0], b);
}

/* Keeps b among heap[0..limit), of which *n are taken; drops the worst one when it is full. */
void best_offer(struct best *heap, size_t *n, size_t limit, const struct best *b);
/* Best first: a list, no heap any more. */
void best_sort(struct best *heap, size_t n);
/* Puts the best of two lists, both best first, into the first one, which has room for limit.
 * Returns how many there are. */
size_t best_merge(struct best *list, size_t n, size_t limit, const struct best *more,
                  size_t n_more);
