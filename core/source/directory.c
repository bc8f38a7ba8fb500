/* SPDX-License-Identifier: MIT
 * A directory tree, or one file of one. Symbolic links are listed but never followed: what they
 * point to inside the tree is read in its own place, and what lies outside was not offered. */
#include "core/source/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/util/cleanup.h"

struct directory {
    int fd;       /* of the directory */
    char *single; /* name of the only file, or NULL for the whole tree */
    int root;     /* of the directory that this is a part of, for what pages include */
    char *within; /* and the path in it */
};

/* Never documentation, whatever they hold: metadata of version control and package caches. */
static const char *const pruned[] = {".git", ".hg",          ".svn",        ".bzr",
                                     "CVS",  "node_modules", "__pycache__", ".docfs"};

bool source_pruned(const char *name)
{
    for (size_t i = 0; i < sizeof(pruned) / sizeof(*pruned); i++)
        if (strcmp(name, pruned[i]) == 0)
            return true;
    return false;
}

static void directory_close(void *handle)
{
    struct directory *d = handle;
    if (d->fd >= 0)
        close(d->fd);
    if (d->root >= 0)
        close(d->root);
    free(d->single);
    free(d->within);
    free(d);
}

static bool directory_claims(const struct source_request *req)
{
    struct stat st;
    return stat(req->arg, &st) == 0 || strchr("./~", *req->arg);
}

static int directory_resolve(const struct source_env *env, const struct source_request *req,
                             struct source_place *ret, struct docfs_err *err)
{
    if (req->ref)
        return err_set(err, -EINVAL, "%s: --ref is for git repositories, and this is none",
                       req->arg);
    struct buf path = {0};
    buf_adds(&path, req->arg);
    if (req->subdir)
        buf_addf(&path, "/%s", req->subdir);
    if (buf_status(&path) < 0)
        return err_oom(err);
    ret->location = realpath(path.data, NULL);
    int r = ret->location     ? 0
            : errno == ENOENT ? err_set(err, -ENOENT,
                                        "cannot read %s: there is no such file or directory; check "
                                        "the spelling, and where you are (pwd)",
                                        path.data)
                              : err_set(err, -errno, "cannot read %s: %m", path.data);
    buf_fini(&path);
    if (r == 0 && req->subdir)
        ret->root = realpath(req->arg, NULL);
    size_t n = env->cache_dir ? strlen(env->cache_dir) : 0;
    /* Files that were sent to docfs serve are kept in its uploads. */
    if (r == 0 && n && strncmp(ret->location, env->cache_dir, n) == 0 &&
        (ret->location[n] == '/' || ret->location[n] == '\0') &&
        strncmp(ret->location + n, "/uploads/", 9) != 0)
        r = err_set(err, -EINVAL,
                    "%s lies in the cache directory itself: name the directory that holds the "
                    "documentation",
                    req->arg);
    return r;
}

/* The path of dir below root, or NULL: it lies elsewhere by now. */
static const char *below(const char *dir, const char *root)
{
    size_t n = root ? strlen(root) : 0;
    return n > 1 && strncmp(dir, root, n) == 0 && dir[n] == '/' ? dir + n + 1 : NULL;
}

static int open_dir(const char *dir, struct docfs_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? err_set(err, -errno, "cannot open the directory %s: %m", dir) : fd;
}

static int directory_open(const struct source_env *env, const char *location, void **ret,
                          struct docfs_err *err)
{
    struct stat st;
    if (stat(location, &st) < 0)
        return err_set(err, -errno, "cannot read %s: %m", location);
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(err, -ENOTDIR, "%s is neither a directory nor a regular file", location);

    _cleanup_free_ char *dir = strdup(location);
    struct directory *d = calloc(1, sizeof(*d));
    if (!dir || !d) {
        free(d);
        return err_oom(err);
    }
    d->fd = d->root = -1;
    const char *within = below(location, env->root);
    int r = 0;
    if (S_ISREG(st.st_mode)) {
        char *slash = strrchr(dir, '/');
        d->single = strdup(slash ? slash + 1 : dir);
        if (slash)
            slash[slash == dir] = '\0';
        else
            strcpy(dir, ".");
        r = d->single ? 0 : err_oom(err);
    } else if (!(d->within = strdup(within ? within : ""))) {
        r = err_oom(err);
    }
    if (r == 0)
        r = d->fd = open_dir(dir, err);
    if (r >= 0 && d->within)
        r = d->root = open_dir(within ? env->root : dir, err);
    if (r < 0) {
        directory_close(d);
        return r;
    }
    *ret = d;
    return 0;
}

/* ---- listing ---- */

struct walk {
    const struct source_filter *filter;
    struct source_files *files;
    struct buf path; /* of the directory being read, with trailing '/' unless empty */
    struct docfs_err *err;
};

