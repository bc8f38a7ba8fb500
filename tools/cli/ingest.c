/* SPDX-License-Identifier: MIT */
#include "tools/cli/ingest.h"

#include <string.h>

#include <errno.h>
#include "tools/cli/interrupt.h"

void ingest_start(struct ingest *in, struct cmd_context *c, const char *collection, bool strict)
{
    *in = (struct ingest){.c = c, .collection = collection, .strict = strict};
    progress_init(&in->progress, &c->out);
    interrupt_watch(true);
}

int ingest_progress(void *arg, const struct docfs_progress *p)
{
    static const char *const label[] = {"scanning", "converting", "indexing"};
    struct ingest *in = arg;
    in->last = *p;
    in->last.source = NULL;
    struct progress_step step = {.label = label[p->phase],
                                 .unit = "files",
                                 .done = p->files_done,
                                 .total = p->phase == INGEST_SCAN ? 0 : p->files,
                                 .bytes = p->bytes_done,
                                 .bytes_total = p->bytes,
                                 .detail = p->source};
    if (p->phase == INGEST_SCAN)
        step.done = p->files, step.bytes = 0, step.bytes_total = 0;
    if (p->phase == INGEST_INDEX)
        step = (struct progress_step){.label = p->embedded ? "embedding" : label[p->phase],
                                      .unit = "passages",
                                      .done = p->embedded ? p->embedded : p->passages};
    progress_update(&in->progress, &step);
    return interrupt_seen();
}

static int interrupted(struct ingest *in)
{
    char n[32];
    return cmd_fail_with(in->c, CMD_INTERRUPTED,
                         "interrupted; %s documents of this run were kept, the same command goes "
                         "on from there",
                         out_count(in->last.documents, n));
}

static void waiting(struct out *o, const struct docfs_report *r)
{
    char n[32];
    if (r->waiting)
        out_note(o,
                 "%s passages wait for their vectors and are found by words only%s%s "
                 "(docfs reembed)",
                 out_count(r->waiting, n), *r->waiting_why ? ": " : "", r->waiting_why);
    else if (*r->waiting_why)
        out_note(o, "the model of the settings is not in use yet: %s (docfs reembed)",
                 r->waiting_why);
}

static bool holds_nothing(struct docfs *d, const char *collection)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_collections(d, &all, NULL) < 0)
        return false;
    size_t i = 0;
    while (i < all->n && strcmp(all->item[i].name, collection) != 0)
        i++;
    return i < all->n && all->item[i].documents == 0;
}

/* Whether an add left its collection without a document; says why. */
static bool added_nothing(struct ingest *in, const struct docfs_report *r)
{
    if (strcmp(in->c->cmd->name, "add") != 0 || r->converted ||
        !holds_nothing(in->c->d, r->collection))
        return false;
    char n[32];
    _cleanup_buf_ struct buf b = {0};
    if (r->files > 1)
        buf_addf(&b, "none of its %s files was", out_count(r->files, n));
    else if (r->files == 1)
        buf_adds(&b, "its only file was not");
    if (r->files)
        buf_addf(&b, " taken in: docfs list --failures %s tells why", r->collection);
    else if (in->chosen)
        buf_addf(&b,
                 "no file of %s is left by --include and --exclude: a pattern without / is for "
                 "names (*.md), one with / for paths (guide/**)",
                 in->c->word[0]);
    else
        buf_addf(&b,
                 "there is no file in %s that docfs reads: docfs help add names the formats, "
                 "--include takes others",
                 in->c->word[0]);
    out_error(&in->c->out, b.data ? b.data : "out of memory");
    return true;
}

static void summary(struct ingest *in, const struct docfs_report *r)
{
    struct out *o = &in->c->out;
    char a[32], b[32], c[32], d[32], e[32];
    if (o->quiet)
        return;
    if (r->converted + r->removed + r->renamed + r->failed + r->skipped == 0)
        out_printf(o, "%s file%s, nothing changed (%s)\n", out_count(r->files, a),
                   out_plural(r->files), out_span(r->seconds, b));
    else
        out_printf(o, "%s file%s: %s converted, %s unchanged, %s removed, %s renamed\n",
                   out_count(r->files, a), out_plural(r->files), out_count(r->converted, b),
                   out_count(r->unchanged, c), out_count(r->removed, d), out_count(r->renamed, e));
    if (r->converted)
        out_printf(o, "%s document%s, %s passage%s written; %s in %s (%s/s)\n",
                   out_count(r->documents, a), out_plural(r->documents), out_count(r->passages, b),
                   out_plural(r->passages), out_size(r->bytes, c), out_span(r->seconds, d),
                   out_size(r->seconds > 0 ? (int64_t)((double)r->bytes / r->seconds) : 0, e));
    if (r->failed + r->skipped)
        out_note(o, "left out: %s skipped, %s failed; docfs list --failures%s%s tells why",
                 out_count(r->skipped, a), out_count(r->failed, b), in->collection ? " " : "",
                 in->collection ? in->collection : "");
    if (r->flagged)
        out_note(o,
                 "%s documents address an agent, hide text or hold a secret: "
                 "docfs list --flagged%s%s",
                 out_count(r->flagged, a), in->collection ? " " : "",
                 in->collection ? in->collection : "");
    waiting(o, r);
}

int ingest_finish_embed(struct ingest *in, int r, const struct docfs_report *report,
                        const struct docfs_err *err)
{
    struct out *o = &in->c->out;
    char a[32], b[32];
    progress_end(&in->progress);
    if (r == -ECANCELED)
        return cmd_fail_with(in->c, CMD_INTERRUPTED,
                             "interrupted; what was embedded is kept, the same command goes on "
                             "from there");
    if (r < 0)
        return cmd_fail(in->c, err);
    if (o->json)
        return cmd_json(in->c, wire_report(report, NULL), CMD_OK);
    if (!o->quiet)
        out_printf(o, "%s passages embedded, %s known already\n", out_count(report->embedded, a),
                   out_count(report->reused, b));
    return CMD_OK;
}

int ingest_finish(struct ingest *in, int r, const struct docfs_report *report,
                  const struct docfs_err *err)
{
    progress_end(&in->progress);
    if (r == -ECANCELED)
        return interrupted(in);
    if (r < 0)
        return cmd_fail(in->c, err);
    bool nothing = added_nothing(in, report);
    int exit = in->strict && report->failed ? CMD_FILES : nothing ? CMD_NOTHING : CMD_OK;
    if (in->c->out.json)
        return cmd_json(in->c, wire_report(report, in->collection), exit);
    if (!nothing)
        summary(in, report);
    return exit;
}
