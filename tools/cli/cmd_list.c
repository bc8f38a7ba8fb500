/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/docfs_summaries.h"
#include "core/util/buf.h"
#include "tools/cli/commands.h"

#define MAX_FAILURES 1000000

struct list_args {
    bool failures, flagged, summaries, longer;
};

static const struct opt options[] = {
    {'l', "long", OPT_FLAG, NULL, "With id, size and date of each document",
     offsetof(struct list_args, longer)},
    {0, "failures", OPT_FLAG, NULL, "The files that were left out, and why",
     offsetof(struct list_args, failures)},
    {0, "flagged", OPT_FLAG, NULL, "Documents that address an agent, hide text or hold a secret",
     offsetof(struct list_args, flagged)},
    {0, "summaries", OPT_FLAG, NULL, "Summaries that a chat model wrote (docfs summarise)",
     offsetof(struct list_args, summaries)},
    {0},
};

static int list_collections(struct cmd_context *c, const struct docfs_collections *all)
{
    struct out *o = &c->out;
    char n[32], size[32], when[32];
    if (o->json)
        return cmd_json(c, wire_collections(all), CMD_OK);
    if (all->n == 0) {
        out_note(o, "no collections yet; docfs add DIR --collection NAME makes one");
        return CMD_OK;
    }
    int width = 10;
    for (size_t i = 0; i < all->n; i++) {
        int len = (int)strnlen(all->item[i].name, 40);
        width = len > width ? len : width;
    }
    out_printf(o, "%-*s %10s %10s  %-16s  %s\n", width, "COLLECTION", "DOCUMENTS", "SIZE",
               "CHANGED", "FROM");
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_collection *k = &all->item[i];
        out_text(o, STYLE_TITLE, k->name);
        out_printf(o, "%*s %10s %10s  %-16s  ", width - (int)strnlen(k->name, 40), "",
                   out_count(k->documents, n), out_size(k->bytes, size),
                   out_date(k->changed_at, when));
        out_text(o, STYLE_NONE, k->location);
        if (k->failed)
            out_printf(o, "  (%zu failed)", k->failed);
        if (docfs_is_stale(k->stale_at))
            out_printf(o, "  (stale: last checked %s)", out_date(k->checked_at, when));
        if (*k->outcome && strcmp(k->outcome, "ok") != 0) {
            out_printf(o, "  ");
            out_text(o, STYLE_BAD, k->outcome);
        }
        out_printf(o, "\n");
    }
    return CMD_OK;
}

/* ---- documents of one collection ---- */

struct walk {
    struct cmd_context *c;
    const char *collection;
    size_t root; /* length of "collection/" in path */
    struct buf path;
    json_t *list; /* in JSON mode */
    bool longer;
    size_t found;
};

static int emit(struct walk *w, const struct docfs_entry *e)
{
    struct out *o = &w->c->out;
    w->found++;
    if (o->json)
        return json_array_append_new(w->list, wire_entry(e, w->collection, w->path.data + w->root));
    if (w->longer) {
        char id[DOC_ID_LEN + 1], size[32], when[32];
        name_doc_id(e->id, id);
        out_printf(o, "%s  %9s  %-16s  ", id, out_size(e->size, size),
                   out_date(e->mtime_ns / 1000000000, when));
    }
    out_text(o, STYLE_NONE, w->path.data);
    out_printf(o, "\n");
    return 0;
}

/* Depth is bounded by the store: a path of PATH_MAX bytes has few enough components. */
static int walk(struct walk *w, int64_t directory, const char *prefix, struct docfs_err *err)
{
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    int r = docfs_list(w->c->d, directory, &l, err);
    if (r < 0)
        return r;
    size_t at = w->path.len, len = strlen(prefix);
    for (size_t i = 0; i < l->n && r == 0 && !out_broken(&w->c->out); i++) {
        const struct docfs_entry *e = &l->item[i];
        if (strncmp(e->name, prefix, len) != 0)
            continue;
        buf_add(&w->path, e->name, e->name_len);
        if (e->is_dir) {
            buf_addc(&w->path, '/');
            r = walk(w, e->id, "", err);
        } else if (buf_status(&w->path) < 0 || emit(w, e) < 0) {
            r = err_oom(err);
        }
        buf_truncate(&w->path, at);
    }
    return r;
}

/* prefix: "lib" or "library/os": whole components are looked up, the rest filters. */
static int list_documents(struct cmd_context *c, const struct docfs_collection *k,
                          const char *prefix)
{
    const struct list_args *a = c->args;
    struct docfs_err err = {0};
    struct walk w = {.c = c, .collection = k->name, .longer = a->longer};
    buf_addf(&w.path, "%s/", k->name);
    w.root = w.path.len;
    const char *slash = strrchr(prefix, '/');
    const char *rest = slash ? slash + 1 : prefix;
    buf_add(&w.path, prefix, (size_t)(rest - prefix));

    int64_t directory = k->root;
    int r = buf_status(&w.path) < 0 ? err_oom(&err) : 0;
    if (r == 0 && slash) {
        struct docfs_entry e;
        buf_rtrim(&w.path, "/");
        r = docfs_lookup_path(c->d, w.path.data, &e, &err);
        buf_addc(&w.path, '/');
        directory = e.id;
    }
    if (c->out.json)
        w.list = json_array();
    if (r == 0)
        r = walk(&w, directory, rest, &err);
    buf_fini(&w.path);
    if (r < 0) {
        json_decref(w.list);
        return cmd_fail(c, &err);
    }
    int exit = w.found || !*prefix ? CMD_OK : CMD_NOTHING;
    if (c->out.json)
        return cmd_json(
            c,
            wire_message("documents", json_pack("{s:o, s:o}", "collection", wire_text(k->name),
                                                "documents", w.list)),
            exit);
    if (exit == CMD_NOTHING)
        out_note(&c->out, "no document of %s begins with '%s'", k->name, prefix);
    return exit;
}

