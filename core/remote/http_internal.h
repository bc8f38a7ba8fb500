/* SPDX-License-Identifier: MIT
 * Shared by http.c (requests) and http_error.c (what went wrong, for a person). */
#pragma once
#include <curl/curl.h>
#include "core/remote/http.h"

/* One hop under way, seen by libcurl's callbacks. */
struct hop {
    struct http *client;
    const struct http_request *req;
    struct buf headers; /* lines of the latest header block */
    struct buf *body;
    size_t header_bytes, streamed;
    int64_t last_byte_ns; /* when the peer last said something */
    int stop;             /* 0, or the code a callback ended the request with */
    enum {
        STOP_NONE,
        STOP_HEADER,
        STOP_BODY,
        STOP_RATIO,
        STOP_STALL,
        STOP_MEMORY,
        STOP_CALLER
    } why;
    const char *refused; /* the address policy's word for the peer, or NULL */
    char peer[64];       /* the refused address */
    int status;
    int os_errno; /* of a failed connect */
};

/* Too many of them. */
int http_redirects_err(const char *url, const struct http_limits *limits, struct docfs_err *err);
/* The error of a failed transfer. detail: libcurl's text. */
int http_transfer_err(const struct hop *hop, CURLcode code, const char *url, const char *detail,
                      const struct http_limits *limits, struct docfs_err *err);
