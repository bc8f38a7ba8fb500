/* SPDX-License-Identifier: MIT
 * What text says about its own encoding. charset_to_utf8() is in core/text/convert.h. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CHARSET_NAME_MAX 40

/* The encoding declared inside the first bytes: <meta charset>, an XML declaration, or a
 * "coding: NAME" cookie in the first two lines. False when there is none. */
bool charset_declared(const char *data, size_t len, char out[CHARSET_NAME_MAX + 1]);

/* False when the bytes are no text in any encoding: judged by control bytes. */
bool charset_is_text(const char *data, size_t len);
