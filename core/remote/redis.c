/* SPDX-License-Identifier: MIT
 * hiredis behind a pool of connections and a breaker.
 *
 *   closed    connections are taken from the pool or made
 *   open      after any failure: nobody tries until retry_ns
 *   half      one caller tries; the others go on without Redis */
#include "core/remote/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "core/remote/redis_tls.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define POOL 16
#define PAUSE_MIN_NS INT64_C(500000000)
#define PAUSE_MAX_NS INT64_C(10000000000)
#define COMPRESS_FROM 256

struct redis {
    char *host, *path, *user, *password, *prefix;
    int port, database;
    struct redis_tls *tls; /* NULL: plainly */
    unsigned timeout_ms;
    bool compress;
    pthread_mutex_t lock;
    redisContext *idle[POOL];
    size_t n_idle;
    bool open, half;
    int64_t retry_ns, pause_ns;
    char trouble[160];
    struct redis_counts counts;
};

/* ---- options ---- */

static int parse_tcp(struct redis *r, const char *rest, struct docfs_err *err)
{
    size_t n = strcspn(rest, "/");
    _cleanup_free_ char *host = strndup(rest, n);
    if (!host)
        return err_oom(err);
    if (rest[n] == '/' && rest[n + 1])
        r->database = atoi(rest + n + 1);
    char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
    r->port = 6379;
    if (colon && (!bracket || colon > bracket)) {
        r->port = atoi(colon + 1);
        *colon = '\0';
    }
    char *name = host;
    if (*name == '[' && bracket) {
        name++;
        *bracket = '\0';
    }
    if (!*name || r->port < 1 || r->port > 65535 || r->database < 0)
        return err_set(err, -EINVAL,
                       "redis.url: write redis://HOST:PORT/DB, rediss:// (TLS) or unix:PATH");
    r->host = strdup(name);
    return r->host ? 0 : err_oom(err);
}

static int parse_url(struct redis *r, const char *url, const char *ca_file, struct docfs_err *err)
{
    if (strchr(url, '@'))
        return err_set(err, -EINVAL,
                       "redis.url: no user and password in it: redis.user and "
                       "redis.password_file hold them");
    if (strncmp(url, "redis://", 8) == 0)
        return parse_tcp(r, url + 8, err);
    if (strncmp(url, "rediss://", 9) == 0) {
        int e = redis_tls_new(ca_file, &r->tls, err);
        return e < 0 ? e : parse_tcp(r, url + 9, err);
    }
    if (strncmp(url, "unix:", 5) == 0) {
        const char *path = strncmp(url, "unix://", 7) == 0 ? url + 7 : url + 5;
        const char *db = strstr(path, "?db=");
        r->path = db ? strndup(path, (size_t)(db - path)) : strdup(path);
        r->database = db ? atoi(db + 4) : 0;
        if (!r->path)
            return err_oom(err);
        return *r->path == '/' ? 0 : err_set(err, -EINVAL, "redis.url: unix: wants a whole path");
    }
    return err_set(err, -EINVAL,
                   "redis.url: write redis://HOST:PORT/DB, rediss:// (TLS) or unix:PATH");
}

int redis_new(const struct redis_options *o, struct redis **ret, struct docfs_err *err)
{
    struct redis *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom(err);
    pthread_mutex_init(&r->lock, NULL);
    r->timeout_ms = o->timeout_ms ? o->timeout_ms : 50;
    r->compress = o->compress;
    r->user = strdup(o->user ? o->user : "");
    r->password = strdup(o->password ? o->password : "");
    r->prefix = strdup(o->prefix ? o->prefix : "");
    int e = r->user && r->password && r->prefix
                ? parse_url(r, o->url, o->ca_file ? o->ca_file : "", err)
                : err_oom(err);
    if (e < 0) {
        redis_free(r);
        return e;
    }
    *ret = r;
    return 0;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_idle; i++)
        redisFree(r->idle[i]);
    if (r->password)
        explicit_bzero(r->password, strlen(r->password));
    redis_tls_free(r->tls);
    free(r->host);
    free(r->path);
    free(r->user);
    free(r->password);
    free(r->prefix);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* ---- connections ---- */

static int errno_of(const redisContext *c, int saved)
{
    if (c->err == REDIS_ERR_IO && (saved == EAGAIN || saved == EWOULDBLOCK || saved == ETIMEDOUT))
        return -ETIMEDOUT;
    return c->err == REDIS_ERR_IO && saved ? -saved : -EIO;
}

static void describe(const struct redis *r, const char *what, char *text, size_t size)
{
    if (r->path)
        snprintf(text, size, "%s: %s", r->path, what);
    else
        snprintf(text, size, "%s:%d: %s", r->host, r->port, what);
}

