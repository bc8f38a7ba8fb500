/* SPDX-License-Identifier: MIT
 * The postings file without the rest: agreement with arithmetic, runs that are merged, filters and
 * dead rows, searches at once, and any damage. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/index/postings.h"
#include "core/util/hash.h"

#define ROWS 300
#define WORDS 90
#define STAMP "test/1"
#define FILE_NAME "words"

static int passed;
static uint64_t seed = 7;
static uint32_t count[ROWS][WORDS][POSTINGS_FIELDS];
static uint32_t length[ROWS];
static const double weight[POSTINGS_FIELDS] = {4, 2, 1};

static uint32_t number(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static int64_t passage(int row)
{
    return 5 + 3 * (int64_t)row;
}

static size_t word(int i, char text[16])
{
    return (size_t)snprintf(text, 16, "w%d", i);
}

/* Frequent words, rare ones, and counts that need the long form. */
static void make_counts(void)
{
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < WORDS; i++) {
            if (number((uint32_t)i + 1) != 0)
                continue;
            for (int f = 0; f < POSTINGS_FIELDS; f++)
                count[r][i][f] = f == POSTINGS_TEXT ? 1 : number(3) == 0 ? number(5) : 0;
            if (number(20) == 0)
                count[r][i][POSTINGS_TEXT] = number(400);
        }
}

/* The words of a row in their order. */
struct told {
    int row, word;
    enum postings_field field;
    uint32_t times;
};

static bool next_told(struct told *t)
{
    for (; t->field < POSTINGS_FIELDS; t->field++, t->word = 0)
        for (; t->word < WORDS; t->word++, t->times = 0)
            if (t->times < count[t->row][t->word][t->field]) {
                t->times++;
                return true;
            }
    return false;
}

/* Each second occurrence is a plural. */
static size_t form(const struct told *t, char text[16])
{
    size_t len = word(t->word, text);
    if (t->times % 2 == 0)
        text[len++] = 's';
    return len;
}

static size_t stem(char *word, size_t len)
{
    return word[len - 1] == 's' ? len - 1 : len;
}

/* What the row means: some of it in the title and again in the text; rows without any. */
static size_t features_of(int row, uint32_t feature[POSTINGS_FEATURES], size_t *ret_title)
{
    size_t n = 0;
    *ret_title = (size_t)row % 3;
    for (size_t i = 0; i < *ret_title; i++)
        feature[n++] = (uint32_t)(row + 300 * (int)i);
    for (int i = 0; i < row % 5; i++)
        feature[n++] = (uint32_t)(i * i * row * 1000);
    return row % 5 && row ? n : *ret_title;
}

static void write_features(struct postings_writer *w, int row)
{
    uint32_t feature[POSTINGS_FEATURES], wrong[] = {7, 7};
    size_t title, n = features_of(row, feature, &title);
    assert(postings_writer_features(w, wrong, 0, 2, NULL) == -EINVAL);
    assert(postings_writer_features(w, wrong, 1, 2, NULL) == 0); /* replaced by what follows */
    assert(postings_writer_features(w, feature, title, n, NULL) == 0);
}

static void write_rows(int dirfd, int rows, size_t memory)
{
    struct postings_writer *w = NULL;
    uint32_t name, seen = 0;
    assert(postings_writer_new(dirfd, STAMP, 77, memory, stem, &w, NULL) == 0);
    for (int r = 0; r < rows; r++) {
        assert(postings_writer_row(w, passage(r), r / 3, NULL) == 0);
        length[r] = 0;
        struct told told = {.row = r};
        while (next_told(&told)) {
            char text[16];
            bool part = told.word % 5 == 0;
            size_t len = form(&told, text);
            assert(postings_writer_word(w, text, len, told.field, part, &name, NULL) == 0);
            assert(name <= seen || name == POSTINGS_NO_NAME);
            seen += name == seen;
            length[r] += !part;
        }
        if (r % 11)
            write_features(w, r);
    }
    assert(postings_writer_row(w, passage(rows - 1), 1, NULL) == -EINVAL); /* out of order */
    assert(postings_writer_word(w, "late", 4, POSTINGS_TITLE, false, NULL, NULL) == -EINVAL);
    assert(postings_writer_publish(w, NULL) == 0);
    postings_writer_free(w);
}

