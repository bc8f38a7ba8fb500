/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include "core/index/internal.h"

/* Candidates taken from the graph at least. Recall@10 against the exact scan, 1M clustered
 * vectors: see README.md. */
#define GRAPH_CANDIDATES 128
/* A filter that admits fewer rows than one in this many is served by scanning those rows: the
 * graph would have to propose as many more candidates. */
#define GRAPH_MIN_SHARE 10
/* One candidate costs about as much as scanning this many rows. */
#define ROWS_PER_CANDIDATE 250
#define FILTER_SAMPLES 512

/* Passages of a document are neighbours, so most rows repeat the answer of the one before. */
uint64_t search_wanted(const struct search *s, const struct span *p, size_t at, size_t n)
{
    uint64_t want = n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
    if (p->dead)
        want &= ~p->dead[at / 64];
    if (!s->allowed || !want)
        return want;
    int64_t document = -1;
    uint64_t mask = 0, has = 0;
    for (size_t i = 0; i < n; i++) {
        if (p->rows[at + i].document != document) {
            document = p->rows[at + i].document;
            has = docset_has(s->allowed, document);
        }
        mask |= has << i;
    }
    return want & mask;
}

static void offer(struct search *s, const struct span *p, size_t i, int32_t dot, size_t first)
{
    float score = kernel_score(dot, p->norms[i], s->q->scale);
    if (!topk_refuses(&s->top, score))
        topk_offer(&s->top, score, first + i);
}

/* Rows in order, 64 at a time. first: number of the first row of the span. */
static void scan(struct search *s, const struct span *p, size_t first)
{
    const struct vindex *x = s->x;
    int32_t dot[64];
    for (size_t at = 0; at < p->n; at += 64) {
        size_t n = p->n - at < 64 ? p->n - at : 64;
        uint64_t want = search_wanted(s, p, at, n);
        if (!want)
            continue;
        const int8_t *codes = p->codes + at * x->code_size;
        if (__builtin_popcountll(want) < 16) {
            for (; want; want &= want - 1) {
                size_t i = (size_t)__builtin_ctzll(want);
                x->dot(s->q->q, codes + i * x->code_size, x->code_size, 1, dot);
                offer(s, p, at + i, dot[0], first);
            }
            continue;
        }
        x->dot(s->q->q, codes, x->code_size, n, dot);
        for (; want; want &= want - 1) {
            size_t i = (size_t)__builtin_ctzll(want);
            offer(s, p, at + i, dot[i], first);
        }
    }
}

/* How many of FILTER_SAMPLES rows of the base, evenly spread, the filter admits. */
static size_t sample_filter(const struct search *s)
{
    const struct base *b = &s->x->base;
    size_t hit = 0;
    for (size_t i = 0; i < FILTER_SAMPLES; i++)
        hit += docset_has(s->allowed, b->rows[i * b->n / FILTER_SAMPLES].document);
    return hit;
}

/* Offers the rows of the base that the graph proposes. False: scan instead, either because that is
 * cheaper or because too few of the proposals may be returned. */
static bool search_graph(struct search *s)
{
    struct vindex *x = s->x;
    size_t live = x->base.n - x->dead_base;
    size_t want = s->top.k < live ? s->top.k : live;
    size_t ask = 2 * want > GRAPH_CANDIDATES ? 2 * want : GRAPH_CANDIDATES;
    ask = (size_t)((double)ask * (double)x->base.n / (double)(live ? live : 1));
    if (s->allowed) {
        size_t hit = sample_filter(s);
        if (hit * GRAPH_MIN_SHARE < FILTER_SAMPLES)
            return false;
        ask = ask * FILTER_SAMPLES / hit;
    }
    if (!want || ask > x->base.n / ROWS_PER_CANDIDATE)
        return false;
    _cleanup_free_ int64_t *rows = calloc(ask, sizeof(*rows));
    _cleanup_free_ float *unit = malloc(x->dim * sizeof(*unit));
    if (!rows || !unit)
        return false;
    for (unsigned i = 0; i < x->dim; i++) /* finite and of length 1, whatever was asked */
        unit[i] = (float)s->q->q[i] * s->q->scale;
    int n = graph_search(x->graph, unit, ask, rows);
    struct span p = vindex_base_span(x);
    size_t found = 0;
    for (int i = 0; i < n; i++) {
        size_t row = (size_t)rows[i];
        if ((p.dead && bit_get(p.dead, row)) ||
            (s->allowed && !docset_has(s->allowed, p.rows[row].document)))
            continue;
        int32_t dot;
        x->dot(s->q->q, p.codes + row * x->code_size, x->code_size, 1, &dot);
        topk_offer(&s->top, kernel_score(dot, p.norms[row], s->q->scale), row);
        found++;
    }
    if (found >= want)
        return true;
    s->top.n = 0;
    return false;
}

static void scan_tail(struct search *s)
{
    for (size_t c = 0; c * CHUNK_ROWS < s->x->tail_n; c++) {
        struct span p = vindex_chunk_span(s->x, c);
        scan(s, &p, s->x->base.n + c * CHUNK_ROWS);
    }
}

static void find(struct search *s, enum vindex_mode mode, bool graph)
{
    if (graph && search_graph(s)) {
        scan_tail(s);
    } else if (mode == VINDEX_EXACT || !search_narrow(s)) {
        struct span p = vindex_base_span(s->x);
        scan(s, &p, 0);
        scan_tail(s);
    }
}

static int search_locked(struct search *s, size_t k, enum vindex_mode mode, bool graph,
                         struct vindex_hit *hits)
{
    struct vindex *x = s->x;
    size_t live = x->base.n + x->tail_n - x->dead_base - x->dead_tail;
    if (k > live)
        k = live;
    if (!k)
        return 0;
    int r = topk_init(&s->top, k);
    if (r)
        return r;
    find(s, mode, graph);
    topk_sort(&s->top);
    for (size_t i = 0; i < s->top.n; i++)
        hits[i] =
            (struct vindex_hit){*vindex_place(x, s->top.item[i].row).row, s->top.item[i].score};
    r = (int)s->top.n;
    topk_fini(&s->top);
    return r;
}

int vindex_search(struct vindex *x, const float *query, size_t k, const struct docset *allowed,
                  enum vindex_mode mode, struct vindex_hit *hits)
{
    if (k > INT_MAX)
        k = INT_MAX;
    if (allowed && !allowed->n)
        return 0;
    struct kquery q;
    kquery_init(&q, query, x->dim, x->code_size);
    struct search s = {.x = x, .q = &q, .allowed = allowed};
    /* A query without a direction (zero, or nothing finite) is near to nothing: the graph would
     * answer it with any rows, the scan with the first ones. */
    bool graph = mode == VINDEX_AUTO && q.scale > 0 && loader_ready(x);
    pthread_rwlock_rdlock(&x->lock);
    int r = search_locked(&s, k, mode, graph, hits);
    pthread_rwlock_unlock(&x->lock);
    return r;
}
