/* SPDX-License-Identifier: MIT
 * /metrics in the Prometheus text format (version 0.0.4). */
#include "tools/sidecar/process.h"
#include "tools/sidecar/resources.h"

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP docfs_%s %s\n# TYPE docfs_%s %s\n", name, help, name, type);
}

static void one(struct buf *b, const char *name, const char *type, double value, const char *help)
{
    head(b, name, type, help);
    buf_addf(b, "docfs_%s %.17g\n", name, value);
}

#define COUNT(v) ((double)atomic_load_explicit(&(v), memory_order_relaxed))

static const struct route *route_of(const struct server *s, size_t i)
{
    static const struct route none = {.method = "", .pattern = "none"};
    return i < s->router.n ? s->router.item[i].route : &none;
}

/* Only routes that were asked for: a scrape stays small. */
static void requests(struct server *s, struct buf *b)
{
    struct metrics *m = &s->metrics;
    head(b, "http_requests_total", "counter", "Requests answered");
    for (size_t i = 0; i <= m->n; i++)
        for (int c = 1; c < 6; c++)
            if (atomic_load(&m->route[i].status[c]))
                buf_addf(b,
                         "docfs_http_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} "
                         "%.17g\n",
                         route_of(s, i)->method, route_of(s, i)->pattern, c,
                         COUNT(m->route[i].status[c]));
    head(b, "http_request_duration_seconds", "histogram", "Time from the headers to the answer");
    for (size_t i = 0; i <= m->n; i++) {
        double sum = 0, all = 0;
        const struct route *r = route_of(s, i);
        for (int c = 0; c < 6; c++)
            all += COUNT(m->route[i].status[c]);
        if (all == 0)
            continue;
        for (int k = 0; k < METRIC_BUCKETS; k++) {
            sum += COUNT(m->route[i].bucket[k]);
            buf_addf(b,
                     "docfs_http_request_duration_seconds_bucket{method=\"%s\",route=\"%s\",le="
                     "\"%g\"} %.17g\n",
                     r->method, r->pattern, metrics_bounds[k], sum);
        }
        /* Counted apart from the buckets: between the two loads a request may have ended. */
        all = all < sum ? sum : all;
        buf_addf(
            b,
            "docfs_http_request_duration_seconds_bucket{method=\"%s\",route=\"%s\",le=\"+Inf\"} "
            "%.17g\n",
            r->method, r->pattern, all);
        buf_addf(b, "docfs_http_request_duration_seconds_sum{method=\"%s\",route=\"%s\"} %.17g\n",
                 r->method, r->pattern, COUNT(m->route[i].sum_us) / 1e6);
        buf_addf(b, "docfs_http_request_duration_seconds_count{method=\"%s\",route=\"%s\"} %.17g\n",
                 r->method, r->pattern, all);
    }
}