static int64_t df_of(int rows, int i)
{
    int64_t df = 0;
    for (int r = 0; r < rows; r++)
        df += count[r][i][0] || count[r][i][1] || count[r][i][2];
    return df;
}

/* Every row by plain arithmetic, best first. */
static size_t expect(int rows, const int *asked, const double *idf, size_t n, double mean,
                     const struct docset *allowed, const uint64_t *dead, size_t k, struct best *out)
{
    size_t found = 0;
    for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            double f = 0;
            for (int c = 0; c < POSTINGS_FIELDS; c++)
                f += weight[c] * count[r][asked[i]][c];
            sum += idf[i] * ((f * 2.2) / (f + 1.2 * (1 - 0.75 + 0.75 * length[r] / mean)));
        }
        struct best b = {passage(r), r / 3, sum};
        if (sum > 0 && (!allowed || docset_has(allowed, r / 3)) &&
            (!dead || !(dead[r / 64] >> (r % 64) & 1)))
            best_offer(out, &found, k, &b);
    }
    best_sort(out, found);
    return found;
}

struct question {
    int asked[4];
    char text[4][16];
    struct postings_word word[4];
    double idf[4];
};

static void ask(struct question *q)
{
    for (int i = 0; i < 4; i++) {
        q->asked[i] = i == 3 ? q->asked[0] + 1 : (int)number(WORDS - 1);
        q->idf[i] = 0.5 + number(100) / 10.0;
        q->word[i] = (struct postings_word){
            .text = q->text[i], .len = word(q->asked[i], q->text[i]), .idf = q->idf[i]};
    }
}

static int search(struct postings *p, const struct question *q, double mean,
                  const struct docset *allowed, const uint64_t *dead, size_t k, struct best *out)
{
    struct postings_query s = {.word = q->word,
                               .n = 4,
                               .weight = {weight[0], weight[1], weight[2]},
                               .mean = mean,
                               .dead = dead,
                               .allowed = allowed};
    return postings_search(p, &s, k, out);
}

static bool same(const struct best *a, const struct best *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].passage != b[i].passage || a[i].document != b[i].document ||
            fabs(a[i].score - b[i].score) > 1e-12 * fabs(b[i].score))
            return false;
    return true;
}

static struct postings *open_file(int dirfd, int *ret)
{
    struct postings *p = NULL;
    int r = postings_open(dirfd, STAMP, &p, NULL);
    if (ret)
        *ret = r;
    return p;
}

struct listening {
    struct postings *p;
    struct told told;
    bool featured;
};

static int on_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    struct listening *l = arg;
    uint32_t want[POSTINGS_FEATURES];
    size_t want_title = 0,
           want_n = l->told.row % 11 ? features_of(l->told.row, want, &want_title) : 0;
    assert(n == want_n && title == want_title && !l->featured);
    assert(memcmp(feature, want, n * sizeof(*want)) == 0);
    l->featured = true;
    return 0;
}

static int on_word(void *arg, const struct postings_token *t)
{
    struct listening *l = arg;
    char text[16];
    size_t len = t->len;
    const char *name = t->name == POSTINGS_NO_NAME ? t->text : postings_name(l->p, t->name, &len);
    assert(next_told(&l->told));
    assert(len == form(&l->told, text) && memcmp(name, text, len) == 0 && l->featured);
    if (t->name != POSTINGS_NO_NAME)
        assert(t->stem == (uint32_t)hash64(text, stem(text, len), 0));
    assert(t->field == l->told.field && t->part == (l->told.word % 5 == 0));
    return 0;
}

