/* SPDX-License-Identifier: MIT */
#include "core/util/clock.h"
#include "tools/cli/commands.h"
#include "tools/cli/hits.h"
#include "tools/cli/query_args.h"

struct search_args {
    struct query_args query;
    bool explain;
};

static const struct opt options[] = {
    {'k', "limit", OPT_COUNT, "N", "How many documents", offsetof(struct search_args, query.k), 1,
     QUERY_K_MAX},
    {'c', "collection", OPT_LIST, "COLLECTION", "Only in this collection; may be given again",
     offsetof(struct search_args, query.in)},
    {'m', "mode", OPT_CHOICE, "MODE", "hybrid (default), lex, vec or exact",
     offsetof(struct search_args, query.mode), 0, 0, query_modes},
    {'a', "all", OPT_FLAG, NULL, "Show copies (other versions, mirrors) as documents of their own",
     offsetof(struct search_args, query.all)},
    {0, "explain", OPT_FLAG, NULL, "Tell why each document is where it is",
     offsetof(struct search_args, explain)},
    {0},
};

static int run(struct cmd_context *c)
{
    const struct search_args *a = c->args;
    _cleanup_free_ char *text = cmd_join(c, 0);
    _cleanup_(query_freep) struct query *q = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *results = NULL;
    struct docfs_err err = {0};
    int64_t start = clock_mono_ns();
    int r = text ? query_from_args(text, &a->query, &q, &err) : err_oom(&err);
    if (r == 0)
        r = docfs_search(c->d, q, 0, &results, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    docfs_log_query(c->d, "cli", q->canonical, results->n, (double)(clock_mono_ns() - start) / 1e9);
    return hits_print(c, results, a->explain);
}

const struct cmd cmd_search = {
    .name = "search",
    .run = run,
    .needs = NEEDS_CACHE,
    .min_words = 1,
    .max_words = CMD_MANY,
    .summary = "Find documents by meaning and by words",
    .usage = "QUERY... [-k N] [-c COLLECTION] [--mode MODE] [--explain]",
    .text =
        "The words are joined by blanks. A query may hold \"phrases\", -exclusions and filters\n"
        "such as in=python path='library/*' lang=en after=2025-01-01: docfs-query(7). Words\n"
        "that begin with '-' go after --.",
    .examples = "  docfs search how do I open a file\n"
                "  docfs search -k 5 -c python 'asyncio \"event loop\"'\n"
                "  docfs search --json replication slots | jq -r '.hits[].path'\n"
                "  docfs search -- asyncio -windows\n",
    .options = options,
    .args_size = sizeof(struct search_args),
};
