/* SPDX-License-Identifier: MIT
 * AnythingLLM: documents. An upload lies in a folder until it is put into a workspace; then its
 * text is a document of that collection, at ANY_FOLDER/FILE.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/anything.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/ask.h"

#define HEADERS_MAX_SENT 32

/* ---- uploads ---- */

static size_t count_words(const char *s)
{
    size_t n = 0;
    for (bool in = false; *s; s++) {
        bool blank = *s == ' ' || *s == '\n' || *s == '\t';
        n += !blank && !in;
        in = !blank;
    }
    return n;
}

struct upload {
    const char *folder, *kind; /* kind: how it came: "raw", "file", "link" */
    const char *title, *text, *url, *source;
    const json_t *metadata;
};

/* Keeps an upload; a new DOC with its text. */
static json_t *keep(struct request *q, const struct upload *u, struct docfs_err *err)
{
    char slug[ANY_SLUG_MAX], id[37];
    any_slug(u->title, slug);
    slug[60] = '\0';
    any_uuid(id);
    _cleanup_buf_ struct buf file = {0}, url = {0};
    buf_addf(&file, "%s-%s-%s.json", u->kind, *slug ? slug : "document", id);
    const char *given = json_text(u->metadata, "url", u->url);
    if (given && *given)
        buf_adds(&url, given);
    else
        buf_addf(&url, "file://%s.txt", *slug ? slug : "document");
    size_t len = strlen(u->text);
    json_int_t now = time(NULL);
    json_t *doc = json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:b}", "id", id, "url",
        wire_text(url.data), "title", wire_text(u->title), "docAuthor",
        json_text(u->metadata, "docAuthor", "Unknown"), "description",
        json_text(u->metadata, "description", "Unknown"), "docSource",
        json_text(u->metadata, "docSource", u->source), "chunkSource",
        json_text(u->metadata, "chunkSource", url.data ? url.data : ""), "published",
        json_int(u->metadata, "published", now * 1000), "wordCount",
        (json_int_t)count_words(u->text), "token_count_estimate", (json_int_t)wire_token_count(len),
        "location", json_sprintf("%s/%s", u->folder, file.data ? file.data : ""), "isDirectUpload",
        0);
    _cleanup_free_ char *value = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    struct docfs_record r = {
        .kind = "upload", .parent = u->folder, .key = file.data, .value = value, .body = u->text};
    if (!value || buf_status(&file) < 0) {
        json_decref(doc);
        err_oom(err);
        return NULL;
    }
    if (docfs_record_put(q->d, &r, NULL, err) < 0) {
        json_decref(doc);
        return NULL;
    }
    json_object_set_new(doc, "pageContent", wire_textn(u->text, len));
    return doc;
}

/* The upload at "folder/file.json"; NULL when there is none. */
struct docfs_records *any_upload(struct docfs *d, const char *location, bool body)
{
    const char *slash = strrchr(location, '/');
    _cleanup_free_ char *folder = slash ? strndup(location, (size_t)(slash - location)) : NULL;
    struct docfs_record_filter f = {
        .kind = "upload", .parent = folder, .key = slash ? slash + 1 : location, .body = body};
    struct docfs_records *r = NULL;
    if (docfs_records(d, &f, &r, NULL) < 0)
        return NULL;
    if (r->n)
        return r;
    docfs_records_free(r);
    return NULL;
}

/* "folder/file.json" -> "folder/file.md" */
void any_path(const char *location, struct buf *out)
{
    size_t len = strlen(location);
    if (len > 5 && strcmp(location + len - 5, ".json") == 0)
        len -= 5;
    buf_add(out, location, len);
    buf_adds(out, ".md");
}

static int embed_one(struct docfs *d, const char *collection, const char *location,
                     struct docfs_err *err)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r = any_upload(d, location, true);
    _cleanup_buf_ struct buf path = {0};
    if (!r)
        return err_set(err, -ENOENT, "%s: no such document", location);
    json_t *doc = json_loads(r->item[0].value, 0, NULL);
    const char *url = json_text(doc, "url", "");
    any_path(location, &path);
    struct docfs_raw raw = {.path = path.data,
                            .title = json_text(doc, "title", location),
                            .url = strncmp(url, "http", 4) == 0 ? url : NULL,
                            .markdown = r->item[0].body,
                            .len = strlen(r->item[0].body)};
    int rc = docfs_add_raw(d, collection, &raw, 1, err);
    json_decref(doc);
    return rc;
}

