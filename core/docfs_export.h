/* SPDX-License-Identifier: MIT
 * One collection as a portable file, with where it came from. docfs_add() reads it. */
#pragma once
#include "core/docfs.h"

struct docfs_export_info {
    size_t documents;
    int64_t bytes; /* of markdown; the file is smaller */
};
/* Non-zero cancels. */
typedef int docfs_export_fn(void *arg, size_t done, size_t total);

/* Writes a collection (its full name) into `file`, which appears only when it is complete.
 * -ENOENT: no such collection; -EEXIST unless replace. */
DOCFS_API int docfs_export(struct docfs *d, const char *collection, const char *file, bool replace,
                           docfs_export_fn *fn, void *arg, struct docfs_export_info *ret,
                           struct docfs_err *err);
