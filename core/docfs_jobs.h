/* SPDX-License-Identifier: MIT
 * Jobs: work on the cache that is queued, survives its process and can be watched from any other.
 *
 * A job is a row of the database. Workers (docfs_worker_start, in any number of processes) take the
 * due one of the highest priority, oldest first; two jobs on one collection never run at once. A
 * worker that dies leaves its job to the next one. A run in the foreground (docfs_add,
 * docfs_refresh) is a job too, one that nobody else takes over.
 *
 * The rules of core/docfs.h hold: 0 or -errno with one line in err, results are the caller's. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

enum docfs_job_state {
    JOB_QUEUED,
    JOB_WAITING, /* queued, but not before next_at: an attempt failed, or it was asked for later */
    JOB_RUNNING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_INTERRUPTED, /* its process ended before it did, and nobody will take it over */
};
#define JOB_STATES 7
/* "queued", ...; NULL for a number that is none. */
DOCFS_API const char *docfs_job_state_name(enum docfs_job_state s);
/* -EINVAL for a name that is none. */
DOCFS_API int docfs_job_state_parse(const char *name, enum docfs_job_state *ret);

/* ---- asking ------------------------------------------------------------------------------- */

/* What to do. args is a JSON object; members that are unknown or of the wrong type are refused. By
 * kind:
 *  - add: location (path or URL; a relative path is resolved now), collection, include, exclude
 *    (arrays of globs), kind, ref, subdir, policy, max_file, threads, force, remote: see struct
 *    docfs_ingest_options
 *  - refresh: collection or source (number), or neither for all; threads, force
 *  - remove: collection
 *  - reembed: nothing
 *  - enrich: query, or nothing for all open gaps */
struct docfs_job_new {
    const char *kind, *args; /* args NULL = {} */
    const char *origin;      /* who asks: "cli", "api", "mcp", "watch", "policy"; NULL = "api" */
    int priority;            /* -100..100; larger first */
    int64_t not_before;      /* seconds since the epoch, 0 = now */
    unsigned attempts;       /* tries in all, 0 = setting jobs.attempts */
};
/* Puts a job into the queue. When an equal one (kind and args) is queued already, that one is
 * returned (with the higher of the two priorities) and *ret_known is set; ret_known may be NULL. */
DOCFS_API int docfs_job_enqueue(struct docfs *d, const struct docfs_job_new *job, int64_t *ret_id,
                                bool *ret_known, struct docfs_err *err);
/* args of an "add" job for what docfs_add would be called with; NULL when memory is out or a
 * string is no UTF-8. Caller frees. */
DOCFS_API char *docfs_job_args_add(const char *location, const struct docfs_ingest_options *opt);

/* ---- looking ------------------------------------------------------------------------------ */

struct docfs_job {
    int64_t id;
    const char *kind, *target; /* target: the collection or location it is about, "" for all */
    const char *args;          /* JSON object */
    const char *origin;
    enum docfs_job_state state;
    bool queued; /* came through the queue; false: a run in the foreground */
    bool cancel; /* somebody wants it to stop */
    int priority;
    unsigned attempts, max_attempts;
    int64_t pid;                                  /* of the worker, 0 = none yet */
    int64_t created_at, next_at;                  /* seconds; next_at 0 = at once */
    int64_t started_at, finished_at, beat_at;     /* 0 = not yet; beat_at: last sign of life */
    int64_t source;                               /* row of its source, 0 = none or several */
    const char *phase;                            /* "", "scanning", "converting", "indexing" */
    int64_t files, files_done, bytes, bytes_done; /* of this phase */
    int64_t documents, passages, failed;          /* written; files that failed */
    const char *message;                          /* why it failed or waits, "" otherwise */
    const char *result;                           /* JSON object once done, else "" */
    uint64_t revision;                            /* grows with each change of any job */
};
struct docfs_jobs {
    struct docfs_job *item; /* newest first, or by revision with `since` */
    size_t n;
    uint64_t revision; /* of the newest change of any job */
};
struct docfs_job_filter {
    unsigned states;               /* bits 1u << enum docfs_job_state; 0 = all */
    uint64_t since;                /* only what changed after this revision */
    size_t max;                    /* 0 = 1000 */
    const char *kind, *collection; /* NULL = any; collection: the target */
};
DOCFS_API int docfs_jobs(struct docfs *d, const struct docfs_job_filter *f, struct docfs_jobs **ret,
                         struct docfs_err *err);
/* The one job (n is 1). -ENOENT when there is no such number. */
DOCFS_API int docfs_job(struct docfs *d, int64_t id, struct docfs_jobs **ret,
                        struct docfs_err *err);
DOCFS_API void docfs_jobs_free(struct docfs_jobs *j);
DEFINE_CLEANUP(struct docfs_jobs, docfs_jobs_free)
/* Revision of the newest change of any job. Cheap enough to poll ten times a second. */
DOCFS_API int docfs_jobs_revision(struct docfs *d, uint64_t *ret, struct docfs_err *err);
/* Outcome of each file of the job's source at its last run, with the reason when it was left out,
 * and for "ok" what was included or left out of it ("includes 3 files; 1 left out: WHICH: WHY").
 * outcome NULL = all, else "ok", "skipped" or "failed"; at most max. */
DOCFS_API int docfs_job_files(struct docfs *d, int64_t id, const char *outcome, size_t max,
                              struct docfs_failures **ret, struct docfs_err *err);

/* ---- steering ----------------------------------------------------------------------------- */

/* A queued job ends now, a running one at its next file (also a run in the foreground of another
 * process). -EALREADY when it has ended. */
DOCFS_API int docfs_job_cancel(struct docfs *d, int64_t id, struct docfs_err *err);
/* An ended job goes into the queue again with all its attempts. -EALREADY when it is queued or
 * runs. A run in the foreground becomes a queued one. */
DOCFS_API int docfs_job_retry(struct docfs *d, int64_t id, struct docfs_err *err);

/* ---- working ------------------------------------------------------------------------------ */

struct docfs_worker;
struct docfs_worker_options {
    unsigned slots; /* jobs at once, 0 = setting jobs.slots */
};
/* Starts threads that work on the queue until docfs_worker_stop. d must outlive the worker. */
DOCFS_API int docfs_worker_start(struct docfs *d, const struct docfs_worker_options *opt,
                                 struct docfs_worker **ret, struct docfs_err *err);
/* Nothing runs in this worker and no job is due that it could take. */
DOCFS_API bool docfs_worker_idle(struct docfs_worker *w);
/* Stops and frees; NULL allowed. Running jobs keep what they committed and go back to the queue. */
DOCFS_API void docfs_worker_stop(struct docfs_worker *w);
DEFINE_CLEANUP(struct docfs_worker, docfs_worker_stop)
