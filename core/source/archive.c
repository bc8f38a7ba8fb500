/* SPDX-License-Identifier: MIT
 * Archives, local or of the web: zip, tar, 7z, deb and what else libarchive reads. The location is
 * the path or URL, and "!/DIR" when only a directory of it is meant. A single top directory, as
 * release archives have it, is not part of the paths. */
#include "core/source/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/order.h"

struct archive_source {
    const struct source_env *env;
    char *location; /* without the directory */
    char *subdir;   /* or NULL */
    char *revision;
    int fd;
    int64_t size;
    struct spool spool;
    char *root; /* "project-1.2/": left out of the paths; "" when there is none */
    const struct source_filter *filter; /* while listing */
    char *within;                       /* root without the '/' */
    size_t max_file;
    char **asked; /* what pages include: was looked for, and is in the spool or nowhere; ordered */
    size_t n_asked;
};

static bool is_http(const char *arg)
{
    return strncasecmp(arg, "https://", 8) == 0 || strncasecmp(arg, "http://", 7) == 0;
}

static size_t file_part(const char *arg)
{
    const char *bang = strstr(arg, "!/");
    return bang ? (size_t)(bang - arg) : strlen(arg);
}

static bool archive_claims(const struct source_request *req)
{
    size_t n = file_part(req->arg);
    if (is_http(req->arg)) {
        size_t path = strcspn(req->arg, "?#");
        return archive_name(req->arg, path < n ? path : n);
    }
    if (!archive_name(req->arg, n))
        return false;
    _cleanup_free_ char *path = strndup(req->arg, n);
    struct stat st;
    return path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The name of the file without what makes it an archive: "guide-1.2" of ".../guide-1.2.tar.gz". */
static char *plain_name(const char *location)
{
    size_t n = strcspn(location, "?#");
    while (n && location[n - 1] == '/')
        n--;
    for (bool again = true; again;) {
        again = false;
        const char *dot = memrchr(location, '.', n);
        const char *slash = memrchr(location, '/', n);
        size_t at = dot ? (size_t)(dot - location) : 0;
        if (dot && (!slash || dot > slash + 1) &&
            (archive_name(location, n) || (n - at == 4 && strncmp(dot, ".tar", 4) == 0))) {
            n = at;
            again = true;
        }
    }
    return strndup(location, n);
}

static int archive_resolve(const struct source_env *env, const struct source_request *req,
                           struct source_place *ret, struct docfs_err *err)
{
    if (req->ref)
        return err_set(err, -EINVAL, "%s: --ref is for git repositories, and this is an archive",
                       req->arg);
    size_t n = file_part(req->arg);
    bool web = is_http(req->arg);
    _cleanup_free_ char *file = strndup(req->arg, n);
    const char *given = req->arg[n] ? req->arg + n + 2 : NULL;
    if (!file)
        return err_oom(err);
    if (!web && source_url_scheme(file))
        return err_set(err, -EINVAL, "%s: archives are fetched over http and https only", file);
    if (!web && env->remote_caller)
        return err_set(err, -EACCES,
                       "%s is on the machine of the cache: only a person there can "
                       "add it (docfs add)",
                       req->arg);
    _cleanup_free_ char *real = web ? strdup(file) : realpath(file, NULL);
    if (!real)
        return err_set(err, -errno, "cannot read %s: %m", file);
    _cleanup_buf_ struct buf sub = {0};
    if (given && *given)
        buf_adds(&sub, given);
    if (req->subdir)
        buf_addf(&sub, "%s%s", sub.len ? "/" : "", req->subdir);
    buf_rtrim(&sub, "/");
    if (sub.len && source_path_refused(sub.data))
        return err_set(err, -EINVAL, "bad directory %s: %s", sub.data,
                       source_path_refused(sub.data));
    if (asprintf(&ret->location, "%s%s%s", real, sub.len ? "!/" : "", buf_text(&sub)) < 0)
        ret->location = NULL;
    ret->name = plain_name(real);
    return !ret->location || !ret->name || buf_status(&sub) < 0 ? err_oom(err) : 0;
}

static void archive_close(void *handle)
{
    struct archive_source *a = handle;
    spool_fini(&a->spool);
    if (a->fd >= 0)
        close(a->fd);
    free(a->location);
    free(a->subdir);
    free(a->revision);
    free(a->root);
    free(a->within);
    source_strings_free(a->asked);
    free(a);
}

static int archive_open(const struct source_env *env, const char *location, void **ret,
                        struct docfs_err *err)
{
    struct archive_source *a = calloc(1, sizeof(*a));
    if (!a)
        return err_oom(err);
    a->env = env;
    a->fd = a->spool.fd = -1;
    size_t n = file_part(location);
    a->location = strndup(location, n);
    a->subdir = location[n] ? strdup(location + n + 2) : NULL;
    a->revision = strdup("");
    struct stat st = {0};
    int r = a->location && (!location[n] || a->subdir) && a->revision ? 0 : err_oom(err);
    if (r == 0 && is_http(a->location)) {
        free(a->revision);
        a->revision = NULL;
        r = fetch_file(env, a->location, &a->fd, &a->revision, err);
    } else if (r == 0) {
        a->fd = open(a->location, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (a->fd < 0)
            r = err_set(err, -errno, "cannot read %s: %m", a->location);
    }
    if (r == 0 && (fstat(a->fd, &st) < 0 || !S_ISREG(st.st_mode)))
        r = S_ISDIR(st.st_mode)
                ? err_set(err, -EISDIR, "%s is a directory, not an archive: leave --kind out",
                          a->location)
                : err_set(err, -EINVAL, "%s is not a regular file", a->location);
    if (r == 0) {
        a->size = st.st_size;
        r = spool_init(&a->spool, env->cache_dir, err);
    }
    if (r < 0) {
        archive_close(a);
        return r;
    }
    *ret = a;
    return 0;
}

/* ---- listing ---- */

static bool wanted(void *arg, const char *path)
{
    struct archive_source *a = arg;
    if (source_is_marker(path))
        return true;
    /* Whether there is a top directory is known only at the end. */
    const char *inner = strchr(path, '/');
    for (const char *p = path; p; p = p == path && inner ? inner + 1 : NULL) {
        const char *q = p;
        size_t n = a->subdir ? strlen(a->subdir) : 0;
        if (n) {
            if (strncmp(p, a->subdir, n) != 0 || p[n] != '/')
                continue;
            q = p + n + 1;
        }
        if (source_filter_accepts(a->filter, q))
            return true;
    }
    return false;
}

/* "project-1.2/" when every entry is below it. */
static char *common_root(const struct archive_source *a)
{
    const struct spool *s = &a->spool;
    size_t len = strcspn(a->location, "?#");
    if (len > 4 && strncasecmp(a->location + len - 4, ".deb", 4) == 0)
        return strdup(""); /* the paths of the installed system */
    size_t n = s->n ? strcspn(s->entry[0].path, "/") : 0;
    if (n == 0 || !s->entry[0].path[n] ||
        (n > 7 && strncmp(s->entry[0].path + n - 7, ".docset", 7) == 0))
        return strdup("");
    for (size_t i = 0; i < s->n; i++)
        if (strncmp(s->entry[i].path, s->entry[0].path, n + 1) != 0)
            return strdup("");
    return strndup(s->entry[0].path, n + 1);
}

/* Brings the entries that fn wants into the spool. */
static int read_entries(struct archive_source *a, bool (*fn)(void *arg, const char *path),
                        struct docfs_err *err)
{
    return spool_archive(&a->spool,
                         &(struct spool_read){.env = a->env,
                                              .fd = a->fd,
                                              .size = a->size,
                                              .label = a->location,
                                              .max_file = a->max_file,
                                              .wanted = fn,
                                              .arg = a},
                         err);
}

static int archive_list(void *handle, const struct source_filter *filter, struct source_files *ret,
                        struct docfs_err *err)
{
    struct archive_source *a = handle;
    a->filter = filter;
    a->max_file = filter->max_file;
    int r = read_entries(a, wanted, err);
    if (r < 0)
        return r;
    if (!(a->root = common_root(a)))
        return err_oom(err);
    if (a->subdir) {
        char *deeper = NULL;
        if (asprintf(&deeper, "%s%s/", a->root, a->subdir) < 0)
            return err_oom(err);
        free(a->root);
        a->root = deeper;
    }
    size_t skip = strlen(a->root), below = 0;
    if (!(a->within = strndup(a->root, skip - (skip > 0))))
        return err_oom(err);
    for (size_t i = 0; i < a->spool.n; i++) {
        const struct spool_entry *e = &a->spool.entry[i];
        bool inside = strncmp(e->path, a->root, skip) == 0;
        const char *path = inside ? e->path + skip : e->path;
        below += inside;
        if ((!inside && !(e->refused && !a->subdir)) || !*path ||
            (!e->refused && !source_filter_accepts(filter, path) && !source_is_marker(path)))
            continue;
        r = source_filter_room(filter, ret->n, err);
        if (r < 0)
            return r;
        struct source_file *f = source_files_add(ret, path);
        if (!f)
            return err_oom(err);
        f->size = e->size;
        f->mtime_ns = e->mtime_ns;
        f->refused = e->refused;
        if (*e->version && !(f->version = strdup(e->version)))
            return err_oom(err);
        if (is_http(a->location) && asprintf(&f->url, "%s!/%s", a->location, e->path) < 0)
            return err_oom(err);
    }
    if (a->subdir && below == 0)
        return err_set(err, -ENOENT, "%s has no directory %s", a->location, a->subdir);
    return 0;
}

static int archive_read(void *handle, const char *path, size_t max, struct buf *out,
                        int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct archive_source *a = handle;
    _cleanup_buf_ struct buf full = {0};
    buf_addf(&full, "%s%s", a->root ? a->root : "", path);
    if (buf_status(&full) < 0)
        return err_oom(err);
    const struct spool_entry *e = spool_find(&a->spool, full.data);
    if (!e || e->refused)
        return err_set(err, -ENOENT, "not in the archive");
    *ret_mtime_ns = e->mtime_ns;
    return spool_entry_read(&a->spool, e, max, out, err);
}

/* ---- what pages include ---- */

static bool asked(void *arg, const char *path)
{
    const struct archive_source *a = arg;
    return a->n_asked && bsearch(&path, a->asked, a->n_asked, sizeof(*a->asked), by_text) != NULL;
}

static const char *archive_within(void *handle)
{
    return ((struct archive_source *)handle)->within;
}

static int archive_beside(void *handle, const char *path, size_t max, struct buf *out)
{
    struct archive_source *a = handle;
    const struct spool_entry *e = spool_find(&a->spool, path);
    if (!e)
        return asked(a, path) ? -ENOENT : -ENODATA;
    return e->refused ? -ENOENT : spool_entry_read(&a->spool, e, max, out, NULL);
}

/* Which files these are is known only now: the archive is read once more. */
static int archive_want(void *handle, const char *const *paths, size_t n, struct docfs_err *err)
{
    struct archive_source *a = handle;
    char **list = reallocarray(a->asked, a->n_asked + n + 1, sizeof(*list));
    if (!list)
        return err_oom(err);
    a->asked = list;
    list[a->n_asked] = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!(list[a->n_asked] = strdup(paths[i])))
            return err_oom(err);
        list[++a->n_asked] = NULL;
    }
    qsort(list, a->n_asked, sizeof(*list), by_text);
    a->spool.seen = 0;
    return read_entries(a, asked, err);
}

static const char *archive_revision(void *handle)
{
    return ((struct archive_source *)handle)->revision;
}

const struct source_kind source_archive = {
    .name = "archive",
    .claims = archive_claims,
    .resolve = archive_resolve,
    .open = archive_open,
    .list = archive_list,
    .read = archive_read,
    .within = archive_within,
    .beside = archive_beside,
    .want = archive_want,
    .revision = archive_revision,
    .close = archive_close,
    .kept = strdup,
};
