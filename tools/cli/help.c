/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "tools/cli/cmd.h"

const struct help_topic help_topics[] = {
    {"files", 7},
    {"query", 7},
    {"embedding", 7},
    {"web", 7},
    {"api", 7},
    {"team", 7},
    {"security", 7},
    {"limits", 7},
    {"troubleshooting", 7},
    {"comparison", 7},
    {"bundle", 5},
    {"json", 5},
    {"store", 5},
    {"model", 5},
    {"yaml", 5},
    {0},
};

void help_short(FILE *f)
{
    fputs("docfs: documentation as files, searched by meaning\n\n"
          "usage: docfs [--cache DIR] COMMAND [ARGUMENT]...\n\n",
          f);
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, "  %-12s %s\n", (*c)->name, (*c)->summary);
    fputs("\nStart with:\n"
          "  docfs add /usr/share/doc/python3.11/html --collection python@3.11\n"
          "  docfs search how do I open a file\n\n"
          "docfs help COMMAND explains a command, docfs help TOPIC opens a page of the manual:\n ",
          f);
    for (const struct help_topic *t = help_topics; t->name; t++)
        fprintf(f, " %s%s", t->name, t[1].name ? "" : "\n");
}

void help_command(const struct cmd *cmd, FILE *f)
{
    fprintf(f, "usage: docfs %s%s%s\n\n%s.\n", cmd->name, *cmd->usage ? " " : "", cmd->usage,
            cmd->summary);
    if (*cmd->text)
        fprintf(f, "%s\n", cmd->text);
    if (cmd->options) {
        fputs("\nOptions:\n", f);
        opt_help(cmd->options, f);
    }
    fputs("\nGlobal options, before or after the command:\n", f);
    opt_help(global_options, f);
    if (*cmd->examples)
        fprintf(f, "\nExamples:\n%s", cmd->examples);
}
