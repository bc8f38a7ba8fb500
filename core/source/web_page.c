/* SPDX-License-Identifier: MIT */
#include "core/source/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/remote/url.h"
#include "core/text/links.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

const char *const web_reasons[N_WHY] = {
    [WHY_NONE] = "left out",
    [WHY_ROBOTS] = "refused by robots.txt",
    [WHY_404] = "does not exist (HTTP 404): a dead link of the site",
    [WHY_DENIED] = "needs a login or is refused to programs (HTTP 401 or 403)",
    [WHY_SERVER] = "the server failed (HTTP 5xx or 429), try again later",
    [WHY_STATUS] = "unexpected HTTP status",
    [WHY_TIMEOUT] = "too slow, given up (settings sources.page_timeout, sources.stall)",
    [WHY_UNREACHABLE] = "the server did not answer",
    [WHY_LARGE] = "larger than a file may be (setting ingest.max_file)",
    [WHY_BOMB] = "a compression bomb (setting sources.max_ratio)",
    [WHY_REDIRECTS] = "redirects too often (setting sources.max_redirects) or nowhere",
    [WHY_BROKEN] = "no proper HTTP answer, or cut short",
    [WHY_PRIVATE] = "leads to a private address (docfs add --allow-private)",
    [WHY_TYPE] = "no document (media type)",
    [WHY_LANG] = "in another language",
    [WHY_NOINDEX] = "asks not to be indexed (robots meta tag)",
    [WHY_PATH] = "its URL makes no usable file name",
};

void web_result_fini(struct web_result *r)
{
    free(r->page.etag);
    free(r->page.modified);
    free(r->page.path);
    for (size_t i = 0; i < r->n_links; i++)
        free(r->link[i]);
    free(r->link);
    free(r->target);
    buf_fini(&r->body);
    *r = (struct web_result){0};
}

/* ---- links ---- */

struct page_scan {
    const struct web *w;
    const char *url;
    char *base, *canonical, *markdown;
    uint64_t *seen; /* hash set of raw references: pages repeat theirs a lot */
    size_t slots, n_seen;
    bool noindex, nofollow, other_language, oom;
    struct web_result *out;
};

static void scan_fini(struct page_scan *s)
{
    free(s->base);
    free(s->canonical);
    free(s->markdown);
    free(s->seen);
}

/* True the first time. */
static bool first_time(struct page_scan *s, const char *ref, size_t len)
{
    if (s->n_seen * 2 >= s->slots) {
        size_t slots = s->slots ? s->slots * 4 : 256;
        uint64_t *seen = calloc(slots, sizeof(*seen));
        if (!seen)
            return false;
        for (size_t i = 0; i < s->slots; i++)
            if (s->seen[i]) {
                size_t at = s->seen[i] & (slots - 1);
                while (seen[at])
                    at = (at + 1) & (slots - 1);
                seen[at] = s->seen[i];
            }
        free(s->seen);
        s->seen = seen;
        s->slots = slots;
    }
    uint64_t h = hash64(ref, len, 0) | 1;
    size_t at = h & (s->slots - 1);
    for (; s->seen[at]; at = (at + 1) & (s->slots - 1))
        if (s->seen[at] == h)
            return false;
    s->seen[at] = h;
    s->n_seen++;
    return true;
}

static int add_link(struct page_scan *s, const char *ref)
{
    size_t len = strcspn(ref, "#");
    if (len == 0 || s->out->cut || !first_time(s, ref, len))
        return 0;
    char *url = NULL;
    if (url_resolve(s->base ? s->base : s->url, ref, &url, NULL, NULL) < 0)
        return 0;
    bool wanted = web_in_scope(s->w, url);
    s->out->cut = wanted && s->out->n_links >= s->w->env->limits.max_links;
    if (!wanted || s->out->cut || !grow(&s->out->link, s->out->n_links, sizeof(char *))) {
        free(url);
        return 0;
    }
    s->out->link[s->out->n_links++] = url;
    return 0;
}

static bool language_differs(const char *wanted, const char *lang)
{
    size_t n = strlen(wanted);
    return *wanted && *lang &&
           !(strncasecmp(lang, wanted, n) == 0 && (!lang[n] || strchr("-_", lang[n])));
}

static int on_link(void *arg, enum link_kind kind, const char *value)
{
    struct page_scan *s = arg;
    char **url = NULL;
    switch (kind) {
    case LINK_PAGE:
        return add_link(s, value);
    case LINK_NOINDEX:
        s->noindex = true;
        return 0;
    case LINK_NOFOLLOW:
        s->nofollow = true;
        return 0;
    case LINK_LANG:
        s->other_language = language_differs(s->w->opt.lang, value);
        return 0;
    case LINK_BASE:
        url = &s->base;
        break;
    case LINK_CANONICAL:
        url = &s->canonical;
        break;
    case LINK_MARKDOWN:
        url = &s->markdown;
        break;
    }
    if (!*url && *value)
        url_resolve(s->base ? s->base : s->url, value, url, NULL, NULL);
    return 0;
}

/* ---- judgement ---- */

