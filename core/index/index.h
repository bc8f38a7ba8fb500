/* SPDX-License-Identifier: MIT
 * The vector index over passages: derived data, rebuilt from the store at any time.
 *
 * A base file (index/vectors, memory-mapped, rows ascending by passage id) covers passages up to
 * base_last; an in-memory tail holds those added since. Passage ids only grow and a passage never
 * changes, so a reader catches up by appending. Passages deleted since the base was written are
 * marked with vindex_kill(). Above a measured size an HNSW graph (FAISS, index/hnsw) proposes the
 * candidates; else the signs of the codes do (narrow.c), and of few rows every one is scanned.
 * Candidates are always scored from the stored codes, so all give the same scores.
 *
 * Codes: int8, 127 * x / max|x|, dim bytes padded with zeros to a multiple of 64; the length of a
 * code stands beside it in the index. Score = cosine of query and code.
 *
 * Thread-safety: searches may run at once; vindex_append/kill take the write side of a lock. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

struct vindex;

struct vindex_row {
    int64_t passage;
    int64_t document;
};

struct vindex_hit {
    struct vindex_row row;
    float score; /* -1..1 */
};

/* Set of documents for filtered search. bit(document) set = allowed. */
struct docset {
    uint64_t *bits; /* owned by whoever made it */
    int64_t limit;  /* documents >= limit are not in the set */
    size_t n;       /* members */
    bool oom;       /* some are missing */
};
static inline bool docset_has(const struct docset *s, int64_t document)
{
    return document >= 0 && document < s->limit &&
           (s->bits[(uint64_t)document >> 6] >> (document & 63) & 1);
}

struct vindex_stats {
    size_t base, tail, dead; /* rows */
    bool graph;              /* HNSW loaded */
    size_t bytes;            /* mapped and allocated */
};

enum vindex_mode { VINDEX_AUTO, VINDEX_EXACT };

/* Bytes of one code for a dimension (multiple of 64). */
size_t vindex_code_size(unsigned dim);
/* Quantises a vector of any length. code holds vindex_code_size(dim) bytes. Values that are not
 * finite become 0; a zero vector gives the zero code, which scores 0. */
void vindex_encode(const float *v, unsigned dim, int8_t *code);

/* An empty in-memory index. */
int vindex_new(unsigned dim, struct vindex **ret, struct docfs_err *err);
/* Opens the base file (and the graph when there is one) under directory fd dirfd. -ENOENT: no
 * file; -ESTALE: other fingerprint or format; -EBADMSG: corrupt (size, checksum of the header and
 * of the row table). The caller then builds from the store. */
int vindex_open(int dirfd, unsigned dim, const char *fingerprint, struct vindex **ret,
                struct docfs_err *err);
void vindex_free(struct vindex *x);

/* Largest passage id held, 0 when empty. */
int64_t vindex_last(const struct vindex *x);
/* The passages of rows from..from+n, ascending, dead or not, into ret; returns how many there were.
 */
size_t vindex_passages(struct vindex *x, size_t from, int64_t *ret, size_t n);
/* Adds rows in ascending passage order, each > vindex_last() and below INT64_MAX. codes: n *
 * vindex_code_size(). -EINVAL (order), -ENOMEM: nothing was added. */
int vindex_append(struct vindex *x, const struct vindex_row *rows, const int8_t *codes, size_t n);
/* Marks passages deleted (unknown ids are ignored). */
int vindex_kill(struct vindex *x, const int64_t *passages, size_t n);

/* Best k rows by score (ties: lower passage id) into hits; returns how many, or -errno.
 * allowed may be NULL. Rows killed are never returned. */
int vindex_search(struct vindex *x, const float *query, size_t k, const struct docset *allowed,
                  enum vindex_mode mode, struct vindex_hit *hits);

void vindex_stats(struct vindex *x, struct vindex_stats *ret);
/* Scores of n passages for a query; NAN of one that is not held. */
void vindex_scores(struct vindex *x, const float *query, const int64_t *passage, size_t n,
                   float *ret);
/* Mean score of at most n passages that lie evenly among all: what the query has in common with any
 * passage. 0 when the index is empty. */
float vindex_mean(struct vindex *x, const float *query, size_t n);
/* The code of a passage as floats (dim), unit length; -ENOENT. */
int vindex_vector(struct vindex *x, int64_t passage, float *out);

/* Reads every vector of the base file and compares the checksum that vindex_open leaves out.
 * -EBADMSG: remove index/vectors and build again. */
int vindex_verify(struct vindex *x, struct docfs_err *err);

/* True when the tail or the dead rows are past ~20 % of the base (and more than a few thousand):
 * time to vindex_write. */
bool vindex_needs_rebuild(struct vindex *x);
/* Writes all live rows as a new base (temporary name, fsync, rename), and the HNSW graph when
 * there are at least graph_min rows (0 = the measured default). Does not change x. -EROFS,
 * -ENOSPC, ... from the system. */
int vindex_write(struct vindex *x, int dirfd, const char *fingerprint, size_t graph_min,
                 struct docfs_err *err);
