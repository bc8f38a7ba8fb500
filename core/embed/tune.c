/* SPDX-License-Identifier: MIT
 * Contrastive learning with the other passages of a batch as wrong answers (InfoNCE, both ways).
 * Only the logarithms of the factors move, by Adagrad; a pull to zero keeps words that occur rarely
 * where the model had them. */
#include "core/embed/tune.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/static.h"
#include "core/embed/tune_internal.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define BATCH 128
#define EPOCHS 3
#define RATE 0.05f
#define TEMPERATURE 0.06f
#define PULL 1e-3f /* towards factor 1, per step in which the word occurs */
#define PAIRS_MIN 200
#define PAIRS_MAX 120000 /* more are sampled */
#define POOL 2000        /* held-out pairs that are ranked against each other */
#define PASSAGE_MIN 5    /* known words */
#define LOG_MAX 1.4f     /* a factor is at most about 4 or a quarter */

void tuner_free(struct tuner *t)
{
    if (!t)
        return;
    static_close(&t->m);
    free(t->bag);
    free(t->feature);
    free(t->text);
    free(t->pair);
    free(t);
}

int tuner_new(struct tuner **ret, struct docfs_err *err)
{
    char path[4096];
    struct tuner *t = calloc(1, sizeof(*t));
    if (!t)
        return err_oom(err);
    t->bag = calloc(1, sizeof(*t->bag));
    int rc = t->bag ? embed_model_path(path, sizeof(path)) : -ENOMEM;
    if (rc == -ENOMEM)
        err_oom(err);
    else if (rc < 0 || strcmp(path, "none") == 0)
        rc = err_set(err, -ENOTSUP,
                     "no trained model is installed: there is nothing that could be adapted");
    else
        rc = static_open(path, &t->m, err);
    if (rc < 0) {
        tuner_free(t);
        return rc;
    }
    *ret = t;
    return 0;
}

static bool more(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    void *old, *p;
    memcpy(&old, array, sizeof(old));
    size_t to = *cap ? *cap * 2 : 1024;
    p = reallocarray(old, to, size);
    if (!p)
        return false;
    memcpy(array, &p, sizeof(p));
    *cap = to;
    return true;
}

/* A text as its rows and their weights; the number of the text, or -1 when it has fewer than
 * `least`. */
static int add_text(struct tuner *t, const char *text, size_t len, size_t least, int64_t *ret)
{
    *ret = -1;
    static_bag_clear(t->bag);
    static_bag_add(&t->m, t->bag, text, len, 1);
    if (t->bag->n < least)
        return 0;
    if (!more(&t->text, t->n_texts, &t->texts_cap, sizeof(*t->text)))
        return -ENOMEM;
    size_t first = t->n_features;
    for (size_t i = 0; i < t->bag->n; i++) {
        if (!more(&t->feature, t->n_features, &t->features_cap, sizeof(*t->feature)))
            return -ENOMEM;
        t->feature[t->n_features++] = (struct tune_feature){
            .row = t->bag->item[i].row, .weight = static_damp(t->bag->item[i].count)};
    }
    t->text[t->n_texts] = (struct tune_text){.first = first, .n = (uint32_t)t->bag->n};
    *ret = (int64_t)t->n_texts++;
    return 0;
}

int tuner_passage(struct tuner *t, const char *text, size_t len, int64_t group, int64_t *ret)
{
    int rc = add_text(t, text, len, PASSAGE_MIN, ret);
    if (rc == 0 && *ret >= 0)
        t->text[*ret].group = group;
    return rc;
}

int tuner_pair(struct tuner *t, const char *question, size_t len, int64_t passage)
{
    int64_t q;
    int rc = add_text(t, question, len, 1, &q);
    if (rc < 0 || q < 0)
        return rc;
    if (!more(&t->pair, t->n_pairs, &t->pairs_cap, sizeof(*t->pair)))
        return -ENOMEM;
    t->pair[t->n_pairs++] = (struct tune_pair){(uint32_t)q, (uint32_t)passage};
    return 0;
}