static void server_part(struct server *s, struct buf *b)
{
    struct metrics *m = &s->metrics;
    struct cache_figures c;
    cache_figures(s->cache, &c);
    pthread_mutex_lock(&s->conns.lock);
    unsigned open = s->conns.n;
    pthread_mutex_unlock(&s->conns.lock);
    one(b, "http_connections", "gauge", open, "Connections open");
    one(b, "http_connections_total", "counter", COUNT(m->accepted), "Connections accepted");
    one(b, "http_requests_in_flight", "gauge", COUNT(m->in_flight), "Requests being answered");
    one(b, "http_streams", "gauge", streams_count(s->streams), "Event streams open");
    one(b, "http_sent_bytes_total", "counter", COUNT(m->bytes_out), "Bytes of answers");
    one(b, "http_queue", "gauge", pool_waiting(s->fast) + pool_waiting(s->slow),
        "Requests waiting for a thread");
    one(b, "http_threads_busy", "gauge", pool_busy(s->fast) + pool_busy(s->slow),
        "Threads that answer something");
    head(b, "http_refused_total", "counter", "Requests refused before their handler");
    buf_addf(b, "docfs_http_refused_total{why=\"rate\"} %.17g\n", COUNT(m->refused_rate));
    buf_addf(b, "docfs_http_refused_total{why=\"token\"} %.17g\n", COUNT(m->refused_auth));
    buf_addf(b, "docfs_http_refused_total{why=\"host\"} %.17g\n", COUNT(m->refused_host));
    buf_addf(b, "docfs_http_refused_total{why=\"queue\"} %.17g\n", COUNT(m->refused_queue));
    one(b, "http_malformed_total", "counter", COUNT(m->malformed),
        "Requests that ended without an answer");
    one(b, "http_timeouts_total", "counter", COUNT(m->timeouts), "Connections cut for slowness");
    one(b, "http_evicted_total", "counter", COUNT(m->evicted), "Idle connections that gave way");
    one(b, "kept_answers", "gauge", (double)c.entries, "Answers kept");
    one(b, "kept_answers_bytes", "gauge", (double)c.bytes, "Memory of answers kept");
    one(b, "kept_answers_hits_total", "counter", COUNT(m->kept_hits), "Answers given from memory");
    one(b, "kept_answers_misses_total", "counter", COUNT(m->kept_misses), "Answers made and kept");
    one(b, "kept_answers_evicted_total", "counter", (double)c.evicted, "Answers that gave way");
}

static void cache_part(struct request *q, struct buf *b)
{
    struct docfs_status st;
    bool up = docfs_status(q->d, &st, NULL) == 0;
    one(b, "cache_up", "gauge", up, "1 when the cache can be read");
    if (!up)
        return;
    one(b, "cache_generation", "counter", (double)st.generation, "Published changes");
    one(b, "cache_collections", "gauge", (double)st.collections, "Collections");
    one(b, "cache_documents", "gauge", (double)st.documents, "Documents");
    one(b, "cache_passages", "gauge", (double)st.passages, "Passages");
    one(b, "cache_vectors", "gauge", (double)st.vectors, "Vectors stored");
    one(b, "cache_failed_files", "gauge", (double)st.failed, "Files left out by the last ingest");
    one(b, "cache_database_bytes", "gauge", (double)st.db_bytes, "Size of the database");
    one(b, "cache_index_bytes", "gauge", (double)st.index_bytes, "Size of the index files");
    one(b, "cache_ingesting", "gauge", st.ingesting, "1 while an ingest runs");
    one(b, "search_hits_total", "counter", (double)st.cache_hits, "Searches from the result cache");
    one(b, "search_misses_total", "counter", (double)st.cache_misses, "Searches done");
}

static void process_part(struct server *s, struct buf *b)
{
    struct process_figures p;
    process_figures(&p);
    head(b, "build_info", "gauge", "Version");
    buf_addf(b, "docfs_build_info{version=\"%s\"} 1\n", docfs_version());
    one(b, "uptime_seconds", "gauge", server_uptime(s), "Since the start of the server");
    one(b, "process_resident_bytes", "gauge", (double)p.resident, "Memory in use");
    one(b, "process_cpu_seconds_total", "counter", p.cpu_seconds, "Processor time");
    one(b, "process_open_fds", "gauge", p.fds, "File descriptors");
    one(b, "process_threads", "gauge", p.threads, "Threads");
}

static void metrics(struct request *q, struct response *a)
{
    struct buf b = {0};
    requests(q->server, &b);
    server_part(q->server, &b);
    cache_part(q, &b);
    process_part(q->server, &b);
    response_buf(a, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
}

static const struct route routes[] = {
    {"GET", "/metrics", SCOPE_READ, metrics, .id = "metrics",
     .summary = "Figures in the Prometheus text format", .type = "text/plain"},
    {0},
};

const struct resource resource_metrics = {
    .name = "metrics", .text = "Figures for monitoring.", .route = routes};
