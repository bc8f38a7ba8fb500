/* SPDX-License-Identifier: MIT
 * docfs serve: one cache over HTTP. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/docfs.h"
#include "core/docfs_doctor.h"

#define SERVE_LISTEN_MAX 8
#define SERVE_DEFAULT_LISTEN "127.0.0.1:8420"

enum serve_auth {
    SERVE_AUTH_AUTO, /* needed unless every address is a loopback one */
    SERVE_AUTH_ALWAYS,
};

enum serve_log { SERVE_LOG_ERROR, SERVE_LOG_INFO, SERVE_LOG_REQUESTS, SERVE_LOG_DEBUG };

/* Zero means the default everywhere; strings are borrowed for the time of the call. */
struct serve_options {
    const char *const *listen; /* "ADDR:PORT", "[v6]:PORT", "unix:PATH"; port 0 = any free one */
    size_t n_listen;
    const char *const *host; /* more names by which clients may call this server */
    size_t n_host;
    const char *const *origin; /* web origins allowed to read answers (CORS); "*" = any */
    size_t n_origin;
    enum serve_auth auth;
    enum serve_log log;
    const char *const *set;  /* of struct docfs_options, for opening the cache again */
    bool read_only;          /* refuse everything that changes the cache */
    int ready_fd;            /* > 2: gets one line with the port once requests are answered */
    unsigned threads;        /* that answer questions; 0 = cores, at least 2 */
    unsigned connections;    /* open at once; 0 = 1024 */
    unsigned queue;          /* requests waiting for a thread; 0 = 512 */
    unsigned streams;        /* event streams open at once; 0 = 128 */
    unsigned rate;           /* requests a second and client; 0 = none on loopback, else 50 */
    unsigned idle_seconds;   /* of a kept connection; 0 = 60 */
    unsigned header_seconds; /* to send all headers; 0 = 10 */
    unsigned body_seconds;   /* to send a body; 0 = 60 */
    unsigned send_seconds;   /* to take an answer; 0 = 120 */
    unsigned grace_seconds;  /* for requests under way at shutdown; 0 = 10 */
    int64_t max_body;        /* bytes of a JSON body; 0 = 1 MiB */
    int64_t max_upload;      /* bytes of an uploaded file; 0 = 64 MiB */
    int64_t response_cache;  /* bytes of kept answers; 0 = 16 MiB */
};

/* Serves until SIGTERM or SIGINT; SIGHUP reads tokens and settings again. Prints one line
 * "listening on URL" per address on standard output, JSON log lines on standard error, and tells
 * systemd (NOTIFY_SOCKET) about readiness. When the database is replaced by another one, that one
 * is opened and served at the same addresses: *d changes, and may be NULL after a failure. Returns
 * 0 after an orderly shutdown or -errno: -EINVAL for a bad option, -EACCES when the address needs a
 * token and there is none, -EADDRINUSE, ... */
int docfs_serve_main(struct docfs **d, const struct serve_options *opt, struct docfs_err *err);

/* Tells for each address (none: the default) whether it could be served now. d: the cache, or NULL.
 * Returns the worst level. */
enum docfs_level docfs_serve_doctor(struct docfs *d, const char *const *listen, size_t n,
                                    docfs_check_fn *fn, void *arg);
