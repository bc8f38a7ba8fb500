/* SPDX-License-Identifier: MIT
 * Scope-bound release of locals: `_cleanup_(x_freep)` runs x_freep(&local) at scope exit. Public
 * headers need no more than this, and give their users no more. */
#pragma once

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Defines namep(T **p) that calls fn(*p) when *p is not NULL. */
#define DEFINE_CLEANUP(T, fn)       \
    static inline void fn##p(T **p) \
    {                               \
        if (*p)                     \
            fn(*p);                 \
    }
