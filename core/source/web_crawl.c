/* SPDX-License-Identifier: MIT
 * Each thread takes the next page of a host whose turn it is, fetches it without the lock and
 * hands the result over under it. */
#include "core/source/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/remote/url.h"
#include "core/source/client.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/grow.h"

#define GIVE_UP 10             /* requests in a row that a host did not answer */
#define BACKOFF_NS 500000000ll /* after the first failure; doubles */

int web_http(const struct web *w, bool one_hop, struct http **ret, struct docfs_err *err)
{
    return source_client(w->env,
                         &(struct source_client){.pages = true,
                                                 .allow_private = w->opt.allow_private,
                                                 .one_hop = one_hop,
                                                 .body = w->filter ? w->filter->max_file : 0},
                         ret, err);
}

void web_limit(struct web *w, const char *name)
{
    if (!w->limited)
        w->limited = name;
}

struct web_host *web_host_of(struct web *w, const char *url)
{
    size_t len = (size_t)(strstr(url, "://") + 3 - url);
    len += strcspn(url + len, "/?#");
    for (size_t i = 0; i < w->n_hosts; i++)
        if (strlen(w->host[i].origin) == len && memcmp(w->host[i].origin, url, len) == 0)
            return &w->host[i];
    if (w->n_hosts >= w->env->limits.max_hosts) {
        web_limit(w, "setting sources.max_hosts");
        return NULL;
    }
    if (!grow(&w->host, w->n_hosts, sizeof(*w->host)))
        return NULL;
    char *origin = strndup(url, len);
    if (!origin)
        return NULL;
    w->host[w->n_hosts] = (struct web_host){
        .origin = origin, .gap_ns = w->opt.rate > 0 ? (int64_t)(1e9 / w->opt.rate) : 0};
    return &w->host[w->n_hosts++];
}

static bool push(struct web *w, uint32_t id)
{
    struct web_host *h = web_host_of(w, w->pages.item[id].url);
    if (!h || !grow(&h->queue, h->n, sizeof(*h->queue)))
        return false;
    h->queue[h->n++] = id;
    w->todo++;
    return true;
}

int64_t web_enqueue(struct web *w, const char *url, unsigned depth, unsigned hops, bool final,
                    struct buf *journal)
{
    int64_t id = web_pages_find(&w->pages, url);
    if (id >= 0)
        return id;
    if (depth > (unsigned)w->opt.depth)
        return -1;
    if (w->pages.n >= (size_t)w->opt.max_pages) {
        web_limit(w, "--max-pages");
        return -1;
    }
    id = web_pages_put(&w->pages, url, depth, final, journal);
    if (id < 0)
        return id;
    w->pages.item[id].hops = (uint16_t)hops;
    if (!push(w, (uint32_t)id))
        w->pages.item[id].outcome = WEB_LEFT;
    return id;
}

int web_requeue(struct web *w, struct docfs_err *err)
{
    for (size_t i = 0; i < w->pages.n; i++)
        if (w->pages.item[i].outcome == WEB_TODO && !push(w, (uint32_t)i)) {
            if (w->n_hosts < w->env->limits.max_hosts)
                return err_oom(err);
            w->pages.item[i].outcome = WEB_LEFT;
        }
    return 0;
}

/* ---- robots.txt ---- */

const char *web_auth(const struct web *w, const char *url)
{
    return w->auth && url_same_origin(url, w->location) ? w->auth : NULL;
}

/* Of a longer robots.txt the rest is neither read nor waited for. */
struct rules {
    int (*poll)(void *arg);
    void *arg;
    struct buf text;
};

static void rules_fini(struct rules *r)
{
    buf_fini(&r->text);
}

static int poll_rules(void *arg)
{
    struct rules *r = arg;
    return r->poll(r->arg);
}

static int take_rules(void *arg, const char *data, size_t len)
{
    struct rules *r = arg;
    size_t room = ROBOTS_MAX - r->text.len;
    buf_add(&r->text, data, len < room ? len : room);
    return len < room ? buf_status(&r->text) : -EFBIG;
}

