/* SPDX-License-Identifier: MIT
 * Completion scripts written from the command table, so that they cannot lag behind it. */
#include <stdio.h>
#include <string.h>
#include "tools/cli/commands.h"

static void long_options(FILE *f, const struct opt *table)
{
    for (const struct opt *o = table; o && o->name; o++)
        fprintf(f, " --%s", o->name);
}

/* Whether an argument of the command is the name of a collection. */
static bool takes_collection(const struct cmd *c)
{
    for (const char *p = c->usage; (p = strstr(p, "COLLECTION")); p++) {
        const char *before = p > c->usage && p[-1] == '[' ? p - 1 : p;
        if (before == c->usage || before[-1] != ' ' || before - c->usage < 3 ||
            strncmp(before - 3, "-c ", 3) != 0)
            return true;
    }
    return false;
}

static bool is_collection(const struct opt *o)
{
    return strcmp(o->name, "collection") == 0;
}

static void bash_values(FILE *f, const struct cmd *c)
{
    for (const struct opt *o = c->options; o && o->name; o++) {
        if (!o->choices && !is_collection(o))
            continue;
        fprintf(f, "    '%s --%s'", c->name, o->name);
        if (o->letter)
            fprintf(f, "|'%s -%c'", c->name, o->letter);
        fputs(is_collection(o) ? ") values=$(_docfs_collections) ;;\n" : ") values='", f);
        for (const char *const *v = o->choices; v && *v; v++)
            fprintf(f, "%s%s", *v, v[1] ? " " : "' ;;\n");
    }
}

static void bash(FILE *f)
{
    fputs("# bash completion of docfs\n"
          "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/} # python@3.11 is one word\n"
          "_docfs_collections() { docfs list --quiet 2>/dev/null | sed '1d; s/ .*//'; }\n"
          "_docfs() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} cmd= values= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        --cache) ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *) cmd=${COMP_WORDS[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    local words='",
          f);
    long_options(f, global_options);
    fputs("'\n    case $cmd in\n    '') words+='", f);
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, " %s", (*c)->name);
    fputs("' ;;\n    help) words='", f);
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, " %s", (*c)->name);
    for (const struct help_topic *t = help_topics; t->name; t++)
        fprintf(f, " %s", t->name);
    fputs("' ;;\n", f);
    for (const struct cmd *const *c = commands; *c; c++)
        if ((*c)->options) {
            fprintf(f, "    %s) words+='", (*c)->name);
            long_options(f, (*c)->options);
            fputs("' ;;\n", f);
        }
    fputs("    esac\n    case \"$cmd ${COMP_WORDS[COMP_CWORD-1]}\" in\n", f);
    for (const struct cmd *const *c = commands; *c; c++)
        bash_values(f, *c);
    fputs("    *) case $cmd in\n       ", f);
    for (const struct cmd *const *c = commands, *const *first = NULL; *c; c++)
        if (takes_collection(*c)) {
            fprintf(f, "%s%s", first ? "|" : "", (*c)->name);
            first = c;
        }
    fputs(") [[ $cur == -* ]] || values=$(_docfs_collections) ;;\n"
          "       completion) values='bash zsh fish' ;;\n"
          "       esac ;;\n"
          "    esac\n"
          "    if [[ -n $values ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
          "    elif [[ -z $cmd || $cmd == help || $cur == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    else\n"
          "        COMPREPLY=()\n"
          "    fi\n"
          "}\n"
          "complete -o default -F _docfs docfs\n",
          f);
}

/* Text inside single quotes, where ':' and brackets mean something to _arguments. */
static void zsh_text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", f);
        else if (strchr("[]:\\", *s))
            fprintf(f, "\\%c", *s);
        else
            fputc(*s, f);
    }
}

