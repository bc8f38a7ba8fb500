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

int64_t cut_lines(const char *text, size_t len, int64_t line, int64_t lines, size_t room,
                  const char **ret_text, size_t *ret_len)
{
    const char *p = text, *end = text + len;
    for (int64_t i = 1; i < line && p < end; i++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        p = eol ? eol + 1 : end;
    }
    const char *from = p;
    int64_t n = 0;
    while (p < end && (!lines || n < lines)) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        const char *next = eol ? eol + 1 : end;
        if (room && (size_t)(next - from) > room)
            break; /* whole lines only: ranges stay exact */
        p = next;
        n++;
    }
    *ret_text = from;
    *ret_len = (size_t)(p - from);
    return n;
}

static int read_content(struct docfs *d, int64_t content, int64_t size, struct buf *ret,
                        struct docfs_err *err)
{
    for (int64_t at = 0; at < size;) {
        size_t want = size - at > (1 << 20) ? 1 << 20 : (size_t)(size - at);
        if (!buf_reserve(ret, want + 1))
            return err_oom(err);
        int64_t n = docfs_read(d, content, ret->data + ret->len, want, at, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        ret->len += (size_t)n;
        ret->data[ret->len] = '\0';
        at += n;
    }
    return 0;
}

int read_text(struct docfs *d, const struct docfs_document *doc, struct buf *ret,
              struct docfs_err *err)
{
    return read_content(d, doc->content, doc->size, ret, err);
}

/* Adds the passage of a hit within what is left of the budget. */
static void add_text(struct docfs *d, const struct docfs_hit *h, json_t *o, size_t *room,
                     struct render_options *opt)
{
    _cleanup_buf_ struct buf all = {0};
    const char *text;
    size_t len;
    if ((opt->tokens && !*room) || read_content(d, h->content, h->size, &all, NULL) < 0 ||
        !cut_lines(all.data ? all.data : "", all.len, h->line, h->lines, *room, &text, &len))
        return;
    size_t tokens = (len + TOKEN_BYTES - 1) / TOKEN_BYTES;
    json_object_set_new(o, "text", wire_textn(text, len));
    json_object_set_new(o, "tokens", json_integer((json_int_t)tokens));
    opt->used += tokens;
    if (opt->tokens)
        *room = opt->tokens > opt->used ? (opt->tokens - opt->used) * TOKEN_BYTES : 0;
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
    size_t room = opt->tokens * TOKEN_BYTES;
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
