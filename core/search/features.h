/* SPDX-License-Identifier: MIT
 * The rows of the embedding model that the words of a text are, for comparison word by word
 * (embed_near_ops). A word that is known by its letters alone waits for its parts: when they
 * follow, they say it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/embed/embed.h"
#include "core/text/token.h"

struct features {
    uint32_t *row; /* of the text; owned */
    size_t n, cap;
    size_t title; /* so many of the first are of its title */
    uint32_t late[EMBED_WORD_ROWS];
    size_t n_late;
    uint64_t *bits; /* features_order(): two for each row up to the largest that came */
    size_t bits_cap;
};

/* The words of a text: begin, each word in its order, title when its title ends, end. 0 or -ENOMEM.
 */
void features_begin(struct features *f);
int features_word(struct features *f, const struct embed_word *w, bool part);
int features_title(struct features *f);
int features_end(struct features *f);
/* Each once, and ascending: first those of the title, then those that only the rest has. */
int features_order(struct features *f);
void features_fini(struct features *f);

/* What names (core/index/postings.h) are to an embedder, found out once: for whoever gives numbers
 * to words. */
struct feature_names {
    struct embedder *e; /* owned */
    uint32_t *at;       /* of a name: where its rows begin, after how many and whether by letters */
    uint32_t n;
    uint32_t *row;
    size_t rows;
};

/* What a word is. */
void features_look_up(const struct embedder *e, const struct token *t, struct embed_word *ret);
/* The same of a word with a name; names come in their order, each for the first time before it
 * comes again, and one that does not is looked up. 0 or -ENOMEM. */
int feature_names_get(struct feature_names *x, uint32_t name, const struct token *t,
                      struct embed_word *ret);
void feature_names_fini(struct feature_names *x);
