/* SPDX-License-Identifier: MIT
 * The embedding model of a cache, for whoever wants vectors of their own. The rules of core/docfs.h
 * hold. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/util/err.h"

struct docfs;

struct docfs_model {
    char name[128];        /* "builtin/trained-2": provider and model */
    char fingerprint[256]; /* vectors of different fingerprints must not be compared */
    unsigned dimension;
};
DOCFS_API int docfs_model(struct docfs *d, struct docfs_model *ret, struct docfs_err *err);

struct docfs_text {
    const char *text;
    size_t len;
};
/* Writes n vectors of `dimension` floats to out: of unit length, or all zero for a text without a
 * usable word. question: as a search asks, else as a passage is kept. -EINVAL when the model was
 * changed meanwhile and dimension is not its own. */
DOCFS_API int docfs_embed(struct docfs *d, bool question, const struct docfs_text *text, size_t n,
                          unsigned dimension, float *out, struct docfs_err *err);