/* The rows give back what was told, or say that they are damaged; returns how many do. */
static int damaged_rows(struct postings *p, int rows)
{
    int n = 0;
    for (int i = 0; i < rows; i++) {
        struct listening l = {.p = p, .told = {.row = i}};
        int r = postings_read(p, (size_t)i, &(struct postings_reader){on_features, on_word, &l});
        assert(r == -EBADMSG || (r == 0 && !next_told(&l.told)));
        n += r < 0;
    }
    return n;
}

static void test_ranking(int dirfd, int rows, size_t memory)
{
    write_rows(dirfd, rows, memory);
    struct postings *p = open_file(dirfd, NULL);
    assert(p && postings_vocabulary(p) == 77 && postings_verify(p, NULL) == 0 &&
           postings_last(p) == passage(rows - 1));
    for (int i = 0; i < WORDS; i++) {
        char text[16];
        size_t len = word(i, text);
        assert(postings_df(p, text, len) == df_of(rows, i));
    }
    assert(postings_df(p, "nowhere", 7) == 0);
    assert(damaged_rows(p, rows) == 0);
    assert(postings_find(p, passage(rows - 1)) == rows - 1 && postings_find(p, passage(0)) == 0);
    assert(postings_find(p, passage(0) + 1) == -1 && postings_find(p, passage(rows)) == -1);
    uint64_t bits[ROWS] = {0}, dead[ROWS / 64 + 1] = {0};
    struct docset allowed = {.bits = bits, .limit = 64 * (ROWS / 64), .n = 1};
    for (int i = 0; i < rows; i++) {
        bits[i / 64] |= (uint64_t)(number(2)) << (i % 64);
        dead[i / 64] |= (uint64_t)(number(7) == 0) << (i % 64);
    }
    for (int i = 0; i < 300; i++) {
        struct question q;
        struct best got[40], want[40];
        ask(&q);
        const struct docset *some = i % 3 == 1 ? &allowed : NULL;
        const uint64_t *gone = i % 4 == 1 ? dead : NULL;
        size_t k = i % 5 == 0 ? 1 : i % 5 < 3 ? 5 : 40;
        size_t n = expect(rows, q.asked, q.idf, 4, 31.5, some, gone, k, want);
        assert(search(p, &q, 31.5, some, gone, k, got) == (int)n && same(got, want, n));
    }
    postings_free(p);
    passed++;
}

static void test_stamp(int dirfd)
{
    struct postings *p = NULL;
    assert(postings_open(dirfd, "test/2", &p, NULL) == -ESTALE && !p);
    unlinkat(dirfd, FILE_NAME, 0);
    assert(postings_open(dirfd, STAMP, &p, NULL) == -ENOENT && !p);
    passed++;
}

static unsigned char *read_file(int dirfd, size_t *ret)
{
    int fd = openat(dirfd, FILE_NAME, O_RDONLY | O_CLOEXEC);
    struct stat st;
    assert(fd >= 0 && fstat(fd, &st) == 0);
    unsigned char *data = malloc((size_t)st.st_size);
    assert(data && read(fd, data, (size_t)st.st_size) == st.st_size);
    close(fd);
    *ret = (size_t)st.st_size;
    return data;
}

static void write_at(int dirfd, size_t at, const void *data, size_t len)
{
    int fd = openat(dirfd, FILE_NAME, O_WRONLY | O_CLOEXEC);
    assert(fd >= 0 && pwrite(fd, data, len, (off_t)at) == (ssize_t)len);
    close(fd);
}

/* Whatever byte is damaged: an error, or the same answers as before (a byte that means nothing).
 * Every byte of a small file. */
