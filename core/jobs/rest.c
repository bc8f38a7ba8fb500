/* SPDX-License-Identifier: MIT
 * The file index/words answers alone only while nothing came or went since it was made; one passage
 * more, and each question also asks the full text. An ingest makes it again when a fifth is behind:
 * more often would cost more than it saves. Here is time for the rest: a hundredth is made up for
 * after setting index.rest without changes, less than that after LONG times as long. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/docfs_freshness.h"
#include "core/jobs/jobs.h"
#include "core/util/clock.h"

#define MS INT64_C(1000000)
#define LOOK_MAX (1000 * MS) /* between looks at the generation */
#define LOOK_MIN (10 * MS)
#define LONG 20
#define NICE 10

struct docfs_rest {
    struct docfs *d;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stop;
    uint64_t generation;
    int64_t since; /* when it was first seen */
    unsigned done; /* of the two steps, since then */
};

static bool busy(struct docfs *d)
{
    _cleanup_read_ struct store_read *r = NULL;
    size_t done, total;
    return store_read_begin(d->store, &r, NULL) < 0 ||
           store_running_job(r, &done, &total, NULL) != 0;
}

static void look(struct docfs_rest *x, int64_t rest, int64_t now)
{
    uint64_t generation;
    if (docfs_generation(x->d, &generation, NULL) < 0)
        return;
    if (generation != x->generation) {
        x->generation = generation;
        x->since = now;
        x->done = 0;
    }
    if (x->done == 2 || now - x->since < (x->done ? LONG * rest : rest) || busy(x->d))
        return;
    if (words_renew(x->d, x->done == 1, &x->stop, NULL) != -EWOULDBLOCK)
        x->done++;
}

static void *work(void *arg)
{
    struct docfs_rest *x = arg;
    int niceness = nice(NICE); /* of this thread alone */
    (void)niceness;
    pthread_mutex_lock(&x->lock);
    while (!atomic_load(&x->stop)) {
        pthread_mutex_unlock(&x->lock);
        int64_t rest = setting_int(x->d, "index.rest") * MS, now = clock_mono_ns();
        if (rest)
            look(x, rest, now);
        int64_t wait = rest && rest < LOOK_MAX ? rest : LOOK_MAX;
        int64_t until = clock_mono_ns() + (wait < LOOK_MIN ? LOOK_MIN : wait);
        struct timespec end = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        pthread_mutex_lock(&x->lock);
        while (!atomic_load(&x->stop) && pthread_cond_timedwait(&x->wake, &x->lock, &end) == 0)
            ;
    }
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

void docfs_rest_start(struct docfs *d, struct docfs_rest **ret)
{
    struct docfs_rest *x = calloc(1, sizeof(*x));
    *ret = NULL;
    if (!x)
        return;
    x->d = d;
    pthread_mutex_init(&x->lock, NULL);
    clock_cond_init(&x->wake);
    if (pthread_create(&x->thread, NULL, work, x) == 0)
        *ret = x;
    else
        free(x);
}

void docfs_rest_stop(struct docfs_rest *x)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    atomic_store(&x->stop, true);
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
    pthread_join(x->thread, NULL);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->wake);
    free(x);
}
