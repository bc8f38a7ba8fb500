/* SPDX-License-Identifier: MIT */
#include "core/jobs/inotify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/source/source.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define DEPTH_MAX 128 /* as deep as a source is read */
#define TREE_EVENTS                                                                     \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | \
     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct watched {
    int wd; /* -1 = free */
    int64_t key;
    char *only; /* name of the one file that matters, or NULL */
    char *path; /* of the directory, for new ones in it; owned */
};

struct watcher {
    int fd;
    struct watched *item;
    size_t n;
    char *except; /* of the last watcher_add */
};

int watcher_new(struct watcher **ret, struct docfs_err *err)
{
    struct watcher *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0) {
        int r = err_set(err, -errno, "cannot watch directories (inotify): %m");
        free(w);
        return r;
    }
    *ret = w;
    return 0;
}

static void forget(struct watched *x)
{
    free(x->only);
    free(x->path);
    *x = (struct watched){.wd = -1};
}

void watcher_free(struct watcher *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++)
        forget(&w->item[i]);
    free(w->item);
    free(w->except);
    close(w->fd);
    free(w);
}

int watcher_fd(const struct watcher *w)
{
    return w->fd;
}

/* One directory. Two sources may hold it: the kernel then gives the same number twice. */
static int add_one(struct watcher *w, int64_t key, const char *path, const char *only)
{
    int wd = inotify_add_watch(w->fd, path, TREE_EVENTS);
    if (wd < 0)
        return -errno;
    struct watched *free_one = NULL;
    for (size_t i = 0; i < w->n; i++) {
        if (w->item[i].wd == wd && w->item[i].key == key)
            return 0;
        if (w->item[i].wd < 0)
            free_one = &w->item[i];
    }
    if (!free_one) {
        if (!grow(&w->item, w->n, sizeof(*w->item)))
            return -ENOMEM;
        free_one = &w->item[w->n++];
    }
    *free_one = (struct watched){
        .wd = wd, .key = key, .only = only ? strdup(only) : NULL, .path = strdup(path)};
    return free_one->path && (!only || free_one->only) ? 0 : -ENOMEM;
}

/* The directory and those below it. A directory that vanishes or cannot be read is left out. */
static int add_tree(struct watcher *w, int64_t key, struct buf *path, unsigned depth)
{
    if (w->except && strcmp(path->data, w->except) == 0)
        return 0;
    int rc = add_one(w, key, path->data, NULL);
    if (rc < 0)
        return depth && rc != -ENOSPC && rc != -ENOMEM ? 0 : rc;
    DIR *dir = depth < DEPTH_MAX ? opendir(path->data) : NULL;
    if (!dir)
        return 0;
    size_t base = path->len;
    struct dirent *e;
    while (rc == 0 && (e = readdir(dir))) {
        struct stat st;
        if (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN)
            continue;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            source_pruned(e->d_name) ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
            continue;
        buf_addf(path, "/%s", e->d_name);
        rc = buf_status(path) < 0 ? -ENOMEM : add_tree(w, key, path, depth + 1);
        buf_truncate(path, base);
    }
    closedir(dir);
    return rc;
}

static bool used(const struct watcher *w, int wd)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->item[i].wd == wd)
            return true;
    return false;
}

void watcher_drop(struct watcher *w, int64_t key)
{
    for (size_t i = 0; i < w->n; i++) {
        int wd = w->item[i].wd;
        if (wd < 0 || w->item[i].key != key)
            continue;
        forget(&w->item[i]);
        if (!used(w, wd))
            inotify_rm_watch(w->fd, wd);
    }
}

static int add_file(struct watcher *w, int64_t key, const char *path)
{
    _cleanup_free_ char *dir = strdup(path);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    if (!dir)
        return -ENOMEM;
    if (!slash)
        return add_one(w, key, ".", path);
    slash[slash == dir] = '\0';
    return add_one(w, key, dir, strrchr(path, '/') + 1);
}

int watcher_add(struct watcher *w, int64_t key, const char *path, const char *except,
                struct docfs_err *err)
{
    _cleanup_buf_ struct buf at = {0};
    struct stat st;
    watcher_drop(w, key);
    free(w->except);
    w->except = except ? strdup(except) : NULL;
    buf_adds(&at, path);
    if (buf_status(&at) < 0 || (except && !w->except))
        return err_oom(err);
    int rc = stat(path, &st) < 0   ? -errno
             : S_ISDIR(st.st_mode) ? add_tree(w, key, &at, 0)
                                   : add_file(w, key, path);
    if (rc == 0)
        return 0;
    watcher_drop(w, key);
    if (rc == -ENOSPC)
        return err_set(
            err, rc,
            "%s: the system has no watches left (sysctl fs.inotify.max_user_watches); it "
            "is read again every setting watch.poll instead",
            path);
    return err_set(err, rc, "cannot watch %s: %s", path, strerror(-rc));
}

/* ---- events ---- */

struct taking {
    struct watcher *w;
    void (*fn)(void *arg, int64_t key, enum watcher_event e);
    void *arg;
};

static void one_event(struct taking *t, size_t i, const struct inotify_event *e)
{
    struct watched *x = &t->w->item[i];
    int64_t key = x->key;
    if (x->only && (!e->len || strcmp(e->name, x->only) != 0))
        return;
    /* Directories that move keep their watches under the old name: easier to start over. */
    bool moved = e->mask & IN_ISDIR && e->mask & (IN_MOVED_FROM | IN_MOVED_TO);
    bool self = e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT);
    if (e->mask & IN_ISDIR && e->mask & IN_CREATE && !x->only && !source_pruned(e->name)) {
        _cleanup_buf_ struct buf path = {0};
        buf_addf(&path, "%s/%s", x->path, e->name);
        if (buf_status(&path) < 0 || add_tree(t->w, key, &path, 1) < 0)
            moved = true;
    }
    t->fn(t->arg, key, moved || self ? WATCHER_RENEW : WATCHER_CHANGED);
}

static void take_event(struct taking *t, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW) {
        t->fn(t->arg, 0, WATCHER_LOST);
        return;
    }
    /* Adding watches may grow the list: only what was there belongs to the event. */
    size_t n = t->w->n;
    for (size_t i = 0; i < n; i++) {
        if (t->w->item[i].wd != e->wd)
            continue;
        if (e->mask & IN_IGNORED)
            forget(&t->w->item[i]);
        else
            one_event(t, i, e);
    }
}

void watcher_take(struct watcher *w, void (*fn)(void *arg, int64_t key, enum watcher_event e),
                  void *arg)
{
    struct taking t = {w, fn, arg};
    char data[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    while ((n = read(w->fd, data, sizeof(data))) > 0)
        for (char *p = data; p < data + n;) {
            const struct inotify_event *e = (const struct inotify_event *)p;
            take_event(&t, e);
            p += sizeof(*e) + e->len;
        }
}
