/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli/commands.h"
#include "tools/cli/ingest.h"

struct add_args {
    const char *collection, *kind, *ref, *subdir;
    struct opt_list include, exclude;
    int64_t max_file;
    const char *policy;
    unsigned threads;
    bool force, strict, background;
    /* of web sites, in the order of web_names */
    const char *web[7];
    bool allow_private, ignore_robots;
    struct opt_list option;
};

static const struct opt options[] = {
    {'c', "collection", OPT_STRING, "NAME[@VERSION]",
     "Collection to add to (default: the directory's name)", offsetof(struct add_args, collection)},
    {0, "kind", OPT_STRING, "KIND", "Kind of source, when it is not recognised (docfs help add)",
     offsetof(struct add_args, kind)},
    {0, "ref", OPT_STRING, "REF",
     "Branch, tag or commit of a repository; a version finds its tag, latest the newest",
     offsetof(struct add_args, ref)},
    {0, "subdir", OPT_STRING, "DIR", "Only this directory of what is added",
     offsetof(struct add_args, subdir)},
    {0, "include", OPT_LIST, "GLOB", "Only files that match; may be given again",
     offsetof(struct add_args, include)},
    {0, "exclude", OPT_LIST, "GLOB", "Leave out files that match; may be given again",
     offsetof(struct add_args, exclude)},
    {0, "max-file", OPT_SIZE, "SIZE", "Skip larger files (default 64M)",
     offsetof(struct add_args, max_file)},
    {0, "scope", OPT_STRING, "subpages|host|domain",
     "Web: how far to follow links (default: subpages of the address)",
     offsetof(struct add_args, web[0])},
    {0, "depth", OPT_STRING, "N", "Web: links from the start page (default 50)",
     offsetof(struct add_args, web[1])},
    {0, "max-pages", OPT_STRING, "N", "Web: pages at most (default 20000)",
     offsetof(struct add_args, web[2])},
    {0, "rate", OPT_STRING, "N", "Web: requests a second and host, 0 = no limit (default 10)",
     offsetof(struct add_args, web[3])},
    {0, "concurrency", OPT_STRING, "N", "Web: requests at once and host (default 4)",
     offsetof(struct add_args, web[4])},
    {0, "lang", OPT_STRING, "LANG", "Web: only pages in this language, where they say theirs",
     offsetof(struct add_args, web[5])},
    {0, "discover", OPT_STRING, "HOW",
     "Web: how pages are found: auto (default, all of these), llms, sitemap or links",
     offsetof(struct add_args, web[6])},
    {0, "allow-private", OPT_FLAG, NULL, "Web: private and loopback addresses may be asked",
     offsetof(struct add_args, allow_private)},
    {0, "ignore-robots", OPT_FLAG, NULL, "Web: do what robots.txt refuses (your own site)",
     offsetof(struct add_args, ignore_robots)},
    {0, "option", OPT_LIST, "NAME=VALUE", "Any option of the kind of source (docfs-sources(7))",
     offsetof(struct add_args, option)},
    {'j', "threads", OPT_COUNT, "N", "Threads to use (default: all cores)",
     offsetof(struct add_args, threads), 1, 1024},
    {'f', "force", OPT_FLAG, NULL, "Convert again although nothing changed",
     offsetof(struct add_args, force)},
    {0, "strict", OPT_FLAG, NULL, "Exit with 4 when a file failed",
     offsetof(struct add_args, strict)},
    {0, "policy", OPT_STRING, "POLICY",
     "When it is read again: manual, watch, or an interval such as 12h (docfs sources)",
     offsetof(struct add_args, policy)},
    {'b', "background", OPT_FLAG, NULL, "Only queue the work (docfs jobs)",
     offsetof(struct add_args, background)},
    {0},
};

static int queue(struct cmd_context *c, const struct docfs_ingest_options *opt)
{
    _cleanup_free_ char *args = docfs_job_args_add(c->word[0], opt);
    if (!args)
        return cmd_fail_with(c, CMD_USAGE, "--background needs names and patterns in UTF-8");
    return cmd_queue(c, &(struct docfs_job_new){.kind = "add", .args = args, .origin = "cli"});
}

