/* SPDX-License-Identifier: MIT
 * What a resource is made of: routes, requests, responses. README.md shows how to add one.
 *
 * A handler runs on a worker thread, never on a thread that moves bytes, so it may block: up to a
 * second on an ordinary route, longer with ROUTE_SLOW. It gets a request that already passed the
 * guards (host, origin, token and scope, rate, size) and whose query and JSON body fit the schemas
 * of its route, and fills the response. Everything is released after it returned; pointers into
 * the request live until then. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/docfs.h"
#include "core/util/buf.h"
#include "core/util/err.h"

struct server;
struct request;
struct response;
struct stream;

/* ---- routes ------------------------------------------------------------------------------- */

enum scope {
    SCOPE_PUBLIC = 0, /* no token, even where others need one */
    SCOPE_READ = 1,
    SCOPE_WRITE = 2, /* changes the cache; refused in read-only mode */
    SCOPE_ADMIN = 4, /* settings, logs, what other clients did */
};

enum route_flags {
    ROUTE_SLOW = 1,        /* may take seconds: runs in the slow lane */
    ROUTE_UPLOAD = 2,      /* body up to max_upload, kept in a file; any content type */
    ROUTE_RAW_BODY = 4,    /* body is not JSON, or is parsed by the handler */
    ROUTE_KEEP = 8,        /* answers may be kept: see response_keep() */
    ROUTE_UNLISTED = 16,   /* an alias: not in the OpenAPI document */
    ROUTE_ANY_ORIGIN = 32, /* answers any web page (still no credentials) */
};

struct route {
    const char *method; /* "GET" answers HEAD, too */
    const char
        *pattern; /* "/api/v1/content/{id}"; a last "{path...}" takes the rest, slashes too */
    enum scope scope;
    void (*handler)(struct request *q, struct response *a);
    unsigned flags;
    /* The OpenAPI document and the checks are made of these; names are schemas of schemas/ *.json.
     */
    const char *id; /* operationId */
    const char *summary;
    const char *query;     /* object schema: its members are the query parameters; NULL = none */
    const char *body;      /* schema of a JSON body; NULL = none */
    const char *response;  /* schema of the answer; NULL = see type */
    int status;            /* of the answer; 0 = 200 */
    const char *type;      /* media type of the answer; NULL = application/json */
    const char *body_type; /* media type of the body; NULL = application/json */
};

/* Routes that belong together, one per res_<name>.c, listed in resources.c. */
struct resource {
    const char *name;          /* tag in the OpenAPI document */
    const char *text;          /* one sentence about it */
    const struct route *route; /* ends with method NULL */
    /* How this family of routes says that something failed (also before its handler ran); NULL =
     * RFC 9457 problem details. status is the HTTP status, code a word like NOT_FOUND. */
    void (*error)(struct request *q, struct response *a, int status, const char *code,
                  const char *detail);
    int (*start)(struct server *s, struct docfs_err *err); /* optional; before the first request */
    void (*stop)(struct server *s);                        /* optional; after the last one */
};

/* ---- requests ----------------------------------------------------------------------------- */

struct request {
    struct server *server;
    struct docfs *d;
    const struct route *route; /* NULL when none matched */
    const struct resource *resource;
    const char *method;
    const char *target; /* as sent: "/api/v1/search?q=a%20b" */
    const char *path;   /* target without the query, still encoded */
    const char *body;   /* NUL-terminated; "" when there is none */
    size_t body_len;
    json_t *json;       /* the body when the route has a body schema; fits it, defaults filled in */
    json_t *query;      /* object: parameters by name, typed as the schema says, defaults filled in;
                           without a schema every value is a string. Never NULL in a handler */
    unsigned scopes;    /* what this client may do: SCOPE_* bits */
    const char *client; /* who: name of the token, or the address */
    const char *address; /* numeric address of the peer */
    char trace[33];      /* trace id, 32 hex digits */
    int64_t started_ns;  /* clock_mono_ns at the first byte of the answer's work */
};

/* Decoded value of {name} of the pattern; "" when there is none such. */
const char *request_param(const struct request *q, const char *name);
/* Value of a header, NULL when it is not there. */
const char *request_header(const struct request *q, const char *name);
/* True when the token of this client covers a scope (beyond what the route asks for). */
bool request_may(const struct request *q, enum scope scope);
/* Members of q->query or q->json, with a fallback for a missing one or null. */
const char *json_text(const json_t *object, const char *key, const char *fallback);
json_int_t json_int(const json_t *object, const char *key, json_int_t fallback);
double json_number(const json_t *object, const char *key, double fallback);
bool json_flag(const json_t *object, const char *key, bool fallback);
/* "http://HOST" as the client calls this server: for absolute links. Valid as long as q. */
const char *request_base(struct request *q);
/* The peer hung up or the server is shutting down: stop long work. */
bool request_cancelled(const struct request *q);

