/* SPDX-License-Identifier: MIT
 * docfs_health: the pages of living services and the recorded events, put together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/health/service.h"
#include "core/health/timeline.h"
#include "core/store/jobs.h"
#include "core/util/grow.h"

#define EVENTS_SHOWN 50
#define HUNG_MS 5000 /* without a beat: stopped or stuck */
#define DAY_MS INT64_C(86400000)

struct track { /* one service: kind and place */
    char *kind, *place;
    struct moment *moment;
    size_t n;
    int64_t since_ms; /* wall clock of the last change of state */
    int64_t pid;
    struct page *page; /* of the living process, or NULL */
};

struct gather {
    struct track *track;
    size_t n;
    struct docfs_health *h;
    char boot[40];
    int64_t wall_ms, mono_ms;
    bool oom;
};

static struct track *track_of(struct gather *g, const char *kind, const char *place)
{
    for (size_t i = g->n; i-- > 0;)
        if (strcmp(g->track[i].kind, kind) == 0 && strcmp(g->track[i].place, place) == 0)
            return &g->track[i];
    if (!grow(&g->track, g->n, sizeof(*g->track)))
        return NULL;
    struct track t = {.kind = strdup(kind), .place = strdup(place)};
    if (!t.kind || !t.place) {
        free(t.kind);
        free(t.place);
        return NULL;
    }
    g->track[g->n] = t;
    return &g->track[g->n++];
}

static int moment_of(const char *kind)
{
    static const char *const names[] = {"start", "stop", "crash", "degraded", "recovered"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], kind) == 0)
            return i;
    return -1;
}

static int64_t age(const struct gather *g, const char *boot, int64_t at_ms, int64_t mono_ms)
{
    int64_t a = *boot && strcmp(boot, g->boot) == 0 ? g->mono_ms - mono_ms : g->wall_ms - at_ms;
    return a > 0 ? a : 0;
}

static int keep_event(struct gather *g, const struct store_event *e)
{
    struct docfs_health *h = g->h;
    if (!grow(&h->event, h->n_events, sizeof(*h->event)))
        return -ENOMEM;
    struct docfs_event x = {.kind = strdup(e->kind),
                            .service = strdup(e->service),
                            .place = strdup(e->place),
                            .reason = strdup(e->reason),
                            .at_ms = e->at_ms,
                            .pid = e->pid};
    h->event[h->n_events++] = x;
    return x.kind && x.service && x.place && x.reason ? 0 : -ENOMEM;
}

static int add_event(void *arg, const struct store_event *e)
{
    struct gather *g = arg;
    int kind = moment_of(e->kind);
    if (strcmp(e->kind, "interrupted") == 0 || strcmp(e->kind, "resumed") == 0)
        return keep_event(g, e); /* of a job: no service is up or down for it */
    if (kind < 0)
        return 0; /* of a later version */
    struct track *t = track_of(g, e->service, e->place);
    if (!t || !grow(&t->moment, t->n, sizeof(*t->moment)))
        return -ENOMEM;
    t->moment[t->n++] =
        (struct moment){(enum moment_kind)kind, age(g, e->boot, e->at_ms, e->mono_ms)};
    t->since_ms = e->at_ms;
    t->pid = e->pid;
    return keep_event(g, e);
}

static void add_faults(struct gather *g, const struct page *p)
{
    struct docfs_health *h = g->h;
    uint32_t n = p->n_errors < PAGE_ERRORS ? p->n_errors : PAGE_ERRORS;
    for (uint32_t i = 0; i < n; i++) {
        const struct page_error *e = &p->error[(p->n_errors - 1 - i) % PAGE_ERRORS];
        if (!grow(&h->fault, h->n_faults, sizeof(*h->fault))) {
            g->oom = true;
            return;
        }
        struct docfs_fault f = {strdup(p->kind), strdup(e->text), e->at_ms};
        h->fault[h->n_faults++] = f;
        g->oom = g->oom || !f.service || !f.text;
    }
}

