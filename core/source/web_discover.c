/* SPDX-License-Identifier: MIT */
#include "core/source/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/remote/url.h"
#include "core/source/client.h"
#include "core/source/sitemap.h"
#include "core/text/decompress.h"
#include "core/text/links.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define LLMS_ENOUGH 10 /* pages from which llms.txt is taken as the whole documentation */

struct seeds {
    struct web *w;
    struct http *h;
    const char *from; /* the file being read */
    char **url;       /* in scope, normal form */
    size_t n;
    char **map; /* sitemaps to read; index files add to it */
    unsigned char *map_depth;
    size_t n_maps, next_map;
};

static void seeds_fini(struct seeds *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->url[i]);
    for (size_t i = 0; i < s->n_maps; i++)
        free(s->map[i]);
    free(s->url);
    free(s->map);
    free(s->map_depth);
}

/* The thread that lists discovers, so it may ask. */
static int stop_poll(void *arg)
{
    struct web *w = arg;
    return source_stopped(w->env);
}

static int fetch(struct seeds *s, const char *method, const char *url, struct http_response *resp)
{
    http_response_fini(resp);
    const char *headers[] = {web_auth(s->w, url), NULL};
    struct http_request req = {
        .url = url, .method = method, .headers = headers, .poll = stop_poll, .arg = s->w};
    return http_do(s->h, &req, resp, NULL);
}

static int add_seed(void *arg, enum link_kind kind, const char *value)
{
    struct seeds *s = arg;
    char *url = NULL;
    if (kind != LINK_PAGE || url_resolve(s->from, value, &url, NULL, NULL) < 0)
        return 0;
    bool wanted = web_in_scope(s->w, url), room = s->n < (size_t)s->w->opt.max_pages;
    if (wanted && !room)
        web_limit(s->w, "--max-pages");
    if (!wanted || !room || !grow(&s->url, s->n, sizeof(*s->url))) {
        free(url);
        return 0;
    }
    s->url[s->n++] = url;
    return 0;
}

/* ---- llms.txt ---- */

static bool is_text(const struct http_response *r)
{
    const char *p = buf_text(&r->body);
    p += strspn(p, " \t\r\n");
    return r->status == 200 && *p && *p != '<' &&
           (strncmp(r->type, "text/", 5) == 0 || !*r->type ||
            strcmp(r->type, "application/octet-stream") == 0) &&
           strcmp(r->type, "text/html") != 0;
}

/* Where such a file may lie: beside the documentation, or at the top of the host. */
static int candidates(const struct web *w, const char *name, char *ret[2])
{
    _cleanup_free_ char *origin = web_origin(w->pages.base);
    ret[0] = ret[1] = NULL;
    if (!origin || asprintf(&ret[0], "%s%s%s", origin, w->prefix, name) < 0)
        return -ENOMEM;
    if (strcmp(w->prefix, "/") != 0 && asprintf(&ret[1], "%s/%s", origin, name) < 0)
        return -ENOMEM;
    return 0;
}

static int find_llms(struct seeds *s, struct docfs_err *err)
{
    char *at[2];
    _cleanup_response_ struct http_response resp = {0};
    int r = candidates(s->w, "llms.txt", at);
    for (int i = 0; r == 0 && i < 2 && s->n == 0; i++) {
        if (!at[i] || fetch(s, NULL, at[i], &resp) < 0 || !is_text(&resp))
            continue;
        s->from = resp.url;
        links_markdown(resp.body.data, resp.body.len, add_seed, s);
    }
    free(at[0]);
    free(at[1]);
    if (r < 0)
        return err_oom(err);
    if (s->n)
        return 0;
    r = candidates(s->w, "llms-full.txt", at);
    for (int i = 0; r == 0 && i < 2 && s->n == 0; i++) {
        /* All in one file; the one at the top of the host is about more than a part of it. */
        if (at[i] && web_in_scope(s->w, at[i]) && fetch(s, "HEAD", at[i], &resp) == 0 &&
            resp.status == 200 && strcmp(resp.type, "text/html") != 0 &&
            grow(&s->url, s->n, sizeof(*s->url)))
            s->url[s->n++] = steal_ptr(at[i]);
    }
    free(at[0]);
    free(at[1]);
    return r < 0 ? err_oom(err) : 0;
}

