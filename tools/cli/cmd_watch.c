/* SPDX-License-Identifier: MIT
 * docfs watch and docfs sources: what is read again when. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"

/* ---- watch ---- */

static void note(void *arg, const char *text)
{
    struct cmd_context *c = arg;
    out_note(&c->out, "%s", text);
}

/* One line per refresh that changed something. */
static void tell(struct cmd_context *c, uint64_t *revision)
{
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *news = NULL;
    struct docfs_job_filter f = {
        .since = *revision, .kind = "refresh", .states = 1u << JOB_DONE | 1u << JOB_FAILED};
    if (docfs_jobs(c->d, &f, &news, NULL) < 0)
        return;
    for (size_t i = 0; i < news->n; i++) {
        const struct docfs_job *j = &news->item[i];
        json_t *r = json_loads(j->result, 0, NULL);
        json_int_t n = json_integer_value(json_object_get(r, "converted")),
                   gone = json_integer_value(json_object_get(r, "removed")),
                   moved = json_integer_value(json_object_get(r, "renamed"));
        json_decref(r);
        if (c->out.json) {
            out_json(&c->out, wire_job_detail(j, NULL), NULL);
        } else if (*j->message || n || gone || moved) {
            out_text(&c->out, STYLE_TITLE, j->target);
            if (*j->message) {
                out_printf(&c->out, ": ");
                out_text(&c->out, STYLE_BAD, j->message);
                out_printf(&c->out, "\n");
            } else {
                out_printf(&c->out, ": %lld converted, %lld removed, %lld renamed\n", (long long)n,
                           (long long)gone, (long long)moved);
            }
        }
    }
    fflush(c->out.f);
    *revision = news->revision;
}

static int watch(struct cmd_context *c, const char *place, const struct docfs_keeper_options *opt)
{
    struct docfs_worker *w = NULL;
    struct docfs_keeper *k = NULL;
    struct docfs_err err = {0};
    uint64_t revision = 0, now;
    struct docfs_service *service = NULL;
    interrupt_watch(false);
    int r = docfs_jobs_revision(c->d, &revision, &err);
    if (r == 0)
        r = docfs_service_start(c->d, "watch", place, &service, &err);
    if (r == 0)
        r = docfs_worker_start(c->d, NULL, &w, &err);
    if (r == 0)
        r = docfs_keeper_start(c->d, opt, &k, &err);
    while (r == 0 && !interrupt_seen() && !out_broken(&c->out)) {
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        int looked = docfs_jobs_revision(c->d, &now, &err);
        if (looked == 0 && now != revision)
            tell(c, &revision);
        if (looked == -ENODEV) /* whoever started it starts it again when there is a cache */
            r = looked;
    }
    docfs_keeper_stop(k);
    docfs_worker_stop(w);
    docfs_service_stop(service);
    return r < 0 ? cmd_fail(c, &err) : CMD_OK;
}

static int run_watch(struct cmd_context *c)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_free_ const char **name = calloc(c->n_words + 1, sizeof(*name));
    struct docfs_err err = {0};
    if (!name)
        return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
    int r = docfs_collections(c->d, &all, &err);
    for (unsigned i = 0; r == 0 && i < c->n_words; i++) {
        const struct docfs_collection *one;
        r = docfs_collection_find(all, c->word[i], false, &one, &err);
        if (r == 0)
            name[i] = one->name;
    }
    if (r < 0)
        return cmd_fail(c, &err);
    struct docfs_keeper_options opt = {.collections = c->n_words ? name : NULL,
                                       .n_collections = c->n_words,
                                       .note = note,
                                       .arg = c};
    _cleanup_free_ char *words = cmd_join(c, 0);
    return watch(c, words && *words ? words : "all collections", &opt);
}

