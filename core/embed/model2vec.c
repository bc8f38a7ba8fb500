/* SPDX-License-Identifier: MIT */
#include "core/embed/model2vec.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/embed/safetensors.h"
#include "core/embed/tokenizer.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define BATCH 64
#define DIM_MAX 4096
#define SAMPLE 4096 /* bytes of the tensors that go into the fingerprint, and how often */
#define SAMPLES 256

struct static_model {
    struct tokenizer *tokenizer;
    void *map;
    size_t map_len;
    struct tensor rows, weights, mapping; /* the latter two with len 0 when there are none */
    unsigned dim;
    int64_t unknown;
    char fingerprint[96];
};

static void static_free(void *ctx)
{
    struct static_model *m = ctx;
    if (!m)
        return;
    tokenizer_free(m->tokenizer);
    if (m->map)
        munmap(m->map, m->map_len);
    free(m);
}

/* ---- embedding ---- */

static void add_token(const struct static_model *m, uint32_t id, float *row, float *sum)
{
    size_t at = id;
    if (m->mapping.len)
        at = (size_t)tensor_at(&m->mapping, id);
    float weight = m->weights.len ? (float)tensor_at(&m->weights, id) : 1;
    tensor_read(&m->rows, at * m->rows.dim[1], m->dim, row);
    for (unsigned i = 0; i < m->dim; i++)
        sum[i] += weight * row[i];
}

/* The mean and the sum have the same direction, which is all that is kept. */
static void to_unit(float *v, unsigned dim)
{
    double sum = 0;
    for (unsigned i = 0; i < dim; i++)
        sum += (double)v[i] * (double)v[i];
    float scale = sum > 0 && isfinite(sum) ? (float)(1 / sqrt(sum)) : 0;
    for (unsigned i = 0; i < dim; i++)
        v[i] = scale > 0 ? v[i] * scale : 0;
}

static int static_embed(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                        float *out, struct docfs_err *err)
{
    const struct static_model *m = ctx;
    _cleanup_buf_ struct buf text = {0};
    struct token_ids ids = {0};
    _cleanup_free_ float *row = calloc(m->dim, sizeof(*row));
    int rc = row ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && rc == 0; i++) {
        float *v = out + i * m->dim;
        memset(v, 0, m->dim * sizeof(*v));
        buf_clear(&text);
        buf_add(&text, texts[i].title, texts[i].title_len);
        if (texts[i].title_len)
            buf_addc(&text, '\n');
        buf_add(&text, texts[i].body, texts[i].body_len);
        rc = buf_status(&text);
        if (rc == 0)
            rc = tokenizer_encode(m->tokenizer, text.data ? text.data : "", text.len, &ids);
        for (size_t k = 0; k < ids.n && rc == 0; k++)
            if (ids.id[k] != m->unknown)
                add_token(m, ids.id[k], row, v);
        to_unit(v, m->dim);
    }
    free(ids.id);
    return rc < 0 ? err_oom(err) : 0;
}

/* ---- loading ---- */

