/* SPDX-License-Identifier: MIT
 * One request to the server. A passage can wait, so its request is repeated with growing pauses; a
 * question cannot. When a request failed for good the server counts as down for a while that
 * doubles, and everything fails at once until then: a search must not wait for a dead server. */
#include "core/embed/remote_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/util/clock.h"

#define IDLE_MAX 8 /* clients kept per kind of call */
#define BODY_MAX (64u << 20)
#define BACKOFF_MS 250
#define DOWN_FIRST_MS 2500
#define DOWN_MAX_MS 60000
#define CONNECT_MAX_MS 10000

struct caller {
    char *url;           /* without "/" at the end */
    char *authorization; /* header, or NULL */
    const char *key;     /* in authorization */
    unsigned retries;
    int64_t timeout_ms[2], pause_max_ms; /* by enum call_kind */
    pthread_mutex_t lock;
    struct http *idle[2][IDLE_MAX];
    size_t n_idle[2];
    /* circuit breaker */
    unsigned failures;
    int64_t closed_until_ns;
    bool trying; /* one request looks whether the server is back */
    char why[200];
};

/* "http://host:1/v1/" -> "http://host:1" */
static char *base_url(const char *url)
{
    static const char *const ends[] = {"/v1", "/api"};
    char *s = strdup(url);
    size_t n = s ? strlen(s) : 0;
    while (n && s[n - 1] == '/')
        s[--n] = '\0';
    for (size_t i = 0; i < 2; i++) {
        size_t e = strlen(ends[i]);
        if (n > e && strcmp(s + n - e, ends[i]) == 0)
            s[n -= e] = '\0';
    }
    return s;
}

int caller_new(const struct remote_options *opt, struct caller **ret, struct docfs_err *err)
{
    if (strncmp(opt->url, "http://", 7) != 0 && strncmp(opt->url, "https://", 8) != 0)
        return err_set(err, -EINVAL,
                       "\"%.80s\" is no address of an embedding server: it begins "
                       "with http:// or https://",
                       opt->url);
    const char *key = opt->key ? opt->key : "";
    for (const char *p = key; *p; p++)
        if (*p <= ' ' || *p > '~')
            return err_set(err, -EINVAL,
                           "the key of the embedding server holds a character that no "
                           "key has; is the right file named?");
    struct caller *c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom(err);
    pthread_mutex_init(&c->lock, NULL);
    c->url = base_url(opt->url);
    if (*key && asprintf(&c->authorization, "Authorization: Bearer %s", key) < 0)
        c->authorization = NULL;
    if (!c->url || (*key && !c->authorization)) {
        caller_free(c);
        return err_oom(err);
    }
    c->key = c->authorization ? c->authorization + strlen("Authorization: Bearer ") : NULL;
    c->retries = opt->retries;
    c->timeout_ms[CALL_PASSAGES] = opt->timeout_ms;
    c->timeout_ms[CALL_QUESTION] = opt->query_ms;
    c->pause_max_ms = opt->pause_max_ms;
    *ret = c;
    return 0;
}

void caller_free(struct caller *c)
{
    if (!c)
        return;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < c->n_idle[k]; i++)
            http_free(c->idle[k][i]);
    pthread_mutex_destroy(&c->lock);
    if (c->authorization)
        explicit_bzero(c->authorization, strlen(c->authorization));
    free(c->authorization);
    free(c->url);
    free(c);
}

/* ---- clients ---- */

static int client_take(struct caller *c, enum call_kind kind, struct http **ret,
                       struct docfs_err *err)
{
    *ret = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->n_idle[kind])
        *ret = c->idle[kind][--c->n_idle[kind]];
    pthread_mutex_unlock(&c->lock);
    if (*ret)
        return 0;
    long total = (long)c->timeout_ms[kind];
    struct http_options opt = {
        .allow_private = true, /* the user named the server, and most are on this machine */
        .limits = {.connect_ms = total < CONNECT_MAX_MS ? total : CONNECT_MAX_MS,
                   .total_ms = total,
                   .stall_ms = total,
                   .slow_ms = -1,
                   .body = BODY_MAX,
                   .redirects = -1}};
    return http_new(&opt, ret, err);
}

