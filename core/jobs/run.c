/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/jobs/jobs.h"
#include "core/text/mandoc.h"

bool job_transient(int code)
{
    switch (code) {
    case -EBUSY:
    case -EAGAIN:
    case -ETIMEDOUT:
    case -EIO:
    case -ENOSPC:
    case -EDQUOT:
    case -ENOMEM:
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -ENETUNREACH:
    case -ENETDOWN:
    case -EHOSTUNREACH:
    case -EHOSTDOWN:
    case -ENOTCONN: /* a dead mount */
    case -ESTALE:
        return true;
    default:
        return false;
    }
}

static char *report_json(const struct docfs_report *r)
{
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:I, s:I, s:I}",
                  "files", (json_int_t)r->files, "unchanged", (json_int_t)r->unchanged, "converted",
                  (json_int_t)r->converted, "failed", (json_int_t)r->failed, "skipped",
                  (json_int_t)r->skipped, "removed", (json_int_t)r->removed, "renamed",
                  (json_int_t)r->renamed, "documents", (json_int_t)r->documents, "passages",
                  (json_int_t)r->passages, "bytes", (json_int_t)r->bytes, "seconds", r->seconds,
                  "rebuilt_index", (int)r->rebuilt_index, "embedded", (json_int_t)r->embedded,
                  "reused", (json_int_t)r->reused, "waiting", (json_int_t)r->waiting);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

static int run_args(struct docfs *d, const struct store_job *job, const struct job_args *a,
                    docfs_progress_fn *progress, void *arg, char **ret_result,
                    struct docfs_err *err)
{
    struct docfs_ingest_options opt = {.collection = a->collection,
                                       .include = a->include,
                                       .exclude = a->exclude,
                                       .options = a->options,
                                       .policy = a->policy,
                                       .max_file = a->max_file,
                                       .threads = a->threads,
                                       .force = a->force,
                                       .kind = a->kind,
                                       .ref = a->ref,
                                       .subdir = a->subdir,
                                       .remote = a->remote,
                                       .source = a->source,
                                       .job = job->id};
    struct docfs_report report = {0};
    int rc;
    if (strcmp(job->kind, "enrich") == 0)
        return docfs_enrich(d, a->query, NULL, err);
    if (strcmp(job->kind, "remove") == 0)
        return docfs_remove(d, a->collection, err);
    if (strcmp(job->kind, "reembed") == 0)
        rc = docfs_reembed(d, progress, arg, &report, err);
    else if (strcmp(job->kind, "add") == 0)
        rc = docfs_add(d, a->location, &opt, progress, arg, &report, err);
    else if (strcmp(job->kind, "refresh") == 0)
        rc = docfs_refresh(d, a->collection, &opt, progress, arg, &report, err);
    else
        return err_set(err, -ENOSYS, "this docfs cannot run a job %s", job->kind);
    *ret_result = report_json(&report);
    return rc;
}

int job_run(struct docfs *d, const struct store_job *job, docfs_progress_fn *progress, void *arg,
            char **ret_result, struct docfs_err *err)
{
    struct job_args a;
    int rc = job_args_read(job->kind, job->args, &a, err);
    if (rc < 0)
        return rc;
    rc = run_args(d, job, &a, progress, arg, ret_result, err);
    job_args_fini(&a);
    mandoc_release();
    return rc;
}
