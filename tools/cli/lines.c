/* SPDX-License-Identifier: MIT */
#include "tools/cli/lines.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/util/buf.h"

#define LINE_MAX_BYTES (64u << 20)
#define CHUNK (256u << 10)

struct lines {
    char *path;
    int fd;
    struct archive *a;
    struct buf pending; /* read and not yet returned, from at */
    size_t at, number;
    int64_t size;
    bool end;
};

void lines_close(struct lines *l)
{
    if (!l)
        return;
    if (l->a)
        archive_read_free(l->a);
    closep(&l->fd);
    buf_fini(&l->pending);
    free(l->path);
    free(l);
}

static int archive_fail(struct lines *l, struct docfs_err *err)
{
    const char *why = archive_error_string(l->a);
    return err_set(err, -EINVAL, "%s: cannot be read: %s", l->path, why ? why : "damaged");
}

static int open_archive(struct lines *l, struct docfs_err *err)
{
    l->a = archive_read_new();
    if (!l->a)
        return err_oom(err);
    archive_read_support_filter_gzip(l->a);
    archive_read_support_filter_xz(l->a);
    archive_read_support_filter_zstd(l->a);
    archive_read_support_filter_bzip2(l->a);
    archive_read_support_format_raw(l->a);
    archive_read_support_format_empty(l->a);
    struct archive_entry *e;
    if (archive_read_open_fd(l->a, l->fd, CHUNK) != ARCHIVE_OK)
        return archive_fail(l, err);
    int r = archive_read_next_header(l->a, &e);
    l->end = r == ARCHIVE_EOF;
    return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0 : archive_fail(l, err);
}

int lines_open(const char *path, struct lines **ret, struct docfs_err *err)
{
    _cleanup_(lines_closep) struct lines *l = calloc(1, sizeof(*l));
    if (!l || !(l->path = strdup(path))) {
        if (l)
            l->fd = -1;
        return err_oom(err);
    }
    l->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (l->fd < 0 || fstat(l->fd, &st) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return err_set(err, -EINVAL, "%s is a directory; name a file", path);
    l->size = st.st_size;
    int r = open_archive(l, err);
    if (r < 0)
        return r;
    *ret = steal_ptr(l);
    return 0;
}

/* Reads one more chunk behind pending, whose returned part is dropped first. */
static int fill(struct lines *l, struct docfs_err *err)
{
    if (l->at) {
        memmove(l->pending.data, l->pending.data + l->at, l->pending.len - l->at);
        buf_truncate(&l->pending, l->pending.len - l->at);
        l->at = 0;
    }
    if (l->pending.len > LINE_MAX_BYTES)
        return err_set(err, -EFBIG, "%s: line %zu is longer than %u MiB", l->path, l->number + 1,
                       LINE_MAX_BYTES >> 20);
    if (!buf_reserve(&l->pending, CHUNK + 1))
        return err_oom(err);
    la_ssize_t n = archive_read_data(l->a, l->pending.data + l->pending.len, CHUNK);
    if (n < 0)
        return archive_fail(l, err);
    l->end = n == 0;
    l->pending.len += (size_t)n;
    l->pending.data[l->pending.len] = '\0';
    return 0;
}

int lines_next(struct lines *l, char **ret, size_t *ret_len, struct docfs_err *err)
{
    size_t searched = 0;
    for (;;) {
        char *from = l->pending.data ? l->pending.data + l->at : NULL;
        size_t have = l->pending.len - l->at;
        char *nl = from ? memchr(from + searched, '\n', have - searched) : NULL;
        if (nl || (l->end && have)) {
            size_t len = nl ? (size_t)(nl - from) : have;
            l->at += len + (nl != NULL);
            l->number++;
            if (len && from[len - 1] == '\r')
                len--;
            from[len] = '\0';
            *ret = from;
            *ret_len = len;
            return 1;
        }
        if (l->end)
            return 0;
        searched = have;
        int r = fill(l, err);
        if (r < 0)
            return r;
    }
}

size_t lines_number(const struct lines *l)
{
    return l->number;
}

void lines_position(struct lines *l, int64_t *ret_done, int64_t *ret_total)
{
    *ret_done = archive_filter_bytes(l->a, -1);
    *ret_total = l->size;
}
