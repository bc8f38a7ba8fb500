/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

json_t *wire_time_ms(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[48];
    if (ms <= 0 || !gmtime_r(&t, &tm))
        return json_null();
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    return json_string(text);
}

static json_t *seconds(int64_t ms)
{
    return ms < 0 ? json_null() : json_real((double)ms / 1000);
}

static json_t *window(const struct docfs_window *w)
{
    return json_pack("{s:f, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "availability", w->availability,
                     "seconds", seconds(w->ms), "down_seconds", seconds(w->down_ms),
                     "stopped_seconds", seconds(w->stopped_ms), "degraded_seconds",
                     seconds(w->degraded_ms), "crashes", (json_int_t)w->crashes, "recovery_seconds",
                     seconds(w->recovery_ms), "recovery_max_seconds",
                     w->recoveries ? seconds(w->recovery_max_ms) : json_null());
}

static json_t *service(const struct docfs_service_info *s)
{
    uint64_t asked = s->cache_hits + s->cache_misses;
    json_t *rate = asked ? json_real((double)s->cache_hits / (double)asked) : json_null();
    json_t *latency =
        json_pack("{s:f, s:f, s:f}", "p50", s->p50_ms, "p95", s->p95_ms, "p99", s->p99_ms);
    json_t *o = json_pack("{s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "kind",
                          wire_text(s->kind), "place", wire_text(s->place), "state",
                          docfs_service_state_name(s->state), "reason", wire_text(s->reason), "pid",
                          (json_int_t)s->pid, "version", wire_text(s->version), "since",
                          wire_time_ms(s->since_ms), "up_seconds", seconds(s->up_ms), "queries",
                          (json_int_t)s->queries, "failed", (json_int_t)s->failed, "cache_hit_rate",
                          rate, "latency_ms", latency);
    static const char *const names[] = {"24h", "7d", "30d"};
    json_t *windows = json_object();
    for (size_t i = 0; windows && i < DOCFS_N_WINDOWS; i++)
        json_object_set_new(windows, names[i], window(&s->window[i]));
    if (o)
        json_object_set_new(o, "availability", windows);
    else
        json_decref(windows);
    return o;
}

static json_t *doors(const struct docfs_health *h)
{
    json_t *list = json_array();
    for (size_t i = 0; i < h->n_doors; i++) {
        const struct docfs_door *x = &h->door[i];
        json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:f, s:f}", "door",
                                              wire_text(x->name), "asked", (json_int_t)x->asked,
                                              "without_answer", (json_int_t)x->empty, "p50_ms",
                                              x->p50_ms, "p95_ms", x->p95_ms));
    }
    return list;
}

int wire_set_health(json_t *o, const struct docfs_health *h)
{
    json_t *services = json_array(), *events = json_array(), *faults = json_array();
    for (size_t i = 0; i < h->n_services; i++)
        json_array_append_new(services, service(&h->service[i]));
    for (size_t i = 0; i < h->n_events; i++) {
        const struct docfs_event *e = &h->event[i];
        json_array_append_new(events, json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}", "at",
                                                wire_time_ms(e->at_ms), "kind", wire_text(e->kind),
                                                "service", wire_text(e->service), "place",
                                                wire_text(e->place), "pid", (json_int_t)e->pid,
                                                "reason", wire_text(e->reason)));
    }
    for (size_t i = 0; i < h->n_faults; i++)
        json_array_append_new(
            faults, json_pack("{s:o, s:o, s:o}", "at", wire_time_ms(h->fault[i].at_ms), "service",
                              wire_text(h->fault[i].service), "text", wire_text(h->fault[i].text)));
    bool whole = services && events && faults && json_array_size(services) == h->n_services &&
                 json_array_size(events) == h->n_events && json_array_size(faults) == h->n_faults;
    int r = json_object_set_new(o, "services", services);
    r |= json_object_set_new(o, "events", events);
    r |= json_object_set_new(o, "errors", faults);
    r |= json_object_set_new(o, "questions_24h", doors(h));
    return whole && r == 0 ? 0 : -ENOMEM;
}
