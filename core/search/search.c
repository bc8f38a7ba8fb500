/* SPDX-License-Identifier: MIT */
#include "core/search/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/feedback.h"
#include "core/store/jobs.h"
#include "core/util/buf.h"
#include "core/util/clock.h"

#define COPIES_ONE 0   /* setting search.copies */
#define DEEPER 8       /* times as many candidates, where they bring too few documents */
#define REFINE_SET 200 /* documents of the first query that a refinement orders */

static size_t good(const struct docfs_results *r)
{
    return r->n - r->below;
}

/* ---- filters ---- */

static void docset_add(void *arg, int64_t document)
{
    struct docset *s = arg;
    if (document >= s->limit) {
        int64_t limit = s->limit ? s->limit : 1024;
        while (limit <= document)
            limit *= 2;
        uint64_t *bits = realloc(s->bits, (size_t)limit / 8);
        if (!bits) {
            s->oom = true;
            return;
        }
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
    int rc = store_filter_documents(r, &f, docset_add, ret, err);
    return rc == 0 && ret->oom ? err_oom(err) : rc;
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

bool search_folds_copies(struct docfs *d)
{
    return setting_int(d, "search.copies") == COPIES_ONE;
}

/* One attempt; repeated by the caller while dead rows crowd out living ones. */
static int attempt(struct docfs *d, struct store_read *r, const struct query *q,
                   const struct asked *asked, const struct docset *allowed, size_t k, size_t depth,
                   struct docfs_results **ret, size_t *ret_dead, bool *ret_full,
                   struct docfs_err *err)
{
    struct work w = {.d = d, .asked = asked, .r = r, .q = q, .allowed = allowed, .depth = depth};
    struct docfs_results *res = results_new(q->canonical, store_read_generation(r));
    if (!res)
        return err_oom(err);
    if (!q->all_copies && search_folds_copies(d))
        copies_init(&w.copies, k);
    int rc = state_acquire(d, r, asked->e, &w.index, err);
    if (rc == 0) {
        if (*q->text && !(allowed && allowed->n == 0))
            rc = search_gather(&w, err);
        if (rc == 0)
            rc = search_collect(&w, res, k, ret_dead, err);
        if (rc == 0)
            rc = search_explain(&w, res, err);
        if (rc == 0 && judge_answer(&w.lex, res) < 0)
            rc = err_oom(err);
        state_release(d);
    }
    res->partial = w.partial;
    *ret_full = w.full;
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

/* What stands in quotes is nowhere, which is often a quotation mark of natural language: what
 * answers the question without them is told of. */
static int add_unquoted(struct docfs *d, struct store_read *r, const struct query *q,
                        const struct asked *asked, const struct docset *allowed, size_t depth,
                        struct docfs_results *res, struct docfs_err *err)
{
    struct query loose = *q;
    struct docfs_results *near;
    size_t dead;
    bool full;
    loose.n_phrase = 0;
    int rc = attempt(d, r, &loose, asked, allowed, NEIGHBOURS, depth, &near, &dead, &full, err);
    if (rc < 0)
        return rc;
    _cleanup_buf_ struct buf note = {0};
    buf_addf(&note, "%s Without quotes the nearest documents are these.", res->note);
    if (near->n && (buf_status(&note) < 0 || results_note(res, note.data) < 0))
        rc = err_oom(err);
    else if (near->n)
        results_neighbours(res, near);
    docfs_results_unref(near);
    return rc;
}

/* Attempts until dead rows crowd out nothing. *ret_full: more candidates may bring more. */
static int answer(struct docfs *d, struct store_read *r, const struct query *q,
                  const struct asked *asked, const struct docset *allowed, size_t k, size_t depth,
                  struct docfs_results **ret, bool *ret_full, struct docfs_err *err)
{
    for (int tries = 0;; tries++) {
        struct docfs_results *res;
        size_t dead;
        int rc = attempt(d, r, q, asked, allowed, k, depth, &res, &dead, ret_full, err);
        if (rc < 0)
            return rc;
        if (dead == 0 || good(res) >= k || tries == 8) {
            *ret = res;
            return 0;
        }
        docfs_results_unref(res);
    }
}

/* Long documents took the places of the candidates, or phrases and exclusions left few of them:
 * the documents that more candidates bring follow. */
static int look_deeper(struct docfs *d, struct store_read *r, const struct query *q,
                       const struct asked *asked, const struct docset *allowed, size_t k,
                       size_t depth, struct docfs_results *res, struct docfs_err *err)
{
    struct asked again = *asked;
    struct docfs_results *more;
    bool full;
    again.rerank = false;
    int rc = answer(d, r, q, &again, allowed, k, DEEPER * depth, &more, &full, err);
    if (rc < 0)
        return rc;
    if (results_more(res, more, k) < 0)
        rc = err_oom(err);
    docfs_results_unref(more);
    return rc;
}

static int run(struct docfs *d, struct store_read *r, const struct query *q,
               const struct docset *allowed, struct docfs_results **ret, struct docfs_err *err)
{
    struct asked asked __attribute__((cleanup(asked_fini))) = {0};
    int rc = ask(d, r, q, &asked, err);
    if (rc < 0)
        return rc;
    size_t k = wanted(d, q), depth = (size_t)setting_int(d, "search.candidates");
    if (depth < k)
        depth = k;
    _cleanup_(docfs_results_unrefp) struct docfs_results *res = NULL;
    bool full;
    rc = answer(d, r, q, &asked, allowed, k, depth, &res, &full, err);
    if (rc == 0 && full && good(res) < k)
        rc = look_deeper(d, r, q, &asked, allowed, k, depth, res, err);
    if (rc == 0 && res->n == 0 && q->n_phrase)
        rc = add_unquoted(d, r, q, &asked, allowed, depth, res, err);
    if (rc == 0)
        *ret = steal_ptr(res);
    return rc;
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

/* What the first question leaves out stays out; as far as one query can hold it. */
static void exclude_both(struct query *q, const struct query *base, char *both[QUERY_TERMS_MAX])
{
    size_t n = q->n_exclude;
    if (n)
        memcpy(both, q->exclude, n * sizeof(*both));
    for (size_t i = 0; i < base->n_exclude && n + q->n_phrase + base->n_phrase < QUERY_TERMS_MAX;
         i++)
        both[n++] = base->exclude[i];
    q->exclude = both;
    q->n_exclude = n;
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
        size_t among = rc < 0 ? 0 : good(first) ? good(first) : first->n; /* what was shown */
        for (size_t i = 0; i < among; i++)
            if (!filtered || docset_has(&allowed, first->hit[i].document))
                docset_add(&both, first->hit[i].document);
        if (rc == 0)
            docfs_results_unref(first);
        free(allowed.bits);
        allowed = both;
        filtered = true;
        if (rc == 0 && both.oom)
            rc = err_oom(err);
    }
    struct query narrowed = *q;
    char *exclude[QUERY_TERMS_MAX];
    if (base)
        exclude_both(&narrowed, base, exclude);
    if (base && !*q->text) { /* filters alone: the same question about fewer documents */
        narrowed.text = base->text;
        narrowed.phrase = base->phrase;
        narrowed.n_phrase = base->n_phrase;
    }
    if (rc == 0)
        rc = run(d, r, &narrowed, filtered ? &allowed : NULL, &res, err);
    free(allowed.bits);
    if (rc < 0)
        return rc;
    results_number(res);
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
