/* SPDX-License-Identifier: MIT
 * Inside of the tokenizer; see tokenizer.h for the files. All text here is well-formed UTF-8. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include "core/embed/tokenizer.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

/* Limits on what a file may ask for; real ones stay far below. */
#define TOK_VOCAB_MAX 4000000
#define TOK_ID_MAX 16000000
#define TOK_STEPS_MAX 64
#define TOK_NESTING_MAX 8
#define TOK_TOKEN_MAX 4096 /* bytes of one token */

/* ---- tok_vocab.c: string -> id ---- */

struct vocab {
    char *arena; /* all strings, one after the other */
    size_t arena_len;
    struct vocab_entry {
        uint32_t at, len, id;
    } * entry;
    size_t n;
    uint32_t *slot; /* entry + 1, open addressing */
    size_t mask;
    size_t longest; /* bytes */
};

/* Room for n strings of `bytes` together. */
int vocab_init(struct vocab *v, size_t n, size_t bytes);
void vocab_fini(struct vocab *v);
/* The room must be there; a string that is already in gets the new id. */
void vocab_put(struct vocab *v, const char *s, size_t len, uint32_t id);
/* Id or -1. */
int64_t vocab_get(const struct vocab *v, const char *s, size_t len);

/* Strings by their bytes, for finding all prefixes of a text. */
struct trie {
    uint64_t *key; /* node << 8 | byte, + 1; 0 = free */
    uint32_t *child;
    size_t mask, used;
    int64_t *value; /* per node, -1 = no string ends here */
    size_t nodes, cap;
};
int trie_add(struct trie *t, const char *s, size_t len, int64_t value);
void trie_fini(struct trie *t);
/* Next node, or 0 when nothing goes on with that byte; the root is 0. */
uint32_t trie_step(const struct trie *t, uint32_t node, unsigned char byte);

/* ---- pieces of a text ---- */

struct piece {
    size_t start, len; /* in pieces.text */
    int64_t id;        /* of a token that is decided, -1 = still text */
    bool first;        /* begins where the input begins */
};

struct pieces {
    struct buf text;
    struct piece *item;
    size_t n, cap;
    bool oom;
};
void pieces_fini(struct pieces *p);
/* Appends text as a piece of its own; nothing when it is empty. */
void pieces_add(struct pieces *p, const char *s, size_t len, bool first);
void pieces_add_id(struct pieces *p, int64_t id);

/* ---- tok_regex.c ---- */

struct regex;
/* -EINVAL with the reason; a pattern is limited in the work it may do on a text. */
int regex_new(const char *pattern, size_t len, struct regex **ret, struct docfs_err *err);
void regex_free(struct regex *r);

struct span {
    size_t start, len;
    bool match;
};
struct spans {
    struct span *item;
    size_t n, cap;
    bool oom;
};
void spans_fini(struct spans *s);
/* Appends a span; consecutive ones that do not match are joined. */
void spans_add(struct spans *s, size_t start, size_t len, bool match);
/* Cuts the whole text into matches and what lies between. */
void regex_spans(const struct regex *r, const char *text, size_t len, struct spans *out);
void string_spans(const char *what, size_t what_len, const char *text, size_t len,
                  struct spans *out);

/* ---- tok_charmap.c ---- */

struct charmap;
int charmap_new(const char *base64, size_t len, struct charmap **ret, struct docfs_err *err);
void charmap_free(struct charmap *m);
void charmap_apply(const struct charmap *m, const char *text, size_t len, struct buf *out);

/* ---- tok_normal.c, tok_split.c: steps ---- */

struct step;
struct chain {
    struct step *step;
    size_t n;
};
int normal_load(json_t *j, struct chain *c, struct docfs_err *err);
void normal_apply(const struct chain *c, const char *text, size_t len, struct buf *out);
int split_load(json_t *j, struct chain *c, struct docfs_err *err);
/* Splits the undecided pieces of p in place. */
void split_apply(const struct chain *c, struct pieces *p);
void chain_fini(struct chain *c);

/* The 256 characters that stand for bytes in byte-level vocabularies. */
uint32_t byte_char(unsigned char b);

/* ---- models ---- */

struct model {
    struct vocab vocab;
    int64_t unknown; /* id or -1 */
    void *ctx;
    void (*tokenize)(const struct model *m, const char *word, size_t len, struct token_ids *out,
                     bool *oom);
    void (*free)(void *ctx);
};
int wordpiece_load(json_t *j, struct model *m, struct docfs_err *err);
int wordlevel_load(json_t *j, struct model *m, struct docfs_err *err);
int bpe_load(json_t *j, struct model *m, struct docfs_err *err);
int unigram_load(json_t *j, struct model *m, struct docfs_err *err);
/* Fills m->vocab from an object of string -> id. */
int model_vocab(json_t *j, struct model *m, struct docfs_err *err);
/* Sets m->unknown from the name in j[key]; a name outside the vocabulary is refused. */
int model_unknown(json_t *j, const char *key, struct model *m, struct docfs_err *err);
void ids_add(struct token_ids *out, uint32_t id, bool *oom);
/* Adds the tokens <0x00> of the bytes when the vocabulary has them all. */
bool byte_fallback(const struct model *m, const char *s, size_t len, struct token_ids *out,
                   bool *oom);

/* ---- characters and JSON ---- */

bool char_is_space(uint32_t c);
bool char_is_punct(uint32_t c); /* Unicode P*, or ASCII punctuation */
bool char_is_word(uint32_t c);  /* \w */
bool char_is_mark(uint32_t c);
bool char_is_number(uint32_t c);
bool char_is_other(uint32_t c); /* Unicode C* */

/* A string member; fallback when it is missing or null, NULL when it is of another type. */
const char *tok_text(json_t *j, const char *key, const char *fallback);
bool tok_flag(json_t *j, const char *key, bool fallback);
