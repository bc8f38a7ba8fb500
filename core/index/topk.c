/* SPDX-License-Identifier: MIT */
#include "core/index/topk.h"

#include <errno.h>
#include <stdlib.h>

static bool better(const struct candidate *a, const struct candidate *b)
{
    return a->score > b->score || (a->score == b->score && a->row < b->row);
}

int topk_init(struct topk *t, size_t k)
{
    *t = (struct topk){.k = k};
    t->item = calloc(k, sizeof(*t->item));
    return t->item ? 0 : -ENOMEM;
}

void topk_fini(struct topk *t)
{
    free(t->item);
    t->item = NULL;
}

static void sift_down(struct topk *t, size_t i)
{
    for (;;) {
        size_t worst = i, l = 2 * i + 1, r = l + 1;
        if (l < t->n && better(&t->item[worst], &t->item[l]))
            worst = l;
        if (r < t->n && better(&t->item[worst], &t->item[r]))
            worst = r;
        if (worst == i)
            return;
        struct candidate c = t->item[i];
        t->item[i] = t->item[worst];
        t->item[worst] = c;
        i = worst;
    }
}

void topk_offer(struct topk *t, float score, size_t row)
{
    struct candidate c = {score, row};
    if (t->n == t->k) {
        if (!better(&c, &t->item[0]))
            return;
        t->item[0] = c;
        sift_down(t, 0);
        return;
    }
    size_t i = t->n++;
    while (i && better(&t->item[(i - 1) / 2], &c)) {
        t->item[i] = t->item[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    t->item[i] = c;
}

static int by_rank(const void *a, const void *b)
{
    return better(a, b) ? -1 : better(b, a) ? 1 : 0;
}

void topk_sort(struct topk *t)
{
    qsort(t->item, t->n, sizeof(*t->item), by_rank);
}
