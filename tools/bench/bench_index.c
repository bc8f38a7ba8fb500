/* SPDX-License-Identifier: MIT
 * Latency and recall of the vector index on generated vectors.
 *
 *   bench_index [-n ROWS,ROWS,...] [-d DIM] [-q QUERIES] [-u] [-g] [-t DIRECTORY]
 *
 * -u: uniformly random vectors (the worst case) instead of clustered ones; -g: build the graph at
 * every size; -t: where the index is written (default $TMPDIR or /tmp).
 * Recall@10 is against an exact scan of the float vectors. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/index/index.h"
#include "core/util/clock.h"

#define K 10
#define LATENT 24
#define CLUSTERS 1000
#define FINGERPRINT "bench"

struct set {
    unsigned dim;
    bool uniform;
    uint64_t seed;
    float *project; /* LATENT x dim */
    float *centre;  /* CLUSTERS x LATENT */
};

static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Sum of uniform numbers: close enough to normal, and fast. */
static float gauss(uint64_t *s)
{
    uint64_t r = next(s);
    float sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (float)(r >> 16 * i & 0xffff);
    return (sum / 65535 - 2) * 1.7320508f;
}

static void fill(float *v, size_t n, uint64_t *s)
{
    for (size_t i = 0; i < n; i++)
        v[i] = gauss(s);
}

/* Vector number i of a set, unit length: a point of a cluster in 24 latent dimensions, turned into
 * dim dimensions, with noise. */
static void vector(const struct set *set, size_t i, float *v)
{
    uint64_t s = set->seed ^ (i + 1) * 0xd1342543de82ef95u;
    fill(v, set->dim, &s);
    if (!set->uniform) {
        const float *c = set->centre + next(&s) % CLUSTERS * LATENT;
        for (unsigned j = 0; j < set->dim; j++)
            v[j] *= 0.5f;
        for (unsigned l = 0; l < LATENT; l++) {
            float z = c[l] + 0.6f * gauss(&s);
            for (unsigned j = 0; j < set->dim; j++)
                v[j] += z * set->project[l * set->dim + j] * 0.4f;
        }
    }
    double sum = 0;
    for (unsigned j = 0; j < set->dim; j++)
        sum += (double)v[j] * v[j];
    for (unsigned j = 0; j < set->dim; j++)
        v[j] /= (float)sqrt(sum);
}

static double now_ms(void)
{
    return (double)clock_mono_ns() / 1e6;
}

static void die(const char *what, int r, const struct docfs_err *err)
{
    fprintf(stderr, "bench_index: %s: %s %s\n", what, strerror(-r), err ? err->text : "");
    exit(1);
}

/* Fills an index and keeps the exact best K of every query beside it. */
static void feed(struct vindex *x, const struct set *set, size_t n, const float *queries, size_t nq,
                 struct vindex_hit *best)
{
    enum { BLOCK = 2048 };
    size_t size = vindex_code_size(set->dim);
    float *v = malloc(BLOCK * set->dim * sizeof(*v));
    int8_t *codes = malloc(BLOCK * size);
    struct vindex_row *rows = malloc(BLOCK * sizeof(*rows));
    if (!v || !codes || !rows)
        die("memory", -12, NULL);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t m = n - at < BLOCK ? n - at : BLOCK;
        for (size_t i = 0; i < m; i++) {
            vector(set, at + i, v + i * set->dim);
            vindex_encode(v + i * set->dim, set->dim, codes + i * size);
            rows[i] = (struct vindex_row){(int64_t)(at + i + 1), (int64_t)(at + i) / 12 + 1};
        }
        int r = vindex_append(x, rows, codes, m);
        if (r)
            die("append", r, NULL);
        for (size_t q = 0; q < nq; q++) {
            struct vindex_hit *b = best + q * K;
            for (size_t i = 0; i < m; i++) {
                const float *a = v + i * set->dim, *c = queries + q * set->dim;
                float lane[16] = {0};
                for (unsigned j = 0; j + 16 <= set->dim; j += 16)
                    for (unsigned l = 0; l < 16; l++)
                        lane[l] += a[j + l] * c[j + l];
                float dot = 0;
                for (unsigned l = 0; l < 16; l++)
                    dot += lane[l];
                for (unsigned j = set->dim / 16 * 16; j < set->dim; j++)
                    dot += a[j] * c[j];
                if (dot <= b[K - 1].score)
                    continue;
                int p = K - 1;
                for (; p && b[p - 1].score < dot; p--)
                    b[p] = b[p - 1];
                b[p] = (struct vindex_hit){rows[i], dot};
            }
        }
    }
    free(v);
    free(codes);
    free(rows);
}

