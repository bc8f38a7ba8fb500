/* SPDX-License-Identifier: MIT
 * The answer to a question, as the contents of a directory: 00-RESULTS.md, the hidden machine
 * forms, and one file per hit. Shared by search/ and similar/. */
#pragma once
#include "fs/node.h"

struct answer {
    struct docfs_results *results; /* NULL when the question is wrong; then bad says why */
    struct docfs_err bad;
    struct query *query; /* what was asked; NULL for similar documents and wrong questions */
    char *question;      /* as the person spelled it */
    const char *about;   /* "search" or "similar" */
    uint64_t parent;     /* node id of the directory */
    unsigned depth;      /* its components from the root of the mount */
};

void answer_fini(struct answer *a);

/* Makes the answer for a directory, searching if need be. 0 also for a wrong question. */
typedef int answer_fn(struct tree *t, const struct call *c, struct node *dir, struct answer *ret,
                      struct docfs_err *err);

/* Lookup and listing of a directory whose answer comes from make, depth components below the root
 * of the mount. The lookup asks make only for names that need it. */
int answer_lookup(struct tree *t, const struct call *c, struct node *dir, unsigned depth,
                  answer_fn *make, const char *name, size_t len, struct found *ret,
                  struct docfs_err *err);
int answer_list(struct tree *t, const struct call *c, struct node *dir, answer_fn *make,
                struct listing **ret, struct docfs_err *err);
/* query, generation, total */
int answer_xattrs(const struct answer *a, xattr_fn *fn, void *arg);
