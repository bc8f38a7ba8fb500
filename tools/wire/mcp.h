/* SPDX-License-Identifier: MIT
 * The Model Context Protocol without a transport: one JSON-RPC message in, one answer out. Both
 * eras are spoken at once: the revisions with a handshake (2024-11-05 to 2025-11-25) and the
 * stateless one (2026-07-28), told apart message by message; nothing is remembered between two
 * messages. Thread-safe. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "core/docfs.h"
#include "core/util/cleanup.h"

#define MCP_MESSAGE_MAX (4u << 20) /* bytes of one message */

struct mcp;

struct mcp_options {
    struct docfs *d;  /* borrowed */
    const char *door; /* name in the query log; static */
    bool read_only;   /* no tool that changes the cache is there */
};
int mcp_new(const struct mcp_options *opt, struct mcp **ret, struct docfs_err *err);
void mcp_free(struct mcp *m); /* NULL allowed */
DEFINE_CLEANUP(struct mcp, mcp_free)

/* Sends a message (taken) that belongs to the request under way: progress. Non-zero: the peer is
 * gone or took the request back, stop. */
typedef int mcp_notify_fn(void *arg, json_t *message);

/* What the transport knows about a message. */
struct mcp_call {
    bool http;                  /* headers count: a stateless request must repeat itself in them */
    bool local;                 /* the peer may name files of this machine as sources */
    bool may_write;             /* the peer may use tools that change the cache */
    const char *version;        /* MCP-Protocol-Version; NULL = not sent */
    const char *method;         /* Mcp-Method */
    const char *name;           /* Mcp-Name */
    mcp_notify_fn *notify;      /* NULL = cannot */
    bool (*stopped)(void *arg); /* the peer is gone or took the request back; NULL = never known */
    void *arg;
};

struct mcp_listen;

struct mcp_answer {
    int status;                /* HTTP status */
    json_t *message;           /* owned; NULL = nothing to say (a notification) */
    struct mcp_listen *listen; /* owned; instead of a message: see below */
    bool handshake;            /* the peer introduced itself and was accepted */
};
/* Never fails: what goes wrong is an answer, too; message NULL with status 500 when memory is
 * out. */
void mcp_handle(struct mcp *m, const char *data, size_t len, const struct mcp_call *call,
                struct mcp_answer *ret);

/* Somebody who wants to hear of changes. Polled by the transport, several times a second: sends
 * what there is to tell, the acknowledgement first. 0 goes on, 1 ended with its result sent, else
 * what send said. Not thread-safe; must not outlive the cache. */
int mcp_listen_poll(struct mcp_listen *l, mcp_notify_fn *send, void *arg);
/* Sends the result that ends it in good order. */
int mcp_listen_end(struct mcp_listen *l, mcp_notify_fn *send, void *arg);
void mcp_listen_free(struct mcp_listen *l); /* NULL allowed */