static int list_failures(struct cmd_context *c, const char *collection)
{
    _cleanup_(docfs_failures_freep) struct docfs_failures *f = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_failures(c->d, collection, MAX_FAILURES, &f, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_failures(f), f->n ? CMD_OK : CMD_NOTHING);
    if (f->n == 0) {
        out_note(o, "no file was left out; of a repository only documentation is read, and what "
                    "docfs add --include names");
        return CMD_NOTHING;
    }
    for (size_t i = 0; i < f->n && !out_broken(o); i++) {
        const struct docfs_failure *x = &f->item[i];
        bool bad = strcmp(x->outcome, "failed") == 0;
        out_text(o, bad ? STYLE_BAD : STYLE_DIM, x->outcome);
        out_printf(o, "\t");
        out_text(o, STYLE_PATH, x->collection);
        out_printf(o, "\t");
        out_text(o, STYLE_NONE, x->path);
        out_printf(o, "\t");
        out_text(o, STYLE_NONE, x->reason);
        out_printf(o, "\n");
    }
    return CMD_OK;
}

static int list_flagged(struct cmd_context *c, const char *collection)
{
    _cleanup_(docfs_flagged_freep) struct docfs_flagged *f = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_flagged(c->d, collection, MAX_FAILURES, &f, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_flagged(f), f->n ? CMD_OK : CMD_NOTHING);
    if (f->n == 0) {
        out_note(o, "no document is flagged");
        return CMD_NOTHING;
    }
    for (size_t i = 0; i < f->n && !out_broken(o); i++) {
        const struct docfs_flagged_document *x = &f->item[i];
        for (const char *p = x->findings; *p;) { /* sign, line, what */
            size_t n = strcspn(p, "\n"), sign = strcspn(p, "\t");
            const char *what = strchr(p + sign + (p[sign] == '\t'), '\t');
            long line = p[sign] ? strtol(p + sign, NULL, 10) : 0;
            out_printf(o, "%.*s\t", (int)(sign < n ? sign : n), p);
            out_text(o, STYLE_PATH, x->collection);
            out_printf(o, "/");
            out_text(o, STYLE_NONE, x->path);
            if (line)
                out_printf(o, ":%ld", line);
            if (what && what < p + n)
                out_printf(o, "\t%.*s", (int)(p + n - what - 1), what + 1);
            out_printf(o, "\n");
            p += n + (p[n] == '\n');
        }
    }
    return CMD_OK;
}

static int list_summaries(struct cmd_context *c, const char *collection)
{
    _cleanup_(docfs_summaries_freep) struct docfs_summaries *s = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    if (docfs_summaries(c->d, collection, MAX_FAILURES, &s, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_summaries(s), s->n ? CMD_OK : CMD_NOTHING);
    if (s->n == 0) {
        out_note(o, "no summary was written; docfs help summarise tells how");
        return CMD_NOTHING;
    }
    for (size_t i = 0; i < s->n && !out_broken(o); i++) {
        out_text(o, STYLE_PATH, s->item[i].collection);
        out_printf(o, "/");
        out_text(o, STYLE_NONE, s->item[i].path);
        out_printf(o, "\t");
        out_text(o, STYLE_NONE, s->item[i].text);
        out_printf(o, "\t(generated by ");
        out_text(o, STYLE_NONE, s->item[i].model);
        out_printf(o, ")\n");
    }
    return CMD_OK;
}

static int run(struct cmd_context *c)
{
    const struct list_args *a = c->args;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *one = NULL;
    struct docfs_err err = {0};
    int r = docfs_collections(c->d, &all, &err);
    if (r == 0 && c->n_words)
        r = docfs_collection_find(all, c->word[0], false, &one, &err);
    if (r < 0)
        return cmd_fail(c, &err);
    if (a->failures)
        return list_failures(c, one ? one->name : NULL);
    if (a->flagged)
        return list_flagged(c, one ? one->name : NULL);
    if (a->summaries)
        return list_summaries(c, one ? one->name : NULL);
    if (!one)
        return list_collections(c, all);
    return list_documents(c, one, c->n_words > 1 ? c->word[1] : "");
}

const struct cmd cmd_list = {
    .name = "list",
    .run = run,
    .needs = NEEDS_CACHE,
    .max_words = 2,
    .summary = "List collections, or the documents of one",
    .usage = "[COLLECTION [PREFIX]] [--long] [--failures | --flagged | --summaries]",
    .text =
        "Documents are printed one a line, as docfs cat takes them. PREFIX is the beginning of\n"
        "their path in the collection.",
    .examples = "  docfs list\n"
                "  docfs list python library/os\n"
                "  docfs list --failures python\n",
    .options = options,
    .args_size = sizeof(struct list_args),
};
