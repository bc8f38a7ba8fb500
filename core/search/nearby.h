/* SPDX-License-Identifier: MIT
 * The names in index/words that may be meant by a mistyped word: those that begin with the same two
 * bytes, which few people mistype. */
#pragma once
#include "core/index/postings.h"

struct nearby;
/* NULL: no memory. Free with free(). */
struct nearby *nearby_new(const struct postings *p);
/* Calls fn for the names that as few as `most` mistakes may have made the word of, and for some
 * others. */
void nearby_each(const struct nearby *n, const struct postings *p, const char *word, size_t len,
                 unsigned most, void (*fn)(void *arg, const char *name, size_t len), void *arg);
