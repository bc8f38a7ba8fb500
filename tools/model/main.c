/* SPDX-License-Identifier: MIT
 * model-train: pairs -> model file. tools/model/train runs it. */
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/model/model.h"

void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("model-train: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void *must_alloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) {
        say("out of memory");
        exit(1);
    }
    return p;
}

struct start {
    thread_fn *fn;
    void *arg;
    unsigned thread;
};

static void *run(void *arg)
{
    struct start *s = arg;
    s->fn(s->arg, s->thread);
    return NULL;
}

void on_threads(unsigned threads, thread_fn *fn, void *arg)
{
    pthread_t id[64];
    struct start s[64];
    for (unsigned t = 1; t < threads; t++) {
        s[t] = (struct start){fn, arg, t};
        if (pthread_create(&id[t], NULL, run, &s[t])) {
            say("cannot start a thread");
            exit(1);
        }
    }
    fn(arg, 0);
    for (unsigned t = 1; t < threads; t++)
        pthread_join(id[t], NULL);
}

static const char usage[] =
    "usage: model-train --pairs FILE --out FILE [--name NAME] [--seed N] [--threads N]\n"
    "  [--words N] [--buckets N] [--dim N] [--epochs N] [--batch N] [--rate X]\n"
    "  [--temperature X] [--drop X] [--title X] [--local X] [--title-factor X] [--part-factor X]\n"
    "  [--per-set N] [--lsa-rounds N] [--drop-stop] [--without-bench]\n";

struct number {
    const char *name;
    unsigned *u;
    float *f;
    double min, max;
};

static bool set_number(struct number *list, size_t n, const char *option, const char *value)
{
    for (struct number *x = list; x < list + n; x++) {
        if (strcmp(option + 2, x->name) != 0)
            continue;
        char *end;
        double v = strtod(value, &end);
        if (*end || end == value || !(v >= x->min && v <= x->max))
            return say("%s must be %g to %g", option, x->min, x->max), false;
        if (x->u)
            *x->u = (unsigned)v;
        else
            *x->f = (float)v;
        return true;
    }
    return say("%s: no such option\n%s", option, usage), false;
}

static int read_options(int argc, char **argv, struct options *o)
{
    unsigned seed = 1;
    struct number numbers[] = {
        {"seed", &seed, NULL, 0, 4e9},
        {"threads", &o->threads, NULL, 1, 64},
        {"words", &o->words, NULL, 64, 500000},
        {"buckets", &o->buckets, NULL, 0, 500000},
        {"dim", &o->dim, NULL, 16, STATIC_DIM_MAX},
        {"epochs", &o->epochs, NULL, 0, 1000},
        {"batch", &o->batch, NULL, 4, 8192},
        {"rate", NULL, &o->rate, 0, 1},
        {"temperature", NULL, &o->temperature, 0.001, 10},
        {"drop", NULL, &o->drop, 0, 1},
        {"title", NULL, &o->title, 0, 1},
        {"local", NULL, &o->local, 0, 1},
        {"title-factor", NULL, &o->title_factor, 0.1, 50},
        {"part-factor", NULL, &o->part_factor, 0, 10},
        {"per-set", &o->per_set, NULL, 1, 4e9},
        {"lsa-rounds", &o->lsa_rounds, NULL, 0, 100},
        {"lsa-power", NULL, &o->lsa_power, 0, 2},
        {"lsa-answers", &o->lsa_answers, NULL, 1, 4e9},
    };
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (strncmp(a, "--", 2) != 0)
            return say("%s: what is that? %s", a, usage), 2;
        if (!strcmp(a, "--drop-stop")) {
            o->keep_stop = false;
            continue;
        }
        if (!strcmp(a, "--without-bench")) {
            o->without_bench = true;
            continue;
        }
        if (!v)
            return say("%s needs a value\n%s", a, usage), 2;
        i++;
        const char **text = !strcmp(a, "--pairs")  ? &o->pairs
                            : !strcmp(a, "--out")  ? &o->out
                            : !strcmp(a, "--name") ? &o->name
                                                   : NULL;
        if (text) {
            *text = v;
            continue;
        }
        if (!set_number(numbers, sizeof(numbers) / sizeof(*numbers), a, v))
            return 2;
    }
    o->seed = seed;
    if (!o->pairs || !o->out)
        return say("--pairs and --out are needed\n%s", usage), 2;
    if (o->dim % 16 || o->batch % 4)
        return say("--dim must be a multiple of 16 and --batch one of 4"), 2;
    if (strlen(o->name) > 40 || strpbrk(o->name, " /"))
        return say("--name: at most 40 letters, no blank or slash"), 2;
    return 0;
}

int main(int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {.dim = 256,
                        .words = 44000,
                        .buckets = 12000,
                        .batch = 1024,
                        .epochs = 2,
                        .threads = cpus > 0 && cpus < 64 ? (unsigned)cpus : 2,
                        .per_set = 8000,
                        .query_max = 64,
                        .answer_max = 160,
                        .lsa_rounds = 4,
                        .lsa_answers = 150000,
                        .rate = 0.0012f,
                        .temperature = 0.1f,
                        .lsa_power = 0,
                        .title_factor = 2,
                        .part_factor = 0.5f,
                        .drop = 0.5f,
                        .title = 0.3f,
                        .local = 0.3f,
                        .keep_stop = true,
                        .name = "docs-1"};
    int r = read_options(argc, argv, &o);
    if (r)
        return r;
    struct corpus c = {0};
    struct image im = {0};
    if (corpus_read(&c, &im, &o))
        return 1;
    size_t rows = im.m.head->words + im.m.head->buckets;
    struct weights w = {.rows = rows,
                        .row = must_alloc(rows * o.dim, sizeof(float)),
                        .query = must_alloc(rows, sizeof(float)),
                        .passage = must_alloc(rows, sizeof(float))};
    lsa(&c, &o, rows, w.row);
    learn(&c, &o, &w);
    r = image_write(&im, w.row, w.query, w.passage, o.out);
    free(w.row);
    free(w.query);
    free(w.passage);
    free(c.pair);
    free(c.unit);
    free(c.set_at);
    free(c.idf);
    free(im.data);
    return r;
}
