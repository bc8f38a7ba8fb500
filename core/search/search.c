/* SPDX-License-Identifier: MIT */
#include "core/search/search.h"
#include "core/search/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/feedback.h"
#include "core/store/jobs.h"
#include "core/util/buf.h"
#include "core/util/clock.h"

#define COPIES_ONE 0   /* setting search.copies */
#define REFINE_SET 200 /* documents of the first query that a refinement orders */
#define NEIGHBOURS 5   /* shown when nothing is above the threshold */

/* The question as the embedder of the stored vectors sees it. */
struct asked {
    struct embedder *e;   /* NULL: no vectors, or none that can be compared with */
    float *vector;        /* NULL: the embedder does not answer; zero: no usable word */
    struct docfs_err why; /* of a NULL that is no matter of course */
    bool rerank;
};

struct work {
    struct docfs *d;
    const struct asked *asked;
    struct store_read *r;
    struct vindex *index; /* NULL: no usable vectors */
    const struct query *q;
    const struct docset *allowed; /* NULL: everything */
    size_t depth;                 /* candidates per list */
    struct lexical lex;
    const float *vector; /* of the query, or NULL */
    bool partial;        /* a server did not answer */
    struct candidate *list;
    size_t n;
    struct copies copies;
    struct buf note;
};

/* ---- filters ---- */

static void docset_add(void *arg, int64_t document)
{
    struct docset *s = arg;
    if (document >= s->limit) {
        int64_t limit = s->limit ? s->limit : 1024;
        while (limit <= document)
            limit *= 2;
        uint64_t *bits = realloc(s->bits, (size_t)limit / 8);
        if (!bits)
            return; /* reported by the member count being short: see make_docset */
        memset((char *)bits + s->limit / 8, 0, (size_t)(limit - s->limit) / 8);
        s->bits = bits;
        s->limit = limit;
    }
    uint64_t bit = (uint64_t)1 << (document & 63);
    s->n += !(s->bits[document >> 6] & bit);
    s->bits[document >> 6] |= bit;
}

static bool query_filters(const struct query *q)
{
    return q->n_in || q->path || q->lang || q->ext || q->type || q->after || q->before;
}

/* *ret_used = false when there is no filter at all. */
static int make_docset(struct store_read *r, const struct query *q, int64_t scope,
                       struct docset *ret, bool *ret_used, struct docfs_err *err)
{
    *ret_used = scope || query_filters(q);
    if (!*ret_used)
        return 0;
    struct store_filter f = {.in = q->in,
                             .n_in = q->n_in,
                             .path = q->path,
                             .lang = q->lang,
                             .ext = q->ext,
                             .type = q->type,
                             .after = q->after,
                             .before = q->before,
                             .scope = scope};
    return store_filter_documents(r, &f, docset_add, ret, err);
}

static bool allow(void *arg, int64_t document)
{
    return docset_has(arg, document);
}

/* ---- candidates ---- */

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
    for (int i = 0; i < n; i++)
        w->list[w->n++] = (struct candidate){.passage = hit[i].row.passage,
                                             .document = hit[i].row.document,
                                             .vec = hit[i].score,
                                             .vec_rank = i + 1};
    return 0;
}

/* The best of the list are scored anew; the others stay below them, in their order. */
static int read_again(struct work *w, const struct fusion *f, struct docfs_err *err)
{
    size_t n = (size_t)setting_int(w->d, "search.read_again");
    n = w->n < n ? w->n : n;
    fuse_sort(w->list, w->n);
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
    if (!passage || !score)
        return -ENOMEM;
    for (size_t i = 0; i < w->n; i++)
        passage[i] = w->list[i].passage;
    vindex_scores(w->index, w->vector, passage, w->n, score);
    for (size_t i = 0; i < w->n; i++)
        if (!w->list[i].vec_rank && !isnan(score[i]))
            w->list[i].vec = score[i];
    return 0;
}

