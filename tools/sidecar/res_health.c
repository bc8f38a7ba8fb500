/* SPDX-License-Identifier: MIT
 * Is it alive, is it ready. */
#include "core/util/clock.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/wire.h"

static void health(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    struct docfs_status st;
    int64_t from = clock_mono_ns();
    int r = docfs_status(q->d, &st, &err);
    json_t *now = wire_time(clock_wall_ns() / SECOND_NS);
    const char *status = r < 0 ? "unhealthy" : "healthy";
    response_json(
        a, 200,
        json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:f, s:O, s:o}], s:{s:s}, s:{s:b, s:b, s:b}, s:o}",
                  "overall_status", status, "status", status, "version", docfs_version(),
                  "services", "service", "cache", "status", status, "response_time_ms",
                  (double)(clock_mono_ns() - from) / 1e6, "last_check", now, "details",
                  r < 0 ? wire_text(err.text) : json_null(), "components", "cache", status,
                  "features", "search", r == 0, "write", !server_read_only(q->server), "ingesting",
                  r == 0 && st.ingesting, "timestamp", now));
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
