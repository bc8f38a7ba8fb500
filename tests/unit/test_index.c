/* SPDX-License-Identifier: MIT
 * The vector index without the rest: agreement with arithmetic, the graph against the exact scan,
 * filters and dead rows, damaged files, searches during changes. */
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
#include "core/index/ids.h"
#include "core/index/index.h"

#define DIM 64
#define N 3000
#define K 10
#define QUERIES 50
#define FINGERPRINT "test/64"

static int passed;
static float *vectors; /* N x DIM, unit length */
static uint64_t seed = 42;

static float uniform(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (float)((z ^ z >> 31) >> 40) / (1 << 24) - 0.5f;
}

static void unit(float *v)
{
    float sum = 0;
    for (int i = 0; i < DIM; i++)
        sum += v[i] * v[i];
    for (int i = 0; i < DIM; i++)
        v[i] /= sqrtf(sum);
}

/* Around one of 100 centres, as text is. */
static void make_vectors(void)
{
    static float centre[100][DIM];
    for (int c = 0; c < 100; c++)
        for (int i = 0; i < DIM; i++)
            centre[c][i] = uniform();
    vectors = malloc(sizeof(float) * N * DIM);
    assert(vectors);
    for (int r = 0; r < N; r++) {
        for (int i = 0; i < DIM; i++)
            vectors[r * DIM + i] = centre[r % 100][i] + uniform();
        unit(vectors + r * DIM);
    }
}

static int64_t passage(int row)
{
    return 10 + 3 * (int64_t)row; /* with gaps, as after deletions */
}

static void append(struct vindex *x, int from, int to)
{
    size_t size = vindex_code_size(DIM);
    int8_t *codes = malloc((size_t)(to - from) * size);
    struct vindex_row *rows = malloc((size_t)(to - from) * sizeof(*rows));
    assert(codes && rows);
    for (int r = from; r < to; r++) {
        vindex_encode(vectors + r * DIM, DIM, codes + (size_t)(r - from) * size);
        rows[r - from] = (struct vindex_row){passage(r), r / 4};
    }
    assert(vindex_append(x, rows, codes, (size_t)(to - from)) == 0);
    free(codes);
    free(rows);
}

static struct vindex *filled(void)
{
    struct vindex *x;
    assert(vindex_new(DIM, &x, NULL) == 0);
    append(x, 0, N / 2);
    append(x, N / 2, N);
    assert(vindex_last(x) == passage(N - 1));
    return x;
}

static float dot(const float *a, const float *b)
{
    float sum = 0;
    for (int i = 0; i < DIM; i++)
        sum += a[i] * b[i];
    return sum;
}

static size_t overlap(const struct vindex_hit *a, int n, const struct vindex_hit *b, int m)
{
    size_t same = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            same += a[i].row.passage == b[j].row.passage;
    return same;
}

static void query(int i, float *q)
{
    for (int j = 0; j < DIM; j++)
        q[j] = vectors[(i * 97 % N) * DIM + j] + uniform() * 0.3f;
    unit(q);
}

static void test_scores_are_cosines(struct vindex *x)
{
    float q[DIM], score, back[DIM];
    struct vindex_hit hit[K];
    for (int i = 0; i < QUERIES; i++) {
        query(i, q);
        assert(vindex_search(x, q, K, NULL, VINDEX_EXACT, hit) == K);
        for (int j = 0; j < K; j++) {
            int row = (int)((hit[j].row.passage - 10) / 3);
            assert(fabsf(hit[j].score - dot(q, vectors + row * DIM)) < 0.02f);
            assert(hit[j].row.document == row / 4);
            assert(j == 0 || hit[j].score <= hit[j - 1].score);
            vindex_scores(x, q, &hit[j].row.passage, 1, &score);
            assert(score == hit[j].score);
            assert(vindex_vector(x, hit[j].row.passage, back) == 0);
            assert(dot(back, vectors + row * DIM) > 0.999f);
        }
        float mean = 0;
        for (int row = 0; row < N; row++)
            mean += dot(q, vectors + row * DIM) / N;
        assert(fabsf(vindex_mean(x, q, N) - mean) < 0.005f);
        assert(fabsf(vindex_mean(x, q, N / 4) - mean) < 0.1f);
    }
    vindex_scores(x, q, (int64_t[]){11}, 1, &score);
    assert(isnan(score));
    int64_t held[N + 1];
    assert(vindex_passages(x, 0, held, N + 1) == N);
    for (int row = 1; row < N; row++)
        assert(held[row - 1] < held[row]);
    assert(vindex_passages(x, N - 1, held + 1, 5) == 1 && held[1] == vindex_last(x));
    assert(vindex_passages(x, N, held, 5) == 0);
    passed++;
}

