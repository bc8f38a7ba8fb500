/* SPDX-License-Identifier: MIT
 * Adding and refreshing in the words of Context7: those of its service (/v2/add, /v1/refresh) and
 * those of its on-premise server (/parse, /import-libraries, ...). What is to be fetched is a job.
 */
#include "tools/sidecar/resources.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "tools/sidecar/upload.h"
#include "tools/wire/context7.h"
#include "tools/wire/wire.h"

#define LIBRARIES_MAX 1000 /* of one import */

/* ---- jobs ---- */

static void enqueue(struct request *q, struct response *a, const char *kind, const char *args,
                    const char *what)
{
    struct docfs_err err = {0};
    struct docfs_job_new job = {.kind = kind, .args = args, .origin = "api"};
    int64_t id = 0;
    if (!args)
        return fail(q, a, 500, "NO_MEMORY", "out of memory");
    if (docfs_job_enqueue(q->d, &job, &id, NULL, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, kind, what, "context7");
    response_json(a, 200,
                  json_pack("{s:o, s:I}", "message",
                            json_sprintf("%s is queued as job %lld",
                                         strcmp(kind, "add") == 0 ? "Adding it" : "Refreshing it",
                                         (long long)id),
                            "job", (json_int_t)id));
}

/* Only what lies on the network: this interface never names files of the server. NULL with the
 * response filled. */
static const char *address(struct request *q, struct response *a)
{
    static const char *const keys[] = {"url",        "docsRepoUrl", "openApiUrl",
                                       "llmstxtUrl", "websiteUrl",  NULL};
    const char *url = NULL;
    for (size_t i = 0; !url && keys[i]; i++)
        url = json_text(q->json, keys[i], NULL);
    if (url && (strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0))
        return url;
    fail(q, a, 400, "VALIDATION_ERROR",
         "url, docsRepoUrl, openApiUrl, llmstxtUrl or websiteUrl must be an https:// or http:// "
         "address");
    return NULL;
}

static void add(struct request *q, struct response *a)
{
    const char *url = address(q, a), *branch = json_text(q->json, "branch", "");
    if (!url)
        return;
    const struct docfs_ingest_options opt = {.remote = !request_may(q, SCOPE_ADMIN),
                                             .ref = *branch ? branch : NULL};
    _cleanup_free_ char *args = docfs_job_args_add(url, &opt);
    enqueue(q, a, "add", args, url);
}

static void add_website(struct request *q, struct response *a)
{
    const char *url = address(q, a), *title = json_text(q->json, "projectTitle", "");
    char name[101], pages[40], depth[40];
    if (!url)
        return;
    context7_collection_name(title, name);
    snprintf(pages, sizeof(pages), "max_pages=%lld", (long long)json_int(q->json, "maxPages", 100));
    snprintf(depth, sizeof(depth), "depth=%lld", (long long)json_int(q->json, "maxDepth", 3));
    const char *options[] = {pages, depth, NULL};
    const json_t *given = json_object_get(q->json, "excludePatterns");
    const char *exclude[101] = {NULL};
    for (size_t i = 0; i < json_array_size(given) && i < 100; i++)
        exclude[i] = json_string_value(json_array_get(given, i));
    const struct docfs_ingest_options opt = {.remote = !request_may(q, SCOPE_ADMIN),
                                             .kind = "web",
                                             .collection = *title ? name : NULL,
                                             .options = options,
                                             .exclude = *exclude ? exclude : NULL,
                                             .force = json_flag(q->json, "force", false)};
    _cleanup_free_ char *args = docfs_job_args_add(url, &opt);
    enqueue(q, a, "add", args, url);
}

static void refresh_library(struct request *q, struct response *a, const char *id)
{
    struct docfs_err err = {0};
    _cleanup_free_ char *name = NULL;
    if (context7_collection(q->d, id, &name, &err) < 0)
        return fail(q, a, err.code == -EINVAL ? 400 : 404,
                    err.code == -EINVAL  ? "INVALID_LIBRARY_ID"
                    : err.code == -ESRCH ? "TAG_NOT_FOUND"
                                         : "LIBRARY_NOT_FOUND",
                    "%s", err.text);
    json_t *o = json_pack("{s:s}", "collection", name);
    _cleanup_free_ char *args = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    enqueue(q, a, "refresh", args, name);
}

static void refresh(struct request *q, struct response *a)
{
    refresh_library(q, a, json_text(q->json, "libraryName", ""));
}

/* /projects/{id...}/refresh: an id has slashes, and comes with or without the first. */
static void refresh_project(struct request *q, struct response *a)
{
    static const char end[] = "/refresh";
    const char *rest = request_param(q, "id");
    size_t n = strlen(rest), m = sizeof(end) - 1;
    _cleanup_buf_ struct buf id = {0};
    if (n <= m || strcmp(rest + n - m, end) != 0)
        return fail(q, a, 404, "NOT_FOUND", "POST /projects/ID/refresh is what there is");
    buf_addf(&id, "%s%.*s", *rest == '/' ? "" : "/", (int)(n - m), rest);
    if (buf_status(&id) < 0)
        return fail(q, a, 500, "NO_MEMORY", "out of memory");
    refresh_library(q, a, id.data);
}

/* What waits or runs, by library. */
static void parse_status(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *jobs = NULL;
    struct docfs_job_filter f = {.states =
                                     1u << JOB_QUEUED | 1u << JOB_WAITING | 1u << JOB_RUNNING};
    if (docfs_jobs(q->d, &f, &jobs, &err) < 0)
        return fail_err(q, a, &err);
    json_t *active = json_object();
    int64_t now = clock_wall_ns() / SECOND_NS;
    for (size_t i = 0; i < jobs->n; i++) {
        const struct docfs_job *j = &jobs->item[i];
        char id[CONTEXT7_ID_MAX];
        bool runs = j->state == JOB_RUNNING;
        context7_place_id(j->target, id);
        json_object_set_new(
            active, id,
            json_pack("{s:s, s:o, s:I, s:o, s:I}", "status", runs ? "parsing" : "queued",
                      "startedAt", runs ? wire_time(j->started_at) : json_null(), "duration",
                      (json_int_t)(runs ? now - j->started_at : 0), "statusMessage",
                      *j->message ? wire_text(j->message)
                      : runs      ? json_sprintf("%s, %lld of %lld files", j->phase,
                                                 (long long)j->files_done, (long long)j->files)
                                  : json_string("waits for its turn"),
                      "job", (json_int_t)j->id));
    }
    response_json(a, 200, json_pack("{s:o}", "activeParses", active));
}

/* ---- what comes along ---- */

/* An OpenAPI document as a file. */
static void openapi_upload(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    struct parts parts = {0};
    if (request_parts(q, &parts, &err) < 0)
        return fail(q, a, 400, "VALIDATION_ERROR", "%s", err.text);
    const struct part *file = parts_find(&parts, "openapiFile"),
                      *title = parts_find(&parts, "projectTitle");
    char name[101];
    if (!file)
        file = parts_find(&parts, "file");
    if (!file || !file->filename) {
        fail(q, a, 400, "VALIDATION_ERROR", "the part openapiFile, a file, is missing");
    } else {
        _cleanup_free_ char *stem = title ? strndup(title->data, title->len)
                                          : strndup(file->filename, strcspn(file->filename, "."));
        context7_collection_name(stem ? stem : "", name);
        struct upload u = {.collection = name,
                           .filename = file->filename,
                           .type = file->type ? file->type : "",
                           .data = file->data,
                           .len = file->len};
        if (upload_add(q->d, &u, &doc, &err) < 0) {
            if (err.code == -EINVAL || err.code == -ENOTSUP)
                fail(q, a, 400, "VALIDATION_ERROR", "%s: %s", file->filename, err.text);
            else
                fail_err(q, a, &err);
        } else {
            server_audit(q, "document.upload", name, doc->path);
            response_json(a, 200,
                          json_pack("{s:o, s:o}", "message",
                                    json_sprintf("%s was added", file->filename), "libraryName",
                                    json_sprintf("/docfs/%s", name)));
        }
    }
    parts_fini(&parts);
}

static void import(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    const char *type = request_header(q, "Content-Type");
    json_error_t e;
    if (type && strncasecmp(type, "application/json", 16) != 0)
        return fail(q, a, 415, "NOT_JSON",
                    "bundles are taken as JSON: unpack the file and send what is in it as "
                    "{\"libraries\": [...]}");
    json_t *in = json_loadb(q->body, q->body_len, JSON_REJECT_DUPLICATES, &e), *one;
    json_t *list = json_object_get(in, "libraries"), *out = json_array();
    bool force = json_is_true(json_object_get(in, "force"));
    size_t i;
    if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > LIBRARIES_MAX) {
        fail(q, a, 400, "VALIDATION_ERROR", "libraries must be an array of 1 to %d libraries%s%s",
             LIBRARIES_MAX, in ? "" : ": ", in ? "" : e.text);
        json_decref(out);
        json_decref(in);
        return;
    }
    json_array_foreach(list, i, one)
    {
        struct context7_imported got;
        int r = context7_import(q->d, one, force, &got, &err);
        if (r == 0 && !got.known)
            server_audit(q, "library.import", got.collection, "context7");
        const json_t *project = json_object_get(one, "project");
        json_array_append_new(
            out, json_pack("{s:o, s:s, s:I, s:o}", "project",
                           json_is_string(project) ? json_string(json_string_value(project))
                                                   : json_null(),
                           "status",
                           r < 0       ? "failed"
                           : got.known ? "skipped"
                                       : "imported",
                           "documents", (json_int_t)got.documents, "message",
                           r < 0       ? wire_text(err.text)
                           : got.known ? json_string("it is there already; force replaces it")
                                       : json_null()));
    }
    json_decref(in);
    response_json(a, 200,
                  json_pack("{s:o, s:o}", "message",
                            json_sprintf("%zu libraries were read", json_array_size(out)),
                            "libraries", out));
}

