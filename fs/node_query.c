/* SPDX-License-Identifier: MIT
 * search/ and every .search/: any name in them is a question. A lookup only makes the node; the
 * search runs when the directory is opened or a name in it needs the answer. */
#include <string.h>
#include "core/util/clock.h"
#include "fs/answer.h"
#include "fs/probes.h"

/* ---- search/ ------------------------------------------------------------------------------------
 */

static void query_fini(struct tree *t, struct node *n)
{
    struct query_node *q = (struct query_node *)n;
    if (q->base)
        inode_unref(t->inodes, &q->base->child.node);
}

static bool any_same(const struct child *old, const struct child *fresh)
{
    return true;
}

/* The node of a question; base is borrowed. Two spellings of one question are two nodes: sharing
 * one would make the kernel rename the working directory of whoever stands in it. */
static int query_node_get(struct tree *t, struct node *parent, struct query_node *base,
                          int64_t scope, unsigned depth, const char *name, size_t len, size_t sigil,
                          struct found *ret, struct docfs_err *err)
{
    struct query *q;
    int r = query_parse(name + sigil, len - sigil, true, &q, err);
    if (!r)
        query_free(q);
    else if (r != -EINVAL) /* a wrong filter is told in 00-RESULTS.md */
        return r;
    struct query_node *f = calloc(1, sizeof(*f));
    char *copy = strndup(name, len);
    if (!f || !copy) {
        free(f);
        free(copy);
        return err_oom(err);
    }
    f->child = (struct child){
        .node = {.class = &query_class,
                 .refs = 1,
                 .is_child = true,
                 .attr = {.mode = MODE_DIR, .mtime_ns = t->started_ns}},
        .parent = parent->id,
        .name = copy,
        .name_len = strlen(copy),
        .cost = sizeof(*f) + len,
    };
    if (base)
        f->base = (struct query_node *)inode_ref(t->inodes, &base->child.node);
    f->scope = scope;
    f->depth = depth;
    struct node *n;
    r = inode_enter_child(t->inodes, &f->child, any_same, &n);
    if (r < 0)
        return err_set(err, r, "too many open questions");
    found_set(ret, n, TRUST_LONG, TRUST_LONG);
    return 0;
}

static int search_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                         size_t len, struct found *ret, struct docfs_err *err)
{
    const struct row_node *scope = (struct row_node *)dir;
    if (len == strlen("README.md") && !memcmp(name, "README.md", len)) {
        found_set(ret, inode_ref(t->inodes, t->search_readme), TRUST_LONG, TRUST_LONG);
        return 0;
    }
    if (probe_name(name, len))
        return found_absent(ret, TRUST_LONG);
    return query_node_get(t, dir, NULL, scope->row, scope->depth + 1, name, len, 0, ret, err);
}

static int search_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                       struct docfs_err *err)
{
    struct entries *e = entries_new();
    if (!e)
        return err_oom(err);
    struct found f;
    found_set(&f, inode_ref(t->inodes, t->search_readme), TRUST_LONG, TRUST_LONG);
    int r = entries_add(t, e, "README.md", strlen("README.md"), &f, err);
    if (r < 0) {
        entries_free(t, e);
        return r;
    }
    *ret = entries_listing(e);
    return 0;
}

const struct node_class search_class = {.lookup = search_lookup, .list = search_list};

/* ---- a question
 * ---------------------------------------------------------------------------------- */

static int parse_node(const struct query_node *q, struct query **ret, struct docfs_err *err)
{
    size_t sigil = q->base ? 1 : 0;
    return query_parse(q->child.name + sigil, q->child.name_len - sigil, true, ret, err);
}

static void add_terms(struct buf *text, const struct query *q)
{
    const char *s = q->canonical;
    buf_adds(text, text->len ? " " : "");
    buf_adds(text, *s == '=' ? s + 1 : s);
}

