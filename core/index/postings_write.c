/* SPDX-License-Identifier: MIT
 * Postings are gathered by word in memory; when that is full, they go as a run, ordered by hash, to
 * a temporary file. At the end the runs are merged: what is held is bounded, whatever the size of
 * the cache, but for 32 bytes a word and as many a row. */
#include "core/index/postings_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "core/util/grow.h"
#include "core/util/hash.h"

#define SLAB (1u << 20)
#define CHUNK_MIN 8
#define CHUNK_MAX 512
#define POSTING_MAX 32 /* bytes of one */

struct chunk {
    struct chunk *next;
    uint16_t used, cap;
    unsigned char data[];
};

struct word {
    uint64_t hash;
    const char *text;
    uint32_t len, df;
    int64_t first, last;             /* rows */
    uint32_t count[POSTINGS_FIELDS]; /* in the present row; all 0: not in it yet */
    uint32_t size;                   /* bytes of its postings */
    struct chunk *head, *tail;
};

struct slab {
    struct slab *next;
    size_t used;
    char data[];
};

static void *take(struct postings_writer *w, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (!w->slab || w->slab->used + size > SLAB) {
        struct slab *s = malloc(sizeof(*s) + SLAB);
        if (!s)
            return NULL;
        *s = (struct slab){.next = w->slab};
        w->slab = s;
        w->taken += SLAB;
    }
    void *p = w->slab->data + w->slab->used;
    w->slab->used += size;
    return p;
}

static void forget_words(struct postings_writer *w)
{
    for (struct slab *s; (s = w->slab);) {
        w->slab = s->next;
        free(s);
    }
    free(w->slot);
    w->slot = NULL;
    w->slots = w->n = w->taken = 0;
    if (w->n_named)
        memset(w->named, 0, w->n_named * sizeof(*w->named));
}

int postings_writer_new(int dirfd, const char *stamp, uint64_t vocabulary, size_t memory,
                        postings_stem_fn *stem, struct postings_writer **ret, struct docfs_err *err)
{
    struct postings_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    if (strlen(stamp) >= sizeof(w->stamp)) {
        free(w);
        return err_set(err, -EINVAL, "the stamp of the postings is too long");
    }
    if (texts_init(&w->texts, memory) < 0) {
        texts_fini(&w->texts);
        free(w);
        return err_oom(err);
    }
    strcpy(w->stamp, stamp);
    w->dirfd = dirfd;
    w->vocabulary = vocabulary;
    w->memory = memory;
    w->stem = stem;
    *ret = w;
    return 0;
}

void postings_writer_free(struct postings_writer *w)
{
    if (!w)
        return;
    forget_words(w);
    for (size_t i = 0; i < w->runs; i++)
        fclose(w->run[i]);
    texts_fini(&w->texts);
    free(w->named);
    free(w->present);
    free(w->row);
    free(w);
}

/* ---- gathering ---- */

static bool widen(struct postings_writer *w)
{
    size_t slots = w->slots ? 2 * w->slots : 4096;
    struct word **slot = calloc(slots, sizeof(struct word *));
    if (!slot)
        return false;
    for (size_t i = 0; i < w->slots; i++) {
        struct word *x = w->slot[i];
        if (!x)
            continue;
        size_t at = x->hash & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = x;
    }
    free(w->slot);
    w->slot = slot;
    w->slots = slots;
    return true;
}

static struct word *word_of(struct postings_writer *w, const char *text, size_t len)
{
    if (2 * w->n >= w->slots && !widen(w))
        return NULL;
    uint64_t hash = hash64(text, len, 0);
    size_t at = hash & (w->slots - 1);
    for (; w->slot[at]; at = (at + 1) & (w->slots - 1)) {
        struct word *x = w->slot[at];
        if (x->hash == hash && x->len == len && memcmp(x->text, text, len) == 0)
            return x;
    }
    struct word *x = take(w, sizeof(*x));
    char *copy = x ? take(w, len + 1) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    *x = (struct word){.hash = hash, .text = copy, .len = (uint32_t)len, .last = -1};
    w->slot[at] = x;
    w->n++;
    return x;
}

