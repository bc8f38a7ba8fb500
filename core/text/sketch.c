/* SPDX-License-Identifier: MIT
 * One-permutation MinHash: a run's hash chooses a bin and competes there for being the smallest; of
 * the winner 8 bits are kept (0 = no run fell into the bin). */
#include "core/text/sketch.h"

#include <stdint.h>
#include <string.h>

#define RUN 3
#define BINS_MIN 64 /* filled bins below which a text is too short */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

/* Class of a byte: 0 between words, else the byte as it counts (case folded for ASCII). */
static unsigned char fold(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c | 0x20);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '_' ? c : 0;
}

bool sketch_make(const char *text, size_t len, unsigned char out[SKETCH_LEN])
{
    uint64_t least[SKETCH_LEN], word[RUN] = {0}, h = 0;
    size_t words = 0, filled = 0;
    memset(least, 0xff, sizeof(least));
    for (size_t i = 0; i <= len; i++) {
        unsigned char c = i < len ? fold((unsigned char)text[i]) : 0;
        if (c) {
            h = (h ^ c) * UINT64_C(0x100000001b3) + 1;
            continue;
        }
        if (!h)
            continue;
        word[words++ % RUN] = h;
        h = 0;
        if (words < RUN)
            continue;
        uint64_t run =
            mix(word[words % RUN] * 3 + word[(words + 1) % RUN] * 5 + word[(words + 2) % RUN] * 7);
        size_t bin = run & (SKETCH_LEN - 1);
        least[bin] = run < least[bin] ? run : least[bin];
    }
    for (size_t i = 0; i < SKETCH_LEN; i++) {
        bool empty = least[i] == UINT64_MAX;
        out[i] = empty ? 0 : (unsigned char)(1 + mix(least[i]) % 255);
        filled += !empty;
    }
    return filled >= BINS_MIN;
}

double sketch_likeness(const unsigned char a[SKETCH_LEN], const unsigned char b[SKETCH_LEN])
{
    size_t n = 0, same = 0;
    for (size_t i = 0; i < SKETCH_LEN; i++) {
        n += a[i] || b[i];
        same += a[i] && a[i] == b[i];
    }
    double chance = 1.0 / 255, part = n ? (double)same / (double)n : 0;
    return part > chance ? (part - chance) / (1 - chance) : 0;
}
