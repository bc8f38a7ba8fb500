/* SPDX-License-Identifier: MIT
 * similar/: the directories of docs/ once more, listing nothing; each document in them is a
 * directory of the documents nearest to it. */
#include <string.h>
#include "fs/answer.h"
#include "fs/probes.h"

static int mirror_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                         size_t len, struct found *ret, struct docfs_err *err)
{
    const struct row_node *mirror = (struct row_node *)dir;
    if (len > 255)
        return -ENAMETOOLONG;
    struct docfs_entry e;
    int r = docfs_lookup(t->docfs, mirror->row, name, len, &e, err);
    if (r == -ENOENT)
        return found_absent(ret, probe_name(name, len) ? TRUST_LONG : TRUST_SHORT);
    if (r < 0)
        return r;
    struct node *n;
    uint64_t row = (uint64_t)e.id;
    if (e.is_dir)
        r = row_node_get(t, &mirror_class, ID_MIRROR | row, make_ino(INO_MIRROR, row), e.id,
                         mirror->depth + 1, &n, err);
    else
        r = row_node_get(t, &similar_class, ID_SIMILAR | row, make_ino(INO_SIMILAR, row), e.id,
                         mirror->depth + 1, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

static int mirror_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                       struct docfs_err *err)
{
    struct entries *e = entries_new();
    if (!e)
        return err_oom(err);
    *ret = entries_listing(e);
    return 0;
}

const struct node_class mirror_class = {.lookup = mirror_lookup, .list = mirror_list};

static int similar_answer(struct tree *t, const struct call *c, struct node *dir,
                          struct answer *ret, struct docfs_err *err)
{
    const struct row_node *n = (struct row_node *)dir;
    struct docfs_document *doc;
    int r = docfs_document(t->docfs, n->row, &doc, err);
    if (r < 0)
        return r == -ENOENT ? -ESTALE : r;
    _cleanup_buf_ struct buf question = {0};
    buf_addf(&question, "docs/%s/%s", doc->collection, doc->path);
    docfs_document_free(doc);
    if (buf_status(&question) < 0)
        return err_oom(err);
    ret->question = buf_steal(&question, NULL);
    ret->about = "similar";
    ret->parent = dir->id;
    ret->depth = n->depth;
    r = tree_slot_take(t, c);
    if (r < 0)
        return r;
    r = docfs_similar(t->docfs, n->row, atomic_load(&t->results), &ret->results, err);
    tree_slot_give(t);
    return r;
}

static int similar_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                          size_t len, struct found *ret, struct docfs_err *err)
{
    return answer_lookup(t, c, dir, ((struct row_node *)dir)->depth, similar_answer, name, len, ret,
                         err);
}

static int similar_list(struct tree *t, const struct call *c, struct node *dir,
                        struct listing **ret, struct docfs_err *err)
{
    return answer_list(t, c, dir, similar_answer, ret, err);
}

static int similar_xattrs(struct tree *t, struct node *n, xattr_fn *fn, void *arg,
                          struct docfs_err *err)
{
    struct answer a = {0};
    int r = similar_answer(t, NULL, n, &a, err);
    if (!r)
        r = answer_xattrs(&a, fn, arg);
    answer_fini(&a);
    return r;
}

const struct node_class similar_class = {
    .lookup = similar_lookup, .list = similar_list, .snapshot = true, .xattrs = similar_xattrs};
