/* SPDX-License-Identifier: MIT
 * A query from the command line: words plus the options that stand for filters. */
#pragma once
#include "tools/cli/cmd.h"

extern const char *const query_modes[]; /* names of enum query_mode, NULL-terminated */

struct query_args {
    unsigned k;         /* 0 = default */
    struct opt_list in; /* collections */
    const char *mode;   /* NULL = hybrid */
    bool all;           /* copies, too */
};

/* Parses text with the options applied. Caller frees with query_free. -EINVAL and the like. */
int query_from_args(const char *text, const struct query_args *a, struct query **ret,
                    struct docfs_err *err);

/* A query of these very words, no grammar, as eval needs it. */
int query_from_words(const char *text, unsigned k, enum query_mode mode, struct query **ret,
                     struct docfs_err *err);

/* A name of query_modes; NULL gives MODE_HYBRID. */
enum query_mode query_mode_of(const char *name);
