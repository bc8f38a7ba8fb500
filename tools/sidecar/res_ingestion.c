/* SPDX-License-Identifier: MIT
 * Taking documentation in: files that are sent, sources that are named, and the jobs of both. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/upload.h"

#define JOB_POLL_MS 200

/* ---- upload ---- */

/* A part as a new string, NULL when it is not there or empty. */
static char *field(const struct parts *p, const char *a, const char *b, const char *c)
{
    const char *const names[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        const struct part *x = names[i] ? parts_find(p, names[i]) : NULL;
        if (x && x->len && !x->filename && !memchr(x->data, '\0', x->len))
            return strndup(x->data, x->len);
    }
    return NULL;
}

static void upload(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(parts_fini) struct parts parts = {0};
    if (request_parts(q, &parts, &err) < 0)
        return fail_err(q, a, &err);
    _cleanup_free_ char *collection = field(&parts, "workspace", "collection", "technology");
    _cleanup_free_ char *title = field(&parts, "title", NULL, NULL);
    _cleanup_free_ char *url = field(&parts, "source_url", "url", NULL);
    json_t *list = json_array();
    char first[DOC_ID_LEN + 1] = "";
    int r = 0;
    for (size_t i = 0; r == 0 && i < parts.n; i++) {
        const struct part *p = &parts.item[i];
        _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
        if (!p->filename)
            continue;
        struct upload u = {.collection = collection ? collection : "uploads",
                           .filename = p->filename,
                           .type = p->type,
                           .title = title,
                           .url = url,
                           .data = p->data,
                           .len = p->len};
        r = upload_add(q->d, &u, &doc, &err);
        if (r < 0)
            break;
        if (!*first)
            strcpy(first, doc->public_id);
        server_audit(q, "document.upload", doc->collection, doc->path);
        json_array_append_new(list, render_document(doc));
    }
    if (r < 0 || !json_array_size(list)) {
        json_decref(list);
        return r == -EINVAL ? fail(q, a, 422, "BAD_FILE", "%s", err.text)
               : r < 0      ? fail_err(q, a, &err)
                            : fail(q, a, 400, "NO_FILE",
                                   "no part of the body is a file: curl -F file=@NAME sends one");
    }
    response_json(a, 201, json_pack("{s:s, s:o}", "document_id", first, "documents", list));
}

/* ---- sources ---- */

static bool is_local(const char *location)
{
    return *location == '/' || *location == '.' || *location == '~' ||
           strncasecmp(location, "file:", 5) == 0;
}

/* Members of a JSON array of strings, NULL-terminated; the strings stay the array's. */
static const char **strings(const json_t *list)
{
    size_t n = json_array_size(list), i;
    const char **out = n ? calloc(n + 1, sizeof(*out)) : NULL;
    json_t *v;
    json_array_foreach(list, i, v) if (out) out[i] = json_string_value(v);
    return out;
}

static void respond_job(struct request *q, struct response *a, int status, int64_t id, bool known)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *j = NULL;
    if (docfs_job(q->d, id, &j, &err) < 0)
        return fail_err(q, a, &err);
    json_t *o = wire_job(&j->item[0]);
    if (o) {
        json_object_set_new(o, "job_id", json_integer(id));
        json_object_set_new(o, "already_queued", json_boolean(known));
    }
    response_json(a, status, o);
}

