/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"

struct verify_args {
    bool repair;
};

static const struct opt options[] = {
    {0, "repair", OPT_FLAG, NULL, "Rebuild what is derived, drop what is orphaned",
     offsetof(struct verify_args, repair)},
    {0},
};

struct findings {
    struct out *o;
    json_t *list; /* in JSON mode */
    size_t n, repaired;
};

static void on_finding(void *arg, const char *what, bool repaired)
{
    struct findings *f = arg;
    f->n++;
    f->repaired += repaired;
    if (f->list)
        json_array_append_new(
            f->list, json_pack("{s:o, s:b}", "what", wire_text(what), "repaired", (int)repaired));
    out_text(f->o, repaired ? STYLE_NONE : STYLE_BAD, what);
    out_printf(f->o, "%s\n", repaired ? " (repaired)" : "");
}

static int run(struct cmd_context *c)
{
    const struct verify_args *a = c->args;
    struct docfs_err err = {0};
    int r = cmd_open(c, a->repair ? NEEDS_WRITABLE : NEEDS_CACHE);
    if (r)
        return r;
    struct findings f = {.o = &c->out, .list = c->out.json ? json_array() : NULL};
    r = docfs_verify(c->d, a->repair, on_finding, &f, &err);
    if (r < 0) {
        json_decref(f.list);
        return cmd_fail(c, &err);
    }
    int exit = r ? CMD_CACHE : CMD_OK;
    if (c->out.json)
        return cmd_json(c,
                        wire_message("findings", json_pack("{s:b, s:i, s:o}", "sound", r == 0,
                                                           "left", r, "findings", f.list)),
                        exit);
    if (r)
        out_note(&c->out, "%d findings; %s", r,
                 a->repair ? "what is left cannot be repaired here: remove the collection and add "
                             "it again"
                           : "docfs verify --repair mends them");
    else if (!c->out.quiet)
        out_printf(&c->out, f.n ? "sound after %zu repairs\n" : "sound\n", f.repaired);
    return exit;
}

const struct cmd cmd_verify = {
    .name = "verify",
    .run = run,
    .needs = NEEDS_NOTHING,
    .summary = "Check database, full text, vectors and index against each other",
    .usage = "[--repair]",
    .text = "Exits with 0 when the cache is sound and with 3 when findings are left.",
    .examples = "  docfs verify\n  docfs verify --repair\n",
    .options = options,
    .args_size = sizeof(struct verify_args),
};
