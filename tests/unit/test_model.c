/* SPDX-License-Identifier: MIT
 * Model files: what is accepted, what is refused, and the vectors that come out. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/embed/static.h"
#include "core/search/features.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

static const char *const words[] = {"file", "folder", "directori", "banana", "open"};
#define WORDS 5
#define BUCKETS 8
#define DIM 16

struct image {
    struct static_head head;
    uint32_t slot[16], name[16];
    char text[64];
    float passage[16], query[16];
    int8_t row[(WORDS + BUCKETS) * DIM + 16];
} __attribute__((aligned(64)));

static void seal(struct image *m)
{
    struct static_head *h = &m->head;
    h->table_sum = static_sum(m->slot, h->row_at - sizeof(*h));
    h->row_sum = static_sum(m->row, h->file_size - h->row_at);
    h->head_sum = 0;
    h->head_sum = static_sum(h, sizeof(*h));
}

/* "folder" and "directori" have the same row, the others one axis each. */
static void make(struct image *m)
{
    memset(m, 0, sizeof(*m));
    struct static_head *h = &m->head;
    memcpy(h->magic, STATIC_MAGIC, 8);
    *h = (struct static_head){.version = STATIC_VERSION,
                              .head_size = sizeof(*h),
                              .dim = DIM,
                              .words = WORDS,
                              .buckets = BUCKETS,
                              .slots = 16,
                              .gram_min = 3,
                              .gram_max = 4,
                              .flags = STATIC_STEM | STATIC_DROP_STOP,
                              .title_factor = 2,
                              .part_factor = 0.5f,
                              .text_size = 64,
                              .slot_at = offsetof(struct image, slot),
                              .name_at = offsetof(struct image, name),
                              .text_at = offsetof(struct image, text),
                              .passage_at = offsetof(struct image, passage),
                              .query_at = offsetof(struct image, query),
                              .row_at = offsetof(struct image, row)};
    memcpy(h->magic, STATIC_MAGIC, 8);
    h->file_size = h->row_at + (WORDS + BUCKETS) * DIM;
    strcpy(h->name, "test-1");
    for (uint32_t i = 0, at = 0; i < WORDS; i++) {
        size_t len = strlen(words[i]);
        memcpy(m->text + at, words[i], len);
        m->name[i] = at;
        m->name[i + 1] = at += (uint32_t)len;
        uint32_t k = (uint32_t)hash64(words[i], len, 0) & 15;
        while (m->slot[k])
            k = (k + 1) & 15;
        m->slot[k] = i + 1;
    }
    for (int i = 0; i < WORDS + BUCKETS; i++) {
        m->passage[i] = m->query[i] = 1;
        m->row[i * DIM + (i == 2 ? 1 : i)] = 100;
    }
    seal(m);
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "w");
    assert(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

static int check(const struct image *m, size_t len, struct docfs_err *err)
{
    struct static_model s;
    return static_check(m, len, "x.model", &s, err);
}

/* The change must be refused even with right checksums. */
#define REFUSED(change)                            \
    do {                                           \
        struct image m;                            \
        struct docfs_err why = {0};                \
        make(&m);                                  \
        change;                                    \
        seal(&m);                                  \
        int r = check(&m, m.head.file_size, &why); \
        assert(r == -EBADMSG || r == -ENOTSUP);    \
        assert(strstr(why.text, "x.model"));       \
    } while (0)

static void refuses_hostile_files(void)
{
    struct image good;
    struct docfs_err err = {0};
    make(&good);
    assert(check(&good, good.head.file_size, &err) == 0);
    for (size_t len = 0; len < good.head.file_size; len++)
        assert(check(&good, len, &err) == -EBADMSG);
    /* every bit of the file is covered by a checksum */
    for (size_t i = 0; i < good.head.file_size; i++) {
        struct image m = good;
        ((unsigned char *)&m)[i] ^= 0x10;
        assert(check(&m, good.head.file_size, &err) < 0);
    }
    REFUSED(m.head.version = 2);
    REFUSED(m.head.head_size = 128);
    REFUSED(m.head.dim = 0);
    REFUSED(m.head.dim = 24);
    REFUSED(m.head.dim = 1u << 30);
    REFUSED(m.head.words = 0);
    REFUSED(m.head.words = 0xffffffff);
    REFUSED(m.head.buckets = 0xffffffff);
    REFUSED(m.head.slots = 15);
    REFUSED(m.head.slots = 4);
    REFUSED(m.head.slots = 0x80000000);
    REFUSED(m.head.gram_min = 0);
    REFUSED(m.head.gram_max = 1000);
    REFUSED(m.head.flags = 0x80);
    REFUSED(m.head.title_factor = NAN);
    REFUSED(m.head.part_factor = -1);
    REFUSED(memset(m.head.name, 'x', sizeof(m.head.name)));
    REFUSED(strcpy(m.head.name, "a/b"));
    REFUSED(m.head.name[0] = 0);
    REFUSED(m.head.slot_at = 8);
    REFUSED(m.head.slot_at = 0);
    REFUSED(m.head.query_at = ~(uint64_t)63);
    REFUSED(m.head.text_size = 1u << 20);
    REFUSED(m.head.text_size = 4);
    REFUSED(m.name[1] = 0xffffff00);
    REFUSED(m.name[2] = 1);
    REFUSED(m.slot[3] = WORDS + 1);
    REFUSED(for (int i = 0; i < 16; i++) m.slot[i] = 1);
    REFUSED(m.passage[3] = NAN);
    REFUSED(m.query[3] = -1);
}

static float similar(struct embedder *e, const char *query, const char *title, const char *body)
{
    struct embed_text q = {"", 0, query, strlen(query)};
    struct embed_text p = {title, strlen(title), body, strlen(body)};
    float a[DIM], b[DIM], sum = 0, norm = 0;
    assert(!e->embed(e->ctx, EMBED_QUERY, &q, 1, a, NULL));
    assert(!e->embed(e->ctx, EMBED_PASSAGE, &p, 1, b, NULL));
    for (int i = 0; i < DIM; i++) {
        sum += a[i] * b[i];
        norm += a[i] * a[i];
    }
    assert(norm == 0 || fabsf(norm - 1) < 1e-5f);
    return sum;
}

struct listener {
    const struct embedder *e;
    struct embed_asked *asked;
    struct features features;
};

static int hear(void *arg, const struct token *t)
{
    struct listener *l = arg;
    struct embed_word word;
    features_look_up(l->e, t, &word);
    assert(word.n <= EMBED_WORD_ROWS);
    return features_word(&l->features, &word, t->part);
}

/* Rows as they came, and each once in their order, say the same. */
static void listen_to(struct listener *l, const char *title, const char *body,
                      struct embed_near *ret)
{
    struct features *f = &l->features;
    struct embed_near ordered;
    features_begin(f);
    assert(!token_each(title, strlen(title), hear, l) && !features_title(f));
    assert(!token_each(body, strlen(body), hear, l) && !features_end(f));
    assert(!l->e->near->compare(l->asked, f->row, f->title, f->n, ret));
    assert(!features_order(f));
    for (size_t i = 1; i < f->n; i++)
        assert(i == f->title || f->row[i] > f->row[i - 1]);
    assert(!l->e->near->compare(l->asked, f->row, f->title, f->n, &ordered));
    assert(ret->all == ordered.all && ret->title == ordered.title);
}

static struct embed_near near(struct embedder *e, const char *query, const char *title,
                              const char *body)
{
    struct embed_near out = {-1, -1}, again = {-1, -1};
    struct listener l = {.e = e};
    const uint32_t foreign[] = {UINT32_MAX - 1, 1u << 30};
    assert(!e->near->begin(e->ctx, query, &l.asked, NULL));
    listen_to(&l, title, body, &out);
    listen_to(&l, body, "", &again); /* another text between */
    listen_to(&l, title, body, &again);
    assert(out.all == again.all && out.title == again.title);
    assert(!e->near->compare(l.asked, foreign, 1, 2, &again) && again.all == 0);
    e->near->free(l.asked);
    features_fini(&l.features);
    return out;
}

static float compared(struct embedder *e, const char *query, const char *body)
{
    return near(e, query, "", body).all;
}

static void embeds(const char *path)
{
    struct image m;
    struct embedder *e = NULL;
    struct docfs_err err = {0};
    make(&m);
    write_file(path, &m, m.head.file_size);
    assert(embed_static_new(path, &e, &err) == 0);
    assert(e->dim == DIM && strncmp(e->fingerprint, "docfs/test-1-", 13) == 0);
    assert(similar(e, "open the folder", "", "opening directories") > 0.99f);
    assert(similar(e, "folder", "", "banana") == 0);
    assert(similar(e, "the how do", "", "banana") == 0); /* function words only */
    /* unknown words meet in their letter groups */
    assert(similar(e, "xyzzyfrob", "", "xyzzyfrob") > 0.99f);
    /* the title counts more than the body */
    assert(similar(e, "banana", "banana", "folder") > similar(e, "banana", "folder", "banana"));
    /* identifiers are read by their parts */
    assert(similar(e, "open_file", "", "file open") > 0.99f);

    assert(compared(e, "open folder", "banana directory opens") > 0.99f);
    float half = compared(e, "open folder", "open banana");
    assert(half > 0.45f && half < 0.55f);
    assert(compared(e, "", "banana") == 0 && compared(e, "banana", "") == 0);
    struct embed_near n = near(e, "open folder", "directory", "opens");
    assert(n.all > 0.99f && n.title > 0.45f && n.title < 0.55f);
    n = near(e, "open folder", "", "opening directories");
    assert(n.all > 0.99f && n.title == 0);
    n = near(e, "open folder", "opening directories", "");
    assert(n.all > 0.99f && n.title == n.all);
    embedder_free(e);
}

/* Every kernel, for every number of words and at the ends of what a row can hold. */
static void multiplies(void)
{
    enum { ROWS = 40, WIDTH = 48, ENDS = 2 };
    static int8_t rows[ROWS * WIDTH];
    struct static_head head = {.dim = WIDTH};
    struct static_model m = {.head = &head, .row = rows};
    uint32_t asked[ROWS], seed = 1;
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        seed = seed * 1103515245 + 12345;
        rows[i] = i < ENDS * WIDTH ? (i < WIDTH ? -128 : 127) : (int8_t)(seed >> 16);
    }
    for (uint32_t n = 0; n <= 32; n++) {
        for (uint32_t i = 0; i < n; i++)
            asked[i] = i < ENDS ? i : ROWS - i;
        struct static_lanes *l = static_lanes_new(&m, asked, n);
        assert(l && static_lanes_width(l) == (n + STATIC_LANES - 1) / STATIC_LANES * STATIC_LANES);
        for (uint32_t r = 0; r < ROWS; r++)
            for (int k = 0; k < KERNEL_COUNT; k++) {
                int32_t dot[ROWS];
                static_dots_fn *dots = static_dots_get((enum kernel)k);
                assert(dots || k != KERNEL_SCALAR);
                if (dots)
                    dots(rows + r * WIDTH, l, dot);
                for (size_t i = 0; dots && i < static_lanes_width(l); i++)
                    assert(
                        dot[i] ==
                        (i < n ? static_dot(rows + r * WIDTH, rows + asked[i] * WIDTH, WIDTH) : 0));
            }
        free(l);
    }
}

