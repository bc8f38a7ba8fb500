/* SPDX-License-Identifier: MIT
 * Search quality on files in BEIR form:
 *   corpus   one JSON object a line: "_id", "title" (may be missing), "text"
 *   queries  one JSON object a line: "_id", "text"
 *   qrels    query id, document id, gain; separated by tabs; a header line is skipped
 *
 *   eval_data.c   reads these files
 *   eval_cache.c  the cache that is searched: temporary or kept, filled from the corpus
 *   eval_score.c  the measures
 *   cmd_eval.c    the command */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/docfs.h"
#include "tools/cli/cmd.h"
#include "tools/cli/opt.h"
#include "tools/cli/progress.h"

/* ---- eval_data.c ---- */

struct eval_gain {
    char *query, *document; /* owned */
    double gain;
};

struct eval_query {
    char *id, *text;              /* owned */
    const struct eval_gain *gain; /* the judged documents of this query */
    size_t n_gains;
};

struct eval_set {
    struct eval_query *query; /* those with at least one relevant document, in file order */
    size_t n_queries;
    struct eval_gain *gain; /* ordered by query */
    size_t n_gains;
};

int eval_set_read(const char *queries, const char *qrels, struct eval_set *ret,
                  struct docfs_err *err);
void eval_set_fini(struct eval_set *s);

/* Document ids by number: document i of the corpus is stored under a path made from i, because an
 * id may be any string and a path may not. */
struct eval_ids {
    char **id; /* owned */
    size_t n;
};
void eval_ids_fini(struct eval_ids *ids);

/* One corpus document; markdown and id are owned. */
struct eval_doc {
    char *id, *title, *markdown;
    size_t len;
};
void eval_doc_fini(struct eval_doc *d);
/* Parses one corpus line. where: "file:line" for the message. */
int eval_doc_parse(const char *line, size_t len, const char *path, size_t number,
                   struct eval_doc *ret, struct docfs_err *err);

/* ---- eval_cache.c ---- */

#define EVAL_COLLECTION "eval"

struct eval_cache {
    char *dir;
    bool temporary;
    struct docfs *d;
    double seconds; /* of the ingest */
    bool reused;
};

/* Opens keep (or a new temporary directory) with settings ("key=value", NULL-terminated, or NULL),
 * of which it keeps none, and makes it hold exactly the corpus, whose ids are returned. A kept
 * cache of the same corpus is not filled again. -ECANCELED when interrupted. */
int eval_cache_open(struct eval_cache *ec, const char *keep, const char *const *set,
                    const char *corpus, struct eval_ids *ids, struct progress *p,
                    struct docfs_err *err);
/* Closes it and removes it when it is temporary. NULL members allowed. */
void eval_cache_close(struct eval_cache *ec);
/* Number of the document at a path of the collection, or SIZE_MAX. */
size_t eval_number(const char *path);

/* ---- eval_score.c ---- */

struct eval_score {
    double ndcg10, recall10, recall100, mrr10;
};
/* Scores one ranking; document[0..n) are ids, best first. */
struct eval_score eval_score(const struct eval_query *q, const char *const *document, size_t n);
/* The mean of v[0..n) and where it lies with 95 % confidence: percentiles of 2,000 bootstrap
 * samples, drawn the same way each time. chance: of a mean that is not above 0 (one-sided). */
struct eval_interval {
    double mean, low, high, chance;
};
/* -ENOMEM. */
int eval_bootstrap(const double *v, size_t n, struct eval_interval *ret);
/* The value below which `part` (0..1) of v[0..n) lies; sorts v. 0 when n is 0. */
double eval_quantile(double *v, size_t n, double part);
