/* SPDX-License-Identifier: MIT
 * What the first passages have in common says what a question is about where the model does not
 * know the words of its field: those read again are scored by the words of the best of them as
 * well. Words are compared by hash and unstemmed, and their rarity is that among the passages
 * read, so that nothing has to be looked up. */
#include "core/search/search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"

#define BEST 5      /* passages learned from */
#define WORDS 30    /* taken from them */
#define STEEP 4.0   /* how fast a passage counts less that scores less */
#define SMOOTH 30.0 /* words added to every length: a short passage proves little */
#define K1 1.2
#define B 0.75

void expand_fini(struct expand *x)
{
    free(x->word);
    free(x->start);
    *x = (struct expand){0};
}

int expand_begin(struct expand *x)
{
    size_t *grown = reallocarray(x->start, x->n + 2, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    x->start = grown;
    x->start[x->n++] = x->words;
    x->start[x->n] = x->words;
    return 0;
}

uint32_t expand_hash(const char *word, size_t len)
{
    if (token_is_stopword(word, len))
        return 0;
    len -= len > 3 && word[len - 1] == 's'; /* most of what a stemmer would do */
    uint32_t hash = (uint32_t)hash64(word, len, 0);
    return hash ? hash : 1;
}

int expand_word(struct expand *x, uint32_t hash)
{
    if (x->words == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 8192;
        union expand_word *grown = reallocarray(x->word, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        x->word = grown;
        x->cap = cap;
    }
    x->word[x->words++].hash = hash;
    x->start[x->n] = x->words;
    return 0;
}

/* A different word of the passages read. */
struct entry {
    uint32_t hash, last; /* passage that counted it last, + 1 */
    unsigned seen;       /* passages that hold it */
    double weight;
    unsigned taken; /* place among the words taken, + 1 */
};

/* Numbers the words: word[i].hash becomes the place of its entry. */
static struct entry *number(struct expand *x, size_t *ret_slots)
{
    size_t slots = 1024;
    while (slots < 2 * x->words)
        slots *= 2;
    struct entry *e = calloc(slots, sizeof(*e));
    for (size_t p = 0; e && p < x->n; p++)
        for (size_t i = x->start[p]; i < x->start[p + 1]; i++) {
            uint32_t hash = x->word[i].hash;
            size_t at = hash & (slots - 1);
            while (e[at].last && e[at].hash != hash)
                at = (at + 1) & (slots - 1);
            e[at].hash = hash;
            e[at].seen += e[at].last != p + 1;
            e[at].last = (uint32_t)p + 1;
            x->word[i].entry = (uint32_t)at;
        }
    *ret_slots = slots;
    return e;
}

static void best_passages(const double *score, size_t n, size_t best[BEST], size_t *ret_n)
{
    size_t got = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = got;
        while (at > 0 && score[i] > score[best[at - 1]])
            at--;
        if (at == BEST)
            continue;
        got += got < BEST;
        memmove(&best[at + 1], &best[at], (got - 1 - at) * sizeof(*best));
        best[at] = i;
    }
    *ret_n = got;
}

static void learn(const struct expand *x, const double *score, struct entry *e)
{
    size_t best[BEST], n;
    best_passages(score, x->n, best, &n);
    for (size_t k = 0; k < n; k++) {
        size_t p = best[k], from = x->start[p], to = x->start[p + 1];
        double w = exp((score[p] - score[best[0]]) * STEEP) / ((double)(to - from) + SMOOTH);
        for (size_t i = from; i < to; i++)
            e[x->word[i].entry].weight += w;
    }
}

static int heaviest(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* The words taken, heaviest first; returns how many. */
static size_t take(struct entry *e, size_t slots, size_t passages, struct entry **list)
{
    size_t n = 0;
    for (size_t i = 0; i < slots; i++)
        if (e[i].weight > 0) {
            e[i].weight *= log(1 + 2 * (double)passages / (e[i].seen + 0.5));
            list[n++] = &e[i];
        }
    if (n)
        qsort(list, n, sizeof(*list), heaviest);
    n = n < WORDS ? n : WORDS;
    for (size_t i = 0; i < n; i++)
        list[i]->taken = (unsigned)i + 1;
    return n;
}

static double match(const struct expand *x, size_t p, const struct entry *e,
                    struct entry *const *list, size_t n, double mean)
{
    unsigned tf[WORDS] = {0};
    size_t words = x->start[p + 1] - x->start[p];
    double length = K1 * (1 - B + B * (double)words / mean), sum = 0;
    for (size_t i = x->start[p]; i < x->start[p + 1]; i++)
        if (e[x->word[i].entry].taken)
            tf[e[x->word[i].entry].taken - 1]++;
    for (size_t i = 0; i < n; i++)
        sum += list[i]->weight * tf[i] * (K1 + 1) / (tf[i] + length);
    return sum;
}

int expand_score(struct expand *x, const double *score, double *out)
{
    size_t slots;
    _cleanup_free_ struct entry *e = number(x, &slots);
    _cleanup_free_ struct entry **list = calloc(x->words + 1, sizeof(*list));
    if (!e || !list)
        return -ENOMEM;
    learn(x, score, e);
    size_t n = take(e, slots, x->n, list);
    double most = 0, mean = fmax((double)x->words / (double)(x->n ? x->n : 1), 1);
    for (size_t p = 0; p < x->n; p++) {
        out[p] = match(x, p, e, list, n, mean);
        most = fmax(most, out[p]);
    }
    for (size_t p = 0; p < x->n && most > 0; p++)
        out[p] /= most;
    return 0;
}
