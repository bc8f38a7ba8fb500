/* SPDX-License-Identifier: MIT
 * Filling gaps: nothing is fetched without a consent, and each consent is written down together
 * with the job it led to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/docfs_jobs.h"
#include "core/enrich/gaps.h"

static const char *const policies[] = {"off", "ask", "auto"};

/* What was decided about a gap, by whom, and what it is from then on. job: 0, or what fetches. */
static int log_consent(struct docfs *d, const struct docfs_gap *g, const char *location,
                       const char *who, int64_t job, const char *state, struct docfs_err *err)
{
    struct store_consent c = {.gap = g->id,
                              .job = job,
                              .who = who,
                              .policy = policies[setting_int(d, "enrich.policy")],
                              .location = location,
                              .query = g->query};
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    rc = store_put_consent(w, &c, err);
    if (rc == 0)
        rc = store_set_gap(w, g->id, state, job, err);
    return store_write_end(w, rc, err);
}

/* The candidate of that location, or the best one that is not there yet. */
static const struct docfs_candidate *pick(const struct docfs_candidates *c, const char *location)
{
    for (size_t i = 0; i < c->n; i++)
        if (location ? strcmp(c->item[i].location, location) == 0 : !c->item[i].present)
            return &c->item[i];
    return NULL;
}

/* Nothing is fetched: on whose judgement is in the log, so that nobody wonders. */
static int leave(struct docfs *d, const struct docfs_gap *g, const struct advice *a,
                 const char *who, struct docfs_err *err)
{
    const char *location =
        a->sufficient ? "nothing: the answer is sufficient" : "nothing: no candidate fits";
    return log_consent(d, g, location, who, 0, a->sufficient ? "filled" : "dismissed", err);
}

/* by_itself: nobody asked for this gap, so that the judge may also say that nothing is needed
 * (-EALREADY). */
static int fill(struct docfs *d, const struct docfs_gap *g, const char *location, const char *who,
                bool by_itself, int64_t *ret_job, struct docfs_err *err)
{
    struct docfs_candidates *c = NULL;
    struct advice advice = {0};
    char judged[480];
    int rc = docfs_gap_candidates(d, g->id, &c, err);
    if (rc < 0)
        return rc;
    struct docfs_err why;
    if (!location && gap_advise(d, g, c, &advice, &why) < 0) {
        snprintf(judged, sizeof(judged), "%.120s; by rule, the model failed: %.200s", who,
                 why.text);
        who = judged;
    } else if (advice.given) {
        snprintf(judged, sizeof(judged), "%.120s; judged by %.100s, which wrote: %s", who,
                 advice.model, advice.reason);
        who = judged;
    }
    if (advice.choice && c->item[advice.choice - 1].present) /* it is there and did not help */
        advice.choice = 0;
    if (advice.given && by_itself && (advice.sufficient || !advice.choice)) {
        docfs_candidates_free(c);
        rc = leave(d, g, &advice, who, err);
        return rc < 0 ? rc : -EALREADY;
    }
    const struct docfs_candidate *x =
        advice.given && advice.choice ? &c->item[advice.choice - 1] : pick(c, location);
    if (!x) {
        docfs_candidates_free(c);
        return err_set(err, -ENOENT,
                       "nothing in the catalogue or in enrich.sources fills gap %lld%s: add the "
                       "documentation yourself with docfs add",
                       (long long)g->id, location ? " that way" : "");
    }
    _cleanup_free_ char *args =
        docfs_job_args_add(x->location, &(struct docfs_ingest_options){.collection = NULL});
    rc = args ? docfs_job_enqueue(
                    d, &(struct docfs_job_new){.kind = "add", .args = args, .origin = "enrich"},
                    ret_job, NULL, err)
              : err_oom(err);
    if (rc == 0)
        rc = log_consent(d, g, x->location, who, *ret_job, "queued", err);
    docfs_candidates_free(c);
    return rc;
}

int docfs_gap_fill(struct docfs *d, int64_t id, const char *location, const char *who,
                   int64_t *ret_job, struct docfs_err *err)
{
    struct docfs_gaps *g = NULL;
    if (setting_int(d, "enrich.policy") == ENRICH_OFF)
        return err_set(err, -EPERM,
                       "setting enrich.policy is off, so nothing is fetched to fill gaps: docfs "
                       "config set enrich.policy ask allows it when you say so");
    int rc = gap_get(d, id, &g, err);
    if (rc < 0)
        return rc;
    rc = fill(d, &g->item[0], location, who, false, ret_job, err);
    docfs_gaps_free(g);
    return rc;
}

int docfs_enrich(struct docfs *d, const char *query, size_t *ret_n, struct docfs_err *err)
{
    struct docfs_gaps *all = NULL;
    size_t n = 0;
    if (setting_int(d, "enrich.policy") != ENRICH_AUTO)
        return err_set(err, -EPERM,
                       "setting enrich.policy is not auto: docfs gaps fill ID fills one gap");
    int rc = docfs_gaps(d, false, 1000, &all, err);
    size_t least = (size_t)setting_int(d, "enrich.min_asked");
    for (size_t i = 0; rc == 0 && i < all->n; i++) {
        const struct docfs_gap *g = &all->item[i];
        bool meant =
            query ? priors_question(g->query) == priors_question(query) : g->asked >= least;
        int64_t job;
        if (!meant || strcmp(g->state, "open") != 0)
            continue;
        rc = fill(d, g, NULL, "enrich.policy", true, &job, err);
        n += rc == 0;
        if (rc == -ENOENT || rc == -EALREADY) /* nothing known fills it, or nothing is needed */
            rc = 0;
    }
    docfs_gaps_free(all);
    if (rc == 0 && ret_n)
        *ret_n = n;
    return rc;
}
