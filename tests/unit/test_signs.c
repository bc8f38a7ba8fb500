/* SPDX-License-Identifier: MIT
 * Searches that are narrowed by the signs of the codes: every kernel gives the same estimates, and
 * the best rows are those of the exact scan, with a base file and a tail, with filters and dead
 * rows, and with vectors whose signs tell little or nothing. */
#undef NDEBUG
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/index/index.h"
#include "core/index/signs.h"

#define DIM 64
#define N 20000 /* more than are scanned */
#define BASE 15001
#define K 10
#define QUERIES 40
#define FINGERPRINT "test/64"

static int passed;
static float *vectors; /* N x DIM */
static uint64_t seed = 7;

static float uniform(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (float)((z ^ z >> 31) >> 40) / (1 << 24) - 0.5f;
}

/* Around centres, as text is, and all of them away from zero by `common`. */
static void make_vectors(float common)
{
    static float centre[200][DIM];
    for (int c = 0; c < 200; c++)
        for (int i = 0; i < DIM; i++)
            centre[c][i] = uniform();
    for (int r = 0; r < N; r++)
        for (int i = 0; i < DIM; i++)
            vectors[r * DIM + i] = centre[r % 200][i] + uniform() + common;
}

static void append(struct vindex *x, int from, int to)
{
    int8_t code[DIM];
    for (int r = from; r < to; r++) {
        struct vindex_row row = {10 + 3 * (int64_t)r, r / 4};
        vindex_encode(vectors + (size_t)r * DIM, DIM, code);
        assert(vindex_append(x, &row, code, 1) == 0);
    }
}

/* A base file of the first BASE rows, the others behind it. */
static struct vindex *opened(int dir)
{
    struct vindex *x;
    struct docfs_err err = {0};
    assert(vindex_new(DIM, &x, NULL) == 0);
    append(x, 0, BASE);
    assert(vindex_write(x, dir, FINGERPRINT, SIZE_MAX, &err) == 0);
    vindex_free(x);
    assert(vindex_open(dir, DIM, FINGERPRINT, &x, &err) == 0);
    assert(vindex_verify(x, &err) == 0);
    append(x, BASE, N);
    return x;
}

/* The part of the best K of the exact scan that is found. */
static double recall(struct vindex *x, const struct docset *allowed)
{
    size_t same = 0, all = 0;
    for (int i = 0; i < QUERIES; i++) {
        float q[DIM];
        struct vindex_hit exact[K], hit[K];
        for (int j = 0; j < DIM; j++)
            q[j] = vectors[(size_t)(i * 97 % N) * DIM + (size_t)j] + uniform();
        int n = vindex_search(x, q, K, allowed, VINDEX_EXACT, exact);
        assert(vindex_search(x, q, K, allowed, VINDEX_AUTO, hit) == n);
        for (int a = 0; a < n; a++, all++)
            for (int b = 0; b < n; b++)
                same +=
                    exact[a].row.passage == hit[b].row.passage && exact[a].score == hit[b].score;
    }
    return (double)same / (double)all;
}

static void test_recall(int dir, float common)
{
    make_vectors(common);
    struct vindex *x = opened(dir);
    assert(recall(x, NULL) >= 0.98);
    for (int64_t step = 3; step < 3000; step *= 10) {
        struct docset some = {calloc(N / 4 / 64 + 1, 8), N / 4, 0};
        assert(some.bits);
        for (int64_t d = 1; d < N / 4; d += step, some.n++)
            some.bits[d / 64] |= (uint64_t)1 << (d % 64);
        assert(recall(x, &some) >= 0.98);
        free(some.bits);
    }
    struct vindex_hit before[K], after[K];
    assert(vindex_search(x, vectors, K, NULL, VINDEX_AUTO, before) == K);
    for (int i = 0; i < K; i += 2)
        assert(vindex_kill(x, &before[i].row.passage, 1) == 0);
    assert(vindex_search(x, vectors, K, NULL, VINDEX_AUTO, after) == K);
    for (int i = 0; i < K; i++)
        for (int j = 0; j < K; j += 2)
            assert(after[i].row.passage != before[j].row.passage);
    assert(recall(x, NULL) >= 0.98);
    vindex_free(x);
    passed++;
}

/* What the estimate is said to be, row by row. */
static void test_kernels(size_t size)
{
    enum { ROWS = 70 };
    int8_t *codes = calloc(ROWS, size);
    uint8_t *signs = calloc(1, signs_size(ROWS, size));
    struct kquery *q = aligned_alloc(64, sizeof(*q));
    struct signs_query *s = aligned_alloc(64, sizeof(*s));
    float *v = malloc(size * sizeof(*v));
    assert(codes && signs && q && s && v);
    for (size_t i = 0; i < size; i++)
        v[i] = uniform();
    kquery_init(q, v, (unsigned)size, size);
    signs_query_init(s, q, size);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < size; j++)
            codes[i * size + j] = (int8_t)(i == 1   ? (q->q[j] > 0 ? 1 : -1)
                                           : i == 2 ? (q->q[j] > 0 ? -1 : 1)
                                                    : (int)(uniform() * 254));
        signs_put(signs, i, codes + i * size, size);
    }
    uint16_t want[ROWS + SIGNS_ROWS], got[ROWS + SIGNS_ROWS];
    signs_get(KERNEL_SCALAR)(s, signs, size, ROWS, want);
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t sum = 0;
        for (size_t g = 0; g < size / 4; g++) {
            const int8_t *c = codes + i * size + 4 * g;
            sum += s->part[g][(c[0] > 0) | (c[1] > 0) << 1 | (c[2] > 0) << 2 | (c[3] > 0) << 3];
        }
        assert(want[i] == sum);
        assert(want[i] <= want[1] && want[i] >= want[2]); /* all signs agree, none does */
    }
    assert(want[2] == 0);
    for (int k = KERNEL_SCALAR; k < KERNEL_COUNT; k++) {
        estimate_fn *f = signs_get((enum kernel)k);
        if (!f)
            continue;
        f(s, signs, size, ROWS, got);
        assert(memcmp(got, want, ROWS * sizeof(*got)) == 0);
    }
    for (size_t bound = 0; bound < 64; bound += 7) {
        uint16_t low = want[bound], high = want[(bound + 13) % 64];
        for (size_t i = 0; i < 64; i++) {
            bool in = want[i] >= low && (!high || want[i] < high);
            assert((signs_between(want, low, high) >> i & 1) == in);
        }
    }
    free(codes);
    free(signs);
    free(q);
    free(s);
    free(v);
    passed++;
}

int main(void)
{
    char name[] = "signs-XXXXXX";
    assert(mkdtemp(name));
    int dir = open(name, O_RDONLY | O_DIRECTORY);
    vectors = malloc(sizeof(float) * N * DIM);
    assert(dir >= 0 && vectors);
    for (size_t size = 64; size <= VINDEX_MAX_DIM; size *= 4)
        test_kernels(size);
    test_recall(dir, 0);
    test_recall(dir, 0.5f); /* most signs agree */
    test_recall(dir, 2);    /* all of them do */
    free(vectors);
    close(dir);
    printf("%d passed, 0 failed\n", passed);
    return 0;
}