static void test_bad_rows_are_refused(struct vindex *x)
{
    int8_t code[256] = {0};
    float odd[DIM] = {NAN, INFINITY, -INFINITY};
    vindex_encode(odd, DIM, code);
    for (size_t i = 0; i < vindex_code_size(DIM); i++)
        assert(code[i] == 0);
    struct vindex_row row = {vindex_last(x), 1};
    assert(vindex_append(x, &row, code, 1) == -EINVAL);
    assert(vindex_last(x) == row.passage);
    row.passage = INT64_MAX; /* has no next one */
    assert(vindex_append(x, &row, code, 1) == -EINVAL);
    passed++;
}

static void test_filter_and_dead(struct vindex *x)
{
    float q[DIM];
    struct vindex_hit hit[K];
    uint64_t bits[(N / 4 + 63) / 64 + 1] = {0};
    struct docset set = {.bits = bits, .limit = N / 4};
    for (int d = 0; d < N / 4; d += 50) {
        bits[d / 64] |= (uint64_t)1 << (d % 64);
        set.n++;
    }
    query(7, q);
    int n = vindex_search(x, q, K, &set, VINDEX_AUTO, hit);
    assert(n == K);
    for (int i = 0; i < n; i++)
        assert(hit[i].row.document % 50 == 0);
    assert(vindex_search(x, q, K, NULL, VINDEX_AUTO, hit) == K);
    int64_t gone[] = {hit[0].row.passage, hit[3].row.passage, 11 /* unknown */};
    assert(vindex_kill(x, gone, 3) == 0);
    assert(vindex_search(x, q, K, NULL, VINDEX_AUTO, hit) == K);
    for (int i = 0; i < K; i++)
        assert(hit[i].row.passage != gone[0] && hit[i].row.passage != gone[1]);
    passed++;
}

static void write_index(int dir)
{
    struct vindex *x = filled();
    struct docfs_err err = {0};
    assert(vindex_write(x, dir, FINGERPRINT, 100, &err) == 0);
    vindex_free(x);
}

/* Searches make the graph load in the background: asks until it serves. */
static void await_graph(struct vindex *x)
{
    float q[DIM];
    struct vindex_hit hit[K];
    struct vindex_stats s = {0};
    query(1, q);
    for (int tries = 0; !s.graph; tries++) {
        assert(tries < 1000000);
        assert(vindex_search(x, q, K, NULL, VINDEX_AUTO, hit) == K);
        vindex_stats(x, &s);
    }
}

static void test_graph_recall(int dir)
{
    write_index(dir);
    struct vindex *x;
    struct docfs_err err = {0};
    assert(vindex_open(dir, DIM, FINGERPRINT, &x, &err) == 0);
    await_graph(x);
    float q[DIM];
    struct vindex_hit exact[K], graph[K];
    size_t same = 0;
    for (int i = 0; i < QUERIES; i++) {
        query(i, q);
        assert(vindex_search(x, q, K, NULL, VINDEX_EXACT, exact) == K);
        assert(vindex_search(x, q, K, NULL, VINDEX_AUTO, graph) == K);
        same += overlap(exact, K, graph, K);
    }
    struct vindex_stats s;
    vindex_stats(x, &s);
    assert(s.base == N && s.tail == 0);
    printf("recall@10 of the graph %.3f\n", (double)same / (QUERIES * K));
    assert(same >= QUERIES * K * 98 / 100);
    assert(vindex_verify(x, &err) == 0);
    test_filter_and_dead(x);
    vindex_free(x);
    assert(vindex_open(dir, DIM, "other", &x, &err) == -ESTALE);
    assert(vindex_open(dir, DIM + 1, FINGERPRINT, &x, &err) == -ESTALE);
    passed++;
}

/* Opens and searches what lies there, long enough for the graph to be loaded if it ever is. */
static void use(int dir)
{
    struct vindex *x = NULL;
    struct docfs_err err = {0};
    int r = vindex_open(dir, DIM, FINGERPRINT, &x, &err);
    if (r < 0) {
        assert(!x && (r == -EBADMSG || r == -ESTALE || r == -ENOENT));
        return;
    }
    float q[DIM];
    struct vindex_hit hit[K];
    query(3, q);
    for (int i = 0; i < 20; i++) {
        int n = vindex_search(x, q, K, NULL, VINDEX_AUTO, hit);
        assert(n >= 0 && n <= K);
    }
    vindex_free(x);
}

