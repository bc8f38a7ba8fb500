/* SPDX-License-Identifier: MIT
 * The parts of MCP: mcp.c reads messages and knows the eras; tools.c, resources.c, prompts.c and
 * complete.c answer the methods; tool_*.c do the work. */
#pragma once
#include <errno.h>
#include <string.h>
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/docfs_feedback.h"
#include "tools/wire/ask.h"
#include "tools/wire/mcp.h"
#include "tools/wire/wire.h"

#define MCP_STATELESS "2026-07-28"
#define MCP_META "io.modelcontextprotocol/"
#define MCP_PAGE 50 /* items of a list */

/* JSON-RPC and MCP error codes. */
enum mcp_code {
    MCP_PARSE = -32700,
    MCP_INVALID_REQUEST = -32600,
    MCP_NO_METHOD = -32601,
    MCP_INVALID_PARAMS = -32602,
    MCP_INTERNAL = -32603,
    MCP_NO_RESOURCE = -32002, /* with a handshake; -32602 without */
    MCP_HEADER_MISMATCH = -32020,
    MCP_NO_VERSION = -32022,
};

struct mcp {
    struct mcp_options opt;
    json_t *texts;             /* texts.json */
    json_t *tools;             /* as listed, in its order */
    struct docfs_opens *opens; /* NULL: read-only */
};

struct mcp_request {
    struct mcp *m;
    struct docfs *d;
    const struct mcp_call *call;
    bool stateless;
    json_t *params; /* object, borrowed; NULL = none */
    json_t *token;  /* progress token, borrowed; NULL = none */
    json_t *id;
    struct mcp_listen *listen; /* out: of subscriptions/listen, whose result is not sent yet */
};

struct mcp_fault {
    int code;
    json_t *data; /* owned by the fault until it is sent */
    char text[512];
};
/* Fills f and returns NULL, so that a method can end in `return mcp_fail(...)`. */
json_t *mcp_fail(struct mcp_fault *f, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
json_t *mcp_fail_oom(struct mcp_fault *f);

/* Tells how far a request is, when its sender wants to know. total 0 = unknown. Non-zero: stop. */
int mcp_progress(struct mcp_request *q, double done, double total, const char *message);
bool mcp_stopped(const struct mcp_request *q);
json_t *mcp_server_info(void);

/* Methods: a new result object, or NULL with the fault. */
typedef json_t *mcp_method_fn(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_tools_list(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_tools_call(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_resources_list(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_resources_templates(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_resources_read(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_prompts_list(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_prompts_get(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_complete(struct mcp_request *q, struct mcp_fault *f);
json_t *mcp_listen_open(struct mcp_request *q, struct mcp_fault *f);

/* Puts list[offset, offset + MCP_PAGE) under key with a nextCursor. Takes list. */
json_t *mcp_page(struct mcp_request *q, const char *key, json_t *list, struct mcp_fault *f);
/* A string member, NULL when it is missing or no string. */
const char *mcp_string(const json_t *object, const char *key);

/* ---- tools ---- */

/* A new result, or NULL with err: told to the model as the outcome of the tool. args fit the
 * schema of the tool. */
typedef json_t *mcp_tool_fn(struct mcp_request *q, const json_t *args, struct docfs_err *err);
mcp_tool_fn tool_search_docs, tool_similar_documents, tool_read_document, tool_list_collections,
    tool_resolve_library_id, tool_query_docs, tool_ingest_source, tool_job_status, tool_feedback;

/* {content: [text], structuredContent}; takes structured (NULL = memory is out; only text when
 * json_null()). */
json_t *mcp_result(const struct buf *text, json_t *structured, struct docfs_err *err);
json_int_t mcp_integer(const json_t *args, const char *key, json_int_t fallback);

/* "docfs://KIND/COLLECTION[/PATH]", percent-encoded. */
void mcp_uri(struct buf *b, const char *kind, const char *collection, const char *path);
/* New string: the name in the URI of a collection or document; NULL when it is none of them. */
char *mcp_uri_name(const char *uri, bool *ret_is_document);
