/* SPDX-License-Identifier: MIT
 * The table of nodes the kernel knows, by node id, with their lookup counts. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"

struct tree;
struct node;
struct child;
struct inode_table;

#define INODE_CHILDREN_MAX 65536           /* looked-up names kept; then the oldest go */
#define INODE_BYTES_MAX ((size_t)24 << 20) /* bytes they may hold; then the oldest go */

/* The tree is handed to the fini of each node. NULL when memory is out. */
struct inode_table *inode_table_new(struct tree *t);
/* Releases every node, whatever its counts. NULL allowed. */
void inode_table_free(struct inode_table *table);

/* A new reference to the node, or NULL when it is not known. */
struct node *inode_get(struct inode_table *table, uint64_t id);
struct node *inode_ref(struct inode_table *table, struct node *n);
void inode_unref(struct inode_table *table, struct node *n); /* NULL allowed */

/* Enters a fresh node (refs 1, id set). When another thread was faster, fresh is released and its
 * node returned. Either way the caller has one reference. NULL when memory is out (fresh is
 * released). */
struct node *inode_enter(struct inode_table *table, struct node *fresh);

/* Enters a child made with refs 1 and its name set, unless one of the same class, parent and name
 * for which same() holds is there. As inode_enter; -ENFILE when far too many are held. */
typedef bool inode_same_fn(const struct child *old, const struct child *fresh);
int inode_enter_child(struct inode_table *table, struct child *fresh, inode_same_fn *same,
                      struct node **ret);

/* The kernel was told of the node n times more, or forgets n of them. */
void inode_looked_up(struct inode_table *table, struct node *n);
void inode_forget(struct inode_table *table, uint64_t id, uint64_t n);

struct inode_name {
    uint64_t parent;
    char *name; /* caller frees */
    size_t len;
};
/* Names the kernel should drop because too many are held: fills out, returns the count. */
size_t inode_surplus(struct inode_table *table, struct inode_name *out, size_t max);

/* Ids of all nodes whose top bits are tag: new array, caller frees; returns the count. */
size_t inode_ids(struct inode_table *table, uint64_t tag, uint64_t **ret);
