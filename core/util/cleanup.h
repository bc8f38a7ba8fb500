/* SPDX-License-Identifier: MIT
 * Release of memory, descriptors and streams at scope exit (scope.h), and handing them over. */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/util/scope.h"

static inline void freep(void *p)
{
    free(*(void **)p);
}

/* Closes *fd when >= 0; errno is kept. */
static inline void closep(int *fd)
{
    if (*fd >= 0) {
        int e = errno;
        close(*fd);
        errno = e;
    }
}

static inline void fclosep(FILE **f)
{
    if (*f)
        fclose(*f);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

/* Hands a pointer over: returns it and clears the local, so cleanup does nothing. */
#define steal_ptr(p)               \
    ({                             \
        __typeof__(p) *_pp = &(p); \
        __typeof__(p) _v = *_pp;   \
        *_pp = NULL;               \
        _v;                        \
    })
static inline int steal_fd(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}
