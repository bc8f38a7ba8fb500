/* SPDX-License-Identifier: MIT
 * Orders for qsort() and bsearch(). */
#pragma once
#include <string.h>

/* Of arrays of strings, bytewise. */
static inline int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}
