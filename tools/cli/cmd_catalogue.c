/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tools/cli/commands.h"

static int show(struct cmd_context *c, const char *name)
{
    _cleanup_(docfs_technologies_freep) struct docfs_technologies *t = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_catalogue(c->d, name, &t, &err) < 0)
        return cmd_fail(c, &err);
    const struct docfs_technology *x = t->n ? &t->item[0] : NULL;
    if (!x || (strcasecmp(x->name, name) != 0 && !strcasestr(x->aliases, name)))
        return cmd_fail_with(c, CMD_NOTHING,
                             "the catalogue does not know %s; docfs catalogue "
                             "search %s looks for something like it",
                             name, name);
    if (o->json)
        return cmd_json(c, wire_technologies(&(struct docfs_technologies){t->item, 1}), CMD_OK);
    out_printf(o, "name      %s\ntitle     %s\n", x->name, x->title);
    if (*x->aliases)
        out_printf(o, "also      %s\n", x->aliases);
    out_printf(o, "category  %s\nfrom      %s", x->category, x->repo);
    if (*x->path)
        out_printf(o, " (%s)", x->path);
    out_printf(o, "\nlicence   %s\nversions  %s\n", x->licence, x->versions);
    return CMD_OK;
}

static int search(struct cmd_context *c, const char *words)
{
    _cleanup_(docfs_technologies_freep) struct docfs_technologies *t = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_catalogue(c->d, words, &t, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_technologies(t), t->n ? CMD_OK : CMD_NOTHING);
    int width = 4;
    for (size_t i = 0; i < t->n; i++) {
        int len = (int)strnlen(t->item[i].name, 40);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < t->n && !out_broken(o); i++) {
        const struct docfs_technology *x = &t->item[i];
        out_text(o, STYLE_TITLE, x->name);
        out_printf(o, "%*s  %-10s %-9s ", width - (int)strnlen(x->name, 40), "", x->category,
                   strncmp(x->versions, "branches", 8) == 0 ? "branches" : x->versions);
        out_text(o, STYLE_NONE, x->title);
        out_printf(o, "\n");
    }
    if (t->n == 0) {
        out_note(o, "the catalogue has nothing for '%s'; docfs add takes any URL or directory too",
                 words);
        return CMD_NOTHING;
    }
    return CMD_OK;
}

static int run(struct cmd_context *c)
{
    if (c->n_words == 0)
        return search(c, "");
    if (strcmp(c->word[0], "show") == 0 && c->n_words == 2)
        return show(c, c->word[1]);
    bool verb = strcmp(c->word[0], "search") == 0 || strcmp(c->word[0], "list") == 0;
    _cleanup_free_ char *words = cmd_join(c, verb ? 1 : 0);
    if (!words)
        return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
    return search(c, words);
}

const struct cmd cmd_catalogue = {
    .name = "catalogue",
    .run = run,
    .needs = NEEDS_CREATE,
    .max_words = CMD_MANY,
    .summary = "Show the technologies that docfs add knows by name",
    .usage = "[search WORDS... | show NAME]",
    .text =
        "The list is part of docfs and is searched without the network; only docfs add fetches.\n"
        "The setting sources.catalogue names a file with further entries, which win.",
    .examples = "  docfs catalogue search database\n"
                "  docfs catalogue show react\n"
                "  docfs add django@5.0\n",
};
