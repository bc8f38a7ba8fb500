/* SPDX-License-Identifier: MIT
 * Stored feedback. */
#pragma once
#include "core/store/store.h"

struct store_feedback {
    int64_t id, at, document, question;
    int signal;
    double value;
    const char *query, *door, *comment, *collection, *path; /* borrowed; path: of the source file */
};
/* once_s > 0: nothing is kept when the same signal on document, question and door is younger.
 * epoch_s: the epoch moves when the last move is that old (0 = now). *ret_kept tells. */
int store_put_feedback(struct store_write *w, const struct store_feedback *f, int64_t once_s,
                       int64_t epoch_s, bool *ret_kept, struct docfs_err *err);
/* Newest first, or oldest first; signals below `below` only. document 0, collection NULL = all. */
struct store_feedback_filter {
    int64_t document, max;
    const char *collection;
    int below;
    bool oldest_first;
};
int store_list_feedback(struct store_read *r, const struct store_feedback_filter *f,
                        void (*fn)(void *arg, const struct store_feedback *f), void *arg,
                        struct docfs_err *err);
int64_t store_reset_feedback(struct store_write *w, int64_t document, const char *collection,
                             struct docfs_err *err);
/* Number that grows whenever priors have to be computed again. Cheap. */
int store_feedback_epoch(struct store_read *r, int64_t *ret, struct docfs_err *err);