/* ---- vectors ---- */

/* The vector of a text under the factors a at scale s: unit length in v, the length returned. */
static float embed(const struct tuner *t, uint32_t text, int side, float s, float *v)
{
    const struct tune_text *x = &t->text[text];
    const float *base = side ? t->m.passage : t->m.query;
    size_t dim = t->m.head->dim;
    memset(v, 0, dim * sizeof(*v));
    for (size_t i = 0; i < x->n; i++) {
        const struct tune_feature *f = &t->feature[x->first + i];
        tune_add(v, t->m.row + f->row * dim,
                 base[f->row] * f->weight * expf(s * t->log[side][f->row]), dim);
    }
    double sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += (double)v[i] * (double)v[i];
    float norm = (float)sqrt(sum);
    for (size_t i = 0; i < dim && norm > 0; i++)
        v[i] /= norm;
    return norm;
}

/* ---- one step ---- */

struct batch {
    size_t n;
    const struct tune_pair *pair[BATCH];
    float *u[2]; /* question, passage: n * dim */
    float *g[2]; /* the loss by them */
    float norm[2][BATCH];
    float s[BATCH][BATCH];
};

/* Soft-max over the row (or column) i; adds its part of the gradient to d. */
static void softmax(const struct batch *b, size_t i, bool column, float d[BATCH][BATCH])
{
    float most = -INFINITY, sum = 0, p[BATCH];
    for (size_t k = 0; k < b->n; k++) {
        float x = column ? b->s[k][i] : b->s[i][k];
        most = x > most ? x : most;
    }
    for (size_t k = 0; k < b->n; k++) {
        bool same = b->pair[k]->passage == b->pair[i]->passage && k != i; /* no wrong answer */
        p[k] = same ? 0 : expf((column ? b->s[k][i] : b->s[i][k]) - most);
        sum += p[k];
    }
    for (size_t k = 0; k < b->n; k++) {
        float g = (p[k] / sum - (k == i)) / TEMPERATURE;
        if (column)
            d[k][i] += g;
        else
            d[i][k] += g;
    }
}

static void move(struct tuner *t, uint32_t text, int side, const float *u, float *g, float norm)
{
    const struct tune_text *x = &t->text[text];
    const float *base = side ? t->m.passage : t->m.query;
    size_t dim = t->m.head->dim;
    if (!(norm > 0))
        return;
    float along = 0;
    for (size_t i = 0; i < dim; i++)
        along += g[i] * u[i];
    for (size_t i = 0; i < dim; i++) /* the loss by the vector before it got unit length */
        g[i] = (g[i] - along * u[i]) / norm;
    for (size_t i = 0; i < x->n; i++) {
        const struct tune_feature *f = &t->feature[x->first + i];
        float *log = &t->log[side][f->row], *sum = &t->square[side][f->row];
        float w = base[f->row] * f->weight * expf(*log);
        float d = w * tune_dot(g, t->m.row + f->row * dim, dim) + PULL * *log;
        *sum += d * d;
        *log -= RATE * d / (sqrtf(*sum) + 1e-3f);
        *log = *log > LOG_MAX ? LOG_MAX : *log < -LOG_MAX ? -LOG_MAX : *log;
    }
}

