/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>
#include "tools/cli/commands.h"
#include "tools/cli/mcp_stdio.h"

struct mcp_args {
    bool read_only;
};

static const struct opt options[] = {
    {0, "read-only", OPT_FLAG, NULL, "Leave out the tools that change the cache",
     offsetof(struct mcp_args, read_only)},
    {0},
};

/* A cache that cannot be written to is served read-only. */
static int open_cache(struct cmd_context *c, bool *read_only)
{
    struct docfs_options opt = {.cache = c->cache, .set = c->set};
    struct docfs_err err = {0};
    if (*read_only)
        return cmd_open(c, NEEDS_CACHE);
    int r = docfs_open(&opt, &c->d, &err);
    if (r == 0)
        return 0;
    *read_only = r == -EROFS || r == -EACCES || r == -EPERM;
    return *read_only ? cmd_open(c, NEEDS_CACHE) : cmd_open(c, NEEDS_CREATE);
}

static int run(struct cmd_context *c)
{
    const struct mcp_args *a = c->args;
    bool read_only = a->read_only;
    struct docfs_err err = {0};
    _cleanup_(mcp_freep) struct mcp *m = NULL;
    int r = open_cache(c, &read_only);
    if (r)
        return r;
    if (isatty(STDIN_FILENO))
        out_note(&c->out, "docfs mcp speaks JSON-RPC with a program on standard input; "
                          "docfs-mcp(1) tells how to set it up");
    /* What agents ask to be ingested is done here, unless another process takes it first. */
    _cleanup_(docfs_worker_stopp) struct docfs_worker *worker = NULL;
    if (!read_only && docfs_worker_start(c->d, NULL, &worker, &err) < 0)
        out_note(&c->out, "jobs are left to other processes: %s", err.text);
    struct mcp_options opt = {.d = c->d, .door = "mcp", .read_only = read_only};
    if (mcp_new(&opt, &m, &err) < 0 || mcp_stdio(m, &err) < 0)
        return cmd_fail(c, &err);
    return CMD_OK;
}

const struct cmd cmd_mcp = {
    .name = "mcp",
    .run = run,
    .needs = NEEDS_NOTHING,
    .summary = "Serve the cache to AI agents (MCP) on standard input and output",
    .usage = "[--read-only]",
    .text =
        "Started by the agent: see docfs-mcp(1) for Claude Code, Cursor and VS Code. Over HTTP\n"
        "the same is at /mcp of docfs serve.",
    .examples = "  claude mcp add docfs -- docfs mcp\n",
    .options = options,
    .args_size = sizeof(struct mcp_args),
};
