/* SPDX-License-Identifier: MIT
 * Safe file names and short document ids. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

#define SLUG_MAX 80
#define DOC_ID_LEN 8 /* lower-case base32 (RFC 4648 alphabet a-z2-7), at least one letter */

/* Slug of a title: letters, digits and ".-_+" kept (letters in their case-folded form), runs of
 * anything else become one '-', at most SLUG_MAX bytes cut at a code point; never begins with '-'
 * or '.', never empty ("untitled"). out holds SLUG_MAX + 1 bytes. */
DOCFS_API void name_slug(const char *title, size_t len, char out[SLUG_MAX + 1]);

/* Short public id of a document, a keyed permutation of its row number: unique, stable, not all
 * digits. Rows up to 2^39. */
DOCFS_API void name_doc_id(int64_t document, char out[DOC_ID_LEN + 1]);
/* The row number, or 0 when s[0..len) is no id. Upper case is accepted. */
DOCFS_API int64_t name_doc_row(const char *s, size_t len);

/* Glob match of a whole path: '*' and '?' stop at '/', '**' does not, [...] classes, '\' escapes.
 * A pattern without '/' matches the last component. Bounded time for any input. */
DOCFS_API bool name_glob(const char *pattern, const char *path);
