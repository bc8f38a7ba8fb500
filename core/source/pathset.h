/* SPDX-License-Identifier: MIT
 * Sources that are picked files of this machine: a name in the source for each. */
#pragma once
#include "core/source/source.h"

struct pathset_entry {
    char *name; /* in the source */
    char *file; /* absolute */
};
struct pathset {
    struct pathset_entry *item;
    size_t n;
};
void pathset_fini(struct pathset *p);
/* Copies both. -ENOMEM. */
int pathset_add(struct pathset *p, const char *name, const char *file);
/* Adds the documentation below dir (source_doc_globs; no links, no package caches), at most depth
 * directories deep, as PREFIX/relative. A missing directory adds nothing. */
int pathset_add_tree(struct pathset *p, const char *prefix, const char *dir, unsigned depth);
/* Fills the listing in; orders the set. */
int pathset_list(struct pathset *p, const struct source_filter *filter, struct source_files *ret,
                 struct docfs_err *err);
/* Reads a listed file; links are not followed. */
int pathset_read(const struct pathset *p, const char *name, size_t max, struct buf *out,
                 int64_t *ret_mtime_ns, struct docfs_err *err);
const struct pathset_entry *pathset_find(const struct pathset *p, const char *name);
