/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/hits.h"

#define DEFAULT_K 10

struct similar_args {
    unsigned k;
    bool explain;
};

static const struct opt options[] = {
    {'k', "limit", OPT_COUNT, "N", "How many documents (default 10)",
     offsetof(struct similar_args, k), 1, QUERY_K_MAX},
    {0, "explain", OPT_FLAG, NULL, "Tell why each document is where it is",
     offsetof(struct similar_args, explain)},
    {0},
};

static int run(struct cmd_context *c)
{
    const struct similar_args *a = c->args;
    _cleanup_(docfs_results_unrefp) struct docfs_results *results = NULL;
    struct docfs_err err = {0};
    int64_t id = 0;
    int r = docfs_resolve(c->d, c->word[0], &id, &err);
    if (r == 0)
        r = docfs_similar(c->d, id, a->k ? a->k : DEFAULT_K, &results, &err);
    return r < 0 ? cmd_fail(c, &err) : hits_print(c, results, a->explain);
}

const struct cmd cmd_similar = {
    .name = "similar",
    .run = run,
    .needs = NEEDS_CACHE,
    .min_words = 1,
    .max_words = 1,
    .summary = "Find the documents nearest to a document",
    .usage = "DOCUMENT [-k N]",
    .text = "DOCUMENT is COLLECTION/PATH, an id, a result name or a path in a mount.",
    .examples = "  docfs similar python@3.11/library/asyncio-task.md -k 5\n",
    .options = options,
    .args_size = sizeof(struct similar_args),
};
