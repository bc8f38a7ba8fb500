/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/cli/commands.h"
#include "tools/cli/preflight.h"
#include "tools/sidecar/serve.h"

struct serve_args {
    struct opt_list listen, host, origin;
    const char *auth, *log;
    bool read_only;
    unsigned ready_fd, threads, connections, queue, streams, rate, idle, header, body, send, grace;
    int64_t max_body, max_upload, response_cache;
};

static const char *const auth_choices[] = {"auto", "always", NULL};
static const char *const log_choices[] = {"error", "info", "requests", "debug", NULL};

#define AT(member) offsetof(struct serve_args, member)
static const struct opt options[] = {
    {'l', "listen", OPT_LIST, "ADDR:PORT",
     "Listen here (127.0.0.1:8420); several times; [::1]:PORT; unix:PATH; port 0 = any free one",
     AT(listen)},
    {0, "auth", OPT_CHOICE, "WHEN",
     "Ask for tokens: auto (unless all addresses are loopback), always", AT(auth),
     .choices = auth_choices},
    {0, "read-only", OPT_FLAG, NULL, "Refuse everything that changes the cache", AT(read_only)},
    {0, "allow-host", OPT_LIST, "NAME", "Answer to this host name, too", AT(host)},
    {0, "allow-origin", OPT_LIST, "ORIGIN", "Let pages of this origin read answers (CORS)",
     AT(origin)},
    {0, "rate", OPT_COUNT, "N", "Requests a second and client (none on loopback, else 50)",
     AT(rate), 1, 1000000},
    {0, "threads", OPT_COUNT, "N", "Threads that answer questions (cores)", AT(threads), 1, 64},
    {0, "connections", OPT_COUNT, "N", "Connections open at once (1024)", AT(connections), 16,
     100000},
    {0, "queue", OPT_COUNT, "N", "Requests waiting for a thread (512)", AT(queue), 1, 100000},
    {0, "streams", OPT_COUNT, "N", "Event streams open at once (128)", AT(streams), 1, 10000},
    {0, "idle-seconds", OPT_COUNT, "N", "Close a kept connection after this time (60)", AT(idle), 1,
     86400},
    {0, "header-seconds", OPT_COUNT, "N", "Time to send the headers of a request (10)", AT(header),
     1, 3600},
    {0, "body-seconds", OPT_COUNT, "N", "Time to send the body of a request (60)", AT(body), 1,
     86400},
    {0, "send-seconds", OPT_COUNT, "N", "Time to take an answer (120)", AT(send), 1, 86400},
    {0, "grace-seconds", OPT_COUNT, "N", "Time for requests under way at shutdown (10)", AT(grace),
     1, 3600},
    {0, "max-body", OPT_SIZE, "BYTES", "Largest body of a request (1M)", AT(max_body)},
    {0, "max-upload", OPT_SIZE, "BYTES", "Largest uploaded file (64M)", AT(max_upload)},
    {0, "response-cache", OPT_SIZE, "BYTES", "Memory for kept answers (16M)", AT(response_cache)},
    {0, "log", OPT_CHOICE, "WHAT",
     "Log error, info (writes, failures, slow answers), requests, debug", AT(log),
     .choices = log_choices},
    {0, "ready-fd", OPT_COUNT, "FD", "Write the port to this descriptor once requests are answered",
     AT(ready_fd), 3, 1000000},
    {0},
};

static unsigned choice(const char *const *list, const char *value, unsigned fallback)
{
    for (unsigned i = 0; value && list[i]; i++)
        if (strcmp(list[i], value) == 0)
            return i;
    return fallback;
}

static int run_serve(struct cmd_context *c)
{
    const struct serve_args *a = c->args;
    const struct serve_options o = {
        .listen = a->listen.item,
        .n_listen = a->listen.n,
        .host = a->host.item,
        .n_host = a->host.n,
        .origin = a->origin.item,
        .n_origin = a->origin.n,
        .auth = (enum serve_auth)choice(auth_choices, a->auth, SERVE_AUTH_AUTO),
        .log = (enum serve_log)choice(log_choices, a->log, SERVE_LOG_INFO),
        .set = c->set,
        .read_only = a->read_only,
        .ready_fd = (int)a->ready_fd,
        .threads = a->threads,
        .connections = a->connections,
        .queue = a->queue,
        .streams = a->streams,
        .rate = a->rate,
        .idle_seconds = a->idle,
        .header_seconds = a->header,
        .body_seconds = a->body,
        .send_seconds = a->send,
        .grace_seconds = a->grace,
        .max_body = a->max_body,
        .max_upload = a->max_upload,
        .response_cache = a->response_cache,
    };
    preflight(c, NULL);
    int r = cmd_open(c, a->read_only ? NEEDS_CACHE : NEEDS_CREATE);
    if (r)
        return r;
    struct docfs_err err = {0};
    r = docfs_serve_main(&c->d, &o, &err);
    if (r == -EINVAL)
        return cmd_fail_with(c, CMD_USAGE, "%s", err.text);
    return r < 0 ? cmd_fail_with(c, CMD_SYSTEM, "%s", err.text) : CMD_OK;
}

const struct cmd cmd_serve = {
    .name = "serve",
    .run = run_serve,
    .needs = NEEDS_NOTHING,
    .max_words = 0,
    .summary = "Serve the cache over HTTP",
    .usage = "[--listen ADDR:PORT] [--read-only]",
    .text = "REST under /api/v1, described by /openapi.json. Prints \"listening on URL\" once it\n"
            "answers and runs until SIGTERM. On any but a loopback address clients need a token.\n"
            "docfs-serve(1) has the details.",
    .examples = "  docfs serve\n"
                "  curl 'http://127.0.0.1:8420/api/v1/search?q=open+a+file'\n"
                "  docfs serve --listen 127.0.0.1:0 --read-only\n",
    .options = options,
    .args_size = sizeof(struct serve_args),
};
