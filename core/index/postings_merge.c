/* SPDX-License-Identifier: MIT
 * The runs, each ordered by hash, become the file. */
#include "core/index/postings_write.h"

#include <stddef.h>
#include <stdlib.h>
#include "core/index/checksum.h"
#include "core/index/newfile.h"
#include "core/util/grow.h"

#define WRITE_BUFFER ((size_t)1 << 20)

struct source {
    FILE *f;
    bool done;
    struct run_word head;
    unsigned char *data; /* text, then postings */
    size_t cap;
};

static int pull(struct source *s, struct docfs_err *err)
{
    if (fread(&s->head, sizeof(s->head), 1, s->f) != 1) {
        s->done = true;
        return ferror(s->f) ? postings_fail(err) : 0;
    }
    size_t size = (size_t)s->head.len + s->head.size;
    if (size > s->cap) {
        unsigned char *grown = realloc(s->data, size);
        if (!grown)
            return err_oom(err);
        s->data = grown;
        s->cap = size;
    }
    bool sound = s->head.len <= POSTINGS_WORD_MAX && fread(s->data, 1, size, s->f) == size;
    return sound ? 0 : postings_fail(err);
}

struct merge {
    struct source source[RUNS_MAX];
    size_t n;
    struct newfile *file;
    unsigned char *out; /* WRITE_BUFFER */
    size_t used;
    uint64_t at; /* where the next byte goes in the file */
    struct postings_entry *entry;
    size_t entries;
    unsigned char *blob;
    size_t blob_cap, blob_len;
    struct docfs_err *err;
};

static int flush(struct merge *m)
{
    int r = newfile_write(m->file, m->out, m->used, m->err);
    m->used = 0;
    return r;
}

static int put(struct merge *m, const void *data, size_t len)
{
    m->at += len;
    if (m->used + len > WRITE_BUFFER) {
        int r = flush(m);
        if (r < 0 || len > WRITE_BUFFER)
            return r < 0 ? r : newfile_write(m->file, data, len, m->err);
    }
    memcpy(m->out + m->used, data, len);
    m->used += len;
    return 0;
}

static unsigned char *room(struct merge *m, size_t len)
{
    if (m->blob_len + len > m->blob_cap) {
        size_t cap = 2 * (m->blob_len + len);
        unsigned char *grown = realloc(m->blob, cap);
        if (!grown)
            return NULL;
        m->blob = grown;
        m->blob_cap = cap;
    }
    return m->blob + m->blob_len;
}

static int compare(const struct source *a, const struct source *b)
{
    if (a->head.hash != b->head.hash)
        return a->head.hash < b->head.hash ? -1 : 1;
    uint32_t n = a->head.len < b->head.len ? a->head.len : b->head.len;
    int c = memcmp(a->data, b->data, n);
    return c ? c : (a->head.len > b->head.len) - (a->head.len < b->head.len);
}

/* Appends the postings of s, whose first row was counted from -1, to those up to row `last`. */
static int join(struct merge *m, const struct source *s, int64_t last)
{
    const unsigned char *from = s->data + s->head.len, *end = from + s->head.size;
    uint32_t step = 0;
    from = postings_get(from, end, &step);
    unsigned char *to = room(m, s->head.size + 8);
    if (!to)
        return err_oom(m->err);
    size_t n = postings_put(to, (uint32_t)(s->head.first - last) << 1 | (step & 1));
    memcpy(to + n, from, (size_t)(end - from));
    m->blob_len += n + (size_t)(end - from);
    return 0;
}

/* The least word of all runs, which hold its rows in their order, becomes an entry. */
static int merge_word(struct merge *m, const struct source *least)
{
    struct postings_entry e = {.hash = least->head.hash, .at = m->at};
    uint32_t len = least->head.len;
    m->blob_len = 0;
    unsigned char *to = room(m, len + 8);
    unsigned char text[POSTINGS_WORD_MAX];
    if (!to)
        return err_oom(m->err);
    memcpy(text, least->data, len);
    size_t n = postings_put(to, len);
    memcpy(to + n, text, len);
    m->blob_len = n + len;
    int64_t last = -1;
    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->source[i];
        if (s->done || s->head.hash != e.hash || s->head.len != len || memcmp(s->data, text, len))
            continue;
        int r = join(m, s, last);
        e.df += s->head.df;
        last = s->head.last;
        if (r < 0 || (r = pull(s, m->err)) < 0)
            return r;
    }
    if (m->blob_len > UINT32_MAX || !grow(&m->entry, m->entries, sizeof(*m->entry)))
        return err_oom(m->err);
    e.size = (uint32_t)m->blob_len;
    e.sum = (uint32_t)checksum_of(m->blob, m->blob_len);
    m->entry[m->entries++] = e;
    return put(m, m->blob, m->blob_len);
}

static int merge_words(struct merge *m)
{
    for (;;) {
        const struct source *least = NULL;
        for (size_t i = 0; i < m->n; i++)
            if (!m->source[i].done && (!least || compare(&m->source[i], least) < 0))
                least = &m->source[i];
        if (!least)
            return 0;
        int r = merge_word(m, least);
        if (r < 0)
            return r;
    }
}

