/* SPDX-License-Identifier: MIT
 * The words of passages, counted for one question. */
#pragma once
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

/* What a word is to the question. */
struct known {
    uint64_t key;
    int term;        /* of the question, -1: none */
    uint32_t near;   /* number that the embedder knows it by */
    uint32_t expand; /* expand_hash() */
};

#define READING_AHEAD 16
struct reading {
    const struct lexical *l;
    char stem[LEX_TERMS_MAX][72];
    size_t stem_len[LEX_TERMS_MAX];
    uint32_t stem_hash[LEX_TERMS_MAX];
    struct known *known;
    size_t n;
    uint32_t *slot; /* 1 + index into known; open addressing by key */
    size_t slots;

    struct docfs *d;         /* whose words are read, for names */
    struct lexicon *lexicon; /* of these; NULL: not there yet */
    /* The last words with a name, which the lexicon was asked for ahead. */
    struct postings_token ahead[READING_AHEAD];
    size_t taken, waiting;
    enum field field;
    int last; /* term of the word before, -1: none */
    struct counts *counts;
    struct expand *expand; /* NULL: not wanted */
    const struct embedder *e;
    const struct embed_near_ops *near; /* NULL: the embedder cannot compare */
    struct embed_asked *asked;
};

/* e, expand: may be NULL. The other arguments must outlive it; reading_fini() also after failure.
 */
int reading_begin(struct reading *r, const struct lexical *l, struct embedder *e, const char *query,
                  struct expand *expand, struct docfs_err *err);
/* 0 or -ENOMEM. */
int reading_passage(struct reading *r, const struct store_passage *p, struct counts *ret);
/* The same of a row of the words that are held (words_acquire); -EAGAIN: they are damaged. */
int reading_row(struct reading *r, struct docfs *d, int64_t row, struct counts *ret);
void reading_fini(struct reading *r);
