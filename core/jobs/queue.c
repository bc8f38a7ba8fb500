/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/jobs/jobs.h"
#include "core/util/buf.h"

#define JOBS_SHOWN 1000

static const char *const state_names[JOB_STATES] = {"queued", "waiting",   "running",    "done",
                                                    "failed", "cancelled", "interrupted"};

const char *docfs_job_state_name(enum docfs_job_state s)
{
    return (unsigned)s < JOB_STATES ? state_names[s] : NULL;
}

int docfs_job_state_parse(const char *name, enum docfs_job_state *ret)
{
    for (unsigned i = 0; i < JOB_STATES; i++)
        if (strcmp(state_names[i], name) == 0) {
            *ret = (enum docfs_job_state)i;
            return 0;
        }
    return -EINVAL;
}

/* ---- asking and steering ---- */

/* Name of the collection a source belongs to, which is what the job locks; caller frees. */
static int collection_of(struct docfs *d, int64_t source, char **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_sources all = {0};
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_list_sources(r, NULL, &all, err);
    for (size_t i = 0; rc == 0 && !*ret && i < all.n; i++)
        if (all.item[i].id == source && !(*ret = strdup(all.item[i].collection_name)))
            rc = err_oom(err);
    store_sources_fini(&all);
    if (rc == 0 && !*ret)
        rc = err_set(err, -ENOENT, "there is no source %lld", (long long)source);
    return rc;
}

static int enqueue(struct docfs *d, const struct docfs_job_new *job, struct job_args *a,
                   int64_t *ret_id, bool *ret_known, struct docfs_err *err)
{
    _cleanup_free_ char *named = NULL;
    _cleanup_free_ char *args = job_args_canonical(a);
    const char *target = a->collection ? a->collection : a->location;
    int rc = args ? 0 : err_oom(err);
    if (rc == 0 && !target && a->source) {
        rc = collection_of(d, a->source, &named, err);
        target = named;
    }
    struct store_job_new n = {.kind = job->kind,
                              .target = target ? target : "",
                              .args = args,
                              .origin = job->origin ? job->origin : "api",
                              .priority = job->priority,
                              .max_attempts =
                                  job->attempts ? job->attempts : setting_int(d, "jobs.attempts"),
                              .next_at = job->not_before};
    struct store_write *w = NULL;
    if (rc == 0)
        rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_job_put(w, &n, ret_id, ret_known, err), err);
}

int docfs_job_enqueue(struct docfs *d, const struct docfs_job_new *job, int64_t *ret_id,
                      bool *ret_known, struct docfs_err *err)
{
    struct job_args a;
    bool known = false;
    int rc = cache_writable(d, err);
    if (rc == 0 && (job->priority < -100 || job->priority > 100))
        rc = err_set(err, -EINVAL, "the priority of a job is from -100 to 100, not %d",
                     job->priority);
    if (rc == 0)
        rc = job_args_read(job->kind, job->args, &a, err);
    if (rc < 0)
        return rc;
    rc = job_args_check(&a, err);
    if (rc == 0)
        rc = enqueue(d, job, &a, ret_id, &known, err);
    job_args_fini(&a);
    if (rc == 0 && ret_known)
        *ret_known = known;
    return rc;
}

int docfs_job_cancel(struct docfs *d, int64_t id, struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    return rc < 0 ? rc : store_write_end(w, store_job_cancel(w, id, err), err);
}

int docfs_job_retry(struct docfs *d, int64_t id, struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_job_retry(w, id, setting_int(d, "jobs.attempts"), err), err);
}

/* ---- looking ---- */

/* Moves the strings over. */
static struct docfs_job take(struct store_job *j)
{
    struct docfs_job out = {.id = j->id,
                            .kind = j->kind,
                            .target = j->target,
                            .args = j->args,
                            .origin = j->origin,
                            .queued = j->max_attempts > 0,
                            .cancel = j->cancel,
                            .priority = (int)j->priority,
                            .attempts = (unsigned)j->attempts,
                            .max_attempts = (unsigned)j->max_attempts,
                            .pid = j->pid,
                            .created_at = j->created_at ? j->created_at : j->started_at,
                            .next_at = j->next_at,
                            .started_at = j->started_at,
                            .finished_at = j->finished_at,
                            .beat_at = j->beat_at,
                            .source = j->source,
                            .phase = j->phase,
                            .files = j->progress.total,
                            .files_done = j->progress.done,
                            .bytes = j->progress.bytes,
                            .bytes_done = j->progress.bytes_done,
                            .documents = j->progress.documents,
                            .passages = j->progress.passages,
                            .failed = j->progress.failed,
                            .message = j->message,
                            .result = j->result,
                            .revision = (uint64_t)j->revision};
    if (docfs_job_state_parse(j->state, &out.state) < 0)
        out.state = JOB_INTERRUPTED;
    free(j->state);
    return out;
}

