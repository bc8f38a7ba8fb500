/* SPDX-License-Identifier: MIT
 * The query grammar (docfs-query(7)): words, "phrases", -exclusions, key=value filters. Pure but
 * for the clock, which ages like after=30d are counted from.
 *
 *  - Filters: after before copies ext in k lang min mode path type, as key=value or key:value; the
 * value may be "quoted". Any other key is text ("std::vector", "http://x", "a=b"), and so is
 * key:value with a value that does not fit ("type: ignore"); key=value with one is an error.
 *  - Times: YYYY, YYYY-MM, YYYY-MM-DD (UTC) or an age: 30d, 2w, 6m, 1y.
 *  - Exclusions: -word of two letters or more, -"some phrase". "-x" and "--long" are text, because
 *    documentation is full of options; write "-Wall" in quotes to look for it.
 *  - An unclosed quote is ignored. in= may be given several times or list names with commas; of
 * other filters the last one counts. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

#define QUERY_MAX 4096     /* bytes of query text */
#define QUERY_TERMS_MAX 64 /* phrases + exclusions; collections */
#define QUERY_K_MAX 1000

enum query_mode {
    MODE_HYBRID,
    MODE_LEX,
    MODE_VEC,
    MODE_EXACT /* hybrid with the exact vector scan */
};

struct query {
    char *text;     /* free words and phrases without filters and exclusions, NFC, blanks
                       collapsed, case kept: what is embedded. "" when only filters are given */
    char **phrase;  /* "..." lexical phrases */
    char **exclude; /* -word or -"phrase" */
    size_t n_phrase, n_exclude;
    char **in; /* collections: NAME or NAME@VERSION, any of */
    size_t n_in;
    char *path;            /* glob over the document path inside its collection, or NULL */
    char *lang;            /* language tag prefix, or NULL */
    char *ext;             /* extension of the original without dot, or NULL */
    char *type;            /* format_name() of the original, or NULL */
    int64_t after, before; /* changed time, seconds since the epoch; 0 = none */
    double min;            /* smallest score shown, 0..1; 0 = none */
    unsigned k;            /* results wanted; 0 = the default */
    enum query_mode mode;
    bool all_copies; /* copies=all: the same text in several places is several hits */
    bool plain;      /* set by callers: what was learned from feedback is left out */
    bool raw;        /* began with '=', or has three lines: no parsing at all */
    char *canonical; /* one spelling for all equal queries, case folded: the cache key; parsing it
                        again gives the same */
};

/* Parses text (not NUL-terminated). from_name: undo the spelling rules of directory names: %XX
 * escapes when every '%' is one, '+' between alphanumerics as a blank when the name has no blank,
 * one trailing '*' or '?' dropped (not in path=).
 * Errors: -EILSEQ (not UTF-8), -ENAMETOOLONG, -EINVAL (a filter with a bad value, named). An
 * empty query is -EINVAL. On success the caller owns *ret (query_free). */
DOCFS_API int query_parse(const char *text, size_t len, bool from_name, struct query **ret,
                          struct docfs_err *err);
/* The same with filters that do not stand in the text but go with it: they count in place of those
 * in the text, a quote that is left open there does not reach them, nor does a leading '='. The
 * canonical form of a raw query with filters does not give the same again. */
DOCFS_API int query_parse_with(const char *text, size_t len, const char *filters,
                               struct query **ret, struct docfs_err *err);
DOCFS_API void query_free(struct query *q);
DEFINE_CLEANUP(struct query, query_free)
DOCFS_API const char *query_mode_name(enum query_mode m);
