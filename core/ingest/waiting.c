/* SPDX-License-Identifier: MIT
 * Gives a vector to every passage that waits for one: from what was kept of earlier answers, else
 * from the embedder, in batches. A text that the embedder cannot take keeps waiting; the others do
 * not wait with it. */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 256
#define REFUSED_MAX 16 /* in a row; then it is not the texts */

struct waiting {
    struct docfs *d;
    struct embedder *e;
    bool next;
    size_t n, code_len;
    int64_t passage[BATCH];
    struct buf text; /* all titles and bodies, one after the other */
    size_t title_at[BATCH], title_len[BATCH], body_at[BATCH], body_len[BATCH];
    unsigned char key[BATCH][VECTOR_KEY_LEN];
    bool have[BATCH], kept[BATCH]; /* a code; one that was kept already */
    int8_t *codes;                 /* BATCH * code_len */
    float *vectors;                /* BATCH * dim */
    struct embed_text todo[BATCH];
    size_t todo_at[BATCH], n_todo;
    size_t refused_in_a_row;
    struct embed_outcome *outcome;
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

/* The next passages after `after`; looks up what was kept of a costly embedder. */
static int gather(struct waiting *w, int64_t after, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    w->n = w->n_todo = 0;
    buf_clear(&w->text);
    int rc = store_read_begin(w->d->store, &r, err);
    if (rc == 0)
        rc = store_unembedded(r, w->next, after, BATCH, collect, w, err);
    if (rc < 0)
        return rc;
    if (buf_status(&w->text) < 0)
        return err_oom(err);
    for (size_t i = 0; i < w->n; i++) {
        w->have[i] = w->kept[i] = false;
        if (w->e->costly) {
            unsigned char sum[2 * SHA256_LEN], all[SHA256_LEN];
            const char *f = w->e->fingerprint;
            sha256(f, strlen(f), sum);
            sha256(w->text.data + w->title_at[i], w->title_len[i] + w->body_len[i],
                   sum + SHA256_LEN);
            sha256(sum, sizeof(sum), all);
            memcpy(w->key[i], all, VECTOR_KEY_LEN);
            rc = store_cached_vector(r, w->key[i], w->codes + i * w->code_len, w->code_len, err);
            if (rc < 0)
                return rc;
            w->have[i] = w->kept[i] = rc == 1;
        }
        if (w->have[i])
            continue;
        w->todo_at[w->n_todo] = i;
        w->todo[w->n_todo++] = (struct embed_text){.title = w->text.data + w->title_at[i],
                                                   .title_len = w->title_len[i],
                                                   .body = w->text.data + w->body_at[i],
                                                   .body_len = w->body_len[i]};
    }
    w->outcome->kept += w->n - w->n_todo;
    return 0;
}

static void encode(struct waiting *w, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) {
        size_t at = w->todo_at[i];
        vindex_encode(w->vectors + i * w->e->dim, w->e->dim, w->codes + at * w->code_len);
        w->have[at] = true;
    }
    w->outcome->embedded += n;
    w->refused_in_a_row = 0;
}

/* Embeds n of the texts; halves them until the one that is refused stands alone. */
static int embed(struct waiting *w, size_t first, size_t n, struct docfs_err *err)
{
    int rc = w->e->embed(w->e->ctx, EMBED_PASSAGE, w->todo + first, n,
                         w->vectors + first * w->e->dim, err);
    if (rc == 0)
        encode(w, first, n);
    if (rc != -EINVAL && rc != -EBADMSG)
        return rc;
    if (n == 1) {
        w->outcome->refused++;
        return ++w->refused_in_a_row > REFUSED_MAX ? rc : 0;
    }
    rc = embed(w, first, n / 2, err);
    return rc < 0 ? rc : embed(w, first + n / 2, n - n / 2, err);
}

/* Stores what is there. 0 when the cache has gone over to another model meanwhile. */
static int put(struct waiting *w, struct docfs_err *err)
{
    struct store_write *tx;
    bool same = false;
    int rc = store_write_begin(w->d->store, &tx, err);
    if (rc < 0)
        return rc;
    rc = store_vectors_of(tx, w->next, w->e->fingerprint, &same, err);
    for (size_t i = 0; i < w->n && rc == 0 && same; i++) {
        const int8_t *code = w->codes + i * w->code_len;
        if (!w->have[i])
            continue;
        rc = w->next ? store_put_next(tx, w->passage[i], code, w->code_len, err)
                     : store_put_vector(tx, w->passage[i], code, w->code_len, err);
        if (rc == 0 && w->e->costly && !w->kept[i])
            rc = store_cache_vector(tx, w->key[i], code, w->code_len, err);
    }
    if (rc < 0 || !same) {
        store_write_abort(tx);
        return rc;
    }
    rc = store_write_commit(tx, err);
    return rc < 0 ? rc : 1;
}

static int step(struct waiting *w, int64_t *after, struct docfs_err *err)
{
    int rc = gather(w, *after, err);
    if (rc < 0 || w->n == 0)
        return rc;
    *after = w->passage[w->n - 1];
    int failed = 0;
    struct docfs_err why = {0};
    for (size_t i = 0; i < w->n_todo && failed == 0; i += w->e->batch) {
        size_t n = w->n_todo - i < w->e->batch ? w->n_todo - i : w->e->batch;
        failed = embed(w, i, n, &why);
    }
    if (failed == -ENOMEM)
        return err_oom(err);
    rc = put(w, err); /* what came before the failure is not lost */
    if (rc > 0 && failed < 0) {
        w->outcome->failed = failed;
        w->outcome->why = why;
        return 0;
    }
    if (w->outcome->refused && !w->outcome->why.code)
        w->outcome->why = why;
    return rc;
}

int embed_waiting(struct docfs *d, struct embedder *e, bool next, struct ingest_run *run,
                  struct embed_outcome *ret, struct docfs_err *err)
{
    *ret = (struct embed_outcome){0};
    _cleanup_free_ struct waiting *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    *w = (struct waiting){
        .d = d, .e = e, .next = next, .code_len = vindex_code_size(e->dim), .outcome = ret};
    _cleanup_free_ int8_t *codes = w->codes = calloc(BATCH, w->code_len);
    _cleanup_free_ float *vectors = w->vectors = reallocarray(NULL, BATCH, e->dim * sizeof(float));
    if (!codes || !vectors)
        return err_oom(err);
    int64_t after = 0;
    int rc;
    do {
        rc = step(w, &after, err);
        if (run && rc >= 0) {
            run->progress.embedded = ret->embedded + ret->kept;
            if (run_progress(run, false) < 0)
                rc = err_set(err, -ECANCELED, "stopped while embedding; run it again to go on");
        }
    } while (rc > 0);
    buf_fini(&w->text);
    return rc;
}
