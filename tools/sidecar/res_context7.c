/* SPDX-License-Identifier: MIT
 * The REST interface of Context7. Below /context7/api lie all of its paths, old and new: that is
 * the base for clients of any age. Below /api lie those that mean nothing else here, because
 * current clients put /api behind the address of the server themselves. */
#include "tools/sidecar/resources.h"

#include <errno.h>
#include <string.h>
#include "tools/wire/context7.h"
#include "tools/wire/wire.h"

void context7_error(struct request *q, struct response *a, int status, const char *code,
                    const char *detail)
{
    if (status == 422 || strncmp(code, "BAD_", 4) == 0) {
        status = 400;
        code = "VALIDATION_ERROR";
    }
    char word[64];
    size_t i;
    for (i = 0; code[i] && i < sizeof(word) - 1; i++)
        word[i] = (char)(code[i] >= 'A' && code[i] <= 'Z' ? code[i] + 32 : code[i]);
    word[i] = '\0';
    response_json(
        a, status,
        json_pack("{s:s, s:s, s:s}", "error", word, "message", detail, "trace_id", q->trace));
}

static void fail_library(struct request *q, struct response *a, const struct docfs_err *err)
{
    if (err->code == -ENOENT)
        return fail(q, a, 404, "LIBRARY_NOT_FOUND", "%s", err->text);
    if (err->code == -ESRCH)
        return fail(q, a, 404, "TAG_NOT_FOUND", "%s", err->text);
    if (err->code == -EINVAL)
        return fail(q, a, 400, "INVALID_LIBRARY_ID", "%s", err->text);
    fail_err(q, a, err);
}

/* ---- reading ---- */

static void search(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    const char *query = json_text(q->query, "query", "");
    const char *name = json_text(q->query, "libraryName", query);
    json_t *list = context7_libraries(q->d, name, query, &err);
    if (!list)
        return fail_err(q, a, &err);
    response_json(a, 200, json_pack("{s:o, s:b}", "results", list, "searchFilterApplied", 0));
}

static void answer(struct request *q, struct response *a, const struct context7_ask *ask,
                   enum context7_kind kind)
{
    struct docfs_err err = {0};
    json_t *context = context7_context(q->d, ask, &err);
    if (!context)
        return fail_library(q, a, &err);
    if (kind == CONTEXT7_CODE)
        json_object_del(context, "infoSnippets");
    if (kind == CONTEXT7_INFO)
        json_object_del(context, "codeSnippets");
    size_t n = json_array_size(json_object_get(context, "codeSnippets")) +
               json_array_size(json_object_get(context, "infoSnippets"));
    if (n == 0) {
        fail(q, a, 404, "NO_SNIPPETS_FOUND", "nothing in %s answers this: try other words",
             ask->id);
    } else if (strcmp(json_text(q->query, "type", "txt"), "json") == 0) {
        response_json(a, 200, context);
        return;
    } else {
        _cleanup_buf_ struct buf text = {0};
        context7_context_text(context, kind, &text);
        response_buf(a, 200, "text/plain; charset=utf-8", &text);
    }
    json_decref(context);
}

static void context(struct request *q, struct response *a)
{
    struct context7_ask ask = {.id = json_text(q->query, "libraryId", ""),
                               .query = json_text(q->query, "query", NULL),
                               .tokens = (size_t)json_int(q->query, "tokens", 0),
                               .door = "context7"};
    answer(q, a, &ask, CONTEXT7_ALL);
}

/* Paths that hold the id: /{org}/{project}[/{tag}]. */
static void docs(struct request *q, struct response *a, enum context7_kind kind)
{
    _cleanup_buf_ struct buf id = {0};
    const char *tag = request_param(q, "tag");
    buf_addf(&id, "/%s/%s%s%s", request_param(q, "org"), request_param(q, "project"),
             *tag ? "/" : "", tag);
    struct context7_ask ask = {.id = id.data ? id.data : "",
                               .query =
                                   json_text(q->query, "topic", json_text(q->query, "query", NULL)),
                               .tokens = (size_t)json_int(q->query, "tokens", 0),
                               .page = (unsigned)json_int(q->query, "page", 0),
                               .limit = (unsigned)json_int(q->query, "limit", 0),
                               .door = "context7"};
    answer(q, a, &ask, kind);
}

