/* SPDX-License-Identifier: MIT
 * Inside of gaps and their filling.
 *
 *   gaps.c        lists of gaps and consents
 *   candidates.c  what could fill a gap: the catalogue, and places from the settings
 *   advise.c      a chat model as the judge of both
 *   enrich.c      policy, consent, and the queue */
#pragma once
#include "core/docfs_gaps.h"
#include "core/docfs_sources.h"
#include "core/internal.h"
#include "core/store/gaps.h"
#include "core/util/grow.h"

enum enrich_policy { ENRICH_OFF, ENRICH_ASK, ENRICH_AUTO }; /* setting enrich.policy */

enum enrich_judge { ENRICH_BY_MODEL, ENRICH_BY_RULE }; /* setting enrich.judge */

/* What a chat model says of a gap. */
struct advice {
    bool given;      /* false: nobody was asked */
    bool sufficient; /* what the cache holds answers the question */
    size_t choice;   /* number of the candidate, counted from 1; 0 = none fits */
    char model[128];
    char reason[200]; /* written by the model; one line */
};
/* May add candidates that the model named. Failures are those of the model. */
int gap_advise(struct docfs *d, const struct docfs_gap *g, struct docfs_candidates *c,
               struct advice *ret, struct docfs_err *err);
/* Adds what the catalogue knows under exactly that name. */
int gap_candidates_named(struct docfs *d, const char *name, const char *by,
                         struct docfs_candidates *c, struct docfs_err *err);

/* The one gap with that number. -ENOENT. */
int gap_get(struct docfs *d, int64_t id, struct docfs_gaps **ret, struct docfs_err *err);
