/* SPDX-License-Identifier: MIT
 * Where an id may be among ids that ascend. They are given in order and few are taken back, so that
 * the number of those missing says nearly all. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The first of n > 0 ids that is not below `id` is at *lo or later and at *hi or before, where the
 * first and the last of all are known. Ids that do not ascend give bounds within n all the same. */
static inline void ids_bounds(int64_t first, int64_t last, size_t n, int64_t id, size_t *lo,
                              size_t *hi)
{
    uint64_t step = id > first ? (uint64_t)id - (uint64_t)first : 0;
    uint64_t span = last > first ? (uint64_t)last - (uint64_t)first + 1 : 1;
    uint64_t missing = span > n ? span - n : 0;
    *hi = step < n ? (size_t)step : n;
    *lo = step <= missing ? 0 : step - missing < n ? (size_t)(step - missing) : n;
}
