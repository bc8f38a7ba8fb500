/* SPDX-License-Identifier: MIT
 * saved/: kept questions, as relative links into search/, so that they work wherever the tree is
 * mounted or bound. */
#include <string.h>
#include "fs/node.h"
#include "fs/probes.h"

static bool alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c & 0x80;
}

/* Writes the directory name that the grammar reads as this query. */
static void add_name(struct buf *out, const char *q)
{
    size_t len = strlen(q);
    bool blank = strchr(q, ' ') != NULL, probe = probe_name(q, len) || !strcmp(q, "README.md");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)q[i];
        bool plus = c == '+' && !blank && i && i + 1 < len && alnum(q[i - 1]) && alnum(q[i + 1]);
        bool glob = (c == '*' || c == '?') && i + 1 == len;
        if (c == '/' || c == '%' || c < ' ' || c == 0x7f || plus || glob || (probe && !i))
            buf_addf(out, "%%%02X", c);
        else
            buf_addc(out, (char)c);
    }
}

static int saved_node(struct tree *t, const struct docfs_saved *s, struct found *ret,
                      struct docfs_err *err)
{
    _cleanup_buf_ struct buf target = {0};
    buf_adds(&target, "../search/");
    add_name(&target, s->query);
    struct node *n;
    int r = tree_text(t, ID_SAVED, s->name, strlen(s->name), MODE_LINK, &target, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

static int saved_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                        size_t len, struct found *ret, struct docfs_err *err)
{
    if (len > 255)
        return -ENAMETOOLONG;
    struct docfs_saveds *all;
    int r = docfs_saved(t->docfs, &all, err);
    if (r < 0)
        return r;
    size_t i = 0;
    while (i < all->n &&
           !(strlen(all->item[i].name) == len && !memcmp(all->item[i].name, name, len)))
        i++;
    r = i < all->n ? saved_node(t, &all->item[i], ret, err)
                   : found_absent(ret, probe_name(name, len) ? TRUST_LONG : TRUST_SHORT);
    docfs_saveds_free(all);
    return r;
}

static int saved_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
                      struct docfs_err *err)
{
    struct docfs_saveds *all;
    int r = docfs_saved(t->docfs, &all, err);
    if (r < 0)
        return r;
    struct entries *e = entries_new();
    r = e ? 0 : err_oom(err);
    for (size_t i = 0; !r && i < all->n; i++) {
        struct found f;
        r = saved_node(t, &all->item[i], &f, err);
        if (!r)
            r = entries_add(t, e, all->item[i].name, strlen(all->item[i].name), &f, err);
    }
    docfs_saveds_free(all);
    if (r < 0) {
        entries_free(t, e);
        return r;
    }
    *ret = entries_listing(e);
    return 0;
}

const struct node_class saved_class = {
    .lookup = saved_lookup, .list = saved_list, .snapshot = true};