static int by_value(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

static void measure(const char *name, struct vindex *x, const struct set *set, size_t n,
                    const float *queries, size_t nq, const struct vindex_hit *best,
                    const struct docset *allowed, enum vindex_mode mode)
{
    double *ms = calloc(nq, sizeof(*ms));
    size_t found = 0;
    for (size_t q = 0; q < nq; q++) {
        struct vindex_hit hit[K];
        double start = now_ms();
        int r = vindex_search(x, queries + q * set->dim, K, allowed, mode, hit);
        ms[q] = now_ms() - start;
        if (r < 0)
            die("search", r, NULL);
        for (int i = 0; i < r && best; i++)
            for (int j = 0; j < K; j++)
                found += hit[i].row.passage == best[q * K + j].row.passage;
    }
    double first = ms[0];
    qsort(ms, nq, sizeof(*ms), by_value);
    char recall[16] = "-";
    if (best)
        snprintf(recall, sizeof(recall), "%.4f", (double)found / (double)(nq * K));
    printf("%8zu  %-22s %9.3f %9.3f %9.3f  %s\n", n, name, first, ms[nq / 2], ms[nq * 99 / 100],
           recall);
    fflush(stdout);
    free(ms);
}

static void docset_every(struct docset *s, int64_t limit, int64_t step)
{
    *s = (struct docset){calloc((size_t)limit / 64 + 1, 8), limit, 0};
    for (int64_t d = 1; d < limit; d += step, s->n++)
        s->bits[d / 64] |= (uint64_t)1 << (d % 64);
}

static void run(const struct set *set, size_t n, size_t nq, bool graph, int dirfd)
{
    struct docfs_err err = {0};
    struct vindex *x = NULL;
    float *queries = malloc(nq * set->dim * sizeof(*queries));
    struct vindex_hit *best = malloc(nq * K * sizeof(*best));
    if (!queries || !best)
        die("memory", -12, NULL);
    for (size_t i = 0; i < nq * K; i++)
        best[i].score = -2;
    for (size_t q = 0; q < nq; q++)
        vector(set, ((size_t)1 << 40) + q, queries + q * set->dim);
    int r = vindex_new(set->dim, &x, &err);
    if (r)
        die("new", r, &err);
    feed(x, set, n, queries, nq, best);
    measure("tail, scan", x, set, n, queries, nq, best, NULL, VINDEX_EXACT);
    double start = now_ms();
    r = vindex_write(x, dirfd, FINGERPRINT, graph ? 1 : SIZE_MAX, &err);
    if (r)
        die("write", r, &err);
    printf("%8zu  written in %.0f ms%s\n", n, now_ms() - start, graph ? " with the graph" : "");
    vindex_free(x);
    start = now_ms();
    r = vindex_open(dirfd, set->dim, FINGERPRINT, &x, &err);
    if (r)
        die("open", r, &err);
    printf("%8zu  opened in %.3f ms\n", n, now_ms() - start);
    measure("base, scan", x, set, n, queries, nq, best, NULL, VINDEX_EXACT);
    if (!graph)
        measure("base, by signs", x, set, n, queries, nq, best, NULL, VINDEX_AUTO);
    struct docset few;
    docset_every(&few, (int64_t)n / 12 + 2, 100);
    measure("base, 1 % of documents", x, set, n, queries, nq, NULL, &few, VINDEX_AUTO);
    free(few.bits);
    if (graph) {
        struct vindex_stats s = {0};
        struct vindex_hit hit[K];
        start = now_ms();
        while (!s.graph && now_ms() - start < 60000) {
            vindex_search(x, queries, K, NULL, VINDEX_AUTO, hit);
            vindex_stats(x, &s);
        }
        printf("%8zu  graph loaded after %.0f ms, %zu MB\n", n, now_ms() - start, s.bytes >> 20);
        measure("graph", x, set, n, queries, nq, best, NULL, VINDEX_AUTO);
        for (int64_t step = 2; step <= 8; step *= 2) {
            char name[32];
            docset_every(&few, (int64_t)n / 12 + 2, step);
            snprintf(name, sizeof(name), "scan, 1/%d of docs", (int)step);
            measure(name, x, set, n, queries, nq, NULL, &few, VINDEX_EXACT);
            snprintf(name, sizeof(name), "graph, 1/%d of docs", (int)step);
            measure(name, x, set, n, queries, nq, NULL, &few, VINDEX_AUTO);
            free(few.bits);
        }
    }
    vindex_free(x);
    free(queries);
    free(best);
}

struct options {
    struct set set;
    size_t queries;
    bool graph;
    const char *sizes, *dir;
};

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int c; (c = getopt(argc, argv, "n:d:q:ugt:")) != -1;) {
        switch (c) {
        case 'n':
            o->sizes = optarg;
            break;
        case 'd':
            o->set.dim = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'q':
            o->queries = strtoul(optarg, NULL, 10);
            break;
        case 'u':
            o->set.uniform = true;
            break;
        case 'g':
            o->graph = true;
            break;
        case 't':
            o->dir = optarg;
            break;
        default:
            fprintf(stderr, "usage: bench_index [-n ROWS,ROWS,...] [-d DIM] [-q QUERIES] [-u] "
                            "[-g] [-t DIRECTORY]\n");
            return false;
        }
    }
    if (!o->set.dim || o->set.dim > 4096 || !o->queries) {
        fprintf(stderr, "bench_index: -d takes 1 to 4096, -q at least 1\n");
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.set = {.dim = 256, .seed = 42},
                        .queries = 200,
                        .sizes = "10000,100000,1000000",
                        .dir = getenv("TMPDIR")};
    if (!read_options(argc, argv, &o))
        return 2;
    struct set *set = &o.set;
    char tmp[4096];
    snprintf(tmp, sizeof(tmp), "%s/bench_index.XXXXXX", o.dir ? o.dir : "/tmp");
    int dirfd = mkdtemp(tmp) ? open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dirfd < 0) {
        perror(tmp);
        return 1;
    }
    uint64_t s = set->seed;
    set->project = malloc(LATENT * set->dim * sizeof(float));
    set->centre = malloc((size_t)CLUSTERS * LATENT * sizeof(float));
    if (!set->project || !set->centre)
        die("memory", -12, NULL);
    fill(set->project, LATENT * set->dim, &s);
    fill(set->centre, (size_t)CLUSTERS * LATENT, &s);
    printf("%u dimensions, %s vectors, %zu queries, k = %d\n", set->dim,
           set->uniform ? "random" : "clustered", o.queries, K);
    printf("%8s  %-22s %9s %9s %9s  %s\n", "rows", "", "first ms", "p50 ms", "p99 ms", "recall@10");
    for (const char *p = o.sizes; *p;) {
        char *end;
        size_t n = strtoul(p, &end, 10);
        if (end == p || !n)
            break;
        run(set, n, o.queries, o.graph, dirfd);
        p = *end ? end + 1 : end;
    }
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("peak memory %ld MB\n", use.ru_maxrss >> 10);
    unlinkat(dirfd, "vectors", 0);
    unlinkat(dirfd, "hnsw", 0);
    rmdir(tmp);
    free(set->project);
    free(set->centre);
    close(dirfd);
    return 0;
}
