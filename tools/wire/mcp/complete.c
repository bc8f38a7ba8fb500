/* SPDX-License-Identifier: MIT
 * completion/complete: names of collections, and paths of documents one directory at a time. */
#include "tools/wire/mcp/internal.h"

#define VALUES_MAX 100

struct values {
    json_t *list;
    size_t total;
};

static void offer(struct values *v, const char *value)
{
    if (v->total++ < VALUES_MAX)
        json_array_append_new(v->list, wire_text(value));
}

/* Names that begin with s come first, then those that hold it. */
static int collections(struct docfs *d, const char *s, struct values *v, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    int r = docfs_collections(d, &all, err);
    for (int inside = 0; r == 0 && inside < 2; inside++)
        for (size_t i = 0; i < all->n; i++) {
            const char *at = strcasestr(all->item[i].name, s);
            if (at && (at != all->item[i].name) == inside)
                offer(v, all->item[i].name);
        }
    return r;
}

static int documents(struct docfs *d, const char *s, struct values *v, struct docfs_err *err)
{
    const char *slash = strrchr(s, '/'), *last = slash ? slash + 1 : s;
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    _cleanup_free_ char *dir = strndup(s, slash ? (size_t)(slash - s) : 0);
    struct docfs_entry e = {0};
    if (!dir)
        return err_oom(err);
    int r = *dir ? docfs_lookup_path(d, dir, &e, err) : 0;
    if (r == -ENOENT || (r == 0 && *dir && !e.is_dir))
        return 0;
    if (r == 0)
        r = docfs_list(d, *dir ? e.id : 0, &l, err);
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        if (strncasecmp(l->item[i].name, last, strlen(last)) != 0)
            continue;
        _cleanup_buf_ struct buf b = {0};
        buf_addf(&b, "%s%s%s%s", dir, *dir ? "/" : "", l->item[i].name,
                 l->item[i].is_dir ? "/" : "");
        offer(v, buf_text(&b));
    }
    return r;
}

json_t *mcp_complete(struct mcp_request *q, struct mcp_fault *f)
{
    json_t *ref = json_object_get(q->params, "ref"), *arg = json_object_get(q->params, "argument");
    const char *type = mcp_string(ref, "type"), *name = mcp_string(arg, "name"),
               *value = mcp_string(arg, "value");
    if (!type || !name || !value ||
        (strcmp(type, "ref/prompt") != 0 && strcmp(type, "ref/resource") != 0))
        return mcp_fail(f, MCP_INVALID_PARAMS,
                        "completion/complete needs params.ref of type ref/prompt or ref/resource "
                        "and params.argument with name and value");
    struct docfs_err err = {0};
    struct values v = {.list = json_array()};
    int r = 0;
    if (strcmp(name, "collection") == 0)
        r = collections(q->d, value, &v, &err);
    else if (strcmp(name, "document") == 0)
        r = documents(q->d, value, &v, &err);
    if (r < 0) {
        json_decref(v.list);
        return mcp_fail(f, MCP_INTERNAL, "%s", err.text);
    }
    return json_pack("{s:{s:o, s:I, s:b}}", "completion", "values", v.list, "total",
                     (json_int_t)v.total, "hasMore", v.total > VALUES_MAX);
}