int any_take_out(struct docfs *d, const char *collection, const char *location,
                 struct docfs_err *err)
{
    _cleanup_buf_ struct buf path = {0};
    any_path(location, &path);
    return buf_status(&path) < 0 ? err_oom(err) : docfs_remove_raw(d, collection, path.data, err);
}

json_t *any_embed(struct request *q, const char *collection, const json_t *adds,
                  const json_t *deletes, struct docfs_err *err)
{
    json_t *failed = json_array(), *one;
    size_t i;
    for (int add = 0; add < 2; add++)
        json_array_foreach(add ? adds : deletes, i, one)
        {
            struct docfs_err why = {0};
            const char *location = json_string_value(one);
            int r = !location ? err_set(&why, -EINVAL, "a document is named by its location")
                    : add     ? embed_one(q->d, collection, location, &why)
                              : any_take_out(q->d, collection, location, &why);
            if (r == -EROFS || r == -EBUSY || r == -ENOMEM) {
                json_decref(failed);
                if (err)
                    *err = why;
                return NULL;
            }
            if (r < 0)
                json_array_append_new(failed, wire_text(why.text));
        }
    server_audit(q, "workspace.embed", collection, "anythingllm");
    return failed;
}

/* ---- what is there ---- */

struct documents {
    const struct workspace *w;
    json_t *list;
};

static bool pinned(const struct workspace *w, const char *path)
{
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(w->settings, "pins"), i,
                       one) if (json_is_string(one) &&
                                strcmp(json_string_value(one), path) == 0) return true;
    return false;
}

static int add_document(void *arg, const struct docfs_entry *e, const char *path)
{
    struct documents *x = arg;
    char id[DOC_ID_LEN + 1];
    name_doc_id(e->id, id);
    /* An upload is called by its location, everything else by its place in the collection. */
    size_t len = strlen(path);
    bool upload = len > 40 && path[len - 40] == '-' && strcmp(path + len - 3, ".md") == 0;
    _cleanup_buf_ struct buf docpath = {0};
    buf_add(&docpath, path, upload ? len - 3 : len);
    if (upload)
        buf_adds(&docpath, ".json");
    const char *slash = strrchr(path, '/');
    json_t *meta =
        json_pack("{s:s, s:o, s:o, s:I}", "id", id, "title", wire_text(slash ? slash + 1 : path),
                  "url", wire_text(path), "size", (json_int_t)e->size);
    _cleanup_free_ char *text = meta ? json_dumps(meta, JSON_COMPACT) : NULL;
    json_decref(meta);
    json_array_append_new(x->list,
                          json_pack("{s:I, s:s, s:o, s:o, s:I, s:o, s:b, s:b, s:o, s:o}", "id",
                                    (json_int_t)e->id, "docId", id, "filename",
                                    wire_text(slash ? slash + 1 : path), "docpath",
                                    wire_text(docpath.data), "workspaceId", (json_int_t)x->w->id,
                                    "metadata", wire_text(text ? text : "{}"), "pinned",
                                    (int)pinned(x->w, docpath.data ? docpath.data : ""), "watched",
                                    0, "createdAt", any_iso(e->mtime_ns / 1000000000),
                                    "lastUpdatedAt", any_iso(e->mtime_ns / 1000000000)));
    return json_array_size(x->list) >= 1000 ? 1 : 0;
}

json_t *any_workspace_documents(struct docfs *d, const struct workspace *w, struct docfs_err *err)
{
    struct documents x = {.w = w, .list = json_array()};
    int r = w->root ? wire_walk(d, w->root, add_document, &x, err) : 0;
    if (r < 0) {
        json_decref(x.list);
        return NULL;
    }
    return x.list;
}

json_t *any_file(const struct docfs_record *r)
{
    json_t *o = json_loads(r->value, 0, NULL);
    if (!o)
        o = json_object();
    json_object_set_new(o, "name", json_string(r->key));
    json_object_set_new(o, "type", json_string("file"));
    json_object_set_new(o, "cached", json_false());
    json_object_set_new(o, "canWatch", json_false());
    json_object_set_new(o, "watched", json_false());
    json_object_set_new(o, "pinnedWorkspaces", json_array());
    return o;
}

