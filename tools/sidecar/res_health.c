/* SPDX-License-Identifier: MIT
 * Is it alive, is it ready, and what of it does not work. */
#include <string.h>

#include "core/util/clock.h"
#include "tools/sidecar/health.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/wire.h"

struct services {
    struct docfs_health *seen; /* NULL when it is not known */
    json_t *list, *now;
    size_t up, all;
    bool down; /* a part without which nothing works */
};

static void add(struct services *s, const char *name, const char *status, double ms,
                const char *details)
{
    s->all++;
    s->up += strcmp(status, "healthy") == 0;
    json_array_append_new(
        s->list, json_pack("{s:o, s:s, s:f, s:O, s:o}", "service", wire_text(name), "status",
                           status, "response_time_ms", ms, "last_check", s->now, "details",
                           details && *details ? wire_text(details) : json_null()));
}

static void check_cache(struct request *q, struct services *s)
{
    struct docfs_err err = {0};
    struct docfs_status st;
    int64_t from = clock_mono_ns();
    int r = docfs_status(q->d, &st, &err);
    double ms = (double)(clock_mono_ns() - from) / 1e6;
    s->down = r < 0;
    add(s, "cache", r < 0 ? "unhealthy" : "healthy", ms, r < 0 ? err.text : NULL);
    if (r < 0)
        return;
    char text[160] = "";
    bool behind = st.vectors < st.passages && !st.ingesting;
    if (behind)
        snprintf(text, sizeof(text),
                 "%zu of %zu passages have no vector: docfs verify --repair makes them",
                 st.passages - st.vectors, st.passages);
    add(s, "index", behind ? "degraded" : "healthy", 0, text);
}

/* Mounts and servers on this cache. Stopped ones are no fault. */
static void check_programs(struct services *s)
{
    for (size_t i = 0; s->seen && i < s->seen->n_services; i++) {
        const struct docfs_service_info *x = &s->seen->service[i];
        if (x->state == DOCFS_SERVICE_STOPPED)
            continue;
        char name[300];
        snprintf(name, sizeof(name), "%s %s", x->kind, x->place);
        add(s, name,
            x->state == DOCFS_SERVICE_UP         ? "healthy"
            : x->state == DOCFS_SERVICE_DEGRADED ? "degraded"
                                                 : "unhealthy",
            x->p50_ms, *x->reason ? x->reason : docfs_service_state_name(x->state));
    }
}

static void check(struct request *q, struct services *s)
{
    *s = (struct services){.list = json_array(), .now = wire_time(clock_wall_ns() / SECOND_NS)};
    docfs_health(q->d, &s->seen, NULL);
    check_cache(q, s);
    if (!s->down)
        check_programs(s);
}

json_t *health_services(struct request *q, size_t *ret_up, size_t *ret_all)
{
    struct services s;
    check(q, &s);
    json_decref(s.now);
    docfs_health_free(s.seen);
    *ret_up = s.up;
    *ret_all = s.all;
    return s.list;
}

/* How much of the last day, week and month each service was up, from the recorded events. */
static json_t *availability(const struct docfs_health *h)
{
    json_t *list = json_array();
    for (size_t i = 0; h && i < h->n_services; i++) {
        const struct docfs_service_info *s = &h->service[i];
        int64_t ms = s->window[DOCFS_MONTH].recovery_ms;
        json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:f, s:f, s:f, s:I, s:o}", "service",
                                              wire_text(s->kind), "place", wire_text(s->place),
                                              "state", docfs_service_state_name(s->state), "24h",
                                              s->window[DOCFS_DAY].availability, "7d",
                                              s->window[DOCFS_WEEK].availability, "30d",
                                              s->window[DOCFS_MONTH].availability, "crashes",
                                              (json_int_t)s->window[DOCFS_MONTH].crashes,
                                              "recovery_seconds",
                                              ms < 0 ? json_null() : json_real((double)ms / 1000)));
    }
    return list;
}

static void health(struct request *q, struct response *a)
{
    struct services s;
    check(q, &s);
    const char *status = s.down ? "unhealthy" : s.up < s.all ? "degraded" : "healthy";
    json_t *components = json_object(), *one;
    size_t i;
    json_array_foreach(s.list, i, one)
        json_object_set(components, json_text(one, "service", "?"), json_object_get(one, "status"));
    response_json(a, 200,
                  json_pack("{s:s, s:s, s:s, s:o, s:o, s:{s:b, s:b}, s:o, s:o}", "overall_status",
                            status, "status", status, "version", docfs_version(), "services",
                            s.list, "components", components, "features", "search", !s.down,
                            "write", !server_read_only(q->server), "availability",
                            availability(s.seen), "timestamp", s.now));
    docfs_health_free(s.seen);
}

static void ready(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    uint64_t generation;
    int r = docfs_generation(q->d, &generation, &err);
    bool stopping = request_cancelled(q);
    if (r == 0 && !stopping)
        return response_json(a, 200, json_pack("{s:b, s:n}", "ready", 1, "reason"));
    response_json(
        a, 503,
        json_pack("{s:b, s:o}", "ready", 0, "reason",
                  stopping ? json_string("the server is stopping") : wire_text(err.text)));
}

static const struct route routes[] = {
    {"GET", "/api/v1/health", SCOPE_PUBLIC, health, .id = "health",
     .summary = "State of the server and its parts; always 200", .response = "Health"},
    {"GET", "/health", SCOPE_PUBLIC, health, ROUTE_UNLISTED, .id = "healthAlias",
     .summary = "The same", .response = "Health"},
    {"GET", "/api/v1/ready", SCOPE_PUBLIC, ready, .id = "ready",
     .summary = "200 when requests are answered, else 503", .response = "Ready"},
    {"GET", "/ready", SCOPE_PUBLIC, ready, ROUTE_UNLISTED, .id = "readyAlias",
     .summary = "The same", .response = "Ready"},
    {0},
};

const struct resource resource_health = {
    .name = "health", .text = "Alive and ready.", .route = routes};
