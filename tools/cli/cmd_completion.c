/* SPDX-License-Identifier: MIT
 * Completion scripts written from the command table, so that they cannot lag behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/cli/commands.h"
#include "tools/cli/complete.h"

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

static bool takes_document(const struct cmd *c)
{
    return strstr(c->usage, "DOCUMENT");
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
        fputs(is_collection(o) ? ") _docfs_ask collections; return ;;\n" : ") words='", f);
        for (const char *const *v = o->choices; v && *v; v++)
            fprintf(f, "%s%s", *v, v[1] ? " " : "' ;;\n");
    }
}

static void add_word(void *arg, const char *word, size_t len)
{
    fprintf(arg, " %.*s", (int)len, word);
}

/* What an argument of the command may be, as a shell's case: words that begin it are offered
 * behind the name of the command. add: how the shell adds to its words. */
static void arguments(FILE *f, const struct cmd *c, const char *add)
{
    char *text = NULL;
    size_t len = 0;
    FILE *words = open_memstream(&text, &len);
    if (words) {
        complete_subcommands(c, add_word, words);
        if (fclose(words) == 0 && len)
            fprintf(f, "    %s,%s) %s'%s' ;;\n", c->name, c->name, add, text);
        free(text);
    }
    if (strcmp(c->name, "config") == 0)
        fputs("    config,get|config,set|config,unset) _docfs_ask settings ;;\n", f);
}

/* The commands that take a kind of argument: "a|b". */
static void takers(FILE *f, bool (*takes)(const struct cmd *c))
{
    const char *join = "";
    for (const struct cmd *const *c = commands; *c; c++)
        if (takes(*c)) {
            fprintf(f, "%s%s", join, (*c)->name);
            join = "|";
        }
}

static void names(FILE *f)
{
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, " %s", (*c)->name);
}

