/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

#include <stdio.h>
#include <string.h>

static json_t *text_or_null(const char *s)
{
    return s && *s ? wire_text(s) : json_null();
}

/* Takes a half-built object: NULL when a path could not be added. */
static json_t *with_path(json_t *o, const char *key, const char *path)
{
    if (o && wire_set_path(o, key, path) < 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* Appends item (taken) to list; on failure frees the list and clears it. */
static void append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) < 0) {
        json_decref(*list);
        *list = NULL;
    }
}

json_t *wire_signs(unsigned signs)
{
    json_t *list = json_array();
    for (unsigned i = 0; list && i < DOCFS_SIGNS; i++)
        if (signs & 1u << i)
            append(&list, json_string(docfs_sign_name(1u << i)));
    return list;
}

/* [{"sign": "agent", "line": 12, "what": "..."}]; line null: not in the text that is shown. */
static json_t *findings(const char *lines)
{
    json_t *list = json_array();
    for (const char *p = lines ? lines : ""; list && *p;) {
        char sign[16], what[128];
        unsigned line;
        size_t n = strcspn(p, "\n");
        if (sscanf(p, "%15[^\t]\t%u\t%127[^\n]", sign, &line, what) == 3)
            append(&list,
                   json_pack("{s:s, s:o, s:o}", "sign", sign, "line",
                             line ? json_integer(line) : json_null(), "what", wire_text(what)));
        p += n + (p[n] == '\n');
    }
    return list;
}

json_t *wire_flagged(const struct docfs_flagged *f)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < f->n; i++) {
        const struct docfs_flagged_document *x = &f->item[i];
        append(&list, with_path(json_pack("{s:o, s:o, s:o}", "collection", wire_text(x->collection),
                                          "signs", wire_signs(x->signs), "findings",
                                          findings(x->findings)),
                                "path", x->path));
    }
    return wire_message("flagged", json_pack("{s:o}", "documents", list));
}

/* Marked, so that nobody takes it for the document's own words. */
json_t *wire_summary(const char *text, const char *model, int64_t at)
{
    return text ? json_pack("{s:o, s:b, s:o, s:o}", "text", wire_text(text), "generated", 1,
                            "model", wire_text(model), "at", wire_time(at))
                : json_null();
}

json_t *wire_summaries(const struct docfs_summaries *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->n; i++) {
        const struct docfs_summary *x = &s->item[i];
        append(&list, with_path(json_pack("{s:o, s:o}", "collection", wire_text(x->collection),
                                          "summary", wire_summary(x->text, x->model, x->at)),
                                "path", x->path));
    }
    return wire_message("summaries", json_pack("{s:o}", "documents", list));
}

json_t *wire_document(const struct docfs_document *doc)
{
    json_t *o =
        json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, "
                  "s:b, s:o, s:o, s:o}", /**/
                  "id", doc->public_id, "collection", wire_text(doc->collection), "title",
                  wire_text(doc->title), "url", text_or_null(doc->url), "format",
                  doc->format ? doc->format : "", "lang", doc->lang ? doc->lang : "", "mime",
                  doc->mime ? doc->mime : "", "sha256", doc->sha256, "size", (json_int_t)doc->size,
                  "lines", (json_int_t)doc->lines, "passages", (json_int_t)doc->passages,
                  "modified_at", wire_time(doc->mtime_ns / 1000000000), "fetched_at",
                  wire_time(doc->fetched_at), "changed_at", wire_time(doc->changed_at),
                  "checked_at", wire_time(doc->checked_at), "stale", wire_stale(doc->stale_at),
                  "signs", wire_signs(doc->signs), "findings", findings(doc->findings), "summary",
                  wire_summary(doc->summary, doc->summary_model, doc->summary_at));
    return with_path(with_path(o, "path", doc->path), "origin", doc->origin);
}

json_t *wire_document_text(const struct docfs_document *doc, const char *text, size_t len,
                           int64_t line, int64_t lines)
{
    return wire_message("document", json_pack("{s:o, s:I, s:I, s:o}", "document",
                                              wire_document(doc), "line", (json_int_t)line, "lines",
                                              (json_int_t)lines, "text", wire_textn(text, len)));
}

json_t *wire_entry(const struct docfs_entry *e, const char *collection, const char *path)
{
    char id[DOC_ID_LEN + 1];
    name_doc_id(e->id, id);
    return with_path(json_pack("{s:s, s:o, s:I, s:o}", "id", id, "collection",
                               wire_text(collection), "size", (json_int_t)e->size, "modified_at",
                               wire_time(e->mtime_ns / 1000000000)),
                     "path", path);
}

json_t *wire_collection(const struct docfs_collection *c)
{
    return with_path(
        json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "name",
                  wire_text(c->name), "kind", c->kind, "revision", text_or_null(c->revision),
                  "version", text_or_null(c->version), "title", text_or_null(c->title), "outcome",
                  text_or_null(c->outcome), "documents", (json_int_t)c->documents, "passages",
                  (json_int_t)c->passages, "failed", (json_int_t)c->failed, "bytes",
                  (json_int_t)c->bytes, "checked_at", wire_time(c->checked_at), "changed_at",
                  wire_time(c->changed_at), "stale", wire_stale(c->stale_at)),
        "location", c->location);
}

