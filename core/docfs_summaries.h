/* SPDX-License-Identifier: MIT
 * Summaries that a chat model writes, when setting enrich.summaries allows it. They are kept apart
 * from the text, always shown as generated, never searched, and go when the text changes.
 *
 * The rules of core/docfs.h hold. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

struct docfs_summary {
    const char *collection, *path, *text, *model;
    int64_t at; /* seconds */
};
struct docfs_summaries {
    struct docfs_summary *item; /* ordered by collection and path */
    size_t n;
};
/* collection NULL = all; at most max. */
DOCFS_API int docfs_summaries(struct docfs *d, const char *collection, size_t max,
                              struct docfs_summaries **ret, struct docfs_err *err);
DOCFS_API void docfs_summaries_free(struct docfs_summaries *s); /* NULL allowed */
DEFINE_CLEANUP(struct docfs_summaries, docfs_summaries_free)

struct docfs_summarise {
    const char *collection; /* NULL = all */
    size_t max;             /* documents sent, 0 = all */
    /* After each document; non-zero ends with -ECANCELED. May be NULL. */
    int (*progress)(void *arg, size_t done, size_t of);
    void *arg;
};
struct docfs_summarised {
    size_t written, refused; /* refused: what came was no summary, or addresses an agent */
    char why[400];           /* of the last one refused */
};
/* Writes those that are missing. Documents with signs (docfs_hygiene.h) are not sent. -EPERM: the
 * setting is off; -ENOENT: no chat model is set; or the failure of the model. What was written
 * before a failure stays. */
DOCFS_API int docfs_summarise(struct docfs *d, const struct docfs_summarise *ask,
                              struct docfs_summarised *ret, struct docfs_err *err);
