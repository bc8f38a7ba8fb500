/* SPDX-License-Identifier: MIT
 * Documents: their text by line, what is known about them, their neighbours. */
#include <string.h>
#include <strings.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/anything.h"
#include "tools/sidecar/resources.h"

#define MARKDOWN "text/markdown; charset=utf-8"

static bool wants_text(struct request *q)
{
    const char *format = json_text(q->query, "format", NULL);
    const char *accept = request_header(q, "Accept");
    if (format)
        return strcmp(format, "markdown") == 0;
    return accept && (strncasecmp(accept, "text/markdown", 13) == 0 ||
                      strncasecmp(accept, "text/plain", 10) == 0);
}

/* last 0: to the end. */
static bool range(struct request *q, struct response *a, int64_t *first, int64_t *last)
{
    const char *text = json_text(q->query, "range", NULL);
    int64_t lines = json_int(q->query, "lines", 0);
    *first = json_int(q->query, "line", 1);
    *last = lines && lines <= INT64_MAX - *first ? *first + lines - 1 : 0;
    if (!text || docfs_parse_lines(text, first, last))
        return true;
    fail(q, a, 400, "BAD_PARAMETER", "range=%s: write A, A-B or A-, counted from 1", text);
    return false;
}

static void get(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_lines_ struct wire_lines lines = {0};
    int64_t line, last;
    if (!range(q, a, &line, &last))
        return;
    size_t budget = (size_t)json_int(q->query, "max_tokens", 0) * WIRE_TOKEN_BYTES;
    if (find_document(q, "id", &doc, &err) < 0 ||
        wire_read_lines(q->d, doc->content, doc->size, line, last, budget, &lines, &err) < 0)
        return fail_err(q, a, &err);
    const char *text = lines.text.data ? lines.text.data : "";
    size_t len = lines.text.len;
    int64_t n = lines.count;
    if (!n && (line > 1 || budget) && doc->size)
        return line > doc->lines ? fail(q, a, 416, "NO_SUCH_LINES",
                                        "the document has only %lld lines", (long long)doc->lines)
                                 : fail(q, a, 422, "BUDGET_TOO_SMALL",
                                        "the first line does not fit into %lld tokens",
                                        (long long)json_int(q->query, "max_tokens", 0));
    if (wants_text(q)) {
        response_bytes(a, 200, MARKDOWN, text, len);
        return response_header(a, "X-Lines", "%lld-%lld/%lld", (long long)line,
                               (long long)(line + n - 1), (long long)doc->lines);
    }
    json_t *o = render_document(doc);
    if (o) {
        json_object_set_new(o, "line", json_integer(line));
        json_object_set_new(o, "line_count", json_integer(n));
        json_object_set_new(o, "truncated", json_boolean(line + n - 1 < doc->lines));
        json_object_set_new(o, "tokens", json_integer((json_int_t)wire_token_count(len)));
        json_object_set_new(o, "content", wire_textn(text, len));
    }
    response_json(a, 200, o);
    if (json_text(q->query, "format", NULL)) /* else it depends on a header */
        response_keep(a, NULL);
}

static void document(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    if (find_document(q, "id", &doc, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, render_document(doc));
    response_keep(a, NULL);
}

static void similar(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    struct render_options o = {.explain = json_flag(q->query, "explain", false)};
    if (find_document(q, "id", &doc, &err) < 0 ||
        docfs_similar(q->d, doc->id, (unsigned)json_int(q->query, "limit", 10), &r, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:I}", "content_id", doc->public_id, "results",
                            render_hits(q->d, r, &o), "total_count", (json_int_t)r->n));
    response_keep(a, NULL);
}

/* ---- listing ---- */

struct walk {
    struct request *q;
    const char *collection, *prefix;
    size_t root, prefix_len; /* root: length of "collection/" in path */
    size_t skip, want, seen;
    struct buf path;
    json_t *list;
};

