/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/util/hash.h"

#define GENERATION_NS 1000000

static const char *header(struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, name);
}

static void refuse(struct exchange *x, int status, const char *code, const char *text)
{
    fail(&x->q, &x->a, status, code, "%s", text);
    x->done = true;
}

/* ---- trace ids ---- */

/* The trace of a caller (W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>), else a new one. */
static void set_trace(struct exchange *x)
{
    const char *parent = header(x, "traceparent");
    if (parent && strlen(parent) == 55 && memcmp(parent, "00-", 3) == 0 && parent[35] == '-' &&
        strspn(parent + 3, "0123456789abcdef") == 32 && strspn(parent + 3, "0") < 32) {
        memcpy(x->q.trace, parent + 3, 32);
        return;
    }
    uint64_t n = atomic_fetch_add_explicit(&x->s->traces, 1, memory_order_relaxed);
    unsigned char id[16];
    for (size_t i = 0; i < 2; i++) {
        uint64_t h = hash64(&n, sizeof(n), x->s->seed[i]);
        memcpy(id + 8 * i, &h, 8);
    }
    hex_encode(id, sizeof(id), x->q.trace);
}

/* ---- guards ---- */

static void check_host(struct exchange *x, bool *ret_foreign)
{
    const char *host = header(x, "Host"), *origin = header(x, "Origin");
    if (!host_allowed(x->s, host)) {
        atomic_fetch_add(&x->s->metrics.refused_host, 1);
        refuse(x, 421, "WRONG_HOST",
               host ? "this server is not known by that host name; docfs serve --allow-host NAME "
                      "adds one"
                    : "the request has no Host header");
        return;
    }
    *ret_foreign = !origin_allowed(x->s, origin, host, &x->cors);
}

/* The token of the Authorization header, else of the cookie that pages use. The scheme is not
 * looked at: clients of other servers write "bearer" or nothing. */
static bool given_token(struct exchange *x, char ret[DOCFS_TOKEN_LEN + 1])
{
    const char *given = header(x, "Authorization");
    if (given) {
        const char *blank = strchr(given, ' ');
        given = blank ? blank + 1 : given;
        while (*given == ' ')
            given++;
    } else {
        given = MHD_lookup_connection_value(x->c, MHD_COOKIE_KIND, "docfs_token");
    }
    if (!given || strlen(given) != DOCFS_TOKEN_LEN)
        return false;
    strcpy(ret, given);
    return true;
}

static void identify(struct exchange *x)
{
    size_t n = strnlen(x->q.address, sizeof(x->client) - 1);
    memcpy(x->client, x->q.address, n + 1); /* shorter: see ADDRESS_MAX */
    if (!x->s->need_token) {
        x->q.scopes = SCOPE_READ | SCOPE_WRITE | SCOPE_ADMIN;
        return;
    }
    char token[DOCFS_TOKEN_LEN + 1];
    if (given_token(x, token))
        x->q.scopes = tokens_check(x->s->tokens, token, x->client, sizeof(x->client), &x->token);
}

static void check_rate(struct exchange *x)
{
    if (!x->s->opt.rate)
        return;
    const char *key = x->client;
    unsigned wait = rates_take(x->s->rates, hash64(key, strlen(key), x->s->seed[0]) | 1,
                               x->s->opt.rate, x->q.started_ns);
    int64_t everywhere; /* what this client asked of all nodes in this second */
    if (!wait && docfs_shared_count(x->s->d, key, 1, &everywhere) == 0 &&
        everywhere > x->s->opt.rate)
        wait = 1;
    if (!wait)
        return;
    atomic_fetch_add(&x->s->metrics.refused_rate, 1);
    response_header(&x->a, "Retry-After", "%u", wait);
    fail(&x->q, &x->a, 429, "TOO_MANY_REQUESTS",
         "more than %u requests a second; wait %u s (docfs serve --rate changes the limit)",
         x->s->opt.rate, wait);
    x->done = true;
}

static void check_scope(struct exchange *x, enum scope need)
{
    if (need == SCOPE_PUBLIC)
        return;
    if ((need & SCOPE_WRITE) && !x->s->writable)
        return refuse(x, 403, "READ_ONLY", "this server does not change the cache (read-only)");
    if (request_may(&x->q, need))
        return;
    atomic_fetch_add(&x->s->metrics.refused_auth, 1);
    if (!x->q.scopes) {
        response_header(&x->a, "WWW-Authenticate", "Bearer realm=\"docfs\"");
        return refuse(x, 401, "TOKEN_NEEDED",
                      header(x, "Authorization")
                          ? "the token is not known, was revoked or has expired"
                          : "send a token as Authorization: Bearer TOKEN (docfs token create makes "
                            "one)");
    }
    refuse(x, 403, "SCOPE_NEEDED",
           need & SCOPE_ADMIN   ? "this needs a token with the scope admin"
           : need == SCOPE_READ ? "this needs a token with the scope read"
                                : "this needs a token with the scope write");
}

