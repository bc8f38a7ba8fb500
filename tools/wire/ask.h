/* SPDX-License-Identifier: MIT
 * Questions and lines of text as programs want them: what the doors for programs (MCP, Context7,
 * AnythingLLM) share. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/docfs.h"
#include "core/util/buf.h"

#define WIRE_TOKEN_BYTES 4 /* of English text; the usual estimate */
static inline size_t wire_token_count(size_t bytes)
{
    return (bytes + WIRE_TOKEN_BYTES - 1) / WIRE_TOKEN_BYTES;
}

struct wire_ask {
    const char *query;
    const char *const *in; /* collections: NAME or NAME@VERSION, any of; NULL-terminated or NULL */
    const char *mode;      /* NULL = hybrid */
    unsigned k;            /* 0 = the default */
    bool words;            /* take the query word by word: no grammar, cut to QUERY_MAX */
    const char *door;      /* for the query log; NULL = not logged */
};
/* Searches. -EINVAL and the like from the grammar (never with words). */
int wire_ask(struct docfs *d, const struct wire_ask *a, struct docfs_results **ret,
             struct docfs_err *err);

/* fn per document below a directory, ordered by directory; path is relative to it. Non-zero from fn
 * ends the walk and is returned. Trees deeper than 64 are cut there. */
typedef int wire_walk_fn(void *arg, const struct docfs_entry *e, const char *path);
int wire_walk(struct docfs *d, int64_t directory, wire_walk_fn *fn, void *arg,
              struct docfs_err *err);

/* Whole lines of a document. */
struct wire_lines {
    struct buf text;
    int64_t first, count; /* lines that text holds */
    int64_t next;         /* first line left out for want of room; 0 = all of the range is there */
    bool cut;             /* not even the first line had room: text holds its beginning */
};
/* Lines [first, last] (1-based; last 0 = to the end), at most max_bytes (0 = no limit). A range
 * behind the end gives no lines. -ESTALE when the version is gone. Release with
 * wire_lines_fini, also after a failure. */
int wire_read_lines(struct docfs *d, int64_t content, int64_t size, int64_t first, int64_t last,
                    size_t max_bytes, struct wire_lines *ret, struct docfs_err *err);
static inline void wire_lines_fini(struct wire_lines *l)
{
    buf_fini(&l->text);
}
#define _cleanup_lines_ _cleanup_(wire_lines_fini)
