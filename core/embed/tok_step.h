/* SPDX-License-Identifier: MIT
 * One step of a normaliser or pre-tokenizer, and how lists of them are read. Private to
 * tok_normal.c and tok_split.c. */
#pragma once
#include "core/embed/tok_internal.h"

enum step_kind {
    NORMAL_NFC,
    NORMAL_NFD,
    NORMAL_NFKC,
    NORMAL_NFKD,
    NORMAL_NMT,
    NORMAL_LOWER,
    NORMAL_ACCENTS,    /* drops marks */
    NORMAL_NONSPACING, /* drops non-spacing marks only */
    NORMAL_CLEAN,
    NORMAL_CHINESE,
    NORMAL_STRIP,
    NORMAL_REPLACE,
    NORMAL_PREPEND,
    NORMAL_CHARMAP,
    NORMAL_BYTES,
    SPLIT_BERT,
    SPLIT_WORDS, /* runs of \w, runs of neither \w nor white space */
    SPLIT_SPACE,
    SPLIT_PUNCT,
    SPLIT_DIGITS,
    SPLIT_CHAR,
    SPLIT_PATTERN,
    SPLIT_LENGTH,
    SPLIT_METASPACE,
    SPLIT_BYTES,
};

enum behavior { REMOVED, ISOLATED, WITH_PREVIOUS, WITH_NEXT, CONTIGUOUS };

struct step {
    enum step_kind kind;
    char *a, *b; /* owned */
    size_t a_len, b_len;
    struct regex *regex;
    struct charmap *map;
    bool left, right;  /* Strip */
    bool invert;       /* Split: what does not match is the delimiter */
    bool split;        /* Metaspace, ByteLevel with use_regex */
    bool prefix;       /* a space before: ByteLevel; Metaspace "always" */
    bool prefix_first; /* Metaspace "first" */
    enum behavior behavior;
    size_t length;
};

/* A new step at the end, or NULL: no memory or too many. */
struct step *chain_add(struct chain *c, enum step_kind kind);
/* Reads an object or, nested, a Sequence whose list is called `list`. null is no step. */
typedef int load_step_fn(const char *type, json_t *j, struct chain *c, struct docfs_err *err);
int chain_load(json_t *j, const char *list, load_step_fn *load, struct chain *c, unsigned depth,
               struct docfs_err *err);
/* Copies a string member; what names it in the message. */
int step_text(json_t *j, char **ret, size_t *ret_len, const char *what, struct docfs_err *err);
/* {"String": ...} or {"Regex": ...} */
int step_pattern(struct step *st, json_t *j, struct docfs_err *err);
