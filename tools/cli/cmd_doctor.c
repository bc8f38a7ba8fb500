/* SPDX-License-Identifier: MIT */
#include "core/docfs_doctor.h"

#include <string.h>
#include "tools/cli/commands.h"
#if HAVE_MOUNT
#include "fs/mount.h"
#endif
#if HAVE_SERVE
#include "tools/sidecar/serve.h"
#endif

struct args {
    bool quick, strict, allow_other;
    const char *mountpoint;
    struct opt_list listen;
};

static const struct opt options[] = {
    {0, "quick", OPT_FLAG, NULL, "Only what takes milliseconds", offsetof(struct args, quick)},
    {0, "strict", OPT_FLAG, NULL, "Exit with 4 when there are warnings",
     offsetof(struct args, strict)},
#if HAVE_MOUNT
    {'m', "mountpoint", OPT_STRING, "DIR", "Check this mount point, too",
     offsetof(struct args, mountpoint)},
    {0, "allow-other", OPT_FLAG, NULL, "The mount is to be opened to other users",
     offsetof(struct args, allow_other)},
#endif
#if HAVE_SERVE
    {'l', "listen", OPT_LIST, "ADDR:PORT", "Check these addresses instead of the default",
     offsetof(struct args, listen)},
#endif
    {0},
};

struct report {
    struct out *o;
    json_t *list; /* in JSON mode */
    enum docfs_level worst;
    size_t n[3];
};

static void tell(void *arg, const struct docfs_check *k)
{
    struct report *r = arg;
    r->worst = k->level > r->worst ? k->level : r->worst;
    r->n[k->level]++;
    if (r->list) {
        json_array_append_new(r->list,
                              json_pack("{s:s, s:s, s:o, s:o}", "name", k->name, "level",
                                        docfs_level_name(k->level), "text", wire_text(k->text),
                                        "remedy", *k->remedy ? wire_text(k->remedy) : json_null()));
        return;
    }
    out_text(r->o, k->level == DOCFS_PASS ? STYLE_DIM : STYLE_BAD, docfs_level_name(k->level));
    out_printf(r->o, "%*s", (int)(9 - strlen(docfs_level_name(k->level))), "");
    out_text(r->o, STYLE_TITLE, k->name);
    out_printf(r->o, ": ");
    out_text(r->o, STYLE_NONE, k->text);
    out_printf(r->o, "\n");
    if (*k->remedy) {
        out_printf(r->o, "         -> ");
        out_text(r->o, STYLE_NONE, k->remedy);
        out_printf(r->o, "\n");
    }
}

static int run(struct cmd_context *c)
{
    const struct args *a = c->args;
    struct report r = {.o = &c->out, .list = c->out.json ? json_array() : NULL};
    struct docfs_doctor_options o = {.open = {.cache = c->cache, .set = c->set}, .quick = a->quick};
    docfs_doctor(&o, tell, &r);
#if HAVE_MOUNT
    docfs_mount_doctor(a->mountpoint, a->allow_other, tell, &r);
#endif
#if HAVE_SERVE
    struct docfs_options reading = {
        .cache = c->cache, .set = c->set, .read_only = true, .must_exist = true};
    if (docfs_open(&reading, &c->d, NULL) < 0)
        c->d = NULL;
    docfs_serve_doctor(c->d, a->listen.item, a->listen.n, tell, &r);
#endif
    int exit = r.worst == DOCFS_FAILURE                ? CMD_CACHE
               : r.worst == DOCFS_WARNING && a->strict ? CMD_FILES
                                                       : CMD_OK;
    if (r.list)
        return cmd_json(
            c,
            wire_message("checks", json_pack("{s:s, s:o}", "worst", docfs_level_name(r.worst),
                                             "checks", r.list)),
            exit);
    out_printf(&c->out, "%zu passed, %zu warnings, %zu failures\n", r.n[DOCFS_PASS],
               r.n[DOCFS_WARNING], r.n[DOCFS_FAILURE]);
    return exit;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .run = run,
    .needs = NEEDS_NOTHING,
    .options = options,
    .args_size = sizeof(struct args),
    .summary = "Check everything that docfs needs and say how to put it right",
    .usage = "[--quick] [--strict] [--mountpoint DIR] [--listen ADDR:PORT]",
    .text = "Changes nothing. Exit status: 0 nothing is in the way, 3 something is, 4 there are\n"
            "warnings and --strict was given. docfs mount and docfs serve run the quick form.",
    .examples = "  docfs doctor\n"
                "  docfs doctor --mountpoint ~/docs --json\n",
};
