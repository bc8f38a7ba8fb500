/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/ingest.h"

struct add_args {
    const char *collection, *kind, *ref, *subdir;
    struct opt_list include, exclude;
    int64_t max_file;
    const char *policy;
    unsigned threads;
    bool force, strict, background;
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

static int run(struct cmd_context *c)
{
    const struct add_args *a = c->args;
    struct docfs_ingest_options opt = {.collection = a->collection,
                                       .kind = a->kind,
                                       .ref = a->ref,
                                       .subdir = a->subdir,
                                       .include = a->include.item,
                                       .exclude = a->exclude.item,
                                       .policy = a->policy,
                                       .max_file = a->max_file,
                                       .threads = a->threads,
                                       .force = a->force};
    if (a->background)
        return queue(c, &opt);
    struct docfs_report report = {0};
    struct docfs_err err = {0};
    struct ingest in;
    ingest_start(&in, c, a->collection, a->strict);
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
    .summary = "Add documentation: a directory, a file, a repository, a name; or refresh it",
    .usage = "WHAT [--collection NAME[@VERSION]] [--ref REF] [--subdir DIR] [--include GLOB]...",
    .text =
        "WHAT is recognised: docfs-sources(7) lists the kinds. Reads markdown, HTML, man pages,\n"
        "text, reStructuredText, AsciiDoc, notebooks, OpenAPI and PDF. The token of a private\n"
        "repository is taken from GITHUB_TOKEN, GITLAB_TOKEN or DOCFS_TOKEN_<HOST>, or from the\n"
        "file named by the setting sources.token_file. Files that did not change since the last "
        "run are not read again. A file that\n"
        "cannot be converted never stops the run: docfs list --failures shows it.",
    .examples = "  docfs add https://github.com/fastapi/fastapi --subdir docs/en --ref latest\n"
                "  docfs add /usr/share/doc/python3.11/html --collection python@3.11\n"
                "  docfs add ~/notes --include '**/*.md' --exclude 'drafts/**'\n",
    .options = options,
    .args_size = sizeof(struct add_args),
};
