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

struct postings_writer {
    int dirfd;
    char stamp[POSTINGS_STAMP];
    size_t memory;
    struct postings_row *row;
    size_t rows;
    uint64_t words;

    struct slab *slab;
    size_t taken;       /* bytes of slabs */
    struct word **slot; /* open addressing by hash; `slots` is a power of two */
    size_t slots, n;
    struct word **present; /* in the present row */
    size_t n_present, present_cap;

    FILE *run[RUNS_MAX];
    size_t runs;
};

static inline int postings_fail(struct docfs_err *err)
{
    int e = errno ? errno : EIO;
    return err_set(err, -e, "cannot write index/" POSTINGS_FILE ": %s", strerror(e));
}

/* Makes the file of the rows and the runs and puts it in place. */
int postings_merge(struct postings_writer *w, struct docfs_err *err);
