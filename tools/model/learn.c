/* SPDX-License-Identifier: MIT
 * Contrast: in a batch of pairs each question must be nearer to its own answer than to those of the
 * others, and each answer to its own question (InfoNCE, both ways). Half of the batches are of
 * neighbouring pages, where the others are hard to tell apart. */
#include "tools/model/model.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "tools/model/kernels.h"

#define UNITS 256 /* rows of one text of a batch, at most */
#define BLOCK 64  /* neighbours of a local batch */

struct term {
    uint32_t row;
    float weight;
};

struct side {
    struct term *term;   /* [batch][UNITS] */
    uint32_t *n;         /* [batch] */
    float *vector;       /* [batch][dim], unit length */
    float *length;       /* [batch] before it was */
    float *grad;         /* [batch][dim] */
    const float *factor; /* logarithms, per row */
};

struct batch {
    const struct corpus *c;
    const struct options *o;
    struct weights *w;
    uint32_t *pair; /* [batch] */
    size_t n;
    struct side q, a;
    float *score, *turned; /* [batch][batch] */
    double *loss;          /* [threads] */
    uint64_t seed;
    /* of the rows */
    float *mean, *square, *moved; /* [rows][dim]; moved: gradient */
    float *fm, *fs;               /* [2][rows] Adam of the factors */
    uint32_t *times;              /* [rows] updates so far */
    uint32_t *stamp;              /* [rows] batch that touched it last */
    float *fg;                    /* [2][rows] gradient of the factors */
    uint32_t number;
    float rate;
};

static void side_new(struct side *s, const struct options *o, const float *factor)
{
    s->term = must_alloc((size_t)o->batch * UNITS, sizeof(*s->term));
    s->n = must_alloc(o->batch, sizeof(*s->n));
    s->vector = must_alloc((size_t)o->batch * o->dim, sizeof(float));
    s->grad = must_alloc((size_t)o->batch * o->dim, sizeof(float));
    s->length = must_alloc(o->batch, sizeof(float));
    s->factor = factor;
}

static void side_free(struct side *s)
{
    free(s->term);
    free(s->n);
    free(s->vector);
    free(s->grad);
    free(s->length);
}

static void add_term(struct side *s, size_t i, struct unit u, float factor)
{
    if (s->n[i] < UNITS)
        s->term[i * UNITS + s->n[i]++] =
            (struct term){u.row, static_damp((float)u.count / 16 * factor)};
}

static bool holds(const struct unit *u, size_t n, uint32_t row)
{
    for (size_t k = 0; k < n; k++)
        if (u[k].row == row)
            return true;
    return false;
}

/* The texts of pair i as rows, changed at random. */
static void read_pair(struct batch *b, size_t i)
{
    const struct pair *p = &b->c->pair[b->pair[i]];
    const struct unit *q = b->c->unit + p->question.at, *a = b->c->unit + p->answer.at;
    uint64_t seed = b->seed ^ (b->pair[i] * 0x9e3779b97f4a7c15u);
    random_next(&seed);
    bool drop = random_unit(&seed) < b->o->drop;
    bool title = random_unit(&seed) < b->o->title;
    b->q.n[i] = b->a.n[i] = 0;
    for (uint32_t k = 0; k < p->answer.n; k++)
        add_term(&b->a, i, a[k], 1);
    if (title)
        for (uint32_t k = 0; k < p->question.n; k++)
            add_term(&b->a, i, q[k], b->o->title_factor);
    if (drop)
        for (uint32_t k = 0; k < p->question.n; k++)
            if (!holds(a, p->answer.n, q[k].row))
                add_term(&b->q, i, q[k], 1);
    if (b->q.n[i] < 2) {
        b->q.n[i] = 0;
        for (uint32_t k = 0; k < p->question.n; k++)
            add_term(&b->q, i, q[k], 1);
    }
}

static void embed(struct batch *b, struct side *s, size_t i)
{
    size_t dim = b->o->dim;
    float *v = s->vector + i * dim;
    memset(v, 0, dim * sizeof(*v));
    for (uint32_t k = 0; k < s->n[i]; k++) {
        struct term t = s->term[i * UNITS + k];
        axpy(v, b->w->row + t.row * dim, t.weight * expf(s->factor[t.row]), dim);
    }
    s->length[i] = sqrtf(dot_product(v, v, dim));
    scale(v, s->length[i] > 0 ? 1 / s->length[i] : 0, dim);
}

