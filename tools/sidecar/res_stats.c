/* SPDX-License-Identifier: MIT
 * Figures for people and dashboards: stats since the start, analytics from the query log. */
#include <string.h>

#include "core/util/hash.h"
#include "tools/sidecar/process.h"
#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/stats.h"

#define TOP 20

void search_figures(const struct server *s, struct search_figures *ret)
{
    struct docfs_asked x;
    docfs_service_asked(s->service, &x);
    uint64_t all = x.cache_hits + x.cache_misses;
    *ret = (struct search_figures){.total = x.queries,
                                   .failed = x.failed,
                                   .hits = x.cache_hits,
                                   .misses = x.cache_misses,
                                   .average_ms = x.mean_ms,
                                   .p50_ms = x.p50_ms,
                                   .p95_ms = x.p95_ms,
                                   .p99_ms = x.p99_ms,
                                   .hit_rate = all ? (double)x.cache_hits / (double)all : 0};
}

json_t *stats_object(struct request *q, struct docfs_err *err)
{
    struct docfs_status st;
    struct search_figures f;
    struct cache_figures c;
    struct process_figures p;
    if (docfs_status(q->d, &st, err) < 0)
        return NULL;
    search_figures(q->server, &f);
    cache_figures(q->server->cache, &c);
    process_figures(&p);
    double up = server_uptime(q->server);
    return json_pack(
        "{s:{s:I, s:f, s:f, s:I, s:I, s:{s:f, s:f, s:f}}, s:{s:f, s:f, s:I, s:f, s:I}, s:{s:I, "
        "s:I, s:n, s:I, s:n}, s:{s:f, s:f, s:f, s:f}, s:o}",
        "search_stats", "total_searches", (json_int_t)f.total, "avg_response_time_ms", f.average_ms,
        "cache_hit_rate", f.hit_rate, "successful_searches", (json_int_t)(f.total - f.failed),
        "failed_searches", (json_int_t)f.failed, "latency_ms", "p50", f.p50_ms, "p95", f.p95_ms,
        "p99", f.p99_ms, "cache_stats", "hit_rate", f.hit_rate, "miss_rate",
        f.hits + f.misses ? 1 - f.hit_rate : 0, "total_keys", (json_int_t)c.entries,
        "memory_usage_mb", (double)c.bytes / 1e6, "evictions", (json_int_t)c.evicted,
        "content_stats", "total_documents", (json_int_t)st.documents, "total_chunks",
        (json_int_t)st.passages, "avg_quality_score", "workspaces", (json_int_t)st.collections,
        "last_enrichment", "system_stats", "uptime_seconds", up, "cpu_usage_percent",
        up > 0 ? 100 * p.cpu_seconds / up : 0, "memory_usage_mb", (double)p.resident / 1e6,
        "disk_usage_mb", (double)(st.db_bytes + st.index_bytes) / 1e6, "timestamp",
        wire_time(clock_wall_ns() / SECOND_NS));
}

static void stats(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    json_t *o = stats_object(q, &err);
    if (!o)
        return fail_err(q, a, &err);
    response_json(a, 200, o);
}

/* ---- analytics ---- */

struct counted {
    const char *query;
    size_t n;
};

static int by_count(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->query, y->query);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct counted *)a)->query, ((const struct counted *)b)->query);
}

/* The most frequent queries of list[0..n), as an array. */
static json_t *top_queries(struct counted *list, size_t n)
{
    qsort(list, n, sizeof(*list), by_text);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (m && strcmp(list[m - 1].query, list[i].query) == 0)
            list[m - 1].n++;
        else
            list[m++] = (struct counted){list[i].query, 1};
    qsort(list, m, sizeof(*list), by_count);
    json_t *out = json_array();
    for (size_t i = 0; i < m && i < TOP; i++)
        json_array_append_new(out, json_pack("{s:o, s:I}", "query", wire_text(list[i].query),
                                             "count", (json_int_t)list[i].n));
    return out;
}

static json_t *by_technology(const struct docfs_collections *all)
{
    json_t *out = json_array();
    for (size_t i = 0; i < all->n; i++)
        json_array_append_new(out,
                              json_pack("{s:o, s:I}", "technology", wire_text(all->item[i].name),
                                        "count", (json_int_t)all->item[i].documents));
    return out;
}

static void analytics(struct request *q, struct response *a)
{
    const char *range = json_text(q->query, "timeRange", json_text(q->query, "time_range", "24h"));
    int64_t span = strcmp(range, "30d") == 0  ? 30 * 86400
                   : strcmp(range, "7d") == 0 ? 7 * 86400
                                              : 86400;
    int64_t now = clock_wall_ns() / SECOND_NS;
    struct docfs_err err = {0};
    struct docfs_status st;
    struct search_figures f;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_(docfs_recents_freep) struct docfs_recents *r = NULL;
    if (docfs_status(q->d, &st, &err) < 0 || docfs_collections(q->d, &all, &err) < 0 ||
        docfs_recent(q->d, 10000, &r, &err) < 0)
        return fail_err(q, a, &err);
    search_figures(q->server, &f);
    _cleanup_free_ struct counted *asked = calloc(r->n + 1, sizeof(*asked));
    _cleanup_free_ struct counted *empty = calloc(r->n + 1, sizeof(*empty));
    if (!asked || !empty)
        return response_json(a, 500, NULL);
    size_t n = 0, none = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->item[i].at < now - span)
            continue;
        asked[n++].query = r->item[i].query;
        if (!r->item[i].hits)
            empty[none++].query = r->item[i].query;
    }
    json_t *doors = json_object();
    for (size_t i = 0; i < r->n; i++)
        if (r->item[i].at >= now - span)
            json_object_set_new(doors, r->item[i].door,
                                json_integer(json_int(doors, r->item[i].door, 0) + 1));
    response_json(
        a, 200,
        json_pack("{s:s, s:{s:I, s:f, s:f, s:o, s:o, s:o}, s:{s:I, s:I, s:n, s:o}, s:{s:n, s:n, "
                  "s:n}, s:o}",
                  "timeRange", range, "searchMetrics", "totalSearches", (json_int_t)n,
                  "avgResponseTime", f.average_ms, "successRate",
                  n ? (double)(n - none) / (double)n : 1.0, "topQueries", top_queries(asked, n),
                  "queriesWithoutAnswer", top_queries(empty, none), "searchesByDoor", doors,
                  "contentMetrics", "totalDocuments", (json_int_t)st.documents, "totalChunks",
                  (json_int_t)st.passages, "avgQualityScore", "documentsByTechnology",
                  by_technology(all), "userMetrics", "activeUsers", "totalSessions",
                  "avgSessionDuration", "timestamp", wire_time(now)));
}

static const struct route routes[] = {
    {"GET", "/api/v1/stats", SCOPE_READ, stats, .id = "stats",
     .summary = "Figures since the start of the server", .response = "Stats"},
    {"GET", "/api/v1/analytics", SCOPE_ADMIN, analytics, .id = "analytics",
     .summary = "What was asked, from the query log", .query = "AnalyticsQuery",
     .response = "Analytics"},
    {0},
};

const struct resource resource_stats = {.name = "stats", .text = "Figures.", .route = routes};
