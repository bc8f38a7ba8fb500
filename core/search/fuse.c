/* SPDX-License-Identifier: MIT
 * Score fusion: each list is normalised by its own best, then added with weights. */
#include "core/search/search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/best.h"

/* Where the candidate of a passage or of a document is. */
struct place {
    int64_t id;
    size_t at; /* 1 + its index, 0: free */
};
struct places {
    struct place *slot; /* open addressing */
    size_t mask;
};

static int places_init(struct places *p, size_t n)
{
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    *p = (struct places){calloc(slots, sizeof(*p->slot)), slots - 1};
    return p->slot ? 0 : -ENOMEM;
}

static void places_fini(struct places *p)
{
    free(p->slot);
}

static struct place *place_of(const struct places *p, int64_t id)
{
    size_t i = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 32) & p->mask;
    while (p->slot[i].at && p->slot[i].id != id)
        i = (i + 1) & p->mask;
    return &p->slot[i];
}

int fuse_merge(struct candidate *list, size_t *n)
{
    _cleanup_(places_fini) struct places places;
    if (places_init(&places, *n) < 0)
        return -ENOMEM;
    size_t out = 0;
    for (size_t i = 0; i < *n; i++) {
        struct candidate c = list[i];
        struct place *p = place_of(&places, c.passage);
        if (!p->at) {
            list[out] = c;
            *p = (struct place){c.passage, ++out};
            continue;
        }
        struct candidate *into = &list[p->at - 1];
        if (c.lex_rank) {
            into->lex = c.lex;
            into->lex_rank = c.lex_rank;
        }
        if (c.vec_rank) {
            into->vec = c.vec;
            into->vec_rank = c.vec_rank;
        }
    }
    *n = out;
    return 0;
}

void fuse_score(struct candidate *list, size_t n, const struct fusion *f)
{
    double lex_max = 0, vec_max = 0, vec_min = 1;
    for (size_t i = 0; i < n; i++) {
        lex_max = list[i].lex > lex_max ? list[i].lex : lex_max;
        vec_max = list[i].vec > vec_max ? list[i].vec : vec_max;
        vec_min = list[i].vec < vec_min ? list[i].vec : vec_min;
    }
    double lw = lex_max > 0 ? f->lex_weight : 0, vw = vec_max > 0 ? f->vec_weight : 0;
    /* Between the candidates, not to zero: even an unrelated text has some cosine. Alone the
     * vectors keep their proportions. */
    double base = lw > 0 && vec_min > 0 ? vec_min : 0;
    if (base > vec_max - FUSE_SPAN_MIN)
        base = fmax(vec_max - FUSE_SPAN_MIN, 0);
    double total = lw + vw > 0 ? lw + vw : 1;
    for (size_t i = 0; i < n; i++) {
        double lex = lw > 0 ? list[i].lex / lex_max : 0;
        double vec = vw > 0 && list[i].vec > base ? (list[i].vec - base) / (vec_max - base) : 0;
        list[i].score = (lw * lex + vw * vec) / total;
    }
}

/* What their order depends on: a candidate is large, and sorting moves things often. */
struct ranked {
    double score;
    int64_t document, passage;
    const struct candidate *c;
};

static struct ranked rank_of(const struct candidate *c)
{
    return (struct ranked){c->score, c->document, c->passage, c};
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->document != y->document)
        return x->document < y->document ? -1 : 1;
    return (x->passage > y->passage) - (x->passage < y->passage);
}

static bool before(const struct candidate *a, const struct candidate *b)
{
    struct ranked x = rank_of(a), y = rank_of(b);
    return by_rank(&x, &y) < 0;
}

int fuse_sort(struct candidate *list, size_t n)
{
    _cleanup_free_ struct ranked *rank = malloc((n + 1) * sizeof(*rank));
    _cleanup_free_ struct candidate *sorted = malloc((n + 1) * sizeof(*sorted));
    if (!rank || !sorted)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        rank[i] = rank_of(&list[i]);
    qsort(rank, n, sizeof(*rank), by_rank);
    for (size_t i = 0; i < n; i++)
        sorted[i] = *rank[i].c;
    memcpy(list, sorted, n * sizeof(*list));
    return 0;
}

int fuse_first(struct candidate *list, size_t n, size_t k)
{
    _cleanup_free_ struct best *best = malloc((k + 1) * sizeof(*best));
    size_t kept = 0, first = 0;
    if (!best)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        best_offer(best, &kept, k,
                   &(struct best){list[i].passage, list[i].document, list[i].score});
    for (size_t i = 0; i < n && first < kept; i++) {
        struct candidate c = list[i];
        if (best_worse(&(struct best){c.passage, c.document, c.score}, &best[0]))
            continue;
        list[i] = list[first];
        list[first++] = c;
    }
    return fuse_sort(list, first);
}

size_t fuse_sink(struct candidate *list, size_t n, size_t i)
{
    for (; i + 1 < n && before(&list[i + 1], &list[i]); i++) {
        struct candidate c = list[i];
        list[i] = list[i + 1];
        list[i + 1] = c;
    }
    return i;
}

int fuse_group(struct candidate *list, size_t *n)
{
    _cleanup_(places_fini) struct places places;
    if (places_init(&places, *n) < 0)
        return -ENOMEM;
    size_t out = 0;
    for (size_t i = 0; i < *n; i++) {
        struct candidate c = list[i];
        struct place *p = place_of(&places, c.document);
        struct candidate *best = &list[p->at ? p->at - 1 : out];
        c.matches = p->at ? best->matches + 1 : 1;
        if (!p->at || before(&c, best))
            *best = c;
        else
            best->matches = c.matches;
        if (!p->at)
            *p = (struct place){c.document, ++out};
    }
    *n = out;
    return fuse_sort(list, out);
}
