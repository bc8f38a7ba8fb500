/* SPDX-License-Identifier: MIT
 * A question is answered when its directory is opened; the listing then stays the same until it
 * is rewound after a change. A directory of docs/ is listed at the first read only, because the
 * kernel keeps the listing and most opens are never followed by a read. */
#include "fs/dirs.h"
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include "core/util/cleanup.h"
#include "fs/reply.h"

#define TRIM_FROM 1000 /* entries; a listing that long is worth giving back to the system */

struct handle {
    struct handle *next, **at; /* among those that are open; at: what points here, or NULL */
    pthread_mutex_t lock;      /* two threads may read one descriptor */
    struct listing *listing;
    uint64_t epoch; /* of the listing */
};

static struct handle *handle_of(const struct fuse_file_info *fi)
{
    return (struct handle *)(uintptr_t)fi->fh;
}

static int take_listing(struct mount *m, fuse_req_t req, struct node *dir, struct handle *h,
                        struct docfs_err *err)
{
    struct call call = {reply_interrupted, req};
    struct listing *l;
    /* The epoch first: a change in between makes the listing look older than it is. */
    uint64_t epoch = tree_epoch(m->tree);
    int r = tree_list(m->tree, &call, dir, &l, err);
    if (r < 0)
        return r;
    listing_free(m->tree, h->listing);
    h->listing = l;
    h->epoch = epoch;
    return 0;
}

static void keep(struct mount *m, struct handle *h)
{
    pthread_mutex_lock(&m->open_lock);
    h->next = m->open;
    h->at = &m->open;
    if (h->next)
        h->next->at = &h->next;
    m->open = h;
    pthread_mutex_unlock(&m->open_lock);
}

static void forget(struct mount *m, struct handle *h)
{
    pthread_mutex_lock(&m->open_lock);
    if (h->at)
        *h->at = h->next;
    if (h->at && h->next)
        h->next->at = h->at;
    pthread_mutex_unlock(&m->open_lock);
}

static void handle_free(struct mount *m, struct handle *h)
{
    forget(m, h);
    size_t n = h->listing ? listing_count(h->listing) : 0;
    listing_free(m->tree, h->listing);
    pthread_mutex_destroy(&h->lock);
    free(h);
    if (n >= TRIM_FROM)
        malloc_trim(0);
}

void dirs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct docfs_err err = {0};
    struct node *dir = tree_node(m->tree, ino);
    struct handle *h = calloc(1, sizeof(*h));
    int r = !dir ? -ESTALE : !h ? -ENOMEM : 0;
    if (h)
        pthread_mutex_init(&h->lock, NULL);
    bool snapshot = dir && tree_is_snapshot(dir);
    if (!r && snapshot)
        r = take_listing(m, req, dir, h, &err);
    tree_unref(m->tree, dir);
    if (!r) {
        keep(m, h); /* before the answer, which may bring its release */
        fi->fh = (uintptr_t)h;
        fi->cache_readdir = fi->keep_cache = !snapshot;
    }
    if (r < 0)
        reply_failure(req, r, "opendir", &err);
    if ((r < 0 || fuse_reply_open(req, fi) < 0) && h)
        handle_free(m, h);
}

/* The entries that go into one reply. */
struct page {
    char *data;
    size_t size, used;
    struct node **node; /* told to the kernel by this page */
    size_t n_nodes;
    bool plus;
    bool stale; /* the listing is older than what the kernel has been told */
};

/* False when it does not fit. */
static bool page_add(struct mount *m, fuse_req_t req, struct page *p, const char *name,
                     const struct found *f, off_t next)
{
    struct fuse_entry_param e;
    reply_entry_param(m, f, &e);
    if (p->stale)
        e.entry_timeout = e.attr_timeout = 0;
    char *at = p->data + p->used;
    size_t room = p->size - p->used;
    size_t need = p->plus ? fuse_add_direntry_plus(req, at, room, name, &e, next)
                          : fuse_add_direntry(req, at, room, name, &e.attr, next);
    if (need > room)
        return false;
    p->used += need;
    return true;
}

