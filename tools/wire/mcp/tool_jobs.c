/* SPDX-License-Identifier: MIT
 * Ingest is a job: it outlives the message that asked for it, and the program. */
#include "tools/wire/mcp/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_TOLD 60 /* seconds, when the peer wants progress and says nothing else */
#define POLL_NS 100000000L
#define JOBS_SHOWN 20

static bool ended(const struct docfs_job *j)
{
    return j->state != JOB_QUEUED && j->state != JOB_WAITING && j->state != JOB_RUNNING;
}

static void describe(struct buf *b, const struct docfs_job *j)
{
    buf_addf(b, "Job %lld: %s %s is %s", (long long)j->id, j->kind, *j->target ? j->target : "all",
             docfs_job_state_name(j->state));
    if (j->state == JOB_RUNNING)
        buf_addf(b, ", %s, %lld of %lld files", j->phase, (long long)j->files_done,
                 (long long)j->files);
    if (ended(j))
        buf_addf(b, "; %lld documents and %lld passages written, %lld files failed",
                 (long long)j->documents, (long long)j->passages, (long long)j->failed);
    if (*j->message)
        buf_addf(b, ": %s", j->message);
    buf_addc(b, '\n');
}

/* Follows the job for at most `seconds`, telling how far it is. A peer that took the question back
 * ends the waiting, not the job. */
static int follow(struct mcp_request *q, int64_t id, json_int_t seconds, struct docfs_jobs **ret,
                  struct docfs_err *err)
{
    const struct timespec nap = {.tv_nsec = POLL_NS};
    double told = -1;
    for (json_int_t turns = seconds * (1000000000L / POLL_NS);; turns--) {
        _cleanup_(docfs_jobs_freep) struct docfs_jobs *one = NULL;
        int r = docfs_job(q->d, id, &one, err);
        if (r < 0)
            return r;
        const struct docfs_job *j = &one->item[0];
        /* Progress must grow; phases count anew. */
        double done = (double)j->files_done + (double)j->passages + (ended(j) ? 1 : 0);
        bool gone = false;
        if (seconds && done > told) {
            _cleanup_buf_ struct buf text = {0};
            describe(&text, j);
            buf_rtrim(&text, "\n");
            told = done;
            gone = mcp_progress(q, done, 0, text.data) != 0;
        }
        if (gone || turns <= 0 || ended(j) || mcp_stopped(q)) {
            *ret = steal_ptr(one);
            return 0;
        }
        nanosleep(&nap, NULL);
    }
}

/* Over HTTP only a stream can wait. */
static json_int_t wait_of(const struct mcp_request *q, const json_t *args)
{
    if (q->call->http && !q->call->notify)
        return 0;
    return mcp_integer(args, "wait_seconds", q->token && q->call->notify ? WAIT_TOLD : 0);
}

static json_t *answer(struct mcp_request *q, int64_t id, json_int_t seconds, struct docfs_err *err)
{
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *one = NULL;
    _cleanup_(docfs_failures_freep) struct docfs_failures *files = NULL;
    _cleanup_buf_ struct buf text = {0};
    if (follow(q, id, seconds, &one, err) < 0)
        return NULL;
    const struct docfs_job *j = &one->item[0];
    describe(&text, j);
    if (ended(j) && docfs_job_files(q->d, id, "failed", JOBS_SHOWN, &files, NULL) == 0)
        for (size_t i = 0; i < files->n; i++)
            buf_addf(&text, "failed: %s: %s\n", files->item[i].path, files->item[i].reason);
    if (!ended(j))
        buf_addf(&text, "It goes on by itself; job_status tells how far it is.\n");
    return mcp_result(&text, wire_job_detail(j, files), err);
}

static bool is_remote(const char *location)
{
    return strstr(location, "://") || strncmp(location, "git@", 4) == 0;
}

/* NULL-terminated array of the strings of list; borrowed strings. */
static const char **strings(const json_t *list)
{
    const char **out = calloc(json_array_size(list) + 1, sizeof(*out));
    json_t *one;
    size_t i;
    if (out)
        json_array_foreach(list, i, one) out[i] = json_string_value(one);
    return out;
}

json_t *tool_ingest_source(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    const char *location = mcp_string(args, "location"), *name = mcp_string(args, "collection");
    if (!is_remote(location) && !q->call->local) {
        err_set(err, -EPERM,
                "files of the server can be named by an administrator only; give an https:// "
                "address, or use docfs add there");
        return NULL;
    }
    _cleanup_free_ const char **include = strings(json_object_get(args, "include"));
    _cleanup_free_ const char **exclude = strings(json_object_get(args, "exclude"));
    struct docfs_ingest_options opt = {.collection = name && *name ? name : NULL,
                                       .include = include && *include ? include : NULL,
                                       .exclude = exclude && *exclude ? exclude : NULL,
                                       .remote = !q->call->local};
    _cleanup_free_ char *text = docfs_job_args_add(location, &opt);
    struct docfs_job_new job = {.kind = "add", .args = text, .origin = "mcp"};
    int64_t id = 0;
    if (!text || !include || !exclude) {
        err_oom(err);
        return NULL;
    }
    if (docfs_job_enqueue(q->d, &job, &id, NULL, err) < 0)
        return NULL;
    return answer(q, id, wait_of(q, args), err);
}

json_t *tool_job_status(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *all = NULL;
    _cleanup_buf_ struct buf text = {0};
    struct docfs_job_filter f = {.max = JOBS_SHOWN};
    json_int_t id = mcp_integer(args, "job", 0);
    if (id)
        return answer(q, id, wait_of(q, args), err);
    if (docfs_jobs(q->d, &f, &all, err) < 0)
        return NULL;
    for (size_t i = 0; i < all->n; i++)
        describe(&text, &all->item[i]);
    if (!all->n)
        buf_adds(&text, "There are no jobs.\n");
    return mcp_result(&text, wire_jobs(all), err);
}

json_t *tool_feedback(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    struct docfs_feedback f = {
        .query = mcp_string(args, "query"), .comment = mcp_string(args, "comment"), .door = "mcp"};
    _cleanup_buf_ struct buf text = {0};
    if (docfs_signal_parse(mcp_string(args, "verdict"), &f.signal, err) < 0 ||
        docfs_resolve(q->d, mcp_string(args, "document"), &f.document, err) < 0 ||
        docfs_feedback_add(q->d, &f, err) < 0)
        return NULL;
    buf_adds(&text, "Noted; it counts in further searches.\n");
    return mcp_result(&text, json_null(), err);
}