static const char *const web_names[] = {"scope",       "depth", "max_pages", "rate",
                                        "concurrency", "lang",  "discover"};
#define N_WEB (sizeof(web_names) / sizeof(*web_names))

/* The options of the kind of source as NAME=VALUE; NULL in *ret when none was given. */
static int kind_options(const struct add_args *a, char ***ret)
{
    size_t n = 0, given = 0;
    while (a->option.item && a->option.item[given])
        given++;
    char **out = calloc(given + N_WEB + 3, sizeof(*out));
    bool ok = out;
    for (size_t i = 0; ok && i < given; i++)
        ok = (out[n++] = strdup(a->option.item[i]));
    for (size_t i = 0; ok && i < N_WEB; i++)
        if (a->web[i] && (ok = asprintf(&out[n], "%s=%s", web_names[i], a->web[i]) >= 0))
            n++;
    if (ok && a->allow_private)
        ok = (out[n++] = strdup("allow_private=yes"));
    if (ok && a->ignore_robots)
        ok = (out[n++] = strdup("robots=no"));
    *ret = out;
    return ok ? (int)n : -ENOMEM;
}

static void strings_freep(char ***list)
{
    for (char **p = *list; p && *p; p++)
        free(*p);
    free(*list);
}

static int run(struct cmd_context *c)
{
    const struct add_args *a = c->args;
    _cleanup_(strings_freep) char **of_kind = NULL;
    int n_options = kind_options(a, &of_kind);
    if (n_options < 0)
        return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
    struct docfs_ingest_options opt = {.collection = a->collection,
                                       .kind = a->kind,
                                       .ref = a->ref,
                                       .subdir = a->subdir,
                                       .include = a->include.item,
                                       .exclude = a->exclude.item,
                                       .policy = a->policy,
                                       .options = n_options ? (const char *const *)of_kind : NULL,
                                       .max_file = a->max_file,
                                       .threads = a->threads,
                                       .force = a->force};
    if (a->background)
        return queue(c, &opt);
    struct docfs_report report = {0};
    struct docfs_err err = {0};
    struct ingest in;
    ingest_start(&in, c, a->collection, a->strict);
    in.chosen = a->include.n || a->exclude.n;
    int r = docfs_add(c->d, c->word[0], &opt, ingest_progress, &in, &report, &err);
    if (!in.collection && *report.collection)
        in.collection = report.collection;
    return ingest_finish(&in, r, &report, &err);
}

const struct cmd cmd_add = {
    .name = "add",
    .run = run,
    .needs = NEEDS_CREATE,
    .min_words = 1,
    .max_words = 1,
    .summary =
        "Add documentation: a directory, a file, a repository, a web site, a name; or refresh it",
    .usage = "WHAT [--collection NAME[@VERSION]] [--ref REF] [--subdir DIR] [--include GLOB]...",
    .text =
        "WHAT is recognised: docfs-sources(7) lists the kinds. Reads markdown, HTML, man pages,\n"
        "text, reStructuredText, AsciiDoc, POD, notebooks, OpenAPI and PDF. The token of a "
        "private\n"
        "repository is taken from GITHUB_TOKEN, GITLAB_TOKEN or DOCFS_TOKEN_<HOST>, or from the\n"
        "file named by the setting sources.token_file. Files that did not change since the last "
        "run are not read again. A file that\n"
        "cannot be converted never stops the run: docfs list --failures shows it.",
    .examples = "  docfs add https://github.com/fastapi/fastapi --subdir docs/en --ref latest\n"
                "  docfs add /usr/share/doc/python3.11/html --collection python@3.11\n"
                "  docfs add https://docs.example.org/en/ --collection example --rate 5\n"
                "  docfs add ~/notes --include '**/*.md' --exclude 'drafts/**'\n",
    .options = options,
    .args_size = sizeof(struct add_args),
};
