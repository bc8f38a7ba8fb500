/* SPDX-License-Identifier: MIT */
#include "core/embed/remote_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/util/utf8.h"

#define TEXTS_MAX 256

struct reranker {
    atomic_uint more; /* references beside the first */
    struct caller *caller;
    enum remote_kind kind;
    char *model;
    size_t text_max;
};

int reranker_new(const struct remote_options *opt, struct reranker **ret, struct docfs_err *err)
{
    struct reranker *r = calloc(1, sizeof(*r));
    int rc = r ? caller_new(opt, &r->caller, err) : err_oom(err);
    if (rc == 0) {
        r->kind = opt->kind;
        r->text_max = opt->text_max;
        r->model = strdup(opt->model);
        rc = r->model ? 0 : err_oom(err);
    }
    if (rc < 0) {
        reranker_free(r);
        return rc;
    }
    *ret = r;
    return 0;
}

void reranker_free(struct reranker *r)
{
    if (!r || atomic_fetch_sub(&r->more, 1) > 0)
        return;
    caller_free(r->caller);
    free(r->model);
    free(r);
}

struct reranker *reranker_ref(struct reranker *r)
{
    atomic_fetch_add(&r->more, 1);
    return r;
}

/* Some servers give logits: then all are mapped into 0..1, keeping their order. */
static void to_range(double *score, size_t n)
{
    bool outside = false;
    for (size_t i = 0; i < n; i++)
        outside = outside || score[i] < 0 || score[i] > 1;
    for (size_t i = 0; outside && i < n; i++)
        score[i] = 1 / (1 + exp(-score[i]));
}

int reranker_score(struct reranker *r, const char *query, const struct embed_text *texts, size_t n,
                   double *out, struct docfs_err *err)
{
    _cleanup_buf_ struct buf all = {0};
    const char *text[TEXTS_MAX];
    size_t at[TEXTS_MAX], len[TEXTS_MAX];
    if (n > TEXTS_MAX)
        return err_set(err, -EINVAL, "more than %d texts to rerank", TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        at[i] = all.len;
        buf_add(&all, texts[i].title, texts[i].title_len);
        if (texts[i].title_len)
            buf_addc(&all, '\n');
        buf_add(&all, texts[i].body, texts[i].body_len);
        len[i] = all.len - at[i];
        if (buf_status(&all) == 0 && len[i] > r->text_max)
            len[i] = utf8_cut(all.data + at[i], len[i], r->text_max);
    }
    if (buf_status(&all) < 0)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        text[i] = all.data ? all.data + at[i] : "";
    _cleanup_response_ struct http_response resp = {0};
    _cleanup_free_ char *body = remote_rerank_body(r->kind, r->model, query, text, len, n);
    if (!body)
        return err_oom(err);
    const char *path = r->kind == REMOTE_TEI ? "/rerank" : "/v1/rerank";
    int rc = caller_do(r->caller, CALL_QUESTION, path, body, &resp, err);
    if (rc == 0)
        rc = remote_scores(resp.body.data ? resp.body.data : "", resp.body.len, n, out, err);
    if (rc == 0)
        to_range(out, n);
    return rc;
}
