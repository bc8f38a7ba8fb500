/* SPDX-License-Identifier: MIT
 * What several resources show: hits with the members of every published variant, text of
 * documents by line, budgets of tokens. */
#pragma once
#include "tools/sidecar/resource.h"
#include "tools/wire/ask.h"
#include "tools/wire/wire.h"

struct render_options {
    bool explain, text;
    size_t tokens; /* budget of all texts; 0 = none */
    size_t used;   /* out: tokens in the texts */
};
/* Array of results, or NULL when memory is out. */
json_t *render_hits(struct docfs *d, const struct docfs_results *r, struct render_options *o);

/* The whole text of a version into an empty buffer. -ESTALE when it was removed meanwhile. */
int read_text(struct docfs *d, const struct docfs_document *doc, struct buf *ret,
              struct docfs_err *err);
/* The document that {name} of the path means. */
int find_document(struct request *q, const char *name, struct docfs_document **ret,
                  struct docfs_err *err);
/* Members of a document in the superset of the published variants. */
json_t *render_document(const struct docfs_document *doc);
/* Appends to list the documents of a collection whose path begins with prefix, in the order of the
 * tree: skip of them left out, at most want. */
int list_documents(struct request *q, const struct docfs_collection *k, const char *prefix,
                   size_t skip, size_t want, json_t *list, bool *ret_more, struct docfs_err *err);
/* Name without its version, a new value. */
json_t *base_name(const char *collection);
