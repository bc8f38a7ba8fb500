/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/clock.h"

#define BATCH 256

struct waiting {
    size_t n;
    int64_t passage[BATCH];
    struct buf text; /* all titles and bodies, one after the other */
    size_t title_at[BATCH], title_len[BATCH], body_at[BATCH], body_len[BATCH];
};

static void collect(void *arg, int64_t passage, const char *title, const char *heading,
                    const char *text, size_t len)
{
    struct waiting *w = arg;
    size_t i = w->n++;
    w->passage[i] = passage;
    w->title_at[i] = w->text.len;
    buf_addf(&w->text, "%s\n%s", title, heading);
    w->title_len[i] = w->text.len - w->title_at[i];
    w->body_at[i] = w->text.len;
    buf_add(&w->text, text, len);
    w->body_len[i] = len;
}

static int put_vectors(struct docfs *d, const struct waiting *w, const float *vectors,
                       struct docfs_err *err)
{
    unsigned dim = d->embedder->dim;
    size_t code_len = vindex_code_size(dim);
    _cleanup_free_ int8_t *code = calloc(1, code_len);
    if (!code)
        return err_oom(err);
    struct store_write *tx;
    int rc = store_write_begin(d->store, &tx, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < w->n && rc == 0; i++) {
        vindex_encode(vectors + i * dim, dim, code);
        rc = store_put_vector(tx, w->passage[i], code, code_len, err);
    }
    if (rc < 0) {
        store_write_abort(tx);
        return rc;
    }
    return store_write_commit(tx, err);
}

/* Embeds at most BATCH waiting passages; returns how many, or -errno. */
static int embed_some(struct docfs *d, struct waiting *w, float *vectors, struct docfs_err *err)
{
    w->n = 0;
    buf_clear(&w->text);
    struct store_read *r;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_unembedded(r, BATCH, collect, w, err);
    store_read_end(r);
    if (rc < 0 || w->n == 0)
        return rc < 0 ? rc : 0;
    if (buf_status(&w->text) < 0)
        return err_oom(err);
    struct embed_text text[BATCH];
    for (size_t i = 0; i < w->n; i++)
        text[i] = (struct embed_text){.title = w->text.data + w->title_at[i],
                                      .title_len = w->title_len[i],
                                      .body = w->text.data + w->body_at[i],
                                      .body_len = w->body_len[i]};
    struct embedder *e = d->embedder;
    for (size_t i = 0; i < w->n && rc == 0; i += e->batch)
        rc = e->embed(e->ctx, EMBED_PASSAGE, text + i, w->n - i < e->batch ? w->n - i : e->batch,
                      vectors + i * e->dim, err);
    if (rc == 0)
        rc = put_vectors(d, w, vectors, err);
    return rc < 0 ? rc : (int)w->n;
}

/* Vectors of another model say nothing about queries embedded by this one. */
static int adopt_model(struct docfs *d, struct docfs_err *err)
{
    char stored[128];
    struct store_read *r;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_meta(r, "fingerprint", stored, sizeof(stored), err);
    store_read_end(r);
    if (rc < 0 || strcmp(stored, d->embedder->fingerprint) == 0)
        return rc;
    char dim[16];
    snprintf(dim, sizeof(dim), "%u", d->embedder->dim);
    struct store_write *w;
    rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    if (*stored)
        rc = store_clear_vectors(w, err);
    if (rc == 0)
        rc = store_set_meta(w, "fingerprint", d->embedder->fingerprint, err);
    if (rc == 0)
        rc = store_set_meta(w, "dimension", dim, err);
    if (rc < 0) {
        store_write_abort(w);
        return rc;
    }
    return store_write_commit(w, err);
}

int reembed(struct docfs *d, struct ingest_run *run, struct docfs_err *err)
{
    int rc = adopt_model(d, err);
    if (rc < 0)
        return rc;
    _cleanup_free_ struct waiting *w = calloc(1, sizeof(*w));
    _cleanup_free_ float *vectors =
        reallocarray(NULL, (size_t)BATCH * d->embedder->dim, sizeof(float));
    if (!w || !vectors)
        return err_oom(err);
    do {
        rc = embed_some(d, w, vectors, err);
        if (rc > 0 && run && run_progress(run, false) < 0)
            rc = err_set(err, -ECANCELED, "stopped while embedding; run it again to go on");
    } while (rc > 0);
    buf_fini(&w->text);
    return rc;
}

int docfs_reembed(struct docfs *d, docfs_progress_fn *progress, void *arg, struct docfs_err *err)
{
    if (d->read_only)
        return err_set(err, -EROFS, "the cache %s is opened read-only", d->path);
    struct docfs_report report = {0};
    struct ingest_run run = {.d = d,
                             .fn = progress,
                             .arg = arg,
                             .report = &report,
                             .started_ns = clock_mono_ns(),
                             .progress = {.phase = INGEST_INDEX, .source = ""}};
    int rc = reembed(d, &run, err);
    bool rebuilt;
    return rc < 0 ? rc : search_rebuild_index(d, false, &rebuilt, err);
}