static int open_in(const char *directory, const char *file, char **ret_path, int *ret,
                   struct docfs_err *err)
{
    if (asprintf(ret_path, "%s/%s", directory, file) < 0) {
        *ret_path = NULL;
        return err_oom(err);
    }
    *ret = open(*ret_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (*ret >= 0 && fstat(*ret, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "%s is no regular file", *ret_path);
    return *ret < 0 ? err_set(err, -errno, "cannot open %s: %m", *ret_path) : 0;
}

/* Directory of the two files: the one given, or its part 0_StaticEmbedding. */
static int find_directory(const char *given, char **ret, struct docfs_err *err)
{
    static const char *const below[] = {"", "/0_StaticEmbedding"};
    for (size_t i = 0; i < 2; i++) {
        _cleanup_free_ char *model = NULL;
        if (asprintf(ret, "%s%s", given, below[i]) < 0) {
            *ret = NULL;
            return err_oom(err);
        }
        if (asprintf(&model, "%s/model.safetensors", *ret) < 0) {
            model = NULL;
            return err_oom(err);
        }
        if (access(model, F_OK) == 0)
            return 0;
        free(*ret);
        *ret = NULL;
    }
    return err_set(err, -ENOENT,
                   "%s holds no model: embed.model must name a directory with model.safetensors "
                   "and tokenizer.json",
                   given);
}

static int load_tokenizer(struct static_model *m, const char *directory, struct buf *json,
                          struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    int rc = open_in(directory, "tokenizer.json", &path, &fd, err);
    if (rc < 0)
        return rc;
    rc = buf_read_fd(json, fd, TOKENIZER_FILE_MAX);
    if (rc < 0)
        return err_set(err, rc, "cannot read %s: %s", path, strerror(-rc));
    rc = tokenizer_new(json->data ? json->data : "", json->len, path, &m->tokenizer, err);
    if (rc == 0)
        m->unknown = tokenizer_unknown(m->tokenizer);
    return rc;
}

/* An optional tensor with one value per token. */
static int find_list(const struct static_model *m, const char *file, const char *name,
                     struct tensor *ret, struct docfs_err *err)
{
    int rc = safetensors_find(m->map, m->map_len, file, name, ret, err);
    if (rc == -ENOENT) {
        *ret = (struct tensor){0};
        return 0;
    }
    if (rc == 0 &&
        (ret->dims != 1 || ret->dim[0] < tokenizer_size(m->tokenizer) || ret->type == TENSOR_OTHER))
        rc = err_set(err, -EINVAL, "%s: tensor \"%s\" is not one number per token", file, name);
    return rc;
}

static int check_mapping(const struct static_model *m, const char *file, struct docfs_err *err)
{
    size_t rows = m->rows.dim[0];
    if (!m->mapping.len)
        return rows < tokenizer_size(m->tokenizer)
                   ? err_set(err, -EINVAL, "%s: %zu rows for %zu tokens of tokenizer.json", file,
                             rows, tokenizer_size(m->tokenizer))
                   : 0;
    for (size_t i = 0; i < m->mapping.dim[0]; i++) {
        double to = tensor_at(&m->mapping, i);
        if (!(to >= 0 && to < (double)rows))
            return err_set(err, -EINVAL, "%s: \"mapping\" leads outside the rows", file);
    }
    return 0;
}

static int load_tensors(struct static_model *m, const char *directory, unsigned dim,
                        struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    struct stat st;
    int rc = open_in(directory, "model.safetensors", &path, &fd, err);
    if (rc < 0)
        return rc;
    if (fstat(fd, &st) < 0 || st.st_size < 8)
        return err_set(err, -EINVAL, "%s is empty", path);
    m->map_len = (size_t)st.st_size;
    m->map = mmap(NULL, m->map_len, PROT_READ, MAP_SHARED, fd, 0);
    if (m->map == MAP_FAILED) {
        m->map = NULL;
        return err_set(err, -errno, "cannot map %s: %m", path);
    }
    rc = safetensors_find(m->map, m->map_len, path, "embeddings", &m->rows, err);
    if (rc == -ENOENT)
        rc = safetensors_find(m->map, m->map_len, path, "embedding.weight", &m->rows, err);
    if (rc == -ENOENT)
        return err_set(err, -EINVAL,
                       "%s: no static model: it has neither \"embeddings\" nor "
                       "\"embedding.weight\"",
                       path);
    if (rc == 0)
        rc = find_list(m, path, "weights", &m->weights, err);
    if (rc == 0)
        rc = find_list(m, path, "mapping", &m->mapping, err);
    if (rc < 0)
        return rc;
    size_t columns = m->rows.dims == 2 ? m->rows.dim[1] : 0;
    if (!columns || columns > DIM_MAX || m->rows.type == TENSOR_OTHER)
        return err_set(err, -EINVAL, "%s: the embeddings are no table of 1 to %d numbers per token",
                       path, DIM_MAX);
    if (dim > columns)
        return err_set(err, -EINVAL, "embed.dimension is %u, but the model %s has only %zu", dim,
                       directory, columns);
    m->dim = dim ? dim : (unsigned)columns;
    return check_mapping(m, path, err);
}

/* A name for what the files hold. All of the tokenizer, samples of the tensors: those can be large,
 * and no training leaves most of them as they were. */
static void name_model(struct static_model *m, const struct buf *json)
{
    unsigned char part[3][SHA256_LEN], all[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    static const unsigned char none[SHA256_LEN];
    size_t step = m->map_len / SAMPLES > SAMPLE ? m->map_len / SAMPLES : SAMPLE;
    sha256(json->data ? json->data : "", json->len, part[0]);
    memcpy(part[1], none, sizeof(none));
    for (size_t at = 0; at < m->map_len; at += step) {
        size_t n = m->map_len - at < SAMPLE ? m->map_len - at : SAMPLE;
        sha256((char *)m->map + at, n, part[2]);
        sha256(part[1], 2 * SHA256_LEN, all);
        memcpy(part[1], all, SHA256_LEN);
    }
    memset(part[2], 0, SHA256_LEN);
    memcpy(part[2], &(uint64_t){m->map_len}, 8);
    sha256(part, sizeof(part), all);
    hex_encode(all, 8, hex);
    snprintf(m->fingerprint, sizeof(m->fingerprint), "static/%s/%u/l2", hex, m->dim);
}

int embed_model2vec_new(const char *directory, unsigned dim, struct embedder **ret,
                        struct docfs_err *err)
{
    _cleanup_free_ char *where = NULL;
    _cleanup_buf_ struct buf json = {0};
    _cleanup_free_ struct embedder *e = calloc(1, sizeof(*e));
    struct static_model *m = calloc(1, sizeof(*m));
    int rc = e && m ? find_directory(directory, &where, err) : err_oom(err);
    if (rc == 0)
        rc = load_tokenizer(m, where, &json, err);
    if (rc == 0)
        rc = load_tensors(m, where, dim, err);
    if (rc < 0) {
        static_free(m);
        return rc;
    }
    name_model(m, &json);
    *e = (struct embedder){.ctx = m,
                           .dim = m->dim,
                           .fingerprint = m->fingerprint,
                           .batch = BATCH,
                           .embed = static_embed,
                           .free = static_free};
    *ret = steal_ptr(e);
    return 0;
}
