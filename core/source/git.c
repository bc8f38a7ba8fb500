/* SPDX-License-Identifier: MIT
 * Git repositories. What is kept between runs is a bare repository below the cache's sources/
 * folder, shallow and without the blobs that nobody asked for; it may be deleted at any time.
 *
 * Opening asks the remote for its refs and fetches the one commit when it is new. Listing reads the
 * trees and then fetches, in one go, those wanted blobs that are not here yet. */
#include "core/source/git.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/util/child.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"
#include "core/util/rmtree.h"

#define PACKS_MAX 100

/* ---- fetching ---- */

int git_do(const struct git *g, bool network, struct buf *out, const void *in, size_t in_len,
           const char *const *args, struct docfs_err *err)
{
    return git_run(&(struct git_call){.env = g->env,
                                      .dir = g->dir,
                                      .pin = network ? g->pin : NULL,
                                      .url = network ? g->where.url : NULL,
                                      .args = args,
                                      .in = in,
                                      .in_len = in_len,
                                      .out = out},
                   err);
}

static bool have_commit(const struct git *g, const char *commit)
{
    char what[80];
    snprintf(what, sizeof(what), "%s^{commit}", commit);
    return git_do(g, false, NULL, NULL, 0, GIT_ARGS("cat-file", "-e", what), NULL) == 0;
}

/* Objects are fetched under a lock: two runs on one repository take turns. The descriptor to close,
 * or -errno. */
static int lock_repository(const struct git *g, struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    if (asprintf(&path, "%s/docfs.lock", g->dir) < 0)
        return err_oom(err);
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, -errno, "cannot lock %s: %m", g->dir);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (source_stopped(g->env))
            return err_set(err, -ECANCELED, "stopped");
        usleep(50000);
    }
    return steal_fd(&fd);
}

/* What a fetch that was stopped left, and how many packs there are by now. */
static unsigned tidy_packs(const struct git *g)
{
    _cleanup_free_ char *path = NULL;
    DIR *d = asprintf(&path, "%s/objects/pack", g->dir) < 0 ? NULL : opendir(path);
    unsigned packs = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        packs += n > 5 && strcmp(e->d_name + n - 5, ".pack") == 0;
        if (strncmp(e->d_name, "tmp_", 4) == 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
    return packs;
}

/* Each fetch adds packs and takes none away: after many it is cheaper to begin anew. Under the
 * lock.
 */
static int make_repository(const struct git *g, struct docfs_err *err)
{
    static const char *const parts[] = {"objects", "refs", "shallow", "packed-refs"};
    if (tidy_packs(g) > PACKS_MAX)
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
            _cleanup_free_ char *path = NULL;
            if (asprintf(&path, "%s/%s", g->dir, parts[i]) >= 0)
                rmtree(path);
        }
    return git_do(g, false, NULL, NULL, 0, GIT_ARGS("init", "-q", "--bare"), err);
}

static int fetch_commit(struct git *g, struct docfs_err *err)
{
    _cleanup_buf_ struct buf refs = {0};
    _cleanup_buf_ struct buf spec = {0};
    int r = git_do(g, true, &refs, NULL, 0, GIT_ARGS("ls-remote", "-q", "origin"), err);
    if (r < 0)
        return r;
    buf_addc(&refs, '\0');
    if (buf_status(&refs) < 0)
        return err_oom(err);
    r = git_target_choose(refs.data, &g->where, &g->target, err);
    if (r < 0)
        return r;
    if (!have_commit(g, g->target.commit)) {
        buf_addf(&spec, "+%s:refs/docfs/last", g->target.refname);
        if (buf_status(&spec) < 0)
            return err_oom(err);
        r = git_do(g, true, NULL, NULL, 0,
                   GIT_ARGS("fetch", "-q", "--depth=1", "--filter=blob:none", "--no-tags",
                            "--force", "--no-write-fetch-head", "origin", spec.data),
                   err);
        if (r < 0)
            return r;
        /* The branch may have moved on since it was asked for. */
        struct buf now = {0};
        r = git_do(g, false, &now, NULL, 0, GIT_ARGS("rev-parse", "refs/docfs/last^{commit}"), err);
        if (r == 0 && now.len >= 40 && now.len <= 65)
            snprintf(g->target.commit, sizeof(g->target.commit), "%.*s",
                     (int)strcspn(now.data, "\n"), now.data);
        buf_fini(&now);
        if (r < 0)
            return r;
    }
    snprintf(g->commit, sizeof(g->commit), "%s", g->target.commit);
    return 0;
}

