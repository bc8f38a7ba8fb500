/* SPDX-License-Identifier: MIT
 * What can be added by name: the technologies of the catalogue.
 *
 * The rules of core/docfs.h hold: 0 or -errno with one line in err, results are the caller's. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

/* A technology that docfs_add takes by its name. */
struct docfs_technology {
    const char *name, *title;
    const char *aliases;  /* separated by ", "; "" when there are none */
    const char *category; /* "language", "framework", "library", "database", "tool" */
    const char *repo, *path;
    const char *licence;  /* of the documentation, as SPDX expression */
    const char *versions; /* "tags", "branches PATTERN" or "none" */
};
struct docfs_technologies {
    struct docfs_technology *item; /* best first; by name when words was empty */
    size_t n;
};
/* Entries of the catalogue that answer all the words; "" = all. Never touches the network. */
DOCFS_API int docfs_catalogue(struct docfs *d, const char *words, struct docfs_technologies **ret,
                              struct docfs_err *err);
DOCFS_API void docfs_technologies_free(struct docfs_technologies *t);
DEFINE_CLEANUP(struct docfs_technologies, docfs_technologies_free)
