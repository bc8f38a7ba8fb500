/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "tools/cli/commands.h"
#include "core/util/suggest.h"

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

/* Where the value in force comes from; nothing for a default. */
static void origin(struct out *o, const struct docfs_setting *s)
{
    static const char *const from[] = {NULL, "file ", "environment ", "set in the cache",
                                       "option --set"};
    if (!from[s->origin])
        return;
    out_printf(o, "  (%s", from[s->origin]);
    if (s->where)
        out_text(o, STYLE_NONE, s->where);
    out_printf(o, ")");
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
        origin(o, s);
        out_printf(o, "\n    ");
        out_text(o, STYLE_DIM, s->help);
        out_printf(o, "\n");
        if (s->ignored) {
            out_printf(o, "    the value stored in the cache is ignored: ");
            out_text(o, STYLE_NONE, s->ignored);
            out_printf(o, "\n");
        }
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

struct files {
    struct cmd_context *c;
    json_t *list; /* NULL: text */
};

static void add_file(void *arg, const char *path, bool exists)
{
    struct files *f = arg;
    if (f->list) {
        json_array_append_new(
            f->list, json_pack("{s:o, s:b}", "path", wire_text(path), "exists", (int)exists));
        return;
    }
    out_text(&f->c->out, STYLE_NONE, path);
    out_printf(&f->c->out, "%s\n", exists ? "" : "  (does not exist)");
}

static int files(struct cmd_context *c)
{
    struct files f = {c, c->out.json ? json_array() : NULL};
    struct docfs_err err = {0};
    int r = docfs_config_files(add_file, &f, &err);
    if (r < 0) {
        json_decref(f.list);
        return cmd_fail(c, &err);
    }
    return f.list ? cmd_json(c, wire_message("files", json_pack("{s:o}", "files", f.list)), CMD_OK)
                  : CMD_OK;
}

static int check(struct cmd_context *c, const char *path)
{
    struct docfs_err err = {0};
    if (docfs_config_check(path, &err) < 0)
        return cmd_fail(c, &err);
    out_note(&c->out, "%s: good", path);
    return CMD_OK;
}

/* Before there is a cache the other layers are there already. */
static int open_to_look(struct cmd_context *c)
{
    struct docfs_options opt = {.cache = c->cache, .must_exist = true, .set = c->set};
    struct docfs_err err = {0};
    int r = docfs_open(&opt, &c->d, &err);
    if (r == -ENOENT && docfs_open_settings(c->set, &c->d, &err) == 0)
        r = 0;
    return r == 0 ? 0 : cmd_open(c, NEEDS_CACHE);
}

static int run(struct cmd_context *c)
{
    const char *verb = c->n_words ? c->word[0] : "list";
    enum { LIST, GET, SET, UNSET, FILES, CHECK, N_FORMS };
    static const struct {
        const char *verb;
        unsigned words;
        enum cmd_needs needs;
    } forms[] = {[LIST] = {"list", 1, NEEDS_CACHE},     [GET] = {"get", 2, NEEDS_CACHE},
                 [SET] = {"set", 3, NEEDS_CREATE},      [UNSET] = {"unset", 2, NEEDS_WRITABLE},
                 [FILES] = {"files", 1, NEEDS_NOTHING}, [CHECK] = {"check", 2, NEEDS_NOTHING}};
    size_t f = 0;
    while (f < N_FORMS && strcmp(forms[f].verb, verb) != 0)
        f++;
    if (f == N_FORMS || (c->n_words ? c->n_words : 1) != forms[f].words)
        return cmd_fail_with(c, CMD_USAGE, "usage: docfs config %s", c->cmd->usage);
    if (f == FILES)
        return files(c);
    if (f == CHECK)
        return check(c, c->word[1]);

    int r = f == LIST || f == GET ? open_to_look(c) : cmd_open(c, forms[f].needs);
    if (r)
        return r;
    _cleanup_(docfs_settings_freep) struct docfs_settings *all = NULL;
    struct docfs_err err = {0};
    if (docfs_settings(c->d, &all, &err) < 0)
        return cmd_fail(c, &err);
    switch (f) {
    case LIST:
        return list(c, all);
    case GET:
        return get(c, all, c->word[1]);
    case SET:
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
    .summary = "Show and change settings, and where their values come from",
    .usage = "[list | get KEY | set KEY VALUE | unset KEY | files | check FILE]",
    .text = "A value comes from, the later ones win: the default, the settings files\n"
            "(docfs config files lists them), the environment (DOCFS_SEARCH_K for\n"
            "search.k), the cache (docfs config set), the option --set KEY=VALUE.",
    .examples = "  docfs config\n"
                "  docfs config set search.k 20\n"
                "  docfs config unset search.k\n"
                "  docfs config check /etc/docfs/docfs.yaml\n",
};
