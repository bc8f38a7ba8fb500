/* SPDX-License-Identifier: MIT
 * "Did you mean": the known word nearest to a mistyped one. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

struct suggest {
    const char *word;
    const char *best;
    unsigned distance;
};

static inline struct suggest suggest_start(const char *word)
{
    return (struct suggest){.word = word};
}

/* Offers one candidate, which must outlive s. */
DOCFS_API void suggest_offer(struct suggest *s, const char *candidate);

/* Offers NAME@VERSION, of which people often write NAME only. */
DOCFS_API void suggest_offer_versioned(struct suggest *s, const char *candidate);

/* The nearest candidate when it is near enough to be meant, else NULL. */
DOCFS_API const char *suggest_best(const struct suggest *s);
