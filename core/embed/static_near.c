/* SPDX-License-Identifier: MIT
 * How near the words of a text are to those of a question. The texts of one question share most of
 * their rows: what a row has to do with the question is found out once. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/static.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"

#define QUERY_ROWS 32
#define SLOTS_MIN 8192  /* twice the rows of most questions, and more */
#define SLOTS_MAX 32768 /* that are kept for the next one */

/* 1 + a row, 0: free; and where it is among the known ones. */
struct slot {
    uint32_t row, place;
};

struct embed_asked {
    struct embed_static *e;
    const struct static_model *m;
    _Atomic float *norms; /* of the rows of the model, as they were asked for */
    struct static_lanes *lanes;
    size_t width; /* of lanes; beyond n there are zeros */
    uint32_t row[QUERY_ROWS];
    float weight[QUERY_ROWS], norm[QUERY_ROWS], best[QUERY_ROWS];
    size_t n;
    float total;

    struct slot *slot; /* of known rows; open addressing */
    size_t slots;
    uint32_t *known;          /* rows that texts held */
    float *cosine;            /* width for each of them */
    size_t cosines;           /* that there is room for */
    size_t n_known, computed; /* computed: the first that have their cosines */
};

static float row_norm(const struct embed_asked *a, uint32_t row)
{
    float norm = atomic_load_explicit(&a->norms[row], memory_order_relaxed);
    if (norm > 0)
        return norm;
    const int8_t *r = a->m->row + (size_t)row * a->m->head->dim;
    norm = sqrtf((float)static_dot(r, r, a->m->head->dim));
    atomic_store_explicit(&a->norms[row], norm, memory_order_relaxed);
    return norm;
}

static int read_query(struct embed_asked *a, const char *query)
{
    _cleanup_free_ struct static_bag *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    static_bag_add(a->m, b, query, strlen(query), 1);
    for (size_t i = 0; i < b->n && a->n < QUERY_ROWS; i++) {
        uint32_t row = b->item[i].row;
        float norm = row_norm(a, row);
        float w = a->m->query[row] * norm * static_damp(b->item[i].count);
        if (!(w > 0))
            continue;
        a->row[a->n] = row;
        a->norm[a->n] = norm;
        a->weight[a->n++] = w;
        a->total += w;
    }
    a->lanes = static_lanes_new(a->m, a->row, a->n);
    a->width = a->lanes ? static_lanes_width(a->lanes) : 0;
    for (size_t i = a->n; i < a->width; i++)
        a->norm[i] = 1;
    return a->lanes ? 0 : -ENOMEM;
}

static struct slot *slot_of(const struct embed_asked *a, uint32_t row)
{
    size_t i = (row * 0x9e3779b1u) >> 8 & (a->slots - 1);
    while (a->slot[i].row && a->slot[i].row != row + 1)
        i = (i + 1) & (a->slots - 1);
    return &a->slot[i];
}

/* Room for the cosines of as many rows as can be known. */
static int make_room(struct embed_asked *a)
{
    size_t n = a->slots / 2 * a->width;
    if (n <= a->cosines)
        return 0;
    float *cosine = reallocarray(a->cosine, n, sizeof(*cosine));
    if (!cosine)
        return -ENOMEM;
    a->cosine = cosine;
    a->cosines = n;
    return 0;
}

static int widen(struct embed_asked *a)
{
    size_t slots = a->slots ? 2 * a->slots : SLOTS_MIN;
    uint32_t *known = reallocarray(a->known, slots / 2, sizeof(*known));
    if (known)
        a->known = known;
    struct slot *slot = known ? calloc(slots, sizeof(*slot)) : NULL;
    if (!slot)
        return -ENOMEM;
    free(a->slot);
    a->slot = slot;
    a->slots = slots;
    for (size_t k = 0; k < a->n_known; k++)
        *slot_of(a, a->known[k]) = (struct slot){a->known[k] + 1, (uint32_t)k};
    return make_room(a);
}

static void compute(struct embed_asked *a, uint32_t row, float *ret)
{
    int32_t dot[QUERY_ROWS];
    float norm = row_norm(a, row);
    static_dots(a->m->row + (size_t)row * a->m->head->dim, a->lanes, dot);
    for (size_t q = 0; q < a->width; q++)
        ret[q] = norm > 0 ? (float)dot[q] / (norm * a->norm[q]) : 0;
    for (size_t q = 0; q < a->n; q++)
        if (a->row[q] == row && norm > 0)
            ret[q] = 1;
}

/* It will be read when the rows are all placed: most are far away in memory. */
static void fetch(const struct embed_asked *a, uint32_t row)
{
    size_t dim = a->m->head->dim;
    for (size_t i = 0; i < dim; i += 64)
        __builtin_prefetch(a->m->row + (size_t)row * dim + i);
}

