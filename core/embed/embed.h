/* SPDX-License-Identifier: MIT
 * Text -> vector. One vtable; the built-in embedder is deterministic and needs no network. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

enum embed_kind { EMBED_QUERY, EMBED_PASSAGE };

struct token; /* core/text/token.h */

struct embed_text {
    const char *title; /* document title and heading path, may be "" */
    size_t title_len;
    const char *body;
    size_t body_len;
};

/* The part of a question's words, by weight, that have a near word: 0..1. */
struct embed_near {
    float all, title; /* in the text; in its title alone */
};

/* What a word is to the model. */
#define EMBED_WORD_ROWS 24 /* at most */
struct embed_word {
    uint32_t row[EMBED_WORD_ROWS];
    size_t n;
    bool letters; /* known by its letters alone: counts unless parts of it follow, which say it */
};

/* How well texts answer a question, word by word. The caller reads them, so that whoever reads a
 * text for other reasons as well does it once, or knows its rows from before. What begin returns
 * belongs to one thread. */
struct embed_asked;
struct embed_near_ops {
    /* Stands for what rows() answers, which is the same for every question: it may be kept. Not 0.
     */
    uint64_t (*vocabulary)(void *ctx);
    /* Of a word as token_each() gives it, with its stem. */
    void (*rows)(void *ctx, const struct token *t, const char *stem, size_t len,
                 struct embed_word *ret);
    int (*begin)(void *ctx, const char *query, struct embed_asked **ret, struct docfs_err *err);
    /* A text by the rows of its words, in any order and any number of times; the first `title` of
     * them are of its title. Rows that the model has not are passed over. 0 or -ENOMEM. */
    int (*compare)(struct embed_asked *a, const uint32_t *row, size_t title, size_t n,
                   struct embed_near *ret);
    void (*free)(struct embed_asked *a); /* NULL allowed */
};

struct embedder {
    void *ctx;
    unsigned dim;            /* components per vector */
    const char *fingerprint; /* "provider/model/dimension/normalisation"; vectors of different
                                fingerprints are never compared. Valid as long as the embedder */
    unsigned batch;          /* texts per call that suit the implementation, >= 1 */
    float floor;             /* cosine that unrelated texts stay below; 0 when nobody knows */
    float home, abroad; /* mean cosine of a question and any passage, up to which the model knows
                           the field of a collection, and from which on it does not; 0: no
                           such figures */
    bool costly;        /* a call is a request to a server: not from inside the conversion of
                           one file, and its answers are worth keeping */
    /* Writes n vectors of dim floats to out. Vectors have unit length, or are all zero when the
     * text has no usable word. Thread-safe. Codes a caller may branch on: -EINVAL, -EBADMSG: one of
     * the texts was refused or its answer was of no use, the others may be fine alone; every other:
     * nothing can be embedded now, and err says why. */
    int (*embed)(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                 float *out, struct docfs_err *err);
    const struct embed_near_ops *near; /* NULL when it cannot compare word by word */
    void (*free)(void *ctx);
    atomic_uint more; /* references beside the first */
};

/* The default: the trained model that is installed with docfs, or embed_hash_new() when there is
 * none (the fingerprint tells). -EBADMSG, -ENOTSUP: the model is damaged or of another version.
 * Caller owns *ret (embedder_free). */
int embed_builtin_new(struct embedder **ret, struct docfs_err *err);
/* Where its file is: $DOCFS_MODEL ("none": there is none), beside the program, or where it was
 * installed. 0, -ENOENT, -ENAMETOOLONG. */
int embed_model_path(char *path, size_t size);
/* Needs no file, and knows less. Cannot fail but for memory. */
int embed_hash_new(struct embedder **ret, struct docfs_err *err);
/* Gives one reference back; NULL allowed. */
void embedder_free(struct embedder *e);
/* One more reference to e, which is returned; NULL allowed. */
struct embedder *embedder_ref(struct embedder *e);
static inline void embedder_freep(struct embedder **e)
{
    embedder_free(*e);
}
