/* SPDX-License-Identifier: MIT
 * Between gathering (postings_write.c) and merging (postings_merge.c). */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/index/postings_file.h"

#define RUNS_MAX 512

/* What stands before text and postings of a word in a run. */
struct run_word {
    uint64_t hash;
    int64_t first, last;
    uint32_t len, df, size, zero;
};

struct word;
struct slab;

/* The words of rows in their order, and the names of words. */
struct texts {
    FILE *f;
    uint64_t size; /* of what is in it */
    unsigned char *row;
    size_t used, cap;
    uint32_t count[POSTINGS_FIELDS]; /* words of the present row */
    unsigned char *feature;          /* of the present row */
    size_t featured;                 /* bytes of them */
    char *text;
    size_t text_cap;
    uint32_t *start; /* [names + 1] in text */
    uint32_t *stem;  /* [names] hash of each; the writer's to fill */
    uint32_t names, names_max;
    uint32_t *slot; /* 1 + name; open addressing */
    size_t slots;
};
/* texts_write.c. 0 or -ENOMEM; texts_end_row: or -EIO. *ret_name: or POSTINGS_NO_NAME. */
int texts_init(struct texts *x, size_t memory);
void texts_fini(struct texts *x);
int texts_word(struct texts *x, const char *text, size_t len, enum postings_field field, bool part,
               uint32_t *ret_name);
void texts_features(struct texts *x, const uint32_t *feature, size_t title, size_t n);
int texts_end_row(struct texts *x, struct postings_row *row);

struct postings_writer {
    int dirfd;
    char stamp[POSTINGS_STAMP];
    uint64_t vocabulary;
    size_t memory;
    postings_stem_fn *stem;
    struct postings_row *row;
    size_t rows;
    uint64_t words;

    struct slab *slab;
    size_t taken;       /* bytes of slabs */
    struct word **slot; /* open addressing by hash; `slots` is a power of two */
    size_t slots, n;
    struct word **named; /* the stem of a name, NULL until it is met in this run */
    uint32_t n_named;
    struct word **present; /* in the present row */
    size_t n_present, present_cap;

    FILE *run[RUNS_MAX];
    size_t runs;

    struct texts texts;
};

static inline int postings_fail(struct docfs_err *err)
{
    int e = errno ? errno : EIO;
    return err_set(err, -e, "cannot write index/" POSTINGS_FILE ": %s", strerror(e));
}

/* Makes the file of the rows and the runs and puts it in place. */
int postings_merge(struct postings_writer *w, struct docfs_err *err);
