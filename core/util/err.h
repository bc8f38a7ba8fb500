/* SPDX-License-Identifier: MIT
 * Error text that travels with a -errno return code. Caller-owned, no allocation, NULL allowed. */
#pragma once
#include <stdarg.h>

/* Visible in the installed library; everything else is hidden. */
#define DOCFS_API __attribute__((visibility("default")))

struct docfs_err {
    int code;       /* 0, or the negative errno that the failing call returned */
    char text[512]; /* one line, no newline; names the file or option and the way out */
};

/* Formats the message into err (may be NULL) and returns code, so that a failing
 * function can end in `return err_set(err, -EIO, "...")`. Control bytes in the
 * formatted text are replaced by '?', because file names are hostile. */
DOCFS_API int err_set(struct docfs_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before an existing message; returns code. */
DOCFS_API int err_prefix(struct docfs_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The standard text for exhausted memory; returns -ENOMEM. */
DOCFS_API int err_oom(struct docfs_err *err);