static void step(struct tuner *t, struct batch *b)
{
    size_t dim = t->m.head->dim;
    static const float zero[BATCH][BATCH];
    float d[BATCH][BATCH];
    memcpy(d, zero, sizeof(d));
    for (size_t i = 0; i < b->n; i++) {
        b->norm[0][i] = embed(t, b->pair[i]->question, 0, 1, b->u[0] + i * dim);
        b->norm[1][i] = embed(t, b->pair[i]->passage, 1, 1, b->u[1] + i * dim);
    }
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->n; k++)
            b->s[i][k] = tune_cosine(b->u[0] + i * dim, b->u[1] + k * dim, dim) / TEMPERATURE;
    for (size_t i = 0; i < b->n; i++) {
        softmax(b, i, false, d);
        softmax(b, i, true, d);
    }
    memset(b->g[0], 0, b->n * dim * sizeof(float));
    memset(b->g[1], 0, b->n * dim * sizeof(float));
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->n; k++) {
            tune_axpy(b->g[0] + i * dim, b->u[1] + k * dim, d[i][k], dim);
            tune_axpy(b->g[1] + k * dim, b->u[0] + i * dim, d[i][k], dim);
        }
    for (size_t i = 0; i < b->n; i++) {
        move(t, b->pair[i]->question, 0, b->u[0] + i * dim, b->g[0] + i * dim, b->norm[0][i]);
        move(t, b->pair[i]->passage, 1, b->u[1] + i * dim, b->g[1] + i * dim, b->norm[1][i]);
    }
}

/* ---- ranking held-out pairs ---- */

/* Reciprocal rank of the right passage for each of n pairs, among the passages of all. */
static int rank(const struct tuner *t, const struct tune_pair *pair, size_t n, float s, float *ret)
{
    size_t dim = t->m.head->dim;
    _cleanup_free_ float *v = reallocarray(NULL, n * dim, sizeof(*v));
    _cleanup_free_ float *q = calloc(dim, sizeof(*q));
    if (!v || !q)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        embed(t, pair[i].passage, 1, s, v + i * dim);
    for (size_t i = 0; i < n; i++) {
        embed(t, pair[i].question, 0, s, q);
        float own = tune_cosine(q, v + i * dim, dim);
        double before = 0;
        for (size_t k = 0; k < n; k++) {
            float x = tune_cosine(q, v + k * dim, dim);
            if (pair[k].passage != pair[i].passage)
                before += x > own ? 1 : x == own ? 0.5 : 0;
        }
        ret[i] = (float)(1 / (1 + before));
    }
    return 0;
}

static double mean(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : 0;
}

/* Is y larger than x by more than chance explains? */
static bool is_better(const float *x, const float *y, size_t n)
{
    double m = (mean(y, n) - mean(x, n)), square = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)y[i] - (double)x[i] - m;
        square += d * d;
    }
    double error = sqrt(square / (double)(n > 1 ? n - 1 : 1) / (double)n);
    return m > 0 && m > 1.645 * error;
}

/* ---- all of it ---- */

/* Puts pairs of chosen documents aside: t->pair[0..train) stay, then n_check, then n_test ones. */
static void hold_out(struct tuner *t, size_t *train, size_t *n_check, size_t *n_test)
{
    uint64_t seed = 42;
    for (size_t i = t->n_pairs; i > 1; i--) { /* Fisher and Yates */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t k = (seed >> 33) % i;
        struct tune_pair p = t->pair[i - 1];
        t->pair[i - 1] = t->pair[k];
        t->pair[k] = p;
    }
    if (t->n_pairs > PAIRS_MAX)
        t->n_pairs = PAIRS_MAX;
    struct tune_pair *kept[3] = {calloc(t->n_pairs, sizeof(struct tune_pair)),
                                 calloc(t->n_pairs, sizeof(struct tune_pair)),
                                 calloc(t->n_pairs, sizeof(struct tune_pair))};
    size_t n[3] = {0};
    *train = *n_check = *n_test = 0;
    for (size_t i = 0; kept[0] && kept[1] && kept[2] && i < t->n_pairs; i++) {
        int64_t group = t->text[t->pair[i].passage].group;
        unsigned part = hash64(&group, sizeof(group), 7) % 10;
        unsigned to = part == 0 ? 2 : part == 1 ? 1 : 0;
        if (to == 0 || n[to] < POOL)
            kept[to][n[to]++] = t->pair[i];
    }
    size_t at = 0;
    for (size_t k = 0; k < 3; k++) {
        if (n[k])
            memcpy(t->pair + at, kept[k], n[k] * sizeof(struct tune_pair));
        at += n[k];
        free(kept[k]);
    }
    *train = n[0];
    *n_check = n[1];
    *n_test = n[2];
}

