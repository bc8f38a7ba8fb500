/* SPDX-License-Identifier: MIT
 * One lock for everything: a critical section is a few pointer moves, and the kernel's caches keep
 * almost all requests away from here. */
#include "fs/inode.h"
#include <string.h>
#include "core/util/hash.h"
#include "fs/node.h"

#define BUCKETS_MIN 1024

struct inode_table {
    struct tree *tree;
    pthread_mutex_t lock;
    struct node **bucket; /* by id */
    size_t n, size;       /* size: a power of two */
    struct child **names; /* by parent and name */
    size_t n_children, names_size;
    struct child *oldest, *newest;
    size_t cost;
    uint64_t serial;
};

struct inode_table *inode_table_new(struct tree *t)
{
    struct inode_table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->tree = t;
    table->size = table->names_size = BUCKETS_MIN;
    table->bucket = calloc(table->size, sizeof(*table->bucket));
    table->names = calloc(table->names_size, sizeof(*table->names));
    pthread_mutex_init(&table->lock, NULL);
    if (table->bucket && table->names)
        return table;
    inode_table_free(table);
    return NULL;
}

static void node_release(struct inode_table *table, struct node *n)
{
    if (n->class->fini)
        n->class->fini(table->tree, n);
    if (n->is_child)
        free(((struct child *)n)->name);
    free(n);
}

void inode_table_free(struct inode_table *table)
{
    if (!table)
        return;
    /* A fini may drop a reference to another node of the table, which takes it out of its chain:
     * so first hold every node once more, then release them in any order. */
    for (size_t i = 0; table->bucket && i < table->size; i++)
        for (struct node *n = table->bucket[i]; n; n = n->chain)
            n->refs++;
    for (size_t i = 0; table->bucket && i < table->size; i++) {
        struct node *next;
        for (struct node *n = table->bucket[i]; n; n = next) {
            next = n->chain;
            if (n->class->fini)
                n->class->fini(table->tree, n);
        }
    }
    for (size_t i = 0; table->bucket && i < table->size; i++) {
        struct node *next;
        for (struct node *n = table->bucket[i]; n; n = next) {
            next = n->chain;
            if (n->is_child)
                free(((struct child *)n)->name);
            free(n);
        }
    }
    free(table->bucket);
    free(table->names);
    pthread_mutex_destroy(&table->lock);
    free(table);
}

static size_t id_slot(const struct inode_table *table, uint64_t id)
{
    return (id * 0x9e3779b97f4a7c15u >> 20) & (table->size - 1);
}

static size_t name_slot(const struct inode_table *table, uint64_t parent, const char *name,
                        size_t len)
{
    return hash64(name, len, parent) & (table->names_size - 1);
}

/* A table that cannot grow only gets slower. */
static void grow_ids(struct inode_table *table)
{
    struct node **old = table->bucket;
    size_t old_size = table->size;
    if (table->n < old_size)
        return;
    struct node **new = calloc(old_size * 2, sizeof(*new));
    if (!new)
        return;
    table->bucket = new;
    table->size = old_size * 2;
    for (size_t i = 0; i < old_size; i++) {
        struct node *next;
        for (struct node *n = old[i]; n; n = next) {
            next = n->chain;
            struct node **slot = &new[id_slot(table, n->id)];
            n->chain = *slot;
            *slot = n;
        }
    }
    free(old);
}

static void grow_names(struct inode_table *table)
{
    if (table->n_children < table->names_size)
        return;
    struct child **new = calloc(table->names_size * 2, sizeof(*new));
    if (!new)
        return;
    table->names_size *= 2;
    /* From the oldest on, so that the youngest of equal names comes first in its chain. */
    for (struct child *c = table->oldest; c; c = c->newer) {
        struct child **slot = &new[name_slot(table, c->parent, c->name, c->name_len)];
        c->same_hash = *slot;
        *slot = c;
    }
    free(table->names);
    table->names = new;
}

static struct node *find(const struct inode_table *table, uint64_t id)
{
    struct node *n = table->bucket[id_slot(table, id)];
    while (n && n->id != id)
        n = n->chain;
    return n;
}

static bool named(const struct child *c, uint64_t parent, const char *name, size_t len)
{
    return c->parent == parent && c->name_len == len && !memcmp(c->name, name, len);
}

static void insert(struct inode_table *table, struct node *n)
{
    grow_ids(table);
    struct node **slot = &table->bucket[id_slot(table, n->id)];
    n->chain = *slot;
    *slot = n;
    table->n++;
}

static void queue_add(struct inode_table *table, struct child *c)
{
    c->newer = NULL;
    c->older = table->newest;
    if (c->older)
        c->older->newer = c;
    else
        table->oldest = c;
    table->newest = c;
}

static void queue_remove(struct inode_table *table, struct child *c)
{
    if (c->older)
        c->older->newer = c->newer;
    else
        table->oldest = c->newer;
    if (c->newer)
        c->newer->older = c->older;
    else
        table->newest = c->older;
}