json_t *any_local_files(struct docfs *d, struct docfs_err *err)
{
    _cleanup_(docfs_records_freep) struct docfs_records *folders = NULL, *files = NULL;
    struct docfs_record_filter f = {.kind = "folder", .parent = ""}, u = {.kind = "upload"};
    if (docfs_records(d, &f, &folders, err) < 0 || docfs_records(d, &u, &files, err) < 0)
        return NULL;
    json_t *by_name = json_object(), *items = json_array(), *list;
    const char *name;
    json_object_set_new(by_name, ANY_FOLDER, json_array());
    for (size_t i = 0; i < folders->n; i++)
        if (!json_object_get(by_name, folders->item[i].key))
            json_object_set_new(by_name, folders->item[i].key, json_array());
    for (size_t i = 0; i < files->n; i++) {
        list = json_object_get(by_name, files->item[i].parent);
        if (!list) {
            list = json_array();
            json_object_set_new(by_name, files->item[i].parent, list);
        }
        json_array_append_new(list, any_file(&files->item[i]));
    }
    json_object_foreach(by_name, name, list) json_array_append_new(
        items, json_pack("{s:s, s:s, s:O}", "name", name, "type", "folder", "items", list));
    json_decref(by_name);
    return json_pack("{s:s, s:s, s:o}", "name", "documents", "type", "folder", "items", items);
}

static void get(struct request *q, struct response *a)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r =
        any_upload(q->d, request_param(q, "name"), false);
    if (!r)
        return fail(q, a, 404, "NOT_FOUND", "there is no document %s", request_param(q, "name"));
    response_json(a, 200, json_pack("{s:o}", "document", any_file(&r->item[0])));
}

/* ---- putting in ---- */

static void add_to_workspaces(struct request *q, const char *names, const json_t *doc)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    _cleanup_free_ char *copy = strdup(names);
    char *rest = copy, *name;
    if (!copy || !*copy || workspaces_load(q->d, &all, NULL) < 0)
        return;
    json_t *adds = json_pack("[O]", json_object_get(doc, "location"));
    while ((name = strsep(&rest, ","))) {
        name += strspn(name, " ");
        name[strcspn(name, " ")] = '\0';
        const struct workspace *w = workspaces_find(&all, name);
        if (w)
            json_decref(any_embed(q, w->collection, adds, NULL, NULL));
    }
    json_decref(adds);
}

static void answer(struct request *q, struct response *a, const struct upload *u,
                   const char *workspaces)
{
    struct docfs_err err = {0};
    json_t *doc = keep(q, u, &err);
    if (!doc)
        return fail_err(q, a, &err);
    server_audit(q, "document.upload", json_text(doc, "location", ""), "anythingllm");
    if (workspaces)
        add_to_workspaces(q, workspaces, doc);
    response_json(a, 200, json_pack("{s:b, s:n, s:[o]}", "success", 1, "error", "documents", doc));
}

static void unprocessable(struct response *a, const char *text)
{
    response_json(a, 422, json_pack("{s:b, s:s}", "success", 0, "error", text));
}

static void raw_text(struct request *q, struct response *a)
{
    const json_t *meta = json_object_get(q->json, "metadata");
    const char *text = json_text(q->json, "textContent", ""), *title = json_text(meta, "title", "");
    if (!title[strspn(title, " \t\n")])
        return unprocessable(a, "You are missing required metadata key:value pairs in your "
                                "request. Required metadata key:values are 'title'");
    if (!text[strspn(text, " \t\n")])
        return unprocessable(a, "The 'textContent' key cannot have an empty value.");
    struct upload u = {.folder = ANY_FOLDER,
                       .kind = "raw",
                       .title = title,
                       .text = text,
                       .source = "raw text",
                       .metadata = meta};
    answer(q, a, &u, json_text(q->json, "addToWorkspaces", NULL));
}

static void upload_file(struct request *q, struct response *a)
{
    __attribute__((cleanup(parts_fini))) struct parts parts = {0};
    __attribute__((cleanup(docfs_page_fini))) struct docfs_page page = {0};
    struct docfs_err err = {0};
    const char *to = request_param(q, "folder");
    if (*to && (strpbrk(to, "/\\") || strcmp(to, "..") == 0 || strcmp(to, ".") == 0))
        return fail(q, a, 400, "BAD_PARAMETER", "folders cannot be nested");
    if (request_parts(q, &parts, &err) < 0)
        return fail_err(q, a, &err);
    const struct part *file = parts_find(&parts, "file"),
                      *spaces = parts_find(&parts, "addToWorkspaces"),
                      *extra = parts_find(&parts, "metadata");
    if (!file)
        return unprocessable(a, "the form has no part called file");
    const char *name = file->filename && *file->filename ? file->filename : "document.txt";
    if (docfs_convert(q->d, name, file->data, file->len, &page, &err) < 0)
        return unprocessable(a, err.text);
    json_t *meta = extra ? json_loadb(extra->data, extra->len, 0, NULL) : NULL;
    _cleanup_free_ char *into = spaces ? strndup(spaces->data, spaces->len) : NULL;
    struct upload u = {.folder = *to ? to : ANY_FOLDER,
                       .kind = "file",
                       .title = json_text(meta, "title", page.title),
                       .text = page.markdown,
                       .url = page.url,
                       .source = name,
                       .metadata = meta};
    answer(q, a, &u, into);
    json_decref(meta);
}

