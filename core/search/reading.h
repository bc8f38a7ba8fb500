/* SPDX-License-Identifier: MIT
 * The words of passages, counted for one question. */
#pragma once
#include "core/search/features.h"
#include "core/search/search.h"
#include "core/search/words.h"

enum field { FIELD_TITLE, FIELD_HEADING, FIELD_TEXT, FIELD_PART, FIELDS };

/* Of one passage. */
struct counts {
    uint16_t tf[LEX_TERMS_MAX][FIELDS]; /* times that it holds a term of the question */
    uint16_t after[LEX_TERMS_MAX];      /* times that the term follows the one before it there */
    size_t words;
    struct embed_near near;
};

#define READING_NAMES 64
struct reading {
    const struct lexical *l;
    char stem[LEX_TERMS_MAX][72];
    size_t stem_len[LEX_TERMS_MAX];
    uint32_t stem_hash[LEX_TERMS_MAX];
    uint64_t hashes; /* a bit for each, by its low bits: most words are told apart by it */
    struct {
        uint32_t name; /* POSTINGS_NO_NAME: none yet */
        int term;
    } seen[READING_NAMES]; /* by the low bits of the name: those whose stem was compared */

    struct docfs *d; /* whose words are read, for names */
    enum field field;
    int last; /* term of the word before, -1: none */
    struct counts *counts;
    struct expand *expand;    /* NULL: not wanted */
    const struct embedder *e; /* NULL: there is none that can compare */
    struct embed_asked *asked;
    struct features features; /* of a text */
};

/* What index/words says of a name's stem (postings_token.stem). */
uint32_t reading_stem(const char *stem, size_t len);

/* e, expand: may be NULL. The other arguments must outlive it; reading_fini() also after failure.
 */
int reading_begin(struct reading *r, const struct lexical *l, struct embedder *e, const char *query,
                  struct expand *expand, struct docfs_err *err);
/* 0 or -ENOMEM. */
int reading_passage(struct reading *r, const struct store_passage *p, struct counts *ret);
/* The same of a row of the words that are held (words_acquire), whose features suit the embedder;
 * -EAGAIN: they are damaged. */
int reading_row(struct reading *r, struct docfs *d, int64_t row, struct counts *ret);
void reading_fini(struct reading *r);