static bool add_page(void *arg, const struct page *p, bool alive)
{
    struct gather *g = arg;
    struct track *t = track_of(g, p->kind, p->place);
    if (!t) {
        g->oom = true;
        return false;
    }
    if (!alive) { /* of a cache that cannot be written: the end is only shown */
        struct store_event e = health_end_of(p);
        g->oom = add_event(g, &e) < 0 || g->oom;
        return false;
    }
    if (!t->page && (t->page = malloc(sizeof(*p))))
        memcpy(t->page, p, sizeof(*p));
    g->oom = g->oom || !t->page;
    add_faults(g, p);
    return false;
}

/* ---- the result ---- */

static char *reasons(const struct page *p, int64_t mono_ms)
{
    char text[PAGE_PARTS * 256 + 64] = "";
    size_t n = 0;
    if (mono_ms - p->beat_mono_ms > HUNG_MS)
        n = (size_t)snprintf(text, sizeof(text), "process: does not run since %lld s",
                             (long long)(mono_ms - p->beat_mono_ms) / 1000);
    for (size_t i = 0; i < PAGE_PARTS; i++)
        if (*p->part[i].part)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s: %s", n ? "; " : "",
                                  p->part[i].part, p->part[i].reason);
    return strdup(text);
}

static int describe(struct gather *g, struct track *t, struct docfs_service_info *ret)
{
    *ret =
        (struct docfs_service_info){.kind = steal_ptr(t->kind),
                                    .place = steal_ptr(t->place),
                                    .version = strdup(t->page ? t->page->version : ""),
                                    .reason = t->page ? reasons(t->page, g->mono_ms) : strdup(""),
                                    .pid = t->pid,
                                    .since_ms = t->since_ms};
    if (!ret->version || !ret->reason)
        return -ENOMEM;
    enum moment_kind last = t->n ? t->moment[t->n - 1].kind : MOMENT_START;
    if (t->page) {
        const struct page *p = t->page;
        ret->state = *ret->reason ? DOCFS_SERVICE_DEGRADED : DOCFS_SERVICE_UP;
        ret->pid = p->pid;
        if (!*ret->reason)
            ret->since_ms = p->started_ms;
        ret->up_ms = g->mono_ms - p->started_mono_ms;
        ret->queries = p->queries;
        ret->failed = p->failed;
        ret->cache_hits = p->cache_hits;
        ret->cache_misses = p->cache_misses;
        ret->p50_ms = page_quantile(p, 0.5);
        ret->p95_ms = page_quantile(p, 0.95);
        ret->p99_ms = page_quantile(p, 0.99);
    } else {
        ret->state = last == MOMENT_STOP ? DOCFS_SERVICE_STOPPED : DOCFS_SERVICE_CRASHED;
    }
    timeline_settle(t->moment, t->n);
    static const int64_t span[] = {DAY_MS, 7 * DAY_MS, 30 * DAY_MS};
    for (size_t i = 0; i < DOCFS_N_WINDOWS; i++)
        timeline_window(t->moment, t->n, span[i], &ret->window[i]);
    return 0;
}

static int by_state(const void *a, const void *b)
{
    const struct docfs_service_info *x = a, *y = b;
    bool up_x = x->state <= DOCFS_SERVICE_DEGRADED, up_y = y->state <= DOCFS_SERVICE_DEGRADED;
    if (up_x != up_y)
        return up_x ? -1 : 1;
    return x->since_ms == y->since_ms ? strcmp(x->place, y->place)
                                      : (x->since_ms < y->since_ms) - (x->since_ms > y->since_ms);
}

static int newest_fault(const void *a, const void *b)
{
    const struct docfs_fault *x = a, *y = b;
    return (x->at_ms < y->at_ms) - (x->at_ms > y->at_ms);
}