static void add_source(struct request *q, struct response *a)
{
    const char *location = NULL;
    for (const char *const *k =
             (const char *const[]){"location", "source_url", "url", "path", NULL};
         *k && !location; k++)
        location = json_text(q->json, *k, NULL);
    const char *collection =
        json_text(q->json, "collection",
                  json_text(q->json, "workspace", json_text(q->json, "technology", NULL)));
    bool local = is_local(location);
    if (local && !request_may(q, SCOPE_ADMIN))
        return fail(q, a, 403, "SCOPE_NEEDED",
                    "reading files of the server's machine needs a token with the scope admin");
    _cleanup_free_ const char **include = strings(json_object_get(q->json, "include"));
    _cleanup_free_ const char **exclude = strings(json_object_get(q->json, "exclude"));
    struct docfs_ingest_options opt = {.collection = collection,
                                       .kind = json_text(q->json, "kind", NULL),
                                       .ref = json_text(q->json, "ref", NULL),
                                       .subdir = json_text(q->json, "subdir", NULL),
                                       .policy = json_text(q->json, "policy", NULL),
                                       .include = include,
                                       .exclude = exclude,
                                       .force = json_flag(q->json, "force", false),
                                       .remote = !local};
    struct docfs_err err = {0};
    _cleanup_free_ char *args = docfs_job_args_add(location, &opt);
    int64_t id;
    bool known;
    struct docfs_job_new job = {.kind = "add", .args = args, .origin = "api"};
    if (!args)
        return response_json(a, 500, NULL);
    if (docfs_job_enqueue(q->d, &job, &id, &known, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "source.add", collection, location);
    respond_job(q, a, 202, id, known);
}

static void list_sources(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_sources_freep) struct docfs_sources *s = NULL;
    if (docfs_sources(q->d, json_text(q->query, "collection", NULL), &s, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, wire_sources(s));
}

static void refresh(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *k;
    if (docfs_collections(q->d, &all, &err) < 0 ||
        docfs_collection_find(all, request_param(q, "slug"), false, &k, &err) < 0)
        return fail_err(q, a, &err);
    json_t *o = json_pack("{s:s}", "collection", k->name);
    _cleanup_free_ char *args = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    struct docfs_job_new job = {.kind = "refresh", .args = args, .origin = "api"};
    int64_t id;
    bool known;
    if (!args)
        return response_json(a, 500, NULL);
    if (docfs_job_enqueue(q->d, &job, &id, &known, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "collection.refresh", k->name, NULL);
    respond_job(q, a, 202, id, known);
}

/* ---- jobs ---- */

static void list_jobs(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *j = NULL;
    struct docfs_job_filter f = {.max = (size_t)json_int(q->query, "limit", 100),
                                 .since = (uint64_t)json_int(q->query, "since", 0),
                                 .kind = json_text(q->query, "kind", NULL),
                                 .collection = json_text(q->query, "collection", NULL)};
    enum docfs_job_state state;
    const char *word = json_text(q->query, "state", NULL);
    if (word && docfs_job_state_parse(word, &state) == 0)
        f.states = 1u << state;
    if (docfs_jobs(q->d, &f, &j, &err) < 0)
        return fail_err(q, a, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < j->n; i++)
        json_array_append_new(list, wire_job(&j->item[i]));
    response_json(a, 200,
                  json_pack("{s:o, s:I, s:I}", "jobs", list, "total_count", (json_int_t)j->n,
                            "revision", (json_int_t)j->revision));
}

/* The number in the path; false with the response filled. */
static bool job_id(struct request *q, struct response *a, int64_t *ret)
{
    const char *text = request_param(q, "id");
    char *end;
    errno = 0;
    long long id = strtoll(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno) {
        *ret = id;
        return true;
    }
    fail(q, a, 404, "NOT_FOUND", "there is no job %s: a job is a number", text);
    return false;
}

static void get_job(struct request *q, struct response *a)
{
    int64_t id;
    if (job_id(q, a, &id))
        respond_job(q, a, 200, id, false);
}

static void job_files(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_failures_freep) struct docfs_failures *f = NULL;
    int64_t id;
    if (!job_id(q, a, &id))
        return;
    if (docfs_job_files(q->d, id, json_text(q->query, "outcome", NULL),
                        (size_t)json_int(q->query, "limit", 1000), &f, &err) < 0)
        return fail_err(q, a, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < f->n; i++) {
        json_t *o = json_pack("{s:s, s:o}", "outcome", f->item[i].outcome, "reason",
                              wire_text(f->item[i].reason));
        if (o)
            wire_set_path(o, "path", f->item[i].path);
        json_array_append_new(list, o);
    }
    response_json(a, 200, json_pack("{s:I, s:o}", "job_id", (json_int_t)id, "files", list));
}

static void steer(struct request *q, struct response *a,
                  int (*fn)(struct docfs *d, int64_t id, struct docfs_err *err), const char *action)
{
    struct docfs_err err = {0};
    int64_t id;
    if (!job_id(q, a, &id))
        return;
    int r = fn(q->d, id, &err);
    if (r == -EALREADY)
        return fail(q, a, 409, "WRONG_STATE", "%s", err.text);
    if (r < 0)
        return fail_err(q, a, &err);
    server_audit(q, action, request_param(q, "id"), NULL);
    respond_job(q, a, 202, id, false);
}

static void cancel(struct request *q, struct response *a)
{
    steer(q, a, docfs_job_cancel, "job.cancel");
}

static void retry(struct request *q, struct response *a)
{
    steer(q, a, docfs_job_retry, "job.retry");
}

/* ---- events ---- */

struct watch {
    struct docfs *d;
    int64_t id;        /* 0 = all jobs */
    uint64_t revision; /* of the last change sent */
};

static bool ended(enum docfs_job_state s)
{
    return s == JOB_DONE || s == JOB_FAILED || s == JOB_CANCELLED || s == JOB_INTERRUPTED;
}

static void send_job(struct buf *out, const struct docfs_job *j, const char *event)
{
    json_t *o = wire_job(j);
    _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    char id[32];
    snprintf(id, sizeof(id), "%llu", (unsigned long long)j->revision);
    if (text)
        sse_event(out, event, id, text);
}

/* Sends every change since the last one; a stream about one job ends with that job. */
static int next_events(void *arg, struct buf *out)
{
    struct watch *w = arg;
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *j = NULL;
    uint64_t now;
    if (docfs_jobs_revision(w->d, &now, NULL) < 0 || now == w->revision)
        return 0;
    struct docfs_job_filter f = {.since = w->revision};
    int r = w->id ? docfs_job(w->d, w->id, &j, NULL) : docfs_jobs(w->d, &f, &j, NULL);
    if (r < 0)
        return w->id && r == -ENOENT;
    bool over = false;
    for (size_t i = 0; i < j->n; i++) {
        const struct docfs_job *x = &j->item[i];
        if (x->revision <= w->revision && w->revision)
            continue;
        over = w->id && ended(x->state);
        send_job(out, x, ended(x->state) ? "end" : "progress");
    }
    w->revision = now;
    return over;
}

static void start_events(struct request *q, struct response *a, int64_t id)
{
    const char *last = request_header(q, "Last-Event-ID");
    struct watch *w = calloc(1, sizeof(*w));
    if (!w)
        return response_json(a, 500, NULL);
    *w = (struct watch){.d = q->d, .id = id};
    if (last && *last)
        w->revision = strtoull(last, NULL, 10);
    response_poll(a, TYPE_SSE, JOB_POLL_MS, next_events, w, free);
}

static void job_events(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *j = NULL;
    int64_t id;
    if (!job_id(q, a, &id))
        return;
    if (docfs_job(q->d, id, &j, &err) < 0)
        return fail_err(q, a, &err);
    start_events(q, a, id);
}

static void all_events(struct request *q, struct response *a)
{
    start_events(q, a, 0);
}

static const struct route routes[] = {
    {"POST", "/api/v1/ingestion/upload", SCOPE_WRITE, upload, ROUTE_UPLOAD | ROUTE_SLOW,
     .id = "uploadDocument",
     .summary = "Send files: parts named file; workspace, title, source_url beside them",
     .response = "Uploaded", .status = 201},
    {"GET", "/api/v1/ingestion/sources", SCOPE_READ, list_sources, .id = "listSources",
     .summary = "Where collections come from, and when they are read again",
     .query = "SourcesQuery", .response = "Sources"},
    {"POST", "/api/v1/ingestion/sources", SCOPE_WRITE, add_source, .id = "addSource",
     .summary = "Take in a source: a job does it", .body = "NewSource", .response = "Job",
     .status = 202},
    {"POST", "/api/v1/collections/{slug}/refresh", SCOPE_WRITE, refresh, .id = "refreshCollection",
     .summary = "Read the sources of a collection again: a job does it", .response = "Job",
     .status = 202},
    {"GET", "/api/v1/ingestion/jobs", SCOPE_READ, list_jobs, .id = "listJobs",
     .summary = "Jobs, newest first", .query = "JobsQuery", .response = "Jobs"},
    {"GET", "/api/v1/ingestion/events", SCOPE_READ, all_events, .id = "jobEvents",
     .summary = "Server-sent events: every change of every job", .type = "text/event-stream"},
    {"GET", "/api/v1/ingestion/jobs/{id}", SCOPE_READ, get_job, .id = "getJob",
     .summary = "One job", .response = "Job"},
    {"GET", "/api/v1/ingestion/status/{id}", SCOPE_READ, get_job, .id = "ingestionStatus",
     .summary = "One job", .response = "Job"},
    {"GET", "/api/v1/ingestion/jobs/{id}/files", SCOPE_READ, job_files, .id = "jobFiles",
     .summary = "Outcome of each file", .query = "JobFilesQuery", .response = "JobFiles"},
    {"GET", "/api/v1/ingestion/jobs/{id}/events", SCOPE_READ, job_events, .id = "jobProgress",
     .summary = "Server-sent events: progress of one job until its end",
     .type = "text/event-stream"},
    {"POST", "/api/v1/ingestion/jobs/{id}/cancel", SCOPE_WRITE, cancel, .id = "cancelJob",
     .summary = "Stop a job; what it did stays", .response = "Job", .status = 202},
    {"DELETE", "/api/v1/ingestion/jobs/{id}", SCOPE_WRITE, cancel, .id = "deleteJob",
     .summary = "Stop a job; what it did stays", .response = "Job", .status = 202},
    {"POST", "/api/v1/ingestion/jobs/{id}/retry", SCOPE_WRITE, retry, .id = "retryJob",
     .summary = "Put an ended job into the queue again", .response = "Job", .status = 202},
    {0},
};

const struct resource resource_ingestion = {
    .name = "ingestion", .text = "Taking documentation in.", .route = routes};
