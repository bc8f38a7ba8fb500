/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"

#include <string.h>
#include <time.h>
#include "tools/cli/interrupt.h"

#define EVENTS 5 /* shown */

struct args {
    bool watch;
    unsigned every;
    const char *check;
};

static const char *const kinds[] = {"mount", "serve", "watch", NULL};

static const struct opt options[] = {
    {'w', "watch", OPT_FLAG, NULL, "Show it again and again until interrupted",
     offsetof(struct args, watch)},
    {0, "every", OPT_COUNT, "SECONDS", "Pause between two looks of --watch (default 2)",
     offsetof(struct args, every), 1, 3600},
    {0, "check", OPT_CHOICE, "KIND",
     "Only tell by the exit status whether a mount, serve or watch is up",
     offsetof(struct args, check), 0, 0, kinds},
    {0},
};

static void print_index(struct out *o, const struct docfs_status *s)
{
    char a[32], b[32], c[32];
    out_printf(o, "index        %s, %s", s->index_graph ? "graph" : "exact",
               out_size(s->index_bytes, a));
    /* Known once this process has loaded it. */
    if (s->index_base + s->index_tail + s->index_dead)
        out_printf(o, ": %s in the base, %s since, %s gone", out_count(s->index_base, a),
                   out_count(s->index_tail, b), out_count(s->index_dead, c));
    out_printf(o, "\n");
}

static void print_cache(struct cmd_context *c, const struct docfs_status *s)
{
    struct out *o = &c->out;
    char a[32], b[32];
    out_printf(o, "cache        ");
    out_text(o, STYLE_PATH, docfs_path(c->d));
    out_printf(o, "\ncollections  %s\n", out_count(s->collections, a));
    out_printf(o, "documents    %s (%s of markdown)%s\n", out_count(s->documents, a),
               out_size(s->bytes, b), s->documents ? "" : ": docfs add DIRECTORY puts some in");
    out_printf(o, "passages     %s, %s with a vector\n", out_count(s->passages, a),
               out_count(s->vectors, b));
    out_printf(o, "model        ");
    out_text(o, STYLE_NONE, *s->fingerprint ? s->fingerprint : "none yet");
    out_printf(o, "\n");
    print_index(o, s);
    out_printf(o, "database     %s, version %d, generation %llu\n", out_size(s->db_bytes, a),
               s->schema, (unsigned long long)s->generation);
    if (s->ingesting)
        out_printf(o, "ingest       running: %s of %s files\n", out_count(s->job_done, a),
                   out_count(s->job_total, b));
    if (s->jobs_waiting || s->jobs_running || s->jobs_failed || s->jobs_interrupted) {
        out_printf(o, "jobs         %s running, %s waiting", out_count(s->jobs_running, a),
                   out_count(s->jobs_waiting, b));
        if (s->jobs_failed || s->jobs_interrupted)
            out_printf(o, "; in the last 24 h %s failed, %s interrupted: docfs jobs",
                       out_count(s->jobs_failed, a), out_count(s->jobs_interrupted, b));
        out_printf(o, "\n");
    }
    if (s->failed)
        out_printf(o, "failed       %s files: docfs list --failures\n", out_count(s->failed, a));
    if (s->stale)
        out_printf(o, "stale        %s sources: docfs sources\n", out_count(s->stale, a));
}

static void print_windows(struct out *o, const struct docfs_service_info *s)
{
    static const char *const names[] = {"24 h", "7 d", "30 d"};
    char a[32];
    out_printf(o, "    available");
    for (size_t i = 0; i < DOCFS_N_WINDOWS; i++)
        out_printf(o, "%s %s %.3f %%", i ? "," : "", names[i], s->window[i].availability * 100);
    const struct docfs_window *w = &s->window[DOCFS_MONTH];
    if (w->crashes)
        out_printf(o, "; %u crashes", w->crashes);
    if (w->recoveries) {
        out_printf(o, ", back after %s", out_span((double)w->recovery_ms / 1000, a));
        out_printf(o, " (at most %s)", out_span((double)w->recovery_max_ms / 1000, a));
    }
    out_printf(o, "\n");
}

