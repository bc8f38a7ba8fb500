/* SPDX-License-Identifier: MIT
 * Growable byte buffer. Always NUL-terminated once something was appended. Out of memory is
 * sticky: further appends do nothing and buf_status() tells once, at the end, so that converters
 * stay readable. A zero-initialised struct is an empty buffer. Not thread-safe. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/cleanup.h"
#include "core/util/err.h"

struct buf {
    char *data; /* owned; NULL while empty */
    size_t len;
    size_t cap;
    size_t limit; /* bytes; 0 = none. An append past it sets full and is dropped */
    bool oom;
    bool full;
};

DOCFS_API void buf_fini(struct buf *b);
DOCFS_API void buf_clear(struct buf *b); /* length 0, memory kept */
DOCFS_API bool buf_reserve(struct buf *b, size_t extra);
DOCFS_API void buf_add(struct buf *b, const void *data, size_t len);
DOCFS_API void buf_addc(struct buf *b, char c);
DOCFS_API void buf_adds(struct buf *b, const char *s);
DOCFS_API void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
DOCFS_API void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* Appends a Unicode code point as UTF-8 (U+FFFD when it is none). */
DOCFS_API void buf_addcp(struct buf *b, uint32_t cp);
/* Shortens to len when longer. */
DOCFS_API void buf_truncate(struct buf *b, size_t len);
/* Removes trailing bytes that are in set. */
DOCFS_API void buf_rtrim(struct buf *b, const char *set);
/* Takes the data (never NULL unless oom; "" when empty) and resets the buffer. */
DOCFS_API char *buf_steal(struct buf *b, size_t *ret_len);
/* Reads a whole open file, at most max bytes (-EFBIG beyond). Returns 0 or -errno. */
DOCFS_API int buf_read_fd(struct buf *b, int fd, size_t max);

/* 0, -ENOMEM or, when the limit was hit, -EFBIG. */
DOCFS_API int buf_status(const struct buf *b);
/* The text in it, NUL-terminated; never NULL. Borrowed until the buffer changes. */
static inline const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}
static inline char buf_last(const struct buf *b)
{
    return b->len ? b->data[b->len - 1] : '\0';
}
#define _cleanup_buf_ _cleanup_(buf_fini)
