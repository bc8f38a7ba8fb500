/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include "tools/cli/commands.h"

struct gaps_args {
    const char *with;
    unsigned max;
    bool all;
};

static const struct opt options[] = {
    {'a', "all", OPT_FLAG, NULL, "list: filled and dismissed ones, too",
     offsetof(struct gaps_args, all)},
    {'n', "max", OPT_COUNT, "N", "list, log: at most this many (default 100)",
     offsetof(struct gaps_args, max), 1, 5000},
    {0, "with", OPT_STRING, "LOCATION", "fill: with this candidate (docfs gaps show)",
     offsetof(struct gaps_args, with)},
    {0},
};

static void line(struct out *o, const struct docfs_gap *g)
{
    char when[32];
    out_printf(o, "%5lld  %3zu %s last %s  ", (long long)g->id, g->asked,
               g->asked == 1 ? "time, " : "times,", out_date(g->last_at, when));
    out_text(o, STYLE_TITLE, g->query);
    if (strcmp(g->state, "open") != 0)
        out_printf(o, "  (%s)", g->state);
    out_printf(o, "\n");
}

static int list(struct cmd_context *c)
{
    const struct gaps_args *a = c->args;
    _cleanup_(docfs_gaps_freep) struct docfs_gaps *all = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_gaps(c->d, a->all, a->max, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_gaps(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_gap *g = &all->item[i];
        if (*g->topic && (i == 0 || strcmp(g->group, g[-1].group) != 0)) {
            out_printf(o, "nothing about ");
            out_text(o, STYLE_PATH, g->topic);
            out_printf(o, "\n");
        }
        line(o, g);
    }
    if (all->n == 0)
        out_note(o, "no gaps: every question that was asked had an answer");
    return CMD_OK;
}

static int show(struct cmd_context *c, int64_t id)
{
    _cleanup_(docfs_candidates_freep) struct docfs_candidates *all = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_gap_candidates(c->d, id, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_candidates(all), all->n ? CMD_OK : CMD_NOTHING);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_candidate *x = &all->item[i];
        out_text(o, STYLE_TITLE, x->location);
        out_printf(o, "  ");
        out_text(o, STYLE_NONE, x->title);
        out_printf(o, "; ");
        out_text(o, STYLE_DIM, x->why);
        out_printf(o, "%s%s\n", x->network ? "; fetched from the network" : "",
                   x->present ? "; is in the cache already" : "");
    }
    if (all->n == 0)
        out_note(o, "nothing known fills it; docfs add takes any directory, repository or site");
    return all->n ? CMD_OK : CMD_NOTHING;
}

static int fill(struct cmd_context *c, int64_t id)
{
    const struct gaps_args *a = c->args;
    const struct passwd *pw = getpwuid(geteuid());
    struct docfs_err err = {0};
    char who[128];
    int64_t job;
    snprintf(who, sizeof(who), "%.100s on the command line", pw ? pw->pw_name : "somebody");
    if (docfs_gap_fill(c->d, id, a->with, who, &job, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_message("queued", json_pack("{s:I}", "id", (json_int_t)job)),
                        CMD_OK);
    out_printf(&c->out, "job %lld is queued; docfs serve or docfs jobs run works on it\n",
               (long long)job);
    return CMD_OK;
}

static int log_of(struct cmd_context *c)
{
    const struct gaps_args *a = c->args;
    _cleanup_(docfs_consents_freep) struct docfs_consents *all = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_consents(c->d, a->max, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_consents(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_consent *x = &all->item[i];
        char when[32];
        out_printf(o, "%s  job %lld  ", out_date(x->at, when), (long long)x->job);
        out_text(o, STYLE_PATH, x->location);
        out_printf(o, "  by ");
        out_text(o, STYLE_NONE, x->who);
        out_printf(o, " (policy %s) for ", x->policy);
        out_text(o, STYLE_TITLE, x->query);
        out_printf(o, "\n");
    }
    return CMD_OK;
}

static int one(struct cmd_context *c, const char *verb)
{
    char *end;
    struct docfs_err err = {0};
    if (c->n_words != 2)
        return cmd_fail_with(c, CMD_USAGE, "docfs gaps %s needs the number of a gap", verb);
    errno = 0;
    int64_t id = strtoll(c->word[1], &end, 10);
    if (!*c->word[1] || *end || errno || id <= 0)
        return cmd_fail_with(c, CMD_USAGE, "\"%s\" is no number of a gap", c->word[1]);
    if (strcmp(verb, "show") == 0)
        return show(c, id);
    if (strcmp(verb, "fill") == 0)
        return fill(c, id);
    return docfs_gap_dismiss(c->d, id, strcmp(verb, "reopen") == 0, &err) < 0 ? cmd_fail(c, &err)
                                                                              : CMD_OK;
}

static int run(struct cmd_context *c)
{
    const char *verb = c->n_words ? c->word[0] : "list";
    bool list_it = strcmp(verb, "list") == 0, log_it = strcmp(verb, "log") == 0;
    bool show_it = strcmp(verb, "show") == 0;
    if (!list_it && !log_it && !show_it && strcmp(verb, "fill") != 0 &&
        strcmp(verb, "dismiss") != 0 && strcmp(verb, "reopen") != 0)
        return cmd_fail_with(
            c, CMD_USAGE, "docfs gaps has no \"%s\": use list, show, fill, dismiss, reopen or log",
            verb);
    int r = cmd_open(c, list_it || log_it || show_it ? NEEDS_CACHE : NEEDS_WRITABLE);
    if (r)
        return r;
    return list_it ? list(c) : log_it ? log_of(c) : one(c, verb);
}

const struct cmd cmd_gaps = {
    .name = "gaps",
    .run = run,
    .needs = NEEDS_NOTHING,
    .max_words = 2,
    .summary = "Questions without a good answer, and what could answer them",
    .usage = "[list] [--all] | show ID | fill ID [--with LOCATION] | dismiss ID | reopen ID | log",
    .text =
        "Nothing is fetched unless setting enrich.policy allows it: off (the default), ask (docfs\n"
        "gaps fill ID), auto (by itself, by docfs serve). docfs gaps log shows who allowed what.",
    .examples = "  docfs gaps\n"
                "  docfs gaps show 3\n"
                "  docfs config set enrich.policy ask; docfs gaps fill 3; docfs jobs run\n",
    .options = options,
    .args_size = sizeof(struct gaps_args),
};
