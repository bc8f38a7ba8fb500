/* SPDX-License-Identifier: MIT
 * The one tokeniser: full text, embedding, queries and snippets all see the same words.
 *
 * Words are runs of letters, digits and marks, case-folded (Unicode default folding; accents of
 * Latin and Greek letters are dropped). Inside an identifier, '_', '.', '::' and '-' join: the
 * whole is a token, and so are its parts, also those found by case ("writeBoolean" -> writeboolean,
 * write, boolean). "c++", "c#", "f#", "--flag", "-Wall", ".net" keep their signs and have the bare
 * word as a part. Rules of thumb:
 *  - a join needs a word on both sides ("end." and "a--b" do not join); '/' always separates;
 *  - "__init__" is whole, one underscore at either end ("_em_") is dropped;
 *  - parts have at least 2 bytes, numeric ones 3, at most TOKEN_PARTS_MAX of one token; a part
 * equal to the whole is not repeated; version numbers ("3.11.2") have none;
 *  - "'s", "'t", "'ll" and the like after a word are skipped.
 * CJK, Thai etc. give one token per character. Pure and thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/util/err.h"

#define TOKEN_MAX 64       /* bytes; longer tokens are cut at a code point */
#define TOKEN_PARTS_MAX 16 /* parts of one token */

struct token {
    const char *text; /* folded, NUL-terminated; valid during the callback */
    size_t len;
    size_t start, end; /* byte range in the input */
    bool part;         /* at the position of the token before it (a piece of an identifier) */
};

/* Returns non-zero to stop; token_each() returns that value, else 0. */
typedef int token_fn(void *arg, const struct token *t);
int token_each(const char *text, size_t len, token_fn *fn, void *arg);

/* English function words that carry no topic ("the", "how", "do", ...). */
bool token_is_stopword(const char *text, size_t len);

/* Porter2 (Snowball English) stem in place; returns the new length. word is an array of at least
 * TOKEN_MAX bytes; what it holds behind the stem is undefined. */
size_t token_stem(char word[static TOKEN_MAX], size_t len);