/* 1 = added, 0 = does not fit, or an error. */
static int page_add_item(struct mount *m, fuse_req_t req, struct page *p, const struct listing *l,
                         size_t i, struct docfs_err *err)
{
    struct listing_item item;
    listing_item(l, i, &item);
    struct found f = {.attr = {.ino = item.ino, .mode = item.mode}};
    if (item.len > NAME_MAX) /* cannot be listed; still opens by name */
        return 1;
    if (p->plus) {
        int r = listing_node(m->tree, l, i, &f, err);
        if (r < 0)
            return r;
    }
    char name[NAME_MAX + 1];
    memcpy(name, item.name, item.len);
    name[item.len] = '\0';
    if (!page_add(m, req, p, name, &f, (off_t)i + 3)) {
        tree_unref(m->tree, f.node);
        return 0;
    }
    if (f.node) {
        tree_looked_up(m->tree, f.node);
        p->node[p->n_nodes++] = f.node;
    }
    return 1;
}

static int fill(struct mount *m, fuse_req_t req, struct page *p, const struct listing *l,
                off_t offset, struct docfs_err *err)
{
    static const char *const dots[] = {".", ".."};
    for (; offset < 2; offset++) {
        struct found f = {.attr = {.ino = 1, .mode = S_IFDIR}};
        if (!page_add(m, req, p, dots[offset], &f, offset + 1))
            return 0;
    }
    size_t n = listing_count(l);
    int r = 1;
    for (size_t i = (size_t)offset - 2; r > 0 && i < n; i++)
        r = page_add_item(m, req, p, l, i, err);
    /* What fitted before an error is worth more than the error. */
    return r < 0 && !p->used ? r : 0;
}

static int read_page(struct mount *m, fuse_req_t req, fuse_ino_t ino, struct handle *h,
                     off_t offset, struct page *p, struct docfs_err *err)
{
    int r = 0;
    if (!h->listing || (!offset && h->epoch != tree_epoch(m->tree))) {
        struct node *dir = tree_node(m->tree, ino);
        r = dir ? take_listing(m, req, dir, h, err) : -ESTALE;
        tree_unref(m->tree, dir);
    }
    p->stale = !r && h->epoch != tree_epoch(m->tree);
    return r < 0 ? r : fill(m, req, p, h->listing, offset, err);
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                     struct fuse_file_info *fi, bool plus)
{
    struct mount *m = fuse_req_userdata(req);
    struct handle *h = handle_of(fi);
    struct docfs_err err = {0};
    _cleanup_free_ char *data = malloc(size);
    /* The fixed part of an entry in a reply has more than 128 bytes. */
    _cleanup_free_ struct node **node = plus ? malloc((size / 128 + 1) * sizeof(*node)) : NULL;
    if (!data || (plus && !node) || offset < 0) {
        fuse_reply_err(req, offset < 0 ? EINVAL : ENOMEM);
        return;
    }
    struct page page = {.data = data, .size = size, .node = node, .plus = plus};
    pthread_mutex_lock(&h->lock);
    int r = read_page(m, req, ino, h, offset, &page, &err);
    pthread_mutex_unlock(&h->lock);
    bool told = false;
    if (r < 0)
        reply_failure(req, r, "readdir", &err);
    else
        told = fuse_reply_buf(req, page.data, page.used) == 0;
    for (size_t i = 0; i < page.n_nodes; i++) {
        if (!told)
            tree_forget(m->tree, node_id(page.node[i]), 1);
        tree_unref(m->tree, page.node[i]);
    }
}

void dirs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
    read_dir(req, ino, size, offset, fi, false);
}

void dirs_read_plus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    read_dir(req, ino, size, offset, fi, true);
}

void dirs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    handle_free(fuse_req_userdata(req), handle_of(fi));
    fuse_reply_err(req, 0);
}

void dirs_release_all(struct mount *m)
{
    while (m->open)
        handle_free(m, m->open);
}