static bool append(struct postings_writer *w, struct word *x, const unsigned char *data, size_t len)
{
    struct chunk *c = x->tail;
    if (!c || c->used + len > c->cap) {
        size_t cap = c ? 2 * (size_t)c->cap : CHUNK_MIN;
        cap = cap > CHUNK_MAX ? CHUNK_MAX : cap;
        cap = cap < len ? len : cap;
        struct chunk *more = take(w, sizeof(*more) + cap);
        if (!more)
            return false;
        *more = (struct chunk){.cap = (uint16_t)cap};
        if (c)
            c->next = more;
        else
            x->head = more;
        x->tail = c = more;
    }
    memcpy(c->data + c->used, data, len);
    c->used += (uint16_t)len;
    x->size += (uint32_t)len;
    return true;
}

static bool add_posting(struct postings_writer *w, struct word *x, int64_t row)
{
    unsigned char data[POSTING_MAX];
    const uint32_t *c = x->count;
    uint32_t step = (uint32_t)(row - x->last) << 1;
    bool once = !c[POSTINGS_TITLE] && !c[POSTINGS_HEADING] && c[POSTINGS_TEXT] == 1;
    size_t n = postings_put(data, step | !once);
    if (!once && c[0] < 4 && c[1] < 4 && c[2] < 16 && !(c[0] == 3 && c[1] == 3 && c[2] == 15)) {
        data[n++] = (unsigned char)(c[0] << 6 | c[1] << 4 | c[2]);
    } else if (!once) {
        data[n++] = 0xff;
        for (int i = 0; i < POSTINGS_FIELDS; i++)
            n += postings_put(data + n, c[i]);
    }
    if (!append(w, x, data, n))
        return false;
    if (!x->df++)
        x->first = row;
    x->last = row;
    memset(x->count, 0, sizeof(x->count));
    return true;
}

static int by_hash(const void *a, const void *b)
{
    const struct word *x = *(struct word *const *)a, *y = *(struct word *const *)b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    uint32_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->text, y->text, n);
    return c ? c : (x->len > y->len) - (x->len < y->len);
}

static FILE *temporary(int dirfd)
{
    char name[64];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), POSTINGS_FILE ".tmp.run.%ld.%d", (long)getpid(), i);
        int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return NULL;
        unlinkat(dirfd, name, 0);
        FILE *f = fdopen(fd, "w+");
        if (!f)
            close(fd);
        return f;
    }
    return NULL;
}

static int spill(struct postings_writer *w, struct docfs_err *err)
{
    if (!w->n)
        return 0;
    if (w->runs == RUNS_MAX)
        return err_set(err, -EFBIG, "too many words for index/" POSTINGS_FILE);
    size_t n = 0; /* the table is given up for the list */
    for (size_t i = 0; i < w->slots; i++)
        if (w->slot[i])
            w->slot[n++] = w->slot[i];
    qsort(w->slot, n, sizeof(*w->slot), by_hash);
    FILE *f = temporary(w->dirfd);
    if (!f)
        return postings_fail(err);
    w->run[w->runs++] = f;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        const struct word *x = w->slot[i];
        struct run_word head = {x->hash, x->first, x->last, x->len, x->df, x->size, 0};
        ok = fwrite(&head, sizeof(head), 1, f) == 1 && fwrite(x->text, 1, x->len, f) == x->len;
        for (const struct chunk *c = x->head; ok && c; c = c->next)
            ok = fwrite(c->data, 1, c->used, f) == c->used;
    }
    ok = ok && fflush(f) == 0;
    forget_words(w);
    return ok ? 0 : postings_fail(err);
}

/* The row is complete. */
static int end_row(struct postings_writer *w, struct docfs_err *err)
{
    for (size_t i = 0; i < w->n_present; i++)
        if (!add_posting(w, w->present[i], (int64_t)w->rows - 1))
            return err_oom(err);
    w->n_present = 0;
    if (!w->texts.f && !(w->texts.f = temporary(w->dirfd)))
        return postings_fail(err);
    if (w->rows && texts_end_row(&w->texts, &w->row[w->rows - 1]) < 0)
        return postings_fail(err);
    return w->taken > w->memory ? spill(w, err) : 0;
}

