/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/ingest.h"

struct reembed_args {
    bool background;
};

static const struct opt options[] = {
    {'b', "background", OPT_FLAG, NULL, "Only queue the work (docfs jobs)",
     offsetof(struct reembed_args, background)},
    {0},
};

static int run(struct cmd_context *c)
{
    const struct reembed_args *a = c->args;
    if (a->background)
        return cmd_queue(c, &(struct docfs_job_new){.kind = "reembed", .origin = "cli"});
    struct docfs_report report = {0};
    struct docfs_err err = {0};
    struct ingest in;
    ingest_start(&in, c, NULL, false);
    int r = docfs_reembed(c->d, ingest_progress, &in, &report, &err);
    return ingest_finish_embed(&in, r, &report, &err);
}

const struct cmd cmd_reembed = {
    .name = "reembed",
    .run = run,
    .needs = NEEDS_WRITABLE,
    .summary = "Embed what waits, and everything again after a change of the model",
    .usage = "[--background]",
    .text = "Passages wait when the embedding server did not answer. When the settings embed.* ask "
            "for another model, its vectors are made beside the old ones, which answer until all "
            "are there; stopped, it goes on from where it was.",
    .examples = "  docfs config set embed.url http://localhost:11434\n"
                "  docfs config set embed.model nomic-embed-text\n"
                "  docfs reembed\n",
    .options = options,
    .args_size = sizeof(struct reembed_args),
};
