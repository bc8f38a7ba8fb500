/* SPDX-License-Identifier: MIT */
#include "core/search/shared.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/docfs_health.h"
#include "core/remote/redis.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/hash.h"

#define ANSWER_MAX (4 << 20)

static int start(struct docfs *d, struct docfs_err *err)
{
    _cleanup_free_ char *url = setting_text(d, "redis.url");
    _cleanup_free_ char *user = setting_text(d, "redis.user");
    _cleanup_free_ char *prefix = setting_text(d, "redis.prefix");
    _cleanup_free_ char *ca_file = setting_text(d, "redis.ca_file");
    if (!url || !user || !prefix || !ca_file)
        return err_oom(err);
    if (!*url)
        return 0;
    char *password = NULL;
    int r = setting_secret(d, "redis.password_file", &password, err);
    if (r < 0)
        return r;
    struct redis_options o = {.url = url,
                              .ca_file = ca_file,
                              .user = user,
                              .password = password,
                              .prefix = prefix,
                              .timeout_ms = (unsigned)setting_int(d, "redis.timeout"),
                              .compress = setting_int(d, "redis.compress") != 0};
    r = redis_new(&o, &d->redis, err);
    explicit_bzero(password, strlen(password));
    free(password);
    return r;
}

void shared_open(struct docfs *d)
{
    struct docfs_err err = {0};
    if (start(d, &err) < 0)
        snprintf(d->redis_why, sizeof(d->redis_why), "%.250s", err.text);
}

int shared_check(struct docfs *d, char *ret_version, size_t size, struct docfs_err *err)
{
    if (*d->redis_why)
        return err_set(err, -EINVAL, "%s", d->redis_why);
    return d->redis ? redis_ping(d->redis, ret_version, size, err) : 1;
}

void shared_close(struct docfs *d)
{
    redis_free(d->redis);
}

/* What docfs status shows. */
static void tell(struct docfs *d)
{
    char why[160];
    bool trouble = redis_trouble(d->redis, why, sizeof(why));
    health_degraded(d, "redis", trouble ? why : NULL);
}

static void shared_state(struct docfs *d, struct store_read *r, char ret[40])
{
    ret[0] = '\0';
    /* Only in what runs for long: a single command would pay for the connection each time. */
    if (d->redis && atomic_load(&d->service) && store_meta(r, "state", ret, 40, NULL) < 0)
        ret[0] = '\0';
}

static bool name(char *ret, size_t size, struct store_read *r, const char *state, const char *key)
{
    char model[256];
    if (store_meta(r, "fingerprint", model, sizeof(model), NULL) < 0)
        return false;
    unsigned char sha[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    _cleanup_buf_ struct buf b = {0};
    buf_addf(&b, "%s\x1f%s\x1f%s", docfs_version(), model, key);
    if (buf_status(&b) < 0)
        return false;
    sha256(b.data, b.len, sha);
    hex_encode(sha, 16, hex);
    snprintf(ret, size, "answer:%s:%s", state, hex);
    return true;
}

int shared_get(struct docfs *d, struct store_read *r, const char *key, struct buf *out)
{
    char state[40], full[128];
    shared_state(d, r, state);
    if (!*state || !name(full, sizeof(full), r, state, key))
        return 0;
    int found = redis_get(d->redis, full, ANSWER_MAX, out);
    tell(d);
    return found;
}

void shared_put(struct docfs *d, struct store_read *r, const char *key, const struct buf *body)
{
    char state[40];
    shared_state(d, r, state);
    if (!d->redis || !*state || body->len > ANSWER_MAX)
        return;
    char full[128];
    if (!name(full, sizeof(full), r, state, key))
        return;
    redis_put(d->redis, full, body->data, body->len,
              (unsigned)(setting_int(d, "redis.ttl") / 1000));
    tell(d);
}

int docfs_shared_count(struct docfs *d, const char *key, unsigned window_s, int64_t *ret)
{
    if (!d->redis || !atomic_load(&d->service))
        return -EAGAIN;
    char full[160];
    snprintf(full, sizeof(full), "count:%.100s:%lld", key,
             (long long)(clock_wall_ns() / 1000000000 / window_s));
    int64_t n = redis_count(d->redis, full, 2 * window_s);
    tell(d);
    if (n < 0)
        return -EAGAIN;
    *ret = n;
    return 0;
}
