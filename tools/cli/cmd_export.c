/* SPDX-License-Identifier: MIT */
#include "core/docfs_export.h"

#include <sys/stat.h>
#include "tools/cli/commands.h"
#include "tools/cli/ingest.h"
#include "tools/cli/interrupt.h"

struct args {
    bool force;
    const char *collection;
};

static const struct opt export_options[] = {
    {'f', "force", OPT_FLAG, NULL, "Replace the file when it exists", offsetof(struct args, force)},
    {0},
};

static const struct opt import_options[] = {
    {'c', "collection", OPT_STRING, "NAME[@VERSION]",
     "Give it this name instead of the one it was exported with",
     offsetof(struct args, collection)},
    {0},
};

static int on_progress(void *arg, size_t done, size_t total)
{
    progress_update(
        arg,
        &(struct progress_step){
            .label = "exporting", .unit = "documents", .done = done, .total = total, .detail = ""});
    return interrupt_seen();
}

static int run_export(struct cmd_context *c)
{
    const struct args *a = c->args;
    const char *file = c->word[1];
    struct docfs_err err = {0};
    struct docfs_export_info i;
    struct progress p;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *found;
    if (docfs_collections(c->d, &all, &err) < 0 ||
        docfs_collection_find(all, c->word[0], false, &found, &err) < 0)
        return cmd_fail(c, &err);
    interrupt_watch(true);
    progress_init(&p, &c->out);
    int r = docfs_export(c->d, found->name, file, a->force, on_progress, &p, &i, &err);
    progress_end(&p);
    if (r < 0)
        return cmd_fail(c, &err);
    struct stat st = {0};
    stat(file, &st);
    if (c->out.json) {
        json_t *o = json_pack("{s:o, s:I, s:I, s:I}", "collection", wire_text(found->name),
                              "documents", (json_int_t)i.documents, "bytes", (json_int_t)i.bytes,
                              "file_bytes", (json_int_t)st.st_size);
        if (o && wire_set_path(o, "file", file) < 0) {
            json_decref(o);
            o = NULL;
        }
        return cmd_json(c, wire_message("export", o), CMD_OK);
    }
    char n[32], size[32];
    out_text(&c->out, STYLE_TITLE, found->name);
    out_printf(&c->out, ": %s document%s in ", out_count(i.documents, n), out_plural(i.documents));
    out_text(&c->out, STYLE_PATH, file);
    out_printf(&c->out, " (%s)\n", out_size(st.st_size, size));
    return CMD_OK;
}

static int run_import(struct cmd_context *c)
{
    const struct args *a = c->args;
    struct docfs_ingest_options opt = {.collection = a->collection, .kind = "bundle"};
    struct docfs_report report = {0};
    struct docfs_err err = {0};
    struct ingest in;
    ingest_start(&in, c, a->collection, true);
    int r = docfs_add(c->d, c->word[0], &opt, ingest_progress, &in, &report, &err);
    return ingest_finish(&in, r, &report, &err);
}

const struct cmd cmd_export = {
    .name = "export",
    .run = run_export,
    .needs = NEEDS_CACHE,
    .options = export_options,
    .args_size = sizeof(struct args),
    .min_words = 2,
    .max_words = 2,
    .summary = "Write one collection into a file for others to import",
    .usage = "[--force] COLLECTION FILE.docfs",
    .text = "The file holds the documents as markdown with titles, addresses and checksums, and\n"
            "where the collection came from. It is a zstd-compressed tar archive.",
    .examples = "  docfs export python@3.11 python-3.11.docfs\n",
};

const struct cmd cmd_import = {
    .name = "import",
    .run = run_import,
    .needs = NEEDS_CREATE,
    .options = import_options,
    .args_size = sizeof(struct args),
    .min_words = 1,
    .max_words = 1,
    .summary = "Take in a collection that somebody exported",
    .usage = "[--collection NAME[@VERSION]] FILE.docfs",
    .text = "A file that is damaged or of a newer docfs is refused before anything changes.\n"
            "Importing a newer export of the same collection changes only what differs.",
    .examples = "  docfs import python-3.11.docfs\n",
};