static void forward(void *arg, unsigned t)
{
    struct batch *b = arg;
    for (size_t i = t; i < b->n; i += b->o->threads) {
        read_pair(b, i);
        embed(b, &b->q, i);
        embed(b, &b->a, i);
    }
}

/* Pairs that may well answer each other are no contrast: the same question or answer, and
 * neighbours, which are often the same section in two shapes. */
static bool same(const struct batch *b, size_t i, size_t j)
{
    const struct pair *x = &b->c->pair[b->pair[i]], *y = &b->c->pair[b->pair[j]];
    uint32_t near = b->pair[i] > b->pair[j] ? b->pair[i] - b->pair[j] : b->pair[j] - b->pair[i];
    return x->question_hash == y->question_hash || x->answer_hash == y->answer_hash || near < 4;
}

/* The part of [0, n) that thread t has; even, but for the last. */
static void share(const struct batch *b, unsigned t, size_t *from, size_t *to)
{
    size_t step = (b->n / b->o->threads + 1) & ~(size_t)1;
    *from = t * step < b->n ? t * step : b->n;
    *to = t + 1 == b->o->threads || *from + step > b->n ? b->n : *from + step;
}

#define TILE 32

/* turned[j][i] = score[i][j] for i in [from, to). */
static void turn(const struct batch *b, size_t from, size_t to)
{
    size_t n = b->n;
    for (size_t i0 = from; i0 < to; i0 += TILE)
        for (size_t j0 = 0; j0 < n; j0 += TILE)
            for (size_t j = j0; j < n && j < j0 + TILE; j++)
                for (size_t i = i0; i < to && i < i0 + TILE; i++)
                    b->turned[j * n + i] = b->score[i * n + j];
}

static void scores(void *arg, unsigned t)
{
    struct batch *b = arg;
    size_t n = b->n, dim = b->o->dim, from, to;
    share(b, t, &from, &to);
    if (from >= to)
        return;
    matrix_dots(b->q.vector + from * dim, to - from, b->a.vector, n, dim, b->score + from * n);
    for (size_t i = from; i < to; i++) {
        float *line = b->score + i * n;
        for (size_t j = 0; j < n; j++)
            line[j] = i != j && same(b, i, j) ? -1e9f : line[j] / b->o->temperature;
    }
    turn(b, from, to);
}

/* Scores of one line become their softmax; returns the loss of its own pair. */
static double softmax(float *score, size_t own, size_t n)
{
    float max = score[0], mine = score[own];
    double sum = 0;
    for (size_t j = 1; j < n; j++)
        max = fmaxf(max, score[j]);
    for (size_t j = 0; j < n; j++) {
        score[j] = expf(score[j] - max);
        sum += (double)score[j];
    }
    float part = (float)(1 / sum);
    for (size_t j = 0; j < n; j++)
        score[j] *= part;
    return log(sum) + (double)max - (double)mine;
}

/* score[i]: what question i says about the answers; turned[j]: answer j about the questions. */
static void softmaxes(void *arg, unsigned t)
{
    struct batch *b = arg;
    size_t from, to;
    share(b, t, &from, &to);
    for (size_t i = from; i < to; i++)
        b->loss[t] +=
            softmax(b->score + i * b->n, i, b->n) + softmax(b->turned + i * b->n, i, b->n);
}

/* Both become the gradient of the score. */
static void differences(void *arg, unsigned t)
{
    struct batch *b = arg;
    size_t n = b->n, from, to;
    float rate = 0.5f / (b->o->temperature * (float)n);
    share(b, t, &from, &to);
    for (size_t i0 = from; i0 < to; i0 += TILE)
        for (size_t j0 = 0; j0 < n; j0 += TILE)
            for (size_t i = i0; i < to && i < i0 + TILE; i++)
                for (size_t j = j0; j < n && j < j0 + TILE; j++) {
                    float *x = b->score + i * n + j, *y = b->turned + j * n + i;
                    *x = *y = (*x + *y - (i == j ? 2 : 0)) * rate;
                }
}

static void through_norm(struct side *s, size_t i, size_t dim)
{
    float *g = s->grad + i * dim, *v = s->vector + i * dim;
    axpy(g, v, -dot_product(g, v, dim), dim);
    scale(g, s->length[i] > 0 ? 1 / s->length[i] : 0, dim);
}

