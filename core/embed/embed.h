/* SPDX-License-Identifier: MIT
 * Text -> vector. One vtable; the built-in embedder is deterministic and needs no network. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

enum embed_kind { EMBED_QUERY, EMBED_PASSAGE };

struct embed_text {
    const char *title; /* document title and heading path, may be "" */
    size_t title_len;
    const char *body;
    size_t body_len;
};

struct embedder {
    void *ctx;
    unsigned dim;            /* components per vector */
    const char *fingerprint; /* "provider/model/dimension/normalisation"; vectors of different
                                fingerprints are never compared. Valid as long as the embedder */
    unsigned batch;          /* texts per call that suit the implementation, >= 1 */
    /* Writes n vectors of dim floats to out. Vectors have unit length, or are all zero when the
     * text has no usable word. Thread-safe. 0, -ETIMEDOUT, -ECONNREFUSED, -EIO, -ENOMEM. */
    int (*embed)(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                 float *out, struct docfs_err *err);
    void (*free)(void *ctx);
};

/* The built-in default. Cannot fail but for memory. Caller owns *ret (embedder_free). */
int embed_builtin_new(struct embedder **ret, struct docfs_err *err);
void embedder_free(struct embedder *e);
static inline void embedder_freep(struct embedder **e)
{
    embedder_free(*e);
}
