/* SPDX-License-Identifier: MIT
 * Worker threads fill a ring of slots; the writer empties it in order, so that row numbers do not
 * depend on the scheduler. Memory is bounded twice: by the number of slots, and by the bytes that
 * finished results hold; the file that the writer waits for is always let through. */
#include "core/ingest/ingest.h"
#include "core/util/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 512
#define BYTES_MAX (96u << 20)
#define STACK_SIZE (4u << 20)

struct slot {
    bool ready;
    struct work_result result;
};

struct pipeline {
    const struct work_env *env;
    const struct plan *plan;
    bool force;
    pthread_mutex_t lock;
    pthread_cond_t space, filled; /* wake workers; wake the writer */
    size_t next_in, next_out;     /* positions in plan->todo */
    size_t bytes;                 /* held by ready results */
    bool stopping;
    struct slot *slot; /* SLOTS */
    pthread_t *thread;
    unsigned n_threads;
};

static bool may_start(const struct pipeline *p)
{
    return p->next_in < p->next_out + SLOTS && (p->bytes < BYTES_MAX || p->next_in == p->next_out);
}

static void *worker(void *arg)
{
    struct pipeline *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->stopping && p->next_in < p->plan->n_todo && !may_start(p))
            pthread_cond_wait(&p->space, &p->lock);
        if (p->stopping || p->next_in == p->plan->n_todo)
            break;
        size_t at = p->next_in++;
        pthread_mutex_unlock(&p->lock);

        size_t i = p->plan->todo[at];
        const struct store_file *old =
            p->plan->known[i] ? &p->plan->old.item[p->plan->known[i] - 1] : NULL;
        struct work_result result;
        work_file(p->env, &p->plan->files.item[i], old, p->force, &result);

        pthread_mutex_lock(&p->lock);
        struct slot *s = &p->slot[at % SLOTS];
        s->result = result;
        s->ready = true;
        p->bytes += result.bytes;
        if (at == p->next_out)
            pthread_cond_signal(&p->filled);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pipeline_start(const struct work_env *env, const struct plan *plan, bool force,
                   unsigned threads, struct pipeline **ret, struct docfs_err *err)
{
    struct pipeline *p = calloc(1, sizeof(*p));
    if (!p)
        return err_oom(err);
    p->env = env;
    p->plan = plan;
    p->force = force;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->space, NULL);
    clock_cond_init(&p->filled);
    p->slot = calloc(SLOTS, sizeof(*p->slot));
    p->thread = calloc(threads, sizeof(*p->thread));
    if (!p->slot || !p->thread) {
        pipeline_stop(p);
        return err_oom(err);
    }
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    for (unsigned i = 0; i < threads; i++) {
        int r = pthread_create(&p->thread[i], &attr, worker, p);
        if (r) {
            if (i > 0)
                break; /* fewer workers, but work goes on */
            pthread_attr_destroy(&attr);
            pipeline_stop(p);
            return err_set(err, -r, "cannot start a thread: %s", strerror(r));
        }
        p->n_threads++;
    }
    pthread_attr_destroy(&attr);
    *ret = p;
    return 0;
}

int pipeline_next(struct pipeline *p, struct work_result *ret)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&p->lock);
    int r = p->next_out == p->plan->n_todo ? 0 : 1;
    struct slot *s = &p->slot[p->next_out % SLOTS];
    while (r == 1 && !s->ready)
        if (pthread_cond_timedwait(&p->filled, &p->lock, &until) == ETIMEDOUT && !s->ready)
            r = -EAGAIN;
    if (r == 1) {
        *ret = s->result;
        s->ready = false;
        p->bytes -= ret->bytes;
        p->next_out++;
        pthread_cond_broadcast(&p->space);
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

void pipeline_stop(struct pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->space);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_threads; i++)
        pthread_join(p->thread[i], NULL);
    for (size_t i = 0; p->slot && i < SLOTS; i++)
        if (p->slot[i].ready)
            work_result_fini(&p->slot[i].result);
    pthread_cond_destroy(&p->space);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    free(p->slot);
    free(p->thread);
    free(p);
}
