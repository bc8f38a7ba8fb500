/* SPDX-License-Identifier: MIT
 * A node of the mounted tree, the vtable of its kind, and what the kinds share. No FUSE here. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "core/docfs.h"
#include "core/docfs_feedback.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "fs/inode.h"
#include "fs/tree.h"

/* Node ids are what the kernel keeps; they never come back with another meaning. Rows of the
 * database are never reused, so an id made of a row stays right over restarts. */
#define ID_TAG(n) ((uint64_t)(n) << 60)
#define ID_DIRECTORY ID_TAG(1) /* | directory row; 0 is docs/ itself */
#define ID_CONTENT ID_TAG(2)   /* | version row: a new version is a new node */
#define ID_SCOPE ID_TAG(3)     /* | directory row: its .search/ */
#define ID_MIRROR ID_TAG(4)    /* | directory row: the same directory below similar/ */
#define ID_SIMILAR ID_TAG(5)   /* | document row: its directory below similar/ */
#define ID_CHILD ID_TAG(6)     /* | serial number */
enum {
    ID_ROOT = 1,
    ID_README,
    ID_AGENTS,
    ID_SEARCH,
    ID_SEARCH_README,
    ID_SAVED,
    ID_CTL,
    ID_CTL_README,
    ID_ERRORS,
    ID_BY_ID
};

/* st_ino: small numbers, one per thing; every version and every view of a document has the same. */
enum ino_kind { INO_DIRECTORY, INO_DOCUMENT, INO_SCOPE, INO_MIRROR, INO_SIMILAR, INO_CHILD };
static inline uint64_t make_ino(enum ino_kind kind, uint64_t row)
{
    return 16 + row * 8 + kind;
}

/* How long the kernel may trust an answer without asking again, seconds. */
#define TRUST_LONG 3600.0 /* fixed names, and docs/ where changes are announced */
#define TRUST_ABSENT 30.0 /* a name that is not in docs/ */
#define TRUST_SHORT 1.0   /* answers to questions, generated files */

#define MODE_DIR (S_IFDIR | 0555)
#define MODE_FILE (S_IFREG | 0444)
#define MODE_LINK (S_IFLNK | 0777)

/* Receives one extended attribute; the name is without "user.docfs.". */
typedef void xattr_fn(void *arg, const char *name, const char *value, size_t len);

struct node_class {
    /* Directories. lookup: 0, or -ENOENT with ret->entry_s = how long that may be believed. */
    int (*lookup)(struct tree *t, const struct call *c, struct node *dir, const char *name,
                  size_t len, struct found *ret, struct docfs_err *err);
    int (*list)(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                struct docfs_err *err);
    bool snapshot; /* list when the directory is opened, and never let the kernel keep it */
    /* NULL: the attributes in struct node never change. */
    int (*attr)(struct tree *t, struct node *n, struct node_attr *ret, struct docfs_err *err);
    /* Files and symbolic links (whose bytes are the target): as docfs_read. */
    int64_t (*read)(struct tree *t, struct node *n, void *data, size_t size, int64_t offset,
                    struct docfs_err *err);
    int (*xattrs)(struct tree *t, struct node *n, xattr_fn *fn, void *arg, struct docfs_err *err);
    void (*fini)(struct tree *t, struct node *n); /* NULL: nothing to release */
};

struct node {
    const struct node_class *class;
    struct node *chain; /* inode.c */
    uint64_t id;
    uint64_t nlookup; /* how often the kernel learned of it; under the table's lock */
    struct node_attr attr;
    unsigned refs; /* under the table's lock; nlookup > 0 counts as one */
    bool is_child;
};

/* A document, one version of it. */
struct doc_node {
    struct node node;
    int64_t document;
};

/* A directory row: of docs/, of similar/, or a .search/ of it; or a document row below similar/. */
struct row_node {
    struct node node;
    int64_t row;
    unsigned depth; /* components from the root of the mount; not kept for docs/ */
};

/* A node that exists because somebody looked up a name: found again by (parent, name), numbered
 * serially, given up oldest first when there are too many. */
struct child {
    struct node node;
    struct child *same_hash, *older, *newer; /* inode.c */
    uint64_t parent;
    char *name; /* owned, NUL-terminated */
    size_t name_len;
    size_t cost; /* bytes it holds */
};

