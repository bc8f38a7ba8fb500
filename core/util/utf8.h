/* SPDX-License-Identifier: MIT
 * UTF-8 helpers over libutf8proc. Pure and thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

/* True when data is well-formed UTF-8 (NUL bytes allowed). */
DOCFS_API bool utf8_valid(const char *data, size_t len);
/* Decodes one code point at s (len > 0). Returns the bytes taken (>= 1); *ret_cp is U+FFFD for a
 * malformed byte, of which one is taken. */
DOCFS_API size_t utf8_decode(const char *s, size_t len, uint32_t *ret_cp);
/* Columns of a screen that a code point takes: 2 for wide ones of East Asia, 0 for what joins the
 * character before it, else 1. */
DOCFS_API unsigned utf8_width(uint32_t cp);
/* Largest n <= max that does not cut a code point of s[0..len). */
DOCFS_API size_t utf8_cut(const char *s, size_t len, size_t max);
/* New NUL-terminated NFC copy, or NULL when s is not UTF-8 or memory is out. Caller frees. */
DOCFS_API char *utf8_nfc(const char *s, size_t len);
/* The text in small letters, letter by letter, accents kept; cut to size - 1 bytes. */
DOCFS_API void utf8_lower(const char *s, size_t len, char *out, size_t size);