static void failed(struct web_result *r, enum web_why why, bool again)
{
    r->page.outcome = WEB_FAILED;
    r->page.why = (unsigned char)why;
    r->again = again;
}

static void judge_error(int code, struct web_result *r)
{
    r->nobody =
        code == -ECONNREFUSED || code == -EHOSTUNREACH || code == -ENOENT || code == -ETIMEDOUT;
    switch (code) {
    case -ETIMEDOUT:
        failed(r, WHY_TIMEOUT, true);
        break;
    case -EFBIG:
        failed(r, WHY_LARGE, false);
        break;
    case -EOVERFLOW:
        failed(r, WHY_BOMB, false);
        break;
    case -ELOOP:
        failed(r, WHY_REDIRECTS, false);
        break;
    case -EPERM:
        failed(r, WHY_PRIVATE, false);
        break;
    case -ECONNREFUSED:
    case -EHOSTUNREACH:
    case -ENOENT:
    case -EKEYREJECTED:
        failed(r, WHY_UNREACHABLE, true);
        break;
    default:
        failed(r, WHY_BROKEN, http_retryable(code, 0));
    }
}

static void judge_redirect(const struct web *w, const struct http_response *resp,
                           struct web_result *r)
{
    _cleanup_free_ char *location = http_header(resp, "Location");
    if (!location || url_resolve(resp->url, location, &r->target, NULL, NULL) < 0) {
        failed(r, WHY_REDIRECTS, false);
        return;
    }
    r->page.outcome = web_in_scope(w, r->target) ? WEB_MOVED : WEB_LEFT;
}

static void judge_status(const struct web *w, const struct http_response *resp,
                         struct web_result *r)
{
    int s = resp->status;
    r->retry_after = resp->retry_after;
    if (s >= 300 && s < 400)
        judge_redirect(w, resp, r);
    else if (s == 404 || s == 410)
        failed(r, WHY_404, false);
    else if (s == 401 || s == 403 || s == 407 || s == 451)
        failed(r, WHY_DENIED, false);
    else if (http_retryable(0, s))
        failed(r, WHY_SERVER, true);
    else
        failed(r, s >= 500 ? WHY_SERVER : WHY_STATUS, false);
}

static void left(struct web_result *r, enum web_why why)
{
    r->page.outcome = WEB_LEFT;
    r->page.why = (unsigned char)why;
}

/* A canonical address that names the front page from everywhere says nothing. */
static bool canonical_counts(const struct web *w, const char *url, const char *canonical)
{
    if (strcmp(url, canonical) == 0 || strcmp(canonical, w->pages.base) == 0 ||
        !web_in_scope(w, canonical))
        return false;
    const char *path = strstr(canonical, "://");
    path = path ? strchr(path + 3, '/') : NULL;
    return path && strcmp(path, "/") != 0 && strcmp(path, w->prefix) != 0;
}

