/* SPDX-License-Identifier: MIT */
#include "core/health/page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define PAGES_MAX 4096 /* files looked at */

void page_boot_id(char ret[40])
{
    ret[0] = '\0';
    _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, ret, 36);
    ret[n > 0 ? n : 0] = '\0';
}

int64_t page_wall_ms(void)
{
    return clock_wall_ns() / 1000000;
}

int64_t page_mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void page_give(int fd, int dirfd)
{
    struct stat st;
    if (geteuid() == 0 && fstat(dirfd, &st) == 0 && st.st_uid != 0 &&
        fchown(fd, st.st_uid, st.st_gid) < 0)
        return; /* then only root sees it */
}

int page_make(int run_dirfd, const char *name, struct page **ret, int *ret_fd)
{
    _cleanup_close_ int fd =
        openat(run_dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int r = flock(fd, LOCK_EX) < 0 ? -errno : -posix_fallocate(fd, 0, sizeof(struct page));
    void *p = r < 0 ? MAP_FAILED
                    : mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        r = r < 0 ? r : -errno;
        unlinkat(run_dirfd, name, 0);
        return r;
    }
    page_give(fd, run_dirfd);
    *ret = p;
    *ret_fd = steal_fd(&fd);
    return 0;
}

bool page_read(int fd, struct page *ret)
{
    ssize_t n = pread(fd, ret, sizeof(*ret), 0);
    if (n != (ssize_t)sizeof(*ret) || memcmp(ret->magic, PAGE_MAGIC, sizeof(PAGE_MAGIC)) != 0)
        return false;
#define END(s) (s)[sizeof(s) - 1] = '\0'
    END(ret->boot);
    END(ret->kind);
    END(ret->version);
    END(ret->place);
    for (size_t i = 0; i < PAGE_PARTS; i++) {
        END(ret->part[i].part);
        END(ret->part[i].reason);
    }
    for (size_t i = 0; i < PAGE_ERRORS; i++)
        END(ret->error[i].text);
#undef END
    return true;
}

static void look_at(int dirfd, const char *name, page_fn *fn, void *arg)
{
    struct page p;
    struct stat st;
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (page_read(fd, &p))
            fn(arg, &p, true);
        return;
    }
    if (fstat(fd, &st) < 0 || st.st_nlink == 0 || !S_ISREG(st.st_mode))
        return; /* another process has just dealt with it */
    bool is_page = page_read(fd, &p);
    /* A young file without content is a service that is just starting. */
    bool young = clock_wall_ns() / 1000000000 - st.st_mtime < 10;
    if (is_page ? fn(arg, &p, false) : !young)
        unlinkat(dirfd, name, 0);
}

void page_each(int run_dirfd, page_fn *fn, void *arg)
{
    int fd = openat(run_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct dirent *e;
    for (size_t n = 0; n < PAGES_MAX && (e = readdir(dir)); n++)
        if (e->d_name[0] != '.')
            look_at(run_dirfd, e->d_name, fn, arg);
    closedir(dir);
}

void page_count(struct page *p, int64_t micros, bool failed)
{
    atomic_fetch_add_explicit(&p->queries, 1, memory_order_relaxed);
    if (failed)
        atomic_fetch_add_explicit(&p->failed, 1, memory_order_relaxed);
    int b = micros <= 1 ? 0 : (int)ceil(4 * log2((double)micros));
    atomic_fetch_add_explicit(&p->bucket[b < PAGE_BUCKETS ? b : PAGE_BUCKETS - 1], 1,
                              memory_order_relaxed);
}

double page_quantile(const struct page *p, double q)
{
    uint64_t all = 0, seen = 0;
    for (size_t b = 0; b < PAGE_BUCKETS; b++)
        all += p->bucket[b];
    if (!all)
        return 0;
    for (size_t b = 0; b < PAGE_BUCKETS; b++) {
        seen += p->bucket[b];
        if ((double)seen >= q * (double)all)
            return exp2((double)b / 4) / 1000;
    }
    return exp2(PAGE_BUCKETS / 4.0) / 1000;
}
