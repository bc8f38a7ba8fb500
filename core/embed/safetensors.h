/* SPDX-License-Identifier: MIT
 * Tensors of a safetensors file. The bytes stay the caller's; nothing is copied. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

enum tensor_type {
    TENSOR_F64,
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_I32,
    TENSOR_U32,
    TENSOR_I64,
    TENSOR_OTHER, /* valid, but nothing here reads it */
};

struct tensor {
    enum tensor_type type;
    size_t dims, dim[4];
    const unsigned char *data; /* little endian, row by row, unaligned */
    size_t len;                /* bytes */
};

/* The tensor called name in the file data[0..len). -ENOENT without it, -EINVAL when the header is
 * malformed or the tensor does not lie within the file as its shape says. file is the name in
 * messages. */
int safetensors_find(const void *data, size_t len, const char *file, const char *name,
                     struct tensor *ret, struct docfs_err *err);
/* Value i of a tensor, i < number of values. */
double tensor_at(const struct tensor *t, size_t i);
/* Reads n values from index `at` on, which must be inside. */
void tensor_read(const struct tensor *t, size_t at, size_t n, float *out);
