/* SPDX-License-Identifier: MIT
 * Scope-bound release of locals. `_cleanup_(x_freep)` runs x_freep(&local) at scope exit. */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Defines namep(T **p) that calls fn(*p) when *p is not NULL. */
#define DEFINE_CLEANUP(T, fn)       \
    static inline void fn##p(T **p) \
    {                               \
        if (*p)                     \
            fn(*p);                 \
    }

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
