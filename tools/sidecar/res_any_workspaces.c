/* SPDX-License-Identifier: MIT
 * AnythingLLM: workspaces, what is in them, and search without an answer in words. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/anything.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/ask.h"

static bool load(struct request *q, struct response *a, struct workspaces *ret)
{
    struct docfs_err err = {0};
    if (workspaces_load(q->d, ret, &err) == 0)
        return true;
    fail_err(q, a, &err);
    return false;
}

static void list(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    if (!load(q, a, &all))
        return;
    json_t *out = json_array();
    for (size_t i = 0; i < all.n; i++) {
        json_t *o = workspace_json(&all.item[i]);
        json_object_set_new(o, "threads", any_threads(q->d, all.item[i].slug));
        json_array_append_new(out, o);
    }
    response_json(a, 200, json_pack("{s:o}", "workspaces", out));
}

static void get(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    json_t *out = json_array(), *documents = w ? any_workspace_documents(q->d, w, &err) : NULL;
    if (w && !documents) {
        json_decref(out);
        return fail_err(q, a, &err);
    }
    if (w) {
        json_t *o = workspace_json(w);
        json_object_set_new(o, "documents", documents);
        json_object_set_new(o, "threads", any_threads(q->d, w->slug));
        json_array_append_new(out, o);
    }
    response_json(a, 200, json_pack("{s:o}", "workspace", out));
}

/* The members that a client may set, with their types. */
static json_t *settings_of(const json_t *body)
{
    static const struct {
        const char *key;
        char type; /* n number, s string */
    } known[] = {{"similarityThreshold", 'n'},
                 {"openAiTemp", 'n'},
                 {"openAiHistory", 'n'},
                 {"topN", 'n'},
                 {"openAiPrompt", 's'},
                 {"queryRefusalResponse", 's'},
                 {"chatMode", 's'},
                 {"chatProvider", 's'},
                 {"chatModel", 's'},
                 {"vectorSearchMode", 's'},
                 {"agentModel", 's'},
                 {"agentProvider", 's'}};
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        json_t *v = json_object_get(body, known[i].key);
        if (v &&
            (json_is_null(v) || (known[i].type == 'n' ? json_is_number(v) : json_is_string(v))))
            json_object_set(o, known[i].key, v);
    }
    return o;
}

static void answer_workspace(struct request *q, struct response *a, const char *slug)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, slug);
    response_json(a, 200,
                  json_pack("{s:o?, s:n}", "workspace", w ? workspace_json(w) : NULL, "message"));
}

static void create(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    const char *name = json_text(q->json, "name", "");
    char slug[ANY_SLUG_MAX], free_slug[ANY_SLUG_MAX + 16];
    struct docfs_err err = {0};
    if (!name[strspn(name, " \t\n")])
        return response_json(
            a, 400, json_pack("{s:n, s:s}", "workspace", "message", "name cannot be null"));
    if (!load(q, a, &all))
        return;
    any_slug(name, slug);
    slug[80] = '\0'; /* it is the name of a collection, too */
    snprintf(free_slug, sizeof(free_slug), "%s", *slug ? slug : "workspace");
    for (unsigned i = 0; workspaces_find(&all, free_slug); i++) {
        char id[37];
        any_uuid(id);
        snprintf(free_slug, sizeof(free_slug), "%s-%.8s", *slug ? slug : "workspace", id);
    }
    json_t *settings = settings_of(q->json);
    int r = workspace_save(q->d, free_slug, name, settings, &err);
    json_decref(settings);
    if (r < 0)
        return fail_err(q, a, &err);
    server_audit(q, "workspace.create", free_slug, "anythingllm");
    answer_workspace(q, a, free_slug);
}

