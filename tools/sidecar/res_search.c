/* SPDX-License-Identifier: MIT
 * Search. One request form for GET and POST, one answer. */
#include <errno.h>
#include <string.h>

#include "core/util/clock.h"
#include "core/util/hash.h"
#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"

#define LIMIT_DEFAULT 20

/* ---- the question in the query language ---- */

/* A value in quotes, so that blanks and keywords in it stay text; quotes themselves go. */
static void add_filter(struct buf *b, const char *key, const char *value)
{
    buf_addf(b, " %s=\"", key);
    for (; *value; value++)
        buf_addc(b, *value == '"' ? ' ' : *value);
    buf_addc(b, '"');
}

static void add_collections(struct buf *b, const json_t *in)
{
    size_t i;
    json_t *one;
    if (json_is_string(in))
        add_filter(b, "in", json_string_value(in));
    json_array_foreach(in, i, one) add_filter(b, "in", json_string_value(one));
}

/* hint: whether to narrow to the collection that is only a hint. */
static int parse(const json_t *in, bool hint, struct query **ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf b = {0};
    const char *text = json_text(in, "q", json_text(in, "query", ""));
    add_collections(&b, json_object_get(in, "collection"));
    if (hint)
        add_filter(&b, "in", json_text(in, "technology_hint", json_text(in, "technology", "")));
    if (json_text(in, "mode", NULL))
        add_filter(&b, "mode", json_text(in, "mode", ""));
    int r = buf_status(&b) < 0 ? err_oom(err)
                               : query_parse_with(text, strlen(text), buf_text(&b), ret, err);
    if (r == 0 && (!(*ret)->k || json_object_get(in, "limit"))) {
        /* k is part of the canonical text: parse once more with it. */
        query_free(*ret);
        *ret = NULL;
        buf_addf(&b, " k=%lld", (long long)json_int(in, "limit", LIMIT_DEFAULT));
        r = buf_status(&b) < 0 ? err_oom(err)
                               : query_parse_with(text, strlen(text), buf_text(&b), ret, err);
    }
    return r;
}

static int search(struct request *q, const json_t *in, struct docfs_results **ret,
                  struct docfs_err *err)
{
    const char *hint = json_text(in, "technology_hint", json_text(in, "technology", ""));
    for (int narrow = *hint != '\0'; narrow >= 0; narrow--) {
        _cleanup_(query_freep) struct query *parsed = NULL;
        int r = parse(in, narrow, &parsed, err);
        if (r == 0)
            r = docfs_search(q->d, parsed, 0, ret, err);
        if (r < 0 && !(narrow && (r == -ENOENT || r == -EINVAL)))
            return r;
        if (r == 0 && (!narrow || ((*ret)->n && (*ret)->below < (*ret)->n)))
            return 0;
        if (r == 0) {
            docfs_results_unref(*ret);
            *ret = NULL;
        }
    }
    return 0;
}

/* ---- the answer ---- */

/* All but the results. */
static json_t *render(struct request *q, const json_t *in, const struct docfs_results *r,
                      size_t tokens)
{
    char id[17];
    snprintf(id, sizeof(id), "%016llx",
             (unsigned long long)hash64(r->query, strlen(r->query), r->generation));
    asked_name(q->server->asked, id, json_text(in, "q", json_text(in, "query", "")));
    const char *hint = json_text(in, "technology_hint", json_text(in, "technology", NULL));
    return json_pack("{s:I, s:o, s:s, s:o, s:f, s:b, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:o, s:I}",
                     "total_count", (json_int_t)r->n, "query",
                     wire_text(json_text(in, "q", json_text(in, "query", ""))), "query_id", id,
                     "technology_hint", wire_text(hint), "execution_time_ms",
                     (double)(clock_mono_ns() - q->started_ns) / 1e6, "cache_hit", 0,
                     "enrichment_triggered", 0, "external_search_used", 0, "ingestion_status",
                     r->pending ? json_string("indexing") : json_null(), "pending",
                     (json_int_t)r->pending, "below", (json_int_t)r->below, "candidates",
                     (json_int_t)r->candidates, "generation", (json_int_t)r->generation, "note",
                     r->note && *r->note ? wire_text(r->note) : json_null(), "tokens",
                     (json_int_t)tokens);
}

/* list: the results as JSON text, which is most of an answer. */
static void add_answer(struct buf *b, const struct buf *list, const json_t *rest)
{
    buf_adds(b, "{\"results\":");
    buf_add(b, list->data, list->len);
    size_t at = b->len;
    json_into(b, rest);
    b->oom = b->oom || list->oom;
    if (buf_status(b) == 0)
        b->data[at] = ','; /* where the rest opens */
}

static void answer(struct request *q, struct response *a, const json_t *in)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if (search(q, in, &r, &err) < 0)
        return fail_err(q, a, &err);
    struct render_options o = {.explain = json_flag(in, "explain", false),
                               .tokens = (size_t)json_int(in, "max_tokens", 0)};
    o.text = json_flag(in, "text", o.tokens > 0);
    _cleanup_(json_decrefp) json_t *hits = render_hits(q->d, r, &o);
    _cleanup_(json_decrefp) json_t *rest = render(q, in, r, o.used);
    _cleanup_buf_ struct buf list = {0}, body = {0}, again = {0};
    json_into(&list, hits);
    buf_rtrim(&list, "\n");
    add_answer(&body, &list, rest);
    response_buf(a, 200, "application/json", &body);
    if (!r->pending) {
        json_object_set_new(rest, "cache_hit", json_true());
        json_object_set_new(rest, "execution_time_ms", json_real(0));
        add_answer(&again, &list, rest);
        response_keep(a, &again);
    }
    response_asked(a, json_text(in, "q", json_text(in, "query", "")), r->n - r->below);
}

static void get(struct request *q, struct response *a)
{
    answer(q, a, q->query);
}

static void post(struct request *q, struct response *a)
{
    answer(q, a, q->json);
}

static const struct route routes[] = {
    {"GET", "/api/v1/search", SCOPE_READ, get, ROUTE_KEEP, .id = "search",
     .summary = "Search the documentation", .query = "SearchQuery", .response = "SearchResponse"},
    {"POST", "/api/v1/search", SCOPE_READ, post, ROUTE_KEEP, .id = "searchPost",
     .summary = "Search the documentation", .body = "SearchRequest", .response = "SearchResponse"},
    {0},
};

const struct resource resource_search = {
    .name = "search", .text = "Questions and their answers.", .route = routes};
