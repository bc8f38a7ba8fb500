/* SPDX-License-Identifier: MIT
 * HNSW graph over the rows of a base file: proposes candidates for a query. index/hnsw is stamped
 * with the base file that it was built from and is ignored beside any other.
 * graph.c does it with FAISS; graph-none.c is its place in a build without. */
#pragma once
#include "core/index/base.h"

#define GRAPH_FILE_NAME "hnsw"

struct graph;

bool graph_supported(void);
/* Opens index/hnsw and reads its header. Returns a descriptor, -ENOENT, -ESTALE (of another
 * base), -EBADMSG, -ENOTSUP. */
int graph_open(int dirfd, const struct base *b);
/* Loads the graph; every byte is checked before FAISS sees it. fd stays the caller's. */
int graph_load(int fd, const struct base *b, struct graph **ret);
void graph_free(struct graph *g);
/* Rows near v, at most k, in no certain order; the search looks at about k rows. Returns how many,
 * or -errno. Thread-safe. */
int graph_search(const struct graph *g, const float *v, size_t k, int64_t *rows);
size_t graph_bytes(const struct graph *g);
/* Builds the graph of a base with all cores and publishes it as index/hnsw, unless another base
 * took the place of b meanwhile. */
int graph_build(const struct base *b, int dirfd, struct docfs_err *err);
