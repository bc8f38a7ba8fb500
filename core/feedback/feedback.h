/* SPDX-License-Identifier: MIT
 * Inside of feedback.
 *
 *   feedback.c  the public calls
 *   opens.c     documents that were found and then read
 *   priors.c    what is added to scores (called by the search through core/internal.h)
 *   replay.c    does it help: the past asked again */
#pragma once
#include "core/docfs_feedback.h"
#include "core/internal.h"
#include "core/store/feedback.h"

#define PRIOR_DOCUMENT 0.04 /* most that a document gets for all questions */
#define PRIOR_QUESTION 0.16 /* and for one */

/* What a signal weighs before it ages. */
double signal_value(enum docfs_signal s, unsigned rank);

/* Priors from the signals up to row `until` (0 = all), as of `now`. */
int priors_make(struct docfs *d, struct store_read *r, int64_t until, int64_t now,
                struct priors **ret, struct docfs_err *err);
