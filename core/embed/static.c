/* SPDX-License-Identifier: MIT */
#include "core/embed/static.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define BATCH 64

/* The loops below are plain; the compiler makes a version for each kind of processor, and the
 * loader picks one. Sanitizers cannot start before that choice. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define EACH_PROCESSOR \
    __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), optimize("O3")))
#else
#define EACH_PROCESSOR
#endif

/* v += w * row */
EACH_PROCESSOR static void add_row(float *restrict v, const int8_t *restrict row, float w,
                                   size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        v[i] += w * (float)row[i];
}

EACH_PROCESSOR int32_t static_dot(const int8_t *a, const int8_t *b, size_t dim)
{
    int32_t sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += (int16_t)a[i] * (int16_t)b[i];
    return sum;
}

/* Returns how many of the rows are of the title. */
static void read_text(const struct static_model *m, const struct embed_text *t,
                      struct static_bag *b)
{
    static_bag_clear(b);
    static_bag_add(m, b, t->title, t->title_len, m->head->title_factor);
    static_bag_add(m, b, t->body, t->body_len, 1);
}

static int static_embed(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                        float *out, struct docfs_err *err)
{
    const struct embed_static *e = ctx;
    const struct static_model *m = &e->m;
    const float *factor = kind == EMBED_QUERY ? m->query : m->passage;
    size_t dim = m->head->dim;
    _cleanup_free_ struct static_bag *b = calloc(1, sizeof(*b));
    if (!b)
        return err_oom(err);
    for (size_t k = 0; k < n; k++) {
        float *v = out + k * dim;
        memset(v, 0, dim * sizeof(*v));
        read_text(m, &texts[k], b);
        for (size_t i = 0; i < b->n; i++) {
            uint32_t row = b->item[i].row;
            add_row(v, m->row + row * dim, factor[row] * static_damp(b->item[i].count), dim);
        }
        double sum = 0;
        for (size_t i = 0; i < dim; i++)
            sum += (double)v[i] * (double)v[i];
        float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
        for (size_t i = 0; i < dim; i++)
            v[i] *= scale;
    }
    return 0;
}

static void static_free(void *ctx)
{
    struct embed_static *e = ctx;
    static_close(&e->m);
    spares_fini(&e->asked, static_near_free);
    free(e->factors);
    free(e->norm);
    free(e);
}

int embed_static_with(struct static_model *m, const char *tuning, float *factors,
                      struct embedder **ret, struct docfs_err *err)
{
    _cleanup_free_ struct embedder *e = calloc(1, sizeof(*e));
    _cleanup_free_ struct embed_static *s = calloc(1, sizeof(*s));
    const struct static_head *h = m->head;
    if (s)
        s->norm = calloc((size_t)h->words + h->buckets, sizeof(*s->norm));
    if (!e || !s || !s->norm) {
        static_close(m);
        free(factors);
        return err_oom(err);
    }
    spares_init(&s->asked);
    s->m = *m;
    s->factors = factors;
    if (factors) {
        s->m.query = factors;
        s->m.passage = factors + (size_t)h->words + h->buckets;
    }
    /* Other factors leave a word what it is. */
    const uint32_t words[] = {h->words, h->buckets, h->gram_min, h->gram_max, h->flags};
    s->vocabulary = hash64(words, sizeof(words), h->table_sum) | 1;
    uint64_t sum = h->row_sum ^ h->table_sum;
    snprintf(s->fingerprint, sizeof(s->fingerprint), "docfs/%s-%08x%s%s/%u/l2", h->name,
             (unsigned)(sum ^ sum >> 32), *tuning ? "+" : "", tuning, h->dim);
    *e = (struct embedder){.dim = h->dim,
                           .fingerprint = s->fingerprint,
                           .batch = BATCH,
                           .floor = 0.25f,  /* of the cosine between unrelated texts */
                           .home = 0.08f,   /* measured: .03 to .08 in documentation of software, */
                           .abroad = 0.15f, /* .10 to .40 in abstracts of other sciences */
                           .embed = static_embed,
                           .near = &static_near,
                           .free = static_free};
    e->ctx = steal_ptr(s);
    *ret = steal_ptr(e);
    return 0;
}

int embed_static_new(const char *path, struct embedder **ret, struct docfs_err *err)
{
    struct static_model m;
    int r = static_open(path, &m, err);
    return r < 0 ? r : embed_static_with(&m, "", NULL, ret, err);
}
