/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "tools/cli/commands.h"
#include "tools/cli/suggest.h"

static int find(const struct docfs_settings *all, const char *key, const struct docfs_setting **ret,
                struct docfs_err *err)
{
    struct suggest s = suggest_start(key);
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->item[i].key, key) == 0) {
            *ret = &all->item[i];
            return 0;
        }
        suggest_offer(&s, all->item[i].key);
    }
    const char *best = suggest_best(&s);
    if (best)
        return err_set(err, -ENOENT, "no setting '%s'; did you mean '%s'?", key, best);
    return err_set(err, -ENOENT, "no setting '%s'; docfs config lists them", key);
}

static int list(struct cmd_context *c, const struct docfs_settings *all)
{
    struct out *o = &c->out;
    if (o->json)
        return cmd_json(c, wire_settings(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_setting *s = &all->item[i];
        out_text(o, s->is_set ? STYLE_TITLE : STYLE_NONE, s->key);
        out_printf(o, " = ");
        out_text(o, STYLE_NONE, s->value);
        out_printf(o, "%s\n    ", s->is_set ? "  (set)" : "");
        out_text(o, STYLE_DIM, s->help);
        out_printf(o, "\n");
    }
    return CMD_OK;
}

static int get(struct cmd_context *c, const struct docfs_settings *all, const char *key)
{
    const struct docfs_setting *s = NULL;
    struct docfs_err err = {0};
    if (find(all, key, &s, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_message("setting", wire_setting(s)), CMD_OK);
    out_text(&c->out, STYLE_NONE, s->value);
    out_printf(&c->out, "\n");
    return CMD_OK;
}

static int change(struct cmd_context *c, const struct docfs_settings *all, const char *key,
                  const char *value)
{
    const struct docfs_setting *s = NULL;
    struct docfs_err err = {0};
    int r = find(all, key, &s, &err);
    if (r == 0)
        r = docfs_set(c->d, key, value, &err);
    return r < 0 ? cmd_fail(c, &err) : CMD_OK;
}

static int run(struct cmd_context *c)
{
    const char *verb = c->n_words ? c->word[0] : "list";
    static const struct {
        const char *verb;
        unsigned words;
        enum cmd_needs needs;
    } forms[] = {{"list", 1, NEEDS_CACHE},
                 {"get", 2, NEEDS_CACHE},
                 {"set", 3, NEEDS_CREATE},
                 {"unset", 2, NEEDS_WRITABLE}};
    size_t f = 0;
    while (f < 4 && strcmp(forms[f].verb, verb) != 0)
        f++;
    if (f == 4 || (c->n_words ? c->n_words : 1) != forms[f].words)
        return cmd_fail_with(c, CMD_USAGE, "usage: docfs config %s", c->cmd->usage);

    int r = cmd_open(c, forms[f].needs);
    if (r)
        return r;
    _cleanup_(docfs_settings_freep) struct docfs_settings *all = NULL;
    struct docfs_err err = {0};
    if (docfs_settings(c->d, &all, &err) < 0)
        return cmd_fail(c, &err);
    switch (f) {
    case 0:
        return list(c, all);
    case 1:
        return get(c, all, c->word[1]);
    case 2:
        return change(c, all, c->word[1], c->word[2]);
    default:
        return change(c, all, c->word[1], NULL);
    }
}

const struct cmd cmd_config = {
    .name = "config",
    .run = run,
    .needs = NEEDS_NOTHING,
    .max_words = 3,
    .summary = "Show and change the settings of the cache",
    .usage = "[list | get KEY | set KEY VALUE | unset KEY]",
    .text = "Settings live in the cache; docfs config list explains each.",
    .examples = "  docfs config\n"
                "  docfs config set search.k 20\n"
                "  docfs config unset search.k\n",
};
