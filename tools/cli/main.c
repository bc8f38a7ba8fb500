/* SPDX-License-Identifier: MIT
 * Finds the command, parses its options and the global ones, opens the cache, runs it. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "tools/cli/cmd.h"
#include "tools/cli/commands.h"
#include "core/util/suggest.h"

struct global_args {
    const char *cache;
    bool json, quiet, no_color, help, version;
    struct opt_list set;
};

const struct opt global_options[] = {
    {0, "cache", OPT_STRING, "DIR", "Use this cache directory",
     offsetof(struct global_args, cache)},
    {0, "set", OPT_LIST, "KEY=VALUE", "Use this value of a setting in this run (may be repeated)",
     offsetof(struct global_args, set)},
    {0, "json", OPT_FLAG, NULL, "Write JSON for machines", offsetof(struct global_args, json)},
    {'q', "quiet", OPT_FLAG, NULL, "No progress and no notes", offsetof(struct global_args, quiet)},
    {0, "no-color", OPT_FLAG, NULL, "No colours (NO_COLOR in the environment does the same)",
     offsetof(struct global_args, no_color)},
    {'h', "help", OPT_FLAG, NULL, "Explain the program or the command",
     offsetof(struct global_args, help)},
    {0, "version", OPT_FLAG, NULL, "Print the version", offsetof(struct global_args, version)},
    {0},
};

/* What a core error means to whoever started us. */
static enum cmd_exit exit_of(int code)
{
    switch (-code) {
    case 0:
        return CMD_OK;
    case ENOENT:
    case ESTALE:
    case ENOTDIR:
        return CMD_MISSING;
    case EINVAL:
    case EILSEQ:
    case ENAMETOOLONG:
    case EEXIST:
        return CMD_USAGE;
    case EACCES:
    case EPERM:
    case ENOMEM:
    case EHOSTUNREACH:
    case ECONNREFUSED:
        return CMD_SYSTEM;
    case ECANCELED:
        return CMD_INTERRUPTED;
    default:
        return CMD_CACHE;
    }
}

static int fail(struct cmd_context *c, enum cmd_exit exit, int code, const char *text)
{
    if (c->out.json) {
        struct docfs_err ignored;
        out_json(&c->out, wire_error(code, text), &ignored);
    }
    out_error(&c->out, text);
    return exit;
}

int cmd_fail(struct cmd_context *c, const struct docfs_err *err)
{
    return fail(c, exit_of(err->code), err->code, err->text);
}

int cmd_fail_with(struct cmd_context *c, enum cmd_exit exit, const char *fmt, ...)
{
    static const struct {
        enum cmd_exit exit;
        int code;
    } codes[] = {{CMD_USAGE, -EINVAL},
                 {CMD_MISSING, -ENOENT},
                 {CMD_SYSTEM, -EACCES},
                 {CMD_INTERRUPTED, -ECANCELED}};
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    int code = -EIO;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].exit == exit)
            code = codes[i].code;
    return fail(c, exit, code, text);
}

int cmd_open(struct cmd_context *c, enum cmd_needs needs)
{
    struct docfs_options opt = {
        .cache = c->cache, .must_exist = needs != NEEDS_CREATE, .set = c->set};
    struct docfs_err err = {0};
    int r = docfs_open(&opt, &c->d, &err);
    /* Reading works on a cache of another user or on a read-only disk, too. */
    if (needs == NEEDS_CACHE && (r == -EROFS || r == -EACCES || r == -EPERM)) {
        opt.read_only = true;
        r = docfs_open(&opt, &c->d, &err);
    }
    if (r == -EINVAL) /* an option, a variable or a settings file */
        return fail(c, CMD_USAGE, r, err.text);
    return r < 0 ? fail(c, CMD_CACHE, r, err.text) : 0;
}

int cmd_json(struct cmd_context *c, json_t *message, enum cmd_exit exit)
{
    struct docfs_err err = {0};
    return out_json(&c->out, message, &err) < 0 ? cmd_fail(c, &err) : (int)exit;
}

