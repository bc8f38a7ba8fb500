/* SPDX-License-Identifier: MIT
 * Declarative options: one table per command, from which parsing, --help, completions and the
 * suggestion for a mistyped option all come. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

enum opt_type {
    OPT_FLAG,   /* bool */
    OPT_STRING, /* const char * into argv */
    OPT_CHOICE, /* const char *, one of choices */
    OPT_COUNT,  /* unsigned, min..max */
    OPT_SIZE,   /* int64_t bytes: 4096, 64K, 10M, 2G; > 0 */
    OPT_LIST,   /* struct opt_list, one more item each time */
};

/* Values given for a repeatable option, in order. */
struct opt_list {
    const char **item; /* NULL-terminated, or NULL when there is none; owned, strings in argv */
    size_t n;
};

struct opt {
    char letter; /* 0 = only the long form */
    const char *name;
    enum opt_type type;
    const char *value; /* what the help calls it: "N", "DIR"; NULL for flags */
    const char *help;
    size_t offset;              /* of the member in the values struct */
    unsigned min, max;          /* OPT_COUNT */
    const char *const *choices; /* OPT_CHOICE, NULL-terminated */
};

/* A table (ends with name NULL; may be NULL) and the zero-initialised struct it fills. */
struct opt_set {
    const struct opt *table;
    void *values;
};

/* Parses the option at argv[*i] (which starts with '-' and is longer than that), its value
 * included, and moves *i behind it. Accepts --name=value, --name value, -xvalue, -x value and
 * grouped flags. Returns 0, -ENOENT for an unknown option (the message suggests the nearest known
 * one) or -EINVAL for a bad value. */
int opt_parse(const struct opt_set *set, size_t n_sets, int argc, char **argv, int *i,
              struct docfs_err *err);

/* Releases what OPT_LIST members own. */
void opt_set_fini(const struct opt_set *set);

/* Appends the help lines of a table. */
void opt_help(const struct opt *table, unsigned width, struct buf *b);

/* Bytes of "64M" into *ret; -EINVAL. */
int opt_size(const char *text, int64_t *ret);
