/* SPDX-License-Identifier: MIT
 * Cuts one range of markdown into passages of bounded size. Private to passage.c and passage_cut.c.
 */
#pragma once
#include <stdbool.h>
#include "core/text/passage.h"

struct cutter {
    const char *md;
    size_t target, max;
    struct passages *out; /* owned by the caller; what was added before a failure stays */
    size_t counted;       /* newlines of md[0..counted) are counted in newlines */
    uint32_t newlines;
};

/* Adds the passages of md[start..end), all under one heading path. A range of at most a quarter
 * more than target stays whole. 0 or -ENOMEM. */
int cut_range(struct cutter *c, size_t start, size_t end, const char *heading);
