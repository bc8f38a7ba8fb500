/* SPDX-License-Identifier: MIT
 * Servers are peers: what they answer is checked value by value. */
#include "core/embed/remote_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/util/base64.h"

const char *remote_embed_path(enum remote_kind kind)
{
    return kind == REMOTE_OLLAMA ? "/api/embed" : kind == REMOTE_TEI ? "/embed" : "/v1/embeddings";
}

static json_t *text_list(const char *const *texts, const size_t *lens, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, json_stringn(texts[i], lens[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static char *dump(json_t *j)
{
    char *s = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return s;
}

char *remote_embed_body(enum remote_kind kind, const char *model, const char *const *texts,
                        const size_t *lens, size_t n)
{
    json_t *list = text_list(texts, lens, n);
    if (!list)
        return NULL;
    if (kind == REMOTE_OLLAMA)
        return dump(json_pack("{s:s, s:o, s:b}", "model", model, "input", list, "truncate", 1));
    if (kind == REMOTE_TEI)
        return dump(json_pack("{s:o, s:b, s:b}", "inputs", list, "truncate", 1, "normalize", 1));
    return dump(
        json_pack("{s:s, s:o, s:s}", "model", model, "input", list, "encoding_format", "float"));
}

char *remote_rerank_body(enum remote_kind kind, const char *model, const char *query,
                         const char *const *texts, const size_t *lens, size_t n)
{
    json_t *list = text_list(texts, lens, n);
    if (!list)
        return NULL;
    if (kind == REMOTE_TEI)
        return dump(json_pack("{s:s, s:o, s:b}", "query", query, "texts", list, "truncate", 1));
    return dump(json_pack("{s:s, s:s, s:o}", "model", model, "query", query, "documents", list));
}

json_t *remote_json(const struct buf *body)
{
    return json_loadb(body->data ? body->data : "", body->len, JSON_DECODE_ANY, NULL);
}

/* ---- vectors ---- */

static int bad(struct docfs_err *err, const char *what)
{
    return err_set(err, -EBADMSG, "the embedding server's answer is of no use: %s", what);
}

/* Values of one vector: a list of numbers, a list with such a list in it, or base64 of floats. */
static int read_values(json_t *v, float **ret, size_t *ret_n, struct docfs_err *err)
{
    if (json_array_size(v) == 1 && json_is_array(json_array_get(v, 0)))
        v = json_array_get(v, 0);
    size_t n = json_array_size(v), bytes = 0;
    if (json_is_string(v)) {
        n = json_string_length(v);
        float *f = n > 8 * DIM_MAX ? NULL : malloc(n / 4 * 3 + 4);
        if (!f)
            return bad(err, "a vector is too long");
        if (base64_decode(json_string_value(v), n, f, &bytes) < 0 || bytes % 4) {
            free(f);
            return bad(err, "a vector is no base64");
        }
        *ret = f;
        *ret_n = bytes / 4;
        return 0;
    }
    if (!json_is_array(v) || n > DIM_MAX)
        return bad(err, "a vector is missing or too long");
    float *f = calloc(n + 1, sizeof(*f));
    if (!f)
        return err_oom(err);
    for (size_t i = 0; i < n; i++) {
        json_t *x = json_array_get(v, i);
        f[i] = json_is_number(x) ? (float)json_number_value(x) : NAN;
    }
    *ret = f;
    *ret_n = n;
    return 0;
}

static int take(json_t *v, bool cut, unsigned *dim, float *out, struct docfs_err *err)
{
    _cleanup_free_ float *f = NULL;
    size_t n = 0;
    int rc = read_values(v, &f, &n, err);
    if (rc < 0)
        return rc;
    if (!n)
        return bad(err, "an empty vector");
    if (!*dim)
        *dim = (unsigned)n;
    if (n != *dim && !(cut && n > *dim))
        return err_set(err, -EPROTO,
                       "the embedding server gave a vector of %zu numbers where %u were expected: "
                       "another model answers than the one the cache was made with; run docfs "
                       "reembed",
                       n, *dim);
    double sum = 0;
    for (unsigned i = 0; i < *dim; i++) {
        if (!isfinite(f[i]))
            return bad(err, "a vector holds a value that is no number");
        sum += (double)f[i] * (double)f[i];
    }
    for (unsigned i = 0; out && i < *dim; i++)
        out[i] = sum > 0 ? (float)((double)f[i] / sqrt(sum)) : 0;
    return 0;
}

int remote_vectors(const char *body, size_t len, size_t n, bool cut, unsigned *dim, float *out,
                   struct docfs_err *err)
{
    json_t *root = json_loadb(body, len, 0, NULL), *list = root, *one;
    size_t i;
    int rc = 0;
    if (json_is_object(root))
        list = json_object_get(root, json_object_get(root, "data") ? "data" : "embeddings");
    if (!root)
        rc = bad(err, "it is no JSON, or was cut off");
    else if (!json_is_array(list) || json_array_size(list) != n)
        rc = bad(err, "not one vector for each text");
    _cleanup_free_ bool *seen = calloc(n + 1, sizeof(*seen));
    if (rc == 0 && !seen)
        rc = err_oom(err);
    json_array_foreach(list, i, one)
    {
        if (rc < 0)
            break;
        json_t *index = json_object_get(one, "index");
        json_int_t at = json_is_integer(index) ? json_integer_value(index) : (json_int_t)i;
        if (at < 0 || (size_t)at >= n || seen[at])
            rc = bad(err, "a vector belongs to no text");
        else
            rc = take(json_is_object(one) ? json_object_get(one, "embedding") : one, cut, dim,
                      out ? out + (size_t)at * *dim : NULL, err);
        if (rc == 0)
            seen[at] = true;
    }
    json_decref(root);
    return rc;
}

/* ---- reranking, errors ---- */

int remote_scores(const char *body, size_t len, size_t n, double *out, struct docfs_err *err)
{
    json_t *root = json_loadb(body, len, 0, NULL), *list = root, *one;
    size_t i, got = 0;
    int rc = 0;
    if (json_is_object(root))
        list = json_object_get(root, json_object_get(root, "results") ? "results" : "data");
    for (i = 0; i < n; i++)
        out[i] = NAN;
    json_array_foreach(list, i, one)
    {
        json_int_t at = json_integer_value(json_object_get(one, "index"));
        json_t *score = json_object_get(one, "relevance_score");
        if (!score)
            score = json_object_get(one, "score");
        if (at < 0 || (size_t)at >= n || !json_is_number(score) ||
            !isfinite(json_number_value(score)) || !isnan(out[at]))
            rc = -EBADMSG;
        else
            out[at] = json_number_value(score);
        got++;
    }
    json_decref(root);
    if (rc < 0 || got != n)
        return err_set(err, -EBADMSG,
                       "the rerank server's answer is of no use: not one score for "
                       "each text");
    return 0;
}

void remote_message(const char *body, size_t len, char *ret, size_t size)
{
    json_t *root = json_loadb(body, len, 0, NULL);
    json_t *e = json_object_get(root, "error");
    const char *s = json_string_value(e);
    if (!s)
        s = json_string_value(json_object_get(e, "message"));
    if (!s)
        s = json_string_value(json_object_get(root, "message"));
    if (!s)
        s = json_string_value(json_object_get(root, "detail"));
    snprintf(ret, size, "%s", s ? s : "");
    json_decref(root);
}