static void update(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w)
        return fail(q, a, 400, "NOT_FOUND", "there is no workspace %s", request_param(q, "slug"));
    json_t *news = settings_of(q->json);
    const char *name = json_text(q->json, "name", "");
    if (!json_object_size(news) && !*name) {
        json_decref(news);
        return response_json(a, 200,
                             json_pack("{s:{s:I}, s:s}", "workspace", "id", (json_int_t)w->id,
                                       "message", "No valid fields to update!"));
    }
    json_t *merged = json_copy(w->settings);
    json_object_update(merged, news);
    int r = workspace_save(q->d, w->slug, *name ? name : w->name, merged, &err);
    json_decref(merged);
    json_decref(news);
    if (r < 0)
        return fail_err(q, a, &err);
    server_audit(q, "workspace.update", w->slug, "anythingllm");
    answer_workspace(q, a, w->slug);
}

static void drop(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w)
        return fail(q, a, 400, "NOT_FOUND", "there is no workspace %s", request_param(q, "slug"));
    json_t *threads = any_threads(q->d, w->slug), *t;
    size_t i;
    json_array_foreach(threads, i, t)
    {
        _cleanup_buf_ struct buf place = {0};
        any_place(&place, w->slug, json_text(t, "slug", ""));
        docfs_record_drop(q->d, "chat", place.data, NULL, NULL);
    }
    json_decref(threads);
    int64_t r = docfs_record_drop(q->d, "chat", w->slug, NULL, &err);
    if (r >= 0)
        r = docfs_record_drop(q->d, "thread", w->slug, NULL, &err);
    if (r >= 0 && w->root)
        r = docfs_remove(q->d, w->collection, &err);
    if (r >= 0)
        r = docfs_record_drop(q->d, "workspace", "", w->slug, &err);
    if (r < 0)
        return fail_err(q, a, &err);
    server_audit(q, "workspace.delete", w->slug, "anythingllm");
    response_bytes(a, 200, "text/plain; charset=utf-8", "OK", 2);
}

static void update_embeddings(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w)
        return fail(q, a, 400, "NOT_FOUND", "there is no workspace %s", request_param(q, "slug"));
    json_t *failed = any_embed(q, w->collection, json_object_get(q->json, "adds"),
                               json_object_get(q->json, "deletes"), &err);
    if (!failed)
        return fail_err(q, a, &err);
    _cleanup_workspaces_ struct workspaces now = {0};
    if (!load(q, a, &now)) {
        json_decref(failed);
        return;
    }
    const struct workspace *x = workspaces_find(&now, w->slug);
    json_t *o = workspace_json(x ? x : w);
    if (x)
        json_object_set_new(o, "documents", any_workspace_documents(q->d, x, NULL));
    /* Beyond AnythingLLM: what could not be done is said. */
    response_json(a, 200, json_pack("{s:o, s:o}", "workspace", o, "failures", failed));
}

static void update_pin(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    const char *path = json_text(q->json, "docPath", "");
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    json_t *documents = w ? any_workspace_documents(q->d, w, &err) : NULL, *one;
    bool there = false;
    size_t i;
    json_array_foreach(documents, i, one) there =
        there || strcmp(json_text(one, "docpath", ""), path) == 0;
    json_decref(documents);
    if (!there)
        return fail(q, a, 404, "NOT_FOUND", "%s is not in this workspace", path);
    json_t *settings = json_copy(w->settings), *pins = json_array();
    json_array_foreach(json_object_get(w->settings, "pins"), i,
                       one) if (strcmp(json_string_value(one) ? json_string_value(one) : "",
                                       path) != 0) json_array_append(pins, one);
    if (json_flag(q->json, "pinStatus", false))
        json_array_append_new(pins, json_string(path));
    json_object_set_new(settings, "pins", pins);
    int r = workspace_save(q->d, w->slug, w->name, settings, &err);
    json_decref(settings);
    if (r < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, json_pack("{s:s}", "message", "Pin status updated successfully"));
}

