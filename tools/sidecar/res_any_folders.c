/* SPDX-License-Identifier: MIT
 * AnythingLLM: folders of uploads, and taking uploads away. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/sidecar/anything.h"
#include "tools/sidecar/resources.h"

static void folder(struct request *q, struct response *a)
{
    _cleanup_(docfs_records_freep) struct docfs_records *files = NULL, *known = NULL;
    const char *name = request_param(q, "folder"), *limit = json_text(q->query, "limit", "50");
    struct docfs_record_filter u = {.kind = "upload", .parent = name},
                               f = {.kind = "folder", .parent = "", .key = name};
    struct docfs_err err = {0};
    if (docfs_records(q->d, &u, &files, &err) < 0 || docfs_records(q->d, &f, &known, &err) < 0)
        return fail_err(q, a, &err);
    if (!files->n && !known->n && strcmp(name, ANY_FOLDER) != 0)
        return fail(q, a, 404, "NOT_FOUND", "there is no folder %s", name);
    size_t from = (size_t)strtoul(json_text(q->query, "offset", "0"), NULL, 10);
    size_t most = strcmp(limit, "all") == 0 ? files->n : (size_t)strtoul(limit, NULL, 10);
    most = most > 1000 && strcmp(limit, "all") != 0 ? 1000 : most;
    json_t *list = json_array();
    for (size_t i = from; i < files->n && i - from < most; i++)
        json_array_append_new(list, any_file(&files->item[i]));
    bool more = from + json_array_size(list) < files->n;
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:I, s:b, s:n}", "folder", name, "documents", list,
                            "totalCount", (json_int_t)files->n, "hasMore", (int)more, "error"));
}

static void done(struct response *a, const char *message)
{
    response_json(a, 200, json_pack("{s:b, s:s}", "success", 1, "message", message));
}

static void create_folder(struct request *q, struct response *a)
{
    const char *name = json_text(q->json, "name", "");
    struct docfs_record r = {.kind = "folder", .parent = "", .key = name, .value = "{}"};
    struct docfs_err err = {0};
    if (!*name || strpbrk(name, "/\\") || *name == '.' || strlen(name) > 200)
        return fail(q, a, 400, "BAD_PARAMETER", "'%.100s' is no name for a folder", name);
    if (docfs_record_put(q->d, &r, NULL, &err) < 0)
        return fail_err(q, a, &err);
    done(a, "Folder created");
}

static void remove_folder(struct request *q, struct response *a)
{
    const char *name = json_text(q->json, "name", "");
    struct docfs_err err = {0};
    if (!*name || strcmp(name, ANY_FOLDER) == 0)
        return fail(q, a, 400, "BAD_PARAMETER", "the folder '%.100s' cannot be removed", name);
    if (docfs_record_drop(q->d, "upload", name, NULL, &err) < 0 ||
        docfs_record_drop(q->d, "folder", "", name, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "folder.delete", name, "anythingllm");
    done(a, "Folder removed successfully");
}

/* A document that is in a workspace stays where it is: its location is its name there. */
static bool is_embedded(struct docfs *d, const char *location)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    _cleanup_buf_ struct buf path = {0};
    any_path(location, &path);
    if (workspaces_load(d, &all, NULL) < 0)
        return true;
    for (size_t i = 0; i < all.n; i++) {
        _cleanup_buf_ struct buf full = {0};
        struct docfs_entry e;
        buf_addf(&full, "%s/%s", all.item[i].collection, path.data ? path.data : "");
        if (all.item[i].root && docfs_lookup_path(d, full.data, &e, NULL) == 0)
            return true;
    }
    return false;
}

static int move_one(struct docfs *d, const char *from, const char *to, struct docfs_err *err)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r = any_upload(d, from, true);
    const char *slash = strrchr(to, '/');
    if (!r || !slash || slash == to || strchr(to, '/') != slash || strstr(to, ".."))
        return err_set(err, -EINVAL, "%.200s cannot be moved to %.200s", from, to);
    if (is_embedded(d, from))
        return err_set(err, -EEXIST, "%.200s is in a workspace", from);
    _cleanup_free_ char *dir = strndup(to, (size_t)(slash - to));
    json_t *doc = json_loads(r->item[0].value, 0, NULL);
    json_object_set_new(doc, "location", wire_text(to));
    _cleanup_free_ char *value = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (!dir || !value)
        return err_oom(err);
    struct docfs_record new = {
        .kind = "upload", .parent = dir, .key = slash + 1, .value = value, .body = r->item[0].body};
    int rc = docfs_record_put(d, &new, NULL, err);
    if (rc < 0)
        return rc;
    int64_t n = docfs_record_drop(d, "upload", r->item[0].parent, r->item[0].key, err);
    return n < 0 ? (int)n : 0;
}

static void move_files(struct request *q, struct response *a)
{
    json_t *one;
    size_t i, stayed = 0;
    struct docfs_err err = {0};
    json_array_foreach(json_object_get(q->json, "files"), i, one)
    {
        const char *from = json_text(one, "from", ""), *to = json_text(one, "to", "");
        if (strcmp(from, to) != 0 && move_one(q->d, from, to, &err) < 0)
            stayed++;
    }
    if (stayed) {
        char text[600];
        snprintf(text, sizeof(text), "%zu files not moved: %s", stayed, err.text);
        return done(a, text);
    }
    done(a, "Files moved successfully");
}

static void remove_documents(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    json_t *one;
    size_t i;
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    json_array_foreach(json_object_get(q->json, "names"), i, one)
    {
        const char *location = json_string_value(one), *slash;
        if (!location || !(slash = strrchr(location, '/')))
            continue;
        for (size_t k = 0; k < all.n; k++)
            if (all.item[k].root)
                any_take_out(q->d, all.item[k].collection, location, NULL);
        _cleanup_free_ char *dir = strndup(location, (size_t)(slash - location));
        if (dir && docfs_record_drop(q->d, "upload", dir, slash + 1, &err) < 0)
            return fail_err(q, a, &err);
    }
    server_audit(q, "document.delete", "uploads", "anythingllm");
    done(a, "Documents removed successfully");
}

#define D "/api/v1/document"
#define ANY .body = "AnyObject", .response = "AnyObject"
static const struct route routes[] = {
    {"GET", "/api/v1/documents/folder/{folder}", SCOPE_READ, folder, .id = "anyFolder",
     .summary = "Uploads in a folder", .response = "AnyObject"},
    {"POST", D "/create-folder", SCOPE_WRITE, create_folder, .id = "anyNewFolder",
     .summary = "A new folder", ANY},
    {"DELETE", D "/remove-folder", SCOPE_WRITE, remove_folder, .id = "anyRemoveFolder",
     .summary = "Remove a folder with its uploads", ANY},
    {"POST", D "/move-files", SCOPE_WRITE, move_files, .id = "anyMoveFiles",
     .summary = "Move uploads", ANY},
    {"DELETE", "/api/v1/system/remove-documents", SCOPE_WRITE, remove_documents, ROUTE_SLOW,
     .id = "anyRemoveDocuments", .summary = "Remove uploads, also from workspaces", ANY},
    {0},
};

const struct resource resource_any_folders = {.name = "folders",
                                              .text = "Folders of uploads as AnythingLLM has them.",
                                              .route = routes,
                                              .error = any_error};
