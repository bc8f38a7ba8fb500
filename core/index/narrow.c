/* SPDX-License-Identifier: MIT
 * A search that scores only the rows whose signs look best. How many are enough depends on the
 * model and on the question: the number is doubled until the last doubling brought next to nothing
 * into the best k, and with signs that tell nothing every row is scored in the end. */
#include "core/index/internal.h"

#include <stdlib.h>
#include <string.h>

/* Fewer rows are scanned faster than they are chosen from. */
#define ROWS_MIN 16384
/* Scored first: so many for each one wanted, and one row in so many. */
#define FIRST 2
#define FIRST_SHARE 256
/* Enough when of the best at most one in so many came with the last doubling; fewer than BEST_MIN
 * of them would tell little. */
#define LATE_SHARE 32
#define BEST_MIN 64
/* Estimates are counted by their upper bits, of each eighth block. */
#define BUCKET_SHIFT 2
#define BUCKETS (65536 >> BUCKET_SHIFT)
#define SAMPLE 8

struct narrow {
    struct search *s;
    struct topk best; /* at least BEST_MIN */
    uint16_t *estimate;
    uint32_t *bucket;
};

struct room {
    size_t estimates; /* there is room for */
    uint32_t bucket[BUCKETS];
    uint16_t estimate[]; /* of the base, then of each chunk, each at a multiple of SIGNS_ROWS */
};

static struct room *room_take(struct vindex *x, size_t estimates)
{
    struct room *r = spares_take(&x->narrow);
    if (!r || r->estimates < estimates) {
        free(r);
        if (!(r = malloc(sizeof(*r) + estimates * sizeof(*r->estimate))))
            return NULL;
        r->estimates = estimates;
    }
    memset(r->bucket, 0, sizeof(r->bucket));
    return r;
}

static void room_give(struct vindex *x, struct room *r)
{
    if (!spares_give(&x->narrow, r))
        free(r);
}

/* The rows of one span: where their estimates are, the number of the first. */
struct part {
    struct span p;
    size_t estimate, first;
};

