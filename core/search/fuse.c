/* SPDX-License-Identifier: MIT
 * Score fusion: each list is normalised by its own best, then added with weights. */
#include "core/search/search.h"

#include <math.h>
#include <stdlib.h>

static int by_passage(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->passage > y->passage) - (x->passage < y->passage);
}

size_t fuse_merge(struct candidate *list, size_t n)
{
    if (n == 0)
        return 0;
    qsort(list, n, sizeof(*list), by_passage);
    size_t out = 0;
    for (size_t i = 1; i < n; i++) {
        struct candidate *into = &list[out], *c = &list[i];
        if (c->passage != into->passage) {
            list[++out] = *c;
            continue;
        }
        if (c->lex_rank) {
            into->lex = c->lex;
            into->lex_rank = c->lex_rank;
        }
        if (c->vec_rank) {
            into->vec = c->vec;
            into->vec_rank = c->vec_rank;
        }
    }
    return out + 1;
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

static int by_document(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->document != y->document)
        return x->document < y->document ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->passage > y->passage) - (x->passage < y->passage);
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->document > y->document) - (x->document < y->document);
}

void fuse_sort(struct candidate *list, size_t n)
{
    if (n)
        qsort(list, n, sizeof(*list), by_score);
}

size_t fuse_sink(struct candidate *list, size_t n, size_t i)
{
    for (; i + 1 < n && by_score(&list[i], &list[i + 1]) > 0; i++) {
        struct candidate c = list[i];
        list[i] = list[i + 1];
        list[i + 1] = c;
    }
    return i;
}

size_t fuse_group(struct candidate *list, size_t n)
{
    if (n == 0)
        return 0;
    qsort(list, n, sizeof(*list), by_document);
    size_t out = 0;
    list[0].matches = 1;
    for (size_t i = 1; i < n; i++) {
        if (list[i].document == list[out].document) {
            list[out].matches++;
            continue;
        }
        list[++out] = list[i];
        list[out].matches = 1;
    }
    qsort(list, out + 1, sizeof(*list), by_score);
    return out + 1;
}