/* Depth is bounded by the store: a path of PATH_MAX bytes has few enough components. */
static int walk(struct walk *w, int64_t directory, struct docfs_err *err)
{
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    int r = docfs_list(w->q->d, directory, &l, err);
    size_t at = w->path.len;
    for (size_t i = 0; r == 0 && i < l->n && w->seen <= w->skip + w->want; i++) {
        const struct docfs_entry *e = &l->item[i];
        buf_add(&w->path, e->name, e->name_len);
        const char *path = w->path.data + w->root;
        size_t len = w->path.len - w->root;
        size_t shared = len < w->prefix_len ? len : w->prefix_len;
        if (buf_status(&w->path) < 0) {
            r = err_oom(err);
        } else if (memcmp(path, w->prefix, shared) != 0 || (!e->is_dir && len < w->prefix_len)) {
            /* elsewhere */
        } else if (e->is_dir) {
            buf_addc(&w->path, '/');
            r = walk(w, e->id, err);
        } else if (w->seen++ >= w->skip && w->seen <= w->skip + w->want) {
            json_t *o = wire_entry(e, w->collection, path);
            if (o) {
                json_object_set(o, "content_id", json_object_get(o, "id"));
                json_object_set(o, "size_bytes", json_object_get(o, "size"));
            }
            r = json_array_append_new(w->list, o) < 0 ? err_oom(err) : 0;
        }
        buf_truncate(&w->path, at);
    }
    return r;
}

int list_documents(struct request *q, const struct docfs_collection *k, const char *prefix,
                   size_t skip, size_t want, json_t *list, bool *ret_more, struct docfs_err *err)
{
    struct walk w = {.q = q,
                     .collection = k->name,
                     .prefix = prefix,
                     .prefix_len = strlen(prefix),
                     .skip = skip,
                     .want = want,
                     .list = list};
    buf_addf(&w.path, "%s/", k->name);
    w.root = w.path.len;
    int r = buf_status(&w.path) < 0 ? err_oom(err) : walk(&w, k->root, err);
    *ret_more = w.seen > skip + want;
    buf_fini(&w.path);
    return r;
}

static void documents(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *k;
    const char *name = *request_param(q, "slug") ? request_param(q, "slug")
                                                 : json_text(q->query, "collection",
                                                             json_text(q->query, "workspace", ""));
    if (!*name) /* without a collection the question is AnythingLLM's: the uploads */
        return response_json(a, 200, json_pack("{s:o}", "localFiles", any_local_files(q->d, &err)));
    if (docfs_collections(q->d, &all, &err) < 0 ||
        docfs_collection_find(all, name, false, &k, &err) < 0)
        return fail_err(q, a, &err);
    size_t skip = (size_t)json_int(q->query, "offset", 0);
    size_t want = (size_t)json_int(q->query, "limit", 100);
    json_t *list = json_array();
    bool more = false;
    if (!list ||
        list_documents(q, k, json_text(q->query, "path", ""), skip, want, list, &more, &err) < 0) {
        json_decref(list);
        return list ? fail_err(q, a, &err) : response_json(a, 500, NULL);
    }
    size_t total =
        *json_text(q->query, "path", "") ? skip + json_array_size(list) + more : k->documents;
    response_json(a, 200,
                  json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:b}", "collection", wire_text(k->name),
                            "path", json_text(q->query, "path", ""), "documents", list,
                            "total_count", (json_int_t)total, "offset", (json_int_t)skip, "limit",
                            (json_int_t)want, "has_more", (int)more));
    response_keep(a, NULL);
}

static const struct route routes[] = {
    {"GET", "/api/v1/content/{id...}", SCOPE_READ, get, ROUTE_KEEP, .id = "getContent",
     .summary = "Text of a document, whole or by lines", .query = "ContentQuery",
     .response = "Content"},
    {"GET", "/api/v1/similar/{id...}", SCOPE_READ, similar, ROUTE_KEEP, .id = "similarDocuments",
     .summary = "The documents nearest to a document", .query = "SimilarQuery",
     .response = "SimilarResponse"},
    {"GET", "/api/v1/documents", SCOPE_READ, documents, ROUTE_KEEP, .id = "listDocuments",
     .summary = "Documents of a collection, by path", .query = "DocumentsQuery",
     .response = "Documents"},
    {"GET", "/api/v1/documents/{id...}", SCOPE_READ, document, ROUTE_KEEP, .id = "getDocument",
     .summary = "What is known about a document", .response = "Document"},
    {"GET", "/api/v1/collections/{slug}/documents", SCOPE_READ, documents, ROUTE_KEEP,
     .id = "listCollectionDocuments", .summary = "Documents of a collection, by path",
     .query = "CollectionDocumentsQuery", .response = "Documents"},
    {0},
};

const struct resource resource_content = {
    .name = "content",
    .text = "Documents: an id is that of a search result, or COLLECTION/PATH.",
    .route = routes};