int cmd_queue(struct cmd_context *c, const struct docfs_job_new *job)
{
    struct docfs_err err = {0};
    int64_t id;
    bool known;
    if (docfs_job_enqueue(c->d, job, &id, &known, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c,
                        wire_message("queued", json_pack("{s:I, s:b}", "id", (json_int_t)id,
                                                         "known", (int)known)),
                        CMD_OK);
    out_printf(&c->out, "job %lld %s; docfs serve or docfs jobs run works on it\n", (long long)id,
               known ? "was queued already" : "is queued");
    return CMD_OK;
}

char *cmd_join(struct cmd_context *c, unsigned first)
{
    _cleanup_buf_ struct buf b = {0};
    for (unsigned i = first; i < c->n_words; i++) {
        if (i > first)
            buf_addc(&b, ' ');
        buf_adds(&b, c->word[i]);
    }
    return buf_steal(&b, NULL);
}

static int unknown_command(struct cmd_context *c, const char *name)
{
    struct suggest s = suggest_start(name);
    for (const struct cmd *const *k = commands; *k; k++)
        suggest_offer(&s, (*k)->name);
    const char *best = suggest_best(&s);
    if (best)
        return cmd_fail_with(c, CMD_USAGE, "unknown command '%s'; did you mean '%s'?", name, best);
    return cmd_fail_with(c, CMD_USAGE, "unknown command '%s'; docfs help lists them", name);
}

static int check_words(struct cmd_context *c)
{
    const struct cmd *k = c->cmd;
    if (c->n_words < k->min_words)
        return cmd_fail_with(c, CMD_USAGE, "an argument is missing; usage: docfs %s %s", k->name,
                             k->usage);
    if (c->n_words > k->max_words)
        return cmd_fail_with(c, CMD_USAGE, "one argument too many: '%s'; usage: docfs %s %s",
                             c->word[k->max_words], k->name, k->usage);
    return 0;
}

/* Options may stand anywhere; the first word is the command. */
static int parse(struct cmd_context *c, int argc, char **argv, struct opt_set set[2])
{
    struct docfs_err err = {0};
    bool only_words = false;
    const char *unknown = NULL;
    for (int i = 1; i < argc;) {
        const char *a = argv[i];
        if (!only_words && strcmp(a, "--") == 0) {
            only_words = true;
            i++;
        } else if (!only_words && a[0] == '-' && a[1]) {
            int r = opt_parse(set, c->cmd ? 2 : 1, argc, argv, &i, &err);
            if (r < 0 && unknown)
                break; /* the command is the first thing to say */
            if (r == -ENOENT)
                return cmd_fail_with(
                    c, CMD_USAGE, "%s%s", err.text,
                    c->cmd && (c->cmd->max_words == CMD_MANY || (a[1] >= '0' && a[1] <= '9'))
                        ? " (words that begin with '-' go after --)"
                        : "");
            if (r < 0)
                return cmd_fail(c, &err);
        } else if (!c->cmd && !unknown) {
            c->cmd = cmd_find(a);
            i++;
            if (!c->cmd) {
                unknown = a;
                continue;
            }
            if (c->cmd->args_size && !(c->args = calloc(1, c->cmd->args_size)))
                return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
            set[1] = (struct opt_set){c->cmd->options, c->args};
        } else {
            c->word[c->n_words++] = argv[i++];
        }
    }
    return unknown ? unknown_command(c, unknown) : 0;
}

static int run(struct cmd_context *c, const struct global_args *g)
{
    if (g->version)
        c->cmd = &cmd_version;
    if (g->help && c->cmd) {
        help_command(c->cmd, stdout);
        return CMD_OK;
    }
    if (!c->cmd) {
        help_short(stdout);
        return CMD_OK;
    }
    int r = g->version ? 0 : check_words(c);
    if (r == 0 && c->cmd->needs != NEEDS_NOTHING)
        r = cmd_open(c, c->cmd->needs);
    return r ? r : c->cmd->run(c);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, which out.c keeps quiet about */

    struct global_args g = {0};
    _cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));
    struct cmd_context c = {.program = argv[0], .word = words};
    struct opt_set set[2] = {{global_options, &g}, {NULL, NULL}};
    out_init(&c.out, false, false, false);
    if (!words)
        return cmd_fail_with(&c, CMD_SYSTEM, "out of memory");

    /* Known before parsing, so that a usage error can be JSON, too. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        c.out.json = c.out.json || strcmp(argv[i], "--json") == 0;
    int r = parse(&c, argc, argv, set);
    out_init(&c.out, g.json, g.quiet, g.no_color);
    c.cache = g.cache;
    c.set = g.set.item;
    if (r == 0)
        r = run(&c, &g);

    struct docfs_err err = {0};
    if (out_finish(&c.out, &err) < 0)
        r = cmd_fail_with(&c, CMD_SYSTEM, "%s", err.text);
    docfs_close(c.d);
    opt_set_fini(&set[0]);
    opt_set_fini(&set[1]);
    free(c.args);
    return r;
}