/* One answer of git cat-file --batch: the size, and the bytes into out when they are few enough. */
int git_cat(struct git *g, const char *oid, size_t max, struct buf *out, struct docfs_err *err)
{
    char line[80];
    _cleanup_buf_ struct buf head = {0};
    int n = snprintf(line, sizeof(line), "%s\n", oid);
    int r = child_write(g->cat, line, (size_t)n, err);
    if (r == 0)
        r = child_read_line(g->cat, 200, &head, err);
    if (r < 0)
        return r;
    const char *size = head.data ? strrchr(head.data, ' ') : NULL;
    long long len = size ? strtoll(size + 1, NULL, 10) : 0;
    if (!size || strstr(head.data, " missing") || len < 0)
        return err_set(err, -EIO, "git does not have the object %s", oid);
    _cleanup_buf_ struct buf lost = {0};
    bool fits = (size_t)len <= max;
    for (int64_t left = len; r == 0 && !fits && left > 0; left -= 65536) {
        buf_clear(&lost);
        r = child_read(g->cat, left < 65536 ? (size_t)left : 65536, &lost, err);
    }
    if (r == 0 && fits)
        r = child_read(g->cat, (size_t)len, out, err);
    if (r == 0)
        r = child_read(g->cat, 1, &lost, err);
    if (r == 0 && !fits)
        r = err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)", max);
    return r;
}

static int commit_time(struct git *g, struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0};
    int r = git_cat(g, g->commit, 1 << 20, &text, err);
    const char *line = r == 0 && text.data ? strstr(text.data, "\ncommitter ") : NULL;
    const char *end = line ? strchr(line + 1, '\n') : NULL;
    const char *gt = end ? memrchr(line, '>', (size_t)(end - line)) : NULL;
    g->time_ns = gt ? strtoll(gt + 1, NULL, 10) * 1000000000 : 0;
    return r;
}

/* What the commit holds. Done at opening, so that a mistyped directory is noticed before anything
 * is recorded. */
static int read_tree(struct git *g, struct docfs_err *err)
{
    int r = g->target.subdir
                ? git_do(g, false, &g->tree, NULL, 0,
                         GIT_ARGS("ls-tree", "-r", "-z", "--full-tree", g->commit, "--",
                                  g->target.subdir),
                         err)
                : git_do(g, false, &g->tree, NULL, 0,
                         GIT_ARGS("ls-tree", "-r", "-z", "--full-tree", g->commit), err);
    if (r < 0 || g->tree.len)
        return r;
    if (g->target.subdir)
        return err_set(err, -ENOENT, "%s has no directory %s", g->where.url, g->target.subdir);
    return err_set(err, -ENOENT, "%s holds no files", g->where.url);
}

