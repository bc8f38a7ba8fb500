/* SPDX-License-Identifier: MIT
 * One thread for what happens once in a while: polled streams, connections and kept answers that
 * overstayed, the query log, tokens, memory that is free, the watchdog. */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/sidecar/internal.h"
#include "core/util/clock.h"

#define TRIM_NS (10 * SECOND_NS)

struct ticker {
    struct server *s;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, woken;
};

/* Questions leave holes between what is kept, which malloc would hold on to: half of its memory. */
static void trim(const struct server *s, unsigned long long *answered)
{
    unsigned long long now = atomic_load(&s->metrics.bytes_out);
    if (now != *answered)
        malloc_trim(0);
    *answered = now;
}

static void *tick(void *arg)
{
    struct ticker *t = arg;
    struct server *s = t->s;
    int64_t second = 0, watchdog = notify_watchdog_ns(), patted = 0, flushed = 0, trimmed = 0;
    unsigned long long answered = 0;
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        t->woken = false;
        pthread_mutex_unlock(&t->lock);
        int64_t now = clock_mono_ns();
        unsigned wait = streams_tick(s->streams, now);
        if (now - second >= SECOND_NS) {
            second = now;
            conns_sweep(s, now);
            cache_sweep(s->cache, now);
            asked_flush(s->asked, s->d);
            docfs_opens_settle(s->opens, false);
            if (docfs_replaced(s->d))
                kill(getpid(), SIGUSR1);
            if (s->need_token) {
                tokens_load(s->tokens, s->d, NULL);
                if (now - flushed >= 60 * SECOND_NS) {
                    flushed = now;
                    tokens_flush(s->tokens, s->d);
                }
            }
        }
        if (now - trimmed >= TRIM_NS) {
            trimmed = now;
            trim(s, &answered);
        }
        if (watchdog && now - patted >= watchdog) {
            notify_systemd("WATCHDOG=1");
            patted = now;
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(wait % 1000) * 1000000;
        until.tv_sec += wait / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&t->lock);
        int r = 0;
        while (!t->stop && !t->woken && r == 0)
            r = pthread_cond_timedwait(&t->wake, &t->lock, &until);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct ticker *ticker_new(struct server *s)
{
    struct ticker *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->s = s;
    pthread_mutex_init(&t->lock, NULL);
    clock_cond_init(&t->wake);
    if (pthread_create(&t->thread, NULL, tick, t) != 0) {
        free(t);
        return NULL;
    }
    return t;
}

void ticker_wake(struct ticker *t)
{
    pthread_mutex_lock(&t->lock);
    t->woken = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void ticker_stop(struct ticker *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
}

void ticker_free(struct ticker *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t);
}
