/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/cli/commands.h"
#include "core/util/suggest.h"

struct help_args {
    bool man, commands;
};

static const struct opt help_options[] = {
    {0, "man", OPT_FLAG, NULL, "As a manual page", offsetof(struct help_args, man)},
    {0, "commands", OPT_FLAG, NULL, "Only the names of all commands",
     offsetof(struct help_args, commands)},
    {0},
};

static int run_version(struct cmd_context *c)
{
    if (c->out.json)
        return cmd_json(c, wire_message("version", json_pack("{s:s}", "version", docfs_version())),
                        CMD_OK);
    out_printf(&c->out, "docfs %s\n", docfs_version());
    return CMD_OK;
}

#define MAN_NO_PAGE 16 /* exit status, see man(1) */

/* The exit status of man, or -errno. */
static int run_man(char *section, char *page)
{
    char man[] = "man", *const argv[] = {man, section, page, NULL};
    pid_t pid;
    int status;
    fflush(NULL);
    signal(SIGPIPE, SIG_DFL); /* for man and its pager */
    int r = posix_spawnp(&pid, man, NULL, NULL, argv, environ);
    if (r)
        return -r;
    signal(SIGINT, SIG_IGN); /* the pager's */
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A page that is no command's, through man(1). */
static int show_topic(struct cmd_context *c, const char *name)
{
    const struct help_topic *t = help_topics;
    while (t->name && strcmp(t->name, name) != 0)
        t++;
    if (!t->name) {
        struct suggest s = suggest_start(name);
        for (const struct cmd *const *k = commands; *k; k++)
            suggest_offer(&s, (*k)->name);
        for (t = help_topics; t->name; t++)
            suggest_offer(&s, t->name);
        const char *near = suggest_best(&s);
        return cmd_fail_with(c, CMD_USAGE, "no command or topic '%s'%s%s%s; docfs help lists them",
                             name, near ? ": did you mean '" : "", near ? near : "",
                             near ? "'?" : "");
    }
    char page[64], section[4];
    snprintf(section, sizeof(section), "%d", t->section);
    snprintf(page, sizeof(page), strcmp(name, "yaml") ? "docfs-%s" : "docfs.%s", name);
    int r = run_man(section, page);
    if (r < 0)
        return cmd_fail_with(c, CMD_SYSTEM, "cannot start man: %s; install man-db and read %s(%d)",
                             strerror(-r), page, t->section);
    if (r == MAN_NO_PAGE)
        return cmd_fail_with(c, CMD_MISSING,
                             "the manual is not installed: in the source tree of docfs, man "
                             "packaging/man/%s.%d shows this page",
                             page, t->section);
    return r ? CMD_SYSTEM : CMD_OK;
}

static int run_help(struct cmd_context *c)
{
    const struct help_args *a = c->args;
    if (a->commands) {
        for (const struct cmd *const *k = commands; *k; k++)
            out_printf(&c->out, "%s\n", (*k)->name);
        return CMD_OK;
    }
    if (c->n_words == 0) {
        help_short(stdout);
        return CMD_OK;
    }
    const struct cmd *k = cmd_find(c->word[0]);
    if (!k)
        return show_topic(c, c->word[0]);
    if (a->man)
        help_man(k, stdout);
    else
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
    .options = help_options,
    .args_size = sizeof(struct help_args),
    .max_words = 1,
    .summary = "Explain a command, or open a page of the manual",
    .usage = "[[--man] COMMAND | TOPIC | --commands]",
    .text = "",
    .examples = "  docfs help search\n"
                "  docfs help query\n",
};
