/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tools/cli/commands.h"

struct save_args {
    bool list;
    const char *remove;
};

static const struct opt options[] = {
    {'l', "list", OPT_FLAG, NULL, "Show the saved queries", offsetof(struct save_args, list)},
    {'d', "delete", OPT_STRING, "NAME", "Forget one", offsetof(struct save_args, remove)},
    {0},
};

static int list(struct cmd_context *c)
{
    _cleanup_(docfs_saveds_freep) struct docfs_saveds *all = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_saved(c->d, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_saved(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        out_text(o, STYLE_TITLE, all->item[i].name);
        out_printf(o, "\t");
        out_text(o, STYLE_NONE, all->item[i].query);
        out_printf(o, "\n");
    }
    if (all->n == 0)
        out_note(o, "no saved queries; docfs save NAME QUERY keeps one");
    return CMD_OK;
}

static int save(struct cmd_context *c)
{
    _cleanup_free_ char *text = cmd_join(c, 1);
    _cleanup_(query_freep) struct query *q = NULL;
    struct docfs_err err = {0};
    /* A query that cannot be asked is refused now, not when somebody opens it. */
    int r = text ? query_parse(text, strlen(text), false, &q, &err) : err_oom(&err);
    if (r == 0)
        r = docfs_save(c->d, c->word[0], text, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    if (!c->out.json)
        out_note(&c->out, "saved/%s in every mount leads to it", c->word[0]);
    return CMD_OK;
}

static int run(struct cmd_context *c)
{
    const struct save_args *a = c->args;
    struct docfs_err err = {0};
    if ((a->list || a->remove) && c->n_words)
        return cmd_fail_with(c, CMD_USAGE, "--list and --delete take no query");
    if (!a->list && !a->remove && c->n_words < 2)
        return cmd_fail_with(c, CMD_USAGE, "usage: docfs save NAME QUERY...");

    int r = cmd_open(c, a->list ? NEEDS_CACHE : NEEDS_WRITABLE);
    if (r)
        return r;
    if (a->remove)
        return docfs_unsave(c->d, a->remove, &err) < 0 ? cmd_fail(c, &err) : CMD_OK;
    return a->list ? list(c) : save(c);
}

const struct cmd cmd_save = {
    .name = "save",
    .run = run,
    .needs = NEEDS_NOTHING,
    .max_words = CMD_MANY,
    .summary = "Keep a query under a name in saved/ of every mount",
    .usage = "NAME QUERY... | --list | --delete NAME",
    .text = "",
    .examples = "  docfs save async asyncio tasks in=python\n"
                "  docfs save --list\n"
                "  docfs save --delete async\n",
    .options = options,
    .args_size = sizeof(struct save_args),
};
