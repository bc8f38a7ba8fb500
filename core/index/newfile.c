/* SPDX-License-Identifier: MIT */
#include "core/index/newfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/util/cleanup.h"

static int fail(const struct newfile *f, struct docfs_err *err, int e)
{
    return err_set(err, -e, "cannot write index/%s: %s", f->name, strerror(e));
}

static void closedirp(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* A lock goes away with its process, even by SIGKILL. */
static void remove_leftovers(const struct newfile *f)
{
    char prefix[sizeof(f->name) + 8];
    int len = snprintf(prefix, sizeof(prefix), "%s.tmp.", f->name);
    int fd = openat(f->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    _cleanup_(closedirp) DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, prefix, (size_t)len))
            continue;
        _cleanup_close_ int old =
            openat(f->dirfd, e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (old >= 0 && !flock(old, LOCK_EX | LOCK_NB))
            unlinkat(f->dirfd, e->d_name, 0);
    }
}

int newfile_open(struct newfile *f, int dirfd, const char *name, struct docfs_err *err)
{
    *f = (struct newfile){.dirfd = dirfd, .fd = -1};
    snprintf(f->name, sizeof(f->name), "%s", name);
    remove_leftovers(f);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(f->tmp, sizeof(f->tmp), "%s.tmp.%ld.%u", f->name, (long)getpid(), i);
        int fd = openat(dirfd, f->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return fail(f, err, errno);
        /* Somebody looking for leftovers may have caught it between the two calls. */
        struct stat st;
        if (flock(fd, LOCK_EX) || fstat(fd, &st) || !st.st_nlink) {
            close(fd);
            continue;
        }
        f->fd = fd;
        return 0;
    }
    return fail(f, err, EEXIST);
}

int newfile_write(struct newfile *f, const void *data, size_t len, struct docfs_err *err)
{
    for (const char *p = data; len;) {
        ssize_t n = write(f->fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(f, err, n ? errno : ENOSPC);
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int newfile_pwrite(struct newfile *f, const void *data, size_t len, long offset,
                   struct docfs_err *err)
{
    for (const char *p = data; len;) {
        ssize_t n = pwrite(f->fd, p, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(f, err, n ? errno : ENOSPC);
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return 0;
}

int newfile_publish(struct newfile *f, struct docfs_err *err)
{
    if (fsync(f->fd) || renameat(f->dirfd, f->tmp, f->dirfd, f->name))
        return fail(f, err, errno);
    close(f->fd);
    f->fd = -1;
    /* Without it a crash may bring the old file back, which is sound too: not worth failing for
     * on file systems that cannot sync a directory. */
    _cleanup_close_ int dir = openat(f->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0 && fsync(dir) && errno == EIO)
        return fail(f, err, EIO);
    return 0;
}

void newfile_fini(struct newfile *f)
{
    if (f->fd < 0)
        return;
    unlinkat(f->dirfd, f->tmp, 0);
    close(f->fd);
    f->fd = -1;
}