static void test_damage(int dirfd)
{
    enum { FEW = 12 };
    write_rows(dirfd, FEW, 1);
    size_t size, caught = 0;
    unsigned char *data = read_file(dirfd, &size);
    struct question q[8];
    struct best want[8][FEW], got[FEW];
    size_t n[8];
    for (int i = 0; i < 8; i++) {
        ask(&q[i]);
        n[i] = expect(FEW, q[i].asked, q[i].idf, 4, 20, NULL, NULL, FEW, want[i]);
    }
    for (size_t at = 0; at < size; at++) {
        unsigned char bad = data[at] ^ (unsigned char)(1u << number(8));
        write_at(dirfd, at, &bad, 1);
        int r;
        struct postings *p = open_file(dirfd, &r);
        bool damaged = r < 0 || postings_verify(p, NULL) < 0;
        caught += damaged;
        assert(r == 0 || r == -EBADMSG || r == -ESTALE);
        for (int i = 0; i < 8 && r == 0; i++) {
            int k = search(p, &q[i], 20, NULL, NULL, FEW, got);
            assert(k == -EBADMSG || (k == (int)n[i] && same(got, want[i], n[i])));
        }
        assert(r < 0 || damaged_rows(p, FEW) == 0 || damaged);
        postings_free(p);
        write_at(dirfd, at, &data[at], 1);
    }
    assert(caught + 24 > size); /* but for the zeros before the names and the dictionary */
    free(data);
    passed++;
}

static void test_cut(int dirfd)
{
    size_t size;
    write_rows(dirfd, 40, 1 << 20);
    unsigned char *data = read_file(dirfd, &size);
    struct question q;
    struct best hit[40];
    ask(&q);
    for (size_t len = 0; len < size; len += 1 + size / 97) {
        char path[64];
        int r;
        struct postings *whole = open_file(dirfd, &r);
        assert(whole);
        snprintf(path, sizeof(path), "/proc/self/fd/%d/" FILE_NAME, dirfd);
        assert(truncate(path, (off_t)len) == 0); /* while it is open */
        int n = search(whole, &q, 20, NULL, NULL, 40, hit);
        assert(n >= 0 || n == -EBADMSG);
        damaged_rows(whole, 40);
        postings_free(whole);
        assert(!open_file(dirfd, &r) && r == -EBADMSG);
        write_at(dirfd, len, data + len, size - len);
    }
    free(data);
    passed++;
}

static void *search_on(void *arg)
{
    struct postings *p = arg;
    for (int i = 0; i < 200; i++) {
        struct question q;
        struct best a[20], b[20];
        for (int k = 0; k < 4; k++) {
            q.asked[k] = (i * 7 + k * 11) % WORDS;
            q.idf[k] = 1 + k;
            q.word[k] = (struct postings_word){
                .text = q.text[k], .len = word(q.asked[k], q.text[k]), .idf = q.idf[k]};
        }
        int n = search(p, &q, 25, NULL, NULL, 20, a);
        assert(n == (int)expect(100, q.asked, q.idf, 4, 25, NULL, NULL, 20, b));
        assert(same(a, b, (size_t)n));
    }
    return NULL;
}

static void test_at_once(int dirfd)
{
    write_rows(dirfd, 100, 1 << 20);
    struct postings *p = open_file(dirfd, NULL);
    pthread_t t[6];
    assert(p);
    for (int i = 0; i < 6; i++)
        assert(pthread_create(&t[i], NULL, search_on, p) == 0);
    for (int i = 0; i < 6; i++)
        assert(pthread_join(t[i], NULL) == 0);
    postings_free(p);
    passed++;
}

int main(void)
{
    char dir[] = "/tmp/docfs-postings-XXXXXX";
    assert(mkdtemp(dir));
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert(dirfd >= 0);
    make_counts();
    test_ranking(dirfd, ROWS, (size_t)64 << 20);
    test_ranking(dirfd, ROWS, 1);       /* every row a run of its own */
    test_ranking(dirfd, ROWS, 64 * 20); /* some words have names */
    test_ranking(dirfd, 1, 1);
    test_stamp(dirfd);
    test_damage(dirfd);
    test_cut(dirfd);
    test_at_once(dirfd);
    unlinkat(dirfd, FILE_NAME, 0);
    rmdir(dir);
    close(dirfd);
    printf("%d passed, 0 failed\n", passed);
    return 0;
}
