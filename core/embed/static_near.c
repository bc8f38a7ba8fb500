/* SPDX-License-Identifier: MIT
 * How near the words of a text are to those of a question. The texts of one question share most of
 * their words: what a word is, and what a row has to do with the question, is found out once. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/static.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"

#define QUERY_ROWS 32
#define SLOTS_MIN 16384 /* twice the rows of most questions */

/* A row that some text holds. */
struct known {
    uint32_t row, text; /* text: the last one that it was counted in, 0: none yet */
};

/* A word that has a number: its rows are place[first..first + n). */
struct word {
    uint32_t first, text; /* text: the last one that it was counted in, 0: none yet */
    uint16_t n;
    bool part;
    bool late; /* counts unless parts of it follow, which say it */
};

struct embed_asked {
    const struct static_model *m;
    _Atomic float *norms; /* of the rows of the model, as they were asked for */
    struct static_lanes *lanes;
    size_t width; /* of lanes; beyond n there are zeros */
    uint32_t row[QUERY_ROWS];
    float weight[QUERY_ROWS], norm[QUERY_ROWS], best[QUERY_ROWS];
    size_t n;
    float total;

    uint32_t *slot; /* 1 + place of a row among the known ones; open addressing */
    size_t slots;
    struct known *known;
    float *cosine; /* width for each of them */
    size_t n_known;
    size_t cap; /* of known, cosine and place */

    struct word *word;
    size_t words, word_cap;
    uint32_t *place;  /* of a row among the known ones; of a word not counted yet: the row */
    size_t places;    /* at least as many as rows are known, and at most cap */
    uint32_t waiting; /* 1 + the word that is late; 0: none */

    uint32_t text;                  /* number of the present one */
    uint32_t seen[STATIC_FEATURES]; /* places of the rows in it; with FRESH: no cosines yet */
    size_t rows, compared;          /* of them; those that best knows about */
    float in_title;                 /* of the present text */
};

#define FRESH (1u << 31)

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
        known ? reallocarray(a->cosine, cap * (a->width ? a->width : 1), sizeof(*cosine)) : NULL;
    if (cosine)
        a->cosine = cosine;
    uint32_t *place = cosine ? reallocarray(a->place, cap, sizeof(*place)) : NULL;
    if (place)
        a->place = place;
    uint32_t *slot = place ? calloc(slots, sizeof(*slot)) : NULL;
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
    int32_t dot[QUERY_ROWS];
    float norm = row_norm(a, row);
    static_dots(a->m->row + (size_t)row * a->m->head->dim, a->lanes, dot);
    for (size_t q = 0; q < a->width; q++)
        ret[q] = norm > 0 ? (float)dot[q] / (norm * a->norm[q]) : 0;
    for (size_t q = 0; q < a->n; q++)
        if (a->row[q] == row && norm > 0)
            ret[q] = 1;
}

/* Room for one more was made with the word. */
static uint32_t place_of(struct embed_asked *a, uint32_t row)
{
    size_t i = slot_of(a, row);
    if (!a->slot[i]) {
        a->known[a->n_known] = (struct known){.row = row};
        a->slot[i] = (uint32_t)++a->n_known;
    }
    return a->slot[i] - 1;
}

/* It will be read when the text ends: most rows are far away in memory. */
static void fetch(const struct embed_asked *a, uint32_t row)
{
    size_t dim = a->m->head->dim;
    for (size_t i = 0; i < dim; i += 64)
        __builtin_prefetch(a->m->row + (size_t)row * dim + i);
}

/* The rows of a word occur in the present text. */
static void count(struct embed_asked *a, struct word *w)
{
    if (w->text == a->text)
        return;
    uint32_t *place = a->place + w->first;
    for (size_t i = 0; i < w->n && !w->text; i++)
        place[i] = place_of(a, place[i]);
    w->text = a->text;
    for (size_t i = 0; i < w->n && a->rows < STATIC_FEATURES; i++) {
        struct known *k = &a->known[place[i]];
        if (k->text == a->text)
            continue;
        if (!k->text)
            fetch(a, k->row);
        a->seen[a->rows++] = place[i] | (k->text ? 0 : FRESH);
        k->text = a->text;
    }
}

