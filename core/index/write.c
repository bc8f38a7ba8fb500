/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include "core/index/checksum.h"
#include "core/index/internal.h"
#include "core/index/newfile.h"

/* An exact search of this many bytes of codes, by their signs first, takes about 5 ms (800k rows of
 * 256 dimensions; tools/bench/bench_index: see README.md). Below that the graph is not worth its
 * 1.3 KB of memory a row. */
#define GRAPH_MIN_BYTES ((size_t)800000 * 256)
#define WRITE_BUFFER ((size_t)1 << 20)

/* The rows at the moment of the call. Writing takes seconds and must not hold the lock, behind
 * which an append and then every search would wait. Rows and codes do not move or change; what
 * does change is copied: the pointers of the tail and the dead bits. */
struct snapshot {
    struct span *span; /* dead bits: copies */
    size_t n;          /* spans */
    size_t live;       /* rows */
    uint64_t *bits;
};

static void snapshot_fini(struct snapshot *s)
{
    free(s->span);
    free(s->bits);
}

static int snapshot_take(struct vindex *x, struct snapshot *s)
{
    size_t chunks = (x->tail_n + CHUNK_ROWS - 1) / CHUNK_ROWS;
    size_t base_words = (x->base.n + 63) / 64, words = CHUNK_ROWS / 64;
    s->span = calloc(chunks + 1, sizeof(*s->span));
    s->bits = calloc(base_words + chunks * words + 1, sizeof(*s->bits));
    if (!s->span || !s->bits)
        return -ENOMEM;
    s->n = chunks + 1;
    s->live = x->base.n + x->tail_n - x->dead_base - x->dead_tail;
    s->span[0] = vindex_base_span(x);
    if (x->dead)
        memcpy(s->bits, x->dead, base_words * sizeof(*s->bits));
    s->span[0].dead = s->bits;
    for (size_t c = 0; c < chunks; c++) {
        uint64_t *bits = s->bits + base_words + c * words;
        s->span[c + 1] = vindex_chunk_span(x, c);
        memcpy(bits, s->span[c + 1].dead, words * sizeof(*bits));
        s->span[c + 1].dead = bits;
    }
    return 0;
}

/* Writes through a buffer and sums up what passes. */
struct out {
    struct newfile *file;
    struct checksum sum;
    char *data; /* WRITE_BUFFER */
    size_t len;
    struct docfs_err *err;
};

static int flush(struct out *o)
{
    int r = newfile_write(o->file, o->data, o->len, o->err);
    o->len = 0;
    return r;
}

static int put(struct out *o, const void *data, size_t len)
{
    checksum_add(&o->sum, data, len);
    if (o->len + len > WRITE_BUFFER) {
        int r = flush(o);
        if (r)
            return r;
    }
    memcpy(o->data + o->len, data, len); /* len is far below WRITE_BUFFER */
    o->len += len;
    return 0;
}

enum part { ROWS, NORMS, CODES };

static int put_part(struct out *o, const struct snapshot *s, size_t code_size, enum part part)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct span *p = &s->span[i];
        for (size_t j = 0; j < p->n; j++) {
            if (bit_get(p->dead, j))
                continue;
            int r = part == ROWS    ? put(o, &p->rows[j], sizeof(p->rows[j]))
                    : part == NORMS ? put(o, &p->norms[j], sizeof(p->norms[j]))
                                    : put(o, p->codes + j * code_size, code_size);
            if (r)
                return r;
        }
    }
    return 0;
}

static int put_signs(struct out *o, const struct snapshot *s, size_t code_size)
{
    size_t size = signs_size(SIGNS_ROWS, code_size), n = 0;
    _cleanup_free_ uint8_t *block = calloc(1, size);
    if (!block)
        return err_oom(o->err);
    for (size_t i = 0; i < s->n; i++) {
        const struct span *p = &s->span[i];
        for (size_t j = 0; j < p->n; j++) {
            if (bit_get(p->dead, j))
                continue;
            signs_put(block, n++, p->codes + j * code_size, code_size);
            if (n < SIGNS_ROWS)
                continue;
            int r = put(o, block, size);
            if (r)
                return r;
            memset(block, 0, size);
            n = 0;
        }
    }
    return n ? put(o, block, size) : 0;
}

static int write_base(const struct snapshot *s, const struct vindex *x, const char *fingerprint,
                      struct newfile *f, struct docfs_err *err)
{
    struct base_layout at;
    if (!base_layout(s->live, (uint32_t)x->code_size, &at))
        return err_set(err, -EOVERFLOW, "too many passages for one index");
    struct base_header h = {
        .magic = BASE_MAGIC,
        .version = BASE_VERSION,
        .order = FILE_ORDER,
        .dim = x->dim,
        .code_size = (uint32_t)x->code_size,
        .rows = s->live,
        .file_size = at.end,
    };
    memcpy(h.fingerprint, fingerprint, strlen(fingerprint));
    _cleanup_free_ char *buffer = malloc(WRITE_BUFFER);
    if (!buffer)
        return err_oom(err);
    struct out o = {.file = f, .data = buffer, .err = err};
    static const char zero[BASE_ALIGN];
    int r = put(&o, &h, sizeof(h));
    checksum_init(&o.sum);
    if (!r)
        r = put_part(&o, s, x->code_size, ROWS);
    if (!r)
        r = put_part(&o, s, x->code_size, NORMS);
    h.table_sum = checksum_end(&o.sum);
    if (!r)
        r = put(&o, zero, at.codes - at.norms - s->live * sizeof(float));
    checksum_init(&o.sum);
    if (!r)
        r = put_part(&o, s, x->code_size, CODES);
    if (!r)
        r = put_signs(&o, s, x->code_size);
    h.codes_sum = checksum_end(&o.sum);
    if (!r)
        r = flush(&o);
    h.header_sum = checksum_of(&h, offsetof(struct base_header, header_sum));
    return r ? r : newfile_pwrite(f, &h, sizeof(h), 0, err);
}

int vindex_write(struct vindex *x, int dirfd, const char *fingerprint, size_t graph_min,
                 struct docfs_err *err)
{
    if (strlen(fingerprint) >= BASE_FINGERPRINT)
        return err_set(err, -EINVAL, "the fingerprint of the embedding model is too long");
    _cleanup_(snapshot_fini) struct snapshot s = {0};
    pthread_rwlock_rdlock(&x->lock);
    int r = snapshot_take(x, &s);
    pthread_rwlock_unlock(&x->lock);
    if (r)
        return err_oom(err);
    _cleanup_newfile_ struct newfile f;
    r = newfile_open(&f, dirfd, BASE_FILE, err);
    if (!r)
        r = write_base(&s, x, fingerprint, &f, err);
    if (r)
        return r;
    if (!graph_min)
        graph_min = GRAPH_MIN_BYTES / x->code_size;
    if (s.live < graph_min || !graph_supported()) {
        r = newfile_publish(&f, err);
        if (!r)
            unlinkat(dirfd, GRAPH_FILE_NAME, 0); /* of the base that was replaced */
        return r;
    }
    /* The graph is built from the file itself, after it is in use: the build takes far longer. */
    struct base b;
    r = base_map(f.fd, x->dim, fingerprint, &b, err);
    if (!r)
        r = newfile_publish(&f, err);
    if (!r)
        r = graph_build(&b, dirfd, err);
    base_unmap(&b);
    return r;
}