static void git_close(void *handle)
{
    struct git *g = handle;
    child_stop(g->cat);
    for (size_t i = 0; i < g->n; i++)
        free(g->entry[i].path);
    free(g->entry);
    for (size_t i = 0; i < g->n_files; i++)
        free(g->file[i].path);
    free(g->file);
    free(g->missing);
    free(g->within);
    free(g->dir);
    free(g->pin);
    buf_fini(&g->tree);
    git_location_fini(&g->where);
    git_target_fini(&g->target);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static int git_open(const struct source_env *env, const char *location, void **ret,
                    struct docfs_err *err)
{
    struct git *g = calloc(1, sizeof(*g));
    if (!g)
        return err_oom(err);
    g->env = env;
    pthread_mutex_init(&g->lock, NULL);
    int r = git_location_parse(location, &g->where, err);
    if (r == 0)
        r = git_pin(env, g->where.url, &g->pin, err);
    if (r == 0)
        r = source_work_dir(env, "git", g->where.url, &g->dir, err);
    _cleanup_close_ int lock = r == 0 ? lock_repository(g, err) : r;
    r = lock < 0 ? lock : 0;
    if (r == 0)
        r = make_repository(g, err);
    if (r == 0)
        r = fetch_commit(g, err);
    if (r == 0)
        r = read_tree(g, err);
    if (r == 0)
        r = git_cat_start(g->env, g->dir, &g->cat, err);
    if (r == 0)
        r = commit_time(g, err);
    if (r == 0)
        r = git_find_within(g, err);
    if (r < 0) {
        git_close(g);
        return r;
    }
    *ret = g;
    return 0;
}

/* ---- listing ---- */

int git_by_path(const void *a, const void *b)
{
    return strcmp(((const struct git_entry *)a)->path, ((const struct git_entry *)b)->path);
}

struct listing {
    struct git *g;
    const struct source_filter *filter;
    const struct context7 *c7;
    struct source_files *files;
    struct docfs_err *err;
};

/* The path below the sub-directory, or NULL when it lies elsewhere. A single file is itself. */
static const char *below(const char *path, const char *subdir)
{
    size_t n = subdir ? strlen(subdir) : 0;
    if (n == 0)
        return path;
    if (strncmp(path, subdir, n) != 0)
        return NULL;
    if (path[n] == '/')
        return path + n + 1;
    const char *slash = strrchr(path, '/');
    return path[n] == '\0' ? (slash ? slash + 1 : path) : NULL;
}

/* "MODE TYPE OID<tab>PATH" of ls-tree. */
static int list_line(struct listing *l, const char *line)
{
    struct git *g = l->g;
    const char *type = strchr(line, ' '), *oid = type ? strchr(type + 1, ' ') : NULL;
    const char *tab = oid ? strchr(oid, '\t') : NULL;
    size_t n = tab ? (size_t)(tab - oid - 1) : 0;
    if (n < 40 || n > 64)
        return err_set(l->err, -EIO, "git listed something strange");
    const char *path = below(tab + 1, g->target.subdir);
    if (!path || !*path || !source_filter_accepts(l->filter, path))
        return 0;
    if (l->c7 && !context7_accepts(l->c7, tab + 1))
        return 0;
    int r = source_filter_room(l->filter, l->files->n, l->err);
    if (r < 0)
        return r;
    struct source_file *f = source_files_add(l->files, path);
    if (!f)
        return err_oom(l->err);
    f->mtime_ns = g->time_ns;
    f->refused = strncmp(line, "120000", 6) == 0   ? "symbolic link (not followed)"
                 : strncmp(line, "160000", 6) == 0 ? "git submodule (not fetched)"
                                                   : source_path_refused(path);
    f->version = strndup(oid + 1, n);
    f->url = git_file_url(g->where.url, g->commit, tab + 1);
    if (!f->version || !f->url)
        return err_oom(l->err);
    if (f->refused)
        return 0;
    if (!grow(&g->entry, g->n, sizeof(*g->entry)))
        return err_oom(l->err);
    struct git_entry *e = &g->entry[g->n];
    *e = (struct git_entry){.path = strdup(path)};
    memcpy(e->oid, oid + 1, n);
    if (!e->path)
        return err_oom(l->err);
    g->n++;
    return 0;
}

static int by_oid(const void *a, const void *b)
{
    const struct git_missing *x = a, *y = b;
    return strcmp(x->oid, y->oid);
}

static struct git_missing *missing(const struct git *g, const char *oid, size_t len)
{
    struct git_missing key = {0};
    if (len >= sizeof(key.oid))
        return NULL;
    memcpy(key.oid, oid, len);
    return bsearch(&key, g->missing, g->n_missing, sizeof(key), by_oid);
}

int git_find_missing(struct git *g, struct docfs_err *err)
{
    if (g->missing)
        return 0;
    _cleanup_buf_ struct buf out = {0};
    int r = git_do(
        g, false, &out, NULL, 0,
        GIT_ARGS("rev-list", "--objects", "--no-object-names", "--missing=print", g->commit), err);
    if (r < 0)
        return r;
    size_t n = 0;
    for (size_t i = 0; i < out.len; i++)
        n += out.data[i] == '?';
    g->missing = calloc(n + 1, sizeof(*g->missing));
    if (!g->missing)
        return err_oom(err);
    for (const char *p = buf_text(&out); *p; p += *p == '\n') { /* "?OID" */
        size_t len = strcspn(p, "\n");
        if (*p == '?' && len <= sizeof(g->missing->oid))
            memcpy(g->missing[g->n_missing++].oid, p + 1, len - 1);
        p += len;
    }
    qsort(g->missing, g->n_missing, sizeof(*g->missing), by_oid);
    return 0;
}

bool git_is_here(const struct git *g, const struct git_entry *e)
{
    const struct git_missing *m = missing(g, e->oid, strlen(e->oid));
    return !m || m->fetched;
}

/* Ids, one a line. Says nothing of what is here: from the commit the server would conclude that its
 * blobs are here too. */
static int fetch_objects(struct git *g, const struct buf *want, struct docfs_err *err)
{
    return git_do(g, true, NULL, want->data, want->len,
                  GIT_ARGS("-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", "--no-tags",
                           "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"),
                  err);
}

int git_fetch_missing(struct git *g, const struct buf *want, struct docfs_err *err)
{
    if (buf_status(want) < 0)
        return err_oom(err);
    if (want->len == 0)
        return 0;
    _cleanup_close_ int lock = lock_repository(g, err);
    int r = lock < 0 ? lock : fetch_objects(g, want, err);
    if (r < 0)
        return r;
    for (const char *p = want->data; *p; p = strchr(p, '\n') + 1) {
        struct git_missing *m = missing(g, p, strcspn(p, "\n"));
        if (m)
            m->fetched = true;
    }
    return 0;
}

static int fetch_blobs(struct git *g, struct docfs_err *err)
{
    _cleanup_buf_ struct buf want = {0};
    int r = git_find_missing(g, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < g->n; i++)
        if (!git_is_here(g, &g->entry[i]))
            buf_addf(&want, "%s\n", g->entry[i].oid);
    return git_fetch_missing(g, &want, err);
}

static int blob_sizes(struct git *g, struct source_files *files, struct docfs_err *err)
{
    _cleanup_buf_ struct buf want = {0};
    _cleanup_buf_ struct buf out = {0};
    for (size_t i = 0; i < g->n; i++)
        buf_addf(&want, "%s\n", g->entry[i].oid);
    if (buf_status(&want) < 0)
        return err_oom(err);
    if (g->n == 0)
        return 0;
    int r = git_do(g, false, &out, want.data, want.len,
                   GIT_ARGS("cat-file", "--batch-check=%(objectsize)", "--buffer"), err);
    const char *p = out.data;
    for (size_t i = 0; r == 0 && i < g->n && p && *p; i++) {
        g->entry[i].size = strtoll(p, NULL, 10);
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    if (r < 0)
        return r;
    qsort(g->entry, g->n, sizeof(*g->entry), git_by_path);
    for (size_t i = 0; i < files->n; i++) {
        struct git_entry key = {.path = files->item[i].path};
        struct git_entry *e = bsearch(&key, g->entry, g->n, sizeof(key), git_by_path);
        if (e && !files->item[i].refused)
            files->item[i].size = e->size;
    }
    return 0;
}

/* context7.json of the root, or NULL: it is read before anything else is chosen. */
static struct context7 *read_context7(struct git *g)
{
    struct buf line = {0}, text = {0};
    struct context7 *c = NULL;
    if (git_do(g, false, &line, NULL, 0, GIT_ARGS("ls-tree", g->commit, "context7.json"), NULL) ==
            0 &&
        line.len > 53 && strncmp(line.data, "100", 3) == 0) {
        char oid[65] = "", *at = strchr(line.data, ' ');
        at = at ? strchr(at + 1, ' ') : NULL;
        if (at && strcspn(at + 1, "\t") < sizeof(oid))
            memcpy(oid, at + 1, strcspn(at + 1, "\t"));
        buf_clear(&line);
        buf_addf(&line, "%s\n", oid);
        if (buf_status(&line) == 0 && fetch_objects(g, &line, NULL) == 0 &&
            git_cat(g, oid, 1 << 20, &text, NULL) == 0)
            c = context7_parse(buf_text(&text), text.len);
    }
    buf_fini(&line);
    buf_fini(&text);
    return c;
}

static int git_list(void *handle, const struct source_filter *filter, struct source_files *ret,
                    struct docfs_err *err)
{
    struct git *g = handle;
    int r = 0;
    struct context7 *c7 = read_context7(g);
    struct listing l = {.g = g, .filter = filter, .c7 = c7, .files = ret, .err = err};
    for (size_t i = 0; r == 0 && i < g->tree.len; i += strlen(g->tree.data + i) + 1)
        r = list_line(&l, g->tree.data + i);
    context7_free(c7);
    if (r == 0)
        r = fetch_blobs(g, err);
    return r < 0 ? r : blob_sizes(g, ret, err);
}

static int git_read(void *handle, const char *path, size_t max, struct buf *out,
                    int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct git *g = handle;
    struct git_entry key = {.path = (char *)path};
    struct git_entry *e = g->n ? bsearch(&key, g->entry, g->n, sizeof(key), git_by_path) : NULL;
    if (!e)
        return err_set(err, -ENOENT, "not in the repository");
    *ret_mtime_ns = g->time_ns;
    pthread_mutex_lock(&g->lock);
    int r = git_cat(g, e->oid, max, out, err);
    pthread_mutex_unlock(&g->lock);
    return r;
}

static const char *git_revision(void *handle)
{
    return ((struct git *)handle)->commit;
}

static char *git_kept(const char *location)
{
    struct git_location l = {0};
    char *url = git_location_parse(location, &l, NULL) == 0 ? steal_ptr(l.url) : NULL;
    git_location_fini(&l);
    return url;
}

const struct source_kind source_git = {
    .name = "git",
    .claims = git_claims,
    .resolve = git_resolve,
    .open = git_open,
    .list = git_list,
    .read = git_read,
    .within = git_within,
    .beside = git_beside,
    .want = git_want,
    .revision = git_revision,
    .close = git_close,
    .kept = git_kept,
};
