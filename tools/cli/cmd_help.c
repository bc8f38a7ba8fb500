/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "tools/cli/commands.h"
#include "core/util/suggest.h"

static int run_version(struct cmd_context *c)
{
    if (c->out.json)
        return cmd_json(c, wire_message("version", json_pack("{s:s}", "version", docfs_version())),
                        CMD_OK);
    out_printf(&c->out, "docfs %s\n", docfs_version());
    return CMD_OK;
}

static int run_help(struct cmd_context *c)
{
    if (c->n_words == 0) {
        help_short(stdout);
        return CMD_OK;
    }
    const struct cmd *k = cmd_find(c->word[0]);
    if (!k)
        return cmd_fail_with(c, CMD_USAGE, "no command '%s'; docfs help lists them", c->word[0]);
    help_command(k, stdout);
    return CMD_OK;
}

const struct cmd cmd_version = {
    .name = "version",
    .run = run_version,
    .needs = NEEDS_NOTHING,
    .summary = "Print the version",
    .usage = "",
    .text = "",
    .examples = "",
};

const struct cmd cmd_help = {
    .name = "help",
    .run = run_help,
    .needs = NEEDS_NOTHING,
    .max_words = 1,
    .summary = "Explain a command",
    .usage = "[COMMAND]",
    .text = "",
    .examples = "  docfs help search\n",
};
