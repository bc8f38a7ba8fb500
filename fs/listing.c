/* SPDX-License-Identifier: MIT
 * Listings, and the general kind made of ready entries. Directories of documents have their own in
 * node_docs.c, so that ten thousand names do not become ten thousand allocations. */
#include "fs/listing.h"
#include <string.h>
#include "fs/node.h"
#include "core/util/grow.h"

size_t listing_count(const struct listing *l)
{
    return l->n;
}

void listing_item(const struct listing *l, size_t i, struct listing_item *ret)
{
    l->class->item(l, i, ret);
}

int listing_node(struct tree *t, const struct listing *l, size_t i, struct found *ret,
                 struct docfs_err *err)
{
    *ret = (struct found){0};
    return l->class->node(t, l, i, ret, err);
}

void listing_free(struct tree *t, struct listing *l)
{
    if (l)
        l->class->free(t, l);
}

struct entry {
    char *name;
    size_t len;
    struct found found; /* node: referenced, or NULL */
};

struct entries {
    struct listing listing;
    struct entry *item;
};

static void entries_item(const struct listing *l, size_t i, struct listing_item *ret)
{
    const struct entry *e = &((const struct entries *)l)->item[i];
    *ret = (struct listing_item){
        .name = e->name, .len = e->len, .ino = e->found.attr.ino, .mode = e->found.attr.mode};
}

static int entries_node(struct tree *t, const struct listing *l, size_t i, struct found *ret,
                        struct docfs_err *err)
{
    *ret = ((const struct entries *)l)->item[i].found;
    if (ret->node)
        inode_ref(t->inodes, ret->node);
    return 0;
}

static void entries_release(struct tree *t, struct listing *l)
{
    entries_free(t, (struct entries *)l);
}

static const struct listing_class entries_class = {entries_item, entries_node, entries_release};

struct entries *entries_new(void)
{
    struct entries *e = calloc(1, sizeof(*e));
    if (e)
        e->listing.class = &entries_class;
    return e;
}

struct listing *entries_listing(struct entries *e)
{
    return &e->listing;
}

void entries_free(struct tree *t, struct entries *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->listing.n; i++) {
        inode_unref(t->inodes, e->item[i].found.node);
        free(e->item[i].name);
    }
    free(e->item);
    free(e);
}

int entries_add(struct tree *t, struct entries *e, const char *name, size_t len,
                const struct found *f, struct docfs_err *err)
{
    char *copy = grow(&e->item, e->listing.n, sizeof(*e->item)) ? strndup(name, len) : NULL;
    if (!copy) {
        inode_unref(t->inodes, f->node);
        return err_oom(err);
    }
    e->item[e->listing.n++] = (struct entry){copy, strlen(copy), *f};
    return 0;
}
