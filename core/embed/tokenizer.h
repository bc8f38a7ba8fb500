/* SPDX-License-Identifier: MIT
 * Text -> token ids as a tokenizer.json says: normalisers, pre-tokenizers, and a WordPiece,
 * Unigram, BPE or WordLevel model. Special tokens around the text (post-processor) are not added.
 *
 *   tokenizer.c   loading, added tokens, the chain       tok_normal.c  normalisers
 *   tok_split.c   pre-tokenizers                         tok_regex.c   their patterns
 *   tok_model.c   WordPiece, WordLevel                   tok_bpe.c     BPE
 *   tok_unigram.c Unigram                                tok_vocab.c   string -> id, byte trie
 *   tok_charmap.c the precompiled character map of SentencePiece */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

#define TOKENIZER_FILE_MAX (96u << 20)
#define TOKENIZER_TEXT_MAX (1u << 20) /* bytes; longer texts are cut at a character */

struct tokenizer;

struct token_ids {
    uint32_t *id; /* owned; free() */
    size_t n, cap;
};

/* Parses the bytes of a tokenizer.json; name is the file in messages. -EINVAL: malformed, or it
 * uses a part that is not supported (the message names it); -ENOMEM. Never keeps json. */
int tokenizer_new(const char *json, size_t len, const char *name, struct tokenizer **ret,
                  struct docfs_err *err);
void tokenizer_free(struct tokenizer *t); /* NULL allowed */

/* Ids of all tokens, largest + 1. */
size_t tokenizer_size(const struct tokenizer *t);
/* Id of the unknown token, or -1. */
int64_t tokenizer_unknown(const struct tokenizer *t);

/* Replaces the ids in *out. Any bytes are allowed: malformed UTF-8 reads as U+FFFD. Thread-safe.
 * 0 or -ENOMEM. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t len,
                     struct token_ids *out);