/* Names out of the cache are never given to compgen -W, which would run what stands in them. */
static void bash(FILE *f)
{
    fputs("# bash completion of docfs\n"
          "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/} # python@3.11 is one word\n"
          "_docfs_ask() {\n"
          "    local word\n"
          "    while IFS= read -r word; do\n"
          "        COMPREPLY+=(\"$word\")\n"
          "    done < <(docfs \"${cache[@]}\" completion \"$1\" \"$cur\" 2>/dev/null)\n"
          "    [[ $1 != documents ]] || compopt -o filenames 2>/dev/null\n"
          "    [[ ${COMPREPLY[0]} != */ ]] || compopt -o nospace 2>/dev/null\n"
          "}\n"
          "_docfs() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= words= i\n"
          "    local -a cache=()\n"
          "    COMPREPLY=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        --cache) ((++i < COMP_CWORD)) && cache=(--cache \"${COMP_WORDS[i]}\") || return "
          ";;\n"
          "        -*) ;;\n"
          "        *) [[ -n $cmd ]] || cmd=${COMP_WORDS[i]} ;;\n"
          "        esac\n"
          "    done\n"
          "    case \"$cmd $prev\" in\n",
          f);
    for (const struct cmd *const *c = commands; *c; c++)
        bash_values(f, *c);
    fputs("    esac\n"
          "    if [[ -n $words ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "        return\n"
          "    fi\n"
          "    if [[ $cur == -* ]]; then\n"
          "        words='",
          f);
    long_options(f, global_options);
    fputs("'\n        case $cmd in\n", f);
    for (const struct cmd *const *c = commands; *c; c++)
        if ((*c)->options) {
            fprintf(f, "        %s) words+='", (*c)->name);
            long_options(f, (*c)->options);
            fputs("' ;;\n", f);
        }
    fputs("        esac\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "        return\n"
          "    fi\n"
          "    case $cmd,$prev in\n"
          "    ,*) words='",
          f);
    names(f);
    fputs("' ;;\n    help,*) words='", f);
    names(f);
    for (const struct help_topic *t = help_topics; t->name; t++)
        fprintf(f, " %s", t->name);
    fputs("' ;;\n", f);
    for (const struct cmd *const *c = commands; *c; c++)
        arguments(f, *c, "words=");
    fputs("    esac\n    [[ -z $words ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    case $cmd in\n    ",
          f);
    takers(f, takes_collection);
    fputs(") _docfs_ask collections ;;\n    ", f);
    takers(f, takes_document);
    fputs(") _docfs_ask documents ;;\n"
          "    esac\n"
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
          "_docfs_ask() {\n"
          "    local -a cache=() found\n"
          "    local i=${words[(i)--cache]}\n"
          "    (( i < CURRENT - 1 )) && cache=(--cache \"$words[i+1]\")\n"
          "    found=(${(f)\"$(docfs $cache completion $1 \"${(Q)PREFIX}\" 2>/dev/null)\"})\n"
          "    compadd -S '' -- ${(M)found:#*/}\n"
          "    compadd -- ${found:#*/}\n"
          "}\n"
          "_docfs_collections() { _docfs_ask collections }\n"
          "_docfs_argument() {\n"
          "    local more=\n"
          "    case $docfs_command,$words[CURRENT-1] in\n",
          f);
    for (const struct cmd *const *c = commands; *c; c++)
        arguments(f, *c, "more=");
    fputs("    esac\n"
          "    compadd -- ${=more}\n"
          "    case $docfs_command in\n    ",
          f);
    takers(f, takes_collection);
    fputs(") _docfs_ask collections ;;\n    ", f);
    takers(f, takes_document);
    fputs(") _docfs_ask documents ;;\n"
          "    help) compadd --",
          f);
    names(f);
    for (const struct help_topic *t = help_topics; t->name; t++)
        fprintf(f, " %s", t->name);
    fputs(" ;;\n"
          "    *) [[ -n $more || $docfs_command == config ]] || _files ;;\n"
          "    esac\n"
          "}\n"
          "_docfs() {\n"
          "    local docfs_command=${words[(r)(",
          f);
    for (const struct cmd *const *c = commands; *c; c++)
        fprintf(f, "%s%s", c == commands ? "" : "|", (*c)->name);
    fputs(")]}\n    local -a global=(", f);
    zsh_options(f, global_options);
    fputs(")\n    case $docfs_command in\n", f);
    for (const struct cmd *const *c = commands; *c; c++) {
        fprintf(f, "    %s) _arguments $global", (*c)->name);
        zsh_options(f, (*c)->options);
        fputs(" '*:argument:_docfs_argument' ;;\n", f);
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

/* Words that begin the arguments of a command. */
static void fish_words(FILE *f, const struct cmd *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *words = open_memstream(&text, &len);
    if (!words)
        return;
    complete_subcommands(c, add_word, words);
    if (fclose(words) == 0 && len)
        fprintf(f,
                "complete -c docfs -n '__fish_seen_subcommand_from %s; and not "
                "__fish_seen_subcommand_from%s' -f -a '%s'\n",
                c->name, text, text + 1);
    if (strcmp(c->name, "config") == 0)
        fputs("complete -c docfs -n '__fish_seen_subcommand_from config; and "
              "__fish_seen_subcommand_from get set unset' -f -a '(__docfs_ask settings)'\n",
              f);
    if (strcmp(c->name, "help") == 0) {
        fputs("complete -c docfs -n '__fish_seen_subcommand_from help' -f -a '", f);
        names(f);
        for (const struct help_topic *t = help_topics; t->name; t++)
            fprintf(f, " %s", t->name);
        fputs("'\n", f);
    }
    free(text);
}

static void fish(FILE *f)
{
    fputs("# fish completion of docfs\n"
          "function __docfs_ask\n"
          "    set -l words (commandline -opc)\n"
          "    set -l cache\n"
          "    if set -l i (contains -i -- --cache $words)\n"
          "        set cache --cache $words[(math $i + 1)]\n"
          "    end\n"
          "    docfs $cache completion $argv[1] (commandline -ct) 2>/dev/null\n"
          "end\n"
          "function __docfs_collections; __docfs_ask collections; end\n",
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
        if (takes_document(*c))
            fprintf(f, "complete -c docfs%s -f -a '(__docfs_ask documents)'\n", condition);
        fish_words(f, *c);
    }
}

static int run(struct cmd_context *c)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *f);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    if (c->n_words == 2 && complete(c, c->word[0], c->word[1]))
        return CMD_OK;
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
    .max_words = 2,
    .summary = "Write the completion script of a shell",
    .usage = "bash|zsh|fish | collections|documents|settings PREFIX",
    .text = "The scripts complete commands, options, collections, documents and settings. For the\n"
            "last three they call the second form while you type.",
    .examples = "  docfs completion bash > ~/.local/share/bash-completion/completions/docfs\n",
};
