/* SPDX-License-Identifier: MIT
 * One file, or one address, as clean markdown, without keeping it: for uploads. The rules of
 * core/docfs.h hold; the input may be anything, sizes and times are bounded. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

struct docfs;

struct docfs_page {
    char *title, *markdown;
    size_t len; /* of markdown */
    char *url;  /* where it was read in the end; "" for a file */
    char *lang; /* BCP 47 tag, or "" */
};
DOCFS_API void docfs_page_fini(struct docfs_page *p); /* also on {0} */

/* name: of the file, a hint for the format. Parts of one file become one page. -EINVAL: malformed,
 * -EFBIG, -ENOTSUP: nothing to read in it. */
DOCFS_API int docfs_convert(struct docfs *d, const char *name, const char *data, size_t len,
                            struct docfs_page *ret, struct docfs_err *err);

/* Fetches one page. Only http and https; addresses of private networks are refused (-EPERM), also
 * behind names and redirects. headers: "Name: value", NULL-terminated, or NULL. Codes: see
 * docfs_convert; -ENOENT no such host or page, -EACCES, -ETIMEDOUT, -EIO. */
DOCFS_API int docfs_fetch(struct docfs *d, const char *url, const char *const *headers,
                          struct docfs_page *ret, struct docfs_err *err);
