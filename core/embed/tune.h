/* SPDX-License-Identifier: MIT
 * Adapts the built-in model to the words of one cache: a factor per word, learned from pairs of a
 * question (a heading, a title, the text of a link) and the passage it stands for. A word that says
 * nothing here ("postgres" in the manual of PostgreSQL) comes to weigh less, a telling one more. */
#pragma once
#include "core/embed/embed.h"
#include "core/util/buf.h"

struct tuner;

/* -ENOTSUP when no trained model is installed: there is nothing to adapt. */
int tuner_new(struct tuner **ret, struct docfs_err *err);
void tuner_free(struct tuner *t); /* NULL allowed */

/* A passage; its number in *ret, or -1 when it holds too few known words. group: of its document;
 * groups are held out as a whole. -ENOMEM. */
int tuner_passage(struct tuner *t, const char *text, size_t len, int64_t group, int64_t *ret);
/* A question for a passage; one without known words is left out. -ENOMEM. */
int tuner_pair(struct tuner *t, const char *question, size_t len, int64_t passage);

struct tuner_report {
    size_t pairs, held_out;
    double before, after; /* mean reciprocal rank of the held-out pairs */
    bool better;          /* by more than chance explains (paired, one-sided, 95 %) */
};
/* Called now and then with the part that is done, 0..1; non-zero stops (-ECANCELED). */
typedef int tuner_progress_fn(void *arg, double done);
/* Learns, and appends the factors to *factors. The same pairs in the same order give the same
 * factors. -ENODATA: too few pairs to tell. */
int tuner_run(struct tuner *t, tuner_progress_fn *progress, void *arg, struct tuner_report *ret,
              struct buf *factors, struct docfs_err *err);

/* Eight hex digits that name factors. */
void tuning_name(const void *factors, size_t len, char ret[9]);
/* The built-in model with factors; its fingerprint ends its name with "+" and theirs. -ESTALE: they
 * are of another model; -EBADMSG: damaged. */
int embed_tuned_new(const void *factors, size_t len, struct embedder **ret, struct docfs_err *err);
