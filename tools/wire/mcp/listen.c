/* SPDX-License-Identifier: MIT
 * subscriptions/listen: who asks is told what changes, until one of both ends it. Nothing is pushed
 * from where a change is made, which may be another process: each listener holds marks of what it
 * asked for against the cache once its generation moved. */
#include "tools/wire/mcp/internal.h"

#include <stdlib.h>

#include "core/util/hash.h"

#define URIS_MAX 100

struct mcp_listen {
    struct docfs *d; /* borrowed */
    json_t *id;
    json_t *filter; /* what is honoured of the wish */
    bool lists, told;
    uint64_t generation, list_mark;
    uint64_t *mark; /* of each of filter's resourceSubscriptions */
};

/* ---- marks ---- */

static uint64_t mark_text(const char *s, uint64_t seed)
{
    return hash64(s, strlen(s) + 1, seed);
}

/* What is listed: who is there, not how they are. */
static uint64_t mark_list(const struct docfs_collections *all)
{
    uint64_t h = all->n;
    for (size_t i = 0; i < all->n; i++)
        h = mark_text(all->item[i].title ? all->item[i].title : "",
                      mark_text(all->item[i].name, h));
    return h;
}

static uint64_t mark_collection(const struct docfs_collection *c)
{
    const int64_t figures[] = {(int64_t)c->documents, (int64_t)c->passages,
                               (int64_t)c->failed,    c->bytes,
                               c->changed_at,         c->newest};
    uint64_t h = hash64(figures, sizeof(figures), mark_text(c->name, 0));
    h = mark_text(c->outcome ? c->outcome : "", h);
    return mark_text(c->revision ? c->revision : "", h);
}

/* The one of that name, or all of them with NULL. */
static uint64_t mark_collections(const struct docfs_collections *all, const char *name)
{
    uint64_t h = 0;
    for (size_t i = 0; i < all->n; i++)
        if (!name || strcmp(all->item[i].name, name) == 0) {
            uint64_t one = mark_collection(&all->item[i]);
            h = hash64(&one, sizeof(one), h);
        }
    return h;
}

/* 0 for one that is not there (any more). */
static uint64_t mark_document(struct docfs *d, const char *name)
{
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    int64_t id = 0;
    if (docfs_resolve(d, name, &id, NULL) < 0 || docfs_document(d, id, &doc, NULL) < 0)
        return 0;
    return mark_text(doc->title ? doc->title : "", mark_text(doc->sha256, 1));
}

static uint64_t mark_uri(struct mcp_listen *l, const char *uri, const struct docfs_collections *all)
{
    if (strcmp(uri, "docfs://status") == 0)
        return l->generation;
    if (strcmp(uri, "docfs://collections") == 0)
        return mark_collections(all, NULL);
    bool is_document = false;
    _cleanup_free_ char *name = mcp_uri_name(uri, &is_document);
    if (!name)
        return 0;
    return is_document ? mark_document(l->d, name) : mark_collections(all, name);
}

/* ---- opening ---- */

void mcp_listen_free(struct mcp_listen *l)
{
    if (!l)
        return;
    json_decref(l->id);
    json_decref(l->filter);
    free(l->mark);
    free(l);
}

/* Members that say yes to what this server announces. */
static json_t *honoured(const json_t *wish, struct mcp_fault *f)
{
    static const char *const flags[] = {"toolsListChanged", "promptsListChanged",
                                        "resourcesListChanged"};
    json_t *uris = json_object_get(wish, "resourceSubscriptions"), *one;
    size_t i;
    for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        if (json_object_get(wish, flags[i]) && !json_is_boolean(json_object_get(wish, flags[i])))
            return mcp_fail(f, MCP_INVALID_PARAMS, "params.notifications.%s must be true or false",
                            flags[i]);
    if (uris && (!json_is_array(uris) || json_array_size(uris) > URIS_MAX))
        return mcp_fail(f, MCP_INVALID_PARAMS,
                        "params.notifications.resourceSubscriptions must be an array of at most %d "
                        "URIs",
                        URIS_MAX);
    json_array_foreach(uris, i, one)
    {
        if (!json_is_string(one))
            return mcp_fail(f, MCP_INVALID_PARAMS,
                            "params.notifications.resourceSubscriptions[%zu] must be a string", i);
    }
    json_t *out = json_object();
    if (out && json_is_true(json_object_get(wish, "resourcesListChanged")))
        json_object_set_new(out, "resourcesListChanged", json_true());
    if (out && json_array_size(uris))
        json_object_set_new(out, "resourceSubscriptions", json_deep_copy(uris));
    return out ? out : mcp_fail_oom(f);
}

