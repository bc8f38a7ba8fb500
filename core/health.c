/* SPDX-License-Identifier: MIT
 * Checks what is stored against itself and rebuilds what is derived. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/ingest/ingest.h"

struct checker {
    struct docfs *d;
    bool repair;
    docfs_finding_fn *fn;
    void *arg;
    int left;
};

static void finding(struct checker *c, const char *what, bool repaired)
{
    c->left += !repaired;
    if (c->fn)
        c->fn(c->arg, what, repaired);
}

/* Finds vectors that nothing can be compared with any more. That the settings ask for another model
 * is no damage: the old one answers until docfs reembed has run. */
static int check_model(struct checker *c, struct docfs_err *err)
{
    struct docfs *d = c->d;
    struct store_read *r;
    struct embedder *e = NULL;
    struct docfs_err why;
    struct embed_outcome out;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = embedding_serving(d, r, &e, &why, err);
    store_read_end(r);
    embedder_free(e);
    if (rc < 0 || !why.code)
        return rc;
    if (c->repair)
        rc = reembed(d, NULL, &out, err);
    if (rc == 0)
        finding(c, why.text, c->repair && !out.failed);
    return rc;
}

static void count_one(void *arg, int64_t passage, const char *title, const char *heading,
                      const char *text, size_t len)
{
    ++*(size_t *)arg;
}

static int check_unembedded(struct checker *c, struct docfs_err *err)
{
    size_t n = 0;
    struct store_read *r;
    int rc = store_read_begin(c->d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_unembedded(r, false, 0, 1000, count_one, &n, err);
    store_read_end(r);
    if (rc < 0 || n == 0)
        return rc;
    char text[640];
    snprintf(text, sizeof(text), "%s%zu passages have no vector", n == 1000 ? "at least " : "", n);
    struct embed_outcome out = {0};
    if (c->repair)
        rc = reembed(c->d, NULL, &out, err);
    if (rc == 0 && out.why.code)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %s", out.why.text);
    if (rc == 0)
        finding(c, text, c->repair && !out.waiting);
    return rc;
}

struct compare {
    struct vindex *index;
    unsigned dim;
    size_t missing, different;
    int8_t code[4096 + 64];
    float vector[4096];
};

/* The index must hold the code that the store holds, for every passage up to its last. */
static int compare_row(void *arg, int64_t passage, int64_t document, const void *code, size_t len)
{
    struct compare *x = arg;
    if (passage > vindex_last(x->index))
        return 1;
    if (vindex_vector(x->index, passage, x->vector) < 0)
        x->missing++;
    else if (len <= sizeof(x->code)) {
        vindex_encode(x->vector, x->dim, x->code);
        const int8_t *stored = code;
        for (size_t i = 0; i < len; i++)
            if (stored[i] - x->code[i] > 2 || x->code[i] - stored[i] > 2) {
                x->different++;
                break;
            }
    }
    return 0;
}

static int check_index(struct checker *c, struct docfs_err *err)
{
    struct docfs *d = c->d;
    if (d->index_dirfd < 0)
        return 0;
    struct vindex *x = NULL;
    struct docfs_err why = {0};
    char text[600] = "";
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = embedding_serving(d, r, &e, &why, err);
    if (rc < 0 || !e) /* check_model() has said it */
        return rc;
    rc = search_open_index(d, r, e, &x, &why);
    if (rc == 0) {
        struct compare cmp = {.index = x, .dim = e->dim};
        rc = store_vectors(r, 0, compare_row, &cmp, err);
        vindex_free(x);
        if (rc < 0)
            return rc;
        if (cmp.missing || cmp.different)
            snprintf(text, sizeof(text), "vector index: %zu passages missing, %zu different",
                     cmp.missing, cmp.different);
    } else if (rc != -ENOENT) {
        snprintf(text, sizeof(text), "vector index: %s", why.text);
    }
    rc = 0;
    bool rebuilt = false;
    if (c->repair)
        rc = search_rebuild_index(d, *text != '\0', &rebuilt, err);
    if (rc == 0 && *text)
        finding(c, text, c->repair);
    return rc;
}

static int check_words(struct checker *c, struct docfs_err *err)
{
    char text[600] = "index of words: ";
    size_t used = strlen(text);
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(c->d->store, &r, err);
    if (rc == 0)
        rc = words_verify(c->d, r, text + used, sizeof(text) - used, err);
    if (rc <= 0)
        return rc;
    bool rebuilt = false;
    rc = c->repair ? search_rebuild_index(c->d, false, &rebuilt, err) : 0;
    if (rc == 0)
        finding(c, text, rebuilt);
    return rc;
}

static void store_finding(void *arg, const char *what, bool fixed)
{
    finding(arg, what, fixed);
}

int docfs_verify(struct docfs *d, bool repair, docfs_finding_fn *fn, void *arg,
                 struct docfs_err *err)
{
    if (repair && d->read_only)
        return err_set(err, -EROFS,
                       "the cache %s is opened read-only: it can be checked, not "
                       "repaired",
                       d->path);
    struct checker c = {.d = d, .repair = repair, .fn = fn, .arg = arg};
    int rc = store_verify(d->store, repair, store_finding, &c, err);
    if (rc >= 0)
        rc = check_model(&c, err);
    if (rc >= 0)
        rc = check_unembedded(&c, err);
    if (rc >= 0)
        rc = check_index(&c, err);
    if (rc >= 0)
        rc = check_words(&c, err);
    return rc < 0 ? rc : c.left;
}