static void upload_link(struct request *q, struct response *a)
{
    __attribute__((cleanup(docfs_page_fini))) struct docfs_page page = {0};
    struct docfs_err err = {0};
    const char *link = json_text(q->json, "link", ""), *key;
    json_t *value, *given = json_object_get(q->json, "scraperHeaders");
    _cleanup_buf_ struct buf text = {0};
    const char *headers[HEADERS_MAX_SENT + 1] = {0};
    size_t n = 0, at[HEADERS_MAX_SENT];
    if (strncasecmp(link, "https://", 8) != 0 && strncasecmp(link, "http://", 7) != 0)
        return unprocessable(a, "link must be an http:// or https:// address");
    json_object_foreach(given, key, value) if (json_is_string(value) && n < HEADERS_MAX_SENT)
    {
        at[n++] = text.len;
        buf_addf(&text, "%s: %s", key, json_string_value(value));
        buf_addc(&text, '\0');
    }
    for (size_t i = 0; i < n && text.data; i++)
        headers[i] = text.data + at[i];
    if (docfs_fetch(q->d, link, headers, &page, &err) < 0)
        return unprocessable(a, err.text);
    const json_t *meta = json_object_get(q->json, "metadata");
    struct upload u = {.folder = ANY_FOLDER,
                       .kind = "link",
                       .title = json_text(meta, "title", page.title),
                       .text = page.markdown,
                       .url = page.url,
                       .source = "URL link uploaded by the user.",
                       .metadata = meta};
    answer(q, a, &u, json_text(q->json, "addToWorkspaces", NULL));
}

/* ---- about documents ---- */

static void metadata_schema(struct request *q, struct response *a)
{
    static const char *const keys[] = {"url",       "title",       "docAuthor", "description",
                                       "docSource", "chunkSource", NULL};
    json_t *o = json_object();
    for (size_t i = 0; keys[i]; i++)
        json_object_set_new(o, keys[i], json_string("string | nullable"));
    json_object_set_new(o, "published", json_string("epoch timestamp in ms | nullable"));
    response_json(a, 200, json_pack("{s:o}", "schema", o));
}

static void accepted_types(struct request *q, struct response *a)
{
    response_json(a, 200,
                  json_pack("{s:{s:[s,s,s,s,s], s:[s,s], s:[s,s], s:[s], s:[s], s:[s,s]}}", "types",
                            "text/plain", ".txt", ".md", ".rst", ".adoc", ".org", "text/html",
                            ".html", ".htm", "text/x-man", ".1", ".3", "application/x-ipynb+json",
                            ".ipynb", "application/pdf", ".pdf", "application/json", ".json",
                            ".yaml"));
}

#define D "/api/v1/document"
#define ANY .body = "AnyObject", .response = "AnyObject"
static const struct route routes[] = {
    {"POST", D "/raw-text", SCOPE_WRITE, raw_text, .id = "anyRawText", .summary = "Upload a text",
     ANY},
    {"POST", D "/upload", SCOPE_WRITE, upload_file, ROUTE_UPLOAD | ROUTE_SLOW, .id = "anyUpload",
     .summary = "Upload a file", .response = "AnyObject", .body_type = "multipart/form-data"},
    {"POST", D "/upload/{folder}", SCOPE_WRITE, upload_file, ROUTE_UPLOAD | ROUTE_SLOW,
     .id = "anyUploadTo", .summary = "Upload a file into a folder", .response = "AnyObject",
     .body_type = "multipart/form-data"},
    {"POST", D "/upload-link", SCOPE_WRITE, upload_link, ROUTE_SLOW, .id = "anyUploadLink",
     .summary = "Fetch a page", ANY},
    {"GET", D "/metadata-schema", SCOPE_READ, metadata_schema, .id = "anyMetadataSchema",
     .summary = "Members of metadata", .response = "AnyObject"},
    {"GET", D "/accepted-file-types", SCOPE_READ, accepted_types, .id = "anyFileTypes",
     .summary = "Files that can be uploaded", .response = "AnyObject"},
    {"GET", D "/{name}", SCOPE_READ, get, .id = "anyDocument", .summary = "An upload",
     .response = "AnyObject"},
    {0},
};

const struct resource resource_any_documents = {.name = "uploads",
                                                .text = "Documents as AnythingLLM has them.",
                                                .route = routes,
                                                .error = any_error};