static size_t parts(const struct vindex *x)
{
    return 1 + (x->tail_n + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

/* Estimates of the base, with those of no row at the end. */
static size_t base_room(const struct vindex *x)
{
    return (x->base.n + 63) / 64 * 64;
}

static struct part part(const struct vindex *x, size_t i)
{
    size_t base = base_room(x), at = (i - 1) * CHUNK_ROWS;
    return i == 0 ? (struct part){vindex_base_span(x), 0, 0}
                  : (struct part){vindex_chunk_span(x, i - 1), base + at, x->base.n + at};
}

static void estimate(struct narrow *w)
{
    const struct vindex *x = w->s->x;
    struct signs_query q;
    signs_query_init(&q, w->s->q, x->code_size);
    for (size_t i = 0; i < parts(x); i++) {
        struct part a = part(x, i);
        uint16_t *to = w->estimate + a.estimate;
        x->estimate(&q, a.p.signs, x->code_size, a.p.n, to);
        /* 64 are looked at in one go, of which the last ones may be of no row. */
        size_t made = (a.p.n + SIGNS_ROWS - 1) / SIGNS_ROWS * SIGNS_ROWS,
               all = (a.p.n + 63) / 64 * 64;
        memset(to + made, 0, (all - made) * sizeof(*to));
        size_t step = w->s->allowed ? 1 : SAMPLE;
        for (size_t at = 0; at < a.p.n; at += 64 * step) {
            size_t n = a.p.n - at < 64 ? a.p.n - at : 64;
            for (uint64_t want = search_wanted(w->s, &a.p, at, n); want; want &= want - 1) {
                size_t k = at + (size_t)__builtin_ctzll(want);
                w->bucket[w->estimate[a.estimate + k] >> BUCKET_SHIFT] += (uint32_t)step;
            }
        }
    }
}

/* Rows of one span that are to be scored: their codes lie anywhere in memory, and are asked for
 * this many rows ahead. */
#define LIST 512
#define AHEAD 12

static void fetch(const struct vindex *x, const struct part *a, uint32_t row)
{
    const int8_t *code = a->p.codes + row * x->code_size;
    for (size_t j = 0; j < x->code_size; j += 64)
        __builtin_prefetch(code + j);
    __builtin_prefetch(a->p.norms + row);
}

static void score_list(struct narrow *w, const struct part *a, const uint32_t *row, size_t n)
{
    const struct vindex *x = w->s->x;
    const struct kquery *q = w->s->q;
    for (size_t i = 0; i < n && i < AHEAD; i++)
        fetch(x, a, row[i]);
    for (size_t i = 0; i < n; i++) {
        int32_t dot;
        if (i + AHEAD < n)
            fetch(x, a, row[i + AHEAD]);
        x->dot(q->q, a->p.codes + row[i] * x->code_size, x->code_size, 1, &dot);
        topk_offer(&w->best, kernel_score(dot, a->p.norms[row[i]], q->scale), a->first + row[i]);
    }
}

/* Scores the rows whose estimate is at least low and below high. */
static void score(struct narrow *w, uint16_t low, uint16_t high)
{
    uint32_t list[LIST + 64];
    for (size_t i = 0; i < parts(w->s->x); i++) {
        struct part a = part(w->s->x, i);
        size_t listed = 0;
        for (size_t at = 0; at < a.p.n; at += 64) {
            size_t n = a.p.n - at < 64 ? a.p.n - at : 64;
            uint64_t mask = signs_between(w->estimate + a.estimate + at, low, high);
            if (mask)
                mask &= search_wanted(w->s, &a.p, at, n);
            for (; mask; mask &= mask - 1)
                list[listed++] = (uint32_t)at + (uint32_t)__builtin_ctzll(mask);
            if (listed >= LIST || at + 64 >= a.p.n) {
                score_list(w, &a, list, listed);
                listed = 0;
            }
        }
    }
}

/* Of the best so far, those whose estimate is below high. */
static size_t late(const struct narrow *w, uint16_t high)
{
    const struct vindex *x = w->s->x;
    size_t n = 0, skip = base_room(x) - x->base.n;
    for (size_t i = 0; i < w->best.n; i++) {
        size_t row = w->best.item[i].row;
        n += w->estimate[row < x->base.n ? row : row + skip] < high;
    }
    return n;
}

static void widen(struct narrow *w)
{
    const struct vindex *x = w->s->x;
    size_t k = w->best.k, goal = FIRST * k + (x->base.n + x->tail_n) / FIRST_SHARE;
    size_t seen = 0, bucket = BUCKETS;
    for (uint16_t high = 0;; goal = 2 * seen) {
        while (bucket > 0 && seen < goal)
            seen += w->bucket[--bucket];
        uint16_t low = (uint16_t)(bucket << BUCKET_SHIFT);
        score(w, low, high);
        if (bucket == 0 || (high && w->best.n == k && late(w, high) * LATE_SHARE <= k))
            return;
        high = low;
    }
}

bool search_narrow(struct search *s)
{
    struct vindex *x = s->x;
    size_t rows = x->base.n + x->tail_n;
    if (rows < ROWS_MIN || s->top.k > rows / 256 || !(s->q->scale > 0))
        return false;
    struct room *room = room_take(x, base_room(x) + (parts(x) - 1) * CHUNK_ROWS);
    if (!room)
        return false;
    struct narrow w = {.s = s, .estimate = room->estimate, .bucket = room->bucket};
    bool done = topk_init(&w.best, s->top.k > BEST_MIN ? s->top.k : BEST_MIN) == 0;
    if (done) {
        estimate(&w);
        widen(&w);
        for (size_t i = 0; i < w.best.n; i++)
            topk_offer(&s->top, w.best.item[i].score, w.best.item[i].row);
        topk_fini(&w.best);
    }
    room_give(x, room);
    return done;
}
