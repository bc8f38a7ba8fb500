/* SPDX-License-Identifier: MIT
 * Signs that a text is not only documentation: it addresses the program that reads it, hides
 * something, or holds a secret. Nothing is removed or changed: the signs are shown to whoever
 * reads. Made for few false alarms on real documentation, so it is no filter to rely on alone.
 * Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum hygiene_sign {
    HYGIENE_AGENT = 1,     /* tells a language model what to do ("ignore previous instructions") */
    HYGIENE_HIDDEN = 2,    /* ... in a place that a person does not see */
    HYGIENE_INVISIBLE = 4, /* zero-width characters inside words, tag characters */
    HYGIENE_BIDI = 8,      /* overrides of the writing direction */
    HYGIENE_SECRET = 16,   /* private keys, access keys and tokens */
};

struct hygiene_finding {
    enum hygiene_sign sign;
    uint32_t line; /* of the markdown, 1-based; 0 = not in it (hidden) */
    char what[80]; /* what it is; a secret itself is never repeated. One line of UTF-8 */
};

#define HYGIENE_MAX 16
struct hygiene {
    unsigned signs;                              /* set of enum hygiene_sign: complete */
    struct hygiene_finding finding[HYGIENE_MAX]; /* the first ones */
    size_t n;
};

/* md: as served. raw: the original bytes, or NULL: what is in them but not in md is hidden. */
void hygiene_check(const char *md, size_t len, const char *raw, size_t raw_len,
                   struct hygiene *ret);
/* "agent", "hidden", "invisible", "bidi", "secret"; NULL when bit is none. */
const char *hygiene_name(unsigned sign);
