/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"

struct jobs_args {
    const char *state, *kind, *collection;
    unsigned max, slots;
    bool stay;
};

static const char *const states[] = {"open",   "queued",    "waiting",     "running", "done",
                                     "failed", "cancelled", "interrupted", NULL};

static const struct opt options[] = {
    {'s', "state", OPT_CHOICE, "STATE", "list: only jobs in this state; open: not ended yet",
     offsetof(struct jobs_args, state), 0, 0, states},
    {0, "kind", OPT_STRING, "KIND", "list: only jobs of this kind",
     offsetof(struct jobs_args, kind)},
    {'c', "collection", OPT_STRING, "NAME", "list: only jobs on this collection",
     offsetof(struct jobs_args, collection)},
    {'n', "max", OPT_COUNT, "N", "list, show: at most this many (default 30)",
     offsetof(struct jobs_args, max), 1, 100000},
    {0, "slots", OPT_COUNT, "N", "run: jobs at once (default: setting jobs.slots)",
     offsetof(struct jobs_args, slots), 1, 64},
    {0, "stay", OPT_FLAG, NULL, "run: wait for further jobs until interrupted",
     offsetof(struct jobs_args, stay)},
    {0},
};

/* "3/10 files", "2 of 3 tries", whatever says most about the state. */
static void detail(struct out *o, const struct docfs_job *j)
{
    char a[32], b[32];
    if (j->state == JOB_RUNNING) {
        out_printf(o, "  %s", j->phase);
        if (j->files)
            out_printf(o, " %s/%s files", out_count((uint64_t)j->files_done, a),
                       out_count((uint64_t)j->files, b));
        if (j->cancel)
            out_printf(o, " (stopping)");
    }
    if (j->state == JOB_WAITING)
        out_printf(o, "  until %s, try %u of %u", out_date(j->next_at, a), j->attempts + 1,
                   j->max_attempts);
    if (*j->message) {
        out_printf(o, "  ");
        out_text(o, STYLE_BAD, j->message);
    }
}

static void line(struct out *o, const struct docfs_job *j)
{
    char when[32];
    int64_t at = j->finished_at ? j->finished_at : j->started_at ? j->started_at : j->created_at;
    out_printf(o, "%5lld  %-11s  %s  %-8s ", (long long)j->id, docfs_job_state_name(j->state),
               out_date(at, when), j->kind);
    out_text(o, STYLE_TITLE, *j->target ? j->target : "(all)");
    detail(o, j);
    out_printf(o, "\n");
}

