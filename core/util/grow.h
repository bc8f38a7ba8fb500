/* SPDX-License-Identifier: MIT
 * Arrays that grow by doubling, without a capacity field. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for item n (0-based) in the array *array of items of `size` bytes that holds exactly
 * n items and was only ever grown by this function. False when memory is out; nothing changed. */
static inline bool grow(void *array, size_t n, size_t size)
{
    if (n & (n - 1)) /* room is there unless n is 0 or a power of two */
        return true;
    void *old;
    memcpy(&old, array, sizeof(old));
    size_t cap = n ? n * 2 : 1;
    if (cap > SIZE_MAX / 2 / size)
        return false;
    void *p = realloc(old, cap * size);
    if (!p)
        return false;
    memcpy(array, &p, sizeof(p));
    return true;
}
