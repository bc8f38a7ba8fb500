/* SPDX-License-Identifier: MIT
 * Directories, documents and what changed among them, as front ends see them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/store/summaries.h"
#include "core/text/convert.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

static void entry_of(const struct store_entry *e, struct docfs_entry *ret)
{
    *ret = (struct docfs_entry){.is_dir = e->is_dir,
                                .id = e->id,
                                .content = e->content,
                                .parent = e->parent,
                                .size = e->size,
                                .mtime_ns = e->mtime_ns,
                                .name_len = e->name_len};
    memcpy(ret->name, e->name, e->name_len + 1);
}

int docfs_lookup(struct docfs *d, int64_t directory, const char *name, size_t len,
                 struct docfs_entry *ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_entry e;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_lookup(r, directory, name, len, &e, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "no document or directory is called %.*s", (int)len, name);
    if (rc == 0)
        entry_of(&e, ret);
    return rc;
}

int docfs_lookup_path(struct docfs *d, const char *path, struct docfs_entry *ret,
                      struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_entry e;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_lookup_path(r, path, &e, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "no document or directory is called %s", path);
    if (rc == 0)
        entry_of(&e, ret);
    return rc;
}

int docfs_list(struct docfs *d, int64_t directory, struct docfs_listing **ret,
               struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    _cleanup_(store_entries_fini) struct store_entries found = {0};
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_entries(r, directory, &found, err);
    if (rc < 0)
        return rc;
    struct docfs_listing *l = calloc(1, sizeof(*l));
    if (l)
        l->item = calloc(found.n + 1, sizeof(*l->item));
    if (!l || !l->item) {
        docfs_listing_free(l);
        return err_oom(err);
    }
    for (; l->n < found.n; l->n++)
        entry_of(&found.item[l->n], &l->item[l->n]);
    *ret = l;
    return 0;
}

void docfs_listing_free(struct docfs_listing *l)
{
    if (l)
        free(l->item);
    free(l);
}

int docfs_directory(struct docfs *d, int64_t directory, struct docfs_entry *ret,
                    struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_entry e = {.is_dir = true};
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0 && directory)
        rc = store_directory(r, directory, &e, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "that directory is gone");
    if (rc == 0)
        entry_of(&e, ret);
    return rc;
}

int docfs_directory_path(struct docfs *d, int64_t directory, char **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    _cleanup_buf_ struct buf path = {0};
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0 && directory)
        rc = store_directory_path(r, directory, &path, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "that directory is gone");
    if (rc < 0)
        return rc;
    buf_rtrim(&path, "/");
    char *text = buf_steal(&path, NULL);
    if (!text)
        return err_oom(err);
    *ret = text;
    return 0;
}

int64_t docfs_read(struct docfs *d, int64_t content, void *data, size_t size, int64_t offset,
                   struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    int64_t n = store_content_read(r, content, data, size, offset, err);
    return n == -ENOENT ? err_set(err, -ESTALE, "that version of the document is gone") : n;
}

struct document { /* the public part, and what owns its strings */
    struct docfs_document pub;
    struct store_document row;
    char *summary, *summary_model;
};

int docfs_document(struct docfs *d, int64_t id, struct docfs_document **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct document *doc = calloc(1, sizeof(*doc));
    if (!doc)
        return err_oom(err);
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_document(r, id, &doc->row, err);
    int64_t summary_at = 0;
    if (rc == 0)
        rc = store_summary(r, doc->row.content, &doc->summary, &doc->summary_model, &summary_at,
                           err);
    if (rc < 0) {
        docfs_document_free(&doc->pub);
        return rc == -ENOENT ? err_set(err, rc, "that document is gone") : rc;
    }
    const struct store_document *s = &doc->row;
    doc->pub = (struct docfs_document){.id = s->id,
                                       .content = s->content,
                                       .directory = s->directory,
                                       .collection = s->collection,
                                       .path = s->path,
                                       .title = s->title,
                                       .url = s->url,
                                       .origin = s->origin,
                                       .format = s->format,
                                       .lang = s->lang,
                                       .mime = format_mime(format_from_name(s->format)),
                                       .size = s->size,
                                       .lines = s->lines,
                                       .mtime_ns = s->mtime_ns,
                                       .fetched_at = s->fetched_at,
                                       .changed_at = s->changed_at,
                                       .signs = s->signs,
                                       .findings = s->findings,
                                       .passages = s->passages,
                                       .summary = doc->summary,
                                       .summary_model = doc->summary_model,
                                       .summary_at = summary_at};
    fresh_judge(d, &s->fresh, &doc->pub.checked_at, &doc->pub.stale_at);
    name_doc_id(id, doc->pub.public_id);
    hex_encode(s->sha256, SHA256_LEN, doc->pub.sha256);
    *ret = &doc->pub;
    return 0;
}

void docfs_document_free(struct docfs_document *pub)
{
    if (!pub)
        return;
    struct document *doc = (struct document *)pub;
    store_document_fini(&doc->row);
    free(doc->summary);
    free(doc->summary_model);
    free(pub);
}

struct gather {
    struct docfs_changes *c;
    bool oom;
};

static void add_change(void *arg, int64_t directory, const char *name, size_t len)
{
    struct gather *g = arg;
    if (!grow(&g->c->item, g->c->n, sizeof(*g->c->item))) {
        g->oom = true;
        return;
    }
    struct docfs_change *x = &g->c->item[g->c->n++];
    x->directory = directory;
    x->name_len = len;
    memcpy(x->name, name, len + 1);
}

int docfs_changes(struct docfs *d, uint64_t since, uint64_t *ret_generation,
                  struct docfs_changes **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct gather g = {.c = calloc(1, sizeof(*g.c))};
    if (!g.c)
        return err_oom(err);
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_changes(r, since, &g.c->all, add_change, &g, err);
    if (rc < 0) {
        docfs_changes_free(g.c);
        return rc;
    }
    g.c->all = g.c->all || g.oom; /* an incomplete list is worse than forgetting everything */
    *ret_generation = store_read_generation(r);
    *ret = g.c;
    return 0;
}

void docfs_changes_free(struct docfs_changes *c)
{
    if (c)
        free(c->item);
    free(c);
}
