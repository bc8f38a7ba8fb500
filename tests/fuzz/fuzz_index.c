/* SPDX-License-Identifier: MIT
 * The files under index/ of any bytes: refused, or everything that is done with them ends well. The
 * first byte tells which file. In `words` and `vectors` the checksums are made right, or little
 * behind them would be reached. `hnsw` is for FAISS, which trusts what it reads: there the rest is
 * changes to a sound file, of which only the header is made right again. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/index/checksum.h"
#include "core/index/graph_file.h"
#include "core/index/internal.h"
#include "core/index/postings_file.h"

#define STAMP "fuzz"
#define K 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[4096];
static int dirfd = -1;

static void leave(void)
{
    unlinkat(dirfd, POSTINGS_FILE, 0);
    unlinkat(dirfd, BASE_FILE, 0);
    unlinkat(dirfd, GRAPH_FILE_NAME, 0);
    rmdir(dir);
}

static void write_file(const char *name, const void *data, size_t size)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static bool within(uint64_t at, uint64_t len, uint64_t size)
{
    return at <= size && len <= size - at;
}

/* ---- words ---- */

static void seal_entries(unsigned char *file, size_t size, struct postings_header *h)
{
    size_t n = ((size_t)1 << h->bits) + 1;
    struct postings_bucket *b = (void *)(file + size - n * sizeof(*b));
    struct postings_entry *e = (void *)(file + h->dict_at);
    for (size_t i = 0; i < h->entries; i++)
        if (within(e[i].at, e[i].size, size))
            e[i].sum = (uint32_t)checksum_of(file + e[i].at, e[i].size);
    for (size_t i = 0; i + 1 < n; i++)
        if (b[i].first <= b[i + 1].first && b[i + 1].first <= h->entries)
            b[i].sum =
                (uint32_t)checksum_of(e + b[i].first, (b[i + 1].first - b[i].first) * sizeof(*e));
}

static void seal_rows(unsigned char *file, size_t size, struct postings_header *h)
{
    struct postings_row *row = (void *)(file + sizeof(*h));
    h->words = 0;
    for (size_t i = 0; i < h->rows; i++) {
        h->words += row[i].words;
        uint32_t sum;
        if (row[i].size < sizeof(sum) || row[i].at > size ||
            !within(h->texts_at + row[i].at, row[i].size, size))
            continue;
        unsigned char *text = file + h->texts_at + row[i].at;
        sum = (uint32_t)checksum_of(text + sizeof(sum), row[i].size - sizeof(sum));
        memcpy(text, &sum, sizeof(sum));
    }
}

static uint64_t table_sum(const unsigned char *file, size_t size, const struct postings_header *h)
{
    size_t buckets = (((size_t)1 << h->bits) + 1) * sizeof(struct postings_bucket);
    size_t table = postings_name_tables(h->names), texts = h->dict_at - h->names_at - table;
    uint32_t len;
    memcpy(&len, file + h->names_at + h->names * sizeof(len), sizeof(len));
    struct checksum tables, names;
    checksum_init(&tables);
    checksum_init(&names);
    checksum_add(&tables, file + sizeof(*h), h->rows * sizeof(struct postings_row));
    checksum_add(&tables, file + size - buckets, buckets);
    checksum_add(&names, file + h->names_at, table + (len < texts ? len : texts));
    return checksum_end(&tables) ^ checksum_end(&names);
}

static void seal_words(unsigned char *file, size_t size)
{
    struct postings_header *h = (void *)file;
    if (size < sizeof(*h))
        return;
    memcpy(h->magic, POSTINGS_MAGIC, sizeof(h->magic));
    h->version = POSTINGS_VERSION;
    h->order = FILE_ORDER;
    h->file_size = size;
    memset(h->stamp, 0, sizeof(h->stamp));
    memcpy(h->stamp, STAMP, strlen(STAMP));
    uint64_t dict = size - h->dict_at;
    bool fits = h->bits < 16 && h->rows < size && h->names < size && h->entries < size &&
                h->dict_at <= size && h->dict_at % 8 == 0 && h->names_at % 8 == 0 &&
                h->texts_at <= h->names_at &&
                within(sizeof(*h), h->rows * sizeof(struct postings_row), h->texts_at) &&
                within(h->names_at, postings_name_tables(h->names), h->dict_at) &&
                dict == h->entries * sizeof(struct postings_entry) +
                            (((size_t)1 << h->bits) + 1) * sizeof(struct postings_bucket);
    if (fits) {
        seal_entries(file, size, h);
        seal_rows(file, size, h);
        h->table_sum = table_sum(file, size, h);
    }
    h->header_sum = checksum_of(h, offsetof(struct postings_header, header_sum));
}

