/* SPDX-License-Identifier: MIT
 * A Redis that may be slow, full or gone at any moment. No call takes longer than the timeout, and
 * after a failure no call takes any time until the pause is over; then one call tries again.
 * Thread-safe. Without hiredis at build time every call says so (redis-none.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

struct redis;

struct redis_options {
    const char *url;      /* redis://HOST[:PORT][/DB], rediss:// with TLS, unix:PATH or
                             unix:///PATH?db=N */
    const char *ca_file;  /* of a TLS server; "" or NULL: what the system trusts */
    const char *user;     /* "" or NULL: none */
    const char *password; /* "" or NULL: none */
    const char *prefix;   /* of every key */
    unsigned timeout_ms;  /* of connecting and of each answer */
    bool compress;
};

/* Checks the options; connects later. -EINVAL, -ENOTSUP. */
int redis_new(const struct redis_options *o, struct redis **ret, struct docfs_err *err);
void redis_free(struct redis *r); /* NULL allowed */

/* 1: appended to out; 0: not there, or Redis is not at hand. */
int redis_get(struct redis *r, const char *key, size_t max, struct buf *out);
void redis_put(struct redis *r, const char *key, const void *data, size_t len, unsigned ttl_s);
/* Counts one more in the window that key names: its number so far, or -EAGAIN without Redis. */
int64_t redis_count(struct redis *r, const char *key, unsigned window_s);
/* 0 and the version of the server, or -errno: -EACCES wrong password, -ETIMEDOUT, -ECONNREFUSED. */
int redis_ping(struct redis *r, char *ret, size_t size, struct docfs_err *err);

/* Why it is not used at the moment: false when all is well. */
bool redis_trouble(struct redis *r, char *ret, size_t size);
struct redis_counts {
    uint64_t hits, misses, failures;
};
void redis_counts(struct redis *r, struct redis_counts *ret);
