/* SPDX-License-Identifier: MIT
 * Machine forms of generated files. jansson does the quoting. */
#include <jansson.h>
#include <string.h>
#include <time.h>
#include "fs/answer.h"
#include "fs/render.h"
#include "tools/wire/wire.h"

static json_t *text(const char *s)
{
    _cleanup_buf_ struct buf b = {0};
    render_clean(&b, s, strlen(s));
    return json_stringn(buf_text(&b), b.len);
}

/* Adds the document to out and releases it. */
static void dump(struct buf *out, json_t *root)
{
    char *s = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) : NULL;
    if (s) {
        buf_adds(out, s);
        buf_adds(out, "\n");
    } else {
        out->oom = true;
    }
    free(s);
    json_decref(root);
}

static json_t *also_json(const struct docfs_hit *h)
{
    json_t *list = json_array();
    for (size_t i = 0; i < h->n_also; i++) {
        _cleanup_buf_ struct buf path = {0};
        buf_addf(&path, "docs/%s/%s", h->also[i].collection, h->also[i].path);
        json_array_append_new(
            list, json_pack("{ss so}", "id", h->also[i].public_id, "path", text(buf_text(&path))));
    }
    return list;
}

static json_t *signs_json(unsigned signs)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < DOCFS_SIGNS; i++)
        if (signs & 1u << i)
            json_array_append_new(list, json_string(docfs_sign_name(1u << i)));
    return list;
}

static json_t *hit_json(const struct docfs_hit *h, size_t rank)
{
    _cleanup_buf_ struct buf path = {0};
    buf_addf(&path, "docs/%s/%s", h->collection, h->path);
    return json_pack(
        "{sI ss ss so so so so so so s[II] sI so sI sb so so sf}", "rank", (json_int_t)rank, "id",
        h->public_id, "file", h->name, "path", text(buf_text(&path)), "collection",
        text(h->collection), "title", text(h->title), "heading", text(h->heading), "url",
        text(h->url), "snippet", text(h->snippet), "lines", (json_int_t)h->line,
        (json_int_t)(h->line + (h->lines ? h->lines - 1 : 0)), "size", (json_int_t)h->size, "mtime",
        json_integer(h->mtime_ns / 1000000000), "checked_at", (json_int_t)h->checked_at, "stale",
        (int)docfs_is_stale(h->stale_at), "also", also_json(h), "signs", signs_json(h->signs),
        "score", h->score);
}

void render_results_json(struct buf *out, const struct answer *a)
{
    const struct docfs_results *r = a->results;
    if (!r) {
        dump(out, json_pack("{so so}", "query", text(a->question), "error", text(a->bad.text)));
        return;
    }
    json_t *hits = json_array(), *nearest = json_array();
    size_t n = r->n - r->below;
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(i < n ? hits : nearest, hit_json(&r->hit[i], i + 1));
    dump(out, json_pack("{so so ss sI sI sI so so so}", "query", text(a->question), "canonical",
                        text(r->query), "kind", a->about, "generation", (json_int_t)r->generation,
                        "candidates", (json_int_t)r->candidates, "pending", (json_int_t)r->pending,
                        "note", text(r->note), "hits", hits, "below", nearest));
}

static json_t *list_json(char *const *item, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, text(item[i]));
    return list;
}

static json_t *maybe(const char *s)
{
    return s ? text(s) : json_null();
}

void render_query_json(struct buf *out, const struct answer *a)
{
    const struct query *q = a->query;
    if (!q) {
        dump(out, json_pack("{so ss so}", "query", text(a->question), "kind", a->about, "error",
                            *a->bad.text ? text(a->bad.text) : json_null()));
        return;
    }
    dump(out, json_pack("{so ss so so so so so so so so so sI sI sf sI ss sb}", "query",
                        text(a->question), "kind", a->about, "text", text(q->text), "canonical",
                        text(q->canonical), "phrases", list_json(q->phrase, q->n_phrase), "exclude",
                        list_json(q->exclude, q->n_exclude), "in", list_json(q->in, q->n_in),
                        "path", maybe(q->path), "lang", maybe(q->lang), "ext", maybe(q->ext),
                        "type", maybe(q->type), "after", (json_int_t)q->after, "before",
                        (json_int_t)q->before, "min", q->min, "k", (json_int_t)q->k, "mode",
                        query_mode_name(q->mode), "raw", (int)q->raw));
}

void render_status_json(struct buf *out, const struct docfs_status *s, const struct docfs_health *h,
                        const char *cache)
{
    json_t *index = json_pack("{sI sI sI sb sI}", "base", (json_int_t)s->index_base, "tail",
                              (json_int_t)s->index_tail, "dead", (json_int_t)s->index_dead, "graph",
                              (int)s->index_graph, "bytes", (json_int_t)s->index_bytes);
    json_t *job = s->ingesting ? json_pack("{sI sI}", "total", (json_int_t)s->job_total, "done",
                                           (json_int_t)s->job_done)
                               : json_null();
    json_t *o = json_pack(
        "{ss so sI si sI sI sI sI sI sI sI ss so so s{sI sI}}", "version", docfs_version(), "cache",
        text(cache), "generation", (json_int_t)s->generation, "schema", s->schema, "collections",
        (json_int_t)s->collections, "documents", (json_int_t)s->documents, "passages",
        (json_int_t)s->passages, "vectors", (json_int_t)s->vectors, "failed", (json_int_t)s->failed,
        "bytes", (json_int_t)s->bytes, "database_bytes", (json_int_t)s->db_bytes, "fingerprint",
        s->fingerprint, "index", index, "ingest", job, "result_cache", "hits",
        (json_int_t)s->cache_hits, "misses", (json_int_t)s->cache_misses);
    if (o)
        json_object_set_new(o, "jobs", wire_queue(s));
    if (o && h)
        wire_set_health(o, h);
    dump(out, o);
}

void render_collections_json(struct buf *out, const struct docfs_collections *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n; i++) {
        const struct docfs_collection *x = &c->item[i];
        json_array_append_new(
            list,
            json_pack("{so so so so so sI sI sI sI sI sI sb}", "name", text(x->name), "version",
                      text(x->version), "title", text(x->title), "location", text(x->location),
                      "outcome", text(x->outcome), "documents", (json_int_t)x->documents,
                      "passages", (json_int_t)x->passages, "failed", (json_int_t)x->failed, "bytes",
                      (json_int_t)x->bytes, "checked_at", (json_int_t)x->checked_at, "changed_at",
                      (json_int_t)x->changed_at, "stale", (int)docfs_is_stale(x->stale_at)));
    }
    dump(out, list);
}