/* Takes the rows that were counted since the last time into best. */
static void compare(struct embed_asked *a)
{
    for (; a->compared < a->rows; a->compared++) {
        uint32_t place = a->seen[a->compared] & ~FRESH;
        float *cosine = a->cosine + place * a->width;
        if (a->seen[a->compared] & FRESH)
            compute(a, a->known[place].row, cosine);
        for (size_t q = 0; q < a->width; q++)
            a->best[q] = cosine[q] > a->best[q] ? cosine[q] : a->best[q];
    }
}

static void count_waiting(struct embed_asked *a)
{
    if (a->waiting)
        count(a, &a->word[a->waiting - 1]);
    a->waiting = 0;
}

static float found(struct embed_asked *a)
{
    float sum = 0;
    count_waiting(a);
    compare(a);
    for (size_t q = 0; q < a->n; q++)
        sum += a->weight[q] * a->best[q];
    return a->total > 0 ? sum / a->total : 0;
}

static void next_text(struct embed_asked *a)
{
    memset(a->best, 0, sizeof(a->best));
    a->in_title = 0;
    a->rows = a->compared = 0;
    a->text++;
}

static void near_free(struct embed_asked *a)
{
    if (!a)
        return;
    free(a->lanes);
    free(a->slot);
    free(a->known);
    free(a->cosine);
    free(a->word);
    free(a->place);
    free(a);
}

static int near_begin(void *ctx, const char *query, struct embed_asked **ret, struct docfs_err *err)
{
    const struct embed_static *e = ctx;
    struct embed_asked *a = calloc(1, sizeof(*a));
    if (!a)
        return err_oom(err);
    a->m = &e->m;
    a->norms = e->norm;
    if (read_query(a, query) < 0) {
        near_free(a);
        return err_oom(err);
    }
    next_text(a);
    *ret = a;
    return 0;
}

static int keep(struct embed_asked *a, const struct word *w, const uint32_t *row)
{
    size_t cap = a->word_cap ? 2 * a->word_cap : 4096;
    if (a->words == a->word_cap) {
        struct word *grown = reallocarray(a->word, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        a->word = grown;
        a->word_cap = cap;
    }
    while (a->places + w->n > a->cap)
        if (widen(a) < 0)
            return -ENOMEM;
    for (size_t i = 0; i < w->n; i++)
        a->place[a->places++] = row[i];
    a->word[a->words++] = *w;
    return 0;
}

static size_t near_rows(void *ctx, const struct token *t, const char *stem, size_t len,
                        uint32_t row[EMBED_WORD_ROWS])
{
    const struct static_model *m = &((const struct embed_static *)ctx)->m;
    unsigned flags = m->head->flags;
    if (flags & STATIC_DROP_STOP && token_is_stopword(t->text, t->len))
        return 0;
    const char *word = flags & STATIC_STEM ? stem : t->text;
    size_t n = flags & STATIC_STEM ? len : t->len;
    row[0] = static_find(m, word, n);
    return row[0] == UINT32_MAX ? static_grams(m, word, n, row) : 1;
}

static int64_t near_know(struct embed_asked *a, const uint32_t *row, size_t n, bool part)
{
    bool grams = n && row[0] >= a->m->head->words;
    struct word w = {.first = (uint32_t)a->places,
                     .n = a->n ? (uint16_t)n : 0,
                     .part = part,
                     .late = grams && !part};
    return keep(a, &w, row) < 0 ? -ENOMEM : (int64_t)a->words - 1;
}

static void near_word(struct embed_asked *a, uint32_t word)
{
    struct word *w = &a->word[word];
    if (w->part)
        a->waiting = 0;
    else
        count_waiting(a);
    if (w->late)
        a->waiting = word + 1;
    else
        count(a, w);
}

static void near_title(struct embed_asked *a)
{
    a->in_title = found(a);
}

static void near_end(struct embed_asked *a, struct embed_near *ret)
{
    *ret = (struct embed_near){.all = found(a), .title = a->in_title};
    next_text(a);
}

const struct embed_near_ops static_near = {.begin = near_begin,
                                           .rows = near_rows,
                                           .know = near_know,
                                           .word = near_word,
                                           .title = near_title,
                                           .end = near_end,
                                           .free = near_free};