const struct cmd cmd_watch = {
    .name = "watch",
    .run = run_watch,
    .needs = NEEDS_WRITABLE,
    .max_words = CMD_MANY,
    .summary = "Read directories again as soon as they change, until interrupted",
    .usage = "[COLLECTION]...",
    .text =
        "Without names: the sources whose policy is watch (all local directories unless docfs\n"
        "sources says otherwise), and those with an interval when they are due. docfs serve does\n"
        "the same by itself.",
    .examples = "  docfs watch\n  docfs watch project@2.1\n",
};

/* ---- sources ---- */

struct sources_args {
    const char *policy;
    unsigned source;
};

static const struct opt source_options[] = {
    {'p', "policy", OPT_STRING, "POLICY",
     "Set when they are read again: manual, watch, an interval such as 12h, or default",
     offsetof(struct sources_args, policy)},
    {0, "source", OPT_COUNT, "ID", "Only this one", offsetof(struct sources_args, source), 1,
     1000000000},
    {0},
};

static void line(struct out *o, const struct docfs_source *s)
{
    char when[32], next[32], every[32];
    out_printf(o, "%5lld  ", (long long)s->id);
    out_text(o, STYLE_TITLE, s->collection);
    out_printf(o, "  %s", docfs_policy_name(s->in_force));
    if (s->in_force == POLICY_INTERVAL)
        out_printf(o, " %s", out_every(s->every, every));
    out_printf(o, "  checked %s", out_date(s->ok_at, when));
    if (s->in_force == POLICY_INTERVAL)
        out_printf(o, ", next %s", out_date(s->next_at, next));
    out_printf(o, "  ");
    out_text(o, STYLE_PATH, s->location);
    if (docfs_is_stale(s->stale_at)) {
        out_printf(o, "  ");
        out_text(o, STYLE_BAD, "STALE");
    }
    if (*s->outcome && strcmp(s->outcome, "ok") != 0) {
        out_printf(o, "  ");
        out_text(o, STYLE_BAD, s->outcome);
    }
    out_printf(o, "\n");
}

static int run_sources(struct cmd_context *c)
{
    const struct sources_args *a = c->args;
    _cleanup_(docfs_sources_freep) struct docfs_sources *all = NULL;
    struct docfs_err err = {0};
    enum docfs_policy policy = POLICY_DEFAULT;
    int64_t every = 0;
    if (a->policy && docfs_policy_parse(a->policy, &policy, &every, &err) < 0)
        return cmd_fail(c, &err);
    int r = cmd_open(c, a->policy ? NEEDS_WRITABLE : NEEDS_CACHE);
    if (r)
        return r;
    const char *name = c->n_words ? c->word[0] : NULL;
    r = docfs_sources(c->d, name, &all, &err);
    for (size_t i = 0; r == 0 && a->policy && i < all->n; i++)
        if (!a->source || all->item[i].id == a->source)
            r = docfs_set_policy(c->d, all->item[i].id, policy, every, &err);
    if (r == 0 && a->policy) {
        docfs_sources_free(all);
        all = NULL;
        r = docfs_sources(c->d, name, &all, &err);
    }
    if (r < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_sources(all), CMD_OK);
    if (all->n == 0)
        out_note(&c->out, "no sources yet; docfs add DIR --collection NAME makes one");
    for (size_t i = 0; i < all->n && !out_broken(&c->out); i++)
        if (!a->source || all->item[i].id == a->source)
            line(&c->out, &all->item[i]);
    return CMD_OK;
}

const struct cmd cmd_sources = {
    .name = "sources",
    .run = run_sources,
    .needs = NEEDS_NOTHING,
    .max_words = 1,
    .summary = "Show where documents come from, how old they are and when they are read again",
    .usage = "[COLLECTION] [--policy POLICY]",
    .text = "",
    .examples = "  docfs sources\n"
                "  docfs sources python@3.11 --policy 7d\n"
                "  docfs sources notes --policy watch\n",
    .options = source_options,
    .args_size = sizeof(struct sources_args),
};
