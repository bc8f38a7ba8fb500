/* SPDX-License-Identifier: MIT
 * Base64 of RFC 4648, standard alphabet. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

/* Bytes that base64_encode writes, without the NUL that it adds. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
DOCFS_API void base64_encode(const void *data, size_t len, char *out);
/* out holds len / 4 * 3 + 3 bytes. White space is skipped, padding may be missing. 0, or -EINVAL
 * for anything else. */
DOCFS_API int base64_decode(const char *text, size_t len, void *out, size_t *ret_len);
