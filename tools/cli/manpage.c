/* SPDX-License-Identifier: MIT
 * The manual page of a command out of the same tables as its --help. */
#include <stdio.h>
#include <string.h>
#include "tools/cli/cmd.h"

/* Text where a line may not begin with a request, and backslashes are themselves. */
static void text(FILE *f, const char *s)
{
    bool start = true;
    for (; *s; s++) {
        if (start && (*s == '.' || *s == '\''))
            fputs("\\&", f);
        if (*s == '\\')
            fputs("\\e", f);
        else
            fputc(*s, f);
        start = *s == '\n';
    }
    if (!start)
        fputc('\n', f);
}

/* Words behind a macro: none of them is one itself. */
static void argument(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++)
        fputs(*s == '"' ? "\\(dq" : *s == '\\' ? "\\e" : (char[]){*s, '\0'}, f);
    fputc('"', f);
}

static void options(FILE *f, const struct opt *table)
{
    fputs(".Bl -tag -width Ds\n", f);
    for (const struct opt *o = table; o && o->name; o++) {
        fputs(".It ", f);
        if (o->letter)
            fprintf(f, "Fl %c , ", o->letter);
        fprintf(f, "Fl -%s", o->name);
        if (o->value) {
            fputs(" Ar ", f);
            argument(f, o->value);
        }
        fputc('\n', f);
        text(f, o->help);
        if (o->choices) {
            fputs("One of\n", f);
            for (const char *const *c = o->choices; *c; c++)
                fprintf(f, ".Cm %s%s\n", *c, c[1] ? " ," : " .");
        }
    }
    fputs(".El\n", f);
}

void help_man(const struct cmd *k, FILE *f)
{
    fputs(".\\\" SPDX-License-Identifier: MIT\n.Dd November 24, 2026\n.Dt DOCFS-", f);
    for (const char *p = k->name; *p; p++)
        fputc(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, f);
    fprintf(f, " 1\n.Os\n.Sh NAME\n.Nm docfs-%s\n.Nd ", k->name);
    text(f, k->summary);
    fprintf(f, ".Sh SYNOPSIS\n.Nm docfs %s\n", k->name);
    if (*k->usage) {
        fputs(".Bk\n", f);
        text(f, k->usage);
        fputs(".Ek\n", f);
    }
    fputs(".Sh DESCRIPTION\n", f);
    fprintf(f, "%s.\n", k->summary);
    if (*k->text) {
        fputs(".Bd -unfilled\n", f);
        text(f, k->text);
        fputs(".Ed\n", f);
    }
    if (k->options) {
        fputs(".Sh OPTIONS\n", f);
        options(f, k->options);
    }
    fputs(".Pp\nThe options of all commands, the environment and the exit status are in\n"
          ".Xr docfs 1 .\n",
          f);
    if (*k->examples) {
        fputs(".Sh EXAMPLES\n.Bd -literal -offset indent\n", f);
        text(f, k->examples);
        fputs(".Ed\n", f);
    }
    fputs(".Sh SEE ALSO\n.Xr docfs 1 ,\n.Xr docfs.yaml 5 ,\n.Xr docfs-query 7\n", f);
}