/* Notes what is there now; *ret_moved (may be NULL): what of it differs from the notes before, by
 * place among the URIs, the list itself at the end. */
static int look(struct mcp_listen *l, bool *ret_moved, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    json_t *uris = json_object_get(l->filter, "resourceSubscriptions"), *one;
    size_t n = json_array_size(uris), i;
    int r = docfs_collections(l->d, &all, err);
    if (r < 0)
        return r;
    json_array_foreach(uris, i, one)
    {
        uint64_t now = mark_uri(l, json_string_value(one), all);
        if (ret_moved)
            ret_moved[i] = now != l->mark[i];
        l->mark[i] = now;
    }
    uint64_t now = mark_list(all);
    if (ret_moved)
        ret_moved[n] = now != l->list_mark;
    l->list_mark = now;
    return 0;
}

json_t *mcp_listen_open(struct mcp_request *q, struct mcp_fault *f)
{
    json_t *wish = json_object_get(q->params, "notifications");
    struct docfs_err err = {0};
    if (!json_is_object(wish))
        return mcp_fail(f, MCP_INVALID_PARAMS,
                        "subscriptions/listen needs params.notifications: an object that says what "
                        "to listen for");
    json_t *filter = honoured(wish, f);
    if (!filter)
        return NULL;
    struct mcp_listen *l = calloc(1, sizeof(*l));
    size_t n = json_array_size(json_object_get(filter, "resourceSubscriptions"));
    if (!l || !(l->mark = calloc(n + 1, sizeof(*l->mark)))) {
        json_decref(filter);
        free(l);
        return mcp_fail_oom(f);
    }
    l->d = q->d;
    l->id = json_incref(q->id);
    l->filter = filter;
    l->lists = json_object_get(filter, "resourcesListChanged") != NULL;
    int r = docfs_generation(l->d, &l->generation, &err);
    if (r == 0)
        r = look(l, NULL, &err);
    if (r < 0) {
        mcp_listen_free(l);
        return mcp_fail(f, MCP_INTERNAL, "%s", err.text);
    }
    q->listen = l;
    return json_object();
}

/* ---- telling ---- */

/* Takes params. */
static int tell(struct mcp_listen *l, const char *method, json_t *params, mcp_notify_fn *send,
                void *arg)
{
    json_t *meta = json_pack("{s:O}", MCP_META "subscriptionId", l->id);
    if (!params || !meta || json_object_set_new(params, "_meta", meta) < 0) {
        json_decref(params);
        return -ENOMEM;
    }
    json_t *m = json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);
    return m ? send(arg, m) : -ENOMEM;
}

int mcp_listen_end(struct mcp_listen *l, mcp_notify_fn *send, void *arg)
{
    json_t *m = json_pack("{s:s, s:O, s:{s:s, s:{s:O, s:o}}}", "jsonrpc", "2.0", "id", l->id,
                          "result", "resultType", "complete", "_meta", MCP_META "subscriptionId",
                          l->id, MCP_META "serverInfo", mcp_server_info());
    return m ? send(arg, m) : -ENOMEM;
}

static int tell_changes(struct mcp_listen *l, const bool *moved, mcp_notify_fn *send, void *arg)
{
    json_t *uris = json_object_get(l->filter, "resourceSubscriptions"), *one;
    size_t n = json_array_size(uris), i;
    int r = 0;
    if (l->lists && moved[n])
        r = tell(l, "notifications/resources/list_changed", json_object(), send, arg);
    json_array_foreach(uris, i, one)
    {
        if (r == 0 && moved[i])
            r = tell(l, "notifications/resources/updated", json_pack("{s:O}", "uri", one), send,
                     arg);
    }
    return r;
}

int mcp_listen_poll(struct mcp_listen *l, mcp_notify_fn *send, void *arg)
{
    if (!l->told) {
        l->told = true;
        int r = tell(l, "notifications/subscriptions/acknowledged",
                     json_pack("{s:O}", "notifications", l->filter), send, arg);
        if (r == 0 && !json_object_size(l->filter)) /* nothing it could ever hear of */
            r = mcp_listen_end(l, send, arg) < 0 ? -EPIPE : 1;
        return r;
    }
    uint64_t now = l->generation;
    bool moved[URIS_MAX + 1];
    if (docfs_generation(l->d, &now, NULL) < 0 || now == l->generation)
        return 0; /* a cache that cannot be read for a moment is looked at again */
    l->generation = now;
    return look(l, moved, NULL) < 0 ? 0 : tell_changes(l, moved, send, arg);
}