struct reading {
    const struct postings *p;
    size_t sum;
};

static int on_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    assert(title <= n && n <= POSTINGS_FEATURES);
    for (size_t i = 1; i < n; i++)
        assert(i == title || feature[i] > feature[i - 1]);
    return 0;
}

static int on_token(void *arg, const struct postings_token *t)
{
    struct reading *r = arg;
    size_t len = t->len;
    const char *text = t->text;
    if (t->name != POSTINGS_NO_NAME)
        text = postings_name(r->p, t->name, &len);
    for (size_t i = 0; i < len; i++)
        r->sum += (unsigned char)text[i];
    assert(len > 0 && t->field < POSTINGS_FIELDS);
    return 0;
}

/* What a search for a name answers; it may fail only in a file that was found to be damaged. */
static void ask_words(struct postings *p, uint32_t name, bool sound)
{
    size_t rows;
    struct postings_word word[2] = {{.idf = 1e-6}, {.text = "storage", .len = 7, .idf = 3}};
    word[0].text = postings_name(p, name, &word[0].len);
    const struct postings_row *row = postings_rows(p, &rows);
    struct postings_query q = {.word = word,
                               .n = 2,
                               .weight = {4, 2, 1},
                               .mean = (double)postings_words(p) / (double)(rows ? rows : 1)};
    struct best hit[K];
    int n = postings_search(p, &q, K, hit);
    assert(n >= 0 || (n == -EBADMSG && !sound));
    for (int i = 0; i < n; i++) {
        int64_t at = postings_find(p, hit[i].passage);
        assert(at >= 0 && row[at].document == hit[i].document);
    }
    int64_t df = postings_df(p, word[0].text, word[0].len);
    assert(df <= (int64_t)rows && (df >= 0 || !sound));
}

static void words(unsigned char *file, size_t size)
{
    struct postings *p = NULL;
    struct docfs_err err = {0};
    seal_words(file, size);
    write_file(POSTINGS_FILE, file, size);
    int r = postings_open(dirfd, STAMP, &p, &err);
    assert(r == 0 || (r == -EBADMSG && err.text[0]));
    if (r < 0)
        return;
    r = postings_verify(p, &err);
    assert(r == 0 || (r == -EBADMSG && err.text[0]));
    size_t rows;
    postings_rows(p, &rows);
    struct reading reading = {.p = p};
    for (size_t i = 0; i < rows; i++) {
        int e = postings_read(p, i, &(struct postings_reader){on_features, on_token, &reading});
        assert(e == 0 || (e == -EBADMSG && r < 0));
    }
    for (uint32_t i = 0; i < postings_names(p) && i < 64; i++)
        ask_words(p, i, r == 0);
    postings_free(p);
}

/* ---- vectors ---- */

static void seal_vectors(unsigned char *file, size_t size)
{
    struct base_header *h = (void *)file;
    struct base_layout at;
    if (size < sizeof(*h))
        return;
    memcpy(h->magic, BASE_MAGIC, sizeof(h->magic));
    h->version = BASE_VERSION;
    h->order = FILE_ORDER;
    h->file_size = size;
    if (base_layout(h->rows, h->code_size, &at) && at.end <= size) {
        size_t n = (size_t)h->rows;
        h->table_sum = checksum_of(file + at.rows, n * (sizeof(struct vindex_row) + sizeof(float)));
        h->codes_sum = checksum_of(file + at.codes, at.end - at.codes);
    }
    h->header_sum = checksum_of(h, offsetof(struct base_header, header_sum));
}

static void ask_vectors(struct vindex *x, const float *query)
{
    uint64_t bits = 0x5555555555555555u;
    struct docset some = {.bits = &bits, .limit = 64, .n = 32};
    struct vindex_hit hit[K];
    for (int i = 0; i < 3; i++) {
        enum vindex_mode mode = i == 2 ? VINDEX_EXACT : VINDEX_AUTO;
        int n = vindex_search(x, query, K, i == 1 ? &some : NULL, mode, hit);
        assert(n >= 0 && n <= K);
        for (int k = 0; k < n; k++)
            assert(hit[k].score >= -1 && hit[k].score <= 1);
    }
    float mean = vindex_mean(x, query, K);
    assert(mean >= -1 && mean <= 1);
}

