/* SPDX-License-Identifier: MIT
 * A static embedding model in one file: a vocabulary of words and buckets of letter groups, each
 * with a row of int8 components. The vector of a text is the weighted sum of the rows of its words.
 * docfs-model(5) describes the file; tools/model makes it. Private to core/embed and tools/model.
 *
 *   static_file.c   maps and checks the file
 *   static_words.c  text -> rows
 *   static.c        rows -> vector
 *   static_near.c   comparison word by word
 *   static_dots.c   the products it needs */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/embed/embed.h"
#include "core/util/cpu.h"
#include "core/util/spares.h"

#define STATIC_MAGIC "DOCFSMDL"
#define STATIC_VERSION 1
#define STATIC_DIM_MAX 1024
#define STATIC_WORD_MAX 64 /* bytes of a word of the vocabulary */

enum {
    STATIC_STEM = 1,      /* words are stemmed (English) before they are looked up */
    STATIC_DROP_STOP = 2, /* function words are left out */
    STATIC_FLAGS = STATIC_STEM | STATIC_DROP_STOP,
};

/* Head of the file; little endian, and so is all that follows. Sections lie in this order, each on
 * a multiple of 64 bytes. */
struct static_head {
    char magic[8];
    uint32_t version, head_size;
    uint64_t file_size;
    uint64_t head_sum, table_sum, row_sum; /* static_sum() of the head (this field 0), of what
                                              lies between head and rows, and of the rows */
    uint32_t dim, words, buckets, slots;   /* rows = words + buckets; slots: a power of two */
    uint32_t gram_min, gram_max; /* bytes of letter groups; of words not in the vocabulary */
    uint32_t flags;
    float title_factor; /* an occurrence in title or headings counts this many times */
    float part_factor;  /* and one as part of an identifier */
    uint32_t reserved[5];
    uint64_t slot_at, name_at, text_at, text_size, passage_at, query_at, row_at;
    char name[64]; /* "docs-1", NUL-padded */
    unsigned char pad[32];
};
_Static_assert(sizeof(struct static_head) == 256, "the layout is the format");

struct static_model {
    const struct static_head *head;
    const uint32_t *slot; /* [slots] number of a word + 1, 0 = free; open addressing by hash64 */
    const uint32_t *name; /* [words + 1] offsets of words in text, ascending */
    const char *text;
    const float *passage, *query; /* [rows] factor of a row on either side */
    const int8_t *row;            /* [rows][dim] */
    void *map;                    /* to be unmapped, or NULL */
    size_t len;
};

/* A fast checksum of 64 bits; finds damage, not malice. */
uint64_t static_sum(const void *data, size_t len);
/* Checks a model in memory (8-byte aligned) and points ret into it. Everything that is read later
 * stays in bounds whatever the bytes are. name: for the message. -EBADMSG: damaged or not a model;
 * -ENOTSUP: a version that this program does not know. */
int static_check(const void *data, size_t len, const char *name, struct static_model *ret,
                 struct docfs_err *err);
/* Maps and checks a file. -ENOENT when there is none. static_close gives it back. */
int static_open(const char *path, struct static_model *ret, struct docfs_err *err);
void static_close(struct static_model *m);

#define STATIC_FEATURES 2048 /* different rows of one text; the rest is not read */

struct static_feature {
    uint32_t row;
    float count;
};

/* Words of a text -> rows. */
struct static_reader {
    const struct static_model *m;
    float factor;                                     /* of an occurrence */
    int (*row)(void *arg, uint32_t row, float count); /* 0 or -errno, which ends the word */
    void *arg;
    char word[STATIC_WORD_MAX + 8]; /* identifier outside the vocabulary, until it is known whether
                                       parts of it follow */
    size_t len;
};
/* stem: of the word. */
int static_read_word(struct static_reader *r, const struct token *t, const char *stem, size_t len);
/* The text ends. */
int static_read_end(struct static_reader *r);

int32_t static_dot(const int8_t *a, const int8_t *b, size_t dim);

/* The rows of a question side by side, to be multiplied with other rows of its model. */
struct static_lanes;
#define STATIC_LANES 16
/* Caller frees it with free(). NULL: no memory. */
struct static_lanes *static_lanes_new(const struct static_model *m, const uint32_t *row, size_t n);
/* How many products there are: n rounded up to a multiple of STATIC_LANES. */
size_t static_lanes_width(const struct static_lanes *l);
/* out[i]: of the row and the i-th of the question, 0 beyond its n. */
void static_dots(const int8_t *row, const struct static_lanes *l, int32_t *out);
typedef void static_dots_fn(const int8_t *row, const struct static_lanes *l, int32_t *out);
/* NULL when this processor cannot run it. */
static_dots_fn *static_dots_get(enum kernel which);

extern const struct embed_near_ops static_near; /* static_near.c */
void static_near_free(void *asked);             /* what it keeps in embed_static.asked */

/* The rows of a text with their counts, in order of first appearance. */
struct static_bag {
    struct static_feature item[STATIC_FEATURES];
    size_t n;
    uint16_t slot[2 * STATIC_FEATURES]; /* 1 + index into item by hash of the row */
};
/* Adds the rows of a text; each occurrence counts factor. The bag must be zeroed before the first
 * use; static_bag_clear makes a used one empty. */
void static_bag_add(const struct static_model *m, struct static_bag *b, const char *text,
                    size_t len, float factor);
void static_bag_clear(struct static_bag *b);
/* Weight of a row in the sum: rare repetitions count, but less and less. */
float static_damp(float count);

/* Number of the word, or UINT32_MAX. */
uint32_t static_find(const struct static_model *m, const char *word, size_t len);
#define STATIC_GRAMS EMBED_WORD_ROWS
/* The rows of the letter groups of a word that has no number; returns how many. */
size_t static_grams(const struct static_model *m, const char *word, size_t len,
                    uint32_t row[STATIC_GRAMS]);

struct embed_static {
    struct static_model m;
    float *factors;      /* owned; what m.query and m.passage point to when they are adapted */
    _Atomic float *norm; /* [rows] of the row; 0: not asked for yet */
    uint64_t vocabulary; /* embed_near_ops */
    struct spares asked; /* of static_near.c */
    char fingerprint[128];
};

/* The embedder of a model file. Fingerprint "docfs/NAME-SUM/DIM/l2". Caller owns *ret. */
int embed_static_new(const char *path, struct embedder **ret, struct docfs_err *err);
/* The same of a model that is open, with other factors: [rows] of questions, then of passages;
 * NULL: its own. tuning names them in the fingerprint. Both become the embedder's, also on failure.
 */
int embed_static_with(struct static_model *m, const char *tuning, float *factors,
                      struct embedder **ret, struct docfs_err *err);
