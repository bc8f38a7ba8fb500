/* SPDX-License-Identifier: MIT
 * What a process has found out about the names of one file of words (core/index/postings.h) and one
 * embedding model. Any number of threads may use it at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/embed/embed.h"

struct lexicon;

struct lexicon_word {
    uint32_t stem; /* hash of it: other hash, other stem */
    size_t n;
    uint32_t row[EMBED_WORD_ROWS]; /* of the model (embed_near_ops) */
};

/* NULL: no memory. model: stands for it. */
struct lexicon *lexicon_new(uint32_t names, uint64_t model);
struct lexicon *lexicon_ref(struct lexicon *l);
void lexicon_unref(struct lexicon *l); /* NULL allowed */
bool lexicon_is_of(const struct lexicon *l, uint64_t model);
/* It will be asked for soon; l: NULL allowed. */
void lexicon_fetch(const struct lexicon *l, uint32_t name);
/* False: not known yet. */
bool lexicon_get(const struct lexicon *l, uint32_t name, struct lexicon_word *ret);
/* May be put more than once; perhaps it is not kept. */
void lexicon_put(struct lexicon *l, uint32_t name, const struct lexicon_word *w);
