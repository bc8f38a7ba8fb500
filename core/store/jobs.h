/* SPDX-License-Identifier: MIT
 * The job queue. Whoever runs a job holds a lock on its byte of jobs.lock, which the kernel drops
 * with the process: that tells a living run from one that was killed, whatever became of its pid.
 */
#pragma once
#include "core/store/store.h"

struct store_job_progress {
    const char *phase;
    int64_t total, done, bytes, bytes_done, documents, passages, failed;
};

/* A run in the foreground: a row that is running from the start and that nobody takes over. */
int store_job_begin(struct store_write *w, const char *kind, const char *target, const char *args,
                    int64_t source, int64_t *ret, struct docfs_err *err);
int store_job_progress(struct store_write *w, int64_t job, const struct store_job_progress *p,
                       struct docfs_err *err);
/* Which source a queued job turned out to be about. */
int store_job_source(struct store_write *w, int64_t job, int64_t source, struct docfs_err *err);
/* The run is over: state "done", "failed", "cancelled"; or "queued" / "waiting" with next_at to go
 * back to the queue (refund: the attempt does not count). Gives up the lock at the commit. */
struct store_job_end {
    const char *state, *message, *result;
    int64_t next_at;
    bool refund;
};
int store_job_end(struct store_write *w, int64_t job, const struct store_job_end *e,
                  struct docfs_err *err);

struct store_job_new {
    const char *kind, *target, *args, *origin;
    int64_t priority, max_attempts, next_at;
};
/* *ret_known: an equal job was queued already and is returned. */
int store_job_put(struct store_write *w, const struct store_job_new *job, int64_t *ret,
                  bool *ret_known, struct docfs_err *err);
/* Rows that say running although their process is gone: back to the queue, or interrupted. An
 * event tells of each, and of the next run on the same collection that comes to its end. */
int store_job_reap(struct store_write *w, struct docfs_err *err);
int store_job_cancel(struct store_write *w, int64_t job, struct docfs_err *err);
int store_job_retry(struct store_write *w, int64_t job, int64_t attempts, struct docfs_err *err);

struct store_job {
    int64_t id, source, pid, priority, attempts, max_attempts;
    int64_t created_at, next_at, started_at, finished_at, beat_at, revision;
    struct store_job_progress progress; /* its phase is owned as `phase` */
    char *kind, *target, *args, *origin, *state, *phase, *message, *result;
    bool cancel;
};
struct store_jobs {
    struct store_job *item;
    size_t n;
};
/* Takes the due job of the highest priority and its lock: 1 with ret filled (store_job_fini),
 * 0 when none is due. */
int store_job_claim(struct store_write *w, struct store_job *ret, struct docfs_err *err);

/* id 0 = all. Newest first; with since > 0 by revision. A running row whose process is gone is
 * given as "interrupted". */
struct store_job_filter {
    int64_t id, since;
    const char *states; /* ",queued,running,"; NULL = all */
    const char *kind, *target;
    size_t max;
};
int store_list_jobs(struct store_read *r, const struct store_job_filter *f, struct store_jobs *ret,
                    struct docfs_err *err);
void store_job_fini(struct store_job *j);
void store_jobs_fini(struct store_jobs *j);
int store_jobs_revision(struct store_read *r, int64_t *ret, struct docfs_err *err);
/* Whether a job is due now, and when the next one will be (0 = none is waiting). Rows of dead
 * processes count as due. */
int store_jobs_due(struct store_read *r, int64_t now, bool *ret_due, int64_t *ret_next,
                   struct docfs_err *err);
/* Somebody wants the job to stop. */
int store_job_cancelled(struct store_read *r, int64_t job, bool *ret, struct docfs_err *err);

/* Progress and a sign of life outside of any transaction. Never waits: nothing is written while
 * somebody else writes. */
void store_job_beat(struct store *s, int64_t job, const struct store_job_progress *p);

/* Gives up the lock of a job whose end cannot be written: it is taken over as if we were dead. */
void store_job_abandon(struct store *s, int64_t job);

struct store_queue {
    size_t waiting, running;    /* now */
    size_t failed, interrupted; /* since then; interrupted: their process died */
};
int store_queue(struct store_read *r, int64_t since, struct store_queue *ret,
                struct docfs_err *err);

/* Runs whose process is gone and that nobody has dealt with yet, as the events they will be. */
int store_each_dead_run(struct store_read *r, store_event_fn *fn, void *arg, struct docfs_err *err);

/* Runs of living processes, and their files together. */
int store_running_job(struct store_read *r, size_t *ret_done, size_t *ret_total,
                      struct docfs_err *err);

/* Outcomes of the files of a source; outcome NULL = all. */
int store_list_outcomes(struct store_read *r, int64_t source, const char *outcome, size_t max,
                        store_outcome_fn *fn, void *arg, struct docfs_err *err);
