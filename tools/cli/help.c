/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "core/util/buf.h"
#include "tools/cli/cmd.h"
#include "tools/cli/wrap.h"

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

/* Long lines tire, however wide the terminal is. */
static unsigned width(FILE *f)
{
    unsigned n = wrap_columns(fileno(f), 80);
    return n < 40 ? 40 : n > 100 ? 100 : n;
}

static void write_out(FILE *f, struct buf *b)
{
    if (b->len)
        fwrite(b->data, 1, b->len, f);
}

void help_short(FILE *f)
{
    _cleanup_buf_ struct buf b = {0};
    unsigned w = width(f);
    buf_adds(&b, "docfs: documentation as files, searched by meaning\n\n"
                 "usage: docfs [--cache DIR] COMMAND [ARGUMENT]...\n\n");
    for (const struct cmd *const *c = commands; *c; c++) {
        char head[32];
        snprintf(head, sizeof(head), "  %s", (*c)->name);
        wrap_row(&b, head, (*c)->summary, 15, w);
    }
    buf_adds(&b, "\nStart with:\n"
                 "  docfs add /usr/share/doc/python3.11/html --collection python@3.11\n"
                 "  docfs search how do I open a file\n\n");
    wrap_add(&b,
             "docfs help COMMAND explains a command, docfs help TOPIC opens a page of the manual:",
             0, 0, w);
    buf_adds(&b, "\n");
    unsigned at = 1;
    buf_adds(&b, " ");
    for (const struct help_topic *t = help_topics; t->name; t++) {
        char word[32];
        snprintf(word, sizeof(word), " %s", t->name);
        at = wrap_add(&b, word, at, 2, w);
    }
    buf_adds(&b, "\n");
    write_out(f, &b);
}

/* What stands in brackets stays together. */
static void add_usage(struct buf *b, const char *usage, unsigned at, unsigned columns)
{
    unsigned indent = columns < 60 ? 4 : 13;
    while (*usage) {
        size_t n = 0;
        for (int depth = 0; usage[n] && (depth || usage[n] != ' '); n++)
            depth += (usage[n] == '[') - (usage[n] == ']');
        if (at + 1 + n > columns && at > indent) {
            buf_addf(b, "\n%*s", (int)indent, "");
            at = indent;
        } else {
            buf_addc(b, ' ');
            at++;
        }
        buf_add(b, usage, n);
        at += (unsigned)n;
        usage += n + (usage[n] == ' ');
    }
}

void help_command(const struct cmd *cmd, FILE *f)
{
    _cleanup_buf_ struct buf b = {0};
    unsigned w = width(f);
    buf_addf(&b, "usage: docfs %s", cmd->name);
    add_usage(&b, cmd->usage, 13 + wrap_width(cmd->name), w);
    buf_adds(&b, "\n\n");
    wrap_add(&b, cmd->summary, 0, 0, w - 1);
    buf_adds(&b, ".\n");
    if (*cmd->text) {
        wrap_add(&b, cmd->text, 0, 0, w);
        buf_addc(&b, '\n');
    }
    if (cmd->options) {
        buf_adds(&b, "\nOptions:\n");
        opt_help(cmd->options, w, &b);
    }
    buf_addc(&b, '\n');
    wrap_add(&b, "Global options, before or after the command:", 0, 0, w);
    buf_addc(&b, '\n');
    opt_help(global_options, w, &b);
    if (*cmd->examples)
        buf_addf(&b, "\nExamples:\n%s", cmd->examples);
    write_out(f, &b);
}
