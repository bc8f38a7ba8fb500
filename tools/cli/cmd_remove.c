/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>
#include "tools/cli/commands.h"

struct remove_args {
    bool yes;
};

static const struct opt options[] = {
    {'y', "yes", OPT_FLAG, NULL, "Do not ask", offsetof(struct remove_args, yes)},
    {0},
};

static bool confirmed(struct cmd_context *c, const struct docfs_collection *one)
{
    char n[32], answer[16];
    fprintf(stderr, "Remove collection '%s' with %s documents? [y/N] ", one->name,
            out_count(one->documents, n));
    fflush(stderr);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int run(struct cmd_context *c)
{
    const struct remove_args *a = c->args;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *one = NULL;
    struct docfs_err err = {0};
    char n[32];
    int r = docfs_collections(c->d, &all, &err);
    if (r == 0)
        r = docfs_collection_find(all, c->word[0], true, &one, &err);
    if (r < 0)
        return cmd_fail(c, &err);

    if (!a->yes && !(isatty(STDIN_FILENO) && c->out.err_tty))
        return cmd_fail_with(
            c, CMD_USAGE, "nobody can be asked here; docfs remove %s --yes removes it", one->name);
    if (!a->yes && !confirmed(c, one)) {
        out_note(&c->out, "kept");
        return CMD_NOTHING;
    }
    r = docfs_remove(c->d, one->name, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(
            c,
            wire_message("removed", json_pack("{s:o, s:I}", "collection", wire_text(one->name),
                                              "documents", (json_int_t)one->documents)),
            CMD_OK);
    if (!c->out.quiet)
        out_printf(&c->out, "removed %s: %s document%s\n", one->name, out_count(one->documents, n),
                   out_plural(one->documents));
    return CMD_OK;
}

const struct cmd cmd_remove = {
    .name = "remove",
    .run = run,
    .needs = NEEDS_WRITABLE,
    .min_words = 1,
    .max_words = 1,
    .summary = "Remove a collection with everything in it",
    .usage = "COLLECTION [--yes]",
    .text = "Asks first on a terminal. The original files are never touched.",
    .examples = "  docfs remove python@3.10 --yes\n",
    .options = options,
    .args_size = sizeof(struct remove_args),
};