static void free_event(struct docfs_event *e)
{
    free((char *)e->kind);
    free((char *)e->service);
    free((char *)e->place);
    free((char *)e->reason);
}

/* Only the newest, newest first. */
static void trim_events(struct docfs_health *h)
{
    size_t drop = h->n_events > EVENTS_SHOWN ? h->n_events - EVENTS_SHOWN : 0;
    for (size_t i = 0; i < drop; i++)
        free_event(&h->event[i]);
    h->n_events -= drop;
    if (drop)
        memmove(h->event, h->event + drop, h->n_events * sizeof(*h->event));
    for (size_t i = 0, j = h->n_events; i + 1 < j; i++, j--) {
        struct docfs_event t = h->event[i];
        h->event[i] = h->event[j - 1];
        h->event[j - 1] = t;
    }
}

static void gather_fini(struct gather *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->track[i].kind);
        free(g->track[i].place);
        free(g->track[i].moment);
        free(g->track[i].page);
    }
    free(g->track);
    docfs_health_free(g->h);
}

static int add_door(void *arg, const char *name, size_t asked, size_t empty, int64_t p50,
                    int64_t p95)
{
    struct docfs_health *h = arg;
    if (!grow(&h->door, h->n_doors, sizeof(*h->door)))
        return -ENOMEM;
    struct docfs_door *x = &h->door[h->n_doors++];
    *x = (struct docfs_door){
        .asked = asked, .empty = empty, .p50_ms = (double)p50 / 1e3, .p95_ms = (double)p95 / 1e3};
    snprintf(x->name, sizeof(x->name), "%s", name);
    return 0;
}

static int gather(struct docfs *d, struct gather *g, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_each_event(r, add_event, g, err);
    if (rc == 0)
        rc = store_each_dead_run(r, add_event, g, err);
    if (rc == 0)
        rc = store_each_door(r, (g->wall_ms - DAY_MS) / 1000, add_door, g->h, err);
    if (rc < 0)
        return rc;
    _cleanup_close_ int fd = health_run_dir(d);
    if (fd >= 0)
        page_each(fd, add_page, g);
    g->h->service = calloc(g->n + 1, sizeof(*g->h->service));
    if (!g->h->service || g->oom)
        return err_oom(err);
    for (size_t i = 0; i < g->n; i++) {
        g->h->n_services++;
        if (describe(g, &g->track[i], &g->h->service[i]) < 0)
            return err_oom(err);
    }
    return 0;
}

int docfs_health(struct docfs *d, struct docfs_health **ret, struct docfs_err *err)
{
    health_reap(d);
    struct gather g = {
        .h = calloc(1, sizeof(*g.h)), .wall_ms = page_wall_ms(), .mono_ms = page_mono_ms()};
    if (!g.h)
        return err_oom(err);
    page_boot_id(g.boot);
    int r = gather(d, &g, err);
    if (r == 0) {
        struct docfs_health *h = steal_ptr(g.h);
        qsort(h->service, h->n_services, sizeof(*h->service), by_state);
        if (h->n_faults)
            qsort(h->fault, h->n_faults, sizeof(*h->fault), newest_fault);
        trim_events(h);
        *ret = h;
    }
    gather_fini(&g);
    return r;
}

void docfs_health_free(struct docfs_health *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n_services; i++) {
        free((char *)h->service[i].kind);
        free((char *)h->service[i].place);
        free((char *)h->service[i].version);
        free((char *)h->service[i].reason);
    }
    for (size_t i = 0; i < h->n_events; i++)
        free_event(&h->event[i]);
    for (size_t i = 0; i < h->n_faults; i++) {
        free((char *)h->fault[i].service);
        free((char *)h->fault[i].text);
    }
    free(h->service);
    free(h->event);
    free(h->fault);
    free(h->door);
    free(h);
}

const char *docfs_service_state_name(enum docfs_service_state s)
{
    static const char *const names[] = {"up", "degraded", "stopped", "crashed"};
    return names[s];
}
