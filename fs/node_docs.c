/* SPDX-License-Identifier: MIT
 * docs/: the documents and their directories. Whatever is answered here the kernel keeps for an
 * hour; watch.c tells it of every change. */
#include <string.h>
#include "fs/listing.h"
#include "fs/node.h"
#include "fs/probes.h"

/* ---- documents ---------------------------------------------------------------------------------
 */

static int64_t document_read(struct tree *t, struct node *n, void *data, size_t size,
                             int64_t offset, struct docfs_err *err)
{
    /* The first touch only: then the kernel has the page, and nobody is asked. */
    if (offset == 0)
        docfs_opens_read(t->opens, ((struct doc_node *)n)->document);
    return docfs_read(t->docfs, (int64_t)(n->id & ~ID_TAG(15)), data, size, offset, err);
}

static int document_xattrs(struct tree *t, struct node *n, xattr_fn *fn, void *arg,
                           struct docfs_err *err)
{
    return docs_xattrs(t, ((struct doc_node *)n)->document, fn, arg, err);
}

const struct node_class document_class = {.read = document_read, .xattrs = document_xattrs};

static void emit(xattr_fn *fn, void *arg, const char *name, const char *value)
{
    if (value && *value)
        fn(arg, name, value, strlen(value));
}

static void emit_number(xattr_fn *fn, void *arg, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    fn(arg, name, text, strlen(text));
}

int docs_xattrs(struct tree *t, int64_t document, xattr_fn *fn, void *arg, struct docfs_err *err)
{
    struct docfs_document *doc;
    int r = docfs_document(t->docfs, document, &doc, err);
    if (r < 0)
        return r;
    emit(fn, arg, "id", doc->public_id);
    emit(fn, arg, "title", doc->title);
    emit(fn, arg, "source_url", doc->url);
    emit(fn, arg, "origin", doc->origin);
    emit(fn, arg, "collection", doc->collection);
    emit(fn, arg, "sha256", doc->sha256);
    emit(fn, arg, "mime", doc->mime);
    emit(fn, arg, "format", doc->format);
    emit(fn, arg, "lang", doc->lang);
    emit_number(fn, arg, "indexed", doc->changed_at);
    emit_number(fn, arg, "checked", doc->checked_at);
    emit_number(fn, arg, "stale", docfs_is_stale(doc->stale_at));
    docfs_document_free(doc);
    return 0;
}

int docs_version(struct tree *t, int64_t document, int64_t content, int64_t size, int64_t mtime_ns,
                 struct found *ret, struct docfs_err *err)
{
    uint64_t id = ID_CONTENT | (uint64_t)content;
    struct node *n = inode_get(t->inodes, id);
    if (!n) {
        struct doc_node *d = calloc(1, sizeof(*d));
        if (!d)
            return err_oom(err);
        d->node = (struct node){.class = &document_class,
                                .id = id,
                                .refs = 1,
                                .attr = {.ino = make_ino(INO_DOCUMENT, (uint64_t)document),
                                         .size = size,
                                         .mtime_ns = mtime_ns,
                                         .mode = MODE_FILE}};
        d->document = document;
        n = inode_enter(t->inodes, &d->node);
    }
    found_set(ret, n, TRUST_LONG, TRUST_LONG);
    return 0;
}

int docs_current(struct tree *t, int64_t document, struct found *ret, struct docfs_err *err)
{
    struct docfs_document *doc;
    int r = docfs_document(t->docfs, document, &doc, err);
    if (r < 0)
        return r;
    r = docs_version(t, doc->id, doc->content, doc->size, doc->mtime_ns, ret, err);
    docfs_document_free(doc);
    return r;
}

/* ---- directories -------------------------------------------------------------------------------
 */

int docs_node(struct tree *t, const struct docfs_entry *e, struct found *ret, struct docfs_err *err)
{
    if (!e->is_dir)
        return docs_version(t, e->id, e->content, e->size, e->mtime_ns, ret, err);
    struct node *n;
    int r = row_node_get(t, &directory_class, ID_DIRECTORY | (uint64_t)e->id,
                         make_ino(INO_DIRECTORY, (uint64_t)e->id), e->id, 0, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_LONG, TRUST_LONG);
    ret->attr.mtime_ns = e->mtime_ns;
    return 0;
}

int scope_node(struct tree *t, int64_t directory, struct found *ret, struct docfs_err *err)
{
    char *path;
    int r = docfs_directory_path(t->docfs, directory, &path, err);
    if (r < 0)
        return r;
    unsigned depth = path_depth(path) + 2; /* docs, path, .search */
    free(path);
    struct node *n;
    r = row_node_get(t, &search_class, ID_SCOPE | (uint64_t)directory,
                     make_ino(INO_SCOPE, (uint64_t)directory), directory, depth, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_LONG, TRUST_LONG);
    return 0;
}

static int directory_lookup(struct tree *t, const struct call *c, struct node *dir,
                            const char *name, size_t len, struct found *ret, struct docfs_err *err)
{
    int64_t row = ((struct row_node *)dir)->row;
    if (len > 255)
        return -ENAMETOOLONG;
    struct docfs_entry e;
    int r = docfs_lookup(t->docfs, row, name, len, &e, err);
    if (r >= 0)
        return docs_node(t, &e, ret, err);
    if (r != -ENOENT)
        return r;
    if (len == strlen(".search") && !memcmp(name, ".search", len))
        return scope_node(t, row, ret, err);
    return found_absent(ret, probe_name(name, len) ? TRUST_LONG : TRUST_ABSENT);
}

static int directory_attr(struct tree *t, struct node *n, struct node_attr *ret,
                          struct docfs_err *err)
{
    int64_t row = ((struct row_node *)n)->row;
    if (!row)
        return 0;
    struct docfs_entry e;
    int r = docfs_directory(t->docfs, row, &e, err);
    if (r < 0)
        return r == -ENOENT ? -ESTALE : r;
    ret->mtime_ns = e.mtime_ns;
    return 0;
}

struct docs_listing {
    struct listing listing;
    struct docfs_listing *rows;
};

static void rows_item(const struct listing *l, size_t i, struct listing_item *ret)
{
    const struct docfs_entry *e = &((const struct docs_listing *)l)->rows->item[i];
    *ret = (struct listing_item){
        .name = e->name,
        .len = e->name_len,
        .ino = make_ino(e->is_dir ? INO_DIRECTORY : INO_DOCUMENT, (uint64_t)e->id),
        .mode = e->is_dir ? MODE_DIR : MODE_FILE};
}

static int rows_node(struct tree *t, const struct listing *l, size_t i, struct found *ret,
                     struct docfs_err *err)
{
    return docs_node(t, &((const struct docs_listing *)l)->rows->item[i], ret, err);
}

static void rows_free(struct tree *t, struct listing *l)
{
    docfs_listing_free(((struct docs_listing *)l)->rows);
    free(l);
}

static const struct listing_class rows_class = {rows_item, rows_node, rows_free};

static int directory_list(struct tree *t, const struct call *c, struct node *dir,
                          struct listing **ret, struct docfs_err *err)
{
    struct docs_listing *l = calloc(1, sizeof(*l));
    if (!l)
        return err_oom(err);
    int r = docfs_list(t->docfs, ((struct row_node *)dir)->row, &l->rows, err);
    if (r < 0) {
        free(l);
        return r;
    }
    l->listing = (struct listing){&rows_class, l->rows->n};
    *ret = &l->listing;
    return 0;
}

const struct node_class directory_class = {
    .lookup = directory_lookup, .list = directory_list, .attr = directory_attr};
