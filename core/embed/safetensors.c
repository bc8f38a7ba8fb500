/* SPDX-License-Identifier: MIT
 * Layout: length of the header (8 bytes, little endian), the header as JSON {name: {dtype, shape,
 * data_offsets}}, the data. */
#include "core/embed/safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#define HEADER_MAX (16u << 20)

static const struct {
    const char *name;
    enum tensor_type type;
    size_t bytes;
} types[] = {
    {"F64", TENSOR_F64, 8},    {"F32", TENSOR_F32, 4},   {"F16", TENSOR_F16, 2},
    {"BF16", TENSOR_BF16, 2},  {"I8", TENSOR_I8, 1},     {"U8", TENSOR_U8, 1},
    {"I32", TENSOR_I32, 4},    {"U32", TENSOR_U32, 4},   {"I64", TENSOR_I64, 8},
    {"U64", TENSOR_OTHER, 8},  {"I16", TENSOR_OTHER, 2}, {"U16", TENSOR_OTHER, 2},
    {"BOOL", TENSOR_OTHER, 1},
};

static uint64_t le(const unsigned char *p, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = bytes; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static int read_shape(json_t *shape, struct tensor *t, size_t *ret_values)
{
    json_t *one;
    size_t i, values = 1;
    if (!json_is_array(shape) || json_array_size(shape) > 4)
        return -EINVAL;
    t->dims = json_array_size(shape);
    json_array_foreach(shape, i, one)
    {
        json_int_t n = json_integer_value(one);
        if (!json_is_integer(one) || n < 0 || __builtin_mul_overflow(values, (size_t)n, &values))
            return -EINVAL;
        t->dim[i] = (size_t)n;
    }
    *ret_values = values;
    return 0;
}

static int read_tensor(json_t *j, const unsigned char *data, size_t len, struct tensor *t)
{
    const char *type = json_string_value(json_object_get(j, "dtype"));
    json_t *offsets = json_object_get(j, "data_offsets");
    json_int_t from = json_integer_value(json_array_get(offsets, 0));
    json_int_t to = json_integer_value(json_array_get(offsets, 1));
    size_t k = 0, n = sizeof(types) / sizeof(*types), values, bytes;
    while (type && k < n && strcmp(types[k].name, type) != 0)
        k++;
    if (!type || k == n || json_array_size(offsets) != 2 || from < 0 || to < from ||
        (uint64_t)to > len || read_shape(json_object_get(j, "shape"), t, &values) < 0 ||
        __builtin_mul_overflow(values, types[k].bytes, &bytes) || bytes != (size_t)(to - from))
        return -EINVAL;
    t->type = types[k].type;
    t->data = data + from;
    t->len = bytes;
    return 0;
}

int safetensors_find(const void *data, size_t len, const char *file, const char *name,
                     struct tensor *ret, struct docfs_err *err)
{
    const unsigned char *p = data;
    uint64_t header = len >= 8 ? le(p, 8) : 0;
    if (len < 8 || header < 2 || header > HEADER_MAX || header > len - 8)
        return err_set(err, -EINVAL, "%s: no safetensors file (bad length of the header)", file);
    json_error_t why;
    json_t *j = json_loadb((const char *)p + 8, (size_t)header, JSON_ALLOW_NUL, &why);
    if (!json_is_object(j)) {
        json_decref(j);
        return err_set(err, -EINVAL, "%s: no safetensors file (bad header)", file);
    }
    json_t *one = json_object_get(j, name);
    struct tensor t = {0};
    int rc = one ? read_tensor(one, p + 8 + header, len - 8 - (size_t)header, &t) : -ENOENT;
    json_decref(j);
    if (rc == -EINVAL)
        return err_set(err, rc, "%s: tensor \"%s\" does not fit the file: it is cut off or damaged",
                       file, name);
    if (rc < 0)
        return err_set(err, rc, "%s: has no tensor \"%s\"", file, name);
    *ret = t;
    return 0;
}

static float half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, m = h & 1023, bits;
    if (exponent == 0) { /* zero or denormal: m * 2^-24 */
        float v = (float)m * 5.9604644775390625e-8f;
        return sign ? -v : v;
    }
    bits = exponent == 31 ? sign | 0x7f800000 | m << 13 : sign | (exponent + 112) << 23 | m << 13;
    float v;
    memcpy(&v, &bits, 4);
    return v;
}

double tensor_at(const struct tensor *t, size_t i)
{
    const unsigned char *p = t->data;
    uint32_t bits;
    float f;
    double d;
    switch (t->type) {
    case TENSOR_F64: {
        uint64_t v = le(p + 8 * i, 8);
        memcpy(&d, &v, 8);
        return d;
    }
    case TENSOR_F32:
        bits = (uint32_t)le(p + 4 * i, 4);
        memcpy(&f, &bits, 4);
        return f;
    case TENSOR_BF16:
        bits = (uint32_t)le(p + 2 * i, 2) << 16;
        memcpy(&f, &bits, 4);
        return f;
    case TENSOR_F16:
        return half((uint16_t)le(p + 2 * i, 2));
    case TENSOR_I8:
        return (int8_t)p[i];
    case TENSOR_U8:
        return p[i];
    case TENSOR_I32:
        return (int32_t)le(p + 4 * i, 4);
    case TENSOR_U32:
        return (double)le(p + 4 * i, 4);
    case TENSOR_I64:
        return (double)(int64_t)le(p + 8 * i, 8);
    default:
        return 0;
    }
}

void tensor_read(const struct tensor *t, size_t at, size_t n, float *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (t->type == TENSOR_F32) {
        memcpy(out, t->data + 4 * at, 4 * n);
        return;
    }
#endif
    if (t->type == TENSOR_I8) {
        for (size_t i = 0; i < n; i++)
            out[i] = (int8_t)t->data[at + i];
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (float)tensor_at(t, at + i);
}
