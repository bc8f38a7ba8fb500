/* SPDX-License-Identifier: MIT
 * struct vindex, shared by vindex.c, search.c, narrow.c, write.c and loader.c.
 *
 * Rows are numbered: the base first, then the tail, in ascending passage order throughout.
 * What is guarded by what:
 *   base, dim, code_size, kernels, graph_fd   set at open, then constant
 *   tail (pointers, counts), dead bits    lock
 *   rows and codes of the tail            constant once counted in tail_n
 *   graph                                 written before graph_state becomes GRAPH_READY */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "core/index/base.h"
#include "core/index/graph.h"
#include "core/index/signs.h"
#include "core/index/topk.h"
#include "core/util/cleanup.h"
#include "core/util/spares.h"

/* The tail grows by pieces that never move: a writer of the base file reads them without the
 * lock, and a large append copies nothing twice. */
#define CHUNK_ROWS 4096

struct chunk {
    struct vindex_row rows[CHUNK_ROWS];
    float norms[CHUNK_ROWS];
    uint64_t dead[CHUNK_ROWS / 64];
    int8_t codes[]; /* CHUNK_ROWS * code_size; then their signs */
};

enum graph_state { GRAPH_NONE, GRAPH_FILE, GRAPH_LOADING, GRAPH_READY, GRAPH_BAD };

struct vindex {
    unsigned dim;
    size_t code_size;
    dot_fn *dot;
    estimate_fn *estimate;
    struct base base;

    pthread_rwlock_t lock;
    struct chunk **tail;
    size_t tail_n;   /* rows */
    size_t tail_cap; /* pointers in tail */
    size_t chunks;   /* allocated */
    uint64_t *dead;  /* bits of the base; NULL while none is dead */
    size_t dead_base, dead_tail;

    int graph_fd;
    struct graph *graph;
    _Atomic int graph_state;
    _Atomic unsigned wanted; /* searches that would have used the graph */
    struct spares narrow;    /* of narrow.c */
    pthread_t loader;
    bool has_loader;
};

DEFINE_CLEANUP(struct vindex, vindex_free)

/* Rows that lie together. */
struct span {
    const struct vindex_row *rows;
    const float *norms;
    const int8_t *codes;
    const uint8_t *signs;
    const uint64_t *dead; /* NULL: none */
    size_t n;
};
struct span vindex_base_span(const struct vindex *x);
struct span vindex_chunk_span(const struct vindex *x, size_t chunk);

static inline bool bit_get(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* Where row number i lies; the caller holds the lock. */
struct place {
    const struct vindex_row *row;
    const int8_t *code;
    float norm;
    bool dead;
};
struct place vindex_place(const struct vindex *x, size_t i);

/* search.c */
struct search {
    struct vindex *x;
    const struct kquery *q;
    const struct docset *allowed; /* NULL: all */
    struct topk top;
};
/* Bits of rows [at, at+n), n <= 64, that may be returned. */
uint64_t search_wanted(const struct search *s, const struct span *p, size_t at, size_t n);
/* narrow.c. Offers the best rows of all by their signs. False: nothing done, scan instead. */
bool search_narrow(struct search *s);

/* loader.c. True when the graph may be used now. A search that cannot use it yet counts, and after
 * a few of them the graph is loaded in the background. */
bool loader_ready(struct vindex *x);
void loader_join(struct vindex *x);
