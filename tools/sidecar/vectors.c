/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/vectors.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

bool vectors_model_is(const struct docfs_model *m, const char *name)
{
    size_t len = strlen(name);
    if (len > 7 && strcmp(name + len - 7, ":latest") == 0)
        len -= 7;
    return len == 0 || (strlen(m->name) == len && strncmp(m->name, name, len) == 0) ||
           (len == 5 && strncmp(name, "docfs", 5) == 0);
}

static bool collect(const json_t *input, struct docfs_text *text, struct vectors *v)
{
    size_t i;
    json_t *one;
    if (json_is_string(input))
        text[0] = (struct docfs_text){json_string_value(input), json_string_length(input)};
    json_array_foreach(input, i, one)
    {
        if (!json_is_string(one))
            return false;
        text[i] = (struct docfs_text){json_string_value(one), json_string_length(one)};
    }
    for (i = 0; i < v->n; i++)
        v->bytes += text[i].len;
    return true;
}

bool vectors_make(struct request *q, struct response *a, const json_t *input, const char *model,
                  refuse_fn *refuse, struct vectors *ret)
{
    struct docfs_err err = {0};
    char text[256];
    *ret = (struct vectors){.n = json_is_string(input) ? 1 : json_array_size(input)};
    if (docfs_model(q->d, &ret->model, &err) < 0) {
        refuse(q, a, 500, "server_error", err.text);
        return false;
    }
    if (!vectors_model_is(&ret->model, model)) {
        snprintf(text, sizeof(text), "there is no model '%.80s' here; this server has '%.100s'",
                 model, ret->model.name);
        refuse(q, a, 404, "model_not_found", text);
        return false;
    }
    if (!json_is_string(input) && !json_is_array(input)) {
        refuse(q, a, 400, "invalid_request_error", "input must be a string or an array of strings");
        return false;
    }
    if (ret->n > VECTORS_MAX) {
        snprintf(text, sizeof(text), "input may have %d texts, not %zu", VECTORS_MAX, ret->n);
        refuse(q, a, 400, "invalid_request_error", text);
        return false;
    }
    _cleanup_free_ struct docfs_text *list = calloc(ret->n + 1, sizeof(*list));
    ret->item = calloc(ret->n * ret->model.dimension + 1, sizeof(*ret->item));
    if (!list || !ret->item) {
        refuse(q, a, 500, "server_error", "out of memory");
        return false;
    }
    if (!collect(input, list, ret)) {
        refuse(q, a, 400, "invalid_request_error",
               "input must hold strings; token numbers of another model mean nothing here");
        return false;
    }
    if (docfs_embed(q->d, false, list, ret->n, ret->model.dimension, ret->item, &err) < 0) {
        refuse(q, a, 500, "server_error", err.text);
        return false;
    }
    return true;
}

json_t *vectors_json(const struct vectors *v, size_t i)
{
    json_t *list = json_array();
    for (size_t k = 0; list && k < v->model.dimension; k++)
        if (json_array_append_new(list, json_real((double)v->item[i * v->model.dimension + k])) <
            0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

json_t *vectors_base64(const struct vectors *v, size_t i)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = v->model.dimension * 4, n = 0;
    _cleanup_free_ unsigned char *raw = malloc(len + 3);
    _cleanup_free_ char *out = malloc((len + 2) / 3 * 4 + 1);
    if (!raw || !out)
        return NULL;
    for (size_t k = 0; k < v->model.dimension; k++) {
        uint32_t bits;
        memcpy(&bits, &v->item[i * v->model.dimension + k], 4);
        bits = htole32(bits);
        memcpy(raw + k * 4, &bits, 4);
    }
    memset(raw + len, 0, 3);
    for (size_t k = 0; k < len; k += 3) {
        unsigned w = (unsigned)raw[k] << 16 | (unsigned)raw[k + 1] << 8 | raw[k + 2];
        out[n++] = digits[w >> 18];
        out[n++] = digits[w >> 12 & 63];
        out[n++] = k + 1 < len ? digits[w >> 6 & 63] : '=';
        out[n++] = k + 2 < len ? digits[w & 63] : '=';
    }
    return json_stringn(out, n);
}