int web_robots(const struct web *w, struct http *h, const char *origin, const char *shown,
               int (*poll)(void *arg), void *arg, struct robots **ret, struct docfs_err *err)
{
    _cleanup_free_ char *url = NULL, *to = NULL;
    _cleanup_response_ struct http_response resp = {0};
    _cleanup_(rules_fini) struct rules rules = {.poll = poll, .arg = arg};
    bool full = false;
    if (asprintf(&url, "%s/robots.txt", origin) < 0) {
        url = NULL;
        return err_oom(err);
    }
    for (int hop = 0; hop <= 5; hop++) { /* RFC 9309, 2.3.1.2 */
        http_response_fini(&resp);
        buf_clear(&rules.text);
        const char *headers[] = {web_auth(w, url), NULL};
        int r = http_do(h,
                        &(struct http_request){.url = url,
                                               .shown = hop == 0 ? shown : NULL,
                                               .headers = headers,
                                               .data = take_rules,
                                               .poll = poll_rules,
                                               .arg = &rules},
                        &resp, err);
        full = r == -EFBIG && rules.text.len;
        if (r < 0 && r != -EFBIG && r != -EPROTO)
            return r;
        if (r < 0 || resp.status < 300 || resp.status >= 400)
            break;
        _cleanup_free_ char *location = http_header(&resp, "Location");
        if (!location || url_resolve(url, location, &to, NULL, NULL) < 0)
            break;
        free(url);
        url = steal_ptr(to);
    }
    if (resp.status >= 500 || resp.status == 429)
        *ret = robots_refuse_all();
    else if (full || (resp.status >= 200 && resp.status < 300))
        *ret = robots_parse(buf_text(&rules.text), rules.text.len, WEB_AGENT);
    else
        *ret = robots_parse("", 0, WEB_AGENT);
    return *ret ? 0 : err_oom(err);
}

void web_set_robots(struct web *w, struct web_host *host, struct robots *r)
{
    host->robots = r;
    double delay = r ? robots_delay(r) : 0;
    if (w->opt.robots && delay > 0) {
        int64_t longest = (int64_t)w->env->limits.delay_ms * 1000000;
        int64_t asked = delay * 1e9 < (double)longest ? (int64_t)(delay * 1e9) : longest;
        if (asked > host->gap_ns)
            host->gap_ns = asked;
    }
}

static bool robots_agree(const struct web *w, const struct web_host *host, const char *url)
{
    return !w->opt.robots || !host->robots ||
           robots_allowed(host->robots, url + strlen(host->origin));
}

/* ---- results ---- */

static int fail(struct web *w, int code)
{
    if (!w->failed)
        w->failed = code;
    w->stop = true;
    return code;
}

int web_take(struct web *w, uint32_t id, struct web_result *r)
{
    _cleanup_buf_ struct buf journal = {0};
    unsigned depth = w->pages.item[id].depth, hops = w->pages.item[id].hops;
    bool final = w->pages.item[id].final;
    if (r->cut && !final)
        web_limit(w, "setting sources.max_links");
    struct web_page out = r->page;
    out.size = r->body.len ? (int64_t)r->body.len : r->page.size;
    if (r->target) {
        int64_t to = hops >= (unsigned)w->env->limits.max_redirects && out.outcome == WEB_MOVED
                         ? -1
                         : web_enqueue(w, r->target, depth, out.outcome == WEB_MOVED ? hops + 1 : 0,
                                       final, &journal);
        if (to == -ENOMEM)
            return fail(w, err_oom(&w->err));
        if (to >= 0 && to != id) {
            out.target = (uint32_t)to;
        } else if (out.outcome == WEB_MOVED) {
            out.outcome = WEB_FAILED;
            out.why = WHY_REDIRECTS;
        } else if (out.outcome == WEB_ALIAS) {
            out.outcome = WEB_KEPT;
        }
    }
    out.links = calloc(r->n_links + 1, sizeof(*out.links));
    if (!out.links)
        return fail(w, err_oom(&w->err));
    for (size_t i = 0; !final && i < r->n_links; i++) {
        int64_t to = web_enqueue(w, r->link[i], depth + 1, 0, false, &journal);
        if (to >= 0)
            out.links[out.n_links++] = (uint32_t)to;
    }
    bool content = out.outcome == WEB_KEPT || out.outcome == WEB_ALIAS || out.outcome == WEB_SAME;
    int rc =
        content && r->body.len ? web_pages_spool(&w->pages, &r->body, &out.offset, &w->err) : 0;
    struct web_page *g = &w->pages.item[id];
    out.url = g->url;
    out.depth = g->depth;
    out.final = g->final;
    out.attempts = g->attempts;
    *g = out;
    r->page = (struct web_page){0}; /* its strings moved */
    web_pages_note(&w->pages, id, &journal);
    if (rc == 0)
        rc = web_pages_write(&w->pages, &journal, &w->err);
    if (rc < 0)
        return fail(w, rc);
    w->fetched++;
    w->bytes += (int64_t)r->body.len;
    if (w->bytes > w->env->limits.max_bytes)
        return fail(w, err_set(&w->err, -EFBIG,
                               "%s has more than %lld bytes (setting sources.max_bytes)",
                               w->location, (long long)w->env->limits.max_bytes));
    return 0;
}

