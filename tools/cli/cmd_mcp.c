/* SPDX-License-Identifier: MIT
 * MCP on standard input and output: one message a line, nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "tools/cli/commands.h"
#include "tools/wire/mcp.h"

#define CHUNK (64u << 10)

DEFINE_CLEANUP(struct docfs_worker, docfs_worker_stop)

struct mcp_args {
    bool read_only;
};

static const struct opt options[] = {
    {0, "read-only", OPT_FLAG, NULL, "Leave out the tools that change the cache",
     offsetof(struct mcp_args, read_only)},
    {0},
};

/* Writes a message (taken) as a line. -EPIPE once nobody reads. */
static int send(void *arg, json_t *message)
{
    _cleanup_free_ char *line = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (!line)
        return -ENOMEM;
    if (fputs(line, stdout) < 0 || putchar('\n') < 0 || fflush(stdout) != 0)
        return -EPIPE;
    return 0;
}

static int answer(struct mcp *m, const char *line, size_t len)
{
    const struct mcp_call call = {.may_write = true, .local = true, .notify = send};
    struct mcp_answer a = {0};
    if (len && line[len - 1] == '\r')
        len--;
    if (!len)
        return 0;
    mcp_handle(m, line, len, &call, &a);
    return a.status == 202 ? 0 : send(NULL, a.message);
}

/* Until standard input ends. A line above the limit is answered with an error and skipped. */
static int serve(struct mcp *m, struct docfs_err *err)
{
    _cleanup_buf_ struct buf in = {0};
    size_t searched = 0;
    bool skipping = false;
    for (;;) {
        char *nl = in.data ? memchr(in.data + searched, '\n', in.len - searched) : NULL;
        if (nl) {
            size_t len = (size_t)(nl - in.data);
            int r = skipping ? 0 : answer(m, in.data, len);
            if (r < 0)
                return r == -EPIPE ? 0 : err_oom(err);
            memmove(in.data, nl + 1, in.len - len - 1);
            buf_truncate(&in, in.len - len - 1);
            searched = 0;
            skipping = false;
            continue;
        }
        if (in.len > MCP_MESSAGE_MAX) {
            int r = skipping ? 0 : answer(m, in.data, in.len);
            if (r < 0)
                return r == -EPIPE ? 0 : err_oom(err);
            buf_clear(&in);
            skipping = true;
        }
        searched = in.len;
        if (!buf_reserve(&in, CHUNK + 1))
            return err_oom(err);
        ssize_t n = read(STDIN_FILENO, in.data + in.len, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "standard input: %s", strerror(errno));
        if (n == 0)
            return in.len && !skipping ? answer(m, in.data, in.len) == -ENOMEM ? err_oom(err) : 0
                                       : 0;
        in.len += (size_t)n;
        in.data[in.len] = '\0';
    }
}

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
    if (mcp_new(&opt, &m, &err) < 0 || serve(m, &err) < 0)
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
