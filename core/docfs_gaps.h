/* SPDX-License-Identifier: MIT
 * Gaps: questions that the cache has no good answer to, and what could fill them.
 *
 * Every answer is judged by rule when it is made: which of its words occur anywhere, whether
 * anything is above the threshold and how near it is (docfs_results.sufficiency). Questions that
 * were asked through a door and judged below DOCFS_GAP are kept, and closed again once an answer is
 * good.
 *
 * What could fill one is looked up in the catalogue and in setting enrich.sources, without touching
 * the network. Fetching follows setting enrich.policy: off (the default) = never, ask = when a
 * person says so for this gap, auto = by itself after enrich.min_asked questions. Each consent is
 * logged with what it was given for.
 *
 * With a chat model (chat.url) and setting enrich.judge auto, the model judges before something is
 * added: whether the answer is good enough as it is, which candidate fits, and which technology of
 * the catalogue would fit better. What it decided and wrote is in the log. Rules decide without a
 * model, and when it fails.
 *
 * The rules of core/docfs.h hold. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

#define DOCFS_GAP 0.5 /* sufficiency up to which an answer counts as a gap */

struct docfs_gap {
    int64_t id, job;           /* job: that was queued to fill it, 0 = none */
    const char *query, *topic; /* topic: words of it that no document holds, "" = all are known */
    const char *group;         /* gaps with the same group are about the same thing */
    const char *state;         /* "open", "queued", "filled", "dismissed" */
    double sufficiency;        /* of the last answer */
    size_t asked;
    int64_t first_at, last_at;
};
struct docfs_gaps {
    struct docfs_gap *item; /* groups by how often they were asked about, then by that */
    size_t n;
};
/* all: closed ones, too. At most max (0 = 100). */
DOCFS_API int docfs_gaps(struct docfs *d, bool all, size_t max, struct docfs_gaps **ret,
                         struct docfs_err *err);
DOCFS_API void docfs_gaps_free(struct docfs_gaps *g);
DEFINE_CLEANUP(struct docfs_gaps, docfs_gaps_free)
/* Not worth filling; it stays closed until it is opened again. -ENOENT. */
DOCFS_API int docfs_gap_dismiss(struct docfs *d, int64_t id, bool reopen, struct docfs_err *err);

/* What could fill a gap. */
struct docfs_candidate {
    const char *name, *title, *location, *why; /* location: for docfs_add */
    const char *licence;                       /* "" unknown */
    bool network;                              /* adding it would fetch something */
    bool present;                              /* a collection of that name is there already */
};
struct docfs_candidates {
    struct docfs_candidate *item; /* best first */
    size_t n;
};
/* What could fill a gap; n is 0 when nothing is known. -ENOENT: no such gap. */
DOCFS_API int docfs_gap_candidates(struct docfs *d, int64_t id, struct docfs_candidates **ret,
                                   struct docfs_err *err);
DOCFS_API void docfs_candidates_free(struct docfs_candidates *c);
DEFINE_CLEANUP(struct docfs_candidates, docfs_candidates_free)

/* Queues the adding of a candidate (location NULL: the best one). who: on whose word, logged.
 * -EPERM: enrich.policy is off; -ENOENT: no such gap, or nothing known that could fill it. */
DOCFS_API int docfs_gap_fill(struct docfs *d, int64_t id, const char *location, const char *who,
                             int64_t *ret_job, struct docfs_err *err);
/* With policy auto: fills the gaps that were asked often enough (query NULL) or those of one
 * question; *ret_n (may be NULL): jobs queued. With another policy: -EPERM. */
DOCFS_API int docfs_enrich(struct docfs *d, const char *query, size_t *ret_n,
                           struct docfs_err *err);

/* What was consented to. */
struct docfs_consent {
    int64_t at, gap, job;
    const char *who, *policy, *location, *query;
};
struct docfs_consents {
    struct docfs_consent *item; /* newest first */
    size_t n;
};
DOCFS_API int docfs_consents(struct docfs *d, size_t max, struct docfs_consents **ret,
                             struct docfs_err *err);
DOCFS_API void docfs_consents_free(struct docfs_consents *c);
DEFINE_CLEANUP(struct docfs_consents, docfs_consents_free)
