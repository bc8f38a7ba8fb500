/* SPDX-License-Identifier: MIT
 * Resources: the cache, its collections, its documents. Documents are not listed one by one (there
 * may be a hundred thousand): the template names them, completion finds them. */
#include "tools/wire/mcp/internal.h"

#include <stdlib.h>

#define DOCUMENTS_MAX 1000 /* listed of a collection */
#define TEXT_MAX (8u << 20)

json_t *mcp_page(struct mcp_request *q, const char *key, json_t *list, struct mcp_fault *f)
{
    const char *cursor = mcp_string(q->params, "cursor");
    char *end = NULL;
    size_t n = json_array_size(list);
    unsigned long at = cursor ? strtoul(cursor, &end, 10) : 0;
    if (json_object_get(q->params, "cursor") && (!end || *end || end == cursor || at > n)) {
        json_decref(list);
        return mcp_fail(f, MCP_INVALID_PARAMS, "params.cursor is none that this list gave");
    }
    json_t *page = json_array();
    size_t i;
    for (i = at; page && i < n && i < at + MCP_PAGE; i++)
        json_array_append(page, json_array_get(list, i));
    json_decref(list);
    json_t *r = json_pack("{s:o}", key, page);
    if (r && i < n)
        json_object_set_new(r, "nextCursor", json_sprintf("%zu", i));
    return r;
}

static json_t *fail_err(struct mcp_fault *f, const struct docfs_err *err)
{
    return mcp_fail(f, MCP_INTERNAL, "%s", err->text);
}

json_t *mcp_resources_list(struct mcp_request *q, struct mcp_fault *f)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    struct docfs_err err = {0};
    if (docfs_collections(q->d, &all, &err) < 0)
        return fail_err(f, &err);
    json_t *list = json_copy(json_object_get(q->m->texts, "resources"));
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        _cleanup_buf_ struct buf uri = {0};
        mcp_uri(&uri, "collections", c->name, NULL);
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:s}", "uri", wire_text(uri.data),
                                        "name", wire_text(c->name), "title",
                                        wire_text(c->title && *c->title ? c->title : c->name),
                                        "description", json_sprintf("%zu documents", c->documents),
                                        "mimeType", "application/json"));
    }
    return mcp_page(q, "resources", list, f);
}

json_t *mcp_resources_templates(struct mcp_request *q, struct mcp_fault *f)
{
    return mcp_page(q, "resourceTemplates",
                    json_incref(json_object_get(q->m->texts, "resourceTemplates")), f);
}

/* ---- reading ---- */

/* Takes value. */
static int put_json(struct buf *out, json_t *value, struct docfs_err *err)
{
    _cleanup_free_ char *s = value ? json_dumps(value, JSON_INDENT(1)) : NULL;
    json_decref(value);
    if (!s)
        return err_oom(err);
    buf_adds(out, s);
    return 0;
}

static int read_status(struct docfs *d, struct buf *out, struct docfs_err *err)
{
    struct docfs_status s = {0};
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    int r = docfs_status(d, &s, err);
    if (r == 0)
        r = docfs_health(d, &h, err);
    return r < 0 ? r : put_json(out, wire_status(&s, h, docfs_path(d)), err);
}

static int read_collections(struct docfs *d, struct buf *out, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    int r = docfs_collections(d, &all, err);
    return r < 0 ? r : put_json(out, wire_collections(all), err);
}

struct gather {
    const char *collection;
    json_t *list;
};

static int add_document(void *arg, const struct docfs_entry *e, const char *path)
{
    struct gather *g = arg;
    if (json_array_size(g->list) >= DOCUMENTS_MAX)
        return 1;
    _cleanup_buf_ struct buf uri = {0};
    mcp_uri(&uri, "documents", g->collection, path);
    json_t *o = wire_entry(e, g->collection, path);
    if (!o || json_object_set_new(o, "uri", wire_text(uri.data)) < 0 ||
        json_array_append(g->list, o) < 0) {
        json_decref(o);
        return -ENOMEM;
    }
    json_decref(o);
    return 0;
}

