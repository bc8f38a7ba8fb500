/* SPDX-License-Identifier: MIT
 * How near the words of a text are to those of a question. The texts of one question share most of
 * their words: what a row has to do with the question is computed when it comes up first. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/static.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"

#define QUERY_ROWS 32
#define SLOTS_MIN 2048

struct known {
    uint32_t row, text; /* text: the last one that it was counted in */
};

struct embed_asked {
    const struct static_model *m;
    uint32_t row[QUERY_ROWS];
    float weight[QUERY_ROWS], norm[QUERY_ROWS], best[QUERY_ROWS];
    size_t n;
    float total;

    uint32_t *slot; /* 1 + place of a row among the known ones; open addressing */
    size_t slots;
    struct known *known;
    float *cosine; /* n for each of them */
    size_t n_known, cap;

    struct static_reader reader;
    uint32_t text;  /* number of the present one */
    size_t rows;    /* different ones in it */
    float in_title; /* of the present text */
};

static float row_norm(const struct static_model *m, uint32_t row)
{
    const int8_t *r = m->row + (size_t)row * m->head->dim;
    return sqrtf((float)static_dot(r, r, m->head->dim));
}

static int read_query(struct embed_asked *a, const char *query)
{
    _cleanup_free_ struct static_bag *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    static_bag_add(a->m, b, query, strlen(query), 1);
    for (size_t i = 0; i < b->n && a->n < QUERY_ROWS; i++) {
        uint32_t row = b->item[i].row;
        float norm = row_norm(a->m, row);
        float w = a->m->query[row] * norm * static_damp(b->item[i].count);
        if (!(w > 0))
            continue;
        a->row[a->n] = row;
        a->norm[a->n] = norm;
        a->weight[a->n++] = w;
        a->total += w;
    }
    return 0;
}

static size_t slot_of(const struct embed_asked *a, uint32_t row)
{
    size_t i = (row * 0x9e3779b1u) >> 8 & (a->slots - 1);
    while (a->slot[i] && a->known[a->slot[i] - 1].row != row)
        i = (i + 1) & (a->slots - 1);
    return i;
}

static int widen(struct embed_asked *a)
{
    size_t slots = a->slots ? 2 * a->slots : SLOTS_MIN, cap = slots / 2;
    struct known *known = reallocarray(a->known, cap, sizeof(*known));
    if (known)
        a->known = known;
    float *cosine =
        known ? reallocarray(a->cosine, cap * (a->n ? a->n : 1), sizeof(*cosine)) : NULL;
    if (cosine)
        a->cosine = cosine;
    uint32_t *slot = cosine ? calloc(slots, sizeof(*slot)) : NULL;
    if (!slot)
        return -ENOMEM;
    free(a->slot);
    a->slot = slot;
    a->slots = slots;
    a->cap = cap;
    for (size_t k = 0; k < a->n_known; k++)
        a->slot[slot_of(a, a->known[k].row)] = (uint32_t)k + 1;
    return 0;
}

static void compute(struct embed_asked *a, uint32_t row, float *ret)
{
    const struct static_model *m = a->m;
    size_t dim = m->head->dim;
    const int8_t *r = m->row + (size_t)row * dim;
    float norm = row_norm(m, row);
    for (size_t q = 0; q < a->n; q++)
        ret[q] = !(norm > 0) ? 0
                 : row == a->row[q]
                     ? 1
                     : (float)static_dot(r, m->row + a->row[q] * dim, dim) / (norm * a->norm[q]);
}

/* A row occurs in the present text. */
static int meet(void *arg, uint32_t row, float count)
{
    struct embed_asked *a = arg;
    if (a->n_known == a->cap && widen(a) < 0)
        return -ENOMEM;
    size_t i = slot_of(a, row);
    if (!a->slot[i]) {
        a->known[a->n_known] = (struct known){.row = row};
        compute(a, row, a->cosine + a->n_known * a->n);
        a->slot[i] = (uint32_t)++a->n_known;
    }
    struct known *k = &a->known[a->slot[i] - 1];
    if (k->text == a->text || a->rows == STATIC_FEATURES)
        return 0;
    k->text = a->text;
    a->rows++;
    const float *cosine = a->cosine + (a->slot[i] - 1) * a->n;
    for (size_t q = 0; q < a->n; q++)
        a->best[q] = cosine[q] > a->best[q] ? cosine[q] : a->best[q];
    return 0;
}

static float found(const struct embed_asked *a)
{
    float sum = 0;
    for (size_t q = 0; q < a->n; q++)
        sum += a->weight[q] * a->best[q];
    return a->total > 0 ? sum / a->total : 0;
}

static void next_text(struct embed_asked *a)
{
    memset(a->best, 0, sizeof(a->best));
    a->in_title = 0;
    a->rows = 0;
    a->text++;
}

static void near_free(struct embed_asked *a)
{
    if (!a)
        return;
    free(a->slot);
    free(a->known);
    free(a->cosine);
    free(a);
}

static int near_begin(void *ctx, const char *query, struct embed_asked **ret, struct docfs_err *err)
{
    const struct embed_static *e = ctx;
    struct embed_asked *a = calloc(1, sizeof(*a));
    if (!a)
        return err_oom(err);
    a->m = &e->m;
    a->reader = (struct static_reader){.m = a->m, .factor = 1, .row = meet, .arg = a};
    if (read_query(a, query) < 0) {
        near_free(a);
        return err_oom(err);
    }
    next_text(a);
    *ret = a;
    return 0;
}

static int near_word(struct embed_asked *a, const struct token *t, const char *stem, size_t len)
{
    return a->n ? static_read_word(&a->reader, t, stem, len) : 0;
}

/* The end of a text can only fail for memory, and then loses one word. */
static void near_title(struct embed_asked *a)
{
    static_read_end(&a->reader);
    a->in_title = found(a);
}

static void near_end(struct embed_asked *a, struct embed_near *ret)
{
    static_read_end(&a->reader);
    *ret = (struct embed_near){.all = found(a), .title = a->in_title};
    next_text(a);
}

const struct embed_near_ops static_near = {.begin = near_begin,
                                           .word = near_word,
                                           .title = near_title,
                                           .end = near_end,
                                           .free = near_free};