static void docs_all(struct request *q, struct response *a)
{
    docs(q, a, CONTEXT7_ALL);
}

static void docs_code(struct request *q, struct response *a)
{
    docs(q, a, CONTEXT7_CODE);
}

static void docs_info(struct request *q, struct response *a)
{
    docs(q, a, CONTEXT7_INFO);
}

#define PATHS(base, listed)                                                                       \
    {"GET",                                                                                       \
     base "/v2/libs/search",                                                                      \
     SCOPE_READ,                                                                                  \
     search,                                                                                      \
     listed,                                                                                      \
     .id = "context7Search",                                                                      \
     .summary = "Find a library by its name",                                                     \
     .query = "Context7SearchQuery",                                                              \
     .response = "Context7Libraries"},                                                            \
        {"GET",                                                                                   \
         base "/v2/context",                                                                      \
         SCOPE_READ,                                                                              \
         context,                                                                                 \
         listed,                                                                                  \
         .id = "context7Context",                                                                 \
         .summary = "Passages and code that answer",                                              \
         .query = "Context7ContextQuery",                                                         \
         .type = "text/plain"},                                                                   \
        {"GET",                                                                                   \
         base "/v2/search",                                                                       \
         SCOPE_READ,                                                                              \
         search,                                                                                  \
         ROUTE_UNLISTED,                                                                          \
         .id = "context7SearchOld",                                                               \
         .summary = "Find a library",                                                             \
         .query = "Context7SearchQuery",                                                          \
         .response = "Context7Libraries"},                                                        \
        {"GET",                                                                                   \
         base "/v2/docs/code/{org}/{project}",                                                    \
         SCOPE_READ,                                                                              \
         docs_code,                                                                               \
         ROUTE_UNLISTED,                                                                          \
         .id = "context7Code",                                                                    \
         .summary = "Code",                                                                       \
         .query = "Context7DocsQuery"},                                                           \
        {"GET",                                                                                   \
         base "/v2/docs/code/{org}/{project}/{tag}",                                              \
         SCOPE_READ,                                                                              \
         docs_code,                                                                               \
         ROUTE_UNLISTED,                                                                          \
         .id = "context7CodeTag",                                                                 \
         .summary = "Code",                                                                       \
         .query = "Context7DocsQuery"},                                                           \
        {"GET",                                                                                   \
         base "/v2/docs/info/{org}/{project}",                                                    \
         SCOPE_READ,                                                                              \
         docs_info,                                                                               \
         ROUTE_UNLISTED,                                                                          \
         .id = "context7Info",                                                                    \
         .summary = "Prose",                                                                      \
         .query = "Context7DocsQuery"},                                                           \
    {                                                                                             \
        "GET", base "/v2/docs/info/{org}/{project}/{tag}", SCOPE_READ, docs_info, ROUTE_UNLISTED, \
            .id = "context7InfoTag", .summary = "Prose", .query = "Context7DocsQuery"             \
    }

static const struct route routes[] = {
    PATHS("/api", 0),
    PATHS("/context7/api", ROUTE_UNLISTED),
    {"GET", "/context7/api/v1/search", SCOPE_READ, search, ROUTE_UNLISTED, .id = "context7Search1",
     .summary = "Find a library", .query = "Context7SearchQuery", .response = "Context7Libraries"},
    {"GET", "/context7/api/v1/{org}/{project}", SCOPE_READ, docs_all, ROUTE_UNLISTED,
     .id = "context7Docs1", .summary = "Documentation", .query = "Context7DocsQuery"},
    {"GET", "/context7/api/v1/{org}/{project}/{tag}", SCOPE_READ, docs_all, ROUTE_UNLISTED,
     .id = "context7Docs1Tag", .summary = "Documentation", .query = "Context7DocsQuery"},
    {0},
};

const struct resource resource_context7 = {.name = "context7",
                                           .text = "The interface of Context7.",
                                           .route = routes,
                                           .error = context7_error};
