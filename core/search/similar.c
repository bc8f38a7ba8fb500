/* SPDX-License-Identifier: MIT
 * Documents near a document: near to the mean of its first passages' vectors. */
#include "core/search/search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/clock.h"

#define SPEAKERS 16 /* passages of a document that speak for it */

/* Mean direction of the document's first passages; -ENOENT when none has a vector. */
static int document_vector(struct store_read *r, struct vindex *x, unsigned dim, int64_t document,
                           float *out, struct docfs_err *err)
{
    int64_t *ids = NULL;
    size_t n = 0, used = 0;
    int rc = store_document_passages(r, document, &ids, &n, err);
    if (rc < 0)
        return rc;
    _cleanup_free_ float *one = calloc(dim, sizeof(*one));
    if (!one) {
        free(ids);
        return err_oom(err);
    }
    memset(out, 0, dim * sizeof(*out));
    for (size_t i = 0; i < n && used < SPEAKERS; i++) {
        if (vindex_vector(x, ids[i], one) < 0)
            continue;
        used++;
        for (unsigned j = 0; j < dim; j++)
            out[j] += one[j];
    }
    free(ids);
    double norm = 0;
    for (unsigned j = 0; j < dim; j++)
        norm += (double)out[j] * out[j];
    if (norm <= 0)
        return -ENOENT;
    for (unsigned j = 0; j < dim; j++)
        out[j] = (float)(out[j] / sqrt(norm));
    return 0;
}

static int nearest(struct docfs *d, struct store_read *r, struct vindex *x, const float *vector,
                   int64_t document, unsigned k, struct docfs_results *res, struct docfs_err *err)
{
    size_t depth = (size_t)k * 16 + SPEAKERS * 4;
    _cleanup_free_ struct vindex_hit *hit = calloc(depth, sizeof(*hit));
    _cleanup_free_ struct candidate *list = calloc(depth, sizeof(*list));
    if (!hit || !list)
        return err_oom(err);
    int n = vindex_search(x, vector, depth, NULL, VINDEX_AUTO, hit);
    if (n < 0)
        return err_set(err, n, "vector search failed: %s", strerror(-n));
    size_t m = 0;
    for (int i = 0; i < n; i++)
        if (hit[i].row.document != document)
            list[m++] = (struct candidate){.passage = hit[i].row.passage,
                                           .document = hit[i].row.document,
                                           .vec = hit[i].score,
                                           .score = hit[i].score > 0 ? hit[i].score : 0,
                                           .vec_rank = i + 1};
    if (fuse_group(list, &m) < 0)
        return err_oom(err);
    res->candidates = m;
    _cleanup_(copies_fini) struct copies copies = {0};
    if (search_folds_copies(d))
        copies_init(&copies, k);
    for (size_t i = 0; i < m && res->n < k; i++) {
        struct store_passage p;
        int rc = store_passage(r, list[i].passage, &p, err);
        if (rc == -ENOENT)
            continue;
        if (rc == 0) {
            fresh_judge(d, &p.fresh, &p.checked_at, &p.stale_at);
            rc = copies_add(&copies, r, res, k, &list[i], &p, "", err);
            store_passage_fini(&p);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

int docfs_similar(struct docfs *d, int64_t document, unsigned k, struct docfs_results **ret,
                  struct docfs_err *err)
{
    int64_t start = clock_mono_ns();
    if (k == 0)
        k = (unsigned)setting_int(d, "search.k");
    if (k > QUERY_K_MAX)
        k = QUERY_K_MAX;
    char key[64];
    snprintf(key, sizeof(key), "similar\x1f%016llx\x1f%lld\x1f%u",
             (unsigned long long)state_mark(d), (long long)document, k);
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    struct docfs_results *res = state_cached(d, r, key);
    if (res) {
        *ret = res;
        return 0;
    }
    res = results_new("similar", store_read_generation(r));
    struct embedder *e = NULL;
    struct docfs_err why = {0};
    rc = embedding_serving(d, r, &e, &why, err);
    _cleanup_free_ float *vector = calloc(e ? e->dim : 1, sizeof(*vector));
    struct vindex *x = NULL;
    if (rc == 0)
        rc = res && vector ? state_acquire(d, r, e, &x, err) : err_oom(err);
    if (rc == 0) {
        rc = x ? document_vector(r, x, e->dim, document, vector, err) : -ENOENT;
        if (rc == 0)
            rc = nearest(d, r, x, vector, document, k, res, err);
        state_release(d);
    }
    embedder_free(e);
    /* The document exists (the caller resolved it) but nothing speaks for it. */
    if (rc == -ENOENT) {
        char note[sizeof(why.text) + 64];
        snprintf(note, sizeof(note), why.code ? "Nothing can be compared: %s." : "%s",
                 why.code ? why.text : "This document has no words to compare by.");
        res->partial = why.code != 0;
        rc = results_note(res, note) < 0 ? err_oom(err) : 0;
    }
    if (rc < 0) {
        docfs_results_unref(res);
        return rc;
    }
    res->seconds = (double)(clock_mono_ns() - start) / 1e9;
    if (!res->partial) /* the model may be back for the next one */
        state_cache(d, r, key, res);
    *ret = res;
    return 0;
}