static void client_give(struct caller *c, enum call_kind kind, struct http *h)
{
    pthread_mutex_lock(&c->lock);
    if (c->n_idle[kind] < IDLE_MAX) {
        c->idle[kind][c->n_idle[kind]++] = h;
        h = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    http_free(h);
}

/* ---- circuit breaker ---- */

static int may_ask(struct caller *c, struct docfs_err *err)
{
    int rc = 0;
    pthread_mutex_lock(&c->lock);
    int64_t now = clock_mono_ns();
    if (c->failures && (now < c->closed_until_ns || c->trying))
        rc = err_set(err, -ECONNREFUSED, "%s (asked again in %lld s)", c->why,
                     (long long)(now < c->closed_until_ns
                                     ? (c->closed_until_ns - now) / 1000000000 + 1
                                     : 1));
    else
        c->trying = c->failures > 0;
    pthread_mutex_unlock(&c->lock);
    return rc;
}

static void answered(struct caller *c)
{
    pthread_mutex_lock(&c->lock);
    c->failures = 0;
    c->trying = false;
    pthread_mutex_unlock(&c->lock);
}

static void is_down(struct caller *c, const char *why, int64_t at_least_ms)
{
    pthread_mutex_lock(&c->lock);
    int64_t ms = DOWN_FIRST_MS << (c->failures < 6 ? c->failures : 6);
    if (ms < at_least_ms)
        ms = at_least_ms;
    if (ms > DOWN_MAX_MS)
        ms = DOWN_MAX_MS;
    c->failures++;
    c->trying = false;
    c->closed_until_ns = clock_mono_ns() + ms * 1000000;
    snprintf(c->why, sizeof(c->why), "%.199s", why);
    pthread_mutex_unlock(&c->lock);
}

/* ---- answers ---- */

/* Servers that cannot take a text because of its length say so in many ways, some with a 500. */
static bool too_long(const char *message)
{
    static const char *const signs[] = {"too large",          "too long", "context length",
                                        "context size",       "exceed",   "maximum",
                                        "must have less than"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        if (strcasestr(message, signs[i]))
            return true;
    return false;
}

static int refusal(const struct caller *c, const struct http_response *r, struct docfs_err *err)
{
    char said[160];
    remote_message(r->body.data ? r->body.data : "", r->body.len, said, sizeof(said));
    if (c->key && strstr(said, c->key)) /* some echo what they did not accept */
        *said = '\0';
    const char *colon = *said ? ": " : "";
    int s = r->status;
    if (s == 401 || s == 403)
        return err_set(err, -EACCES, "%s does not accept the key (%d%s%s): see embed.key_file",
                       c->url, s, colon, said);
    if (s == 404 || s == 405)
        return err_set(err, -ENOENT,
                       "%s does not know this request or model (%d%s%s): see "
                       "embed.url, embed.provider and embed.model",
                       c->url, s, colon, said);
    if (s == 400 || s == 413 || s == 422 || (s == 500 && too_long(said)))
        return err_set(err, -EINVAL, "%s refused a text (%d%s%s)", c->url, s, colon, said);
    if (s == 429)
        return err_set(err, -EAGAIN, "%s has too much to do or a quota is used up (429%s%s)",
                       c->url, colon, said);
    return err_set(err, s == 503 ? -EAGAIN : -EIO, "%s failed (%d%s%s)", c->url, s, colon, said);
}

static int ask(struct caller *c, enum call_kind kind, const char *path, const char *body,
               struct http_response *ret, struct docfs_err *err)
{
    _cleanup_free_ char *url = NULL;
    struct http *h;
    int rc = client_take(c, kind, &h, err);
    if (rc < 0)
        return rc;
    const char *headers[3] = {"Content-Type: application/json"};
    headers[1] = c->authorization;
    if (asprintf(&url, "%s%s", c->url, path) < 0) {
        url = NULL;
        http_free(h);
        return err_oom(err);
    }
    struct http_request req = {.url = url,
                               .headers = body ? headers : headers + (c->authorization ? 1 : 2),
                               .body = body,
                               .body_len = body ? strlen(body) : 0};
    rc = http_do(h, &req, ret, err);
    client_give(c, kind, h);
    return rc < 0 || (ret->status >= 200 && ret->status < 300) ? rc : refusal(c, ret, err);
}

static bool worth_repeating(int rc, int status)
{
    return rc != -EINVAL && rc != -ENOENT && rc != -EACCES && http_retryable(rc, status);
}

/* Pause before attempt + 1, or -1 when the server asks for more than anybody should wait. */
static int64_t pause_ms(const struct caller *c, const struct http_response *r, unsigned attempt)
{
    if (r->retry_after > 0)
        return r->retry_after * 1000 <= c->pause_max_ms ? r->retry_after * 1000 : -1;
    int64_t ms = (int64_t)BACKOFF_MS << (attempt < 8 ? attempt : 8);
    return ms + ms * (clock_mono_ns() / 1000 % 100) / 400; /* spread, so that all do not return at
                                                              once */
}

int caller_do(struct caller *c, enum call_kind kind, const char *path, const char *body,
              struct http_response *ret, struct docfs_err *err)
{
    struct docfs_err local;
    struct docfs_err *e = err ? err : &local; /* the breaker remembers the text */
    for (unsigned attempt = 0;; attempt++) {
        int rc = may_ask(c, e);
        if (rc < 0)
            return rc;
        rc = ask(c, kind, path, body, ret, e);
        int status = ret->status;
        bool again = rc < 0 && rc != -ENOMEM && worth_repeating(status >= 400 ? 0 : rc, status) &&
                     rc != -EINVAL;
        if (!again) { /* it answered, even if it was to refuse */
            if (status || rc == 0)
                answered(c);
            else
                is_down(c, e->text, 0);
            return rc;
        }
        int64_t ms =
            kind == CALL_QUESTION || attempt >= c->retries ? -1 : pause_ms(c, ret, attempt);
        if (ms < 0) {
            is_down(c, e->text, ret->retry_after > 0 ? ret->retry_after * 1000 : 0);
            return rc;
        }
        pthread_mutex_lock(&c->lock);
        c->trying = false;
        pthread_mutex_unlock(&c->lock);
        http_response_fini(ret);
        *ret = (struct http_response){0};
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    }
}