static void zsh_options(FILE *f, const struct opt *table)
{
    for (const struct opt *o = table; o && o->name; o++) {
        fprintf(f, " '%s--%s%s[", o->type == OPT_LIST ? "*" : "", o->name, o->value ? "=" : "");
        zsh_text(f, o->help);
        fputc(']', f);
        if (o->value) {
            fputc(':', f);
            zsh_text(f, o->value);
            if (o->choices) {
                fputs(":(", f);
                for (const char *const *v = o->choices; *v; v++)
                    fprintf(f, "%s%s", v == o->choices ? "" : " ", *v);
                fputc(')', f);
            } else {
                fputs(is_collection(o)               ? ":_docfs_collections"
                      : strcmp(o->value, "DIR") == 0 ? ":_directories"
                                                     : ":_files",
                      f);
            }
        }
        fputc('\'', f);
    }
}

static void zsh(FILE *f)
{
    fputs("#compdef docfs\n"
          "_docfs_collections() {\n"
          "    compadd -- ${(f)\"$(docfs list --quiet 2>/dev/null | sed '1d; s/ .*//')\"}\n}\n"
          "_docfs() {\n"
          "    local cmd=${words[(r)(",
          f);
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, "%s%s", c == commands ? "" : "|", (*c)->name);
    fputs(")]}\n    local -a global=(", f);
    zsh_options(f, global_options);
    fputs(")\n    case $cmd in\n", f);
    for (const struct cmd *const *c = commands; *c; c++) {
        fprintf(f, "    %s) _arguments $global", (*c)->name);
        zsh_options(f, (*c)->options);
        fprintf(f, " '*:argument:%s' ;;\n", takes_collection(*c) ? "_docfs_collections" : "_files");
    }
    fputs("    *)\n        local -a commands=(", f);
    for (const struct cmd *const *c = commands; *c; c++) {
        fprintf(f, " '%s:", (*c)->name);
        zsh_text(f, (*c)->summary);
        fputc('\'', f);
    }
    fputs(")\n        _describe command commands\n        _arguments $global ;;\n    esac\n}\n"
          "_docfs \"$@\"\n",
          f);
}

static void fish_text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            fputc('\\', f);
        fputc(*s, f);
    }
}

static void fish_options(FILE *f, const struct opt *table, const char *condition)
{
    for (const struct opt *o = table; o && o->name; o++) {
        fprintf(f, "complete -c docfs%s -l %s%s", condition, o->name, o->value ? " -r" : "");
        if (o->letter)
            fprintf(f, " -s %c", o->letter);
        if (is_collection(o))
            fputs(" -f -a '(__docfs_collections)'", f);
        for (const char *const *v = o->choices; v && *v; v++)
            fprintf(f, "%s%s%s", v == o->choices ? " -f -a '" : " ", *v, v[1] ? "" : "'");
        fputs(" -d '", f);
        fish_text(f, o->help);
        fputs("'\n", f);
    }
}

static void fish(FILE *f)
{
    fputs("# fish completion of docfs\n"
          "function __docfs_collections\n"
          "    docfs list --quiet 2>/dev/null | sed '1d; s/ .*//'\n"
          "end\n",
          f);
    fish_options(f, global_options, "");
    for (const struct cmd *const *c = commands; *c; c++) {
        char condition[96];
        fprintf(f, "complete -c docfs -n __fish_use_subcommand -f -a %s -d '", (*c)->name);
        fish_text(f, (*c)->summary);
        fputs("'\n", f);
        snprintf(condition, sizeof(condition), " -n '__fish_seen_subcommand_from %s'", (*c)->name);
        fish_options(f, (*c)->options, condition);
        if (takes_collection(*c))
            fprintf(f, "complete -c docfs%s -f -a '(__docfs_collections)'\n", condition);
    }
}

static int run(struct cmd_context *c)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *f);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
        if (strcmp(shells[i].shell, c->word[0]) == 0) {
            shells[i].write(c->out.f);
            return CMD_OK;
        }
    return cmd_fail_with(c, CMD_USAGE, "no completion for '%s'; give bash, zsh or fish",
                         c->word[0]);
}

const struct cmd cmd_completion = {
    .name = "completion",
    .run = run,
    .needs = NEEDS_NOTHING,
    .min_words = 1,
    .max_words = 1,
    .summary = "Write the completion script of a shell",
    .usage = "bash|zsh|fish",
    .text = "",
    .examples = "  docfs completion bash > ~/.local/share/bash-completion/completions/docfs\n",
};
