/* SPDX-License-Identifier: MIT */
#include "core/util/best.h"

#include <stdlib.h>

static void sift_down(struct best *heap, size_t n, size_t i)
{
    for (;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;
        if (left < n && best_worse(&heap[left], &heap[least]))
            least = left;
        if (right < n && best_worse(&heap[right], &heap[least]))
            least = right;
        if (least == i)
            return;
        struct best x = heap[i];
        heap[i] = heap[least];
        heap[least] = x;
        i = least;
    }
}

static void sift_up(struct best *heap, size_t i)
{
    for (size_t up; i && best_worse(&heap[i], &heap[up = (i - 1) / 2]); i = up) {
        struct best x = heap[i];
        heap[i] = heap[up];
        heap[up] = x;
    }
}

void best_offer(struct best *heap, size_t *n, size_t limit, const struct best *b)
{
    if (!limit || best_refuses(heap, *n, limit, b))
        return;
    if (*n < limit) {
        heap[*n] = *b;
        sift_up(heap, (*n)++);
    } else {
        heap[0] = *b;
        sift_down(heap, limit, 0);
    }
}

static int best_first(const void *a, const void *b)
{
    return best_worse(a, b) ? 1 : best_worse(b, a) ? -1 : 0;
}

void best_sort(struct best *heap, size_t n)
{
    if (n)
        qsort(heap, n, sizeof(*heap), best_first);
}

size_t best_merge(struct best *list, size_t n, size_t limit, const struct best *more, size_t n_more)
{
    /* Worst first is a heap. */
    for (size_t i = 0, j = n; i + 1 < j; i++) {
        struct best x = list[i];
        list[i] = list[--j];
        list[j] = x;
    }
    for (size_t i = 0; i < n_more; i++)
        best_offer(list, &n, limit, &more[i]);
    best_sort(list, n);
    return n;
}