static int list(struct docfs *d, const struct store_job_filter *f, struct docfs_jobs **ret,
                struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_jobs found = {0};
    int64_t revision = 0;
    struct docfs_jobs *out = calloc(1, sizeof(*out));
    int rc = out ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_jobs(r, f, &found, err);
    if (rc == 0)
        rc = store_jobs_revision(r, &revision, err);
    if (rc == 0 && !(out->item = calloc(found.n + 1, sizeof(*out->item))))
        rc = err_oom(err);
    if (rc < 0) {
        store_jobs_fini(&found);
        free(out);
        return rc;
    }
    for (; out->n < found.n; out->n++)
        out->item[out->n] = take(&found.item[out->n]);
    out->revision = (uint64_t)revision;
    free(found.item);
    *ret = out;
    return 0;
}

int docfs_jobs(struct docfs *d, const struct docfs_job_filter *f, struct docfs_jobs **ret,
               struct docfs_err *err)
{
    static const struct docfs_job_filter everything;
    if (!f)
        f = &everything;
    _cleanup_buf_ struct buf states = {0};
    for (unsigned i = 0; i < JOB_STATES; i++)
        if (f->states & 1u << i)
            buf_addf(&states, "%s%s,", states.len ? "" : ",", state_names[i]);
    if (buf_status(&states) < 0)
        return err_oom(err);
    return list(d,
                &(struct store_job_filter){.since = f->since > INT64_MAX ? 0 : (int64_t)f->since,
                                           .states = states.len ? states.data : NULL,
                                           .kind = f->kind,
                                           .target = f->collection,
                                           .max = f->max ? f->max : JOBS_SHOWN},
                ret, err);
}

int docfs_job(struct docfs *d, int64_t id, struct docfs_jobs **ret, struct docfs_err *err)
{
    struct docfs_jobs *one;
    int rc = id > 0 ? list(d, &(struct store_job_filter){.id = id, .max = 1}, &one, err) : -ENOENT;
    if (rc == 0 && one->n == 0) {
        docfs_jobs_free(one);
        rc = -ENOENT;
    }
    if (rc == -ENOENT)
        return err_set(err, rc, "there is no job %lld (docfs jobs shows them)", (long long)id);
    if (rc == 0)
        *ret = one;
    return rc;
}

void docfs_jobs_free(struct docfs_jobs *j)
{
    for (size_t i = 0; j && i < j->n; i++) {
        struct docfs_job *x = &j->item[i];
        free((char *)x->kind);
        free((char *)x->target);
        free((char *)x->args);
        free((char *)x->origin);
        free((char *)x->phase);
        free((char *)x->message);
        free((char *)x->result);
    }
    if (j)
        free(j->item);
    free(j);
}

int docfs_jobs_revision(struct docfs *d, uint64_t *ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    int64_t v = 0;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_jobs_revision(r, &v, err);
    if (rc == 0)
        *ret = (uint64_t)v;
    return rc;
}

int docfs_job_files(struct docfs *d, int64_t id, const char *outcome, size_t max,
                    struct docfs_failures **ret, struct docfs_err *err)
{
    struct docfs_jobs *job;
    int rc = docfs_job(d, id, &job, err);
    if (rc < 0)
        return rc;
    int64_t source = job->item[0].source;
    docfs_jobs_free(job);
    _cleanup_read_ struct store_read *r = NULL;
    struct outcomes x = {.f = calloc(1, sizeof(*x.f))};
    rc = x.f ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_outcomes(r, source, outcome, max, outcomes_add, &x, err);
    return outcomes_end(&x, rc, ret, err);
}
