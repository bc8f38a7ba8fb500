/* SPDX-License-Identifier: MIT
 * New questions asked of a cache by threads of one process: rate, latency, processor time each.
 *
 *   bench_search [-w] [-t THREADS] [-n QUESTIONS] [-k HITS] [-o FILE] CACHE QUESTIONS-FILE
 * [key=value...]
 *
 * -w: questions and answers are kept in the cache, as a server does; else it is opened read-only.
 * One question a line; every one is asked once, so none is answered from memory. key=value are
 * settings. -o writes what was found, one line a hit with all its digits: two builds that rank
 * alike write the same file (with one thread: in the same order). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/docfs.h"
#include "core/util/clock.h"

#define QUESTIONS_MAX 100000

struct bench {
    struct docfs *d;
    char *question[QUESTIONS_MAX];
    double ms[QUESTIONS_MAX];
    size_t n;
    unsigned k;
    atomic_size_t next, failed, hits;
    bool log;
    FILE *out;
    pthread_mutex_t out_lock;
};

static void write_hits(struct bench *b, const char *question, const struct docfs_results *r)
{
    pthread_mutex_lock(&b->out_lock);
    for (size_t i = 0; i < r->n; i++) {
        const struct docfs_hit *h = &r->hit[i];
        fprintf(b->out, "%s\t%zu\t%s/%s:%u\t%.17g\t%d %.17g\t%d %.17g\t%u\t%s\n", question, i,
                h->collection, h->path, h->line, h->score, h->lex_rank, h->lex_score, h->vec_rank,
                h->vec_score, h->matches, h->snippet);
    }
    fprintf(b->out, "%s\t%zu of %zu, %zu below\t%s\n", question, r->n, r->candidates, r->below,
            r->note);
    pthread_mutex_unlock(&b->out_lock);
}

static void ask(struct bench *b, size_t i)
{
    struct docfs_results *r = NULL;
    struct query *q = NULL;
    struct docfs_err err = {0};
    int64_t start = clock_mono_ns();
    int rc = query_parse(b->question[i], strlen(b->question[i]), false, &q, &err);
    if (rc == 0) {
        q->k = b->k;
        rc = docfs_search(b->d, q, 0, &r, &err);
    }
    b->ms[i] = (double)(clock_mono_ns() - start) / 1e6;
    if (rc < 0) {
        atomic_fetch_add(&b->failed, 1);
    } else {
        atomic_fetch_add(&b->hits, r->n);
        if (b->log)
            docfs_log_query(b->d, "bench", b->question[i], r->n, b->ms[i] / 1e3);
        if (b->out)
            write_hits(b, b->question[i], r);
    }
    docfs_results_unref(r);
    query_free(q);
}

static void *work(void *arg)
{
    struct bench *b = arg;
    for (size_t i; (i = atomic_fetch_add(&b->next, 1)) < b->n;)
        ask(b, i);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void read_questions(struct bench *b, const char *path, size_t most)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        perror(path);
        exit(2);
    }
    char line[4096];
    while (b->n < most && b->n < QUESTIONS_MAX && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (*line && !(b->question[b->n++] = strdup(line)))
            exit(1);
    }
    fclose(f);
}

static void run(struct bench *b, unsigned threads)
{
    pthread_t t[64];
    /* The first one opens the index and the model. */
    int64_t start = clock_mono_ns();
    ask(b, 0);
    printf("first question      %.1f ms\n", (double)(clock_mono_ns() - start) / 1e6);
    atomic_store(&b->next, 1);
    double cpu = cpu_ms();
    start = clock_mono_ns();
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, work, b) != 0)
            exit(1);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    double wall = (double)(clock_mono_ns() - start) / 1e9, n = (double)(b->n - 1);
    cpu = cpu_ms() - cpu;
    qsort(b->ms + 1, b->n - 1, sizeof(*b->ms), by_value);
    printf("%zu new questions, %u threads: %.0f/s, p50 %.2f ms, p99 %.2f ms, %.2f ms of processor "
           "each; %zu failed, %.1f hits each\n",
           b->n - 1, threads, n / wall, b->ms[1 + (b->n - 1) / 2], b->ms[1 + (b->n - 1) * 99 / 100],
           cpu / n, atomic_load(&b->failed), (double)atomic_load(&b->hits) / (n + 1));
}

int main(int argc, char **argv)
{
    static struct bench b = {.k = 10, .out_lock = PTHREAD_MUTEX_INITIALIZER};
    size_t most = QUESTIONS_MAX, threads = 1;
    for (int c; (c = getopt(argc, argv, "wt:n:k:o:")) != -1;) {
        if (c == 'w')
            b.log = true;
        else if (c == 't')
            threads = strtoul(optarg, NULL, 10);
        else if (c == 'n')
            most = strtoul(optarg, NULL, 10);
        else if (c == 'k')
            b.k = (unsigned)strtoul(optarg, NULL, 10);
        else if (c != 'o' || !(b.out = fopen(optarg, "we")))
            return 2;
    }
    if (argc - optind < 2 || threads < 1 || threads > 64) {
        fprintf(stderr,
                "usage: bench_search [-w] [-t THREADS] [-n QUESTIONS] [-k HITS] [-o FILE] CACHE "
                "QUESTIONS-FILE [key=value...]\n");
        return 2;
    }
    struct docfs_err err = {0};
    struct docfs_options opt = {.cache = argv[optind],
                                .read_only = !b.log,
                                .must_exist = true,
                                .set = (const char *const *)argv + optind + 2};
    read_questions(&b, argv[optind + 1], most);
    if (docfs_open(&opt, &b.d, &err) < 0 || b.n < 2) {
        fprintf(stderr, "bench_search: %s\n", b.n < 2 ? "no questions" : err.text);
        return 2;
    }
    run(&b, (unsigned)threads);
    docfs_close(b.d);
    if (b.out)
        fclose(b.out);
    return atomic_load(&b.failed) != 0;
}