/* ---- sitemaps ---- */

static bool add_map(struct seeds *s, const char *url, unsigned depth)
{
    if (depth > s->w->env->limits.max_sitemap_depth) {
        web_limit(s->w, "setting sources.max_sitemap_depth");
        return true;
    }
    char *full = NULL;
    if (url_resolve(s->w->pages.base, url, &full, NULL, NULL) < 0)
        return true;
    for (size_t i = 0; i < s->n_maps; i++)
        if (strcmp(s->map[i], full) == 0) {
            free(full);
            return true;
        }
    if (s->n_maps >= s->w->env->limits.max_sitemaps) {
        web_limit(s->w, "setting sources.max_sitemaps");
        free(full);
        return true;
    }
    if (!grow(&s->map, s->n_maps, sizeof(*s->map)) ||
        !grow(&s->map_depth, s->n_maps, sizeof(*s->map_depth))) {
        free(full);
        return false;
    }
    s->map[s->n_maps] = full;
    s->map_depth[s->n_maps++] = (unsigned char)depth;
    return true;
}

static int on_location(void *arg, const char *url, bool is_map)
{
    struct seeds *s = arg;
    if (!is_map)
        return add_seed(s, LINK_PAGE, url);
    return add_map(s, url, s->map_depth[s->next_map] + 1u) ? 0 : -ENOMEM;
}

static void read_map(struct seeds *s, const struct http_response *resp)
{
    _cleanup_buf_ struct buf plain = {0};
    _cleanup_free_ char *inner = NULL;
    const struct buf *b = &resp->body;
    const char *data = buf_text(b);
    if (decompress(data, b->len, s->w->filter->max_file, "sitemap.xml.gz", &plain, &inner, NULL) ==
        0)
        b = &plain;
    s->from = resp->url;
    if (b->len)
        sitemap_read(b->data, b->len, on_location, s);
}

static int find_sitemaps(struct seeds *s, struct docfs_err *err)
{
    char *at[2];
    struct web_host *host = web_host_of(s->w, s->w->pages.base);
    const char *const *listed = host && host->robots ? robots_sitemaps(host->robots) : NULL;
    bool ok = candidates(s->w, "sitemap.xml", at) == 0;
    for (; ok && listed && *listed; listed++)
        ok = add_map(s, *listed, 0);
    for (int i = 0; ok && i < 2; i++)
        ok = !at[i] || add_map(s, at[i], 0);
    free(at[0]);
    free(at[1]);
    _cleanup_response_ struct http_response resp = {0};
    for (; ok && s->next_map < s->n_maps; s->next_map++) {
        if (source_stopped(s->w->env))
            return err_set(err, -ECANCELED, "cancelled");
        if (fetch(s, NULL, s->map[s->next_map], &resp) == 0 && resp.status == 200)
            read_map(s, &resp);
    }
    return ok ? 0 : err_oom(err);
}

/* ---- the start ---- */

static int check_robots(struct web *w, struct http *h, const char *url, struct docfs_err *err)
{
    struct web_host *host = web_host_of(w, url);
    if (!host)
        return err_oom(err);
    if (!w->opt.robots)
        return 0;
    if (!host->robots) {
        struct robots *rules;
        int r = web_robots(w, h, host->origin, url, stop_poll, w, &rules, err);
        if (r < 0)
            return r;
        web_set_robots(w, host, rules);
    }
    if (robots_allowed(host->robots, url + strlen(host->origin)))
        return 0;
    return err_set(err, -EACCES,
                   "%s/robots.txt refuses %s to programs, or cannot be read: ask the site's owner; "
                   "if the site is yours, docfs add --ignore-robots",
                   host->origin, url);
}

/* Do page.html.md and the like exist here? One question for the whole site. */
static void find_suffix(struct seeds *s, const struct http_response *page)
{
    struct web_result r = {0};
    struct web *w = s->w;
    if (!w->opt.markdown || strcmp(page->type, "text/html") != 0)
        return;
    w->suffix = strdup(".md");
    r.page.path = strdup("probe.html");
    if (w->suffix && r.page.path)
        web_markdown(w, s->h, page->url, NULL, &r);
    if (!r.page.path || strcmp(r.page.path, "probe.md") != 0) {
        free(w->suffix);
        w->suffix = NULL;
    }
    web_result_fini(&r);
}

