/* SPDX-License-Identifier: MIT */
#include "core/index/graph_file.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include "core/index/checksum.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

static int pread_all(int fd, void *data, size_t len, uint64_t offset)
{
    for (char *p = data; len;) {
        ssize_t n = pread(fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EBADMSG;
        p += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static uint64_t block_count(uint64_t payload)
{
    return (payload + GRAPH_BLOCK - 1) / GRAPH_BLOCK;
}

int graph_header_read(int fd, const struct base *b, struct graph_header *ret)
{
    struct stat st;
    struct graph_header h;
    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(h))
        return -EBADMSG;
    int r = pread_all(fd, &h, sizeof(h), 0);
    if (r)
        return r;
    if (memcmp(h.magic, GRAPH_MAGIC, sizeof(h.magic)))
        return -EBADMSG;
    if (h.version != GRAPH_VERSION || h.order != FILE_ORDER || h.block != GRAPH_BLOCK)
        return -ESTALE;
    if (h.header_sum != checksum_of(&h, offsetof(struct graph_header, header_sum)))
        return -EBADMSG;
    if (h.dim != b->header->dim || h.rows != b->n || h.table_sum != b->header->table_sum ||
        h.codes_sum != b->header->codes_sum)
        return -ESTALE;
    uint64_t size = (uint64_t)st.st_size;
    if (h.payload > size || size - h.payload != sizeof(h) + block_count(h.payload) * 8)
        return -EBADMSG;
    *ret = h;
    return 0;
}

struct reader {
    int fd;
    uint64_t payload, pos;
    uint64_t loaded; /* block in data; UINT64_MAX: none */
    uint64_t *sums;
    char data[GRAPH_BLOCK];
};

static int reader_load(struct reader *r, uint64_t block)
{
    uint64_t at = block * GRAPH_BLOCK;
    size_t len = r->payload - at < GRAPH_BLOCK ? (size_t)(r->payload - at) : GRAPH_BLOCK;
    r->loaded = UINT64_MAX;
    int e = pread_all(r->fd, r->data, len, sizeof(struct graph_header) + at);
    if (!e && checksum_of(r->data, len) != r->sums[block])
        e = -EBADMSG;
    if (!e)
        r->loaded = block;
    return e;
}

static ssize_t reader_read(void *cookie, char *buf, size_t size)
{
    struct reader *r = cookie;
    size_t done = 0;
    while (done < size && r->pos < r->payload) {
        uint64_t block = r->pos / GRAPH_BLOCK;
        int e = block == r->loaded ? 0 : reader_load(r, block);
        if (e) {
            errno = -e;
            return -1;
        }
        size_t in = (size_t)(r->pos % GRAPH_BLOCK), n = GRAPH_BLOCK - in;
        if (n > size - done)
            n = size - done;
        if (n > r->payload - r->pos)
            n = (size_t)(r->payload - r->pos);
        memcpy(buf + done, r->data + in, n);
        done += n;
        r->pos += n;
    }
    return (ssize_t)done;
}

static void reader_free(struct reader *r)
{
    free(r->sums);
    free(r);
}
DEFINE_CLEANUP(struct reader, reader_free)

static int reader_close(void *cookie)
{
    reader_free(cookie);
    return 0;
}

FILE *graph_reader(int fd, const struct graph_header *h)
{
    _cleanup_(reader_freep) struct reader *r = calloc(1, sizeof(*r));
    size_t len = (size_t)block_count(h->payload) * sizeof(uint64_t);
    if (!r || !(r->sums = malloc(len ? len : 1)))
        return NULL;
    r->fd = fd;
    r->payload = h->payload;
    r->loaded = UINT64_MAX;
    int e = pread_all(fd, r->sums, len, sizeof(*h) + h->payload);
    if (!e && checksum_of(r->sums, len) != h->blocks_sum)
        e = -EBADMSG;
    for (uint64_t i = 0; !e && i < block_count(h->payload); i++)
        e = reader_load(r, i);
    if (e) {
        errno = -e;
        return NULL;
    }
    FILE *f =
        fopencookie(r, "r", (cookie_io_functions_t){.read = reader_read, .close = reader_close});
    if (f)
        steal_ptr(r);
    return f;
}

struct graph_writer {
    struct newfile *file;
    struct checksum block;
    uint64_t payload;
    uint64_t *sums;
    size_t n;
};

static int end_block(struct graph_writer *w)
{
    if (!grow(&w->sums, w->n, sizeof(*w->sums)))
        return -ENOMEM;
    w->sums[w->n++] = checksum_end(&w->block);
    checksum_init(&w->block);
    return 0;
}

static ssize_t writer_write(void *cookie, const char *buf, size_t size)
{
    struct graph_writer *w = cookie;
    for (size_t done = 0; done < size;) {
        size_t n = GRAPH_BLOCK - (size_t)(w->payload % GRAPH_BLOCK);
        if (n > size - done)
            n = size - done;
        int e = newfile_write(w->file, buf + done, n, NULL);
        checksum_add(&w->block, buf + done, n);
        w->payload += n;
        done += n;
        if (!e && w->payload % GRAPH_BLOCK == 0)
            e = end_block(w);
        if (e) {
            errno = -e;
            return 0; /* what fopencookie(3) wants for an error */
        }
    }
    return (ssize_t)size;
}

int graph_writer_new(struct newfile *f, struct graph_writer **ret, FILE **ret_stream)
{
    struct graph_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->file = f;
    checksum_init(&w->block);
    struct graph_header space = {0};
    int r = newfile_write(f, &space, sizeof(space), NULL);
    FILE *stream = NULL;
    if (!r && !(stream = fopencookie(w, "w", (cookie_io_functions_t){.write = writer_write})))
        r = -ENOMEM;
    if (r) {
        graph_writer_free(w);
        return r;
    }
    setvbuf(stream, NULL, _IOFBF, 1 << 16);
    *ret = w;
    *ret_stream = stream;
    return 0;
}

int graph_writer_end(struct graph_writer *w, const struct base *b, struct docfs_err *err)
{
    if (w->payload % GRAPH_BLOCK && end_block(w))
        return err_oom(err);
    struct graph_header h = {
        .magic = GRAPH_MAGIC,
        .version = GRAPH_VERSION,
        .order = FILE_ORDER,
        .dim = b->header->dim,
        .block = GRAPH_BLOCK,
        .rows = b->n,
        .table_sum = b->header->table_sum,
        .codes_sum = b->header->codes_sum,
        .payload = w->payload,
        .blocks_sum = checksum_of(w->sums, w->n * sizeof(*w->sums)),
    };
    h.header_sum = checksum_of(&h, offsetof(struct graph_header, header_sum));
    int r = newfile_write(w->file, w->sums, w->n * sizeof(*w->sums), err);
    return r ? r : newfile_pwrite(w->file, &h, sizeof(h), 0, err);
}

void graph_writer_free(struct graph_writer *w)
{
    if (w)
        free(w->sums);
    free(w);
}