static int learn(struct tuner *t, size_t train, tuner_progress_fn *progress, void *arg,
                 struct docfs_err *err)
{
    size_t dim = t->m.head->dim;
    _cleanup_free_ struct batch *b = calloc(1, sizeof(*b));
    _cleanup_free_ float *room = calloc((size_t)4 * BATCH * dim, sizeof(*room));
    if (!b || !room)
        return err_oom(err);
    for (size_t i = 0; i < 2; i++) {
        b->u[i] = room + i * BATCH * dim;
        b->g[i] = room + (2 + i) * BATCH * dim;
    }
    for (size_t epoch = 0; epoch < EPOCHS; epoch++)
        for (size_t at = 0; at < train; at += BATCH) {
            b->n = train - at < BATCH ? train - at : BATCH;
            for (size_t i = 0; i < b->n; i++) /* another mixture of pairs in each round */
                b->pair[i] = &t->pair[(at + i * (2 * epoch + 1)) % train];
            step(t, b);
            double done = ((double)epoch + (double)at / (double)train) / EPOCHS;
            if (progress && progress(arg, done))
                return err_set(err, -ECANCELED, "stopped while learning; nothing changed");
        }
    return 0;
}

static int judge(struct tuner *t, size_t train, size_t n_check, size_t n_test, float *ret_scale,
                 struct tuner_report *ret)
{
    static const float scales[] = {0.5f, 1};
    _cleanup_free_ float *x = calloc(2 * POOL, sizeof(*x));
    float *y = x ? x + POOL : NULL;
    const struct tune_pair *check = t->pair + train, *test = check + n_check;
    double best = -1;
    int rc = x ? 0 : -ENOMEM;
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        rc = rank(t, check, n_check, scales[i], x);
        if (rc == 0 && mean(x, n_check) > best) {
            best = mean(x, n_check);
            *ret_scale = scales[i];
        }
    }
    if (rc == 0)
        rc = rank(t, test, n_test, 0, x);
    if (rc == 0)
        rc = rank(t, test, n_test, *ret_scale, y);
    if (rc < 0)
        return rc;
    ret->held_out = n_test;
    ret->before = mean(x, n_test);
    ret->after = mean(y, n_test);
    ret->better = is_better(x, y, n_test);
    return 0;
}

int tuner_run(struct tuner *t, tuner_progress_fn *progress, void *arg, struct tuner_report *ret,
              struct buf *factors, struct docfs_err *err)
{
    size_t rows = (size_t)t->m.head->words + t->m.head->buckets, train, n_check, n_test;
    *ret = (struct tuner_report){.pairs = t->n_pairs};
    hold_out(t, &train, &n_check, &n_test);
    if (train < PAIRS_MIN || n_check < PAIRS_MIN / 10 || n_test < PAIRS_MIN / 10)
        return err_set(err, -ENODATA,
                       "%zu headings, titles and links with a passage: too few to learn from and "
                       "to check on others (about %d are needed)",
                       ret->pairs, 2 * PAIRS_MIN);
    _cleanup_free_ float *room = calloc(4 * rows, sizeof(*room));
    if (!room)
        return err_oom(err);
    for (size_t i = 0; i < 2; i++) {
        t->log[i] = room + i * rows;
        t->square[i] = room + (2 + i) * rows;
    }
    float scale = 1;
    int rc = learn(t, train, progress, arg, err);
    if (rc == 0 && judge(t, train, n_check, n_test, &scale, ret) < 0)
        rc = err_oom(err);
    if (rc == 0)
        rc = tuning_write(&t->m, t->log, scale, factors) < 0 ? err_oom(err) : 0;
    t->log[0] = t->log[1] = t->square[0] = t->square[1] = NULL;
    return rc;
}