/* The output of Sphinx tells where its top is ("../_static/documentation_options.js"); there lies
 * objects.inv, which says what its pages are called. Kept as a page that is no document. */
static int find_inventory(struct web *w, const struct http_response *page, struct buf *journal,
                          struct docfs_err *err)
{
    static const char mark[] = "_static/documentation_options.js";
    const struct buf *b = &page->body;
    const char *at = b->len && strcmp(page->type, "text/html") == 0
                         ? memmem(b->data, b->len, mark, sizeof(mark) - 1)
                         : NULL;
    const char *start = at;
    for (size_t i = 0; page->status == 304 && i < w->old.n; i++) /* as at the last crawl */
        if (w->old.item[i].path && strcmp(w->old.item[i].path, WEB_INVENTORY) == 0 &&
            web_enqueue(w, w->old.item[i].url, 0, 0, true, journal) == -ENOMEM)
            return err_oom(err);
    while (start && start > b->data && strchr("./", start[-1]))
        start--;
    if (!at || at - start > 100)
        return 0;
    char ref[128];
    snprintf(ref, sizeof(ref), "%.*s" WEB_INVENTORY, (int)(at - start), start);
    _cleanup_free_ char *url = NULL;
    if (url_resolve(page->url, ref, &url, NULL, NULL) < 0 || !url_same_origin(url, page->url))
        return 0;
    /* Its names count from where it lies, those of the pages from the start page. */
    size_t n = strlen(url) - strlen(WEB_INVENTORY);
    const char *path = strchr(strstr(url, "://") + 3, '/');
    if (strlen(w->prefix) != (size_t)(url + n - path) ||
        strncmp(path, w->prefix, strlen(w->prefix)) != 0)
        return 0;
    return web_enqueue(w, url, 0, 0, true, journal) == -ENOMEM ? err_oom(err) : 0;
}

static bool ends_with(const char *url, const char *tail)
{
    size_t n = strcspn(url, "?"), m = strlen(tail);
    return n >= m && memcmp(url + n - m, tail, m) == 0;
}

static int enqueue_all(struct web *w, struct seeds *s, bool final, struct docfs_err *err)
{
    _cleanup_buf_ struct buf journal = {0};
    for (size_t i = 0; i < s->n; i++)
        if (web_enqueue(w, s->url[i], 0, 0, final, &journal) == -ENOMEM)
            return err_oom(err);
    buf_adds(&journal, "[\"seeds\"]\n");
    w->pages.discovered = true;
    return web_pages_write(&w->pages, &journal, err);
}

static int discover(struct web *w, struct seeds *s, struct http_response *page, bool *ret_final,
                    struct docfs_err *err)
{
    enum web_discover how = w->opt.discover;
    *ret_final = false;
    if (ends_with(page->url, "llms.txt") && is_text(page)) {
        s->from = page->url;
        links_markdown(page->body.data, page->body.len, add_seed, s);
        *ret_final = true;
        return s->n ? 0
                    : err_set(err, -ENOENT,
                              "%s names no page below it: try --scope host or --scope domain",
                              page->url);
    }
    if (ends_with(page->url, ".xml") || ends_with(page->url, ".xml.gz")) {
        *ret_final = true;
        if (!add_map(s, page->url, 0))
            return err_oom(err);
        read_map(s, page);
        for (s->next_map = 1; s->next_map < s->n_maps; s->next_map++) {
            _cleanup_response_ struct http_response resp = {0};
            if (fetch(s, NULL, s->map[s->next_map], &resp) == 0 && resp.status == 200)
                read_map(s, &resp);
        }
        return s->n ? 0
                    : err_set(err, -ENOENT,
                              "%s is no sitemap, or names no page below it: try --scope host",
                              page->url);
    }
    if (how == DISCOVER_LINKS)
        return 0;
    if (how != DISCOVER_SITEMAP) {
        int r = find_llms(s, err);
        if (r < 0)
            return r;
        *ret_final = s->n >= LLMS_ENOUGH || (s->n && how == DISCOVER_LLMS) ||
                     (s->n == 1 && ends_with(s->url[0], "llms-full.txt"));
        if (*ret_final)
            return 0;
        if (how == DISCOVER_LLMS)
            return err_set(err, -ENOENT, "%s has no llms.txt that names pages in scope",
                           w->pages.base);
    }
    size_t before = s->n;
    int r = find_sitemaps(s, err);
    *ret_final = how == DISCOVER_SITEMAP;
    if (r == 0 && how == DISCOVER_SITEMAP && s->n == before)
        return err_set(err, -ENOENT, "%s has no sitemap that names pages in scope", w->pages.base);
    return r;
}

