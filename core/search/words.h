/* SPDX-License-Identifier: MIT
 * The postings file beside the full text (core/index/postings.h): kept in step with the store, used
 * where it gives what the full text would give, only sooner. */
#pragma once
#include "core/index/postings.h"
#include "core/internal.h"
#include "core/search/nearby.h"
#include "core/search/search.h"

/* Holds the postings for the reader's snapshot until words_release(). False, and nothing is held,
 * when there are none for it: the full text answers. */
bool words_acquire(struct docfs *d, struct store_read *r);
void words_release(struct docfs *d);

/* The calls below are for whoever holds them. */

/* Passages that hold a word, or -1: ask the store. A df_fn. */
int64_t words_df(struct docfs *d, struct store_read *r, const char *word, const char *stem,
                 size_t len);
/* Candidates as store_lex_search() finds them, for a question of words alone; -EAGAIN: ask the
 * store. q: its match is of what came after the file. */
int words_search(struct docfs *d, struct store_read *r, const struct lexical *l,
                 const struct store_lex_query *q, const struct docset *allowed, size_t limit,
                 struct best *out, struct docfs_err *err);

/* The row of a passage; -EAGAIN: ask the store; -ENOENT: the passage is gone. */
int64_t words_row(struct docfs *d, int64_t passage);
/* What a function of the reader returned; -EAGAIN: the file is damaged. Words are unstemmed. */
int words_read(struct docfs *d, int64_t row, const struct postings_reader *reader);
const char *words_name(struct docfs *d, uint32_t name, size_t *ret_len);
/* words_mean() of them. */
bool words_suit(struct docfs *d, const struct embedder *e);
/* nearby_each() of the names. False: there are words without one; ask the store. */
bool words_nearby(struct docfs *d, const char *word, size_t len, unsigned most,
                  void (*fn)(void *arg, const char *name, size_t len), void *arg);

/* ---- words_make.c ---- */

/* What the file is stamped with for the reader's cache. */
int words_stamp(struct store_read *r, char ret[POSTINGS_STAMP], struct docfs_err *err);
struct words_lag {
    int64_t rows, words; /* of the full text */
    int64_t later, gone; /* passages */
};
/* The features of a file are those of an embedder; NULL, and one that compares no words, needs
 * none.
 */
bool words_mean(const struct postings *p, const struct embedder *e);
/* How far a file is behind; -ESTALE: it is not of what the reader sees. */
int words_measure(struct store_read *r, const struct postings *p, struct words_lag *ret,
                  struct docfs_err *err);
/* Makes the file when it is missing, unusable, far behind or of another model; force: always. */
int words_rebuild(struct docfs *d, struct store_read *r, bool force, bool *ret_rebuilt,
                  struct docfs_err *err);
