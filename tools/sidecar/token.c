/* SPDX-License-Identifier: MIT
 * The tokens of the cache, in memory: a request is checked without touching the database. */
#include <string.h>

#include "tools/sidecar/internal.h"

#define USED_MAX 64

struct tokens {
    pthread_rwlock_t lock;
    struct docfs_tokens *list; /* NULL = none read yet */
    pthread_mutex_t used_lock;
    int64_t used[USED_MAX];
    size_t n_used;
};

struct tokens *tokens_new(void)
{
    struct tokens *t = calloc(1, sizeof(*t));
    if (t) {
        pthread_rwlock_init(&t->lock, NULL);
        pthread_mutex_init(&t->used_lock, NULL);
    }
    return t;
}

void tokens_free(struct tokens *t)
{
    if (!t)
        return;
    docfs_tokens_free(t->list);
    pthread_rwlock_destroy(&t->lock);
    pthread_mutex_destroy(&t->used_lock);
    free(t);
}

int tokens_load(struct tokens *t, struct docfs *d, struct docfs_err *err)
{
    struct docfs_tokens *list;
    int r = docfs_tokens(d, &list, err);
    if (r < 0)
        return r;
    pthread_rwlock_wrlock(&t->lock);
    struct docfs_tokens *old = t->list;
    t->list = list;
    pthread_rwlock_unlock(&t->lock);
    docfs_tokens_free(old);
    return 0;
}

size_t tokens_count(struct tokens *t)
{
    pthread_rwlock_rdlock(&t->lock);
    size_t n = t->list ? t->list->n : 0;
    pthread_rwlock_unlock(&t->lock);
    return n;
}

static void note_used(struct tokens *t, int64_t id)
{
    pthread_mutex_lock(&t->used_lock);
    size_t i = 0;
    while (i < t->n_used && t->used[i] != id)
        i++;
    if (i == t->n_used && i < USED_MAX)
        t->used[t->n_used++] = id;
    pthread_mutex_unlock(&t->used_lock);
}

unsigned tokens_check(struct tokens *t, const char *token, char *name, size_t size, int64_t *ret_id)
{
    unsigned char hash[DOCFS_TOKEN_HASH];
    unsigned scopes = 0;
    docfs_token_hash(token, hash);
    int64_t now = clock_wall_ns() / SECOND_NS;
    pthread_rwlock_rdlock(&t->lock);
    for (size_t i = 0; t->list && i < t->list->n && !scopes; i++) {
        const struct docfs_token *x = &t->list->item[i];
        /* Hashes of 256 random bits: how long a comparison takes tells nothing about a token. */
        if (memcmp(x->hash, hash, sizeof(hash)) != 0 || (x->expires_at && x->expires_at <= now))
            continue;
        scopes = x->scopes;
        *ret_id = x->id;
        snprintf(name, size, "%s", x->name);
    }
    pthread_rwlock_unlock(&t->lock);
    if (scopes)
        note_used(t, *ret_id);
    return scopes;
}

void tokens_flush(struct tokens *t, struct docfs *d)
{
    int64_t used[USED_MAX];
    pthread_mutex_lock(&t->used_lock);
    size_t n = t->n_used;
    memcpy(used, t->used, n * sizeof(*used));
    t->n_used = 0;
    pthread_mutex_unlock(&t->used_lock);
    if (n)
        docfs_token_used(d, used, n, NULL);
}
