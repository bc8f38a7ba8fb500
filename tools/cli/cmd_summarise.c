/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress.h"

#include <errno.h>

#include "core/docfs_summaries.h"

struct summarise_args {
    unsigned max;
};

static const struct opt options[] = {
    {'n', "max", OPT_COUNT, "N", "Send at most this many documents (default 100)",
     offsetof(struct summarise_args, max), .min = 1, .max = 1000000},
    {0},
};

static int on_progress(void *arg, size_t done, size_t of)
{
    progress_update(arg,
                    &(struct progress_step){
                        .label = "summarising", .unit = "documents", .done = done, .total = of});
    return interrupt_seen();
}

static int run(struct cmd_context *c)
{
    const struct summarise_args *a = c->args;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *one = NULL;
    struct docfs_summarised done = {0};
    struct docfs_err err = {0};
    struct progress p;
    int r = docfs_collections(c->d, &all, &err);
    if (r == 0 && c->n_words)
        r = docfs_collection_find(all, c->word[0], false, &one, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    progress_init(&p, &c->out);
    interrupt_watch(true);
    r = docfs_summarise(c->d,
                        &(struct docfs_summarise){.collection = one ? one->name : NULL,
                                                  .max = a->max ? a->max : 100,
                                                  .progress = on_progress,
                                                  .arg = &p},
                        &done, &err);
    progress_end(&p);
    if (r == -ECANCELED)
        return cmd_fail_with(c, CMD_INTERRUPTED, "interrupted: %s", err.text);
    if (r < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(
            c,
            wire_message("summarised", json_pack("{s:I, s:I}", "written", (json_int_t)done.written,
                                                 "refused", (json_int_t)done.refused)),
            CMD_OK);
    if (!c->out.quiet)
        out_printf(&c->out, "%zu summaries written, %zu refused\n", done.written, done.refused);
    if (done.refused)
        out_note(&c->out, "%s", done.why);
    return CMD_OK;
}

const struct cmd cmd_summarise = {
    .name = "summarise",
    .run = run,
    .needs = NEEDS_WRITABLE,
    .max_words = 1,
    .summary = "Let a chat model write summaries of documents",
    .usage = "[COLLECTION] [--max N]",
    .text = "Sends documents that have no summary to the model of chat.url; the setting "
            "enrich.summaries must allow it. Summaries are kept apart from the text, are shown as "
            "generated wherever a document is described, are not searched, and go when the text "
            "changes. Documents with signs (docfs list --flagged) are not sent.",
    .examples = "  docfs config set enrich.summaries on\n  docfs summarise python@3.11 --max 20\n"
                "  docfs list --summaries python@3.11\n",
    .options = options,
    .args_size = sizeof(struct summarise_args),
};
