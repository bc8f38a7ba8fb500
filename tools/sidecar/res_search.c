/* SPDX-License-Identifier: MIT
 * Search. One request form for GET and POST, one answer. */
#include <errno.h>
#include <string.h>

#include "core/util/clock.h"
#include "core/util/hash.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/wire.h"

#define LIMIT_DEFAULT 20
#define TOKEN_BYTES 4 /* of English text; the usual estimate */

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
    buf_adds(&b, json_text(in, "q", json_text(in, "query", "")));
    add_collections(&b, json_object_get(in, "collection"));
    if (hint)
        add_filter(&b, "in", json_text(in, "technology_hint", json_text(in, "technology", "")));
    if (json_text(in, "mode", NULL))
        add_filter(&b, "mode", json_text(in, "mode", ""));
    int r = buf_status(&b) < 0 ? err_oom(err) : query_parse(b.data, b.len, false, ret, err);
    if (r == 0 && (!(*ret)->k || json_object_get(in, "limit"))) {
        /* k is part of the canonical text: parse once more with it. */
        query_free(*ret);
        *ret = NULL;
        buf_addf(&b, " k=%lld", (long long)json_int(in, "limit", LIMIT_DEFAULT));
        r = buf_status(&b) < 0 ? err_oom(err) : query_parse(b.data, b.len, false, ret, err);
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

/* Text of the passage of a hit, at most `room` bytes; NULL when it is gone. */
static char *passage_text(struct docfs *d, const struct docfs_hit *h, size_t room, size_t *ret_len);

static json_t *result(struct docfs *d, const struct docfs_hit *h, size_t rank, bool explain,
                      bool text, size_t *budget, size_t *used)
{
    json_t *o = wire_hit(h, rank, explain);
    if (!o)
        return NULL;
    const char *at = strchr(h->collection, '@');
    _cleanup_buf_ struct buf path = {0};
    buf_addf(&path, "docs/%s/%s", h->collection, h->path);
    json_t *base =
        wire_textn(h->collection, at ? (size_t)(at - h->collection) : strlen(h->collection));
    json_object_set_new(o, "content_id", json_string(h->public_id));
    json_object_set(o, "source_url", json_object_get(o, "url"));
    json_object_set_new(o, "technology", base);
    json_object_set_new(o, "workspace", wire_text(h->collection));
    json_object_set_new(o, "relevance_score", json_real(h->score));
    json_object_set_new(o, "content_type", json_string("text/markdown"));
    wire_set_path(o, "mount_path", path.data ? path.data : "");
    size_t len = 0;
    _cleanup_free_ char *body = text ? passage_text(d, h, *budget, &len) : NULL;
    if (body) {
        size_t tokens = (len + TOKEN_BYTES - 1) / TOKEN_BYTES;
        json_object_set_new(o, "text", wire_textn(body, len));
        json_object_set_new(o, "tokens", json_integer((json_int_t)tokens));
        *budget -= len < *budget ? len : *budget;
        *used += tokens;
    }
    return o;
}

static char *passage_text(struct docfs *d, const struct docfs_hit *h, size_t room, size_t *ret_len)
{
    if (!room || h->size <= 0 || h->size > 64 << 20)
        return NULL;
    char *all = malloc((size_t)h->size + 1);
    int64_t got = all ? docfs_read(d, h->content, all, (size_t)h->size, 0, NULL) : -1;
    if (got < 0) {
        free(all);
        return NULL;
    }
    size_t at = 0, end, len = (size_t)got;
    for (uint32_t line = 1; line < h->line && at < len; line++) {
        const char *eol = memchr(all + at, '\n', len - at);
        at = eol ? (size_t)(eol - all) + 1 : len;
    }
    end = at;
    for (uint32_t line = 0; line < h->lines && end < len; line++) {
        const char *eol = memchr(all + end, '\n', len - end);
        size_t next = eol ? (size_t)(eol - all) + 1 : len;
        if (next - at > room)
            break; /* whole lines only, so that line ranges stay exact */
        end = next;
    }
    if (end == at) {
        free(all);
        return NULL;
    }
    memmove(all, all + at, end - at);
    *ret_len = end - at;
    return all;
}

static json_t *render(struct request *q, const json_t *in, const struct docfs_results *r)
{
    json_int_t tokens = json_int(in, "max_tokens", 0);
    bool text = json_flag(in, "text", tokens > 0), explain = json_flag(in, "explain", false);
    size_t budget = tokens ? (size_t)tokens * TOKEN_BYTES : SIZE_MAX, used = 0;
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->n; i++) {
        json_t *o = result(q->d, &r->hit[i], i + 1, explain, text, &budget, &used);
        if (!o || json_object_set_new(o, "below_min", json_boolean(i >= r->n - r->below)) < 0 ||
            json_array_append_new(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    char id[17];
    snprintf(id, sizeof(id), "%016llx",
             (unsigned long long)hash64(r->query, strlen(r->query), r->generation));
    const char *hint = json_text(in, "technology_hint", json_text(in, "technology", NULL));
    return json_pack("{s:o, s:I, s:o, s:s, s:o, s:f, s:b, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:o, "
                     "s:I}",
                     "results", list, "total_count", (json_int_t)r->n, "query",
                     wire_text(json_text(in, "q", json_text(in, "query", ""))), "query_id", id,
                     "technology_hint", wire_text(hint), "execution_time_ms",
                     (double)(clock_mono_ns() - q->started_ns) / 1e6, "cache_hit", 0,
                     "enrichment_triggered", 0, "external_search_used", 0, "ingestion_status",
                     r->pending ? json_string("indexing") : json_null(), "pending",
                     (json_int_t)r->pending, "below", (json_int_t)r->below, "candidates",
                     (json_int_t)r->candidates, "generation", (json_int_t)r->generation, "note",
                     r->note && *r->note ? wire_text(r->note) : json_null(), "tokens",
                     (json_int_t)used);
}

static void answer(struct request *q, struct response *a, const json_t *in)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if (search(q, in, &r, &err) < 0)
        return fail_err(q, a, &err);
    json_t *o = render(q, in, r), *again = json_copy(o);
    if (again && !r->pending) {
        json_object_set_new(again, "cache_hit", json_true());
        json_object_set_new(again, "execution_time_ms", json_real(0));
        response_json(a, 200, o);
        response_keep(a, again);
    } else {
        json_decref(again);
        response_json(a, 200, o);
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