/* Everything that q refines, as one query. */
static int base_query(const struct query_node *q, struct query **ret, struct docfs_err *err)
{
    if (!q->base->base)
        return parse_node(q->base, ret, err);
    _cleanup_(query_freep) struct query *inner = NULL, *last = NULL;
    int r = base_query(q->base, &inner, err);
    if (!r)
        r = parse_node(q->base, &last, err);
    if (r < 0)
        return r;
    _cleanup_buf_ struct buf text = {0};
    add_terms(&text, inner);
    add_terms(&text, last);
    r = buf_status(&text);
    return r < 0 ? r : query_parse(text.data, text.len, false, ret, err);
}

/* "first > then > last" */
static int question_text(const struct query_node *q, struct buf *out)
{
    if (q->base) {
        question_text(q->base, out);
        buf_adds(out, " > ");
    }
    size_t sigil = q->base ? 1 : 0;
    buf_add(out, q->child.name + sigil, q->child.name_len - sigil);
    return buf_status(out);
}

static int run(struct tree *t, const struct call *c, const struct query_node *q, struct answer *a,
               struct docfs_err *err)
{
    _cleanup_(query_freep) struct query *base = NULL;
    struct docfs_err why = {0};
    int r = parse_node(q, &a->query, &why);
    if (!r && q->base)
        r = base_query(q, &base, &why);
    if (r == -EINVAL || r == -ENAMETOOLONG) { /* the latter only for a merged chain */
        a->bad = why;
        query_free(steal_ptr(a->query));
        return 0;
    }
    if (!r && !a->query->k)
        a->query->k = atomic_load(&t->results);
    if (!r)
        r = tree_slot_take(t, c);
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    r = base ? docfs_refine(t->docfs, base, a->query, q->scope, &a->results, &why)
             : docfs_search(t->docfs, a->query, q->scope, &a->results, &why);
    tree_slot_give(t);
    if (r == -EINVAL) { /* in=no-such-collection and the like */
        a->bad = why;
        return 0;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

static int query_answer(struct tree *t, const struct call *c, struct node *dir, struct answer *ret,
                        struct docfs_err *err)
{
    struct query_node *q = (struct query_node *)dir;
    _cleanup_buf_ struct buf question = {0};
    if (question_text(q, &question) < 0)
        return err_oom(err);
    ret->question = buf_steal(&question, NULL);
    ret->about = "search";
    ret->parent = dir->id;
    ret->depth = q->depth;
    int64_t start = clock_mono_ns();
    int r = run(t, c, q, ret, err);
    bool fresh = !r && ret->results && !atomic_exchange(&q->asked, true);
    if (fresh)
        tree_asked(t, ret->question, ret->results->n - ret->results->below,
                   (double)(clock_mono_ns() - start) / 1e9);
    if (fresh)
        docfs_opens_answered(t->opens, ret->question, ret->results);
    return r;
}

static int query_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                        size_t len, struct found *ret, struct docfs_err *err)
{
    struct query_node *q = (struct query_node *)dir;
    if (name[0] == '+')
        return len > 1 ? query_node_get(t, dir, q, q->scope, q->depth + 1, name, len, 1, ret, err)
                       : found_absent(ret, TRUST_LONG);
    return answer_lookup(t, c, dir, q->depth, query_answer, name, len, ret, err);
}

static int query_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                      struct docfs_err *err)
{
    return answer_list(t, c, dir, query_answer, ret, err);
}

static int query_xattrs(struct tree *t, struct node *n, xattr_fn *fn, void *arg,
                        struct docfs_err *err)
{
    struct answer a = {0};
    int r = query_answer(t, NULL, n, &a, err);
    if (!r)
        r = answer_xattrs(&a, fn, arg);
    answer_fini(&a);
    return r;
}

const struct node_class query_class = {.lookup = query_lookup,
                                       .list = query_list,
                                       .snapshot = true,
                                       .xattrs = query_xattrs,
                                       .fini = query_fini};