/* ---- threads ---- */

/* Under the lock: the next page whose host may be asked now, or -1 with *ret_wait_ns. -2: this
 * host's robots.txt first. */
static int64_t pick(struct web *w, struct web_host **ret_host, int64_t *ret_wait_ns)
{
    int64_t now = clock_mono_ns();
    *ret_wait_ns = 100000000;
    for (size_t i = 0; i < w->n_hosts; i++) {
        struct web_host *h = &w->host[(w->turn + i) % w->n_hosts];
        if (h->head == h->n || h->asking || h->busy >= (unsigned)w->opt.concurrency)
            continue;
        if (h->next_ns > now) {
            if (h->next_ns - now < *ret_wait_ns)
                *ret_wait_ns = h->next_ns - now;
            continue;
        }
        *ret_host = h;
        if (w->opt.robots && !h->robots)
            return -2;
        w->turn = (w->turn + i + 1) % w->n_hosts;
        h->next_ns = now + h->gap_ns;
        h->busy++;
        w->todo--;
        w->busy++;
        return h->queue[h->head++];
    }
    return -1;
}

static int stop_poll(void *arg)
{
    struct web *w = arg;
    return atomic_load(&w->stop);
}

static const char *const accept_headers[] = {
    "Accept: text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/plain;q=0.8, "
    "*/*;q=0.5",
    NULL};

/* Without the lock. */
static void fetch(struct web *w, struct http *h, const char *url, struct web_result *ret)
{
    int64_t id = web_pages_find(&w->old, url);
    const struct web_page *old = id < 0 ? NULL : &w->old.item[id];
    bool usable = old && old->outcome != WEB_FAILED && old->outcome != WEB_LEFT;
    _cleanup_response_ struct http_response resp = {0};
    char language[64] = "";
    const char *auth = web_auth(w, url), *headers[4] = {accept_headers[0]};
    size_t n = 1;
    if (*w->opt.lang)
        headers[n++] = language;
    headers[n] = auth;
    snprintf(language, sizeof(language), "Accept-Language: %s, *;q=0.1", w->opt.lang);
    int code = http_do(h,
                       &(struct http_request){.url = url,
                                              .headers = headers,
                                              .etag = usable ? old->etag : NULL,
                                              .last_modified = usable ? old->modified : NULL,
                                              .poll = stop_poll,
                                              .arg = w},
                       &resp, NULL);
    web_judge(w, url, code, &resp, h, ret);
}

static int64_t retry_after(const struct web *w, int64_t seconds)
{
    int64_t longest = w->env->limits.delay_ms;
    return (seconds > longest / 1000 ? longest : seconds * 1000) * 1000000;
}

