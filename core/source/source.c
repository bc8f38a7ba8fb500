/* SPDX-License-Identifier: MIT */
#include "core/source/source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/source/layout.h"
#include "core/text/name.h"
#include "core/util/hash.h"
#include "core/util/rmtree.h"

/* The first one that claims an argument gets it. */
static const struct source_kind *const kinds[] = {
    &source_bundle,  &source_archive,   &source_git, &source_package,   &source_man,
    &source_project, &source_directory, &source_web, &source_catalogue,
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

const struct source_kind *source_kind_named(const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

/* ---- what a person typed ---- */

size_t source_url_scheme(const char *arg)
{
    size_t n = strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return n > 0 && strncmp(arg + n, "://", 3) == 0 ? n : 0;
}

static int unknown_kind(const char *name, struct docfs_err *err)
{
    struct buf all = {0};
    for (size_t i = 0; i < N_KINDS; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", kinds[i]->name);
    int r = err_set(err, -EINVAL, "there is no kind of source called %s; there are: %s", name,
                    buf_text(&all));
    buf_fini(&all);
    return r;
}

/* "www.example.org", "example.org/docs": an address without https:// in front. */
static bool like_host(const char *arg)
{
    size_t n = strcspn(arg, "/:@?#");
    const char *dot = memrchr(arg, '.', n);
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)arg[i]) && !strchr("-.", arg[i]))
            return false;
    size_t last = dot ? n - (size_t)(dot + 1 - arg) : 0;
    for (size_t i = n - last; i < n; i++) /* a top-level domain has no digits */
        if (!isalpha((unsigned char)arg[i]))
            return false;
    return dot > arg && last >= 2 && (arg[n] == '/' || strncmp(arg, "www.", 4) == 0);
}

int source_address_err(const char *arg, struct docfs_err *err)
{
    if (!like_host(arg))
        return 0;
    return err_set(err, -ENOENT,
                   "no file or directory is called %s; if it is an address: docfs add https://%s",
                   arg, arg);
}

static int nothing_claims(const char *arg, struct docfs_err *err)
{
    size_t scheme = source_url_scheme(arg);
    if (strncmp(arg, "man:", 4) == 0)
        return err_set(
            err, -EINVAL,
            "%s: man: means all manual pages of this machine; --include 'man3/*' takes a "
            "part of them",
            arg);
    if (scheme)
        return err_set(
            err, -EINVAL,
            "%s: docfs does not fetch from %.*s:// addresses; check the spelling (https?)", arg,
            (int)scheme, arg);
    int r = source_address_err(arg, err);
    if (r < 0)
        return r;
    return err_set(
        err, -ENOENT,
        "no file or directory is called %s; a repository is named by its address "
        "(https://github.com/OWNER/NAME), a package as deb:NAME, a technology as in docfs "
        "catalogue",
        arg);
}

int source_resolve(const struct source_env *env, const struct source_request *req,
                   struct source_place *ret, struct docfs_err *err)
{
    struct source_place p = {0};
    if (!*req->arg)
        return err_set(err, -EINVAL, "name what to add: a directory, a URL or a known name");
    if (req->kind && !(p.kind = source_kind_named(req->kind)))
        return unknown_kind(req->kind, err);
    for (size_t i = 0; !p.kind && i < N_KINDS; i++)
        if (kinds[i]->claims && kinds[i]->claims(req))
            p.kind = kinds[i];
    if (!p.kind)
        return nothing_claims(req->arg, err);
    int r = p.kind->resolve(env, req, &p, err);
    if (r == 0 && env->remote_caller && p.kind->local)
        r = err_set(err, -EACCES,
                    "%s is on the machine of the cache: only a person there can add it (docfs add)",
                    req->arg);
    if (r < 0) {
        source_place_fini(&p);
        return r;
    }
    *ret = p;
    return 0;
}

void source_place_fini(struct source_place *p)
{
    free(p->location);
    free(p->name);
    free(p->version);
    free(p->root);
    source_strings_free(p->include);
    source_strings_free(p->exclude);
    *p = (struct source_place){0};
}

/* ---- an opened source ---- */

struct source {
    const struct source_kind *kind;
    const struct source_env *env;
    const struct source_filter *filter; /* while listing */
    void *handle;
    struct layout layout; /* type NULL: as listed */
};

