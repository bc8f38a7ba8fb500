/* SPDX-License-Identifier: MIT */
#include "fs/answer.h"
#include <string.h>
#include "fs/render.h"

void answer_fini(struct answer *a)
{
    docfs_results_unref(a->results);
    query_free(a->query);
    free(a->question);
}
#define _cleanup_answer_ _cleanup_(answer_fini)

/* ---- generated files ----------------------------------------------------------------------------
 */

typedef void render_fn(struct buf *out, const struct answer *a);

static const struct generated {
    const char *name;
    render_fn *render;
    bool listed;
} generated[] = {
    {"00-RESULTS.md", render_results, true},
    {".results.json", render_results_json, false},
    {".query.json", render_query_json, false},
};

static int generate(struct tree *t, const struct answer *a, const struct generated *g,
                    struct found *ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0};
    g->render(&text, a);
    struct node *n;
    int r = tree_text(t, a->parent, g->name, strlen(g->name), MODE_FILE, &text, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

/* ---- result files as nodes of their own (-o xattr)
 * ----------------------------------------------- */

struct result_node {
    struct child child;
    int64_t content;
    struct docfs_results *results; /* referenced */
    size_t hit;
};

static int64_t result_read(struct tree *t, struct node *n, void *data, size_t size, int64_t offset,
                           struct docfs_err *err)
{
    const struct result_node *f = (struct result_node *)n;
    if (offset == 0)
        docfs_opens_read(t->opens, f->results->hit[f->hit].document);
    return docfs_read(t->docfs, f->content, data, size, offset, err);
}

static int result_xattrs(struct tree *t, struct node *n, xattr_fn *fn, void *arg,
                         struct docfs_err *err)
{
    const struct result_node *result = (struct result_node *)n;
    const struct docfs_hit *h = &result->results->hit[result->hit];
    int r = docs_xattrs(t, h->document, fn, arg, err);
    if (r < 0)
        return r;
    char text[64];
    int len = snprintf(text, sizeof(text), "%.4f", h->score);
    fn(arg, "score", text, (size_t)len);
    len = snprintf(text, sizeof(text), "%zu", result->hit + 1);
    fn(arg, "rank", text, (size_t)len);
    len = snprintf(text, sizeof(text), "%u-%u", h->line, h->line + (h->lines ? h->lines - 1 : 0));
    fn(arg, "lines", text, (size_t)len);
    _cleanup_buf_ struct buf path = {0};
    buf_addf(&path, "docs/%s/%s", h->collection, h->path);
    if (buf_status(&path) == 0)
        fn(arg, "path", path.data, path.len);
    return 0;
}

static void result_fini(struct tree *t, struct node *n)
{
    docfs_results_unref(((struct result_node *)n)->results);
}

static const struct node_class result_class = {
    .read = result_read, .xattrs = result_xattrs, .fini = result_fini};

static bool same_result(const struct child *old, const struct child *fresh)
{
    const struct result_node *a = (const struct result_node *)old;
    const struct result_node *b = (const struct result_node *)fresh;
    return a->results == b->results && a->hit == b->hit;
}

static int result_node(struct tree *t, const struct answer *a, size_t i, const char *name,
                       size_t len, struct found *ret, struct docfs_err *err)
{
    const struct docfs_hit *h = &a->results->hit[i];
    struct result_node *f = calloc(1, sizeof(*f));
    char *copy = strndup(name, len);
    if (!f || !copy) {
        free(f);
        free(copy);
        return err_oom(err);
    }
    f->child = (struct child){
        .node = {.class = &result_class,
                 .refs = 1,
                 .is_child = true,
                 .attr = {.ino = make_ino(INO_DOCUMENT, (uint64_t)h->document),
                          .mode = MODE_FILE,
                          .size = h->size,
                          .mtime_ns = h->mtime_ns}},
        .parent = a->parent,
        .name = copy,
        .name_len = strlen(copy),
        /* The results are shared by its nodes: about one hit each. */
        .cost = sizeof(*f) + len + sizeof(*h) + 512,
    };
    f->content = h->content;
    f->results = docfs_results_ref(a->results);
    f->hit = i;
    struct node *n;
    int r = inode_enter_child(t->inodes, &f->child, same_result, &n);
    if (r < 0)
        return err_set(err, r, "too many open questions");
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

/* ---- result files
 * --------------------------------------------------------------------------------- */

static int link_node(struct tree *t, uint64_t parent, unsigned depth, const char *collection,
                     const char *path, const char *name, size_t len, struct found *ret,
                     struct docfs_err *err)
{
    _cleanup_buf_ struct buf target = {0};
    for (unsigned i = 0; i < depth; i++)
        buf_adds(&target, "../");
    buf_addf(&target, "docs/%s/%s", collection, path);
    struct node *n;
    int r = tree_text(t, parent, name, len, MODE_LINK, &target, &n, err);
    if (r < 0)
        return r;
    found_set(ret, n, TRUST_SHORT, TRUST_LONG);
    return 0;
}

static int hit_node(struct tree *t, const struct answer *a, size_t i, const char *name, size_t len,
                    struct found *ret, struct docfs_err *err)
{
    const struct docfs_hit *h = &a->results->hit[i];
    if (t->opt.symlinks)
        return link_node(t, a->parent, a->depth, h->collection, h->path, name, len, ret, err);
    if (t->opt.xattr)
        return result_node(t, a, i, name, len, ret, err);
    /* The same node as in docs/: one copy in the page cache, and "cp" sees the same file. */
    int r = docs_version(t, h->document, h->content, h->size, h->mtime_ns, ret, err);
    ret->entry_s = TRUST_SHORT;
    return r;
}

/* Row of the document in NN-slug.id.md, 0 when the name has not that form. Rank and slug are not
 * looked at, so that a name from an older listing still opens. */
static int64_t result_row(const char *name, size_t len)
{
    static const char ext[] = ".md";
    const size_t tail = 1 + DOC_ID_LEN + strlen(ext);
    size_t digits = 0;
    while (digits < len && name[digits] >= '0' && name[digits] <= '9')
        digits++;
    if (!digits || len < digits + 2 + tail || name[digits] != '-' || name[len - tail] != '.' ||
        memcmp(name + len - strlen(ext), ext, strlen(ext)))
        return 0;
    return name_doc_row(name + len - tail + 1, DOC_ID_LEN);
}

/* A result name without looking at the results: the document is what counts. */
static int late_node(struct tree *t, struct node *dir, unsigned depth, int64_t row,
                     const char *name, size_t len, struct found *ret, struct docfs_err *err)
{
    struct docfs_document *doc;
    int r = docfs_document(t->docfs, row, &doc, err);
    if (r == -ENOENT)
        return found_absent(ret, 0);
    if (r < 0)
        return r;
    if (t->opt.symlinks)
        r = link_node(t, dir->id, depth, doc->collection, doc->path, name, len, ret, err);
    else
        r = docs_version(t, doc->id, doc->content, doc->size, doc->mtime_ns, ret, err);
    if (!r)
        ret->entry_s = TRUST_SHORT;
    docfs_document_free(doc);
    return r;
}

static int result_lookup(struct tree *t, const struct call *c, struct node *dir, unsigned depth,
                         answer_fn *make, int64_t row, const char *name, size_t len,
                         struct found *ret, struct docfs_err *err)
{
    if (!t->opt.xattr || t->opt.symlinks)
        return late_node(t, dir, depth, row, name, len, ret, err);
    _cleanup_answer_ struct answer a = {0};
    int r = make(t, c, dir, &a, err);
    if (r < 0)
        return r;
    for (size_t i = 0; a.results && i < a.results->n; i++)
        if (a.results->hit[i].document == row)
            return hit_node(t, &a, i, name, len, ret, err);
    return late_node(t, dir, depth, row, name, len, ret, err);
}

/* ---- the directory
 * -------------------------------------------------------------------------------- */

int answer_lookup(struct tree *t, const struct call *c, struct node *dir, unsigned depth,
                  answer_fn *make, const char *name, size_t len, struct found *ret,
                  struct docfs_err *err)
{
    for (size_t i = 0; i < sizeof(generated) / sizeof(generated[0]); i++) {
        if (strlen(generated[i].name) != len || memcmp(generated[i].name, name, len))
            continue;
        _cleanup_answer_ struct answer a = {0};
        int r = make(t, c, dir, &a, err);
        return r < 0 ? r : generate(t, &a, &generated[i], ret, err);
    }
    if (len > 255)
        return -ENAMETOOLONG;
    int64_t row = result_row(name, len);
    return row ? result_lookup(t, c, dir, depth, make, row, name, len, ret, err)
               : found_absent(ret, TRUST_LONG);
}

static int add_all(struct tree *t, const struct answer *a, struct entries *e, struct docfs_err *err)
{
    for (size_t i = 0; i < sizeof(generated) / sizeof(generated[0]); i++) {
        struct found f;
        if (!generated[i].listed)
            continue;
        int r = generate(t, a, &generated[i], &f, err);
        if (!r)
            r = entries_add(t, e, generated[i].name, strlen(generated[i].name), &f, err);
        if (r < 0)
            return r;
    }
    /* Neighbours below the threshold are told in 00-RESULTS.md, but they are no results. */
    size_t n = a->results ? a->results->n - a->results->below : 0;
    for (size_t i = 0; i < n; i++) {
        struct found f;
        const char *name = a->results->hit[i].name;
        int r = hit_node(t, a, i, name, strlen(name), &f, err);
        if (!r)
            r = entries_add(t, e, name, strlen(name), &f, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int answer_list(struct tree *t, const struct call *c, struct node *dir, answer_fn *make,
                struct listing **ret, struct docfs_err *err)
{
    _cleanup_answer_ struct answer a = {0};
    int r = make(t, c, dir, &a, err);
    if (r < 0)
        return r;
    struct entries *e = entries_new();
    if (!e)
        return err_oom(err);
    r = add_all(t, &a, e, err);
    if (r < 0) {
        entries_free(t, e);
        return r;
    }
    *ret = entries_listing(e);
    return 0;
}

int answer_xattrs(const struct answer *a, xattr_fn *fn, void *arg)
{
    fn(arg, "query", a->question, strlen(a->question));
    if (!a->results)
        return 0;
    char text[24];
    int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)a->results->generation);
    fn(arg, "generation", text, (size_t)len);
    len = snprintf(text, sizeof(text), "%zu", a->results->n - a->results->below);
    fn(arg, "total", text, (size_t)len);
    return 0;
}