static int gather(struct work *w, struct docfs_err *err)
{
    w->list = calloc(2 * w->depth, sizeof(*w->list));
    if (!w->list)
        return err_oom(err);
    int rc = w->q->mode == MODE_VEC ? 0 : add_lexical(w, err);
    if (rc == 0 && w->q->mode != MODE_LEX)
        rc = add_vector(w, err);
    if (rc < 0)
        return rc;
    w->n = fuse_merge(w->list, w->n);
    if (w->vector && (rc = score_words(w)) < 0)
        return err_oom(err);
    struct fusion f = {.lex_weight = setting_real(w->d, "search.lex_weight"),
                       .vec_weight = setting_real(w->d, "search.vec_weight"),
                       .near_weight = setting_real(w->d, "search.near_weight"),
                       .abroad = abroad(w)};
    fuse_score(w->list, w->n, &f);
    if (w->q->mode == MODE_HYBRID || w->q->mode == MODE_EXACT) {
        rc = read_again(w, &f, err);
        if (rc < 0)
            return rc;
    }
    w->n = fuse_group(w->list, w->n);
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

/* ---- results ---- */

static bool above(const struct work *w, const struct candidate *c)
{
    if (c->score < w->q->min || c->score < setting_real(w->d, "search.min"))
        return false;
    /* Without any word of the question a passage must be nearer than unrelated ones are. */
    return c->lex_rank || (w->asked->e && c->vec >= w->asked->e->floor);
}

/* Adds the documents that are (good) or are not above the threshold until r holds k. Passages that
 * the index still held but the store deleted are told to the index and counted in *dead. */
static int collect_some(struct work *w, struct docfs_results *r, bool good, size_t k, int64_t last,
                        size_t *dead, struct docfs_err *err)
{
    for (size_t i = 0; i < w->n && r->n < k; i++) {
        const struct candidate *c = &w->list[i];
        if (above(w, c) != good)
            continue;
        struct store_passage p;
        int rc = store_passage(w->r, c->passage, &p, err);
        if (rc == -ENOENT) {
            /* Rows never come back: gone from this snapshot means deleted, unless it is newer. */
            if (c->passage <= last && w->index)
                vindex_kill(w->index, &c->passage, 1);
            ++*dead;
            continue;
        }
        if (rc < 0)
            return rc;
        fresh_judge(w->d, &p.fresh, &p.checked_at, &p.stale_at);
        if (lexical_admits(w->q, p.title, p.heading, p.text, p.text_len) &&
            (rc = copies_fold(&w->copies, w->r, r, &p, err)) == 0)
            rc = results_add(r, c, &p, w->q->text, err);
        store_passage_fini(&p);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Fills *r from the ordered documents; neighbours below the threshold only when nothing else. */
static int collect(struct work *w, struct docfs_results *r, size_t k, size_t *ret_dead,
                   struct docfs_err *err)
{
    int64_t count, last;
    int rc = store_passage_count(w->r, &count, &last, err);
    *ret_dead = 0;
    r->candidates = w->n;
    if (rc == 0)
        rc = collect_some(w, r, true, k, last, ret_dead, err);
    if (rc == 0 && r->n == 0) {
        rc = collect_some(w, r, false, k < NEIGHBOURS ? k : NEIGHBOURS, last, ret_dead, err);
        r->below = r->n;
    }
    return rc;
}

static int explain_absence(struct work *w, struct docfs_results *r, struct docfs_err *err)
{
    if (w->q->mode != MODE_VEC)
        lexical_spelling(w->r, &w->lex, &w->note);
    const char *more = "";
    int64_t count, last;
    if (!*w->q->text)
        more = "The query has filters but no words: add some.";
    else if (w->allowed && w->allowed->n == 0) {
        more = "No document passes the filters.";
        unknown_collections(w->r, w->q, &w->note);
    } else if (store_passage_count(w->r, &count, &last, NULL) == 0 && count == 0)
        more = "The cache is empty: docfs add DIRECTORY puts documentation in.";
    else if (r->n == r->below && r->n)
        more = "Nothing holds these words; the nearest documents follow.";
    else if (r->n == 0)
        more = "Nothing found.";
    if (*more)
        buf_addf(&w->note, "%s%s", w->note.len ? " " : "", more);
    if (buf_status(&w->note) < 0 || (w->note.len && results_note(r, w->note.data) < 0))
        return err_oom(err);
    return 0;
}

static void work_fini(struct work *w)
{
    lexical_fini(&w->lex);
    free(w->list);
    buf_fini(&w->note);
    copies_fini(&w->copies);
    w->vector = NULL;
    w->list = NULL;
    w->n = 0;
}

static size_t wanted(struct docfs *d, const struct query *q)
{
    size_t k = q->k ? q->k : (size_t)setting_int(d, "search.k");
    return k > QUERY_K_MAX ? QUERY_K_MAX : k;
}

/* One attempt; repeated by the caller while dead rows crowd out living ones. */
static int attempt(struct docfs *d, struct store_read *r, const struct query *q,
                   const struct asked *asked, const struct docset *allowed, size_t k, size_t depth,
                   struct docfs_results **ret, size_t *ret_dead, struct docfs_err *err)
{
    struct work w = {.d = d, .asked = asked, .r = r, .q = q, .allowed = allowed, .depth = depth};
    struct docfs_results *res = results_new(q->canonical, store_read_generation(r));
    if (!res)
        return err_oom(err);
    if (!q->all_copies && setting_int(d, "search.copies") == COPIES_ONE)
        copies_init(&w.copies, k);
    int rc = state_acquire(d, r, asked->e, &w.index, err);
    if (rc == 0) {
        if (*q->text && !(allowed && allowed->n == 0))
            rc = gather(&w, err);
        if (rc == 0)
            rc = collect(&w, res, k, ret_dead, err);
        if (rc == 0)
            rc = explain_absence(&w, res, err);
        if (rc == 0 && judge_answer(&w.lex, res) < 0)
            rc = err_oom(err);
        state_release(d);
    }
    res->partial = w.partial;
    work_fini(&w);
    if (rc < 0) {
        docfs_results_unref(res);
        return rc;
    }
    *ret = res;
    return 0;
}

/* Before the index is locked: a server may take its time. */
static int ask(struct docfs *d, struct store_read *r, const struct query *q, struct asked *a,
               struct docfs_err *err)
{
    _cleanup_free_ char *url = setting_text(d, "rerank.url");
    a->rerank = url && *url && *q->text && q->mode != MODE_EXACT;
    int rc = embedding_serving(d, r, &a->e, &a->why, err);
    if (rc < 0 || !a->e || q->mode == MODE_LEX || !*q->text)
        return rc;
    struct embed_text text = {.title = "", .body = q->text, .body_len = strlen(q->text)};
    a->vector = calloc(a->e->dim, sizeof(float));
    if (!a->vector)
        return err_oom(err);
    if (a->e->embed(a->e->ctx, EMBED_QUERY, &text, 1, a->vector, &a->why) < 0) {
        free(a->vector);
        a->vector = NULL;
    } else {
        a->why = (struct docfs_err){0};
    }
    /* One question that the server refuses is no trouble with the server. */
    if (a->why.code != -EINVAL && a->why.code != -EBADMSG)
        health_degraded(d, "embedding", a->why.code ? a->why.text : NULL);
    return 0;
}

static void asked_fini(struct asked *a)
{
    free(a->vector);
    embedder_free(a->e);
}

static int run(struct docfs *d, struct store_read *r, const struct query *q,
               const struct docset *allowed, struct docfs_results **ret, struct docfs_err *err)
{
    struct asked asked __attribute__((cleanup(asked_fini))) = {0};
    int asked_rc = ask(d, r, q, &asked, err);
    if (asked_rc < 0)
        return asked_rc;
    size_t k = wanted(d, q), depth = (size_t)setting_int(d, "search.candidates");
    if (depth < k)
        depth = k;
    if (depth > CANDIDATES_MAX)
        depth = CANDIDATES_MAX;
    for (int tries = 0;; tries++) {
        struct docfs_results *res = NULL;
        size_t dead;
        int rc = attempt(d, r, q, &asked, allowed, k, depth, &res, &dead, err);
        if (rc < 0)
            return rc;
        if (dead == 0 || res->n - res->below >= k || tries == 8) {
            *ret = res;
            return 0;
        }
        docfs_results_unref(res);
    }
}

/* ---- public ---- */

static void note_pending(struct store_read *r, struct docfs_results *res)
{
    size_t done, total;
    if (store_running_job(r, &done, &total, NULL) > 0 && total > done)
        res->pending = total - done;
}

/* All that an answer depends on, but for the generation. */
static int search_key(struct docfs *d, char *key, size_t size, const struct query *q, int64_t scope,
                      int64_t epoch, const char *refine)
{
    int n = snprintf(key, size, "%lld\x1f%zu\x1f%016llx\x1f%lld\x1f%s\x1f%s", (long long)scope,
                     wanted(d, q), (unsigned long long)state_mark(d),
                     q->plain ? -1LL : (long long)epoch, q->canonical, refine ? refine : "");
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Cached, or computed by the filter of q (and, for a refinement, the documents of `base`). */
static int search(struct docfs *d, const struct query *q, const struct query *base, int64_t scope,
                  struct docfs_results **ret, struct docfs_err *err)
{
    int64_t start = clock_mono_ns();
    char key[3 * QUERY_MAX];
    _cleanup_read_ struct store_read *r = NULL;
    int64_t epoch;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_feedback_epoch(r, &epoch, err);
    if (rc < 0)
        return rc;
    if (search_key(d, key, sizeof(key), q, scope, epoch, base ? base->canonical : NULL) < 0)
        return err_set(err, -ENAMETOOLONG, "the query is longer than %d bytes", QUERY_MAX);
    struct docfs_results *res = state_cached(d, r, key);
    if (res) {
        *ret = res;
        return 0;
    }
    struct docset allowed = {0};
    bool filtered;
    rc = make_docset(r, q, scope, &allowed, &filtered, err);
    if (rc == 0 && base) {
        struct query wide = *base;
        wide.k = REFINE_SET;
        struct docfs_results *first;
        rc = search(d, &wide, NULL, scope, &first, err);
        struct docset both = {0};
        for (size_t i = 0; rc == 0 && i < first->n - first->below; i++)
            if (!filtered || docset_has(&allowed, first->hit[i].document))
                docset_add(&both, first->hit[i].document);
        if (rc == 0)
            docfs_results_unref(first);
        free(allowed.bits);
        allowed = both;
        filtered = true;
    }
    if (rc == 0)
        rc = run(d, r, q, filtered ? &allowed : NULL, &res, err);
    free(allowed.bits);
    if (rc < 0)
        return rc;
    res->seconds = (double)(clock_mono_ns() - start) / 1e9;
    note_pending(r, res);
    if (!base && !scope && !res->partial)
        judge_keep(d, r, q, res);
    if (!res->partial) /* the next one may fare better */
        state_cache(d, r, key, res);
    *ret = res;
    return 0;
}

/* Counted and, when it is the cache that fails, told to docfs status. */
static int ask_and_count(struct docfs *d, const struct query *q, const struct query *base,
                         int64_t scope, struct docfs_results **ret, struct docfs_err *err)
{
    int64_t start = clock_mono_ns();
    struct docfs_err why = {0};
    int r = search(d, q, base, scope, ret, &why);
    health_query(d, clock_mono_ns() - start, r < 0);
    if (r < 0 && r != -EINVAL && r != -ENOENT)
        health_error(d, why.text);
    if (r < 0 && err)
        *err = why;
    return r;
}

int docfs_search(struct docfs *d, const struct query *q, int64_t scope, struct docfs_results **ret,
                 struct docfs_err *err)
{
    return ask_and_count(d, q, NULL, scope, ret, err);
}

int docfs_refine(struct docfs *d, const struct query *q, const struct query *refine, int64_t scope,
                 struct docfs_results **ret, struct docfs_err *err)
{
    return ask_and_count(d, refine, q, scope, ret, err);
}
