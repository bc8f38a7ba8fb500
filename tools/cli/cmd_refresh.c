/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/cli/ingest.h"

struct refresh_args {
    unsigned threads;
    bool force, strict, background, due;
};

static const struct opt options[] = {
    {'j', "threads", OPT_COUNT, "N", "Threads to use (default: all cores)",
     offsetof(struct refresh_args, threads), 1, 1024},
    {'f', "force", OPT_FLAG, NULL, "Convert again although nothing changed",
     offsetof(struct refresh_args, force)},
    {0, "strict", OPT_FLAG, NULL, "Exit with 4 when a file failed",
     offsetof(struct refresh_args, strict)},
    {0, "due", OPT_FLAG, NULL, "Only sources that are due by their policy (for a timer)",
     offsetof(struct refresh_args, due)},
    {'b', "background", OPT_FLAG, NULL, "Only queue the work (docfs jobs)",
     offsetof(struct refresh_args, background)},
    {0},
};

static int queue(struct cmd_context *c, const char *collection)
{
    const struct refresh_args *a = c->args;
    json_t *o = json_object();
    if (collection)
        json_object_set_new(o, "collection", json_string(collection));
    if (a->force)
        json_object_set_new(o, "force", json_true());
    if (a->threads)
        json_object_set_new(o, "threads", json_integer(a->threads));
    _cleanup_free_ char *args = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return cmd_queue(c, &(struct docfs_job_new){.kind = "refresh", .args = args, .origin = "cli"});
}

/* Queues what is due and works on the queue until that is done. */
static int due(struct cmd_context *c)
{
    const struct refresh_args *a = c->args;
    struct docfs_err err = {0};
    size_t n = 0;
    if (c->n_words || a->force)
        return cmd_fail_with(c, CMD_USAGE, "--due takes no collection and no --force");
    if (docfs_enqueue_due(c->d, &n, &err) < 0)
        return cmd_fail(c, &err);
    if (!c->out.json)
        out_note(&c->out, "%zu sources are due", n);
    return n && !a->background ? cmd_jobs_run(c, 0, false) : CMD_OK;
}

static int run(struct cmd_context *c)
{
    const struct refresh_args *a = c->args;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *one = NULL;
    struct docfs_err err = {0};
    if (a->due)
        return due(c);
    int r = docfs_collections(c->d, &all, &err);
    if (r == 0 && c->n_words)
        r = docfs_collection_find(all, c->word[0], false, &one, &err);
    if (r < 0)
        return cmd_fail(c, &err);

    if (all->n == 0 && !c->out.json)
        out_note(&c->out, "no collections yet; docfs add DIR --collection NAME makes one");
    if (a->background)
        return queue(c, one ? one->name : NULL);
    struct docfs_ingest_options opt = {.threads = a->threads, .force = a->force};
    struct docfs_report report = {0};
    struct ingest in;
    ingest_start(&in, c, one ? one->name : NULL, a->strict);
    r = docfs_refresh(c->d, one ? one->name : NULL, &opt, ingest_progress, &in, &report, &err);
    return ingest_finish(&in, r, &report, &err);
}

const struct cmd cmd_refresh = {
    .name = "refresh",
    .run = run,
    .needs = NEEDS_WRITABLE,
    .max_words = 1,
    .summary = "Read again what changed in the sources of a collection, or of all",
    .usage = "[COLLECTION] [--force] | --due",
    .text = "Changed files are converted again, vanished ones leave, a renamed file keeps its id.",
    .examples = "  docfs refresh\n  docfs refresh python@3.11\n",
    .options = options,
    .args_size = sizeof(struct refresh_args),
};
