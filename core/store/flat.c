/* SPDX-License-Identifier: MIT
 * Large bodies, laid out flat. SQLite keeps a body as a chain of pages, and a piece of it costs the
 * chain up to there: of a page of 13 MB, as manuals in one piece are, a millisecond. A body of
 * which a second piece is wanted is copied into a file without a name, where every piece costs one
 * read; its memory is the kernel's. A version never changes, nor does its number come back. */
#include "core/store/internal.h"

#include <fcntl.h>
#include <unistd.h>

#define BYTES_MAX (64 << 20) /* of all files */
#define COPY_STEP (256 << 10)

void flat_init(struct flat *f)
{
    *f = (struct flat){0};
    pthread_mutex_init(&f->lock, NULL);
}

static void drop(struct flat *f, size_t i)
{
    close(f->file[i].fd);
    f->bytes -= f->file[i].len;
    f->file[i] = f->file[--f->n];
}

void flat_fini(struct flat *f)
{
    while (f->n)
        drop(f, f->n - 1);
    pthread_mutex_destroy(&f->lock);
}

static size_t find(const struct flat *f, int64_t content)
{
    size_t i = 0;
    while (i < f->n && f->file[i].content != content)
        i++;
    return i;
}

static bool read_at(int fd, char *to, size_t size, int64_t offset)
{
    while (size) {
        ssize_t n = pread(fd, to, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        offset += n;
        size -= (size_t)n;
    }
    return true;
}

bool flat_read(struct flat *f, int64_t content, void *data, size_t size, int64_t offset,
               bool *ret_again)
{
    pthread_mutex_lock(&f->lock);
    size_t i = find(f, content);
    bool there = i < f->n && read_at(f->file[i].fd, data, size, offset);
    if (there)
        f->file[i].used = ++f->tick;
    else if (i < f->n)
        drop(f, i);
    int64_t *seen = &f->seen[content % FLAT_SEEN];
    *ret_again = *seen == content;
    *seen = content;
    pthread_mutex_unlock(&f->lock);
    return there;
}

static bool write_all(int fd, const char *from, size_t size)
{
    while (size) {
        ssize_t n = write(fd, from, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        size -= (size_t)n;
    }
    return true;
}

static void keep(struct flat *f, int64_t content, int64_t len, int fd)
{
    pthread_mutex_lock(&f->lock);
    bool mine = find(f, content) == f->n;
    while (mine && f->n && (f->n == FLAT_FILES || f->bytes + len > BYTES_MAX)) {
        size_t oldest = 0;
        for (size_t i = 1; i < f->n; i++)
            oldest = f->file[i].used < f->file[oldest].used ? i : oldest;
        drop(f, oldest);
    }
    if (mine) {
        f->file[f->n++] = (struct flat_file){content, len, fd, ++f->tick};
        f->bytes += len;
    }
    pthread_mutex_unlock(&f->lock);
    if (!mine) /* another thread was faster */
        close(fd);
}

void flat_make(struct store_read *r, int64_t content, int64_t len)
{
    if (len > BYTES_MAX)
        return;
    int fd = open(r->s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    _cleanup_free_ char *part = malloc(COPY_STEP);
    bool done = fd >= 0 && part;
    for (int64_t at = 0; done && at < len; at += COPY_STEP) {
        size_t n = len - at < COPY_STEP ? (size_t)(len - at) : COPY_STEP;
        done =
            content_piece(r->c, content, part, n, at, NULL) == (int64_t)n && write_all(fd, part, n);
    }
    if (done)
        keep(&r->s->flat, content, len, fd);
    else if (fd >= 0)
        close(fd);
}