static void print_service(struct out *o, const struct docfs_service_info *s)
{
    char a[32];
    bool running = s->state <= DOCFS_SERVICE_DEGRADED;
    out_text(o, s->state == DOCFS_SERVICE_UP ? STYLE_TITLE : STYLE_BAD,
             docfs_service_state_name(s->state));
    out_printf(o, "  %s ", s->kind);
    out_text(o, STYLE_PATH, s->place);
    if (running)
        out_printf(o, ", pid %lld, version %s, up %s", (long long)s->pid, s->version,
                   out_span((double)s->up_ms / 1000, a));
    else
        out_printf(o, ", since %s", out_date(s->since_ms / 1000, a));
    out_printf(o, "\n");
    if (*s->reason) {
        out_printf(o, "    ");
        out_text(o, STYLE_BAD, s->reason);
        out_printf(o, "\n");
    }
    print_windows(o, s);
    uint64_t asked = s->cache_hits + s->cache_misses;
    if (running && s->queries) {
        out_printf(o, "    %s queries", out_count(s->queries, a));
        out_printf(o, ": half within %.3g ms, 95 %% %.3g ms, 99 %% %.3g ms", s->p50_ms, s->p95_ms,
                   s->p99_ms);
        if (asked)
            out_printf(o, "; %.0f %% from the cache",
                       100.0 * (double)s->cache_hits / (double)asked);
        out_printf(o, "\n");
    }
}

static void print_health(struct out *o, const struct docfs_health *h)
{
    char a[32];
    for (size_t i = 0; i < h->n_services && i < 20 && !out_broken(o); i++)
        print_service(o, &h->service[i]);
    for (size_t i = 0; i < h->n_doors; i++) {
        const struct docfs_door *x = &h->door[i];
        char b[32];
        out_printf(o, "asked        ");
        out_text(o, STYLE_NONE, x->name);
        out_printf(o, " %s in 24 h, %s without an answer: half within %.3g ms, 95 %% %.3g ms\n",
                   out_count(x->asked, a), out_count(x->empty, b), x->p50_ms, x->p95_ms);
    }
    for (size_t i = 0; i < h->n_faults && i < EVENTS; i++) {
        out_printf(o, "error        %s %s: ", out_date(h->fault[i].at_ms / 1000, a),
                   h->fault[i].service);
        out_text(o, STYLE_BAD, h->fault[i].text);
        out_printf(o, "\n");
    }
    for (size_t i = 0; i < h->n_events && i < EVENTS; i++) {
        const struct docfs_event *e = &h->event[i];
        out_printf(o, "event        %s %s %s ", out_date(e->at_ms / 1000, a), e->kind, e->service);
        out_text(o, STYLE_NONE, e->place);
        if (*e->reason) {
            out_printf(o, ": ");
            out_text(o, STYLE_NONE, e->reason);
        }
        out_printf(o, "\n");
    }
}

static int show(struct cmd_context *c)
{
    struct docfs_status s = {0};
    struct docfs_err err = {0};
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    if (docfs_status(c->d, &s, &err) < 0 || docfs_health(c->d, &h, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_status(&s, h, docfs_path(c->d)), CMD_OK);
    print_cache(c, &s);
    print_health(&c->out, h);
    return CMD_OK;
}

/* For health checks: 0 when one of that kind is up and in order. */
static int check(struct cmd_context *c, const char *kind)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    if (docfs_health(c->d, &h, &err) < 0)
        return cmd_fail(c, &err);
    const struct docfs_service_info *down = NULL;
    for (size_t i = 0; i < h->n_services; i++) {
        const struct docfs_service_info *s = &h->service[i];
        if (strcmp(s->kind, kind) != 0)
            continue;
        if (s->state == DOCFS_SERVICE_UP)
            return CMD_OK;
        down = down ? down : s;
    }
    if (!down)
        return cmd_fail_with(c, CMD_NOTHING, "no %s was ever started on this cache", kind);
    return cmd_fail_with(c, CMD_NOTHING, "%s %s is %s%s%s", kind, down->place,
                         docfs_service_state_name(down->state), *down->reason ? ": " : "",
                         down->reason);
}

static int run(struct cmd_context *c)
{
    struct args *a = c->args;
    if (a->check)
        return check(c, a->check);
    if (!a->watch)
        return show(c);
    interrupt_watch(false);
    struct out *o = &c->out;
    int r = CMD_OK;
    while (!interrupt_seen() && !out_broken(o)) {
        if (o->tty && !o->json)
            out_printf(o, "\033[H\033[J");
        if ((r = show(c)) != CMD_OK)
            return r;
        if (!o->tty && !o->json)
            out_printf(o, "\n");
        fflush(o->f);
        /* An interrupt ends the pause. */
        nanosleep(&(struct timespec){.tv_sec = a->every ? a->every : 2}, NULL);
    }
    return r;
}

const struct cmd cmd_status = {
    .name = "status",
    .run = run,
    .needs = NEEDS_CACHE,
    .options = options,
    .args_size = sizeof(struct args),
    .summary = "Show what the cache holds, what runs on it and how reliably",
    .usage = "[--watch [--every SECONDS] | --check KIND] [--json]",
    .text = "Availability is the share of the time that a service answered, from the start of\n"
            "its record and without the time after a clean stop.",
    .examples = "  docfs status\n"
                "  docfs status --watch\n"
                "  docfs --cache /srv/docs status --json | jq .documents\n",
};
