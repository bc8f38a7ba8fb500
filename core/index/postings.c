/* SPDX-License-Identifier: MIT */
#include "core/index/postings_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "core/index/checksum.h"
#include "core/util/hash.h"

#define REBUILT "it is made again from the database"

/* ---- opening ---- */

static void identify(const struct stat *st, struct postings_id *ret)
{
    *ret = (struct postings_id){.device = st->st_dev,
                                .inode = st->st_ino,
                                .size = st->st_size,
                                .mtime_ns =
                                    (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec};
}

int postings_look(int dirfd, struct postings_id *ret)
{
    struct stat st;
    if (fstatat(dirfd, POSTINGS_FILE, &st, 0))
        return -errno;
    identify(&st, ret);
    return 0;
}

/* All of it, or -EBADMSG when the file is too short by now. */
static int read_at(const struct postings *p, void *data, size_t len, uint64_t at)
{
    for (char *to = data; len;) {
        ssize_t n = pread(p->fd, to, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EBADMSG;
        to += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static size_t buckets(const struct postings_header *h)
{
    return ((size_t)1 << h->bits) + 1;
}

static int check_header(const struct postings_header *h, uint64_t size, const char *stamp,
                        struct docfs_err *err)
{
    char want[POSTINGS_STAMP] = {0};
    if (memcmp(h->magic, POSTINGS_MAGIC, sizeof(h->magic)))
        return err_set(err, -EBADMSG, "index/" POSTINGS_FILE " is no docfs index; " REBUILT);
    if (h->version != POSTINGS_VERSION || h->order != FILE_ORDER)
        return err_set(err, -ESTALE, "index/" POSTINGS_FILE " has another format; " REBUILT);
    if (h->header_sum != checksum_of(h, offsetof(struct postings_header, header_sum)))
        return err_set(err, -EBADMSG, "the header of index/" POSTINGS_FILE " is damaged; " REBUILT);
    if (strlen(stamp) < sizeof(want))
        memcpy(want, stamp, strlen(stamp));
    if (memcmp(h->stamp, want, sizeof(want)))
        return err_set(err, -ESTALE, "index/" POSTINGS_FILE " is of another cache; " REBUILT);
    uint64_t rows_end = sizeof(*h) + h->rows * sizeof(struct postings_row);
    if (h->texts_at < rows_end || h->names_at < h->texts_at || h->names > POSTINGS_NAMES_MAX ||
        h->names_at % 8 || h->names_at > size ||
        h->names_at + postings_name_tables(h->names) > h->dict_at || h->rows > POSTINGS_ROWS_MAX ||
        h->entries > UINT32_MAX || h->bits > POSTINGS_BITS_MAX || h->file_size != size ||
        h->dict_at % 8 || h->dict_at < rows_end || h->dict_at > size ||
        size - h->dict_at != h->entries * sizeof(struct postings_entry) +
                                 buckets(h) * sizeof(struct postings_bucket))
        return err_set(err, -EBADMSG, "index/" POSTINGS_FILE " has the wrong size; " REBUILT);
    return 0;
}

/* With the few bytes after them. */
static size_t names_size(const struct postings_header *h)
{
    return h->dict_at - h->names_at;
}

static bool sound_tables(const struct postings *p)
{
    bool sound = p->bucket[0].first == 0 && p->bucket[buckets(&p->h) - 1].first == p->h.entries;
    for (size_t i = 1; i < buckets(&p->h); i++)
        sound &= p->bucket[i].first >= p->bucket[i - 1].first &&
                 p->bucket[i].first - p->bucket[i - 1].first <= POSTINGS_BUCKET_MAX;
    size_t names = p->h.names;
    sound &= p->name[0] == 0 && names_size(&p->h) - postings_name_tables(names) >= p->name[names];
    for (size_t i = 0; i < names; i++)
        sound &= p->name[i] < p->name[i + 1];
    int64_t last = 0;
    uint64_t words = 0;
    for (size_t i = 0; i < p->h.rows; i++) {
        sound &= p->row[i].passage > last;
        last = p->row[i].passage;
        words += p->words[i] = p->row[i].words;
        sound &= p->row[i].at <= p->h.names_at - p->h.texts_at &&
                 p->row[i].size <= p->h.names_at - p->h.texts_at - p->row[i].at;
    }
    return sound && words == p->h.words;
}

static int load(struct postings *p, const char *stamp, struct docfs_err *err)
{
    struct stat st;
    if (fstat(p->fd, &st))
        return err_set(err, -errno, "index/" POSTINGS_FILE ": %s", strerror(errno));
    int r = S_ISREG(st.st_mode) && st.st_size >= (off_t)sizeof(p->h)
                ? read_at(p, &p->h, sizeof(p->h), 0)
                : -EBADMSG;
    if (r < 0)
        return err_set(err, r, "index/" POSTINGS_FILE " is cut short; " REBUILT);
    r = check_header(&p->h, (uint64_t)st.st_size, stamp, err);
    if (r < 0)
        return r;
    size_t rows = p->h.rows * sizeof(*p->row), table = buckets(&p->h) * sizeof(*p->bucket);
    p->row = malloc(rows ? rows : 1);
    p->words = malloc((p->h.rows + 1) * sizeof(*p->words));
    p->bucket = malloc(table);
    p->name = malloc(names_size(&p->h));
    if (!p->row || !p->words || !p->bucket || !p->name)
        return err_oom(err);
    r = read_at(p, p->row, rows, sizeof(p->h));
    if (r == 0)
        r = read_at(p, p->bucket, table, p->h.file_size - table);
    if (r == 0)
        r = read_at(p, p->name, names_size(&p->h), p->h.names_at);
    if (r < 0)
        return err_set(err, r, "index/" POSTINGS_FILE ": %s", strerror(-r));
    struct checksum sum, names;
    checksum_init(&sum);
    checksum_init(&names);
    size_t name_tables = postings_name_tables(p->h.names);
    size_t texts = names_size(&p->h) - name_tables, len = p->name[p->h.names];
    checksum_add(&names, p->name, name_tables + (len < texts ? len : texts));
    p->stem = p->name + p->h.names + 1;
    checksum_add(&sum, p->row, rows);
    checksum_add(&sum, p->bucket, table);
    if ((checksum_end(&sum) ^ checksum_end(&names)) != p->h.table_sum || !sound_tables(p))
        return err_set(err, -EBADMSG,
                       "the tables of index/" POSTINGS_FILE " are damaged; " REBUILT);
    return 0;
}

int postings_open(int dirfd, const char *stamp, struct postings **ret, struct docfs_err *err)
{
    int fd = openat(dirfd, POSTINGS_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "index/" POSTINGS_FILE ": %s", strerror(errno));
    struct postings *p = calloc(1, sizeof(*p));
    if (!p) {
        close(fd);
        return err_oom(err);
    }
    p->fd = fd;
    spares_init(&p->scratch);
    int r = load(p, stamp, err);
    if (r < 0) {
        postings_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void postings_free(struct postings *p)
{
    if (!p)
        return;
    spares_fini(&p->scratch, postings_scratch_free);
    free(p->row);
    free(p->words);
    free(p->bucket);
    free(p->name);
    close(p->fd);
    free(p);
}

const struct postings_row *postings_rows(const struct postings *p, size_t *ret_n)
{
    *ret_n = p->h.rows;
    return p->row;
}

int64_t postings_last(const struct postings *p)
{
    return p->h.rows ? p->row[p->h.rows - 1].passage : 0;
}

uint64_t postings_words(const struct postings *p)
{
    return p->h.words;
}

uint64_t postings_vocabulary(const struct postings *p)
{
    return p->h.vocabulary;
}

uint32_t postings_names(const struct postings *p)
{
    return (uint32_t)p->h.names;
}

const char *postings_name(const struct postings *p, uint32_t name, size_t *ret_len)
{
    *ret_len = p->name[name + 1] - p->name[name];
    return (const char *)p->name + postings_name_tables(p->h.names) + p->name[name];
}

int postings_read_text(const struct postings *p, const struct postings_row *row, void *data)
{
    return read_at(p, data, row->size, p->h.texts_at + row->at);
}

/* ---- one word ---- */

int postings_entry(const struct postings *p, const char *word, size_t len,
                   struct postings_entry *ret)
{
    struct postings_entry entry[POSTINGS_BUCKET_MAX];
    uint64_t hash = hash64(word, len, 0);
    size_t i = p->h.bits ? hash >> (64 - p->h.bits) : 0;
    const struct postings_bucket *b = &p->bucket[i];
    size_t n = b[1].first - b[0].first, table = p->h.entries * sizeof(*entry);
    if (!n)
        return 0;
    int r = read_at(p, entry, n * sizeof(*entry), p->h.dict_at + b->first * sizeof(*entry));
    if (r < 0)
        return r;
    if ((uint32_t)checksum_of(entry, n * sizeof(*entry)) != b->sum)
        return -EBADMSG;
    for (size_t k = 0; k < n; k++) {
        if (entry[k].hash != hash)
            continue;
        *ret = entry[k];
        return ret->size && ret->at >= sizeof(p->h) && ret->at <= p->h.dict_at &&
                       ret->size <= p->h.dict_at - ret->at && table && ret->df <= p->h.rows
                   ? 1
                   : -EBADMSG;
    }
    return 0;
}

int64_t postings_df(struct postings *p, const char *word, size_t len)
{
    struct postings_entry e;
    int r = postings_entry(p, word, len, &e);
    return r <= 0 ? r : (int64_t)e.df;
}

int postings_load(const struct postings *p, const struct postings_entry *e, struct scratch *s)
{
    if (e->size > s->cap) {
        unsigned char *grown = realloc(s->data, e->size);
        if (!grown)
            return -ENOMEM;
        s->data = grown;
        s->cap = e->size;
    }
    int r = read_at(p, s->data, e->size, e->at);
    if (r == 0 && (uint32_t)checksum_of(s->data, e->size) != e->sum)
        r = -EBADMSG;
    return r;
}

const unsigned char *postings_skip_text(const struct scratch *s, size_t size, const char *word,
                                        size_t len)
{
    uint32_t n;
    const unsigned char *end = s->data + size, *at = postings_get(s->data, end, &n);
    if (!at || n > (size_t)(end - at) || (word && (n != len || memcmp(at, word, len))))
        return NULL;
    return at + n;
}

/* ---- checking ---- */

static int verify_entry(const struct postings *p, const struct postings_entry *e, struct scratch *s)
{
    if (!e->size || e->at < sizeof(p->h) || e->at > p->h.dict_at || e->size > p->h.dict_at - e->at)
        return -EBADMSG;
    int r = postings_load(p, e, s);
    if (r < 0)
        return r;
    const unsigned char *end = s->data + e->size, *at = postings_skip_text(s, e->size, NULL, 0);
    int64_t row = -1;
    struct posting o;
    for (uint32_t i = 0; at && i < e->df; i++)
        at = posting_next(at, end, (int64_t)p->h.rows, &row, &o);
    return at == end ? 0 : -EBADMSG;
}

static int no_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    return 0;
}

static int no_token(void *arg, const struct postings_token *t)
{
    return 0;
}

int postings_verify(struct postings *p, struct docfs_err *err)
{
    struct postings_entry entry[POSTINGS_BUCKET_MAX];
    const struct postings_reader nobody = {no_features, no_token, NULL};
    struct scratch s = {0};
    int r = 0;
    for (size_t b = 0; r == 0 && b + 1 < buckets(&p->h); b++) {
        size_t first = p->bucket[b].first, n = p->bucket[b + 1].first - first;
        r = read_at(p, entry, n * sizeof(*entry), p->h.dict_at + first * sizeof(*entry));
        if (r == 0 && n && (uint32_t)checksum_of(entry, n * sizeof(*entry)) != p->bucket[b].sum)
            r = -EBADMSG;
        for (size_t i = 0; r == 0 && i < n; i++)
            r = verify_entry(p, &entry[i], &s);
    }
    free(s.data);
    for (size_t i = 0; r == 0 && i < p->h.rows; i++)
        r = postings_read(p, i, &nobody);
    return r < 0 ? err_set(err, r, "the words in index/" POSTINGS_FILE " are damaged; " REBUILT)
                 : 0;
}