static int start_with(struct web *w, struct seeds *s, struct http_response *page,
                      struct docfs_err *err)
{
    bool final = false;
    bool listing = ends_with(page->url, "llms.txt") || ends_with(page->url, ".xml") ||
                   ends_with(page->url, ".xml.gz");
    _cleanup_free_ char *key = steal_ptr(w->pages.key);
    web_pages_fini(&w->pages);
    w->pages.key = steal_ptr(key);
    if (!(w->pages.base = strdup(page->url)))
        return err_oom(err);
    int r = web_scope_set(w, page->url, err);
    if (r == 0)
        r = web_pages_begin(&w->pages, w->dir, err);
    if (r == 0)
        r = discover(w, s, page, &final, err);
    if (r < 0)
        return r;
    if (listing)
        return enqueue_all(w, s, true, err);

    _cleanup_buf_ struct buf journal = {0};
    int64_t id = web_pages_put(&w->pages, page->url, 0, final, &journal);
    if (id < 0)
        return err_oom(err);
    if ((r = web_pages_write(&w->pages, &journal, err)) < 0)
        return r;
    if (!final)
        find_suffix(s, page);
    if ((r = find_inventory(w, page, &journal, err)) < 0 ||
        (r = web_pages_write(&w->pages, &journal, err)) < 0)
        return r;
    struct web_result result;
    web_judge(w, page->url, 0, page, s->h, &result);
    if (result.page.outcome == WEB_LEFT && result.page.why == WHY_TYPE)
        r = err_set(err, -EINVAL, "%s is no page that can be read as documentation (%s)",
                    w->pages.base, *page->type ? page->type : "no media type");
    else if ((r = web_take(w, (uint32_t)id, &result)) < 0)
        err_set(err, r, "%s", w->err.text);
    web_result_fini(&result);
    return r < 0 ? r : enqueue_all(w, s, final, err);
}

int web_start(struct web *w, struct docfs_err *err)
{
    struct seeds s = {.w = w};
    _cleanup_(http_freep) struct http *h = NULL;
    _cleanup_response_ struct http_response page = {0};
    int r = web_http(w, false, &h, err);
    if (r < 0)
        return r;
    s.h = h;
    if ((r = check_robots(w, h, w->location, err)) < 0)
        return r;
    const char *const accept[] = {"Accept: text/html, text/markdown;q=0.9, */*;q=0.5",
                                  web_auth(w, w->location), NULL};
    int64_t id = web_pages_find(&w->old, w->location);
    const struct web_page *old = id < 0 ? NULL : &w->old.item[id];
    bool same = old && (old->outcome == WEB_KEPT || old->outcome == WEB_SAME) &&
                !ends_with(w->location, "llms.txt");
    r = http_do(h,
                &(struct http_request){.url = w->location,
                                       .headers = accept,
                                       .etag = same ? old->etag : NULL,
                                       .last_modified = same ? old->modified : NULL,
                                       .poll = stop_poll,
                                       .arg = w},
                &page, err);
    if (r == 0)
        r = source_status_err(&page, web_auth(w, page.url), err);
    if (r == 0 && !url_same_origin(page.url, w->location))
        r = check_robots(w, h, page.url, err);
    if (r == 0)
        r = start_with(w, &s, &page, err);
    seeds_fini(&s);
    return r;
}