static int walk_add(struct walk *w, const struct stat *st, const char *refused)
{
    int r = source_filter_room(w->filter, w->files->n, w->err);
    if (r < 0)
        return r;
    struct source_file *f = source_files_add(w->files, w->path.data);
    if (!f)
        return err_oom(w->err);
    f->size = st->st_size;
    f->mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    f->refused = refused;
    return 0;
}

static bool excluded(const struct walk *w)
{
    struct source_filter f = {.exclude = w->filter->exclude};
    return !source_filter_accepts(&f, w->path.data);
}

/* One entry whose path is in w->path. A directory is descended into by the caller. */
static int walk_entry(struct walk *w, const struct stat *st)
{
    if (!source_filter_accepts(w->filter, w->path.data) && !source_is_marker(w->path.data))
        return 0;
    if (S_ISLNK(st->st_mode))
        return walk_add(w, st, "symbolic link (not followed)");
    if (!S_ISREG(st->st_mode))
        return walk_add(w, st, "not a regular file");
    return walk_add(w, st, NULL);
}

/* Takes ownership of fd. Unreadable directories are noted as refused, not fatal. */
static int walk_dir(struct walk *w, int fd, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return err_oom(w->err);
    }
    size_t base = w->path.len;
    int r = 0;
    struct dirent *e;
    while (r == 0 && (e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        struct stat st;
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue; /* vanished meanwhile */
        buf_truncate(&w->path, base);
        buf_adds(&w->path, e->d_name);
        if (buf_status(&w->path) < 0) {
            r = err_oom(w->err);
        } else if (!S_ISDIR(st.st_mode)) {
            r = walk_entry(w, &st);
        } else if (!source_pruned(e->d_name) && !excluded(w)) {
            int sub = depth >= SOURCE_DEPTH_MAX
                          ? -1
                          : openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (sub < 0) {
                r = walk_add(w, &st,
                             depth >= SOURCE_DEPTH_MAX ? "nested too deeply"
                                                       : "directory cannot be read");
            } else {
                buf_addc(&w->path, '/');
                r = walk_dir(w, sub, depth + 1);
            }
        }
    }
    closedir(dir);
    buf_truncate(&w->path, base);
    return r;
}

static int directory_list(void *handle, const struct source_filter *filter,
                          struct source_files *ret, struct docfs_err *err)
{
    struct directory *d = handle;
    struct walk w = {.filter = filter, .files = ret, .err = err};
    int r;
    buf_add(&w.path, "", 0);
    if (d->single) {
        struct stat st;
        if (fstatat(d->fd, d->single, &st, 0) < 0)
            r = err_set(err, -errno, "cannot read %s: %m", d->single);
        else {
            buf_adds(&w.path, d->single);
            r = buf_status(&w.path) < 0 ? err_oom(err) : walk_add(&w, &st, NULL);
        }
    } else {
        int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? err_set(err, -errno, "cannot read the directory: %m") : walk_dir(&w, fd, 0);
    }
    buf_fini(&w.path);
    return r;
}

/* ---- reading ---- */

static int directory_read(void *handle, const char *path, size_t max, struct buf *out,
                          int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct directory *d = handle;
    /* The kernel itself refuses to leave the tree, whatever was swapped in since the listing. A
     * file given by name was chosen by the user, so there a link may be followed. */
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = d->single ? 0 : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    _cleanup_close_ int fd = (int)syscall(SYS_openat2, d->fd, path, &how, sizeof(how));
    if (fd < 0)
        return err_set(err, -errno, "cannot open: %m");
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_set(err, -errno, "cannot read: %m");
    if (!S_ISREG(st.st_mode))
        return err_set(err, -ENOTSUP, "not a regular file");
    if ((uint64_t)st.st_size > max)
        return err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)", max);
    *ret_mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (st.st_size > 0)
        buf_reserve(out, (size_t)st.st_size + 65536);
    int r = buf_read_fd(out, fd, max);
    if (r == -EFBIG)
        return err_set(err, r, "larger than %zu bytes (setting ingest.max_file)", max);
    return r < 0 ? err_set(err, r, "cannot read: %s", strerror(-r)) : 0;
}

static const char *directory_within(void *handle)
{
    return ((struct directory *)handle)->within; /* a file given by name offers nothing else */
}

static int directory_beside(void *handle, const char *path, size_t max, struct buf *out)
{
    struct directory *d = handle;
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    _cleanup_close_ int fd = (int)syscall(SYS_openat2, d->root, path, &how, sizeof(how));
    struct stat st;
    if (fd < 0)
        return errno == ENOTDIR ? -ENOENT : -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? buf_read_fd(out, fd, max) : -ENOENT;
}

const struct source_kind source_directory = {
    .name = "directory",
    .local = true,
    .claims = directory_claims,
    .resolve = directory_resolve,
    .open = directory_open,
    .list = directory_list,
    .read = directory_read,
    .within = directory_within,
    .beside = directory_beside,
    .close = directory_close,
};
