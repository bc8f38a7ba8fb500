/* SPDX-License-Identifier: MIT */
#include "core/source/web.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/remote/url.h"
#include "core/source/token.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define RESUME_SECONDS 86400 /* an older crawl that was cut off starts anew */

struct web_source {
    struct web web;
    int lock_fd;
    bool listed;
    char revision[160];
    uint32_t *by_path; /* kept pages, ordered by path */
    size_t n;
};

static bool web_claims(const struct source_request *req)
{
    size_t n = source_url_scheme(req->arg);
    return (n == 4 && strncasecmp(req->arg, "http", 4) == 0) ||
           (n == 5 && strncasecmp(req->arg, "https", 5) == 0);
}

static bool is_version(const char *s, size_t len)
{
    size_t i = len > 1 && (*s == 'v' || *s == 'V');
    if (i == len || !isdigit((unsigned char)s[i]))
        return false;
    for (; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr(".-", s[i]))
            return false;
    return len <= 20;
}

/* "docs.python.org" and "3.11" of https://docs.python.org/3.11/library/ : the host, then the parts
 * of the path but its file. */
static int name_site(const struct url *u, struct source_place *p)
{
    struct buf b = {0};
    const char *host = strncmp(u->host, "www.", 4) == 0 ? u->host + 4 : u->host;
    buf_add(&b, host, strcspn(host, "]"));
    for (const char *s = u->path + 1; *s;) {
        size_t n = strcspn(s, "/");
        if (!s[n])
            break; /* a file */
        if (!p->version && is_version(s, n))
            p->version = strndup(s, n);
        else if (b.len < 60)
            buf_addf(&b, "-%.*s", (int)n, s);
        s += n + 1;
    }
    p->name = buf_steal(&b, NULL);
    return p->name ? 0 : -ENOMEM;
}

static int web_resolve(const struct source_env *env, const struct source_request *req,
                       struct source_place *ret, struct docfs_err *err)
{
    _cleanup_url_ struct url u = {0};
    struct web_options opt;
    int r = web_options_parse(env->options, &opt, err);
    if (r == 0 && !source_url_scheme(req->arg))
        r = err_set(err, -EINVAL,
                    "%s is no address of a web site, which begins with https://; for files leave "
                    "--kind out",
                    req->arg);
    if (r < 0 || (r = url_parse(req->arg, &u, err)) < 0)
        return r;
    if (u.user)
        return err_set(err, -EINVAL,
                       "the password in the address would be stored: leave user:password@ out");
    if (req->ref || req->subdir)
        return err_set(err, -EINVAL,
                       "a web site has no --ref and no --subdir: put them into the address");
    if ((r = url_normal(req->arg, &ret->location, err)) < 0)
        return r;
    return name_site(&u, ret) < 0 ? err_oom(err) : 0;
}

static void web_close(void *handle)
{
    struct web_source *s = handle;
    struct web *w = &s->web;
    /* Only now: who is killed while the pages are read finds them here again. */
    if (s->listed)
        web_pages_finish(&w->pages, w->dir, NULL);
    web_pages_fini(&w->pages);
    web_pages_fini(&w->old);
    for (size_t i = 0; i < w->n_hosts; i++) {
        free(w->host[i].origin);
        free(w->host[i].queue);
        robots_free(w->host[i].robots);
    }
    free(w->host);
    free(w->location);
    token_free(w->auth);
    free(w->dir);
    free(w->prefix);
    free(w->domain);
    free(w->suffix);
    free(s->by_path);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    closep(&s->lock_fd);
    free(s);
}