/* Any answer but an error. text: what the server or the system said. */
static int order(redisContext *c, char *text, size_t size, int argc, const char **argv)
{
    redisReply *a = redisCommandArgv(c, argc, argv, NULL);
    int saved = errno;
    if (!a) {
        int e = errno_of(c, saved);
        snprintf(text, size, "%s", e == -ETIMEDOUT ? "no answer in time" : c->errstr);
        return e;
    }
    int e = 0;
    if (a->type == REDIS_REPLY_ERROR) {
        snprintf(text, size, "%s", a->str);
        e = strncmp(a->str, "NOAUTH", 6) == 0 || strncmp(a->str, "WRONGPASS", 9) == 0 ||
                    strncmp(a->str, "ERR invalid password", 20) == 0
                ? -EACCES
                : -EIO;
    }
    freeReplyObject(a);
    return e;
}

static int greet(struct redis *r, redisContext *c, char *text, size_t size)
{
    int e = 0;
    if (*r->password && *r->user)
        e = order(c, text, size, 3, (const char *[]){"AUTH", r->user, r->password});
    else if (*r->password)
        e = order(c, text, size, 2, (const char *[]){"AUTH", r->password});
    char number[16];
    snprintf(number, sizeof(number), "%d", r->database);
    if (e == 0 && r->database)
        e = order(c, text, size, 2, (const char *[]){"SELECT", number});
    return e;
}

static int dial(struct redis *r, redisContext **ret, char *text, size_t size)
{
    struct timeval t = {r->timeout_ms / 1000, (r->timeout_ms % 1000) * 1000};
    int e = 0, fd;
    if (r->tls &&
        (e = redis_tls_connect(r->tls, r->host, r->port, r->timeout_ms, &fd, text, size)) < 0)
        return e;
    redisContext *c = r->tls    ? redisConnectFd(fd)
                      : r->path ? redisConnectUnixWithTimeout(r->path, t)
                                : redisConnectWithTimeout(r->host, r->port, t);
    if (!c && r->tls)
        close(fd);
    if (!c) {
        snprintf(text, size, "out of memory");
        return -ENOMEM;
    }
    if (c->err) {
        int saved = errno;
        snprintf(text, size, "%s", c->errstr);
        e = strstr(c->errstr, "refused") ? -ECONNREFUSED : errno_of(c, saved);
    }
    if (e == 0 && redisSetTimeout(c, t) != REDIS_OK)
        e = -EIO;
    if (e == 0)
        e = greet(r, c, text, size);
    if (e < 0) {
        redisFree(c);
        return e;
    }
    *ret = c;
    return 0;
}

/* lock held */
static void trip(struct redis *r, const char *text)
{
    describe(r, text, r->trouble, sizeof(r->trouble));
    r->counts.failures++;
    r->pause_ns = !r->open                         ? PAUSE_MIN_NS
                  : r->pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS
                                                   : r->pause_ns * 2;
    r->open = true;
    r->half = false;
    r->retry_ns = clock_mono_ns() + r->pause_ns;
    for (size_t i = 0; i < r->n_idle; i++)
        redisFree(r->idle[i]);
    r->n_idle = 0;
}

/* A connection, or NULL when Redis is to be left alone. */
static redisContext *take(struct redis *r)
{
    redisContext *c = NULL;
    bool make = false;
    pthread_mutex_lock(&r->lock);
    if (!r->open && r->n_idle) {
        c = r->idle[--r->n_idle];
    } else if (!r->open) {
        make = true;
    } else if (!r->half && clock_mono_ns() >= r->retry_ns) {
        r->half = make = true;
    }
    pthread_mutex_unlock(&r->lock);
    char text[128] = "";
    if (make && dial(r, &c, text, sizeof(text)) < 0) {
        pthread_mutex_lock(&r->lock);
        trip(r, text);
        pthread_mutex_unlock(&r->lock);
    }
    return c;
}

/* Back into the pool; text not NULL: it failed. */
static void give(struct redis *r, redisContext *c, const char *text)
{
    bool kept = false;
    pthread_mutex_lock(&r->lock);
    if (text) {
        trip(r, text);
    } else {
        r->open = r->half = false;
        r->trouble[0] = '\0';
        if (r->n_idle < POOL) {
            r->idle[r->n_idle++] = c;
            kept = true;
        }
    }
    pthread_mutex_unlock(&r->lock);
    if (!kept)
        redisFree(c);
}

static const char *said(const redisContext *c, const redisReply *a, int saved)
{
    if (a)
        return a->type == REDIS_REPLY_ERROR ? a->str : NULL;
    return errno_of(c, saved) == -ETIMEDOUT ? "no answer in time" : c->errstr;
}

/* ---- values: 'R' bytes, or 'Z' length deflated ---- */

static int unpack(const char *data, size_t len, size_t max, struct buf *out)
{
    if (len < 1 || len > max)
        return 0;
    if (*data == 'R') {
        buf_add(out, data + 1, len - 1);
        return buf_status(out) == 0;
    }
    uint32_t raw;
    if (*data != 'Z' || len < 5)
        return 0;
    memcpy(&raw, data + 1, sizeof(raw));
    uLongf got = raw;
    if (raw > max || !buf_reserve(out, raw))
        return 0;
    _cleanup_free_ unsigned char *b = malloc(raw ? raw : 1);
    if (!b || uncompress(b, &got, (const Bytef *)data + 5, len - 5) != Z_OK || got != raw)
        return 0;
    buf_add(out, b, raw);
    return buf_status(out) == 0;
}

