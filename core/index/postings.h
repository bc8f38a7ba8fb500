/* SPDX-License-Identifier: MIT
 * Postings of the full text: which passages hold a word, and how often in each field; the words of
 * each passage in their order, so that it can be read without its text; and what they are to an
 * embedding model, as features: the numbers of its rows, each once. Derived
 * data, made from the store (index/words) and made again at any time; the full text in the store
 * answers where this file does not.
 *
 * Words come as the full text spells them (stems). The file covers the passages up to
 * postings_last(): which of them were deleted since, and what came later, is the caller's to know.
 * Nothing is mapped: a word's postings are read when they are asked for, and checked then, so that
 * neither a damaged nor a truncated file can do more than fail. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/index/index.h"
#include "core/util/best.h"
#include "core/util/cleanup.h"
#include "core/util/err.h"

struct postings;

enum postings_field { POSTINGS_TITLE, POSTINGS_HEADING, POSTINGS_TEXT, POSTINGS_FIELDS };

/* Tells one file from the one that replaced it. */
struct postings_id {
    dev_t device;
    ino_t inode;
    int64_t size, mtime_ns;
};
/* -ENOENT: there is none. */
int postings_look(int dirfd, struct postings_id *ret);

/* stamp: what the postings are of, shorter than POSTINGS_STAMP. -ENOENT; -ESTALE: other stamp or
 * format; -EBADMSG: damaged. */
#define POSTINGS_STAMP 96
int postings_open(int dirfd, const char *stamp, struct postings **ret, struct docfs_err *err);
void postings_free(struct postings *p);

struct postings_row {
    int64_t passage, document;
    uint32_t words; /* of the passage; parts of identifiers do not count */
    uint32_t size;  /* of its words in their order, in the file */
    uint64_t at;    /* where they begin, counted from the first */
};
/* Rows, ascending by passage. */
const struct postings_row *postings_rows(const struct postings *p, size_t *ret_n);
int64_t postings_last(const struct postings *p);
uint64_t postings_words(const struct postings *p); /* of all rows together */
/* What was given to postings_writer_new(). */
uint64_t postings_vocabulary(const struct postings *p);

/* The row of a passage, -1 when there is none. */
int64_t postings_find(const struct postings *p, int64_t passage);

/* A word as it was given to postings_writer_word(). */
#define POSTINGS_NO_NAME UINT32_MAX
struct postings_token {
    uint32_t name;    /* POSTINGS_NO_NAME: a rare word without one */
    uint32_t stem;    /* of a name: the low half of the stem's hash64() */
    const char *text; /* of a word without a name; not terminated */
    size_t len;
    enum postings_field field;
    bool part;
};
#define POSTINGS_FEATURES 2048 /* of one row at most; the rest is not kept */
/* Who reads a row. Each returns non-zero to stop. */
struct postings_reader {
    /* Comes first: those of title and headings, then those that only the text has; each ascending.
     */
    int (*features)(void *arg, const uint32_t *feature, size_t title, size_t n);
    int (*token)(void *arg, const struct postings_token *t); /* the words in their order */
    void *arg;
};
/* What a function of r returned, -EBADMSG, -EIO, -ENOMEM. */
int postings_read(const struct postings *p, size_t row, const struct postings_reader *r);
/* How many names there are. */
uint32_t postings_names(const struct postings *p);
/* The text of a name, not terminated. */
const char *postings_name(const struct postings *p, uint32_t name, size_t *ret_len);

/* Rows that hold a word, 0 when none does; -EBADMSG, -EIO: the file is not to be used any more. */
int64_t postings_df(struct postings *p, const char *word, size_t len);

struct postings_word {
    const char *text;
    size_t len;
    double idf;
};
struct postings_query {
    const struct postings_word *word;
    size_t n, must; /* the first so many of the n words are in every row that is found */
    double weight[POSTINGS_FIELDS];
    double mean;                  /* words of a passage, on average */
    const uint64_t *dead;         /* a bit per row, or NULL: none is */
    const struct docset *allowed; /* NULL: all */
};
/* The best k rows by BM25 (k1 1.2, b 0.75), which adds words up in the order given: the digits
 * are those of FTS5's bm25(). Returns how many; -EBADMSG, -EIO, -ENOMEM. */
int postings_search(struct postings *p, const struct postings_query *q, size_t k,
                    struct best *hits);
/* Reads everything and compares the checksums. -EBADMSG, -EIO. */
int postings_verify(struct postings *p, struct docfs_err *err);

/* ---- writing ---- */

struct postings_writer;
#define POSTINGS_WORD_MAX 255 /* bytes */
/* Makes the stem of a word in place, returns its length. word: POSTINGS_WORD_MAX bytes. */
typedef size_t postings_stem_fn(char *word, size_t len);
/* memory: bytes of postings that are held before they go to a temporary file; and what bounds the
 * number of names. vocabulary: stands for what features mean; 0: none will come. */
int postings_writer_new(int dirfd, const char *stamp, uint64_t vocabulary, size_t memory,
                        postings_stem_fn *stem, struct postings_writer **ret,
                        struct docfs_err *err);
/* Begins the next row; passages ascend. */
int postings_writer_row(struct postings_writer *w, int64_t passage, int64_t document,
                        struct docfs_err *err);
/* The next word of the row, unstemmed: those of a field after those of the fields before it. part:
 * a piece of an identifier, which adds nothing to the length of the row. *ret_name: its name (NULL
 * allowed). */
int postings_writer_word(struct postings_writer *w, const char *word, size_t len,
                         enum postings_field field, bool part, uint32_t *ret_name,
                         struct docfs_err *err);
/* The features of the row, as postings_reader says. */
int postings_writer_features(struct postings_writer *w, const uint32_t *feature, size_t title,
                             size_t n, struct docfs_err *err);
/* Puts the file in place. -ENOSPC, -EROFS, ... from the system. */
int postings_writer_publish(struct postings_writer *w, struct docfs_err *err);
void postings_writer_free(struct postings_writer *w); /* NULL allowed */
DEFINE_CLEANUP(struct postings_writer, postings_writer_free)
