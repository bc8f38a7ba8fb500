/* SPDX-License-Identifier: MIT
 * Training of the static embedding model.
 *
 *   pairs.c    reads pairs, chooses the vocabulary, turns texts into rows with counts
 *   lsa.c      first vectors: latent semantic analysis of the answers
 *   learn.c    the vectors and weights, by contrast between the pairs of a batch
 *   image.c    the model file
 *   main.c     model-train
 *
 * Everything is a function of the pairs, the options and the seed; the number of threads changes
 * only the time, because every sum is made by one thread in one order. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/embed/static.h"

struct options {
    unsigned dim, words, buckets, batch, epochs, threads, per_set, query_max, answer_max;
    unsigned lsa_rounds, lsa_answers, held_out;
    float rate, temperature, lsa_power, title_factor, part_factor;
    float drop;  /* share of questions that lose the words their answer has */
    float title; /* share of answers that keep the question in their title */
    float local; /* share of batches from neighbouring pages */
    bool keep_stop, without_bench;
    uint64_t seed;
    const char *name, *pairs, *out;
};

/* A row and how often it occurs, in sixteenths. */
struct unit {
    uint32_t row : 20, count : 12;
};

struct text {
    uint32_t at; /* in units */
    uint32_t n;
};

struct pair {
    struct text question, answer;
    uint64_t question_hash, answer_hash;
    uint32_t set;
};

struct corpus {
    struct pair *pair; /* in the order of the files: neighbours are of one page */
    size_t n;
    struct unit *unit;
    size_t units, units_cap;
    uint32_t sets, words;
    size_t *set_at; /* [sets + 1] */
    float *idf;     /* [rows] */
};

static inline uint64_t random_next(uint64_t *s) /* SplitMix64 (Vigna) */
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static inline float random_unit(uint64_t *s)
{
    return (float)(random_next(s) >> 40) * 0x1p-24f;
}

void *must_alloc(size_t n, size_t size);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Runs fn(arg, thread) on all threads and waits. */
typedef void thread_fn(void *arg, unsigned thread);
void on_threads(unsigned threads, thread_fn *fn, void *arg);

/* ---- image.c: a model file in memory ---- */

struct image {
    unsigned char *data;
    size_t len;
    struct static_model m; /* points into data */
};
/* Words must be different. Rows and factors are zero. */
void image_new(struct image *im, const struct options *o, char *const *word, size_t n);
/* Fills rows and factors, seals, checks and writes. */
int image_write(struct image *im, const float *row, const float *query, const float *passage,
                const char *path);

/* ---- pairs.c ---- */
int corpus_read(struct corpus *c, struct image *im, const struct options *o);

/* ---- lsa.c ---- */
void lsa(const struct corpus *c, const struct options *o, size_t rows, float *row);

/* ---- learn.c ---- */
struct weights {
    float *row;             /* [rows][dim] */
    float *query, *passage; /* [rows] logarithms of the factors */
    size_t rows;
};
void learn(const struct corpus *c, const struct options *o, struct weights *w);