/* Drops references; the last one takes the node out. Returns the node to be released, if any. */
static struct node *drop(struct inode_table *table, struct node *n, unsigned refs)
{
    n->refs -= refs;
    if (n->refs)
        return NULL;
    struct node **link = &table->bucket[id_slot(table, n->id)];
    while (*link != n)
        link = &(*link)->chain;
    *link = n->chain;
    table->n--;
    if (n->is_child) {
        struct child *c = (struct child *)n;
        struct child **l = &table->names[name_slot(table, c->parent, c->name, c->name_len)];
        while (*l != c)
            l = &(*l)->same_hash;
        *l = c->same_hash;
        queue_remove(table, c);
        table->n_children--;
        table->cost -= c->cost;
    }
    return n;
}

struct node *inode_get(struct inode_table *table, uint64_t id)
{
    pthread_mutex_lock(&table->lock);
    struct node *n = find(table, id);
    if (n)
        n->refs++;
    pthread_mutex_unlock(&table->lock);
    return n;
}

struct node *inode_ref(struct inode_table *table, struct node *n)
{
    pthread_mutex_lock(&table->lock);
    n->refs++;
    pthread_mutex_unlock(&table->lock);
    return n;
}

void inode_unref(struct inode_table *table, struct node *n)
{
    if (!n)
        return;
    pthread_mutex_lock(&table->lock);
    struct node *gone = drop(table, n, 1);
    pthread_mutex_unlock(&table->lock);
    if (gone)
        node_release(table, gone);
}

struct node *inode_enter(struct inode_table *table, struct node *fresh)
{
    pthread_mutex_lock(&table->lock);
    struct node *n = find(table, fresh->id);
    if (n)
        n->refs++;
    else
        insert(table, fresh);
    pthread_mutex_unlock(&table->lock);
    if (!n)
        return fresh;
    node_release(table, fresh);
    return n;
}

int inode_enter_child(struct inode_table *table, struct child *fresh, inode_same_fn *same,
                      struct node **ret)
{
    pthread_mutex_lock(&table->lock);
    struct child *c = table->names[name_slot(table, fresh->parent, fresh->name, fresh->name_len)];
    while (c && !(c->node.class == fresh->node.class &&
                  named(c, fresh->parent, fresh->name, fresh->name_len) && same(c, fresh)))
        c = c->same_hash;
    /* The surplus is given back a few times a second; only a flood gets this far. */
    bool full = !c && (table->n_children >= 4 * INODE_CHILDREN_MAX ||
                       table->cost + fresh->cost > 4 * INODE_BYTES_MAX);
    if (c) {
        c->node.refs++;
    } else if (!full) {
        uint64_t serial = ++table->serial;
        fresh->node.id = ID_CHILD | serial;
        if (!fresh->node.attr.ino)
            fresh->node.attr.ino = make_ino(INO_CHILD, serial);
        insert(table, &fresh->node);
        grow_names(table);
        struct child **slot =
            &table->names[name_slot(table, fresh->parent, fresh->name, fresh->name_len)];
        fresh->same_hash = *slot;
        *slot = fresh;
        queue_add(table, fresh);
        table->n_children++;
        table->cost += fresh->cost;
    }
    pthread_mutex_unlock(&table->lock);
    if (c || full)
        node_release(table, &fresh->node);
    if (full)
        return -ENFILE;
    *ret = c ? &c->node : &fresh->node;
    return 0;
}

void inode_looked_up(struct inode_table *table, struct node *n)
{
    pthread_mutex_lock(&table->lock);
    if (!n->nlookup++)
        n->refs++;
    pthread_mutex_unlock(&table->lock);
}

void inode_forget(struct inode_table *table, uint64_t id, uint64_t n)
{
    struct node *gone = NULL;
    pthread_mutex_lock(&table->lock);
    struct node *node = find(table, id);
    if (node && node->nlookup) {
        node->nlookup -= n < node->nlookup ? n : node->nlookup;
        if (!node->nlookup)
            gone = drop(table, node, 1);
    }
    pthread_mutex_unlock(&table->lock);
    if (gone)
        node_release(table, gone);
}

size_t inode_surplus(struct inode_table *table, struct inode_name *out, size_t max)
{
    size_t n = 0, cost = 0;
    pthread_mutex_lock(&table->lock);
    while (n < max && table->oldest &&
           (table->n_children > INODE_CHILDREN_MAX + n || table->cost > INODE_BYTES_MAX + cost)) {
        struct child *c = table->oldest;
        char *name = malloc(c->name_len + 1);
        if (!name)
            break;
        memcpy(name, c->name, c->name_len + 1);
        out[n++] = (struct inode_name){.parent = c->parent, .name = name, .len = c->name_len};
        cost += c->cost < table->cost - cost ? c->cost : table->cost - cost;
        /* What is in use stays with the kernel; the next round must not meet it first again. */
        queue_remove(table, c);
        queue_add(table, c);
    }
    pthread_mutex_unlock(&table->lock);
    return n;
}

size_t inode_ids(struct inode_table *table, uint64_t tag, uint64_t **ret)
{
    size_t n = 0;
    pthread_mutex_lock(&table->lock);
    uint64_t *id = malloc((table->n + 1) * sizeof(*id));
    for (size_t i = 0; id && i < table->size; i++)
        for (struct node *node = table->bucket[i]; node; node = node->chain)
            if ((node->id & ID_TAG(15)) == tag)
                id[n++] = node->id;
    pthread_mutex_unlock(&table->lock);
    *ret = id;
    return n;
}