/* ---- the file ---- */

static int put_texts(struct merge *m, struct texts *x, struct postings_header *h,
                     struct checksum *tables)
{
    _cleanup_free_ unsigned char *block = malloc(WRITE_BUFFER);
    if (!block)
        return err_oom(m->err);
    h->texts_at = m->at;
    rewind(x->f);
    for (uint64_t left = x->size; left;) {
        size_t n = left < WRITE_BUFFER ? (size_t)left : WRITE_BUFFER;
        if (fread(block, 1, n, x->f) != n)
            return postings_fail(m->err);
        int r = put(m, block, n);
        if (r < 0)
            return r;
        left -= n;
    }
    int r = put(m, (const char[8]){0}, (8 - m->at % 8) % 8);
    h->names_at = m->at;
    h->names = x->names;
    size_t stems = x->names * sizeof(*x->stem), starts = stems + sizeof(*x->start);
    size_t len = x->start[x->names];
    checksum_add(tables, x->start, starts);
    checksum_add(tables, x->stem, stems);
    checksum_add(tables, x->text, len);
    if (r == 0)
        r = put(m, x->start, starts);
    if (r == 0 && stems)
        r = put(m, x->stem, stems);
    return r < 0 || !len ? r : put(m, x->text, len);
}

static int put_dictionary(struct merge *m, struct postings_header *h, struct checksum *tables)
{
    h->entries = m->entries;
    while (h->bits < POSTINGS_BITS_MAX && m->entries >> h->bits > 32)
        h->bits++;
    int r = put(m, (const char[8]){0}, (8 - m->at % 8) % 8);
    h->dict_at = m->at;
    if (r == 0)
        for (size_t i = 0; r == 0 && i < m->entries; i++)
            r = put(m, &m->entry[i], sizeof(m->entry[i]));
    size_t n = (size_t)1 << h->bits, at = 0;
    for (size_t i = 0; r == 0 && i <= n; i++) {
        size_t end = at;
        while (i < n && end < m->entries &&
               (h->bits ? m->entry[end].hash >> (64 - h->bits) : 0) == i)
            end++;
        struct postings_bucket b = {
            (uint32_t)at,
            end > at ? (uint32_t)checksum_of(m->entry + at, (end - at) * sizeof(*m->entry)) : 0};
        if (end - at > POSTINGS_BUCKET_MAX)
            return err_set(m->err, -EFBIG, "too many words for index/" POSTINGS_FILE);
        checksum_add(tables, &b, sizeof(b));
        r = put(m, &b, sizeof(b));
        at = end;
    }
    return r;
}

static int write_file(struct postings_writer *w, struct merge *m)
{
    struct postings_header h = {.magic = POSTINGS_MAGIC,
                                .version = POSTINGS_VERSION,
                                .order = FILE_ORDER,
                                .rows = w->rows,
                                .words = w->words,
                                .vocabulary = w->vocabulary};
    memcpy(h.stamp, w->stamp, sizeof(h.stamp));
    struct checksum tables, names;
    checksum_init(&tables);
    checksum_init(&names);
    int r = put(m, &h, sizeof(h));
    checksum_add(&tables, w->row, w->rows * sizeof(*w->row));
    if (r == 0)
        r = put(m, w->row, w->rows * sizeof(*w->row));
    if (r == 0)
        r = merge_words(m);
    if (r == 0)
        r = put_texts(m, &w->texts, &h, &names);
    if (r == 0)
        r = put_dictionary(m, &h, &tables);
    if (r == 0)
        r = flush(m);
    if (r < 0)
        return r;
    h.file_size = m->at;
    h.table_sum = checksum_end(&tables) ^ checksum_end(&names);
    h.header_sum = checksum_of(&h, offsetof(struct postings_header, header_sum));
    r = newfile_pwrite(m->file, &h, sizeof(h), 0, m->err);
    return r < 0 ? r : newfile_publish(m->file, m->err);
}

int postings_merge(struct postings_writer *w, struct docfs_err *err)
{
    _cleanup_newfile_ struct newfile file = {.fd = -1};
    _cleanup_free_ struct merge *m = calloc(1, sizeof(*m));
    _cleanup_free_ unsigned char *out = malloc(WRITE_BUFFER);
    if (!m || !out)
        return err_oom(err);
    m->file = &file;
    m->out = out;
    m->err = err;
    int r = newfile_open(&file, w->dirfd, POSTINGS_FILE, err);
    for (size_t i = 0; r == 0 && i < w->runs; i++) {
        rewind(w->run[i]);
        m->source[m->n].f = w->run[i];
        r = pull(&m->source[m->n++], err);
    }
    if (r == 0)
        r = write_file(w, m);
    for (size_t i = 0; i < m->n; i++)
        free(m->source[i].data);
    free(m->entry);
    free(m->blob);
    return r;
}
