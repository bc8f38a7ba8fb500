/* SPDX-License-Identifier: MIT
 * The root of the mount: a fixed table of names. */
#include <string.h>
#include "fs/node.h"

static const struct {
    const char *name;
    bool listed;
    size_t node; /* offset of a fixed node in struct tree, or one of the below */
} names[] = {
#define FIXED(n) offsetof(struct tree, n)
#define DOCS 0
#define SIMILAR 1
    /* as ls sorts them */
    {"AGENTS.md", true, FIXED(agents)},
    {"README.md", true, FIXED(readme)},
    {"docs", true, DOCS},
    {"saved", true, FIXED(saved)},
    {"search", true, FIXED(search)},
    {"similar", true, SIMILAR},
    {".docfs", false, FIXED(ctl)},
};

static int root_node(struct tree *t, size_t i, struct found *ret, struct docfs_err *err)
{
    if (names[i].node == DOCS) {
        struct docfs_entry docs = {.is_dir = true, .mtime_ns = t->started_ns};
        return docs_node(t, &docs, ret, err);
    }
    struct node *n;
    if (names[i].node == SIMILAR) {
        int r = row_node_get(t, &mirror_class, ID_MIRROR, make_ino(INO_MIRROR, 0), 0, 1, &n, err);
        if (r < 0)
            return r;
    } else {
        n = inode_ref(t->inodes, *(struct node **)((char *)t + names[i].node));
    }
    found_set(ret, n, TRUST_LONG, TRUST_LONG);
    return 0;
}

static int root_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                       size_t len, struct found *ret, struct docfs_err *err)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
            return root_node(t, i, ret, err);
    return found_absent(ret, TRUST_LONG);
}

static int root_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                     struct docfs_err *err)
{
    struct entries *e = entries_new();
    if (!e)
        return err_oom(err);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct found f;
        int r = names[i].listed ? root_node(t, i, &f, err) : 1;
        if (!r)
            r = entries_add(t, e, names[i].name, strlen(names[i].name), &f, err);
        if (r < 0) {
            entries_free(t, e);
            return r;
        }
    }
    *ret = entries_listing(e);
    return 0;
}

const struct node_class root_class = {.lookup = root_lookup, .list = root_list};
