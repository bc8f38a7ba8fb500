/* SPDX-License-Identifier: MIT
 * The namespace of the mount: which node is at which name, what it lists and what it holds. Knows
 * no FUSE, so it can be tested without a mount. Thread-safe.
 *
 * Every struct node * returned is a reference: give it back with tree_unref(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/util/err.h"
#include "core/util/buf.h"

#define TREE_SEARCHES 4 /* questions answered at the same time */

struct docfs;
struct tree;
struct node;
struct listing;

struct tree_options {
    bool xattr;             /* result files are nodes of their own, with score and rank */
    bool symlinks;          /* result files are symbolic links into docs/ */
    const char *mountpoint; /* for the README; borrowed */
};

/* How a handler learns that nobody waits for its answer any more. */
struct call {
    bool (*interrupted)(void *arg);
    void *arg;
};

struct node_attr {
    uint64_t ino; /* st_ino */
    int64_t size, mtime_ns;
    mode_t mode;
};

struct found {
    struct node *node; /* NULL: no such name */
    struct node_attr attr;
    double entry_s, attr_s; /* seconds the kernel may trust name and attributes */
};

int tree_new(struct docfs *d, const struct tree_options *opt, struct tree **ret,
             struct docfs_err *err);
void tree_free(struct tree *t); /* NULL allowed */

/* A node by its id (1 is the root), or NULL. */
struct node *tree_node(struct tree *t, uint64_t id);
void tree_unref(struct tree *t, struct node *n);
uint64_t node_id(const struct node *n);
/* The kernel was told of the node once more, or forgets it n times. */
void tree_looked_up(struct tree *t, struct node *n);
void tree_forget(struct tree *t, uint64_t id, uint64_t n);

/* 0 with *ret filled. -ENOENT: ret->entry_s says how long that may be believed. */
int tree_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                size_t len, struct found *ret, struct docfs_err *err);
int tree_attr(struct tree *t, struct node *n, struct node_attr *ret, struct docfs_err *err);
/* As docfs_read; the bytes of a symbolic link are its target. */
int64_t tree_read(struct tree *t, struct node *n, void *data, size_t size, int64_t offset,
                  struct docfs_err *err);

/* Must the listing be taken when the directory is opened (and not be kept by the kernel)? */
bool tree_is_snapshot(const struct node *dir);
int tree_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
              struct docfs_err *err);
struct listing_item {
    const char *name;
    size_t len;
    uint64_t ino;
    mode_t mode;
};
size_t listing_count(const struct listing *l);
void listing_item(const struct listing *l, size_t i, struct listing_item *ret);
/* The node of an item; ret->node stays NULL when it has to be looked up by name. */
int listing_node(struct tree *t, const struct listing *l, size_t i, struct found *ret,
                 struct docfs_err *err);
void listing_free(struct tree *t, struct listing *l); /* NULL allowed */

/* The value of an extended attribute, or all names, each with its NUL. -ENODATA. */
int tree_xattr(struct tree *t, struct node *n, const char *name, struct buf *ret,
               struct docfs_err *err);
int tree_xattr_names(struct tree *t, struct node *n, struct buf *ret, struct docfs_err *err);

/* ---- for the thread that looks after the kernel's caches ------------------------------------- */

/* The generation up to which changes were announced. Listings taken before are out of date. */
uint64_t tree_epoch(struct tree *t);
void tree_set_epoch(struct tree *t, uint64_t generation);
/* Node id of a directory row, and whether the kernel may know it. */
uint64_t tree_directory_id(int64_t directory);
bool tree_knows(struct tree *t, uint64_t id);
/* Ids of all known directories below docs/: new array, caller frees. */
size_t tree_directories(struct tree *t, uint64_t **ret);
/* Names to drop from the kernel because too many are held: fn is called for each. */
void tree_surplus(struct tree *t,
                  void (*fn)(void *arg, uint64_t parent, const char *name, size_t len), void *arg);
/* Writes the questions asked since to the query log and what was read of their answers to the
 * feedback, reads the settings again now and then. */
void tree_housekeeping(struct tree *t);
