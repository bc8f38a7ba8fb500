/* SPDX-License-Identifier: MIT
 * How telling a word is, and which words mean much the same. Private to core/embed. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define WORD_SLOTS                                                                \
    4096 /* of the table below, a power of two at least twice the number of words \
          */

struct word_weights {
    uint64_t hash[WORD_SLOTS]; /* of the stem; 0 = free */
    float weight[WORD_SLOTS];
};

/* Fills the table of common words: weight = rarity ^ exponent. */
void word_weights_init(struct word_weights *w, float exponent);
/* 0..1 for the stem with this hash (word_hash()): 1 when it is not a common one. */
float word_weight(const struct word_weights *w, uint64_t hash);
uint64_t word_hash(const char *stem, size_t len);

#define GROUP_SLOTS 1024 /* a power of two at least twice the number of words in groups */

struct word_groups {
    uint64_t hash[GROUP_SLOTS];
    uint16_t group[GROUP_SLOTS];
};

/* Fills the table of words that mean much the same. */
void word_groups_init(struct word_groups *g);
/* Number of the group that the stem is in, 0 = none. */
unsigned word_group(const struct word_groups *g, uint64_t hash);