/* DOCFS_MODEL decides before any place where a model is found. */
static void finds_the_model(const char *path)
{
    struct embedder *e = NULL;
    struct docfs_err err = {0};
    setenv("DOCFS_MODEL", path, 1);
    assert(embed_builtin_new(&e, &err) == 0 && strstr(e->fingerprint, "/test-1-"));
    embedder_free(e);
    setenv("DOCFS_MODEL", "none", 1);
    assert(embed_builtin_new(&e, &err) == 0 && strstr(e->fingerprint, "docfs/hash/"));
    embedder_free(e);
    write_file(path, "something else, but long enough to be looked at ................", 64);
    setenv("DOCFS_MODEL", path, 1);
    assert(embed_builtin_new(&e, &err) == -EBADMSG && strstr(err.text, path));
    setenv("DOCFS_MODEL", "/nonexistent/x.model", 1);
    assert(embed_builtin_new(&e, &err) == -ENOENT && strstr(err.text, "/nonexistent/x.model"));
    unsetenv("DOCFS_MODEL");
}

int main(void)
{
    char path[] = "/tmp/docfs-model-XXXXXX";
    _cleanup_close_ int fd = mkstemp(path);
    assert(fd >= 0);
    refuses_hostile_files();
    embeds(path);
    multiplies();
    finds_the_model(path);
    unlink(path);
    puts("4 passed, 0 failed");
    return 0;
}
