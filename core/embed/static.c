/* SPDX-License-Identifier: MIT */
#include "core/embed/static.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"

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

struct embed_static {
    struct static_model m;
    float *factors; /* owned; what m.query and m.passage point to when they are adapted */
    char fingerprint[128];
};

/* v += w * row */
EACH_PROCESSOR static void add_row(float *restrict v, const int8_t *restrict row, float w,
                                   size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        v[i] += w * (float)row[i];
}

EACH_PROCESSOR static int32_t dot(const int8_t *a, const int8_t *b, size_t dim)
{
    int32_t sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += (int16_t)a[i] * (int16_t)b[i];
    return sum;
}

/* Returns how many of the rows are of the title. */
static size_t read_text(const struct static_model *m, const struct embed_text *t,
                        struct static_bag *b)
{
    static_bag_clear(b);
    static_bag_add(m, b, t->title, t->title_len, m->head->title_factor);
    size_t title = b->n;
    static_bag_add(m, b, t->body, t->body_len, 1);
    return title;
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

/* ---- word by word ---- */

#define QUERY_ROWS 32

struct asked {
    uint32_t row[QUERY_ROWS];
    float weight[QUERY_ROWS], norm[QUERY_ROWS], best[QUERY_ROWS];
    size_t n;
    float total;
};

static float row_norm(const struct static_model *m, uint32_t row)
{
    const int8_t *r = m->row + (size_t)row * m->head->dim;
    return sqrtf((float)dot(r, r, m->head->dim));
}

static void read_query(const struct static_model *m, const struct embed_text *t,
                       struct static_bag *b, struct asked *a)
{
    read_text(m, t, b);
    a->n = 0;
    a->total = 0;
    for (size_t i = 0; i < b->n && a->n < QUERY_ROWS; i++) {
        uint32_t row = b->item[i].row;
        float norm = row_norm(m, row), w = m->query[row] * norm * static_damp(b->item[i].count);
        if (!(w > 0))
            continue;
        a->row[a->n] = row;
        a->norm[a->n] = norm;
        a->weight[a->n++] = w;
        a->total += w;
    }
}

static float found(const struct asked *a)
{
    float sum = 0;
    for (size_t q = 0; q < a->n; q++)
        sum += a->weight[q] * a->best[q];
    return a->total > 0 ? sum / a->total : 0;
}

static struct embed_near nearness(const struct static_model *m, struct asked *a,
                                  const struct static_bag *b, size_t title)
{
    size_t dim = m->head->dim;
    struct embed_near near = {0};
    memset(a->best, 0, sizeof(a->best));
    for (size_t i = 0; i < b->n; i++) {
        if (i == title)
            near.title = found(a);
        const int8_t *row = m->row + b->item[i].row * dim;
        float norm = row_norm(m, b->item[i].row);
        if (!(norm > 0))
            continue;
        for (size_t q = 0; q < a->n; q++) {
            float c = b->item[i].row == a->row[q]
                          ? 1
                          : (float)dot(row, m->row + a->row[q] * dim, dim) / (norm * a->norm[q]);
            if (c > a->best[q])
                a->best[q] = c;
        }
    }
    near.all = found(a);
    if (title == b->n)
        near.title = near.all;
    return near;
}

static int static_compare(void *ctx, const struct embed_text *query, const struct embed_text *texts,
                          size_t n, struct embed_near *out, struct docfs_err *err)
{
    const struct embed_static *e = ctx;
    struct asked a;
    _cleanup_free_ struct static_bag *b = calloc(1, sizeof(*b));
    if (!b)
        return err_oom(err);
    read_query(&e->m, query, b, &a);
    for (size_t k = 0; k < n; k++) {
        size_t title = read_text(&e->m, &texts[k], b);
        out[k] = nearness(&e->m, &a, b, title);
    }
    return 0;
}

static void static_free(void *ctx)
{
    struct embed_static *e = ctx;
    static_close(&e->m);
    free(e->factors);
    free(e);
}

int embed_static_with(struct static_model *m, const char *tuning, float *factors,
                      struct embedder **ret, struct docfs_err *err)
{
    _cleanup_free_ struct embedder *e = calloc(1, sizeof(*e));
    _cleanup_free_ struct embed_static *s = calloc(1, sizeof(*s));
    if (!e || !s) {
        static_close(m);
        free(factors);
        return err_oom(err);
    }
    s->m = *m;
    s->factors = factors;
    const struct static_head *h = s->m.head;
    if (factors) {
        s->m.query = factors;
        s->m.passage = factors + (size_t)h->words + h->buckets;
    }
    uint64_t sum = h->row_sum ^ h->table_sum;
    snprintf(s->fingerprint, sizeof(s->fingerprint), "docfs/%s-%08x%s%s/%u/l2", h->name,
             (unsigned)(sum ^ sum >> 32), *tuning ? "+" : "", tuning, h->dim);
    *e = (struct embedder){.dim = h->dim,
                           .fingerprint = s->fingerprint,
                           .batch = BATCH,
                           .floor = 0.25f,  /* of the cosine between unrelated texts */
                           .home = 0.11f,   /* measured: .05 to .10 in documentation of software, */
                           .abroad = 0.18f, /* .14 to .38 in abstracts of other sciences */
                           .embed = static_embed,
                           .compare = static_compare,
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