json_t *wire_collections(const struct docfs_collections *c)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < c->n; i++)
        append(&list, wire_collection(&c->item[i]));
    return wire_message("collections", json_pack("{s:o}", "collections", list));
}

json_t *wire_failures(const struct docfs_failures *f)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < f->n; i++) {
        const struct docfs_failure *x = &f->item[i];
        append(&list, with_path(json_pack("{s:o, s:s, s:o}", "collection", wire_text(x->collection),
                                          "outcome", x->outcome, "reason", wire_text(x->reason)),
                                "path", x->path));
    }
    return wire_message("failures", json_pack("{s:o}", "failures", list));
}

json_t *wire_report(const struct docfs_report *r, const char *collection)
{
    return wire_message(
        "report",
        json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:I, "
                  "s:I, s:I, s:o, s:I}",
                  "collection", wire_text(collection), "files", (json_int_t)r->files, "unchanged",
                  (json_int_t)r->unchanged, "converted", (json_int_t)r->converted, "failed",
                  (json_int_t)r->failed, "skipped", (json_int_t)r->skipped, "removed",
                  (json_int_t)r->removed, "renamed", (json_int_t)r->renamed, "documents",
                  (json_int_t)r->documents, "passages", (json_int_t)r->passages, "bytes",
                  (json_int_t)r->bytes, "seconds", r->seconds, "rebuilt_index",
                  (int)r->rebuilt_index, "embedded", (json_int_t)r->embedded, "reused",
                  (json_int_t)r->reused, "waiting", (json_int_t)r->waiting, "waiting_why",
                  wire_text(r->waiting_why), "flagged", (json_int_t)r->flagged));
}

json_t *wire_queue(const struct docfs_status *s)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "waiting", (json_int_t)s->jobs_waiting, "running",
                     (json_int_t)s->jobs_running, "failed_24h", (json_int_t)s->jobs_failed,
                     "interrupted_24h", (json_int_t)s->jobs_interrupted);
}

json_t *wire_status(const struct docfs_status *s, const struct docfs_health *h, const char *cache)
{
    json_t *index =
        json_pack("{s:s, s:I, s:I, s:I, s:I}", "kind", s->index_graph ? "graph" : "exact", "bytes",
                  (json_int_t)s->index_bytes, "base", (json_int_t)s->index_base, "tail",
                  (json_int_t)s->index_tail, "dead", (json_int_t)s->index_dead);
    json_t *job = s->ingesting ? json_pack("{s:I, s:I}", "total", (json_int_t)s->job_total, "done",
                                           (json_int_t)s->job_done)
                               : json_null();
    json_t *o = json_pack(
        "{s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I}", /**/
        "generation", (json_int_t)s->generation, "store_version", s->schema, "collections",
        (json_int_t)s->collections, "documents", (json_int_t)s->documents, "passages",
        (json_int_t)s->passages, "vectors", (json_int_t)s->vectors, "failed", (json_int_t)s->failed,
        "bytes", (json_int_t)s->bytes, "database_bytes", (json_int_t)s->db_bytes, "fingerprint",
        wire_text(s->fingerprint), "index", index, "ingest", job, "cache_hits",
        (json_int_t)s->cache_hits, "cache_misses", (json_int_t)s->cache_misses);
    if (o)
        json_object_set_new(o, "version", json_string(docfs_version()));
    if (o)
        json_object_set_new(o, "stale_sources", json_integer((json_int_t)s->stale));
    if (o)
        json_object_set_new(o, "jobs", wire_queue(s));
    if (o && h && wire_set_health(o, h) < 0) {
        json_decref(o);
        o = NULL;
    }
    return wire_message("status", with_path(o, "cache", cache));
}

json_t *wire_setting(const struct docfs_setting *s)
{
    static const char *const origins[] = {"default", "file", "environment", "cache", "option"};
    json_t *o =
        json_pack("{s:o, s:o, s:o, s:o, s:b, s:s, s:s, s:b, s:b}", "key", wire_text(s->key),
                  "value", wire_text(s->value), "default", wire_text(s->fallback), "help",
                  wire_text(s->help), "is_set", (int)s->is_set, "origin", origins[s->origin],
                  "type", s->kind, "needs_restart", (int)s->restart, "local_only", (int)s->local);
    if (o && s->where)
        json_object_set_new(o, "where", wire_text(s->where));
    if (o && s->ignored)
        json_object_set_new(o, "ignored", wire_text(s->ignored));
    if (o && s->choices)
        json_object_set_new(o, "choices", wire_text(s->choices));
    else if (o && strcmp(s->kind, "switch") != 0)
        json_object_set_new(o, "range", json_pack("[f, f]", s->low, s->high));
    return o;
}

json_t *wire_settings(const struct docfs_settings *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->n; i++)
        append(&list, wire_setting(&s->item[i]));
    return wire_message("settings", json_pack("{s:o}", "settings", list));
}