/* Cut off or changed anywhere: refused, or found by verify, or without effect; never a crash. */
static void test_damage(int dir, const char *file)
{
    int fd = openat(dir, file, O_RDWR);
    struct stat st;
    assert(fd >= 0 && fstat(fd, &st) == 0);
    char *whole = malloc((size_t)st.st_size);
    assert(whole && pread(fd, whole, (size_t)st.st_size, 0) == st.st_size);
    for (int step = 0; step < 24; step++) {
        off_t at = step < 12 ? step * 21 : st.st_size / 12 * (step - 12) + step;
        char changed = (char)(whole[at] ^ 0x5a);
        assert(pwrite(fd, &changed, 1, at) == 1);
        use(dir);
        assert(pwrite(fd, whole + at, 1, at) == 1);
        assert(ftruncate(fd, at) == 0);
        use(dir);
        assert(pwrite(fd, whole + at, (size_t)(st.st_size - at), at) == st.st_size - at);
    }
    use(dir);
    free(whole);
    close(fd);
    passed++;
}

struct shared {
    struct vindex *x;
    int rounds;
};

static void *searcher(void *arg)
{
    struct shared *s = arg;
    float q[DIM];
    struct vindex_hit hit[K];
    memcpy(q, vectors, sizeof(q));
    for (int i = 0; i < s->rounds; i++)
        assert(vindex_search(s->x, q, K, NULL, i % 2 ? VINDEX_EXACT : VINDEX_AUTO, hit) >= 0);
    return NULL;
}

static void test_search_during_changes(int dir)
{
    write_index(dir);
    struct vindex *x;
    assert(vindex_open(dir, DIM, FINGERPRINT, &x, NULL) == 0);
    struct shared s = {x, 200};
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        assert(pthread_create(&t[i], NULL, searcher, &s) == 0);
    int8_t code[256];
    vindex_encode(vectors, DIM, code);
    for (int i = 0; i < 200; i++) {
        struct vindex_row row = {vindex_last(x) + 1, 5};
        assert(vindex_append(x, &row, code, 1) == 0);
        int64_t gone = passage(i * 7);
        assert(vindex_kill(x, &gone, 1) == 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    vindex_free(x);
    passed++;
}

/* The first id that is not below is where the bounds say, whatever the gaps are. */
static void test_bounds_of_ids(void)
{
    enum { IDS = 40 };
    int64_t id[IDS];
    for (unsigned gaps = 1; gaps < 12; gaps++) {
        for (int64_t i = 0, next = 5; i < IDS; i++, next += 1 + (i * 7 % gaps == 1 ? gaps : 0))
            id[i] = next;
        for (int64_t want = 0; want < id[IDS - 1] + 3; want++) {
            size_t low, high, at = 0;
            ids_bounds(id[0], id[IDS - 1], IDS, want, &low, &high);
            while (at < IDS && id[at] < want)
                at++;
            assert(low <= at && at <= high && high <= IDS);
            assert(gaps > 1 || want > id[IDS - 1] ||
                   low == high); /* without gaps nothing is left to look for */
        }
    }
    static const int64_t odd[] = {INT64_MIN, -1, 0, 7, INT64_MAX};
    for (int i = 0; i < 125; i++) { /* ids of a damaged file */
        size_t low, high;
        ids_bounds(odd[i % 5], odd[i / 5 % 5], IDS, odd[i / 25], &low, &high);
        assert(low <= N && high <= IDS);
    }
    passed++;
}

int main(void)
{
    char name[] = "index-XXXXXX";
    assert(mkdtemp(name));
    int dir = open(name, O_RDONLY | O_DIRECTORY);
    assert(dir >= 0);
    test_bounds_of_ids();
    make_vectors();
    struct vindex *x = filled();
    test_scores_are_cosines(x);
    test_bad_rows_are_refused(x);
    test_filter_and_dead(x);
    vindex_free(x);
    test_graph_recall(dir);
    test_search_during_changes(dir);
    test_damage(dir, "vectors");
    test_damage(dir, "hnsw");
    free(vectors);
    close(dir);
    printf("%d passed, 0 failed\n", passed);
    return 0;
}