static void gradients(void *arg, unsigned t)
{
    struct batch *b = arg;
    size_t n = b->n, dim = b->o->dim, from, to;
    share(b, t, &from, &to);
    if (from >= to)
        return;
    matrix_sums(b->score + from * n, to - from, b->a.vector, n, dim, b->q.grad + from * dim);
    matrix_sums(b->turned + from * n, to - from, b->q.vector, n, dim, b->a.grad + from * dim);
    for (size_t i = from; i < to; i++) {
        through_norm(&b->q, i, dim);
        through_norm(&b->a, i, dim);
    }
}

static void collect(struct batch *b, const struct side *s, float *fg, unsigned t, uint32_t *touched,
                    size_t *n)
{
    size_t dim = b->o->dim;
    for (size_t i = 0; i < b->n; i++) {
        const float *g = s->grad + i * dim;
        for (uint32_t k = 0; k < s->n[i]; k++) {
            struct term x = s->term[i * UNITS + k];
            if (x.row % b->o->threads != t)
                continue;
            float *to = b->moved + x.row * dim, w = x.weight * expf(s->factor[x.row]);
            if (b->stamp[x.row] != b->number) {
                b->stamp[x.row] = b->number;
                memset(to, 0, dim * sizeof(*to));
                b->fg[x.row] = b->fg[b->w->rows + x.row] = 0;
                touched[(*n)++] = x.row;
            }
            axpy(to, g, w, dim);
            fg[x.row] += w * dot_product(g, b->w->row + x.row * dim, dim);
        }
    }
}

static void move_factor(struct batch *b, float *v, size_t at, float c1, float c2)
{
    adam(v, &b->fm[at], &b->fs[at], &b->fg[at], b->rate, c1, c2, 1);
    *v = fminf(fmaxf(*v, -4), 4);
}

/* Each thread moves the rows that are its own. */
static void update(void *arg, unsigned t)
{
    struct batch *b = arg;
    size_t dim = b->o->dim, n = 0, rows = b->w->rows;
    uint32_t *touched = must_alloc(rows / b->o->threads + 1, sizeof(*touched));
    collect(b, &b->q, b->fg, t, touched, &n);
    collect(b, &b->a, b->fg + rows, t, touched, &n);
    for (size_t k = 0; k < n; k++) {
        size_t row = touched[k], at = row * dim;
        float times = (float)++b->times[row];
        float c1 = 1 / (1 - powf(0.9f, times)), c2 = 1 / (1 - powf(0.999f, times));
        adam(b->w->row + at, b->mean + at, b->square + at, b->moved + at, b->rate, c1, c2, dim);
        move_factor(b, &b->w->query[row], row, c1, c2);
        move_factor(b, &b->w->passage[row], rows + row, c1, c2);
    }
    free(touched);
}

/* ---- which pairs ---- */

static void shuffle(uint32_t *v, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = random_next(seed) % i;
        uint32_t x = v[i - 1];
        v[i - 1] = v[k];
        v[k] = x;
    }
}

struct order {
    uint32_t *pair, *block; /* all pairs shuffled; all blocks shuffled, those of a set together */
    size_t n, blocks, at, block_at;
};

/* Blocks of one set follow each other, and the sets are mixed by batch. */
static void order_blocks(struct order *r, const struct corpus *c, const struct options *o,
                         uint64_t *seed)
{
    size_t per = o->batch / BLOCK ? o->batch / BLOCK : 1, n = 0, groups = 0;
    uint32_t *flat = must_alloc(c->n / BLOCK + c->sets + 1, sizeof(*flat));
    uint32_t *group = must_alloc(c->n / BLOCK + c->sets + 1, sizeof(*group));
    for (uint32_t s = 0; s < c->sets; s++) {
        size_t from = n;
        for (size_t i = c->set_at[s]; i + BLOCK <= c->set_at[s + 1]; i += BLOCK)
            flat[n++] = (uint32_t)i;
        shuffle(flat + from, n - from, seed);
    }
    for (size_t i = 0; i + per <= n; i += per)
        group[groups++] = (uint32_t)i;
    shuffle(group, groups, seed);
    r->blocks = 0;
    for (size_t g = 0; g < groups; g++)
        for (size_t k = 0; k < per; k++)
            r->block[r->blocks++] = flat[group[g] + k];
    r->block_at = 0;
    free(flat);
    free(group);
}

