/* SPDX-License-Identifier: MIT */
#include "tools/cli/mcp_stdio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/buf.h"
#include "core/util/cleanup.h"

#define CHUNK (64u << 10)

DEFINE_CLEANUP(struct mcp_calls, mcp_calls_free)

/* What is read again in full by mcp_handle; here only who has to take it. */
struct glance {
    json_t *root;
    const char *method;
    json_t *id;
};

static struct glance glance(const char *line, size_t len)
{
    struct glance g = {.root = len <= MCP_MESSAGE_MAX ? json_loadb(line, len, 0, NULL) : NULL};
    json_t *id = json_object_get(g.root, "id");
    g.method = json_string_value(json_object_get(g.root, "method"));
    g.id = json_is_string(id) || json_is_integer(id) ? id : NULL;
    return g;
}

/* Answers where it stands. */
static int answer(struct mcp *m, struct mcp_calls *c, json_t *id, const char *line, size_t len)
{
    const struct mcp_call call = {
        .may_write = true, .local = true, .notify = mcp_calls_send, .arg = c};
    struct mcp_answer a = {0};
    mcp_handle(m, line, len, &call, &a);
    if (a.listen)
        return mcp_calls_listen(c, id, a.listen);
    return a.status == 202 ? 0 : mcp_calls_send(c, a.message);
}

static int take(struct mcp *m, struct mcp_calls *c, const char *line, size_t len)
{
    if (len && line[len - 1] == '\r')
        len--;
    if (!len)
        return 0;
    int r = 0;
    struct glance g = glance(line, len);
    if (g.method && g.id && strcmp(g.method, "tools/call") == 0)
        r = mcp_calls_add(c, g.id, line, len);
    else if (g.method && !g.id && strcmp(g.method, "notifications/cancelled") == 0)
        mcp_calls_cancel(c, json_object_get(json_object_get(g.root, "params"), "requestId"));
    else
        r = answer(m, c, g.id, line, len);
    json_decref(g.root);
    return r;
}

/* Waits for more on standard input. 0: it ended, or nobody reads standard output. */
static ssize_t read_more(char *at, size_t max, struct docfs_err *err)
{
    struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = STDOUT_FILENO}};
    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return err_set(err, -errno, "standard input: %s", strerror(errno));
        if (!p[0].revents && (p[1].revents & POLLERR))
            return 0;
        ssize_t n = p[0].revents ? read(STDIN_FILENO, at, max) : -1;
        if (n >= 0)
            return n;
        if (p[0].revents && errno != EINTR && errno != EAGAIN)
            return err_set(err, -errno, "standard input: %s", strerror(errno));
    }
}

/* A line above the limit is answered with an error and skipped. */
static int serve(struct mcp *m, struct mcp_calls *c, struct docfs_err *err)
{
    _cleanup_buf_ struct buf in = {0};
    size_t searched = 0;
    bool skipping = false;
    while (!mcp_calls_gone(c)) {
        char *nl = in.data ? memchr(in.data + searched, '\n', in.len - searched) : NULL;
        if (nl) {
            size_t len = (size_t)(nl - in.data);
            int r = skipping ? 0 : take(m, c, in.data, len);
            if (r < 0)
                return r == -EPIPE ? 0 : err_oom(err);
            memmove(in.data, nl + 1, in.len - len - 1);
            buf_truncate(&in, in.len - len - 1);
            searched = 0;
            skipping = false;
            continue;
        }
        if (in.len > MCP_MESSAGE_MAX) {
            int r = skipping ? 0 : take(m, c, in.data, in.len);
            if (r < 0)
                return r == -EPIPE ? 0 : err_oom(err);
            buf_clear(&in);
            skipping = true;
        }
        searched = in.len;
        if (!buf_reserve(&in, CHUNK + 1))
            return err_oom(err);
        ssize_t n = read_more(in.data + in.len, CHUNK, err);
        if (n < 0)
            return (int)n;
        if (n == 0) /* the last line needs no end */
            return in.len && !skipping && take(m, c, in.data, in.len) == -ENOMEM ? err_oom(err) : 0;
        in.len += (size_t)n;
        in.data[in.len] = '\0';
    }
    return 0;
}

int mcp_stdio(struct mcp *m, struct docfs_err *err)
{
    _cleanup_(mcp_calls_freep) struct mcp_calls *c = mcp_calls_new(m);
    return c ? serve(m, c, err) : err_oom(err);
}
