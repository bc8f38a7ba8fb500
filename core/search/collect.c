/* SPDX-License-Identifier: MIT
 * Candidates -> the hits of an answer, or why there are none. */
#include "core/search/search.h"

#include <errno.h>
#include <string.h>

#include "core/text/query_filters.h"

static bool above(const struct work *w, const struct candidate *c)
{
    if (c->score < w->least)
        return false;
    /* Without any word of the question a passage must be nearer than unrelated ones are. */
    return c->lex_rank || (w->asked->e && c->vec >= w->asked->e->floor);
}

#define VERSIONS_MAX 64   /* looked at beyond the last hit */
#define VERSIONS_NEAR .02 /* below its score */

/* All hits are there. Other versions of them, of which the newest is to be shown, say nearly the
 * same and have nearly the same score. */
static bool enough(const struct work *w, const struct docfs_results *r, const struct candidate *c,
                   size_t beyond)
{
    bool versions = false;
    if (!w->copies.item || !r->n || beyond == VERSIONS_MAX ||
        c->score < r->hit[r->n - 1].score - VERSIONS_NEAR)
        return true;
    for (size_t i = 0; i < r->n && !versions; i++)
        versions = strchr(r->hit[i].collection, '@') || editions_in(r->hit[i].path);
    return !versions;
}

#define HISTORY 0.9 /* parts of a score that count */
#define CONTENTS 0.6

/* True when the candidate counts less from now on. */
static bool lessen(const struct work *w, struct candidate *c, const struct store_passage *p)
{
    bool whole = w->q->mode == MODE_HYBRID || w->q->mode == MODE_EXACT;
    if (c->lessened || !whole || w->asked->rerank)
        return false;
    double part = history_tells(w, p) ? HISTORY : contents_only(p) ? CONTENTS : 1;
    c->lessened = part < 1;
    c->score *= part;
    c->boost *= part;
    return c->lessened;
}

/* Adds the documents that are (good) or are not above the threshold until r holds k. Passages that
 * the index still held but the store deleted are told to the index and counted in *dead. */
static int collect_some(struct work *w, struct docfs_results *r, bool good, size_t k, int64_t last,
                        size_t *dead, struct docfs_err *err)
{
    size_t beyond = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct candidate *c = &w->list[i];
        if (r->n >= k && enough(w, r, c, beyond++))
            break;
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
        if (lessen(w, c, &p) && fuse_sink(w->list, w->n, i) != i) {
            store_passage_fini(&p);
            i--; /* another one is here now */
            continue;
        }
        fresh_judge(w->d, &p.fresh, &p.checked_at, &p.stale_at);
        rc = copies_add(&w->copies, w->r, r, k, c, &p, w->q->text, err);
        store_passage_fini(&p);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int search_collect(struct work *w, struct docfs_results *r, size_t k, size_t *ret_dead,
                   struct docfs_err *err)
{
    int64_t count, last;
    int rc = store_passage_count(w->r, &count, &last, err);
    double least = setting_real(w->d, "search.min");
    *ret_dead = 0;
    r->candidates = w->n;
    w->least = w->q->min > least ? w->q->min : least;
    if (rc == 0)
        rc = collect_some(w, r, true, k, last, ret_dead, err);
    if (rc == 0 && r->n == 0) {
        rc = collect_some(w, r, false, k < NEIGHBOURS ? k : NEIGHBOURS, last, ret_dead, err);
        r->below = r->n;
    }
    return rc;
}

int search_explain(struct work *w, struct docfs_results *r, struct docfs_err *err)
{
    if (w->q->mode != MODE_VEC)
        lexical_spelling(w->d, w->r, &w->lex, r, &w->note);
    excluded_options(w->r, w->q, &w->note);
    const char *more = "";
    int64_t count, last;
    if (!*w->q->text)
        more = "The query has filters but no words: add some.";
    else if (w->allowed && w->allowed->n == 0) {
        unknown_collections(w->r, w->q, &w->note);
        buf_adds(&w->note, w->note.len ? " " : "");
        struct query filters = *w->q;
        filters.k = 0;
        filters.min = 0;
        filters.mode = MODE_HYBRID;
        filters.all_copies = false;
        buf_adds(&w->note, "No document passes the filters");
        query_filters_write(&filters, &w->note);
        buf_addc(&w->note, '.');
    } else if (store_passage_count(w->r, &count, &last, NULL) == 0 && count == 0)
        more = "The cache is empty: docfs add DIRECTORY puts documentation in.";
    else if (r->n == r->below && r->n)
        more = r->hit[0].score < w->least
                   ? "No document has the smallest score asked for; the nearest follow."
                   : "Nothing holds these words; the nearest documents follow.";
    else if (r->n == 0) {
        unknown_phrases(w->r, w->q, &w->lex, &w->note);
        more = w->q->n_phrase ? "Nothing found: what stands in quotes must be there as it is."
                              : "Nothing found.";
    }
    if (*more)
        buf_addf(&w->note, "%s%s", w->note.len ? " " : "", more);
    if (buf_status(&w->note) < 0 || (w->note.len && results_note(r, w->note.data) < 0))
        return err_oom(err);
    return 0;
}
