/* SPDX-License-Identifier: MIT
 * A question -> candidates, scored and put together by document. */
#include "core/search/search.h"
#include "core/search/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/buf.h"
#include "core/util/clock.h"

static bool allow(void *arg, int64_t document)
{
    return docset_has(arg, document);
}

/* Candidates by bm25: from the postings where they are held, else from the full text. */
static int find_words(struct work *w, bool held, struct best *hit, struct docfs_err *err)
{
    int64_t df[sizeof(w->lex.part) / sizeof(w->lex.part[0])];
    for (size_t i = 0; i < w->lex.n_part; i++)
        df[i] = w->lex.part[i].df;
    int64_t limit_ns = setting_int(w->d, "search.timeout_ms") * 1000000;
    struct store_lex_query q = {.match = w->lex.match,
                                .weight = {4.0, 2.0, 1.0},
                                .df = df,
                                .n_df = w->lex.n_part,
                                .allow = w->allowed ? allow : NULL,
                                .arg = (void *)w->allowed,
                                .deadline_ns = limit_ns ? clock_mono_ns() + limit_ns : 0};
    int n = held ? words_search(w->d, w->r, &w->lex, &q, w->allowed, w->depth, hit, err) : -EAGAIN;
    return n == -EAGAIN ? store_lex_search(w->r, &q, w->depth, hit, err) : n;
}

static int add_lexical(struct work *w, struct docfs_err *err)
{
    _cleanup_free_ struct best *hit = calloc(w->depth, sizeof(*hit));
    if (!hit)
        return err_oom(err);
    bool held = words_acquire(w->d, w->r);
    int n = lexical_prepare(w->r, w->q, setting_int(w->d, "search.rows"), held ? words_df : NULL,
                            w->d, &w->lex, err);
    if (n == 0 && w->lex.match)
        n = find_words(w, held, hit, err);
    if (held)
        words_release(w->d);
    if (n == -ETIMEDOUT) {
        buf_adds(&w->note, "Full text took too long (setting search.timeout_ms): ordered by "
                           "similarity only.");
        return 0;
    }
    if (n < 0)
        return n;
    w->full |= (size_t)n == w->depth;
    for (int i = 0; i < n; i++)
        w->list[w->n++] = (struct candidate){.passage = hit[i].passage,
                                             .document = hit[i].document,
                                             .lex = hit[i].score,
                                             .lex_rank = i + 1};
    return 0;
}

static bool is_zero(const float *v, unsigned dim)
{
    for (unsigned i = 0; i < dim; i++)
        if (v[i] != 0)
            return false;
    return true;
}

static int add_vector(struct work *w, struct docfs_err *err)
{
    const struct asked *a = w->asked;
    if (a->why.code)
        buf_addf(&w->note, "Ordered by words only%s: %s.",
                 a->e ? "" : " until docfs reembed has run", a->why.text);
    w->partial = a->why.code != 0;
    if (!w->index || !a->vector || is_zero(a->vector, a->e->dim))
        return 0;
    w->vector = a->vector;
    _cleanup_free_ struct vindex_hit *hit = calloc(w->depth, sizeof(*hit));
    if (!hit)
        return err_oom(err);
    int n = vindex_search(w->index, w->vector, w->depth, w->allowed,
                          w->q->mode == MODE_EXACT ? VINDEX_EXACT : VINDEX_AUTO, hit);
    if (n < 0)
        return err_set(err, n, "vector search failed: %s", strerror(-n));
    w->full |= (size_t)n == w->depth;
    for (int i = 0; i < n; i++)
        w->list[w->n++] = (struct candidate){.passage = hit[i].row.passage,
                                             .document = hit[i].row.document,
                                             .vec = hit[i].score,
                                             .vec_rank = i + 1};
    return 0;
}

/* The best of the list are scored anew; the others stay below them. */
static int read_again(struct work *w, const struct fusion *f, struct docfs_err *err)
{
    size_t n = (size_t)setting_int(w->d, "search.read_again");
    n = w->n < n ? w->n : n;
    if (fuse_first(w->list, w->n, n) < 0)
        return err_oom(err);
    int rc = rescore(w->d, w->r, w->vector ? w->asked->e : NULL, w->q->text, &w->lex, f, w->list, n,
                     err);
    double low = 1, high = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (i < n)
            low = w->list[i].score < low ? w->list[i].score : low;
        else
            high = w->list[i].score > high ? w->list[i].score : high;
    }
    for (size_t i = n; i < w->n && high > low; i++)
        w->list[i].score *= low / high;
    return rc;
}

#define SAMPLE 64 /* passages that tell how near any passage is to the question */

/* A model that knows a field keeps questions away from most of its passages; to a stranger all
 * passages of the field look alike. */
static double abroad(const struct work *w)
{
    const struct embedder *e = w->asked->e;
    if (!w->vector || !(e->abroad > e->home))
        return 0;
    double mean = (double)vindex_mean(w->index, w->vector, SAMPLE);
    double part = (mean - (double)e->home) / (double)(e->abroad - e->home);
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* Cosines of the candidates that only words brought. */
static int score_words(struct work *w)
{
    _cleanup_free_ int64_t *passage = calloc(w->n + 1, sizeof(*passage));
    _cleanup_free_ float *score = calloc(w->n + 1, sizeof(*score));
    size_t n = 0, at = 0;
    if (!passage || !score)
        return -ENOMEM;
    for (size_t i = 0; i < w->n; i++)
        if (!w->list[i].vec_rank)
            passage[n++] = w->list[i].passage;
    vindex_scores(w->index, w->vector, passage, n, score);
    for (size_t i = 0; i < w->n; i++)
        if (!w->list[i].vec_rank && !isnan(score[at++]))
            w->list[i].vec = score[at - 1];
    return 0;
}

int search_gather(struct work *w, struct docfs_err *err)
{
    w->list = calloc(2 * w->depth, sizeof(*w->list));
    if (!w->list)
        return err_oom(err);
    int rc = w->q->mode == MODE_VEC ? 0 : add_lexical(w, err);
    if (rc == 0 && w->q->mode != MODE_LEX)
        rc = add_vector(w, err);
    if (rc < 0)
        return rc;
    if (fuse_merge(w->list, &w->n) < 0 || (w->vector && score_words(w) < 0))
        return err_oom(err);
    if ((rc = phrases_keep(w, err)) < 0)
        return rc;
    struct fusion f = {.lex_weight = setting_real(w->d, "search.lex_weight"),
                       .vec_weight = setting_real(w->d, "search.vec_weight"),
                       .near_weight = setting_real(w->d, "search.near_weight"),
                       .abroad = abroad(w)};
    fuse_score(w->list, w->n, &f);
    if ((w->q->mode == MODE_HYBRID || w->q->mode == MODE_EXACT) &&
        (rc = read_again(w, &f, err)) < 0)
        return rc;
    if (fuse_group(w->list, &w->n) < 0)
        return err_oom(err);
    if (w->asked->rerank) {
        struct docfs_err why;
        rc = search_rerank(w->d, w->r, w->q->text, w->list, w->n, &why, err);
        if (rc == 0)
            health_degraded(w->d, "rerank", why.code ? why.text : NULL);
        if (rc == 0 && why.code) {
            buf_addf(&w->note, "%sNot reranked: %s.", w->note.len ? " " : "", why.text);
            w->partial = true;
        }
    }
    return rc < 0 ? rc : search_priors(w->d, w->r, w->q, w->list, w->n, err);
}
