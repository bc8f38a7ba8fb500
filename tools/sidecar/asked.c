/* SPDX-License-Identifier: MIT
 * Queries to remember, collected in memory and written by the ticker: a database write for each
 * answer would be most of its cost. A question repeated within one round is written once. */
#include <stdlib.h>
#include <string.h>

#include "core/util/hash.h"
#include "tools/sidecar/internal.h"

#define NAMED_MAX 1024 /* questions known by their id */
#define ASKED_MAX 256  /* of one round; more are dropped: the log is a sample under load */

struct asked {
    pthread_mutex_t lock;
    atomic_uint round;
    size_t n;
    struct question {
        char *query;
        uint64_t hash;
        size_t hits;
        double seconds;
    } item[ASKED_MAX];
    size_t next; /* place in named that is overwritten next */
    struct named {
        char id[17];
        char *query;
    } named[NAMED_MAX];
};

struct asked *asked_new(void)
{
    struct asked *a = calloc(1, sizeof(*a));
    if (a)
        pthread_mutex_init(&a->lock, NULL);
    return a;
}

void asked_free(struct asked *a)
{
    for (size_t i = 0; a && i < a->n; i++)
        free(a->item[i].query);
    for (size_t i = 0; a && i < NAMED_MAX; i++)
        free(a->named[i].query);
    if (a)
        pthread_mutex_destroy(&a->lock);
    free(a);
}

static struct named *find(struct asked *a, const char *id)
{
    for (size_t i = 0; i < NAMED_MAX; i++)
        if (a->named[i].query && strcmp(a->named[i].id, id) == 0)
            return &a->named[i];
    return NULL;
}

void asked_name(struct asked *a, const char *id, const char *query)
{
    char *copy = strdup(query);
    pthread_mutex_lock(&a->lock);
    if (copy && strlen(id) < sizeof(a->named->id) && !find(a, id)) {
        struct named *n = &a->named[a->next++ % NAMED_MAX];
        free(n->query);
        n->query = copy;
        strcpy(n->id, id);
        copy = NULL;
    }
    pthread_mutex_unlock(&a->lock);
    free(copy);
}

char *asked_query(struct asked *a, const char *id)
{
    pthread_mutex_lock(&a->lock);
    const struct named *n = *id ? find(a, id) : NULL;
    char *copy = n ? strdup(n->query) : NULL;
    pthread_mutex_unlock(&a->lock);
    return copy;
}

unsigned asked_round(struct asked *a)
{
    return atomic_load_explicit(&a->round, memory_order_relaxed) * 2 + 1;
}

void asked_add(struct asked *a, const char *query, size_t hits, double seconds)
{
    uint64_t hash = hash64(query, strlen(query), 0);
    pthread_mutex_lock(&a->lock);
    size_t i = 0;
    while (i < a->n && (a->item[i].hash != hash || strcmp(a->item[i].query, query) != 0))
        i++;
    char *copy = i == a->n && i < ASKED_MAX ? strdup(query) : NULL;
    if (copy)
        a->item[a->n++] =
            (struct question){.query = copy, .hash = hash, .hits = hits, .seconds = seconds};
    pthread_mutex_unlock(&a->lock);
}

void asked_flush(struct asked *a, struct docfs *d)
{
    struct question item[ASKED_MAX];
    pthread_mutex_lock(&a->lock);
    size_t n = a->n;
    memcpy(item, a->item, n * sizeof(*item));
    a->n = 0;
    atomic_fetch_add_explicit(&a->round, 1, memory_order_relaxed);
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < n; i++) {
        docfs_log_query(d, "http", item[i].query, item[i].hits, item[i].seconds);
        free(item[i].query);
    }
}