/* One part of a multipart/form-data body; the pointers point into the body. */
struct part {
    const char *name, *filename, *type; /* NUL-terminated; filename NULL when it has none */
    const char *data;
    size_t len;
};
struct parts {
    struct part *item;
    size_t n;
    char *text; /* owned: backing store of the names */
};
/* Splits q->body. -EINVAL when it is no well-formed multipart body; at most 64 parts. */
int request_parts(const struct request *q, struct parts *ret, struct docfs_err *err);
void parts_fini(struct parts *p);
const struct part *parts_find(const struct parts *p, const char *name);

/* ---- responses ---------------------------------------------------------------------------- */

/* JSON text of one line; NULL = out of memory. */
void json_into(struct buf *b, const json_t *value);
/* JSON value (taken; NULL = out of memory, answered with 500). */
void response_json(struct response *a, int status, json_t *value);
/* Copies len bytes. type is a media type with its charset. */
void response_bytes(struct response *a, int status, const char *type, const void *data, size_t len);
/* Takes the buffer. */
void response_buf(struct response *a, int status, const char *type, struct buf *b);
/* Bytes that live as long as the program (assets). */
void response_static(struct response *a, int status, const char *type, const void *data,
                     size_t len);
/* No body: 202, 204, ... */
void response_empty(struct response *a, int status);
/* One more header; CR and LF in the value are dropped. Content-Security-Policy and Cache-Control
 * given here replace the default ones. */
void response_header(struct response *a, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* These bytes answer the same request until the cache changes (same generation, same settings).
 * `repeat` (may be NULL; taken): what to say from the second time on instead of this. Only on
 * routes with ROUTE_KEEP, and only when the answer depends on nothing but target and body. */
void response_keep(struct response *a, struct buf *repeat);
/* What to remember in the query log when this answer is given, from a kept copy too. */
void response_asked(struct response *a, const char *query, size_t hits);

/* Failures, in the form of the resource. code: a word like NOT_FOUND; the text says what is wrong
 * and the way out. */
void fail(struct request *q, struct response *a, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The status that a core error stands for, with its text. */
void fail_err(struct request *q, struct response *a, const struct docfs_err *err);
/* RFC 9457 whatever the resource's form is. */
void problem(struct request *q, struct response *a, int status, const char *code,
             const char *detail);
const char *status_text(int status);

/* ---- streams ------------------------------------------------------------------------------ */

/* A body that comes bit by bit: server-sent events, NDJSON. Two ways to make one:
 *
 * polled: fn is called about every interval_ms on a shared thread (be quick: a few milliseconds);
 * it appends what is new and returns 0 for "go on", 1 for "that was all". Costs no thread.
 * produced: fn runs on a thread of its own and writes; for work like asking a language model.
 *
 * done(arg) is called exactly once, after the last call of fn, also when the client left or no
 * stream could be had. Event streams are kept alive with a comment every 15 s. */
typedef int stream_poll_fn(void *arg, struct buf *out);
void response_poll(struct response *a, const char *type, unsigned interval_ms, stream_poll_fn *fn,
                   void *arg, void (*done)(void *arg));
typedef void stream_produce_fn(void *arg, struct stream *s);
void response_produce(struct response *a, const char *type, stream_produce_fn *fn, void *arg,
                      void (*done)(void *arg));
/* Waits while the client is slow. -EPIPE once it is gone or the server shuts down: return then. */
int stream_write(struct stream *s, const void *data, size_t len);
int stream_event(struct stream *s, const char *event, const char *id, const char *data);
bool stream_closed(struct stream *s);
/* Appends one server-sent event; event and id may be NULL, data may have several lines. */
void sse_event(struct buf *out, const char *event, const char *id, const char *data);
#define TYPE_SSE "text/event-stream; charset=utf-8"

/* ---- the server --------------------------------------------------------------------------- */

bool server_read_only(const struct server *s);
/* Seconds since start. */
double server_uptime(const struct server *s);
/* Forgets kept answers: call after a change that does not move the generation. */
void server_changed(struct server *s);
/* A write somebody asked for: kept in the audit log. Call after it succeeded. */
void server_audit(struct request *q, const char *action, const char *object, const char *detail);
/* One JSON log line. level: "error", "warning", "info", "debug". */
void server_log(struct server *s, const char *level, const char *trace, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