static void vector_search(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    struct docfs_err err = {0};
    const char *query = json_text(q->json, "query", "");
    if (!load(q, a, &all))
        return;
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w || !query[strspn(query, " \t\n")])
        return response_json(a, 400,
                             json_pack("{s:s}", "message",
                                       w ? "query parameter cannot be empty."
                                         : "Workspace is not a valid workspace."));
    if (!w->documents)
        return response_json(a, 200,
                             json_pack("{s:[], s:s}", "results", "message",
                                       "No embeddings found for this workspace."));
    double top = json_number(q->json, "topN", json_number(w->settings, "topN", ANY_TOP));
    double least = json_number(q->json, "scoreThreshold", -1);
    if (least < 0 || least > 1)
        least = json_number(w->settings, "similarityThreshold", ANY_THRESHOLD);
    const char *in[] = {w->collection, NULL};
    struct wire_ask ask = {.query = query,
                           .in = in,
                           .k = top >= 1 && top <= 100 ? (unsigned)top : ANY_TOP,
                           .words = true,
                           .door = "anythingllm"};
    if (wire_ask(q->d, &ask, &r, &err) < 0)
        return fail_err(q, a, &err);
    json_t *out = json_array();
    for (size_t i = 0; i < r->n; i++) {
        json_t *o = r->hit[i].score >= least ? any_source(q->d, &r->hit[i]) : NULL;
        if (!o)
            continue;
        json_array_append_new(
            out, json_pack("{s:O, s:O, s:{s:O, s:O, s:s, s:s, s:s, s:O, s:o, s:O, s:O, s:O, s:I, "
                           "s:I}, s:f, s:f}",
                           "id", json_object_get(o, "id"), "text", json_object_get(o, "text"),
                           "metadata", "url", json_object_get(o, "url"), "title",
                           json_object_get(o, "title"), "author", "", "description", "",
                           "docSource", "docfs", "chunkSource", json_object_get(o, "chunkSource"),
                           "published", any_iso(r->hit[i].mtime_ns / 1000000000), "wordCount",
                           json_object_get(o, "wordCount"), "tokenCount",
                           json_object_get(o, "token_count_estimate"), "path",
                           json_object_get(o, "path"), "line", (json_int_t)r->hit[i].line, "lines",
                           (json_int_t)r->hit[i].lines, "distance", 1 - r->hit[i].score, "score",
                           r->hit[i].score));
        json_decref(o);
    }
    response_json(a, 200, json_pack("{s:o}", "results", out));
}

#define W "/api/v1/workspace"
#define ANY .body = "AnyObject", .response = "AnyObject"
static const struct route routes[] = {
    {"GET", "/api/v1/workspaces", SCOPE_READ, list, .id = "anyWorkspaces",
     .summary = "All workspaces", .response = "AnyObject"},
    {"POST", W "/new", SCOPE_WRITE, create, .id = "anyNewWorkspace", .summary = "A new workspace",
     ANY},
    {"GET", W "/{slug}", SCOPE_READ, get, .id = "anyWorkspace", .summary = "A workspace",
     .response = "AnyObject"},
    {"DELETE", W "/{slug}", SCOPE_WRITE, drop, ROUTE_SLOW, .id = "anyDeleteWorkspace",
     .summary = "Delete a workspace and its collection", .type = "text/plain"},
    {"POST", W "/{slug}/update", SCOPE_WRITE, update, .id = "anyUpdateWorkspace",
     .summary = "Settings of a workspace", ANY},
    {"POST", W "/{slug}/update-embeddings", SCOPE_WRITE, update_embeddings, ROUTE_SLOW,
     .id = "anyUpdateEmbeddings", .summary = "Put documents in and out", ANY},
    {"POST", W "/{slug}/update-pin", SCOPE_WRITE, update_pin, .id = "anyUpdatePin",
     .summary = "Pin a document", ANY},
    {"POST", W "/{slug}/vector-search", SCOPE_READ, vector_search, .id = "anyVectorSearch",
     .summary = "Passages near a question", ANY},
    {0},
};

const struct resource resource_any_workspaces = {.name = "workspaces",
                                                 .text = "Workspaces as AnythingLLM has them.",
                                                 .route = routes,
                                                 .error = any_error};
