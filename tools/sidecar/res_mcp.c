/* SPDX-License-Identifier: MIT
 * MCP over streamable HTTP: each POST is answered by itself, as many at once as a client likes.
 * What is said is in tools/wire/mcp. A question that wants to hear of its progress is answered by a
 * stream. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/util/hash.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/mcp.h"

#define LISTEN_MS 250

/* A question that outlives its request. */
struct talk {
    struct mcp *mcp;
    struct mcp_call call;
    char *body, *version, *method, *name;
    size_t len;
    struct stream *s;
};

static void talk_free(void *arg)
{
    struct talk *t = arg;
    free(t->body);
    free(t->version);
    free(t->method);
    free(t->name);
    free(t);
}

static int say(struct stream *s, json_t *message)
{
    _cleanup_free_ char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    return text ? stream_event(s, "message", NULL, text) : -ENOMEM;
}

static int notify(void *arg, json_t *message)
{
    struct talk *t = arg;
    return say(t->s, message);
}

static bool stopped(void *arg)
{
    struct talk *t = arg;
    return stream_closed(t->s);
}

static void produce(void *arg, struct stream *s)
{
    struct talk *t = arg;
    struct mcp_answer answer = {0};
    t->s = s;
    mcp_handle(t->mcp, t->body, t->len, &t->call, &answer);
    /* Looks like a call but is none: rare enough for a thread. */
    const struct timespec nap = {.tv_nsec = LISTEN_MS * 1000000L};
    while (answer.listen && !stream_closed(s) && mcp_listen_poll(answer.listen, notify, t) == 0)
        nanosleep(&nap, NULL);
    if (!answer.listen)
        say(s, answer.message);
    mcp_listen_free(answer.listen);
}

/* ---- who listens for changes: polled, without a thread ---- */

static int append(void *arg, json_t *message)
{
    _cleanup_free_ char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (text)
        sse_event(arg, "message", NULL, text);
    return text ? 0 : -ENOMEM;
}

static int listen_poll(void *arg, struct buf *out)
{
    return mcp_listen_poll(arg, append, out) != 0;
}

static void listen_done(void *arg)
{
    mcp_listen_free(arg);
}

/* Progress is asked for, and the client reads streams. */
static bool wants_stream(const struct request *q)
{
    const char *accept = request_header(q, "Accept");
    return accept && strstr(accept, "text/event-stream") && strstr(q->body, "\"progressToken\"") &&
           strstr(q->body, "\"tools/call\"");
}

static char *copy(const char *s)
{
    return s ? strdup(s) : NULL;
}

static void stream(struct request *q, struct response *a, const struct mcp_call *call)
{
    struct talk *t = calloc(1, sizeof(*t));
    if (!t || !(t->body = malloc(q->body_len + 1))) {
        free(t);
        return fail(q, a, 500, "NO_MEMORY", "out of memory");
    }
    memcpy(t->body, q->body, q->body_len + 1);
    t->len = q->body_len;
    t->mcp = q->server->mcp;
    t->call = *call;
    t->call.version = t->version = copy(call->version);
    t->call.method = t->method = copy(call->method);
    t->call.name = t->name = copy(call->name);
    t->call.notify = notify;
    t->call.stopped = stopped;
    t->call.arg = t;
    response_produce(a, TYPE_SSE, produce, t, talk_free);
}

/* The name of a session, for clients that want one. Nothing is kept under it: it never ends, and
 * survives a restart of the server, where a name that dies would make clients begin again. */
static void name_session(struct response *a)
{
    unsigned char id[16];
    char name[2 * sizeof(id) + 1];
    if (getrandom(id, sizeof(id), 0) != sizeof(id))
        return;
    hex_encode(id, sizeof(id), name);
    response_header(a, "Mcp-Session-Id", "%s", name);
}

static void post(struct request *q, struct response *a)
{
    const struct mcp_call call = {.http = true,
                                  .may_write = request_may(q, SCOPE_WRITE),
                                  .local = request_may(q, SCOPE_ADMIN),
                                  .version = request_header(q, "MCP-Protocol-Version"),
                                  .method = request_header(q, "Mcp-Method"),
                                  .name = request_header(q, "Mcp-Name")};
    struct mcp_answer answer = {0};
    if (wants_stream(q))
        return stream(q, a, &call);
    mcp_handle(q->server->mcp, q->body, q->body_len, &call, &answer);
    if (answer.handshake)
        name_session(a);
    if (answer.listen)
        response_poll(a, TYPE_SSE, LISTEN_MS, listen_poll, answer.listen, listen_done);
    else if (answer.status == 202)
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
