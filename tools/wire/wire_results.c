/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

static json_t *rank_or_null(int rank)
{
    return rank > 0 ? json_integer(rank) : json_null();
}

static json_t *hit_why(const struct docfs_hit *h)
{
    return json_pack("{s:o, s:f, s:o, s:f, s:f, s:f, s:I}", "lex_rank", rank_or_null(h->lex_rank),
                     "lex_score", h->lex_score, "vec_rank", rank_or_null(h->vec_rank), "vec_score",
                     h->vec_score, "boost", h->boost, "feedback", h->prior, "matches",
                     (json_int_t)h->matches);
}

static json_t *also(const struct docfs_hit *h)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < h->n_also; i++) {
        const struct docfs_also *a = &h->also[i];
        json_t *o =
            json_pack("{s:s, s:o}", "id", a->public_id, "collection", wire_text(a->collection));
        if (!o || wire_set_path(o, "path", a->path) < 0 || json_array_append(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
        json_decref(o);
    }
    return list;
}

json_t *wire_hit(const struct docfs_hit *h, size_t rank, bool explain)
{
    json_t *o =
        json_pack("{s:I, s:f, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:b, "
                  "s:o, s:o}", /**/
                  "rank", (json_int_t)rank, "score", h->score, "id", h->public_id, "collection",
                  wire_text(h->collection), "title", wire_text(h->title), "heading",
                  wire_text(h->heading), "snippet", wire_text(h->snippet), "url",
                  h->url && *h->url ? wire_text(h->url) : json_null(), "line", (json_int_t)h->line,
                  "lines", (json_int_t)h->lines, "size", (json_int_t)h->size, "modified_at",
                  wire_time(h->mtime_ns / 1000000000), "name", wire_text(h->name), "checked_at",
                  wire_time(h->checked_at), "stale", wire_stale(h->stale_at), "also", also(h),
                  "signs", wire_signs(h->signs));
    if (!o)
        return NULL;
    if (wire_set_path(o, "path", h->path) < 0 ||
        (explain && json_object_set_new(o, "why", hit_why(h)) < 0)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

json_t *wire_results(const struct docfs_results *r, bool explain)
{
    json_t *hits = json_array();
    for (size_t i = 0; hits && i < r->n; i++) {
        json_t *h = wire_hit(&r->hit[i], i + 1, explain);
        if (!h || json_object_set_new(h, "below_min", json_boolean(i >= r->n - r->below)) < 0 ||
            json_array_append_new(hits, h) < 0) {
            json_decref(hits);
            hits = NULL;
        }
    }
    return wire_message(
        "results", json_pack("{s:o, s:I, s:I, s:I, s:I, s:b, s:o, s:f, s:o, s:f, s:o}", "query",
                             wire_text(r->query), "generation", (json_int_t)r->generation,
                             "candidates", (json_int_t)r->candidates, "below", (json_int_t)r->below,
                             "pending", (json_int_t)r->pending, "partial", (int)r->partial, "note",
                             wire_text(r->note), "seconds", r->seconds, "hits", hits, "sufficiency",
                             r->sufficiency, "unknown_words", wire_text(r->unknown)));
}

json_t *wire_saved(const struct docfs_saveds *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->n; i++) {
        json_t *o = json_pack("{s:o}", "query", wire_text(s->item[i].query));
        if (!o || wire_set_path(o, "name", s->item[i].name) < 0 || json_array_append(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
        json_decref(o);
    }
    return wire_message("saved", json_pack("{s:o}", "saved", list));
}

json_t *wire_answer(const struct docfs_answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < a->n; i++) {
        const struct docfs_evidence *e = &a->evidence[i];
        json_t *o = wire_hit(&a->results->hit[e->hit], e->hit + 1, false);
        if (!o || json_object_set_new(o, "number", json_integer((json_int_t)i + 1)) < 0 ||
            json_object_set_new(o, "text", wire_text(e->text)) < 0 ||
            json_object_set_new(o, "relevant", json_boolean(e->fits)) < 0 ||
            json_object_set_new(o, "cited", json_boolean(e->cited)) < 0 ||
            json_array_append(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
        json_decref(o);
    }
    return wire_message("answer",
                        json_pack("{s:o, s:b, s:b, s:o, s:o, s:o}", "text", wire_text(a->text),
                                  "found", (int)a->found, "generated", (int)a->generated, "model",
                                  *a->model ? wire_text(a->model) : json_null(), "note",
                                  *a->note ? wire_text(a->note) : json_null(), "sources", list));
}
