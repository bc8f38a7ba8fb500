/* SPDX-License-Identifier: MIT
 * Inside of the job queue.
 *
 *   args.c    what a job is asked to do: JSON checked and read
 *   queue.c   the public calls on the queue
 *   run.c     kinds of jobs: each calls the verb of the library it stands for
 *   worker.c  threads that take jobs and end them
 *   inotify.c directories watched;  keeper.c  the thread that queues refreshes
 *   rest.c    what is made again while nothing changes */
#pragma once
#include <jansson.h>
#include "core/docfs_jobs.h"
#include "core/internal.h"
#include "core/store/jobs.h"
#include "core/util/grow.h"

/* ---- args.c ---- */

struct job_args {
    json_t *json; /* owned; the strings below point into it */
    const char *location, *collection, *query, *kind, *ref, *subdir, *policy;
    const char **include, **exclude, **options; /* arrays owned */
    int64_t source, max_file;
    unsigned threads;
    bool force, remote;
};
/* Checks args against what the kind takes. -EINVAL with the member's name. */
int job_args_read(const char *kind, const char *args, struct job_args *ret, struct docfs_err *err);
/* What can be wrong about them on this machine: a path that is missing, a policy. */
int job_args_check(const struct job_args *a, struct docfs_err *err);
void job_args_fini(struct job_args *a);
/* args as they are stored: members ordered, a relative path made absolute. NULL: out of memory. */
char *job_args_canonical(struct job_args *a);

/* ---- run.c ---- */

/* Does the job; result: a JSON object as text for the row, caller frees (NULL = none). */
int job_run(struct docfs *d, const struct store_job *job, docfs_progress_fn *progress, void *arg,
            char **ret_result, struct docfs_err *err);
/* The job may succeed when tried again later. */
bool job_transient(int code);
