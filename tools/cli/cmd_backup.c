/* SPDX-License-Identifier: MIT */
#include "core/docfs_backup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "core/util/clock.h"
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress.h"

struct args {
    bool force, yes, check;
};

static const struct opt backup_options[] = {
    {'f', "force", OPT_FLAG, NULL, "Replace the file when it exists", offsetof(struct args, force)},
    {0},
};

static const struct opt restore_options[] = {
    {'y', "yes", OPT_FLAG, NULL, "Replace a cache that holds something, without asking",
     offsetof(struct args, yes)},
    {0, "check", OPT_FLAG, NULL, "Only read the backup through", offsetof(struct args, check)},
    {0},
};

static int on_progress(void *arg, const char *phase, int64_t done, int64_t total)
{
    progress_update(arg, &(struct progress_step){.label = phase,
                                                 .unit = "bytes",
                                                 .done = (uint64_t)done,
                                                 .total = (uint64_t)total,
                                                 .bytes = done,
                                                 .bytes_total = total,
                                                 .detail = ""});
    return interrupt_seen();
}

static int report(struct cmd_context *c, const char *kind, const char *verb, const char *file,
                  const struct docfs_backup_info *i, double seconds)
{
    char size[32], count[32], date[32], span[32];
    if (c->out.json) {
        json_t *o =
            json_pack("{s:I, s:i, s:I, s:o, s:I, s:s, s:s, s:f}", "bytes", (json_int_t)i->bytes,
                      "store_version", i->schema, "generation", (json_int_t)i->generation,
                      "created_at", wire_time(i->created_at), "documents", (json_int_t)i->documents,
                      "docfs", i->version, "sha256", i->sha256, "seconds", seconds);
        if (o && wire_set_path(o, "file", file) < 0) {
            json_decref(o);
            o = NULL;
        }
        return cmd_json(c, wire_message(kind, o), CMD_OK);
    }
    out_printf(&c->out, "%s ", verb);
    out_text(&c->out, STYLE_PATH, file);
    out_printf(&c->out, ": %s document%s, %s, of %s, in %s\n", out_count(i->documents, count),
               out_plural(i->documents), out_size(i->bytes, size), out_date(i->created_at, date),
               out_span(seconds, span));
    return CMD_OK;
}

static double since(int64_t start)
{
    return (double)(clock_mono_ns() - start) / 1e9;
}

static int run_backup(struct cmd_context *c)
{
    const struct args *a = c->args;
    struct docfs_err err = {0};
    struct docfs_backup_info i;
    struct progress p;
    int64_t start = clock_mono_ns();
    interrupt_watch(true);
    progress_init(&p, &c->out);
    int r = docfs_backup(c->d, c->word[0], a->force, on_progress, &p, &i, &err);
    progress_end(&p);
    if (r == -ECANCELED)
        return cmd_fail_with(c, CMD_INTERRUPTED, "interrupted; %s was not written", c->word[0]);
    return r < 0 ? cmd_fail(c, &err)
                 : report(c, "backup", "saved and verified", c->word[0], &i, since(start));
}

/* A person at the terminal may say yes. */
static bool confirmed(struct cmd_context *c, const char *question)
{
    char answer[16] = "";
    if (c->out.json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fprintf(stderr, "%s\nReplace it? [y/N] ", question);
    fflush(stderr);
    return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int run_restore(struct cmd_context *c)
{
    const struct args *a = c->args;
    struct docfs_options o = {.cache = c->cache, .set = c->set};
    struct docfs_err err = {0};
    struct docfs_backup_info i;
    struct progress p;
    size_t lost = 0;
    int64_t start = clock_mono_ns();
    /* Before anything is asked about the cache. */
    if (access(c->word[0], R_OK) < 0)
        return cmd_fail_with(c, errno == ENOENT ? CMD_MISSING : CMD_SYSTEM,
                             "cannot read the backup %s: %s", c->word[0], strerror(errno));
    interrupt_watch(true);
    progress_init(&p, &c->out);
    int r = a->check ? docfs_backup_check(c->word[0], on_progress, &p, &i, &err)
                     : docfs_restore(&o, c->word[0], a->yes, on_progress, &p, &i, &lost, &err);
    progress_end(&p);
    if (r == -EEXIST && confirmed(c, err.text)) {
        r = docfs_restore(&o, c->word[0], true, on_progress, &p, &i, &lost, &err);
        progress_end(&p);
    }
    if (r == -ECANCELED)
        return cmd_fail_with(c, CMD_INTERRUPTED, "interrupted; the cache is as it was");
    if (r < 0)
        return cmd_fail(c, &err);
    return report(c, a->check ? "backup" : "restore", a->check ? "sound:" : "restored", c->word[0],
                  &i, since(start));
}

const struct cmd cmd_backup = {
    .name = "backup",
    .run = run_backup,
    .needs = NEEDS_CACHE,
    .options = backup_options,
    .args_size = sizeof(struct args),
    .min_words = 1,
    .max_words = 1,
    .summary = "Copy the whole cache into one file while it is in use",
    .usage = "[--force] FILE",
    .text = "The copy is of one moment, whatever is read and written meanwhile. It is read back\n"
            "before it gets its name, so a file that is there is complete and sound. It holds\n"
            "everything, settings and hashed tokens too, and only its owner may read it.",
    .examples = "  docfs backup /backup/docs-$(date +%F).docfs-backup\n"
                "  docfs restore --check /backup/docs-2026-01-31.docfs-backup\n",
};

const struct cmd cmd_restore = {
    .name = "restore",
    .run = run_restore,
    .needs = NEEDS_NOTHING,
    .options = restore_options,
    .args_size = sizeof(struct args),
    .min_words = 1,
    .max_words = 1,
    .summary = "Put a backup in the place of the cache",
    .usage = "[--yes | --check] FILE",
    .text = "The backup is checked first. A cache that holds something is replaced only after\n"
            "a yes at the terminal or with --yes, and only while no other process uses it.",
    .examples = "  docfs restore --cache /srv/docs /backup/docs.docfs-backup\n"
                "  docfs restore --yes docs.docfs-backup\n",
};