static int read_collection(struct docfs *d, const char *name, struct buf *out,
                           struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    int r = docfs_collections(d, &all, err);
    for (size_t i = 0; r == 0 && i < all->n; i++) {
        if (strcmp(all->item[i].name, name) != 0)
            continue;
        struct gather g = {.collection = name, .list = json_array()};
        r = wire_walk(d, all->item[i].root, add_document, &g, err);
        json_t *m = r < 0
                        ? NULL
                        : wire_message("collection", json_pack("{s:o, s:O, s:b}", "collection",
                                                               wire_collection(&all->item[i]),
                                                               "documents", g.list, "more", r > 0));
        json_decref(g.list);
        return r < 0 ? r : put_json(out, m, err);
    }
    return r < 0 ? r : err_set(err, -ENOENT, "no collection is called '%.200s'", name);
}

static int read_document(struct docfs *d, const char *name, struct buf *out, struct docfs_err *err)
{
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_lines_ struct wire_lines lines = {0};
    int64_t id = 0;
    int r = docfs_resolve(d, name, &id, err);
    if (r == 0)
        r = docfs_document(d, id, &doc, err);
    if (r == 0 && doc->size > TEXT_MAX)
        return err_set(err, -EFBIG, "%s is larger than %u MiB: use the tool read_document", name,
                       TEXT_MAX >> 20);
    if (r == 0)
        r = wire_read_lines(d, doc->content, doc->size, 1, 0, 0, &lines, err);
    if (r == 0)
        buf_add(out, lines.text.data, lines.text.len);
    return r;
}

/* Undoes percent-encoding; NULL when an escape is broken or hides a NUL. Caller frees. */
static char *decode(const char *s)
{
    _cleanup_buf_ struct buf b = {0};
    for (; *s; s++) {
        unsigned v = 0;
        int n = 0;
        if (*s == '%' && (sscanf(s + 1, "%2x%n", &v, &n) != 1 || n != 2 || !v))
            return NULL;
        buf_addc(&b, *s == '%' ? (char)v : *s);
        s += n;
    }
    return buf_steal(&b, NULL);
}

char *mcp_uri_name(const char *uri, bool *ret_is_document)
{
    static const char collections[] = "docfs://collections/", documents[] = "docfs://documents/";
    *ret_is_document = strncmp(uri, documents, sizeof(documents) - 1) == 0;
    if (!*ret_is_document && strncmp(uri, collections, sizeof(collections) - 1) != 0)
        return NULL;
    return decode(uri + (*ret_is_document ? sizeof(documents) : sizeof(collections)) - 1);
}

static int read_uri(struct docfs *d, const char *uri, struct buf *out, const char **ret_type,
                    struct docfs_err *err)
{
    bool is_document = false;
    *ret_type = "application/json";
    if (strcmp(uri, "docfs://status") == 0)
        return read_status(d, out, err);
    if (strcmp(uri, "docfs://collections") == 0)
        return read_collections(d, out, err);
    _cleanup_free_ char *name = mcp_uri_name(uri, &is_document);
    if (!name || !*name)
        return err_set(err, -ENOENT, "Resource not found: %.200s", uri);
    if (is_document)
        *ret_type = "text/markdown";
    return is_document ? read_document(d, name, out, err) : read_collection(d, name, out, err);
}

json_t *mcp_resources_read(struct mcp_request *q, struct mcp_fault *f)
{
    const char *uri = mcp_string(q->params, "uri"), *type = NULL;
    _cleanup_buf_ struct buf out = {0};
    struct docfs_err err = {0};
    if (!uri)
        return mcp_fail(f, MCP_INVALID_PARAMS, "resources/read needs params.uri");
    int r = read_uri(q->d, uri, &out, &type, &err);
    if (r == -ENOENT || r == -EINVAL || r == -ESTALE || r == -EFBIG) {
        f->data = json_pack("{s:o}", "uri", wire_text(uri));
        return mcp_fail(f, q->stateless ? MCP_INVALID_PARAMS : MCP_NO_RESOURCE, "%s", err.text);
    }
    if (r < 0)
        return fail_err(f, &err);
    return json_pack("{s:[{s:o, s:s, s:o}]}", "contents", "uri", wire_text(uri), "mimeType", type,
                     "text", wire_textn(buf_text(&out), out.len));
}
