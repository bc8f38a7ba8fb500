/* SPDX-License-Identifier: MIT
 * LD_PRELOAD: makes the system below a program misbehave as the environment says.
 *   FAULT_CLOCK=FILE     seconds in FILE are added to the wall clock, read anew each time
 *   FAULT_STATFS=TYPE    every file system is of this type
 *   FAULT_READ=TEXT      reads of files whose path holds TEXT fail with EIO while $FAULT_WHEN
 * exists
 *   FAULT_WRITE=TEXT     writes likewise with ENOSPC
 *   FAULT_WATCH=FILE     while it exists the system has no inotify watches left */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define EXPORT __attribute__((visibility("default")))

static long shift(void)
{
    const char *path = getenv("FAULT_CLOCK");
    FILE *f = path ? fopen(path, "re") : NULL;
    long s = 0;
    if (f) {
        if (fscanf(f, "%ld", &s) != 1)
            s = 0;
        fclose(f);
    }
    return s;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *t)
{
    static __typeof__(&clock_gettime) real;
    if (!real)
        real = REAL(clock_gettime);
    int r = real(id, t);
    if (r == 0 && id == CLOCK_REALTIME)
        t->tv_sec += shift();
    return r;
}

EXPORT time_t time(time_t *ret)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (ret)
        *ret = t.tv_sec;
    return t.tv_sec;
}

EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    const char *file = getenv("FAULT_WATCH");
    if (file && access(file, F_OK) == 0) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(inotify_add_watch)(fd, path, mask);
}

EXPORT int statfs(const char *path, struct statfs *st)
{
    const char *type = getenv("FAULT_STATFS");
    int r = REAL(statfs)(path, st);
    if (r == 0 && type)
        st->f_type = strtol(type, NULL, 0);
    return r;
}
EXPORT int statfs64(const char *path, struct statfs64 *st);
EXPORT int statfs64(const char *path, struct statfs64 *st)
{
    return statfs(path, (struct statfs *)st);
}

static int hit(const char *variable, int fd)
{
    const char *text = getenv(variable), *when = getenv("FAULT_WHEN");
    if (!text || (when && access(when, F_OK) < 0))
        return 0;
    char link[64], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n < 0)
        return 0;
    path[n] = '\0';
    return strstr(path, text) != NULL;
}

EXPORT ssize_t read(int fd, void *b, size_t n)
{
    static __typeof__(&read) real;
    if (!real)
        real = REAL(read);
    if (hit("FAULT_READ", fd)) {
        errno = EIO;
        return -1;
    }
    return real(fd, b, n);
}

EXPORT ssize_t pread64(int fd, void *b, size_t n, off64_t at);
EXPORT ssize_t pread64(int fd, void *b, size_t n, off64_t at)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pread64");
    if (hit("FAULT_READ", fd)) {
        errno = EIO;
        return -1;
    }
    return real(fd, b, n, at);
}

EXPORT ssize_t pwrite64(int fd, const void *b, size_t n, off64_t at);
EXPORT ssize_t pwrite64(int fd, const void *b, size_t n, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    if (hit("FAULT_WRITE", fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, b, n, at);
}