int source_open(const struct source_kind *kind, const struct source_env *env, const char *location,
                struct source **ret, struct docfs_err *err)
{
    struct source *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    s->kind = kind;
    s->env = env;
    int r = kind->open(env, location, &s->handle, err);
    if (r < 0) {
        free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int source_list(struct source *s, const struct source_filter *filter, struct source_files *ret,
                struct docfs_err *err)
{
    static const struct layout_type *const layouts[] = {&layout_docset, &layout_devdocs,
                                                        &layout_sphinx};
    int r = s->kind->list(s->handle, filter, ret, err);
    if (r < 0)
        return r;
    source_files_sort(ret);
    /* A single file is what it is, whatever lies beside it. */
    bool tree = s->kind == &source_archive || (s->kind == &source_directory && ret->n != 1);
    bool site = s->kind == &source_web;
    s->filter = filter;
    for (size_t i = 0; r == 0 && i < sizeof(layouts) / sizeof(*layouts); i++) {
        if (tree || (site && layouts[i] == &layout_sphinx))
            r = layouts[i]->apply(s, ret, &s->layout.state, err);
        if (r > 0)
            s->layout.type = layouts[i];
    }
    s->filter = NULL;
    if (r < 0)
        return r;
    if (!s->layout.type || !s->layout.type->read)
        source_files_drop_markers(ret, filter);
    if (tree)
        layout_refuse_repeats(ret);
    return 0;
}

int source_read(struct source *s, const char *path, size_t max, struct buf *out,
                int64_t *ret_mtime_ns, struct docfs_err *err)
{
    const struct layout_type *t = s->layout.type;
    return t && t->read ? t->read(s->layout.state, s, path, max, out, ret_mtime_ns, err)
                        : s->kind->read(s->handle, path, max, out, ret_mtime_ns, err);
}

int source_read_raw(struct source *s, const char *path, size_t max, struct buf *out,
                    int64_t *ret_mtime_ns, struct docfs_err *err)
{
    return s->kind->read(s->handle, path, max, out, ret_mtime_ns, err);
}

const struct source_env *source_environment(const struct source *s)
{
    return s->env;
}

const struct source_filter *source_current_filter(const struct source *s)
{
    return s->filter;
}

const char *source_revision(struct source *s)
{
    return s->kind->revision ? s->kind->revision(s->handle) : "";
}

const char *source_within(struct source *s)
{
    return s->kind->within ? s->kind->within(s->handle) : NULL;
}

int source_beside(struct source *s, const char *path, size_t max, struct buf *out)
{
    if (source_path_refused(path))
        return -ENOENT;
    for (const char *p = path; *p; p += strspn(p, "/")) {
        char name[256];
        size_t n = strcspn(p, "/");
        snprintf(name, sizeof(name), "%.*s", (int)n, p);
        if (source_pruned(name))
            return -ENOENT;
        p += n;
    }
    return s->kind->beside(s->handle, path, max, out);
}

bool source_fetches(const struct source *s)
{
    return s->kind->want != NULL;
}

int source_want(struct source *s, const char *const *paths, size_t n, struct docfs_err *err)
{
    return s->kind->want && n ? s->kind->want(s->handle, paths, n, err) : 0;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    if (s->layout.type && s->layout.type->free)
        s->layout.type->free(s->layout.state);
    s->kind->close(s->handle);
    free(s);
}

/* ---- for the kinds ---- */

bool source_stopped(const struct source_env *env)
{
    return env->stop && env->stop(env->stop_arg);
}

const char *source_path_refused(const char *path)
{
    if (*path == '/')
        return "absolute path";
    unsigned depth = 0;
    if (strlen(path) > 4000)
        return "path is too long";
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, "/");
        if (n == 0)
            return "empty name in the path";
        if (n > 255)
            return "name is too long";
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return "path leaves the archive (..)";
        if (n == 1 && p[0] == '.')
            return "\".\" in the path";
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)p[i] < 32 || p[i] == 127 || p[i] == '\\')
                return "control byte or backslash in the name";
        if (++depth > SOURCE_DEPTH_MAX)
            return "nested too deeply";
        p += n;
        if (!*p)
            return NULL;
    }
}