/* id: unique where it is listed. */
#define R(base, method, path, scope, fn, listed, name, text, ...)                        \
    {                                                                                    \
        method, base path, scope, fn, (listed), .id = name, .summary = text, __VA_ARGS__ \
    }
#define PATHS(base, L)                                                                             \
    R(base, "POST", "/v2/add/repo/{host}", SCOPE_WRITE, add, L, "context7AddRepo",                 \
      "Add a repository", .body = "Context7Add", .response = "Context7Queued"),                    \
        R(base, "POST", "/v2/add/openapi", SCOPE_WRITE, add, L, "context7AddOpenApi",              \
          "Add an OpenAPI document", .body = "Context7Add", .response = "Context7Queued"),         \
        R(base, "POST", "/v2/add/llmstxt", SCOPE_WRITE, add, L, "context7AddLlmsTxt",              \
          "Add what an llms.txt names", .body = "Context7Add", .response = "Context7Queued"),      \
        R(base, "POST", "/v2/add/website", SCOPE_WRITE, add, L, "context7AddWebsite",              \
          "Add a web site", .body = "Context7Add", .response = "Context7Queued"),                  \
        R(base, "POST", "/v2/add/openapi-upload", SCOPE_WRITE, openapi_upload,                     \
          (L) | ROUTE_UPLOAD | ROUTE_SLOW, "context7AddOpenApiFile",                               \
          "Add an OpenAPI document, as the part openapiFile", .body_type = "multipart/form-data",  \
          .response = "Context7Uploaded"),                                                         \
        R(base, "POST", "/v1/refresh", SCOPE_WRITE, refresh, L, "context7Refresh",                 \
          "Refresh a library", .body = "Context7Refresh", .response = "Context7Queued"),           \
        R(base, "POST", "/parse", SCOPE_WRITE, add, L, "context7Parse", "Add a repository",        \
          .body = "Context7Add", .response = "Context7Queued"),                                    \
        R(base, "POST", "/parse-website", SCOPE_WRITE, add_website, L, "context7ParseWebsite",     \
          "Add a web site within bounds", .body = "Context7Website",                               \
          .response = "Context7Queued"),                                                           \
        R(base, "POST", "/parse-openapi", SCOPE_WRITE, add, L, "context7ParseOpenApi",             \
          "Add an OpenAPI document", .body = "Context7Add", .response = "Context7Queued"),         \
        R(base, "POST", "/import-libraries", SCOPE_WRITE, import,                                  \
          (L) | ROUTE_UPLOAD | ROUTE_RAW_BODY | ROUTE_SLOW, "context7Import",                      \
          "Take in exported libraries", .body = "Context7Bundle", .response = "Context7Imported"), \
        R(base, "POST", "/projects/{id...}", SCOPE_WRITE, refresh_project, L,                      \
          "context7RefreshProject", "Refresh a library: /projects/{id}/refresh",                   \
          .response = "Context7Queued"),                                                           \
        R(base, "GET", "/parse-status", SCOPE_READ, parse_status, L, "context7ParseStatus",        \
          "What is being added", .response = "Context7Status")

static const struct route routes[] = {
    PATHS("/api", 0),
    PATHS("/context7/api", ROUTE_UNLISTED),
    {0},
};

const struct resource resource_context7_add = {.name = "context7-add",
                                               .text = "Adding libraries, as Context7 has it.",
                                               .route = routes,
                                               .error = context7_error};