static char *pack(const struct redis *r, const void *data, size_t len, size_t *ret)
{
    uLongf room = compressBound(len);
    char *b = malloc(room + 5);
    if (!b)
        return NULL;
    uint32_t raw = (uint32_t)len;
    if (r->compress && len >= COMPRESS_FROM &&
        compress2((Bytef *)b + 5, &room, data, len, 1) == Z_OK && room + 4 < len) {
        b[0] = 'Z';
        memcpy(b + 1, &raw, sizeof(raw));
        *ret = room + 5;
    } else {
        b[0] = 'R';
        memcpy(b + 1, data, len);
        *ret = len + 1;
    }
    return b;
}

/* ---- calls ---- */

static void count(struct redis *r, bool hit)
{
    pthread_mutex_lock(&r->lock);
    hit ? r->counts.hits++ : r->counts.misses++;
    pthread_mutex_unlock(&r->lock);
}

int redis_get(struct redis *r, const char *key, size_t max, struct buf *out)
{
    redisContext *c = take(r);
    if (!c)
        return 0;
    redisReply *a = redisCommand(c, "GET %s%s", r->prefix, key);
    int saved = errno;
    int found = a && a->type == REDIS_REPLY_STRING ? unpack(a->str, (size_t)a->len, max, out) : 0;
    const char *text = said(c, a, saved);
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", text ? text : "");
    freeReplyObject(a);
    give(r, c, text ? copy : NULL);
    count(r, found);
    return found;
}

void redis_put(struct redis *r, const char *key, const void *data, size_t len, unsigned ttl_s)
{
    size_t n;
    _cleanup_free_ char *value = len < UINT32_MAX / 2 ? pack(r, data, len, &n) : NULL;
    redisContext *c = value ? take(r) : NULL;
    if (!c)
        return;
    redisReply *a =
        redisCommand(c, "SET %s%s %b EX %u", r->prefix, key, value, n, ttl_s ? ttl_s : 1);
    int saved = errno;
    const char *text = said(c, a, saved);
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", text ? text : "");
    freeReplyObject(a);
    give(r, c, text ? copy : NULL);
}

int64_t redis_count(struct redis *r, const char *key, unsigned window_s)
{
    redisContext *c = take(r);
    if (!c)
        return -EAGAIN;
    redisAppendCommand(c, "INCR %s%s", r->prefix, key);
    redisAppendCommand(c, "EXPIRE %s%s %u", r->prefix, key, window_s);
    redisReply *a = NULL, *b = NULL;
    int64_t n = -EAGAIN;
    if (redisGetReply(c, (void **)&a) == REDIS_OK && a && a->type == REDIS_REPLY_INTEGER)
        n = a->integer;
    if (a && redisGetReply(c, (void **)&b) != REDIS_OK)
        n = -EAGAIN;
    int saved = errno;
    const char *text = n < 0 ? said(c, a && b ? a : NULL, saved) : NULL;
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", text ? text : "no count");
    freeReplyObject(a);
    freeReplyObject(b);
    give(r, c, n < 0 ? copy : NULL);
    return n;
}

int redis_ping(struct redis *r, char *ret, size_t size, struct docfs_err *err)
{
    char text[160] = "", line[200];
    redisContext *c;
    int e = dial(r, &c, text, sizeof(text));
    if (e == 0) {
        redisReply *a = redisCommand(c, "INFO server");
        const char *v =
            a && (a->type == REDIS_REPLY_STRING) ? strstr(a->str, "redis_version:") : NULL;
        if (!a || a->type == REDIS_REPLY_ERROR) {
            int saved = errno;
            e = !a ? errno_of(c, saved) : strncmp(a->str, "NOAUTH", 6) == 0 ? -EACCES : -EIO;
            snprintf(text, sizeof(text), "%s", a ? a->str : c->errstr);
        }
        snprintf(ret, size, "%.*s", v ? (int)strcspn(v + 14, "\r\n") : 0, v ? v + 14 : "");
        freeReplyObject(a);
        redisFree(c);
    }
    if (e == 0)
        return 0;
    describe(r, text, line, sizeof(line));
    return err_set(err, e, "%s", line);
}

bool redis_trouble(struct redis *r, char *ret, size_t size)
{
    pthread_mutex_lock(&r->lock);
    bool open = r->open;
    snprintf(ret, size, "%s", r->trouble);
    pthread_mutex_unlock(&r->lock);
    return open;
}

void redis_counts(struct redis *r, struct redis_counts *ret)
{
    pthread_mutex_lock(&r->lock);
    *ret = r->counts;
    pthread_mutex_unlock(&r->lock);
}
