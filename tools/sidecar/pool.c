/* SPDX-License-Identifier: MIT
 * Worker threads over a bounded ring. */
#include <stdlib.h>

#include "tools/sidecar/internal.h"

struct task {
    pool_fn *fn;
    void *arg;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct task *ring;
    unsigned size, head, n, busy;
    bool stop;
    pthread_t *thread;
    unsigned threads;
};

static void *work(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->n && !p->stop)
            pthread_cond_wait(&p->more, &p->lock);
        if (!p->n)
            break;
        struct task t = p->ring[p->head];
        p->head = (p->head + 1) % p->size;
        p->n--;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        t.fn(t.arg);
        pthread_mutex_lock(&p->lock);
        p->busy--;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct pool *pool_new(unsigned threads, unsigned queue)
{
    struct pool *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->size = queue;
    p->ring = calloc(queue, sizeof(*p->ring));
    p->thread = calloc(threads, sizeof(*p->thread));
    for (unsigned i = 0; p->ring && p->thread && i < threads; i++) {
        if (pthread_create(&p->thread[i], NULL, work, p) != 0)
            break;
        p->threads++;
    }
    if (!p->threads) {
        pool_free(p);
        return NULL;
    }
    return p;
}

void pool_stop(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    p->threads = 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pool_stop(p);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->more);
    free(p->ring);
    free(p->thread);
    free(p);
}

bool pool_add(struct pool *p, pool_fn *fn, void *arg)
{
    pthread_mutex_lock(&p->lock);
    bool ok = p->n < p->size && !p->stop;
    if (ok) {
        p->ring[(p->head + p->n++) % p->size] = (struct task){fn, arg};
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

unsigned pool_waiting(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->n;
    pthread_mutex_unlock(&p->lock);
    return n;
}

unsigned pool_busy(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->busy;
    pthread_mutex_unlock(&p->lock);
    return n;
}
