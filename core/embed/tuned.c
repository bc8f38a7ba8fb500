/* SPDX-License-Identifier: MIT
 * Factors as the cache keeps them: "DFTN", a version, a checksum of the model they belong to, how
 * many, then (row, factor of questions, factor of passages) each; little endian. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/embed/tune.h"
#include "core/embed/tune_internal.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define VERSION 1
#define FACTOR_MAX 8.0f
#define LEAST 0.002f /* a smaller logarithm is not kept */

/* As in static.c: one version of each loop per kind of processor. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define EACH_PROCESSOR                                                           \
    __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), \
                   optimize("O3", "associative-math", "no-signed-zeros", "no-trapping-math")))
#else
#define EACH_PROCESSOR
#endif

EACH_PROCESSOR void tune_add(float *restrict v, const int8_t *restrict row, float w, size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        v[i] += w * (float)row[i];
}

EACH_PROCESSOR void tune_axpy(float *restrict v, const float *restrict x, float w, size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        v[i] += w * x[i];
}

EACH_PROCESSOR float tune_dot(const float *v, const int8_t *row, size_t dim)
{
    float sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += v[i] * (float)row[i];
    return sum;
}

EACH_PROCESSOR float tune_cosine(const float *a, const float *b, size_t dim)
{
    float sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += a[i] * b[i];
    return sum;
}

struct head {
    char magic[4];
    uint32_t version;
    uint64_t model;
    uint32_t n, reserved;
};
struct entry {
    uint32_t row;
    float factor[2];
};

static uint64_t model_sum(const struct static_model *m)
{
    return m->head->row_sum ^ m->head->table_sum;
}

int tuning_write(const struct static_model *m, float *const log[2], float scale, struct buf *out)
{
    struct head h = {.magic = "DFTN", .version = VERSION, .model = model_sum(m)};
    size_t at = out->len, rows = (size_t)m->head->words + m->head->buckets;
    buf_add(out, &h, sizeof(h));
    for (size_t i = 0; i < rows; i++) {
        if (fabsf(log[0][i]) < LEAST && fabsf(log[1][i]) < LEAST)
            continue;
        struct entry e = {(uint32_t)i, {expf(scale * log[0][i]), expf(scale * log[1][i])}};
        buf_add(out, &e, sizeof(e));
        h.n++;
    }
    if (buf_status(out) < 0)
        return -ENOMEM;
    memcpy(out->data + at, &h, sizeof(h));
    return 0;
}

void tuning_name(const void *factors, size_t len, char ret[9])
{
    unsigned char sum[SHA256_LEN];
    sha256(factors, len, sum);
    hex_encode(sum, 4, ret);
}

static int apply(const struct static_model *m, const void *factors, size_t len, float *query,
                 float *passage, struct docfs_err *err)
{
    struct head h;
    size_t rows = (size_t)m->head->words + m->head->buckets;
    const char *p = factors;
    if (len >= sizeof(h))
        memcpy(&h, p, sizeof(h));
    if (len < sizeof(h) || memcmp(h.magic, "DFTN", 4) != 0 || h.version != VERSION ||
        (len - sizeof(h)) / sizeof(struct entry) != h.n || (len - sizeof(h)) % sizeof(struct entry))
        return err_set(err, -EBADMSG,
                       "the adaptation of the model in the cache is damaged: docfs "
                       "tune --undo drops it");
    if (h.model != model_sum(m))
        return err_set(err, -ESTALE,
                       "the adaptation in the cache belongs to another model than "
                       "the one installed: docfs tune makes a new one");
    p += sizeof(h);
    for (uint32_t i = 0; i < h.n; i++, p += sizeof(struct entry)) {
        struct entry e;
        memcpy(&e, p, sizeof(e));
        for (size_t k = 0; k < 2; k++)
            if (e.row >= rows || !(e.factor[k] > 1 / FACTOR_MAX && e.factor[k] < FACTOR_MAX))
                return err_set(err, -EBADMSG,
                               "the adaptation of the model in the cache is "
                               "damaged: docfs tune --undo drops it");
        query[e.row] *= e.factor[0];
        passage[e.row] *= e.factor[1];
    }
    return 0;
}

int embed_tuned_new(const void *factors, size_t len, struct embedder **ret, struct docfs_err *err)
{
    char path[4096], name[9];
    int rc = embed_model_path(path, sizeof(path));
    if (rc < 0 || strcmp(path, "none") == 0)
        return err_set(err, -ESTALE,
                       "the vectors are of an adapted model, and no trained model is "
                       "installed: docfs tune --undo goes back");
    struct static_model m;
    rc = static_open(path, &m, err);
    if (rc < 0)
        return rc;
    size_t rows = (size_t)m.head->words + m.head->buckets;
    _cleanup_free_ float *both = reallocarray(NULL, 2 * rows, sizeof(*both));
    if (both) {
        memcpy(both, m.query, rows * sizeof(*both));
        memcpy(both + rows, m.passage, rows * sizeof(*both));
        rc = apply(&m, factors, len, both, both + rows, err);
    } else {
        rc = err_oom(err);
    }
    if (rc < 0) {
        static_close(&m);
        return rc;
    }
    tuning_name(factors, len, name);
    return embed_static_with(&m, name, steal_ptr(both), ret, err);
}