/* Under the lock: again later, or for good. */
static void settle(struct web *w, struct web_host *host, uint32_t id, struct web_result *r)
{
    struct web_page *g = &w->pages.item[id];
    host->failures = r->nobody ? host->failures + 1 : 0;
    if (r->again && !w->stop) {
        int64_t wait = BACKOFF_NS << (g->attempts < 8 ? g->attempts : 8);
        if (r->retry_after >= 0)
            wait = retry_after(w, r->retry_after);
        if (host->failures >= GIVE_UP) {
            fail(w,
                 err_set(&w->err, -EHOSTUNREACH,
                         "%s stopped answering after %zu pages: add it again to go on from there",
                         host->origin, w->fetched));
            return;
        }
        if (g->attempts < w->opt.retries && push(w, id)) {
            g->attempts++;
            if (clock_mono_ns() + wait > host->next_ns)
                host->next_ns = clock_mono_ns() + wait;
            return;
        }
        web_keep_old(w, g->url, r); /* a passing failure removes nothing */
    }
    web_take(w, id, r);
}

static void *thread(void *arg)
{
    struct web *w = arg;
    struct http *h = NULL;
    pthread_mutex_lock(&w->lock);
    int rc = web_http(w, true, &h, &w->err);
    if (rc < 0)
        fail(w, rc);
    while (!w->stop && (w->todo || w->busy)) {
        struct web_host *host = NULL;
        int64_t wait_ns, id = pick(w, &host, &wait_ns);
        if (id == -1) {
            struct timespec t;
            clock_gettime(CLOCK_MONOTONIC, &t);
            wait_ns += t.tv_nsec;
            t.tv_sec += wait_ns / 1000000000;
            t.tv_nsec = wait_ns % 1000000000;
            pthread_cond_timedwait(&w->changed, &w->lock, &t);
            continue;
        }
        size_t at = (size_t)(host - w->host); /* the array may move */
        if (id == -2) {
            struct robots *robots = NULL;
            host->asking = true;
            _cleanup_free_ char *origin = strdup(host->origin);
            pthread_mutex_unlock(&w->lock);
            if (!origin || web_robots(w, h, origin, NULL, stop_poll, w, &robots, NULL) < 0)
                robots = robots_refuse_all(); /* unreachable: complete disallow */
            pthread_mutex_lock(&w->lock);
            w->host[at].asking = false;
            web_set_robots(w, &w->host[at], robots);
            if (!robots)
                fail(w, err_oom(&w->err));
            pthread_cond_broadcast(&w->changed);
            continue;
        }
        struct web_result r = {0};
        _cleanup_free_ char *url = strdup(w->pages.item[id].url);
        if (!url) {
            fail(w, err_oom(&w->err));
        } else if (!robots_agree(w, host, url)) {
            r.page =
                (struct web_page){.outcome = WEB_LEFT, .why = WHY_ROBOTS, .offset = -1, .size = -1};
            web_take(w, (uint32_t)id, &r);
        } else {
            pthread_mutex_unlock(&w->lock);
            fetch(w, h, url, &r);
            pthread_mutex_lock(&w->lock);
            if (!w->stop) /* else the answer may be the cancelled one */
                settle(w, &w->host[at], (uint32_t)id, &r);
        }
        web_result_fini(&r);
        w->host[at].busy--;
        w->busy--;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    http_free(h);
    return NULL;
}

int web_crawl(struct web *w, struct docfs_err *err)
{
    pthread_t t[32];
    int n = 0, rc = 0;
    while (n < (int)w->opt.concurrency && pthread_create(&t[n], NULL, thread, w) == 0)
        n++;
    if (n == 0)
        return err_set(err, -EAGAIN, "cannot start a thread");
    pthread_mutex_lock(&w->lock);
    while (!w->stop && (w->todo || w->busy)) {
        struct timespec tick;
        clock_gettime(CLOCK_MONOTONIC, &tick);
        tick.tv_nsec += 100000000;
        if (tick.tv_nsec >= 1000000000) {
            tick.tv_sec++;
            tick.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&w->changed, &w->lock, &tick);
        pthread_mutex_unlock(&w->lock);
        bool cancelled = source_stopped(w->env); /* only this thread may ask */
        pthread_mutex_lock(&w->lock);
        if (cancelled && !w->failed)
            fail(w, err_set(&w->err, -ECANCELED, "cancelled; add it again to go on from there"));
    }
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    while (n)
        pthread_join(t[--n], NULL);
    rc = w->failed;
    return rc < 0 ? err_set(err, rc, "%s", w->err.text) : 0;
}