int postings_writer_row(struct postings_writer *w, int64_t passage, int64_t document,
                        struct docfs_err *err)
{
    if (w->rows == POSTINGS_ROWS_MAX)
        return err_set(err, -EOVERFLOW, "too many passages for index/" POSTINGS_FILE);
    if (passage <= 0 || (w->rows && passage <= w->row[w->rows - 1].passage))
        return err_set(err, -EINVAL, "passages out of order");
    int r = end_row(w, err);
    if (r < 0)
        return r;
    if (!grow(&w->row, w->rows, sizeof(*w->row)))
        return err_oom(err);
    w->row[w->rows++] = (struct postings_row){.passage = passage, .document = document};
    return 0;
}

static bool widen_present(struct postings_writer *w)
{
    size_t cap = w->present_cap ? 2 * w->present_cap : 256;
    struct word **p = reallocarray(w->present, cap, sizeof(struct word *));
    if (!p)
        return false;
    w->present = p;
    w->present_cap = cap;
    return true;
}

static struct word *stem_of(struct postings_writer *w, const char *text, size_t len)
{
    char stem[POSTINGS_WORD_MAX];
    memcpy(stem, text, len);
    return word_of(w, stem, w->stem(stem, len));
}

/* Most words were met before in this run: their name tells the stem. */
static struct word *stem_of_name(struct postings_writer *w, uint32_t name, const char *text,
                                 size_t len)
{
    if (name == w->n_named) {
        if (!grow(&w->named, w->n_named, sizeof(*w->named)))
            return NULL;
        w->named[w->n_named++] = NULL;
    }
    struct word *x = w->named[name];
    if (!x && (x = w->named[name] = stem_of(w, text, len)))
        w->texts.stem[name] = (uint32_t)x->hash;
    return x;
}

int postings_writer_word(struct postings_writer *w, const char *text, size_t len,
                         enum postings_field field, bool part, uint32_t *ret_name,
                         struct docfs_err *err)
{
    uint32_t name;
    if (!len || len > POSTINGS_WORD_MAX || !w->rows ||
        (field < POSTINGS_TEXT && w->texts.count[POSTINGS_TEXT]) ||
        (field < POSTINGS_HEADING && w->texts.count[POSTINGS_HEADING]))
        return err_set(err, -EINVAL, "no word for index/" POSTINGS_FILE);
    if (texts_word(&w->texts, text, len, field, part, &name) < 0)
        return err_oom(err);
    if (ret_name)
        *ret_name = name;
    struct word *x =
        name == POSTINGS_NO_NAME ? stem_of(w, text, len) : stem_of_name(w, name, text, len);
    if (!x)
        return err_oom(err);
    if (!(x->count[0] | x->count[1] | x->count[2])) {
        if (w->n_present == w->present_cap && !widen_present(w))
            return err_oom(err);
        w->present[w->n_present++] = x;
    }
    x->count[field]++;
    if (!part) {
        w->row[w->rows - 1].words++;
        w->words++;
    }
    return 0;
}

static bool ascends(const uint32_t *feature, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (feature[i] <= feature[i - 1])
            return false;
    return !n || feature[n - 1] < UINT32_MAX;
}

int postings_writer_features(struct postings_writer *w, const uint32_t *feature, size_t title,
                             size_t n, struct docfs_err *err)
{
    size_t most = n < POSTINGS_FEATURES ? n : POSTINGS_FEATURES;
    if (!w->rows || !w->vocabulary || title > n || !ascends(feature, title) ||
        !ascends(feature + title, n - title))
        return err_set(err, -EINVAL, "no features for index/" POSTINGS_FILE);
    texts_features(&w->texts, feature, title < most ? title : most, most);
    return 0;
}

int postings_writer_publish(struct postings_writer *w, struct docfs_err *err)
{
    int r = end_row(w, err);
    if (r == 0)
        r = spill(w, err);
    return r < 0 ? r : postings_merge(w, err);
}