/* Where the row is among the known ones; -1: the model has it not. */
static int64_t place_of(struct embed_asked *a, uint32_t row)
{
    if (row >= a->m->head->words + a->m->head->buckets)
        return -1;
    struct slot *s = slot_of(a, row);
    if (!s->row) {
        fetch(a, row);
        *s = (struct slot){row + 1, (uint32_t)a->n_known};
        a->known[a->n_known++] = row;
    }
    return s->place;
}

/* One block of lanes, whose bests stay in registers. */
static void raise_best(struct embed_asked *a, size_t block, const int64_t *place, size_t n)
{
    float best[STATIC_LANES];
    memcpy(best, a->best + block, sizeof(best));
    for (size_t i = 0; i < n; i++) {
        if (place[i] < 0)
            continue;
        const float *cosine = a->cosine + (size_t)place[i] * a->width + block;
        for (size_t q = 0; q < STATIC_LANES; q++)
            best[q] = cosine[q] > best[q] ? cosine[q] : best[q];
    }
    memcpy(a->best + block, best, sizeof(best));
}

static int take(struct embed_asked *a, const uint32_t *row, size_t n)
{
    int64_t place[STATIC_FEATURES];
    while (2 * (a->n_known + n) > a->slots)
        if (widen(a) < 0)
            return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        place[i] = place_of(a, row[i]);
    for (; a->computed < a->n_known; a->computed++)
        compute(a, a->known[a->computed], a->cosine + a->computed * a->width);
    for (size_t block = 0; block < a->width; block += STATIC_LANES)
        raise_best(a, block, place, n);
    return 0;
}

static float found(const struct embed_asked *a)
{
    float sum = 0;
    for (size_t q = 0; q < a->n; q++)
        sum += a->weight[q] * a->best[q];
    return a->total > 0 ? sum / a->total : 0;
}

/* So many at once. */
static int take_all(struct embed_asked *a, const uint32_t *row, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0 && a->n; i += STATIC_FEATURES)
        rc = take(a, row + i, n - i < STATIC_FEATURES ? n - i : STATIC_FEATURES);
    return rc;
}

static int near_compare(struct embed_asked *a, const uint32_t *row, size_t title, size_t n,
                        struct embed_near *ret)
{
    memset(a->best, 0, sizeof(a->best));
    int rc = take_all(a, row, title);
    ret->title = found(a);
    if (rc == 0)
        rc = take_all(a, row + title, n - title);
    ret->all = found(a);
    return rc;
}

void static_near_free(void *asked)
{
    struct embed_asked *a = asked;
    free(a->lanes);
    free(a->slot);
    free(a->known);
    free(a->cosine);
    free(a);
}

static void near_free(struct embed_asked *a)
{
    if (a->slots > SLOTS_MAX || !spares_give(&a->e->asked, a))
        static_near_free(a);
}

/* One that knows no row, with the memory of one before it. */
static struct embed_asked *asked_take(struct embed_static *e)
{
    struct embed_asked *a = spares_take(&e->asked), old;
    if (!a)
        return calloc(1, sizeof(*a));
    old = *a;
    free(old.lanes);
    if (old.slot)
        memset(old.slot, 0, old.slots * sizeof(*old.slot));
    *a = (struct embed_asked){.slot = old.slot,
                              .slots = old.slots,
                              .known = old.known,
                              .cosine = old.cosine,
                              .cosines = old.cosines};
    return a;
}

static int near_begin(void *ctx, const char *query, struct embed_asked **ret, struct docfs_err *err)
{
    struct embed_static *e = ctx;
    struct embed_asked *a = asked_take(e);
    if (!a)
        return err_oom(err);
    a->e = e;
    a->m = &e->m;
    a->norms = e->norm;
    if (read_query(a, query) < 0 || make_room(a) < 0) {
        static_near_free(a);
        return err_oom(err);
    }
    *ret = a;
    return 0;
}

static void near_rows(void *ctx, const struct token *t, const char *stem, size_t len,
                      struct embed_word *ret)
{
    const struct static_model *m = &((const struct embed_static *)ctx)->m;
    unsigned flags = m->head->flags;
    ret->n = 0;
    ret->letters = false;
    if (flags & STATIC_DROP_STOP && token_is_stopword(t->text, t->len))
        return;
    const char *word = flags & STATIC_STEM ? stem : t->text;
    size_t n = flags & STATIC_STEM ? len : t->len;
    ret->row[0] = static_find(m, word, n);
    ret->letters = ret->row[0] == UINT32_MAX;
    ret->n = ret->letters ? static_grams(m, word, n, ret->row) : 1;
}

static uint64_t near_vocabulary(void *ctx)
{
    return ((const struct embed_static *)ctx)->vocabulary;
}

const struct embed_near_ops static_near = {.vocabulary = near_vocabulary,
                                           .rows = near_rows,
                                           .begin = near_begin,
                                           .compare = near_compare,
                                           .free = near_free};
