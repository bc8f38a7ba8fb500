/* SPDX-License-Identifier: MIT */
#include "core/search/nearby.h"

#include <stdlib.h>
#include <string.h>

#define STARTS 65536 /* of two bytes */

struct item {
    uint32_t name;
    uint32_t letters; /* a bit for each */
};

struct nearby {
    uint32_t first[STARTS + 1]; /* where the names of a start begin in item */
    struct item item[];
};

static uint32_t letters(const char *s, size_t len)
{
    uint32_t set = 0;
    for (size_t i = 0; i < len; i++)
        set |= (uint32_t)1 << (s[i] & 31);
    return set;
}

/* -1: too short to be near to anything. */
static int64_t start_of(const char *word, size_t len)
{
    return len < 2 ? -1 : (unsigned char)word[0] << 8 | (unsigned char)word[1];
}

struct nearby *nearby_new(const struct postings *p)
{
    uint32_t names = postings_names(p);
    struct nearby *n = calloc(1, sizeof(*n) + names * sizeof(*n->item));
    size_t len;
    if (!n)
        return NULL;
    for (uint32_t i = 0; i < names; i++) {
        const char *text = postings_name(p, i, &len);
        int64_t at = start_of(text, len);
        if (at >= 0)
            n->first[at + 1]++;
    }
    for (size_t i = 0; i < STARTS; i++)
        n->first[i + 1] += n->first[i];
    /* Filling moves each beginning on to where the next one was. */
    for (uint32_t i = 0; i < names; i++) {
        const char *text = postings_name(p, i, &len);
        int64_t at = start_of(text, len);
        if (at >= 0)
            n->item[n->first[at]++] = (struct item){i, letters(text, len)};
    }
    memmove(n->first + 1, n->first, STARTS * sizeof(*n->first));
    n->first[0] = 0;
    return n;
}

void nearby_each(const struct nearby *n, const struct postings *p, const char *word, size_t len,
                 unsigned most, void (*fn)(void *arg, const char *name, size_t len), void *arg)
{
    int64_t at = start_of(word, len);
    uint32_t set = letters(word, len);
    for (size_t i = at < 0 ? 0 : n->first[at], end = at < 0 ? 0 : n->first[at + 1]; i < end; i++) {
        size_t m;
        /* One mistake changes two letters at most. */
        if ((unsigned)__builtin_popcount(set ^ n->item[i].letters) > 2 * most)
            continue;
        const char *name = postings_name(p, n->item[i].name, &m);
        if (m <= len + most && len <= m + most)
            fn(arg, name, m);
    }
}
