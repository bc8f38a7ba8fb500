/* SPDX-License-Identifier: MIT
 * MCP over streamable HTTP: each POST is answered by itself, there are no sessions. What is said
 * is in tools/wire/mcp. */
#include "tools/sidecar/resources.h"
#include "tools/wire/mcp.h"

static void post(struct request *q, struct response *a)
{
    const struct mcp_call call = {.http = true,
                                  .may_write = request_may(q, SCOPE_WRITE),
                                  .version = request_header(q, "MCP-Protocol-Version"),
                                  .method = request_header(q, "Mcp-Method"),
                                  .name = request_header(q, "Mcp-Name")};
    struct mcp_answer answer = {0};
    mcp_handle(q->server->mcp, q->body, q->body_len, &call, &answer);
    if (answer.status == 202)
        response_empty(a, 202);
    else
        response_json(a, answer.status, answer.message);
}

/* Also what the guards and the router say: wrong host, no token, GET. */
static void error(struct request *q, struct response *a, int status, const char *code,
                  const char *detail)
{
    response_json(a, status,
                  json_pack("{s:s, s:n, s:{s:i, s:s, s:{s:s, s:s}}}", "jsonrpc", "2.0", "id",
                            "error", "code", status >= 500 ? -32603 : -32600, "message", detail,
                            "data", "code", code, "trace_id", q->trace));
}

static int start(struct server *s, struct docfs_err *err)
{
    const struct mcp_options opt = {.d = s->d, .door = "mcp", .read_only = server_read_only(s)};
    return mcp_new(&opt, &s->mcp, err);
}

static void stop(struct server *s)
{
    mcp_free(s->mcp);
    s->mcp = NULL;
}

static const struct route routes[] = {
    {"POST", "/mcp", SCOPE_READ, post, ROUTE_RAW_BODY, .id = "mcp",
     .summary = "One message of the Model Context Protocol", .body = "AnyObject",
     .response = "AnyObject"},
    {0},
};

const struct resource resource_mcp = {.name = "mcp",
                                      .text = "Model Context Protocol, streamable HTTP.",
                                      .route = routes,
                                      .error = error,
                                      .start = start,
                                      .stop = stop};