static void vectors(unsigned char *file, size_t size)
{
    struct docfs_err err = {0};
    struct vindex *x = NULL;
    struct base b;
    unsigned dim = size < sizeof(*b.header) ? 1 : ((struct base_header *)(void *)file)->dim;
    seal_vectors(file, size);
    if (vindex_new(dim, &x, &err) < 0)
        return;
    int r = base_check(file, size, dim, NULL, &b, &err);
    assert(r == 0 || ((r == -EBADMSG || r == -ESTALE) && err.text[0]));
    if (r == 0) {
        static float query[VINDEX_MAX_DIM];
        int64_t passage[2] = {1, INT64_MAX};
        struct vindex_row row = {INT64_MAX - 1, 1};
        _cleanup_free_ int8_t *code = calloc(1, x->code_size);
        assert(code);
        x->base = b;
        assert(vindex_verify(x, &err) == 0);
        for (unsigned i = 0; i < dim; i++)
            query[i] = (float)i - (float)dim / 3;
        ask_vectors(x, query);
        vindex_passages(x, 0, passage, 2);
        assert(vindex_kill(x, passage, 1) == 0);
        vindex_vector(x, passage[1], query);
        r = vindex_append(x, &row, code, 1);
        assert(r == 0 || r == -EINVAL);
        ask_vectors(x, query);
    }
    vindex_free(x);
}

/* ---- hnsw ---- */

#define ROWS 40
#define DIM 16

static struct base base; /* mapped */
static unsigned char *graph;
static size_t graph_size;

static void make_graph(void)
{
    struct vindex *x = NULL;
    assert(vindex_new(DIM, &x, NULL) == 0);
    for (int i = 0; i < ROWS; i++) {
        struct vindex_row row = {i + 1, i / 3};
        float v[DIM];
        int8_t code[64];
        for (int k = 0; k < DIM; k++)
            v[k] = sinf((float)(i * DIM + k));
        vindex_encode(v, DIM, code);
        assert(vindex_append(x, &row, code, 1) == 0);
    }
    assert(vindex_write(x, dirfd, STAMP, 1, NULL) == 0);
    vindex_free(x);
    int fd = openat(dirfd, BASE_FILE, O_RDONLY | O_CLOEXEC);
    assert(fd >= 0 && base_map(fd, DIM, STAMP, &base, NULL) == 0);
    close(fd);
    fd = openat(dirfd, GRAPH_FILE_NAME, O_RDONLY | O_CLOEXEC);
    off_t end = lseek(fd, 0, SEEK_END);
    graph_size = (size_t)end;
    graph = malloc(graph_size);
    assert(graph && pread(fd, graph, graph_size, 0) == end);
    close(fd);
}

/* Three bytes a change: a place, and what its byte becomes. */
static void hnsw(const uint8_t *data, size_t size)
{
    size_t len = graph_size;
    _cleanup_free_ unsigned char *file = malloc(len);
    assert(file);
    memcpy(file, graph, len);
    if (size % 3 == 1) /* cut off */
        len -= data[--size] % (len - sizeof(struct graph_header));
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t at = (data[i] | (size_t)data[i + 1] << 8) % len;
        file[at] = data[i + 2];
    }
    struct graph_header *h = (void *)file;
    bool changed = len < graph_size || memcmp(h + 1, graph + sizeof(*h), len - sizeof(*h));
    h->header_sum = checksum_of(h, offsetof(struct graph_header, header_sum));
    write_file(GRAPH_FILE_NAME, file, len);
    int fd = graph_open(dirfd, &base);
    assert(fd >= 0 || fd == -EBADMSG || fd == -ESTALE);
    if (fd < 0)
        return;
    struct graph *g = NULL;
    int r = graph_load(fd, &base, &g);
    assert(r == 0 ? !changed : r == -EBADMSG);
    float v[DIM] = {1};
    int64_t row[K];
    if (r == 0)
        assert(graph_search(g, v, K, row) == K);
    graph_free(g);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (dirfd < 0) {
        const char *tmp = getenv("TMPDIR");
        snprintf(dir, sizeof(dir), "%s/fuzz-index-XXXXXX", tmp ? tmp : "/tmp");
        assert(mkdtemp(dir));
        dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        atexit(leave);
        if (graph_supported())
            make_graph();
    }
    if (!size)
        return 0;
    /* Ends where the memory ends, and begins where a mapping or a table may. */
    size_t len = size - 1;
    unsigned char *file = malloc(len ? len : 1);
    assert(file);
    memcpy(file, data + 1, len);
    if (data[0] % 3 == 0)
        words(file, len);
    else if (data[0] % 3 == 1)
        vectors(file, len);
    else if (graph)
        hnsw(file, len);
    free(file);
    return 0;
}
