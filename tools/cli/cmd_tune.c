/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress.h"

#include <errno.h>

struct tune_args {
    bool undo;
};

static const struct opt options[] = {
    {'u', "undo", OPT_FLAG, NULL, "Go back to the model as it was before",
     offsetof(struct tune_args, undo)},
    {0},
};

static int on_progress(void *arg, const struct docfs_progress *p)
{
    struct progress_step step = {.label = p->embedded ? "embedding" : "learning",
                                 .unit = p->embedded ? "passages" : "percent",
                                 .done = p->embedded ? p->embedded : p->passages,
                                 .total = p->embedded ? 0 : 100};
    progress_update(arg, &step);
    return interrupt_seen();
}

static json_t *as_json(const struct docfs_tuning *t)
{
    return wire_message("tuning",
                        json_pack("{s:b, s:I, s:I, s:f, s:f, s:f}", "kept", (int)t->kept, "pairs",
                                  (json_int_t)t->pairs, "held_out", (json_int_t)t->held_out,
                                  "before", t->before, "after", t->after, "seconds", t->seconds));
}

static void print(struct out *o, const struct docfs_tuning *t)
{
    char a[32], b[32], c[32];
    if (o->quiet)
        return;
    out_printf(o, "%s pairs of a heading, title or link and its passage, %s held out (%s)\n",
               out_count(t->pairs, a), out_count(t->held_out, b), out_span(t->seconds, c));
    out_printf(o, "mean reciprocal rank of those held out: %.3f before, %.3f after\n", t->before,
               t->after);
    out_printf(o, t->kept ? "kept; docfs tune --undo goes back\n"
                          : "no better than chance explains: the model stays as it is\n");
}

static int run(struct cmd_context *c)
{
    const struct tune_args *a = c->args;
    struct docfs_tuning t = {0};
    struct docfs_err err = {0};
    struct progress p;
    progress_init(&p, &c->out);
    interrupt_watch(true);
    int r = a->undo ? docfs_untune(c->d, on_progress, &p, &err)
                    : docfs_tune(c->d, on_progress, &p, &t, &err);
    progress_end(&p);
    if (r == -ECANCELED)
        return cmd_fail_with(c, CMD_INTERRUPTED, "interrupted: %s", err.text);
    if (r < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(
            c, a->undo ? wire_message("tuning", json_pack("{s:b}", "undone", 1)) : as_json(&t),
            CMD_OK);
    if (a->undo && !c->out.quiet)
        out_printf(&c->out, "the model is again what it was before\n");
    else if (!a->undo)
        print(&c->out, &t);
    return CMD_OK;
}

const struct cmd cmd_tune = {
    .name = "tune",
    .run = run,
    .needs = NEEDS_WRITABLE,
    .summary = "Adapt the built-in embedding model to what is in the cache",
    .usage = "[--undo]",
    .text = "Learns from the cache's own headings, titles and links how much each word tells here. "
            "A tenth of the documents is kept apart; only when their passages are found better, by "
            "more than chance explains, is the adaptation kept and everything embedded with it.",
    .examples = "  docfs tune\n  docfs tune --undo\n",
    .options = options,
    .args_size = sizeof(struct tune_args),
};
