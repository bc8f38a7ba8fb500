/* SPDX-License-Identifier: MIT
 * What can be added: the kinds of sources, and the technologies known by name.
 *
 * The rules of core/docfs.h hold: 0 or -errno with one line in err, results are the caller's. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

/* The kinds, in the order in which they are tried. Returns how many there are; fills in at most
 * max. */
struct docfs_source_kind {
    const char *name, *what; /* static */
};
DOCFS_API size_t docfs_source_kinds(struct docfs_source_kind *ret, size_t max);

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
