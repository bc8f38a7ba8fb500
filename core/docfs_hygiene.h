/* SPDX-License-Identifier: MIT
 * Documents that are more than documentation: they address the program that reads them, hide
 * something or hold a secret. They are kept and served as they are; whoever shows one shows its
 * signs. Included by docfs.h. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;

#define DOCFS_SIGNS 5 /* bits 0 to 4 of a set of signs */
/* Name of one sign, bit = 1 << i: "agent" (tells a language model what to do), "hidden" (the same,
 * out of a person's sight), "invisible" (zero-width or tag characters), "bidi" (direction of
 * writing overridden), "secret" (keys and tokens). */
DOCFS_API const char *docfs_sign_name(unsigned bit);

struct docfs_flagged_document {
    const char *collection, *path;
    const char
        *findings; /* lines "sign TAB line TAB what"; line 0: not in the text that is shown */
    unsigned signs;
};
struct docfs_flagged {
    struct docfs_flagged_document *item; /* ordered by collection and path */
    size_t n;
};
/* Documents with signs, all collections when NULL; at most max. */
DOCFS_API int docfs_flagged(struct docfs *d, const char *collection, size_t max,
                            struct docfs_flagged **ret, struct docfs_err *err);
DOCFS_API void docfs_flagged_free(struct docfs_flagged *f); /* NULL allowed */
DEFINE_CLEANUP(struct docfs_flagged, docfs_flagged_free)