static int web_open(const struct source_env *env, const char *location, void **ret,
                    struct docfs_err *err)
{
    struct web_source *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    struct web *w = &s->web;
    pthread_mutex_init(&w->lock, NULL);
    clock_cond_init(&w->changed);
    web_pages_init(&w->pages);
    web_pages_init(&w->old);
    s->lock_fd = -1;
    w->env = env;
    w->location = strdup(location);
    int r = w->location ? web_options_parse(env->options, &w->opt, err) : err_oom(err);
    bool asked = w->opt.allow_private;
    w->opt.allow_private = asked || env->allow_private;
    if (r == 0 && env->remote_caller && asked && !env->allow_private)
        r = err_set(err, -EACCES,
                    "private addresses can only be allowed on the machine of the cache "
                    "(docfs add --allow-private)");
    if (r == 0 && (r = token_header(location, env->token_file, &w->auth, err)) > 0)
        r = 0;
    if (r == 0)
        r = source_work_dir(env, "web", location, &w->dir, err);
    if (r == 0) {
        s->lock_fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->lock_fd < 0)
            r = err_set(err, -errno, "cannot open %s: %m", w->dir);
        else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
            r = err_set(err, -EBUSY, "%s is being read by another docfs: wait for it (docfs jobs)",
                        location);
    }
    if (r < 0) {
        web_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

/* ---- listing ---- */

/* What decides which pages there are: another key is another crawl. */
static char *make_key(const struct web *w)
{
    const struct web_options *o = &w->opt;
    struct buf b = {0};
    buf_addf(&b, "%s %d %d %ld %ld %d %d %s", w->location, o->scope, o->discover, o->depth,
             o->max_pages, o->robots, o->markdown, o->lang);
    const char *const *lists[] = {w->filter->include, w->filter->exclude};
    for (int i = 0; i < 2; i++) {
        buf_addc(&b, '\n');
        for (const char *const *p = lists[i]; p && *p; p++)
            buf_addf(&b, " %s", *p);
    }
    return buf_steal(&b, NULL);
}

static int prepare(struct web *w, struct docfs_err *err)
{
    _cleanup_free_ char *key = make_key(w);
    if (!key)
        return err_oom(err);
    int r = web_pages_load(&w->old, w->dir, "crawl.done", err);
    if (r == 0)
        r = web_pages_load(&w->pages, w->dir, "crawl.running", err);
    if (r < 0)
        return r;
    if (w->old.key && strcmp(w->old.key, key) != 0)
        web_pages_fini(&w->old);
    if (w->old.key) {
        _cleanup_free_ char *path = NULL;
        if (asprintf(&path, "%s/%s", w->dir, w->old.spool_name) < 0) {
            path = NULL;
            return err_oom(err);
        }
        w->old.spool = open(path, O_RDONLY | O_CLOEXEC); /* without it pages are fetched again */
        if (w->old.spool < 0)
            web_pages_fini(&w->old);
    }
    int64_t age = clock_wall_ns() / 1000000000 - w->pages.began;
    if (w->pages.key && strcmp(w->pages.key, key) == 0 && w->pages.discovered && age >= 0 &&
        age < RESUME_SECONDS) {
        if ((r = web_scope_set(w, w->pages.base, err)) < 0 ||
            (r = web_pages_resume(&w->pages, w->dir, err)) < 0)
            return r;
        if (w->pages.n >= (size_t)w->opt.max_pages)
            web_limit(w, "--max-pages");
        return web_requeue(w, err);
    }
    web_pages_fini(&w->pages);
    w->pages.key = steal_ptr(key);
    return web_start(w, err);
}

/* Has the page that an alias names content of its own? */
static bool target_counts(const struct web_pages *p, uint32_t id)
{
    for (int hop = 0; hop < 10; hop++) {
        const struct web_page *g = &p->item[id];
        if (g->outcome == WEB_KEPT || g->outcome == WEB_SAME)
            return true;
        if ((g->outcome != WEB_MOVED && g->outcome != WEB_ALIAS) || g->target == id)
            return false;
        id = g->target;
    }
    return false;
}

static int add_file(struct web_source *s, uint32_t id, struct source_files *files)
{
    struct web *w = &s->web;
    const struct web_page *g = &w->pages.item[id];
    bool kept = g->outcome == WEB_KEPT || g->outcome == WEB_SAME ||
                (g->outcome == WEB_ALIAS && !target_counts(&w->pages, g->target));
    if (!kept && g->outcome != WEB_FAILED)
        return 0;
    _cleanup_free_ char *made = g->path ? NULL : web_path(w, g->url, "");
    const char *path = g->path ? g->path : made;
    if (!path || (!kept && source_filter_accepts(w->filter, path) == false))
        return 0;
    struct source_file *f = source_files_add(files, path);
    if (!f)
        return -ENOMEM;
    int64_t modified = g->modified && *g->modified ? http_date(g->modified) : -1;
    f->size = g->size > 0 ? g->size : 0;
    f->mtime_ns = (modified >= 0 ? modified : g->fetched) * 1000000000;
    f->url = strdup(g->url);
    f->version = strdup(kept ? g->hash : "");
    f->refused = kept ? NULL : web_reasons[g->why];
    if (kept)
        s->by_path[s->n++] = id;
    return f->url && f->version ? 0 : -ENOMEM;
}

static int compare_paths(const void *a, const void *b, void *arg)
{
    const struct web_page *item = arg;
    const struct web_page *x = &item[*(const uint32_t *)a], *y = &item[*(const uint32_t *)b];
    int c = strcmp(x->path, y->path);
    return c ? c : (x > y) - (x < y);
}

static int web_list(void *handle, const struct source_filter *filter, struct source_files *ret,
                    struct docfs_err *err)
{
    struct web_source *s = handle;
    struct web *w = &s->web;
    w->filter = filter;
    int r = prepare(w, err);
    if (r == 0)
        r = web_crawl(w, err);
    if (r < 0)
        return r;
    s->by_path = calloc(w->pages.n + 1, sizeof(*s->by_path));
    if (!s->by_path)
        return err_oom(err);
    for (size_t i = 0; i < w->pages.n; i++)
        if (add_file(s, (uint32_t)i, ret) < 0)
            return err_oom(err);
    qsort_r(s->by_path, s->n, sizeof(*s->by_path), compare_paths, w->pages.item);
    snprintf(s->revision, sizeof(s->revision), "%zu pages%s%s%s", s->n,
             w->limited ? ", stopped at the limit (" : "", w->limited ? w->limited : "",
             w->limited ? ")" : "");
    if (s->n == 0) {
        web_pages_forget(w->dir);
        return err_set(err, -ENOENT,
                       "%s: no page could be kept; look at --scope, --lang, --include and "
                       "--exclude",
                       w->location);
    }
    s->listed = true;
    return 0;
}

/* ---- reading ---- */

static const struct web_page *find_page(const struct web_source *s, const char *path)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) { /* the first one of that path, as in the listing */
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(s->web.pages.item[s->by_path[mid]].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct web_page *g = lo < s->n ? &s->web.pages.item[s->by_path[lo]] : NULL;
    return g && strcmp(g->path, path) == 0 ? g : NULL;
}

static int web_read(void *handle, const char *path, size_t max, struct buf *out,
                    int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct web_source *s = handle;
    const struct web_page *g = find_page(s, path);
    if (!g)
        return err_set(err, -ENOENT, "%s is no page of this crawl", path);
    int64_t modified = g->modified && *g->modified ? http_date(g->modified) : -1;
    *ret_mtime_ns = (modified >= 0 ? modified : g->fetched) * 1000000000;
    if (g->size <= 0)
        return 0; /* an empty page */
    if ((uint64_t)g->size > max)
        return err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)", max);
    if (g->offset < 0 || !buf_reserve(out, (size_t)g->size + 1))
        return err_set(err, -EIO,
                       "the fetched page is no longer there: docfs refresh reads it again");
    ssize_t n = pread(s->web.pages.spool, out->data + out->len, (size_t)g->size, g->offset);
    if (n != g->size)
        return err_set(err, -EIO, "cannot read a fetched page: %s",
                       n < 0 ? strerror(errno) : "cut short");
    char hash[sizeof(g->hash)];
    web_hash(out->data + out->len, (size_t)n, hash);
    if (strcmp(hash, g->hash) != 0)
        return err_set(err, -EIO,
                       "the fetched page is damaged on disk: docfs refresh reads it again");
    out->len += (size_t)n;
    out->data[out->len] = '\0';
    return 0;
}

static const char *web_revision(void *handle)
{
    return ((struct web_source *)handle)->revision;
}

const struct source_kind source_web = {
    .name = "web",
    .claims = web_claims,
    .resolve = web_resolve,
    .open = web_open,
    .list = web_list,
    .kept = strdup,
    .read = web_read,
    .revision = web_revision,
    .close = web_close,
};
