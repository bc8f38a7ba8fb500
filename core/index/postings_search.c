/* SPDX-License-Identifier: MIT
 * The best rows by BM25: sums of all rows that hold a word of the question, word by word. */
#include <stdlib.h>
#include <string.h>
#include "core/index/postings_read.h"

#define K1 1.2
#define B 0.75

void postings_scratch_free(void *scratch)
{
    struct scratch *s = scratch;
    free(s->sum);
    free(s->touched);
    free(s->data);
    free(s);
}

static struct scratch *scratch_take(struct postings *p)
{
    struct scratch *s = spares_take(&p->scratch);
    if (s)
        return s;
    size_t n = p->h.rows + 1; /* one more is written to than counts */
    s = calloc(1, sizeof(*s));
    if (s) {
        s->sum = calloc(n, sizeof(*s->sum));
        s->touched = malloc(n * sizeof(*s->touched));
    }
    if (s && (!s->sum || !s->touched)) {
        postings_scratch_free(s);
        s = NULL;
    }
    return s;
}

static void scratch_give(struct postings *p, struct scratch *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->sum[s->touched[i]] = 0;
    s->n = 0;
    if (!spares_give(&p->scratch, s))
        postings_scratch_free(s);
}

/* fresh: rows that hold none of the words before it count as well. sign: of the sums of rows that
 * hold it, for keep_marked(). */
static int add_word(const struct postings *p, const struct postings_query *q,
                    const struct postings_word *w, bool fresh, double sign, struct scratch *s)
{
    struct postings_entry e;
    int r = postings_entry(p, w->text, w->len, &e);
    if (r <= 0 || (r = postings_load(p, &e, s)) < 0)
        return r;
    const unsigned char *end = s->data + e.size,
                        *at = postings_skip_text(s, e.size, w->text, w->len);
    if (!at)
        return 0; /* another word of the same hash */
    int64_t row = -1, rows = (int64_t)p->h.rows;
    for (uint32_t i = 0; i < e.df; i++) {
        struct posting o;
        if (!(at = posting_next(at, end, rows, &row, &o)))
            return -EBADMSG;
        if (!fresh && s->sum[row] == 0)
            continue;
        double f = 0;
        for (int k = 0; k < POSTINGS_FIELDS; k++)
            f += q->weight[k] * o.count[k];
        if (!(f > 0))
            continue;
        s->touched[s->n] = o.row;
        s->n += s->sum[row] == 0; /* no branch: nobody can foretell it */
        double more =
            w->idf * ((f * (K1 + 1.0)) / (f + K1 * (1 - B + B * p->words[row] / q->mean)));
        s->sum[row] = sign * (s->sum[row] + more);
    }
    return at == end ? 0 : -EBADMSG;
}

/* Rows without a mark lack a word that they must have. */
static void keep_marked(struct scratch *s)
{
    for (size_t i = 0; i < s->n; i++) {
        double *sum = &s->sum[s->touched[i]];
        *sum = *sum < 0 ? -*sum : 0;
    }
}

static size_t pick(const struct postings *p, const struct postings_query *q,
                   const struct scratch *s, size_t k, struct best *hits)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t row = s->touched[i];
        if (n == k && s->sum[row] < hits[0].score) /* most of them, without a look at the row */
            continue;
        if (s->sum[row] == 0) /* it lacks a word */
            continue;
        struct best b = {p->row[row].passage, p->row[row].document, s->sum[row]};
        if (best_refuses(hits, n, k, &b) || (q->dead && q->dead[row / 64] >> (row % 64) & 1) ||
            (q->allowed && !docset_has(q->allowed, b.document)))
            continue;
        best_offer(hits, &n, k, &b);
    }
    best_sort(hits, n);
    return n;
}

/* The most that one word adds to a row. */
static double most(const struct postings_word *w)
{
    return w->idf * (K1 + 1.0);
}

#define LEVELS 256

/* k rows have so much already, or more; 0: nobody knows. all: the most that a row can have. */
static double reached(const struct scratch *s, size_t k, double all)
{
    uint32_t level[LEVELS] = {0};
    double scale = (LEVELS - 1) / all;
    for (size_t i = 0; i < s->n; i++)
        level[(size_t)(s->sum[s->touched[i]] * scale)]++;
    size_t i = LEVELS, rows = 0;
    while (i > 0 && rows < k)
        rows += level[--i];
    return rows < k ? 0 : ((double)i - 0.01) / scale; /* .01: for rounding */
}

/* The words come from the rarest to the most frequent, which are in most rows and add least: once k
 * rows have more than all words to come can add, a row without any of the words before them cannot
 * be among the best k (the MaxScore of Turtle and Flood, 1995, term by term). */
static int add_words(const struct postings *p, const struct postings_query *q, size_t k,
                     struct scratch *s)
{
    double before = 0, left = 0;
    bool fresh = true;
    for (size_t i = 0; i < q->n; i++)
        left += most(&q->word[i]);
    for (size_t i = 0; i < q->n; i++) {
        bool must = i < q->must;
        if (fresh && left < before && s->n >= k && !q->dead && !q->allowed)
            fresh = reached(s, k, before) <= left;
        int r = add_word(p, q, &q->word[i], fresh, must ? -1 : 1, s);
        if (r < 0)
            return r;
        if (must)
            keep_marked(s);
        fresh = fresh && !must;
        before += most(&q->word[i]);
        left -= most(&q->word[i]);
    }
    return 0;
}

int postings_search(struct postings *p, const struct postings_query *q, size_t k, struct best *hits)
{
    if (!k || !p->h.rows)
        return 0;
    struct scratch *s = scratch_take(p);
    if (!s)
        return -ENOMEM;
    int r = add_words(p, q, k, s);
    if (r == 0)
        r = (int)pick(p, q, s, k, hits);
    scratch_give(p, s);
    return r;
}
