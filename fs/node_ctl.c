/* SPDX-License-Identifier: MIT
 * .docfs/: the state of the cache as files. Sizes have to be right when a name is looked up, so
 * that is when a file is written; the kernel trusts the name for a second only. */
#include <string.h>
#include "fs/node.h"
#include "fs/probes.h"
#include "fs/render.h"

#define RECENT_MAX 100
#define FAILURES_MAX 10000

static int write_status(struct tree *t, struct buf *out, struct docfs_err *err)
{
    struct docfs_status s;
    int r = docfs_status(t->docfs, &s, err);
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    if (!r)
        r = docfs_health(t->docfs, &h, err);
    if (!r)
        render_status_json(out, &s, h, docfs_path(t->docfs));
    return r;
}

static int write_collections(struct tree *t, struct buf *out, struct docfs_err *err)
{
    struct docfs_collections *c;
    int r = docfs_collections(t->docfs, &c, err);
    if (r < 0)
        return r;
    render_collections_json(out, c);
    docfs_collections_free(c);
    return 0;
}

static int write_recent(struct tree *t, struct buf *out, struct docfs_err *err)
{
    struct docfs_recents *recent;
    int r = docfs_recent(t->docfs, RECENT_MAX, &recent, err);
    if (r < 0)
        return r;
    render_recent(out, recent);
    docfs_recents_free(recent);
    return 0;
}

static const struct {
    const char *name;
    int (*write)(struct tree *t, struct buf *out, struct docfs_err *err); /* NULL: fixed node */
    size_t fixed;                                                         /* in struct tree */
    mode_t mode;
} names[] = {
    {"README.md", NULL, offsetof(struct tree, ctl_readme), MODE_FILE},
    {"by-id", NULL, offsetof(struct tree, by_id), MODE_DIR},
    {"collections.json", write_collections, 0, MODE_FILE},
    {"errors", NULL, offsetof(struct tree, errors), MODE_DIR},
    {"recent", write_recent, 0, MODE_FILE},
    {"status.json", write_status, 0, MODE_FILE},
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static int ctl_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                      size_t len, struct found *ret, struct docfs_err *err)
{
    size_t i = 0;
    while (i < N_NAMES && (strlen(names[i].name) != len || memcmp(names[i].name, name, len)))
        i++;
    if (i == N_NAMES)
        return found_absent(ret, TRUST_LONG);
    struct node *n;
    if (!names[i].write) {
        n = inode_ref(t->inodes, *(struct node **)((char *)t + names[i].fixed));
        found_set(ret, n, TRUST_LONG, TRUST_LONG);
        return 0;
    }
    _cleanup_buf_ struct buf text = {0};
    int r = names[i].write(t, &text, err);
    if (!r)
        r = tree_text(t, dir->id, name, len, MODE_FILE, &text, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

/* Names only: nobody asked for the contents yet. */
static int add_name(struct tree *t, struct entries *e, const char *name, mode_t mode,
                    struct docfs_err *err)
{
    struct found f = {.attr = {.ino = ID_CTL, .mode = mode}};
    return entries_add(t, e, name, strlen(name), &f, err);
}

static int ctl_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                    struct docfs_err *err)
{
    struct entries *e = entries_new();
    int r = e ? 0 : err_oom(err);
    for (size_t i = 0; !r && i < N_NAMES; i++)
        r = add_name(t, e, names[i].name, names[i].mode, err);
    if (r < 0) {
        entries_free(t, e);
        return r;
    }
    *ret = entries_listing(e);
    return 0;
}

const struct node_class ctl_class = {.lookup = ctl_lookup, .list = ctl_list, .snapshot = true};

/* ---- .docfs/errors/ -----------------------------------------------------------------------------
 */

/* The collection of NAME.txt; 0 = none, 1 = its name is in ret. */
static int error_collection(struct tree *t, const char *name, size_t len, char ret[256],
                            struct docfs_err *err)
{
    static const char ext[] = ".txt";
    size_t n = strlen(ext);
    if (len <= n || len - n > 255 || memcmp(name + len - n, ext, n))
        return 0;
    struct docfs_collections *all;
    int r = docfs_collections(t->docfs, &all, err);
    if (r < 0)
        return r;
    for (size_t i = 0; !r && i < all->n; i++) {
        const char *s = all->item[i].name;
        if (strlen(s) == len - n && !memcmp(s, name, len - n)) {
            memcpy(ret, s, len - n + 1);
            r = 1;
        }
    }
    docfs_collections_free(all);
    return r;
}

static int errors_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                         size_t len, struct found *ret, struct docfs_err *err)
{
    char collection[256];
    int r = error_collection(t, name, len, collection, err);
    if (r < 0)
        return r;
    if (!r)
        return found_absent(ret, probe_name(name, len) ? TRUST_LONG : TRUST_SHORT);
    struct docfs_failures *f;
    r = docfs_failures(t->docfs, collection, FAILURES_MAX, &f, err);
    if (r < 0)
        return r;
    _cleanup_buf_ struct buf text = {0};
    render_failures(&text, f);
    docfs_failures_free(f);
    struct node *n;
    r = tree_text(t, dir->id, name, len, MODE_FILE, &text, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

static int errors_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                       struct docfs_err *err)
{
    struct docfs_collections *all;
    int r = docfs_collections(t->docfs, &all, err);
    if (r < 0)
        return r;
    struct entries *e = entries_new();
    r = e ? 0 : err_oom(err);
    for (size_t i = 0; !r && i < all->n; i++) {
        char name[300];
        snprintf(name, sizeof(name), "%s.txt", all->item[i].name);
        r = add_name(t, e, name, MODE_FILE, err);
    }
    docfs_collections_free(all);
    if (r < 0) {
        entries_free(t, e);
        return r;
    }
    *ret = entries_listing(e);
    return 0;
}

const struct node_class errors_class = {
    .lookup = errors_lookup, .list = errors_list, .snapshot = true};

/* ---- .docfs/by-id/ ------------------------------------------------------------------------------
 */

static int by_id_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                        size_t len, struct found *ret, struct docfs_err *err)
{
    int64_t row = len == DOC_ID_LEN ? name_doc_row(name, len) : 0;
    if (!row)
        return found_absent(ret, TRUST_LONG);
    int r = docs_current(t, row, ret, err);
    if (r == -ENOENT)
        return found_absent(ret, TRUST_SHORT);
    ret->entry_s = TRUST_SHORT;
    return r;
}

static int by_id_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                      struct docfs_err *err)
{
    struct entries *e = entries_new();
    if (!e)
        return err_oom(err);
    *ret = entries_listing(e);
    return 0;
}

const struct node_class by_id_class = {.lookup = by_id_lookup, .list = by_id_list};
