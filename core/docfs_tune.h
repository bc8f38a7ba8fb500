/* SPDX-License-Identifier: MIT
 * Adapts the built-in embedding model to the documentation of one cache. The rules of core/docfs.h
 * hold. */
#pragma once
#include "core/docfs.h"

struct docfs_tuning {
    size_t pairs, held_out; /* learned from; kept apart to judge by */
    double before, after;   /* mean reciprocal rank of the held-out pairs */
    bool kept;              /* better by more than chance, so it is in force now */
    double seconds;
};

/* Learns from headings, titles and links; when pairs of documents that were held out are ranked
 * better, keeps the adaptation and embeds the cache with it. progress as of docfs_reembed.
 * -ENODATA: too few pairs; -ENOTSUP: the model in use is not the built-in one, or none is
 * installed. */
DOCFS_API int docfs_tune(struct docfs *d, docfs_progress_fn *progress, void *arg,
                         struct docfs_tuning *ret, struct docfs_err *err);
/* Goes back to what was before the last adaptation that is in force. -ENOENT: there is none. */
DOCFS_API int docfs_untune(struct docfs *d, docfs_progress_fn *progress, void *arg,
                           struct docfs_err *err);
