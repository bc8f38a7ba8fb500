/* SPDX-License-Identifier: MIT
 * docfs built without hiredis. */
#include <errno.h>
#include <stddef.h>

#include "core/remote/redis.h"

int redis_new(const struct redis_options *o, struct redis **ret, struct docfs_err *err)
{
    return err_set(err, -ENOTSUP, "redis.url is set, but this docfs was built without hiredis");
}

void redis_free(struct redis *r) {}

int redis_get(struct redis *r, const char *key, size_t max, struct buf *out)
{
    return 0;
}

void redis_put(struct redis *r, const char *key, const void *data, size_t len, unsigned ttl_s) {}

int64_t redis_count(struct redis *r, const char *key, unsigned window_s)
{
    return -EAGAIN;
}

int redis_ping(struct redis *r, char *ret, size_t size, struct docfs_err *err)
{
    return err_set(err, -ENOTSUP, "built without hiredis");
}

bool redis_trouble(struct redis *r, char *ret, size_t size)
{
    return false;
}

void redis_counts(struct redis *r, struct redis_counts *ret)
{
    *ret = (struct redis_counts){0};
}
