/* SPDX-License-Identifier: MIT */
#include "core/docfs_model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/internal.h"
#include "core/util/cleanup.h"

int docfs_model(struct docfs *d, struct docfs_model *ret, struct docfs_err *err)
{
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    int r = embedding_any(d, &e, err);
    if (r < 0)
        return r;
    snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s", e->fingerprint);
    /* "provider/model/dimension/normalisation" */
    size_t len = strcspn(e->fingerprint, "/");
    if (e->fingerprint[len])
        len += 1 + strcspn(e->fingerprint + len + 1, "/");
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, e->fingerprint);
    ret->dimension = e->dim;
    return 0;
}

int docfs_embed(struct docfs *d, bool question, const struct docfs_text *text, size_t n,
                unsigned dimension, float *out, struct docfs_err *err)
{
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    int rc = embedding_any(d, &e, err);
    if (rc < 0)
        return rc;
    if (dimension != e->dim)
        return err_set(err, -EINVAL, "the model gives %u numbers for a text, not %u", e->dim,
                       dimension);
    _cleanup_free_ struct embed_text *t = calloc(n ? n : 1, sizeof(*t));
    if (!t)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        t[i] = (struct embed_text){.title = "", .body = text[i].text, .body_len = text[i].len};
    for (size_t i = 0; i < n; i += e->batch) {
        size_t some = n - i < e->batch ? n - i : e->batch;
        int r = e->embed(e->ctx, question ? EMBED_QUERY : EMBED_PASSAGE, t + i, some,
                         out + i * e->dim, err);
        if (r < 0)
            return r;
    }
    return 0;
}
