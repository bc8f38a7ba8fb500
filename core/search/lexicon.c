/* SPDX-License-Identifier: MIT
 * What the names in index/words stand for: the stem, and the rows of the embedding model. That is
 * the same for every question, and most words of a question's passages were in those of others.
 *
 * An entry is one number, written once it is complete: readers need no lock. */
#include "core/search/lexicon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"

/* Rows of words that have several; when it is full, they are not kept. */
#define POOL (512u << 10)

/* Lower half of an entry; the upper one is the hash of the stem. */
#define UNKNOWN 0u
#define NO_ROW 1u
#define ONE_ROW 2u /* and more: the row + 2 */
#define SEVERAL (1u << 31)

struct lexicon {
    atomic_uint refs;
    uint64_t model;
    uint32_t names;
    _Atomic uint64_t *entry;
    pthread_mutex_t lock; /* of used */
    uint32_t *pool;       /* how many rows, then the rows */
    size_t used;
};

struct lexicon *lexicon_new(uint32_t names, uint64_t model)
{
    struct lexicon *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    atomic_init(&l->refs, 1);
    pthread_mutex_init(&l->lock, NULL);
    l->model = model;
    l->names = names;
    l->entry = calloc(names ? names : 1, sizeof(*l->entry));
    l->pool = calloc(POOL, sizeof(*l->pool)); /* takes memory as it fills */
    if (l->entry && l->pool)
        return l;
    lexicon_unref(l);
    return NULL;
}

struct lexicon *lexicon_ref(struct lexicon *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void lexicon_unref(struct lexicon *l)
{
    if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l->entry);
    free(l->pool);
    free(l);
}

bool lexicon_is_of(const struct lexicon *l, uint64_t model)
{
    return l->model == model;
}

void lexicon_fetch(const struct lexicon *l, uint32_t name)
{
    if (l && name < l->names)
        __builtin_prefetch(&l->entry[name]);
}

bool lexicon_get(const struct lexicon *l, uint32_t name, struct lexicon_word *ret)
{
    if (name >= l->names)
        return false;
    uint64_t entry = atomic_load_explicit(&l->entry[name], memory_order_acquire);
    uint32_t code = (uint32_t)entry;
    ret->stem = (uint32_t)(entry >> 32);
    ret->n = code >= ONE_ROW;
    ret->row[0] = code - ONE_ROW;
    if (code & SEVERAL) {
        const uint32_t *at = &l->pool[code & ~SEVERAL];
        ret->n = at[0];
        memcpy(ret->row, at + 1, at[0] * sizeof(*at));
    }
    return code != UNKNOWN;
}

/* The code of the rows, which are in the pool then; UNKNOWN when it is full. */
static uint32_t put_rows(struct lexicon *l, const struct lexicon_word *w)
{
    uint32_t code = UNKNOWN;
    pthread_mutex_lock(&l->lock);
    if (l->used + w->n + 1 <= POOL) {
        code = SEVERAL | (uint32_t)l->used;
        l->pool[l->used] = (uint32_t)w->n;
        memcpy(&l->pool[l->used + 1], w->row, w->n * sizeof(*w->row));
        l->used += w->n + 1;
    }
    pthread_mutex_unlock(&l->lock);
    return code;
}

void lexicon_put(struct lexicon *l, uint32_t name, const struct lexicon_word *w)
{
    if (name >= l->names)
        return;
    uint32_t code = w->n == 0                                    ? NO_ROW
                    : w->n == 1 && w->row[0] < SEVERAL - ONE_ROW ? w->row[0] + ONE_ROW
                                                                 : put_rows(l, w);
    if (code != UNKNOWN)
        atomic_store_explicit(&l->entry[name], (uint64_t)w->stem << 32 | code,
                              memory_order_release);
}