void web_hash(const char *data, size_t len, char ret[33])
{
    unsigned char sha[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    sha256(data, len, sha);
    hex_encode(sha, SHA256_LEN, hex);
    memcpy(ret, hex, 32);
    ret[32] = '\0';
}

bool web_is_inventory(const struct web *w, const char *url)
{
    const char *path = strstr(url, "://");
    path = path ? strchr(path + 3, '/') : NULL;
    size_t n = strlen(w->prefix);
    return path && strncmp(path, w->prefix, n) == 0 && strcmp(path + n, WEB_INVENTORY) == 0;
}

static void judge_page(struct web *w, const char *url, struct http_response *resp, struct http *h,
                       struct web_result *r)
{
    struct page_scan s = {.w = w, .url = resp->url, .out = r};
    r->body = resp->body;
    resp->body = (struct buf){0};
    int type = web_type(resp->type, &r->body);
    if (web_is_inventory(w, url)) {
        r->page.outcome = WEB_KEPT;
        r->page.etag = strdup(resp->etag);
        r->page.modified = strdup(resp->last_modified);
        r->page.path = strdup(WEB_INVENTORY);
        web_hash(buf_text(&r->body), r->body.len, r->page.hash);
        return;
    }
    if (type == 0) {
        left(r, WHY_TYPE);
        return;
    }
    const char *data = buf_text(&r->body);
    r->page.outcome = WEB_KEPT;
    r->page.etag = strdup(resp->etag);
    r->page.modified = strdup(resp->last_modified);
    r->page.path = web_path(w, url, resp->type);
    if (type == 1)
        links_html(data, r->body.len, on_link, &s);
    else if (type == 2)
        links_markdown(data, r->body.len, on_link, &s);
    if (s.nofollow) {
        for (size_t i = 0; i < r->n_links; i++)
            free(r->link[i]);
        r->n_links = 0;
        free(r->link);
        r->link = NULL;
    }
    if (!r->page.path)
        left(r, WHY_PATH);
    else if (s.other_language)
        left(r, WHY_LANG);
    else if (s.noindex)
        left(r, WHY_NOINDEX);
    else if (!source_filter_accepts(w->filter, r->page.path))
        left(r, WHY_NONE);
    else if (s.canonical && canonical_counts(w, url, s.canonical)) {
        r->page.outcome = WEB_ALIAS;
        r->target = steal_ptr(s.canonical);
    }
    if (type == 1 && h && w->opt.markdown && (s.markdown || w->suffix) &&
        (r->page.outcome == WEB_KEPT || r->page.outcome == WEB_ALIAS))
        web_markdown(w, h, url, s.markdown, r);
    web_hash(buf_text(&r->body), r->body.len, r->page.hash);
    scan_fini(&s);
}

void web_markdown(struct web *w, struct http *h, const char *url, const char *alternate,
                  struct web_result *r)
{
    _cleanup_free_ char *made = NULL;
    _cleanup_response_ struct http_response resp = {0};
    if (!alternate) {
        size_t n = strlen(url);
        if (strchr(url, '?') ||
            asprintf(&made, "%s%s%s", url, url[n - 1] == '/' ? "index.html" : "", w->suffix) < 0) {
            made = NULL;
            return;
        }
        alternate = made;
    }
    /* Not a page of its own, so the scope is that of its page: the same host. */
    if (!url_same_origin(alternate, url))
        return;
    const char *const accept[] = {"Accept: text/markdown, text/plain;q=0.5", web_auth(w, url),
                                  NULL};
    if (http_do(h, &(struct http_request){.url = alternate, .headers = accept}, &resp, NULL) < 0 ||
        resp.status != 200)
        return;
    const char *p = buf_text(&resp.body);
    p += strspn(p, " \t\r\n");
    bool text = strncmp(resp.type, "text/markdown", 13) == 0 ||
                strcmp(resp.type, "text/plain") == 0 || strcmp(resp.type, "text/x-markdown") == 0;
    if (!text || *p == '<' || !*p)
        return;
    char *path = r->page.path;
    char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    struct buf b = {0};
    buf_add(&b, path, dot ? (size_t)(dot - path) : strlen(path));
    buf_adds(&b, ".md");
    char *renamed = buf_steal(&b, NULL);
    if (!renamed)
        return;
    free(path);
    r->page.path = renamed;
    buf_fini(&r->body);
    r->body = resp.body;
    resp.body = (struct buf){0};
}

/* As at the last crawl, with its links and its bytes. */
static void as_before(struct web *w, struct web_page *old, struct web_result *r)
{
    struct web_page *g = &r->page;
    g->outcome = old->outcome == WEB_KEPT ? WEB_SAME : old->outcome;
    g->why = old->why;
    g->path = old->path ? strdup(old->path) : NULL;
    g->etag = old->etag ? strdup(old->etag) : NULL;
    g->modified = old->modified ? strdup(old->modified) : NULL;
    memcpy(g->hash, old->hash, sizeof(g->hash));
    g->size = old->size;
    if (old->outcome == WEB_ALIAS || old->outcome == WEB_MOVED)
        r->target = strdup(w->old.item[old->target].url);
    r->link = calloc(old->n_links + 1, sizeof(*r->link));
    for (uint32_t i = 0; r->link && i < old->n_links; i++)
        if ((r->link[r->n_links] = strdup(w->old.item[old->links[i]].url)))
            r->n_links++;
    buf_fini(&r->body);
    if (old->size <= 0)
        return;
    char hash[sizeof(old->hash)] = "";
    if (old->offset >= 0 && w->old.spool >= 0 && buf_reserve(&r->body, (size_t)old->size + 1)) {
        ssize_t n = pread(w->old.spool, r->body.data, (size_t)old->size, old->offset);
        r->body.len = n > 0 ? (size_t)n : 0;
        r->body.data[r->body.len] = '\0';
        web_hash(r->body.data, r->body.len, hash);
    }
    if (strcmp(hash, old->hash) != 0) {
        /* Lost on disk: asked for again, and no longer conditionally. */
        old->outcome = WEB_FAILED;
        buf_fini(&r->body);
        failed(r, WHY_BROKEN, true);
    }
}

void web_judge(struct web *w, const char *url, int code, struct http_response *resp, struct http *h,
               struct web_result *ret)
{
    *ret = (struct web_result){
        .retry_after = -1,
        .page = {.offset = -1, .size = -1, .fetched = clock_wall_ns() / 1000000000}};
    int64_t id = web_pages_find(&w->old, url);
    struct web_page *old = id < 0 ? NULL : &w->old.item[id];
    if (code < 0)
        judge_error(code, ret);
    else if (resp->status == 304 && old)
        as_before(w, old, ret);
    else if (resp->status >= 200 && resp->status < 300)
        judge_page(w, url, resp, h, ret);
    else
        judge_status(w, resp, ret);
    if (ret->page.outcome == WEB_FAILED && !ret->again && web_is_inventory(w, url))
        left(ret, WHY_NONE); /* nobody misses it */
}

void web_keep_old(struct web *w, const char *url, struct web_result *r)
{
    int64_t id = web_pages_find(&w->old, url);
    if (id >= 0 && (w->old.item[id].outcome == WEB_KEPT || w->old.item[id].outcome == WEB_SAME))
        as_before(w, &w->old.item[id], r);
}
