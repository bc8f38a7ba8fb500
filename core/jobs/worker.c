/* SPDX-License-Identifier: MIT
 * Threads that work on the queue. Each looks for a due job, runs it and ends it; between jobs it
 * sleeps, looking now and then whether some process wrote to the database. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/jobs/jobs.h"
#include "core/util/clock.h"

#define LOOK_MS 200     /* between looks at the queue */
#define WAIT_MAX_S 3600 /* longest back-off */

struct docfs_worker {
    struct docfs *d;
    pthread_mutex_t lock; /* stop with its condition, busy */
    pthread_cond_t wake;
    bool stop;
    unsigned busy; /* threads that look for a job or run one */
    atomic_bool stopping;
    unsigned n;
    pthread_t thread[];
};

static int on_progress(void *arg, const struct docfs_progress *p)
{
    const struct docfs_worker *w = arg;
    (void)p;
    return atomic_load(&w->stopping);
}

/* How the row ends. An attempt that was stopped by us does not count. */
static struct store_job_end verdict(const struct docfs_worker *w, const struct store_job *job,
                                    int rc, const char *text, char *result, bool cancelled)
{
    struct store_job_end e = {.state = "done", .message = "", .result = result};
    if (rc == 0)
        return e;
    e.message = text;
    e.result = NULL;
    if (rc == -ECANCELED && (cancelled || !atomic_load(&w->stopping))) {
        e.state = "cancelled";
    } else if (rc == -ECANCELED) {
        e.state = "queued";
        e.refund = true;
    } else if (job_transient(rc) && job->attempts < job->max_attempts) {
        int64_t wait = (setting_int(w->d, "jobs.backoff") + 999) / 1000;
        for (int64_t i = 1; i < job->attempts && wait < WAIT_MAX_S; i++)
            wait *= 2;
        e.state = "waiting";
        e.next_at = clock_wall_ns() / 1000000000 + (wait < WAIT_MAX_S ? wait : WAIT_MAX_S);
    } else {
        e.state = "failed";
    }
    return e;
}

static bool is_cancelled(struct docfs *d, int64_t job)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool yes = false;
    if (store_read_begin(d->store, &r, NULL) == 0)
        store_job_cancelled(r, job, &yes, NULL);
    return yes;
}

/* When the end cannot be written (full disk, busy), the lock goes all the same and the row is taken
 * over like that of a killed process. */
static void end(struct docfs_worker *w, const struct store_job *job, int rc, const char *text,
                char *result)
{
    struct store_job_end e = verdict(w, job, rc, text, result, is_cancelled(w->d, job->id));
    struct store_write *tx;
    if (store_write_begin(w->d->store, &tx, NULL) < 0) {
        store_job_abandon(w->d->store, job->id);
        return;
    }
    store_write_end(tx, store_job_end(tx, job->id, &e, NULL), NULL);
}

static void run(struct docfs_worker *w, struct store_job *job)
{
    struct docfs_err err = {0};
    _cleanup_free_ char *result = NULL;
    int rc = job_run(w->d, job, on_progress, w, &result, &err);
    end(w, job, rc, err.text, result);
}

/* Takes a job when one is due: 1 with ret filled. */
static int claim(struct docfs_worker *w, struct store_job *ret)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool due = false;
    int64_t next;
    if (store_read_begin(w->d->store, &r, NULL) < 0 ||
        store_jobs_due(r, clock_wall_ns() / 1000000000, &due, &next, NULL) < 0 || !due)
        return 0;
    struct store_write *tx;
    if (store_write_begin(w->d->store, &tx, NULL) < 0)
        return 0;
    int got = store_job_claim(tx, ret, NULL);
    if (got < 0) {
        store_write_abort(tx);
        return 0;
    }
    if (store_write_commit(tx, NULL) < 0) {
        if (got)
            store_job_fini(ret);
        return 0;
    }
    return got;
}

static void sleep_a_bit(struct docfs_worker *w)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += LOOK_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    w->busy--;
    if (!w->stop)
        pthread_cond_timedwait(&w->wake, &w->lock, &end);
    w->busy++;
    pthread_mutex_unlock(&w->lock);
}

static void *work(void *arg)
{
    struct docfs_worker *w = arg;
    while (!atomic_load(&w->stopping)) {
        struct store_job job;
        if (claim(w, &job) == 1) {
            run(w, &job);
            store_job_fini(&job);
        } else {
            sleep_a_bit(w);
        }
    }
    return NULL;
}

bool docfs_worker_idle(struct docfs_worker *w)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool due = true;
    int64_t next;
    pthread_mutex_lock(&w->lock);
    bool busy = w->busy > 0;
    pthread_mutex_unlock(&w->lock);
    if (busy || store_read_begin(w->d->store, &r, NULL) < 0)
        return false;
    store_jobs_due(r, clock_wall_ns() / 1000000000, &due, &next, NULL);
    return !due;
}

int docfs_worker_start(struct docfs *d, const struct docfs_worker_options *opt,
                       struct docfs_worker **ret, struct docfs_err *err)
{
    if (d->read_only)
        return err_set(err, -EROFS, "the cache %s is opened read-only: jobs cannot run", d->path);
    unsigned n = opt && opt->slots ? opt->slots : (unsigned)setting_int(d, "jobs.slots");
    if (n > 64)
        n = 64;
    struct docfs_worker *w = calloc(1, sizeof(*w) + n * sizeof(*w->thread));
    if (!w)
        return err_oom(err);
    w->d = d;
    pthread_mutex_init(&w->lock, NULL);
    clock_cond_init(&w->wake);
    w->busy = n;
    int rc = 0;
    for (; w->n < n && rc == 0; w->n += rc == 0)
        rc = pthread_create(&w->thread[w->n], NULL, work, w);
    if (rc) {
        docfs_worker_stop(w);
        return err_set(err, -rc, "cannot start a thread for jobs: %s", strerror(rc));
    }
    *ret = w;
    return 0;
}

void docfs_worker_stop(struct docfs_worker *w)
{
    if (!w)
        return;
    atomic_store(&w->stopping, true);
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->n; i++)
        pthread_join(w->thread[i], NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w);
}