static int list(struct cmd_context *c)
{
    const struct jobs_args *a = c->args;
    struct docfs_job_filter f = {
        .kind = a->kind, .collection = a->collection, .max = a->max ? a->max : 30};
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *all = NULL;
    struct docfs_err err = {0};
    enum docfs_job_state one;
    if (a->state && strcmp(a->state, "open") == 0)
        f.states = 1u << JOB_QUEUED | 1u << JOB_WAITING | 1u << JOB_RUNNING;
    else if (a->state && docfs_job_state_parse(a->state, &one) == 0)
        f.states = 1u << one;
    if (docfs_jobs(c->d, &f, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_jobs(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(&c->out); i++)
        line(&c->out, &all->item[i]);
    if (all->n == 0)
        out_note(&c->out, "no jobs; docfs add DIR --background queues one");
    return CMD_OK;
}

static int show(struct cmd_context *c, int64_t id)
{
    const struct jobs_args *a = c->args;
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *one = NULL;
    _cleanup_(docfs_failures_freep) struct docfs_failures *files = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    char t[32];
    int r = docfs_job(c->d, id, &one, &err);
    if (r == 0)
        r = docfs_job_files(c->d, id, NULL, a->max ? a->max : 100000, &files, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    const struct docfs_job *j = &one->item[0];
    if (o->json)
        return cmd_json(c, wire_job_detail(j, files), CMD_OK);
    line(o, j);
    out_printf(o, "       asked for by %s at %s, priority %d, try %u of %u\n", j->origin,
               out_date(j->created_at, t), j->priority, j->attempts,
               j->max_attempts ? j->max_attempts : 1);
    if (j->started_at)
        out_printf(o, "       started %s", out_date(j->started_at, t));
    if (j->finished_at)
        out_printf(o, ", ended %s", out_date(j->finished_at, t));
    out_printf(o, "%s       arguments ", j->started_at ? "\n" : "");
    out_text(o, STYLE_NONE, j->args);
    if (*j->result) {
        out_printf(o, "\n       result ");
        out_text(o, STYLE_NONE, j->result);
    }
    out_printf(o, "\n");
    for (size_t i = 0; i < files->n && !out_broken(o); i++) {
        const struct docfs_failure *f = &files->item[i];
        if (strcmp(f->outcome, "ok") == 0 && !strstr(f->reason, "left out"))
            continue;
        out_printf(o, "       %-8s", f->outcome);
        out_text(o, STYLE_PATH, f->path);
        out_printf(o, ": ");
        out_text(o, STYLE_NONE, f->reason);
        out_printf(o, "\n");
    }
    return CMD_OK;
}

/* Tells what became of jobs since *revision. */
static int tell(struct cmd_context *c, uint64_t *revision)
{
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *news = NULL;
    struct docfs_err err = {0};
    struct docfs_job_filter f = {.since = *revision};
    if (docfs_jobs(c->d, &f, &news, &err) < 0)
        return cmd_fail(c, &err);
    for (size_t i = 0; i < news->n; i++) {
        const struct docfs_job *j = &news->item[i];
        if (j->state == JOB_RUNNING && j->files_done == 0)
            continue;
        if (c->out.json)
            out_json(&c->out, wire_job_detail(j, NULL), NULL);
        else if (!c->out.quiet)
            line(&c->out, j);
    }
    fflush(c->out.f);
    *revision = news->revision;
    return CMD_OK;
}

int cmd_jobs_run(struct cmd_context *c, unsigned slots, bool stay)
{
    struct docfs_worker_options opt = {.slots = slots};
    struct docfs_worker *w;
    struct docfs_err err = {0};
    uint64_t revision = 0, now;
    if (docfs_jobs_revision(c->d, &revision, &err) < 0)
        return cmd_fail(c, &err);
    interrupt_watch(false);
    if (docfs_worker_start(c->d, &opt, &w, &err) < 0)
        return cmd_fail(c, &err);
    int r = CMD_OK;
    while (r == CMD_OK && !interrupt_seen() && (stay || !docfs_worker_idle(w))) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        if (docfs_jobs_revision(c->d, &now, NULL) == 0 && now != revision)
            r = tell(c, &revision);
    }
    docfs_worker_stop(w);
    if (r == CMD_OK)
        r = tell(c, &revision);
    return r == CMD_OK && interrupt_seen() ? CMD_INTERRUPTED : r;
}

static int number(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return *text && !*end && errno == 0 && *ret > 0 ? 0 : -EINVAL;
}

static int each(struct cmd_context *c, const char *verb)
{
    int worst = CMD_OK;
    if (c->n_words < 2)
        return cmd_fail_with(c, CMD_USAGE, "docfs jobs %s needs the number of a job", verb);
    for (unsigned i = 1; i < c->n_words; i++) {
        struct docfs_err err = {0};
        int64_t id;
        if (number(c->word[i], &id) < 0)
            return cmd_fail_with(c, CMD_USAGE, "\"%s\" is no number of a job", c->word[i]);
        if (strcmp(verb, "show") == 0) {
            int r = show(c, id);
            worst = r ? r : worst;
            continue;
        }
        int r = strcmp(verb, "cancel") == 0 ? docfs_job_cancel(c->d, id, &err)
                                            : docfs_job_retry(c->d, id, &err);
        if (r < 0)
            worst = cmd_fail(c, &err);
    }
    return worst;
}

static int run(struct cmd_context *c)
{
    const char *verb = c->n_words ? c->word[0] : "list";
    bool list_it = strcmp(verb, "list") == 0, show_it = strcmp(verb, "show") == 0;
    bool run_it = strcmp(verb, "run") == 0;
    bool steer = strcmp(verb, "cancel") == 0 || strcmp(verb, "retry") == 0;
    if (!list_it && !show_it && !run_it && !steer)
        return cmd_fail_with(
            c, CMD_USAGE, "docfs jobs has no \"%s\": use list, show, cancel, retry or run", verb);
    if ((list_it || run_it) && c->n_words > 1)
        return cmd_fail_with(c, CMD_USAGE, "docfs jobs %s takes no further words", verb);
    int r = cmd_open(c, list_it || show_it ? NEEDS_CACHE : NEEDS_WRITABLE);
    if (r)
        return r;
    const struct jobs_args *a = c->args;
    return list_it ? list(c) : run_it ? cmd_jobs_run(c, a->slots, a->stay) : each(c, verb);
}

const struct cmd cmd_jobs = {
    .name = "jobs",
    .run = run,
    .needs = NEEDS_NOTHING,
    .max_words = CMD_MANY,
    .summary = "Queued and past work on the cache: look, cancel, try again, run",
    .usage = "[list] [--state STATE] | show ID... | cancel ID... | retry ID... | run [--stay]",
    .text = "Jobs wait in the cache until a worker takes them: docfs serve has one, and docfs jobs "
            "run\n"
            "is one. When a worker dies, another goes on with its job.",
    .examples = "  docfs add ~/docs --background\n"
                "  docfs jobs run\n"
                "  docfs jobs --state failed\n"
                "  docfs jobs show 12\n",
    .options = options,
    .args_size = sizeof(struct jobs_args),
};
