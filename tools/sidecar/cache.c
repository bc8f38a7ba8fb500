/* SPDX-License-Identifier: MIT
 * Kept answers: rendered bytes by raw request. An entry of an older generation is never served. */
#include <stdlib.h>
#include <string.h>

#include "core/util/hash.h"
#include "tools/sidecar/internal.h"

#define SHARDS 16
#define SLOTS 1024 /* buckets of a shard */
/* Changes that move no generation (settings of another process) are seen this late. */
#define KEEP_NS (5 * SECOND_NS)

struct entry {
    struct entry *chain;         /* in the bucket */
    struct entry *older, *newer; /* by use */
    uint64_t hash;
    struct kept *kept;
    size_t key_len, cost;
    char key[];
};

struct shard {
    pthread_mutex_t lock;
    struct entry *bucket[SLOTS];
    struct entry *oldest, *newest;
    size_t n, bytes;
    unsigned long long evicted; /* for want of room */
};

struct cache {
    size_t max; /* bytes of a shard */
    struct shard shard[SHARDS];
};

void kept_unref(struct kept *k)
{
    if (!k || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    free(k->body);
    free(k->asked);
    free(k);
}

struct cache *cache_new(int64_t max_bytes)
{
    struct cache *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->max = (size_t)max_bytes / SHARDS;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&c->shard[i].lock, NULL);
    return c;
}

static void unlink_use(struct shard *s, struct entry *e)
{
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
}

static void link_newest(struct shard *s, struct entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void drop(struct shard *s, struct entry *e)
{
    struct entry **at = &s->bucket[e->hash / SHARDS % SLOTS];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_use(s, e);
    s->n--;
    s->bytes -= e->cost;
    kept_unref(e->kept);
    free(e);
}

void cache_clear(struct cache *c)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shard[i];
        pthread_mutex_lock(&s->lock);
        while (s->oldest)
            drop(s, s->oldest);
        pthread_mutex_unlock(&s->lock);
    }
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    cache_clear(c);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&c->shard[i].lock);
    free(c);
}

static struct entry *find(struct shard *s, uint64_t hash, const void *key, size_t len)
{
    for (struct entry *e = s->bucket[hash / SHARDS % SLOTS]; e; e = e->chain)
        if (e->hash == hash && e->key_len == len && memcmp(e->key, key, len) == 0)
            return e;
    return NULL;
}

struct kept *cache_get(struct cache *c, const void *key, size_t len, uint64_t generation,
                       int64_t now_ns)
{
    uint64_t hash = hash64(key, len, 0);
    struct shard *s = &c->shard[hash % SHARDS];
    struct kept *k = NULL;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, hash, key, len);
    if (e && (e->kept->generation != generation || e->kept->expires_ns < now_ns)) {
        drop(s, e);
        e = NULL;
    }
    if (e) {
        k = e->kept;
        atomic_fetch_add(&k->refs, 1);
        if (e != s->newest) {
            unlink_use(s, e);
            link_newest(s, e);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return k;
}

/* Unused for the longest time comes first, so what is expired behind it soon is too. */
static void drop_expired(struct shard *s, int64_t now_ns)
{
    while (s->oldest && s->oldest->kept->expires_ns < now_ns)
        drop(s, s->oldest);
}

void cache_sweep(struct cache *c, int64_t now_ns)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shard[i];
        pthread_mutex_lock(&s->lock);
        drop_expired(s, now_ns);
        pthread_mutex_unlock(&s->lock);
    }
}

void cache_put(struct cache *c, const void *key, size_t len, struct kept *k)
{
    size_t cost = sizeof(struct entry) + sizeof(*k) + len + k->len + 64;
    if (cost > c->max)
        return;
    struct entry *e = malloc(sizeof(*e) + len);
    if (!e)
        return;
    *e = (struct entry){.hash = hash64(key, len, 0), .kept = k, .key_len = len, .cost = cost};
    memcpy(e->key, key, len);
    k->expires_ns = clock_mono_ns() + KEEP_NS;
    atomic_fetch_add(&k->refs, 1);
    struct shard *s = &c->shard[e->hash % SHARDS];
    pthread_mutex_lock(&s->lock);
    struct entry *old = find(s, e->hash, key, len);
    if (old)
        drop(s, old);
    for (; s->oldest && s->bytes + cost > c->max; s->evicted++)
        drop(s, s->oldest);
    e->chain = s->bucket[e->hash / SHARDS % SLOTS];
    s->bucket[e->hash / SHARDS % SLOTS] = e;
    link_newest(s, e);
    s->n++;
    s->bytes += cost;
    pthread_mutex_unlock(&s->lock);
}

void cache_figures(struct cache *c, struct cache_figures *ret)
{
    *ret = (struct cache_figures){0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shard[i];
        pthread_mutex_lock(&s->lock);
        ret->entries += s->n;
        ret->bytes += s->bytes;
        ret->evicted += s->evicted;
        pthread_mutex_unlock(&s->lock);
    }
}
