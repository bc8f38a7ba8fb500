/* SPDX-License-Identifier: MIT
 * Blocking HTTP(S) requests to peers that may be hostile, slow or wrong.
 *
 *     struct http *h;
 *     struct http_response resp = {0};
 *     http_new(&(struct http_options){.allow_private = false}, &h, err);
 *     r = http_do(h, &(struct http_request){.url = "https://example.org/"}, &resp, err);
 *     if (r == 0)
 *         r = http_status_err(&resp, err);    // anything but 2xx and 304 becomes an error
 *     http_response_fini(&resp);
 *     http_free(h);
 *
 * A client keeps its connections for the next request; it serves one thread at a time, so a
 * program with n workers makes n clients. Different clients share nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/err.h"

struct http;

/* The settings behind limits, named in errors; each may be NULL. */
struct http_names {
    const char *total, *stall, *header, *body, *ratio, *redirects;
};

/* 0 in any field: the default in brackets. */
struct http_limits {
    long connect_ms; /* name, TCP and TLS together [15,000] */
    long total_ms;   /* whole request, redirects included [120,000; -1 = no limit] */
    long stall_ms;   /* no byte of an answer for so long [30,000; -1 = no limit] */
    long slow_ms;    /* fewer than slow_bytes a second for so long [30,000; -1 = no limit] */
    long slow_bytes; /* [64] */
    size_t header;   /* bytes of headers of one answer [64 KiB] */
    size_t body;     /* bytes after decompression [64 MiB] */
    unsigned ratio;  /* body : bytes on the wire, judged beyond 1 MiB [200] */
    int redirects;   /* hops followed [10; -1 = none, the 3xx answer is returned] */
    const struct http_names *names; /* static, or NULL */
};

struct http_options {
    const char *user_agent; /* NULL: "docfs/VERSION (documentation cache)" */
    bool allow_private;     /* private, loopback, link-local, special addresses may be reached */
    bool no_proxy;          /* ignore http_proxy, https_proxy, all_proxy, no_proxy */
    const char *ca_file;    /* PEM; NULL: $SSL_CERT_FILE, $CURL_CA_BUNDLE, else the system's */
    struct http_limits limits;
};

/* The address policy is checked on each socket before it connects, so after name lookup, on every
 * redirect and on every retry of another address; a host that is a literal address is refused
 * before. Behind a proxy only literal addresses can be judged: the proxy looks names up. */
int http_new(const struct http_options *opt, struct http **ret, struct docfs_err *err);
void http_free(struct http *h); /* NULL allowed */
DEFINE_CLEANUP(struct http, http_free)

struct http_request {
    const char *method;         /* NULL: GET, or POST with a body */
    const char *url;            /* credentials in it become Basic authentication, never a message */
    const char *shown;          /* what messages call it; NULL: the url */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL. Those other than
                                   Accept* and User-Agent go to the first origin only */
    const void *body;           /* borrowed; NULL for none. Add a Content-Type header yourself */
    size_t body_len;
    const char *etag;          /* sent as If-None-Match when not NULL or "" */
    const char *last_modified; /* sent as If-Modified-Since, likewise */
    /* All callbacks may be NULL. Non-zero from one ends the request with that code when negative,
     * else -ECANCELED. */
    int (*redirect)(void *arg, const char *from, const char *to, struct docfs_err *err);
    /* The body in pieces as they come, instead of in the response (streams); only of 2xx. */
    int (*data)(void *arg, const char *data, size_t len);
    int (*poll)(void *arg); /* at least once a second */
    void *arg;
};

struct http_response {
    int status;                 /* 200, 304, 404, ... of the last hop */
    struct buf body;            /* decompressed; NUL-terminated once not empty */
    char *url;                  /* of the last hop, normal form (url.h) */
    char *headers;              /* "Name: value\n" lines of the last hop */
    char *type;                 /* Content-Type, lower case, without parameters; "" when absent */
    char *etag, *last_modified; /* "" when absent */
    int64_t retry_after;        /* seconds from now; -1 when absent */
    int redirects;              /* hops made */
    bool moved;                 /* every hop was permanent (301, 308), and there was one */
    int64_t wire_bytes;         /* of the last body as transferred */
    double seconds;
};
/* Also allowed on {0} and after failure. */
void http_response_fini(struct http_response *r);
#define _cleanup_response_ _cleanup_(http_response_fini)
/* Value of a header of the last hop (first one, any case), as a new string, or NULL. */
char *http_header(const struct http_response *r, const char *name);

/* 0 with *ret filled for every complete answer, whatever its status. *ret must be {0} or finished;
 * on failure it is empty. The text names the host and what to do. Codes a caller may branch on:
 *   -EINVAL       not an http(s) URL, bad header
 *   -ENOENT       the host name does not exist (a typo?)
 *   -EHOSTUNREACH, -ECONNREFUSED   nobody there, or it broke off before an answer
 *   -EPERM        the address policy refused it
 *   -EKEYREJECTED TLS: certificate or handshake
 *   -ETIMEDOUT    connect, total, stall or slow limit
 *   -EFBIG        header or body limit
 *   -EOVERFLOW    ratio limit: a compression bomb
 *   -ELOOP        too many redirects, or in a circle
 *   -EPROTO       not HTTP, or broken (bad encoding)
 *   -ENODATA      ended before it was complete
 *   -ECANCELED    by a callback; or the callback's own code */
int http_do(struct http *h, const struct http_request *req, struct http_response *ret,
            struct docfs_err *err);

/* Turns a status into 0 (2xx, 304) or an error that says what to do: -ENOENT 404, 410; -EACCES 401,
 * 403, 407, 451; -EAGAIN 408, 425, 429, 503; -EIO every other. */
int http_status_err(const struct http_response *r, struct docfs_err *err);
/* Is it worth while to ask again later? code: of http_do; status: 0 or of the response. */
bool http_retryable(int code, int status);

/* "2026-01-02T.." is not this: an HTTP date as Last-Modified has it -> seconds since the epoch, or
 * -1. */
int64_t http_date(const char *text);
