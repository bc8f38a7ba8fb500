/* SPDX-License-Identifier: MIT
 * Collections: list, make, look at, remove. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"

static json_t *render_collection(const struct docfs_collection *k)
{
    json_t *o = wire_collection(k);
    if (!o)
        return NULL;
    json_object_set_new(o, "slug", wire_text(k->name));
    json_object_set_new(o, "technology", base_name(k->name));
    json_object_set_new(o, "document_count", json_integer((json_int_t)k->documents));
    json_object_set_new(o, "chunk_count", json_integer((json_int_t)k->passages));
    json_object_set_new(o, "last_updated", wire_time(k->changed_at));
    json_object_set_new(o, "is_active", json_boolean(k->documents > 0));
    return o;
}

static void list(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_collections(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    json_t *out = json_array();
    for (size_t i = 0; i < all->n; i++)
        json_array_append_new(out, render_collection(&all->item[i]));
    response_json(a, 200,
                  json_pack("{s:o, s:I}", "collections", out, "total_count",
                            (json_int_t)json_array_size(out)));
}

static int find(struct request *q, struct docfs_collections **all,
                const struct docfs_collection **ret, struct docfs_err *err)
{
    int r = docfs_collections(q->d, all, err);
    return r < 0 ? r : docfs_collection_find(*all, request_param(q, "slug"), false, ret, err);
}

static void get(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *k;
    if (find(q, &all, &k, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, render_collection(k));
}

static void stats(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_(docfs_failures_freep) struct docfs_failures *f = NULL;
    const struct docfs_collection *k;
    if (find(q, &all, &k, &err) < 0 || docfs_failures(q->d, k->name, 100, &f, &err) < 0)
        return fail_err(q, a, &err);
    json_t *o = render_collection(k), *bad = json_array();
    for (size_t i = 0; i < f->n; i++) {
        json_t *one = json_pack("{s:s, s:o}", "outcome", f->item[i].outcome, "reason",
                                wire_text(f->item[i].reason));
        if (one)
            wire_set_path(one, "path", f->item[i].path);
        json_array_append_new(bad, one);
    }
    if (o) {
        json_object_set_new(o, "average_document_bytes",
                            json_integer(k->documents ? k->bytes / (int64_t)k->documents : 0));
        json_object_set_new(o, "failures", bad);
    }
    response_json(a, 200, o);
}

static void create(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const char *name = json_text(q->json, "name", json_text(q->json, "slug", ""));
    const char *version = json_text(q->json, "version", "");
    _cleanup_buf_ struct buf full = {0};
    buf_adds(&full, name);
    if (*version && !strchr(name, '@'))
        buf_addf(&full, "@%s", version);
    if (buf_status(&full) < 0 || docfs_collections(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->item[i].name, full.data) == 0)
            return fail(q, a, 409, "EXISTS", "there is a collection called %s already", full.data);
    if (docfs_add_raw(q->d, full.data, NULL, 0, &err) < 0)
        return fail_err(q, a, &err);
    docfs_collections_free(steal_ptr(all));
    const struct docfs_collection *k;
    if (docfs_collections(q->d, &all, &err) < 0 ||
        docfs_collection_find(all, full.data, false, &k, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "collection.create", k->name, NULL);
    response_json(a, 201, render_collection(k));
}

static void delete (struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *k;
    if (find(q, &all, &k, &err) < 0 || docfs_remove(q->d, k->name, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "collection.delete", k->name, NULL);
    response_json(a, 200,
                  json_pack("{s:s, s:o}", "message", "the collection was removed", "slug",
                            wire_text(k->name)));
}

static const struct route routes[] = {
    {"GET", "/api/v1/collections", SCOPE_READ, list, .id = "listCollections",
     .summary = "All collections", .response = "Collections"},
    {"POST", "/api/v1/collections", SCOPE_WRITE, create, .id = "createCollection",
     .summary = "Make an empty collection", .body = "NewCollection", .response = "Collection",
     .status = 201},
    {"GET", "/api/v1/collections/{slug}", SCOPE_READ, get, .id = "getCollection",
     .summary = "One collection", .response = "Collection"},
    {"DELETE", "/api/v1/collections/{slug}", SCOPE_WRITE, delete, ROUTE_SLOW,
     .id = "deleteCollection", .summary = "Remove a collection with everything in it",
     .response = "Removed"},
    {"GET", "/api/v1/collections/{slug}/stats", SCOPE_READ, stats, .id = "collectionStats",
     .summary = "Figures of a collection, and the files left out of it",
     .response = "CollectionStats"},
    {0},
};

const struct resource resource_collections = {
    .name = "collections", .text = "Named bodies of documentation.", .route = routes};
