/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

/* JSON that core stored as text; null when there is none. */
static json_t *parsed(const char *text)
{
    json_t *v = text && *text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return v ? v : json_null();
}

json_t *wire_job(const struct docfs_job *j)
{
    json_t *progress =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "phase", j->phase, "files",
                  (json_int_t)j->files, "files_done", (json_int_t)j->files_done, "bytes",
                  (json_int_t)j->bytes, "bytes_done", (json_int_t)j->bytes_done, "documents",
                  (json_int_t)j->documents, "passages", (json_int_t)j->passages, "failed",
                  (json_int_t)j->failed);
    return json_pack(
        "{s:I, s:s, s:o, s:o, s:s, s:s, s:b, s:b, s:i, s:i, s:i, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:I}",
        "id", (json_int_t)j->id, "kind", j->kind, "target", wire_text(j->target), "args",
        parsed(j->args), "origin", j->origin, "state", docfs_job_state_name(j->state), "queued",
        (int)j->queued, "cancel", (int)j->cancel, "priority", j->priority, "attempts",
        (int)j->attempts, "max_attempts", (int)j->max_attempts, "pid",
        j->pid ? json_integer(j->pid) : json_null(), "created_at", wire_time(j->created_at),
        "next_at", wire_time(j->next_at), "started_at", wire_time(j->started_at), "finished_at",
        wire_time(j->finished_at), "heartbeat_at", wire_time(j->beat_at), "progress", progress,
        "message", wire_text(j->message), "result", parsed(j->result), "revision",
        (json_int_t)j->revision);
}

json_t *wire_jobs(const struct docfs_jobs *j)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < j->n; i++)
        if (json_array_append_new(list, wire_job(&j->item[i])) < 0) {
            json_decref(list);
            list = NULL;
        }
    return wire_message("jobs",
                        json_pack("{s:o, s:I}", "jobs", list, "revision", (json_int_t)j->revision));
}

json_t *wire_job_detail(const struct docfs_job *j, const struct docfs_failures *files)
{
    json_t *o = json_pack("{s:o}", "job", wire_job(j));
    if (o && files) {
        json_t *f = wire_failures(files);
        if (!f || json_object_set(o, "files", json_object_get(f, "failures")) < 0) {
            json_decref(o);
            o = NULL;
        }
        json_decref(f);
    }
    return wire_message("job", o);
}

static json_t *source(const struct docfs_source *s)
{
    json_t *o = json_pack(
        "{s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "id", (json_int_t)s->id,
        "collection", wire_text(s->collection), "kind", s->kind, "policy",
        docfs_policy_name(s->policy), "in_force", docfs_policy_name(s->in_force), "every",
        s->every ? json_integer(s->every) : json_null(), "checked_at", wire_time(s->checked_at),
        "ok_at", wire_time(s->ok_at), "next_at", wire_time(s->next_at), "stale",
        wire_stale(s->stale_at), "outcome", wire_text(s->outcome));
    if (o && wire_set_path(o, "location", s->location) < 0) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

json_t *wire_sources(const struct docfs_sources *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->n; i++)
        if (json_array_append_new(list, source(&s->item[i])) < 0) {
            json_decref(list);
            list = NULL;
        }
    return wire_message("sources", json_pack("{s:o}", "sources", list));
}
