/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/render.h"

#include <errno.h>
#include <string.h>

json_t *base_name(const char *collection)
{
    const char *at = strchr(collection, '@');
    return wire_textn(collection, at ? (size_t)(at - collection) : strlen(collection));
}

static int set_mount_path(json_t *o, const char *collection, const char *path)
{
    _cleanup_buf_ struct buf b = {0};
    buf_addf(&b, "docs/%s/%s", collection, path);
    return buf_status(&b) < 0 ? -ENOMEM : wire_set_path(o, "mount_path", b.data);
}

int read_text(struct docfs *d, const struct docfs_document *doc, struct buf *ret,
              struct docfs_err *err)
{
    struct wire_lines all;
    int r = wire_read_lines(d, doc->content, doc->size, 1, 0, 0, &all, err);
    *ret = all.text;
    return r;
}

/* Adds the passage of a hit within what is left of the budget. */
static void add_text(struct docfs *d, const struct docfs_hit *h, json_t *o, size_t *room,
                     struct render_options *opt)
{
    _cleanup_lines_ struct wire_lines lines = {0};
    if ((opt->tokens && !*room) ||
        wire_read_lines(d, h->content, h->size, h->line, (int64_t)h->line + h->lines - 1, *room,
                        &lines, NULL) < 0 ||
        !lines.count)
        return;
    size_t tokens = wire_token_count(lines.text.len);
    json_object_set_new(o, "text", wire_textn(lines.text.data, lines.text.len));
    json_object_set_new(o, "tokens", json_integer((json_int_t)tokens));
    opt->used += tokens;
    if (opt->tokens)
        *room = opt->tokens > opt->used ? (opt->tokens - opt->used) * WIRE_TOKEN_BYTES : 0;
}

static json_t *render_hit(struct docfs *d, const struct docfs_hit *h, size_t rank, size_t *room,
                          struct render_options *opt)
{
    json_t *o = wire_hit(h, rank, opt->explain);
    if (!o)
        return NULL;
    json_object_set_new(o, "content_id", json_string(h->public_id));
    json_object_set(o, "source_url", json_object_get(o, "url"));
    json_object_set_new(o, "technology", base_name(h->collection));
    json_object_set_new(o, "workspace", wire_text(h->collection));
    json_object_set_new(o, "relevance_score", json_real(h->score));
    json_object_set_new(o, "content_type", json_string("text/markdown"));
    if (set_mount_path(o, h->collection, h->path) < 0) {
        json_decref(o);
        return NULL;
    }
    if (opt->text)
        add_text(d, h, o, room, opt);
    return o;
}

json_t *render_hits(struct docfs *d, const struct docfs_results *r, struct render_options *opt)
{
    size_t room = opt->tokens * WIRE_TOKEN_BYTES;
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->n; i++) {
        json_t *o = render_hit(d, &r->hit[i], i + 1, &room, opt);
        if (!o || json_object_set_new(o, "below_min", json_boolean(i >= r->n - r->below)) < 0 ||
            json_array_append_new(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *render_document(const struct docfs_document *doc)
{
    json_t *o = wire_document(doc);
    if (!o)
        return NULL;
    json_object_set_new(o, "content_id", json_string(doc->public_id));
    json_object_set(o, "source_url", json_object_get(o, "url"));
    json_object_set_new(o, "technology", base_name(doc->collection));
    json_object_set_new(o, "workspace", wire_text(doc->collection));
    json_object_set_new(o, "collection_name", wire_text(doc->collection));
    json_object_set_new(o, "content_type", json_string("text/markdown"));
    json_object_set(o, "size_bytes", json_object_get(o, "size"));
    json_object_set(o, "created_at", json_object_get(o, "fetched_at"));
    json_object_set(o, "last_updated", json_object_get(o, "changed_at"));
    if (set_mount_path(o, doc->collection, doc->path) < 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

int find_document(struct request *q, const char *name, struct docfs_document **ret,
                  struct docfs_err *err)
{
    int64_t id;
    int r = docfs_resolve(q->d, request_param(q, name), &id, err);
    return r < 0 ? r : docfs_document(q->d, id, ret, err);
}