bool source_is_marker(const char *path)
{
    static const char *const names[] = {"objects.inv", "Info.plist", "info.plist", "docSet.dsidx",
                                        "tarix.tgz",   "index.json", "db.json",    "meta.json"};
    const char *slash = strrchr(path, '/');
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(slash ? slash + 1 : path, names[i]) == 0)
            return true;
    return false;
}

#define WORK_HEX 32

static void work_hex(const char *location, char ret[WORK_HEX + 1])
{
    unsigned char sha[SHA256_LEN];
    sha256(location, strlen(location), sha);
    hex_encode(sha, WORK_HEX / 2, ret);
}

void source_forget(const char *cache_dir, const char *kept)
{
    _cleanup_buf_ struct buf path = {0};
    char hex[WORK_HEX + 1];
    work_hex(kept, hex);
    buf_addf(&path, "%s/sources/", cache_dir);
    size_t n = path.len;
    DIR *dir = buf_status(&path) == 0 ? opendir(path.data) : NULL;
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        const char *dash = strrchr(e->d_name, '-');
        if (!dash || strcmp(dash + 1, hex) != 0)
            continue;
        buf_truncate(&path, n);
        buf_adds(&path, e->d_name);
        if (buf_status(&path) == 0)
            rmtree(path.data);
    }
    if (dir)
        closedir(dir);
}

int source_work_dir(const struct source_env *env, const char *kind, const char *location,
                    char **ret, struct docfs_err *err)
{
    if (!env->cache_dir)
        return err_set(err, -EROFS, "%s needs a cache directory that can be written", location);
    char hex[WORK_HEX + 1];
    work_hex(location, hex);
    struct buf path = {0};
    buf_addf(&path, "%s/sources", env->cache_dir);
    if (buf_status(&path) == 0 && mkdir(path.data, 0700) < 0 && errno != EEXIST)
        goto failed;
    buf_addf(&path, "/%s-%s", kind, hex);
    if (buf_status(&path) < 0) {
        buf_fini(&path);
        return err_oom(err);
    }
    if (mkdir(path.data, 0700) < 0 && errno != EEXIST)
        goto failed;
    *ret = buf_steal(&path, NULL);
    return 0;
failed:;
    int r = err_set(err, -errno, "cannot make %s: %m", path.data);
    buf_fini(&path);
    return r;
}

const char *const source_doc_globs[] = {
    "*.md",          "*.markdown",    "*.mdx",         "*.mkd",       "*.qmd",      "*.[Rr]md",
    "*.rst",         "*.rest",        "*.adoc",        "*.asc",       "*.asciidoc", "*.txt",
    "*.html",        "*.htm",         "*.xhtml",       "*.ipynb",     "*.pdf",      "*.[1-9]",
    "*.mdoc",        "*.epub",        "*.docx",        "*.odt",       "*.pod",      "*.Rd",
    "*.pm",          "README",        "INSTALL",       "NEWS",        "HACKING",    "openapi*.json",
    "openapi*.y*ml", "swagger*.json", "swagger*.y*ml", "objects.inv", NULL};

const char *const source_test_globs[] = {"**/testdata/**",
                                         "**/test-data/**",
                                         "**/test_data/**",
                                         "**/__tests__/**",
                                         "**/__snapshots__/**",
                                         "**/_snaps/**",
                                         "**/src/test/**",
                                         "**/__fixtures__/**",
                                         "**/test/**/fixtures/**",
                                         "**/tests/data/**",
                                         "**/tests/format/**",
                                         "**/tests/**/fixtures/**",
                                         "**/*testsuite/**",
                                         "**/tests/**/*.html",
                                         "**/tests/**/samples/**",
                                         "**/test/dummy/**",
                                         "**/intTest/**",
                                         "**/__e2e__/**",
                                         "**/_templates/**",
                                         "t/**/*.txt",
                                         "**/requirements*.txt",
                                         "**/requirements/**/*.txt",
                                         NULL};

char **source_strings_dup(const char *const *list)
{
    size_t n = 0;
    while (list[n])
        n++;
    char **out = calloc(n + 1, sizeof(*out));
    for (size_t i = 0; out && i < n; i++)
        if (!(out[i] = strdup(list[i]))) {
            source_strings_free(out);
            return NULL;
        }
    return out;
}

void source_strings_free(char **list)
{
    for (char **p = list; p && *p; p++)
        free(*p);
    free(list);
}
