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

#include "core/text/name.h"
#include "core/util/cleanup.h"

#define DEPTH_MAX 128

struct directory {
    int fd;       /* of the directory */
    char *single; /* name of the only file, or NULL for the whole tree */
};

/* Never documentation, whatever they hold: metadata of version control and package caches. */
static const char *const pruned[] = {".git", ".hg",          ".svn",        ".bzr",
                                     "CVS",  "node_modules", "__pycache__", ".docfs"};

static bool is_pruned(const char *name)
{
    for (size_t i = 0; i < sizeof(pruned) / sizeof(*pruned); i++)
        if (strcmp(name, pruned[i]) == 0)
            return true;
    return false;
}

static void directory_close(void *handle)
{
    struct directory *d = handle;
    close(d->fd);
    free(d->single);
    free(d);
}

static int directory_open(const char *location, void **ret, struct docfs_err *err)
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
    if (S_ISREG(st.st_mode)) {
        char *slash = strrchr(dir, '/');
        d->single = strdup(slash ? slash + 1 : dir);
        if (slash)
            slash[slash == dir] = '\0';
        else
            strcpy(dir, ".");
        if (!d->single) {
            free(d);
            return err_oom(err);
        }
    }
    d->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0) {
        int r = err_set(err, -errno, "cannot open the directory %s: %m", dir);
        free(d->single);
        free(d);
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

static bool matches_any(const char *const *globs, const char *path)
{
    for (; globs && *globs; globs++)
        if (name_glob(*globs, path))
            return true;
    return false;
}

static int walk_add(struct walk *w, const struct stat *st, const char *refused)
{
    struct source_files *f = w->files;
    if (f->n >= w->filter->max_files)
        return err_set(w->err, -EFBIG,
                       "more than %zu files: add a smaller directory or use "
                       "--include and --exclude",
                       w->filter->max_files);
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 256;
        struct source_file *p = reallocarray(f->item, cap, sizeof(*p));
        if (!p)
            return err_oom(w->err);
        f->item = p;
        f->cap = cap;
    }
    char *path = strdup(w->path.data);
    if (!path)
        return err_oom(w->err);
    f->item[f->n++] = (struct source_file){
        .path = path,
        .size = st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .refused = refused,
    };
    return 0;
}

/* One entry whose path is in w->path. A directory is descended into by the caller. */
static int walk_entry(struct walk *w, const struct stat *st)
{
    if (w->filter->include && !matches_any(w->filter->include, w->path.data))
        return 0;
    if (matches_any(w->filter->exclude, w->path.data))
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
        } else if (!is_pruned(e->d_name) && !matches_any(w->filter->exclude, w->path.data)) {
            int sub = depth >= DEPTH_MAX
                          ? -1
                          : openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (sub < 0) {
                r = walk_add(w, &st,
                             depth >= DEPTH_MAX ? "nested too deeply" : "directory cannot be read");
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

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
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
    if (r == 0 && ret->n)
        qsort(ret->item, ret->n, sizeof(*ret->item), by_path);
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

const struct source_kind source_directory = {
    .name = "directory",
    .open = directory_open,
    .list = directory_list,
    .read = directory_read,
    .close = directory_close,
};