/* A generated file or a symbolic link: its bytes never change. */
struct text_node {
    struct child child;
    char *data; /* owned */
    size_t len;
};

/* A question: search/<text>, .search/<text> or a refinement of one. */
struct query_node {
    struct child child;
    struct query_node *base; /* referenced; NULL: no refinement */
    int64_t scope;           /* directory row, 0 = everything */
    unsigned depth;          /* components from the root of the mount */
    atomic_bool asked;       /* already in the query log */
};

struct tree {
    struct docfs *docfs; /* borrowed */
    struct tree_options opt;
    struct inode_table *inodes;
    int64_t started_ns;                                        /* mtime of what docfs makes up */
    struct node *root, *search, *saved, *ctl, *errors, *by_id; /* fixed directories */
    struct node *readme, *agents, *search_readme, *ctl_readme; /* fixed files */
    _Atomic unsigned results; /* files in an answer: setting mount.results */
    int64_t settings_at;      /* when it was read; housekeeping only */
    _Atomic uint64_t epoch;   /* the generation of which the kernel has been told */

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t slot_free;
    unsigned searching;
    struct docfs_opens *opens; /* what is found here and then read */
    struct asked {
        char *query;
        size_t hits;
        double seconds;
    } asked[64]; /* to be written to the query log by tree_housekeeping() */
    size_t n_asked;
};

/* ---- tree.c: making nodes ------------------------------------------------------------------ */

/* Fills *ret with the node (whose reference it takes) and its own attributes. */
void found_set(struct found *ret, struct node *n, double entry_s, double attr_s);
/* "No such name", to be believed for that long. */
int found_absent(struct found *ret, double entry_s);

/* Fixed directory of a class; NULL when memory is out. */
struct node *tree_fixed(struct tree *t, const struct node_class *class, uint64_t id);
/* Fixed file or link with these bytes (copied). */
struct node *tree_fixed_text(struct tree *t, uint64_t id, mode_t mode, const char *data,
                             size_t len);
/* The generated file (or link) of that name; the node of an earlier answer when the bytes are the
 * same. text is emptied. */
int tree_text(struct tree *t, uint64_t parent, const char *name, size_t len, mode_t mode,
              struct buf *text, struct node **ret, struct docfs_err *err);

/* One of at most TREE_SEARCHES at a time; -EINTR when the caller gave up waiting. */
int tree_slot_take(struct tree *t, const struct call *c);
void tree_slot_give(struct tree *t);
/* Remembers a question for the query log. */
void tree_asked(struct tree *t, const char *query, size_t hits, double seconds);

/* ---- a listing made of ready entries --------------------------------------------------------- */

struct entries; /* a struct listing */
struct entries *entries_new(void);
struct listing *entries_listing(struct entries *e);
void entries_free(struct tree *t, struct entries *e);
/* Takes over the node of f. With f->node == NULL only name, type and st_ino are listed. */
int entries_add(struct tree *t, struct entries *e, const char *name, size_t len,
                const struct found *f, struct docfs_err *err);

/* ---- the kinds ------------------------------------------------------------------------------- */

extern const struct node_class root_class, directory_class, document_class, search_class,
    query_class, mirror_class, similar_class, saved_class, ctl_class, errors_class, by_id_class,
    text_class;

/* node_docs.c */
int docs_node(struct tree *t, const struct docfs_entry *e, struct found *ret,
              struct docfs_err *err);
int docs_version(struct tree *t, int64_t document, int64_t content, int64_t size, int64_t mtime_ns,
                 struct found *ret, struct docfs_err *err);
/* The current version of a document row. */
int docs_current(struct tree *t, int64_t document, struct found *ret, struct docfs_err *err);
int docs_xattrs(struct tree *t, int64_t document, xattr_fn *fn, void *arg, struct docfs_err *err);

/* The node of a row: found in the table or made. */
int row_node_get(struct tree *t, const struct node_class *class, uint64_t id, uint64_t ino,
                 int64_t row, unsigned depth, struct node **ret, struct docfs_err *err);
/* .search/ of a directory row. */
int scope_node(struct tree *t, int64_t directory, struct found *ret, struct docfs_err *err);
/* Number of components of "a/b/c" (0 for ""). */
unsigned path_depth(const char *path);