/* A page asks whether it may ask. */
static void preflight(struct exchange *x)
{
    const char *headers = header(x, "Access-Control-Request-Headers");
    response_empty(&x->a, 204);
    if (x->cors) {
        response_header(&x->a, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
        response_header(&x->a, "Access-Control-Allow-Headers", "%s",
                        headers ? headers : "Authorization, Content-Type");
        response_header(&x->a, "Access-Control-Max-Age", "600");
    }
    x->done = true;
}

static void find_route(struct exchange *x)
{
    char allowed[64];
    int rc;
    x->route = router_find(&x->s->router, x->q.method, x->q.path, &x->params, allowed,
                           &x->q.resource, &rc);
    if (x->route) {
        x->q.route = x->route->route;
        if (rc < 0)
            refuse(x, 400, "BAD_REQUEST",
                   "the path is badly encoded: percent escapes of UTF-8 text "
                   "are wanted");
    } else if (*allowed) {
        char text[128];
        snprintf(text, sizeof(text), "this path does not know %.20s, but %s", x->q.method, allowed);
        response_header(&x->a, "Allow", "%s", allowed);
        refuse(x, 405, "METHOD_NOT_ALLOWED", text);
    } else {
        size_t n = strlen(x->q.path);
        bool slash = n > 1 && x->q.path[n - 1] == '/';
        refuse(x, 404, "NOT_FOUND",
               slash ? "there is nothing at this path; try it without the slash at its end, or see "
                       "/openapi.json"
                     : "there is nothing at this path; /openapi.json lists what there is");
    }
}

static bool serve_kept(struct exchange *x, const void *key, size_t len)
{
    struct kept *k = cache_get(x->s->cache, key, len, x->generation, x->q.started_ns);
    if (!k || !request_may(&x->q, k->scope)) {
        kept_unref(k);
        return false;
    }
    atomic_fetch_add_explicit(&x->s->metrics.kept_hits, 1, memory_order_relaxed);
    x->kept = k;
    x->route = &x->s->router.item[k->index];
    x->q.route = x->route->route;
    x->done = true;
    return true;
}

/* Of the cache, at most GENERATION_NS ago: asking SQLite takes locks of the file. 0 when it cannot
 * be read: the handler will say why. */
static uint64_t generation(struct server *s, int64_t now)
{
    if (now - atomic_load_explicit(&s->generation_ns, memory_order_acquire) < GENERATION_NS)
        return atomic_load_explicit(&s->generation, memory_order_relaxed);
    uint64_t g;
    if (docfs_generation(s->d, &g, NULL) < 0)
        return 0;
    atomic_store_explicit(&s->generation, g, memory_order_relaxed);
    atomic_store_explicit(&s->generation_ns, now, memory_order_release);
    return g;
}

void exchange_admit(struct exchange *x)
{
    struct server *s = x->s;
    bool foreign = false;
    bool get = strcmp(x->q.method, "GET") == 0 || strcmp(x->q.method, "HEAD") == 0;
    set_trace(x);
    if (x->late) {
        x->closing = true;
        return refuse(x, 503, "STOPPING", "the server is stopping");
    }
    identify(x);
    check_host(x, &foreign);
    if (x->done)
        return;
    x->generation = generation(s, x->q.started_ns);
    if (!foreign && get) {
        check_rate(x);
        if (x->done || serve_kept(x, x->target, strlen(x->target)))
            return;
    }
    if (strcmp(x->q.method, "OPTIONS") == 0 && header(x, "Origin") && !foreign)
        return preflight(x);
    find_route(x);
    if (foreign && x->route && (x->q.route->flags & ROUTE_ANY_ORIGIN)) {
        x->cors = true;
        foreign = false;
    }
    if (foreign) {
        atomic_fetch_add(&s->metrics.refused_host, 1);
        x->done = false;
        return refuse(x, 403, "WRONG_ORIGIN",
                      "pages of that origin may not ask this server; docfs serve --allow-origin "
                      "ORIGIN allows one");
    }
    if (x->done)
        return;
    if (!get)
        check_rate(x);
    if (!x->done)
        check_scope(x, x->q.route->scope);
    if (x->q.route->flags & ROUTE_UPLOAD)
        x->limit = s->opt.max_upload;
}

/* Key of a request with a body: a target cannot hold a blank, so it is no other's. */
static void body_key(const struct exchange *x, struct buf *key)
{
    buf_addf(key, "%s %s\n", x->q.method, x->target);
    buf_add(key, x->q.body, x->q.body_len);
}

void exchange_try_kept(struct exchange *x)
{
    if (!(x->q.route->flags & ROUTE_KEEP) || strcmp(x->q.method, "POST") != 0)
        return;
    _cleanup_buf_ struct buf key = {0};
    body_key(x, &key);
    if (buf_status(&key) == 0)
        serve_kept(x, key.data, key.len);
}

/* ---- on a worker ---- */

static void keep(struct exchange *x)
{
    struct response *a = &x->a;
    if (!a->keep || a->status != 200 || a->oom || a->fixed || !x->generation || a->n_headers)
        return;
    atomic_fetch_add_explicit(&x->s->metrics.kept_misses, 1, memory_order_relaxed);
    if (!a->repeat.data)
        buf_add(&a->repeat, a->body.data, a->body.len);
    struct kept *k = calloc(1, sizeof(*k));
    if (!k || buf_status(&a->repeat) < 0 || !a->repeat.len) {
        free(k);
        return;
    }
    atomic_init(&k->refs, 1);
    k->body = buf_steal(&a->repeat, &k->len);
    k->status = a->status;
    k->type = strcmp(a->type, "application/json") == 0     ? "application/json"
              : strncmp(a->type, "text/markdown", 13) == 0 ? "text/markdown; charset=utf-8"
                                                           : "text/plain; charset=utf-8";
    snprintf(k->etag, sizeof(k->etag), "\"%016llx\"",
             (unsigned long long)hash64(k->body, k->len, 0));
    k->scope = x->q.route->scope;
    k->index = x->route->index;
    k->generation = x->generation;
    k->asked = a->asked ? strdup(a->asked) : NULL;
    k->hits = a->hits;
    if (strcmp(x->q.method, "POST") != 0) {
        cache_put(x->s->cache, x->target, strlen(x->target), k);
    } else {
        _cleanup_buf_ struct buf key = {0};
        body_key(x, &key);
        if (buf_status(&key) == 0)
            cache_put(x->s->cache, key.data, key.len, k);
    }
    kept_unref(k);
}

static bool parse_query(struct exchange *x, struct docfs_err *err)
{
    const char *mark = strchr(x->target, '?');
    const json_t *schema = x->route->query;
    int r = url_query(mark ? mark + 1 : "", schema, &x->q.query, err);
    if (r == 0 && schema)
        r = schema_coerce(x->s->router.schemas, schema, x->q.query, err);
    return r == 0;
}

static bool parse_body(struct exchange *x, struct docfs_err *err)
{
    const json_t *schema = x->route->body;
    if (!schema || (x->q.route->flags & ROUTE_RAW_BODY))
        return true;
    const char *type = header(x, "Content-Type");
    if (type && strncasecmp(type, "application/json", 16) != 0 && !strcasestr(type, "+json")) {
        fail(&x->q, &x->a, 415, "NOT_JSON",
             "the body must be JSON: send Content-Type: "
             "application/json");
        return false;
    }
    json_error_t e;
    x->q.json = json_loadb(x->q.body, x->q.body_len, JSON_REJECT_DUPLICATES, &e);
    if (!x->q.json) {
        fail(&x->q, &x->a, 400, "BAD_JSON", "the body is no JSON object: line %d, column %d: %s",
             e.line, e.column, e.text);
        return false;
    }
    if (schema_check(x->s->router.schemas, schema, x->q.json, err) < 0) {
        fail(&x->q, &x->a, 422, "BAD_BODY", "%s", err->text);
        return false;
    }
    return true;
}

void exchange_run(struct exchange *x)
{
    struct docfs_err err = {0};
    if (!parse_query(x, &err))
        return fail(&x->q, &x->a, 400, "BAD_PARAMETER", "%s", err.text);
    if (!parse_body(x, &err))
        return;
    x->q.route->handler(&x->q, &x->a);
    if (x->q.route->flags & ROUTE_KEEP)
        keep(x);
}
