/* SPDX-License-Identifier: MIT
 * The manual page of a command out of the same tables as its --help. */
#include <stdio.h>
#include <string.h>
#include "core/util/buf.h"
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

/* Sentences: each begins a line, as mdoc wants it. */
static void prose(FILE *f, const char *s)
{
    _cleanup_buf_ struct buf b = {0};
    for (; *s; s++) {
        bool end = s[0] == ' ' && (buf_last(&b) == '.' || buf_last(&b) == '?');
        buf_addc(&b, end ? '\n' : *s);
    }
    text(f, buf_text(&b));
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
        if (o->choices && !strstr(o->help, o->choices[0])) {
            fputs("One of\n", f);
            for (const char *const *c = o->choices; *c; c++)
                fprintf(f, ".Cm %s%s\n", *c, c[1] ? " ," : " .");
        }
    }
    fputs(".El\n", f);
}

/* What to read next, by section and name. */
static const struct {
    const char *command, *pages;
} further[] = {
    {"add", "docfs 1|docfs-jobs 1|docfs.yaml 5|docfs-limits 7|docfs-sources 7"},
    {"ask", "docfs 1|docfs.yaml 5|docfs-embedding 7|docfs-query 7"},
    {"backup", "docfs 1|docfs-export 1|docfs-restore 1|docfs-bundle 5|docfs.yaml 5|docfs-team 7"},
    {"cat", "docfs 1|docfs-list 1|docfs.yaml 5|docfs-files 7"},
    {"catalogue", "docfs 1|docfs.yaml 5|docfs-sources 7"},
    {"config", "docfs 1|docfs.yaml 5|docfs-limits 7"},
    {"doctor", "docfs 1|docfs-status 1|docfs-verify 1|docfs.yaml 5|docfs-troubleshooting 7"},
    {"export", "docfs 1|docfs-backup 1|docfs-import 1|docfs-bundle 5|docfs.yaml 5|docfs-team 7"},
    {"import", "docfs 1|docfs-export 1|docfs.yaml 5|docfs-team 7"},
    {"feedback", "docfs 1|docfs-gaps 1|docfs-search 1|docfs.yaml 5"},
    {"gaps", "docfs 1|docfs-feedback 1|docfs.yaml 5|docfs-sources 7"},
    {"list", "docfs 1|docfs-sources 1|docfs.yaml 5|docfs-security 7"},
    {"reembed", "docfs 1|docfs-tune 1|docfs.yaml 5|docfs-embedding 7"},
    {"refresh", "docfs 1|docfs-jobs 1|docfs-sources 1|docfs-watch 1|docfs.yaml 5"},
    {"restore", "docfs 1|docfs-backup 1|docfs.yaml 5|docfs-team 7"},
    {"save", "docfs 1|docfs.yaml 5|docfs-files 7|docfs-query 7"},
    {"search", "docfs 1|docfs-json 5|docfs.yaml 5|docfs-files 7|docfs-query 7"},
    {"similar", "docfs 1|docfs-search 1|docfs.yaml 5|docfs-files 7"},
    {"sources", "docfs 1|docfs-refresh 1|docfs-watch 1|docfs.yaml 5|docfs-sources 7"},
    {"status", "docfs 1|docfs-doctor 1|docfs-json 5|docfs.yaml 5"},
    {"token", "docfs 1|docfs-serve 1|docfs.yaml 5|docfs-security 7"},
    {"tune", "docfs 1|docfs-reembed 1|docfs.yaml 5|docfs-embedding 7"},
    {"umount", "docfs 1|docfs-mount 1|docfs.yaml 5"},
    {"verify", "docfs 1|docfs-doctor 1|docfs-store 5|docfs.yaml 5"},
    {"watch", "docfs 1|docfs-jobs 1|docfs-refresh 1|docfs-sources 1|docfs.yaml 5"},
};

static void see_also(FILE *f, const char *command)
{
    const char *p = "docfs 1|docfs.yaml 5";
    for (size_t i = 0; i < sizeof(further) / sizeof(*further); i++)
        if (!strcmp(further[i].command, command))
            p = further[i].pages;
    fputs(".Sh SEE ALSO\n", f);
    for (; *p; p += strcspn(p, "|"), p += *p == '|')
        fprintf(f, ".Xr %.*s%s\n", (int)strcspn(p, "|"), p, strchr(p, '|') ? " ," : "");
}

void help_man(const struct cmd *k, FILE *f)
{
    fputs(".\\\" SPDX-License-Identifier: MIT\n.Dd November 28, 2026\n.Dt DOCFS-", f);
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
    if (*k->text)
        prose(f, k->text);
    if (k->options) {
        fputs(".Sh OPTIONS\n", f);
        options(f, k->options);
    }
    fputs(".Pp\nThe options of all commands are in\n"
          ".Xr docfs 1 .\n"
          ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
          ".It Ev DOCFS_CACHE\nThe cache directory, unless\n.Fl -cache\nnames one.\n"
          ".It Ev DOCFS_CONFIG\nThe settings file.\n.El\n"
          ".Sh FILES\n.Bl -tag -width Ds\n"
          ".It Pa ~/.local/share/docfs\nThe cache:\n.Xr docfs-store 5 .\n"
          ".It Pa /etc/docfs/docfs.yaml , ~/.config/docfs/docfs.yaml\nThe settings.\n.El\n"
          ".Sh EXIT STATUS\n0 done or found, 1 nothing found, 2 wrong usage, 3 the cache is in the "
          "way,\n5 no such thing, 6 refused by the system:\n.Xr docfs 1\nhas the list.\n",
          f);
    if (*k->examples) {
        fputs(".Sh EXAMPLES\n.Bd -literal -offset indent\n", f);
        text(f, k->examples);
        fputs(".Ed\n", f);
    }
    see_also(f, k->name);
}
