/* SPDX-License-Identifier: MIT */
#include "core/util/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A message is printed on terminals and into logs: an escape sequence in a file name must not. */
static void scrub(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

int err_set(struct docfs_err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    scrub(err->text);
    err->code = code;
    return code;
}

int err_prefix(struct docfs_err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    char old[sizeof(err->text)];
    memcpy(old, err->text, sizeof(old));
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->text))
        snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", old);
    scrub(err->text);
    err->code = code;
    return code;
}

int err_oom(struct docfs_err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}
