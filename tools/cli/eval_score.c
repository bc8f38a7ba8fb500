/* SPDX-License-Identifier: MIT
 * Measures as trec_eval and BEIR define them: nDCG with linear gains and log2(rank + 1), recall
 * over all relevant documents, a gain of 0 or less is not relevant. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/cli/eval.h"

static double gain_of(const struct eval_query *q, const char *document)
{
    for (size_t i = 0; i < q->n_gains; i++)
        if (strcmp(q->gain[i].document, document) == 0)
            return q->gain[i].gain;
    return 0;
}

/* The best discounted gain ten places can hold: the ten largest gains in order. */
static double ideal10(const struct eval_query *q)
{
    double best[10] = {0}, sum = 0;
    for (size_t i = 0; i < q->n_gains; i++) {
        double g = q->gain[i].gain;
        for (size_t k = 0; k < 10 && g > 0; k++)
            if (g > best[k]) {
                double lower = best[k];
                best[k] = g;
                g = lower;
            }
    }
    for (size_t k = 0; k < 10; k++)
        sum += best[k] / log2((double)k + 2);
    return sum;
}

struct eval_score eval_score(const struct eval_query *q, const char *const *document, size_t n)
{
    struct eval_score s = {0};
    size_t relevant = 0;
    double dcg = 0, found10 = 0, found100 = 0;
    for (size_t i = 0; i < q->n_gains; i++)
        relevant += q->gain[i].gain > 0;
    for (size_t i = 0; i < n && i < 100; i++) {
        double g = gain_of(q, document[i]);
        if (g <= 0)
            continue;
        found100++;
        if (i >= 10)
            continue;
        found10++;
        dcg += g / log2((double)i + 2);
        if (s.mrr10 == 0)
            s.mrr10 = 1 / ((double)i + 1);
    }
    double ideal = ideal10(q);
    s.ndcg10 = ideal > 0 ? dcg / ideal : 0;
    s.recall10 = relevant ? found10 / (double)relevant : 0;
    s.recall100 = relevant ? found100 / (double)relevant : 0;
    return s;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double eval_quantile(double *v, size_t n, double part)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof(*v), by_value);
    size_t i = (size_t)(part * (double)n);
    return v[i < n ? i : n - 1];
}

#define SAMPLES 2000

int eval_bootstrap(const double *v, size_t n, struct eval_interval *ret)
{
    double *mean = calloc(SAMPLES, sizeof(*mean)), sum = 0;
    uint64_t seed = 1;
    size_t below = 0;
    if (!mean)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    for (size_t s = 0; s < SAMPLES && n; s++) {
        double x = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t z = seed += 0x9e3779b97f4a7c15u; /* SplitMix64 (Vigna) */
            z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
            z = (z ^ z >> 27) * 0x94d049bb133111ebu;
            x += v[(z ^ z >> 31) % n];
        }
        mean[s] = x / (double)n;
        below += mean[s] <= 0;
    }
    *ret = (struct eval_interval){.mean = n ? sum / (double)n : 0,
                                  .chance = (double)below / SAMPLES,
                                  .low = eval_quantile(mean, SAMPLES, 0.025),
                                  .high = eval_quantile(mean, SAMPLES, 0.975)};
    free(mean);
    return 0;
}