static void order_start(struct order *r, const struct corpus *c, const struct options *o,
                        uint64_t *seed)
{
    r->n = c->n > o->held_out ? c->n - o->held_out : c->n;
    shuffle(r->pair, r->n, seed);
    r->at = 0;
    order_blocks(r, c, o, seed);
}

static void next_batch(struct batch *b, struct order *r, uint64_t *seed)
{
    size_t n = b->o->batch, per = n / BLOCK;
    b->n = n;
    if (random_unit(seed) < b->o->local && per && r->block_at + per <= r->blocks) {
        for (size_t k = 0; k < per; k++)
            for (uint32_t i = 0; i < BLOCK; i++)
                b->pair[k * BLOCK + i] = r->block[r->block_at + k] + i;
        b->n = per * BLOCK;
        r->block_at += per;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        b->pair[i] = r->pair[r->at++];
        if (r->at == r->n)
            r->at = 0;
    }
}

static double step(struct batch *b)
{
    unsigned threads = b->o->threads;
    b->number++;
    memset(b->loss, 0, threads * sizeof(*b->loss));
    on_threads(threads, forward, b);
    on_threads(threads, scores, b);
    on_threads(threads, softmaxes, b);
    on_threads(threads, differences, b);
    on_threads(threads, gradients, b);
    on_threads(threads, update, b);
    double sum = 0;
    for (unsigned t = 0; t < threads; t++)
        sum += b->loss[t];
    return sum / (2 * (double)b->n);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void batch_new(struct batch *b)
{
    const struct options *o = b->o;
    size_t rows = b->w->rows, n = rows * o->dim;
    b->pair = must_alloc(o->batch, sizeof(*b->pair));
    b->score = must_alloc((size_t)o->batch * o->batch, sizeof(float));
    b->turned = must_alloc((size_t)o->batch * o->batch, sizeof(float));
    b->loss = must_alloc(o->threads, sizeof(*b->loss));
    b->mean = must_alloc(n, sizeof(float));
    b->square = must_alloc(n, sizeof(float));
    b->moved = must_alloc(n, sizeof(float));
    b->fm = must_alloc(2 * rows, sizeof(float));
    b->fs = must_alloc(2 * rows, sizeof(float));
    b->fg = must_alloc(2 * rows, sizeof(float));
    b->times = must_alloc(rows, sizeof(*b->times));
    b->stamp = must_alloc(rows, sizeof(*b->stamp));
    side_new(&b->q, o, b->w->query);
    side_new(&b->a, o, b->w->passage);
}

static void batch_free(struct batch *b)
{
    side_free(&b->q);
    side_free(&b->a);
    void *all[] = {b->pair,  b->score, b->turned, b->loss, b->mean,  b->square,
                   b->moved, b->fm,    b->fs,     b->fg,   b->times, b->stamp};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]);
}

void learn(const struct corpus *c, const struct options *o, struct weights *w)
{
    struct batch b = {.c = c, .o = o, .w = w};
    struct order order = {0};
    batch_new(&b);
    order.pair = must_alloc(c->n, sizeof(*order.pair));
    order.block = must_alloc(c->n / BLOCK + c->sets + 1, sizeof(*order.block));
    for (size_t i = 0; i < c->n; i++)
        order.pair[i] = (uint32_t)i;
    uint64_t seed = o->seed;
    size_t per = c->n / o->batch, total = per * o->epochs, done = 0;
    double loss = 0, start = seconds();
    for (unsigned epoch = 0; epoch < o->epochs; epoch++) {
        order_start(&order, c, o, &seed);
        for (size_t k = 0; k < per; k++, done++) {
            next_batch(&b, &order, &seed);
            b.seed = random_next(&seed);
            float part = (float)done / (float)total;
            b.rate = o->rate * (part < 0.02f ? part / 0.02f : 1 - 0.95f * part);
            double l = step(&b);
            loss = done ? 0.98 * loss + 0.02 * l : l;
            if (done % 100 == 99)
                say("batch %zu of %zu, loss %.3f, %.0f s left", done + 1, total, loss,
                    (seconds() - start) / (double)(done + 1) * (double)(total - done - 1));
        }
    }
    free(order.pair);
    free(order.block);
    batch_free(&b);
}
