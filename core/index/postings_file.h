/* SPDX-License-Identifier: MIT
 * The file index/words.
 *
 *   0        struct postings_header, 256 bytes
 *   256      struct postings_row each
 *   ...      of each word: length of its text as a number, the text, its postings
 *   texts_at of each row: its words in their order
 *   names_at uint32_t each, one more than there are names: where the text of each begins; of each
 *            uint32_t, the low half of the hash of its stem; then the texts
 *   dict_at  struct postings_entry each, ordered by hash (a multiple of 8)
 *   ...      struct postings_bucket each, 2^bits + 1 of them, up to the end of the file: bucket i
 *            holds the entries whose hash begins with the bits i
 *
 * A number is 7 bits a byte, the lowest first, the high bit on all but the last. A posting is the
 * number 2 * (row - row before it) + more, rows counted from -1 before the first. more = 0: once in
 * the text. more = 1: a byte with the counts, title in its 2 high bits, heading in the next 2, text
 * in the low 4; all of them set: the counts follow as three numbers.
 *
 * Words in their order: a checksum (4 bytes); how many bytes of features follow, and these: how
 * many are of title and headings, and of each the step from the one before it, counted from -1
 * before the first and before the first of the text; how many words are of the title and of the
 * heading as two numbers, then of each word the number 2 * (name + 1) + part; of one without a name
 * the number `part`, a byte with its length, and its text. */
#pragma once
#include "core/index/base.h"
#include "core/index/postings.h"

#define POSTINGS_FILE "words"
#define POSTINGS_MAGIC "docfswrd"
#define POSTINGS_VERSION 3
#define POSTINGS_ROWS_MAX (1u << 30)
#define POSTINGS_BITS_MAX 26
#define POSTINGS_BUCKET_MAX 512 /* entries of one; 32 are usual */
#define POSTINGS_NAMES_MAX (1u << 19)

struct postings_header {
    char magic[8];
    uint32_t version, order;
    uint64_t rows, words, entries; /* words: of all rows */
    uint64_t dict_at, file_size;
    uint32_t bits, zero;
    uint64_t table_sum; /* of the rows, of the buckets and of the names */
    char stamp[POSTINGS_STAMP];
    uint64_t texts_at, names_at;
    uint64_t names;
    uint64_t vocabulary; /* of the features; 0: there are none */
    char unused[48];
    uint64_t header_sum; /* of all above */
};
_Static_assert(sizeof(struct postings_header) == 256, "the header is part of the file format");

struct postings_entry {
    uint64_t hash, at; /* at: in the file */
    uint32_t size;     /* text and postings */
    uint32_t df;
    uint32_t sum; /* of those bytes */
    uint32_t zero;
};
_Static_assert(sizeof(struct postings_entry) == 32, "the entry is part of the file format");

struct postings_bucket {
    uint32_t first; /* entry */
    uint32_t sum;   /* of the entries of the bucket */
};

static inline size_t postings_put(unsigned char *p, uint32_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        p[n++] = (unsigned char)(v | 0x80);
    p[n++] = (unsigned char)v;
    return n;
}

/* Of the tables of names, without their texts. */
static inline size_t postings_name_tables(uint64_t names)
{
    return (2 * (size_t)names + 1) * sizeof(uint32_t);
}

/* For texts.c: the row->size bytes of a row. 0, -EBADMSG, -errno. */
int postings_read_text(const struct postings *p, const struct postings_row *row, void *data);

/* NULL when it does not end before `end` or is too large. */
static inline const unsigned char *postings_get(const unsigned char *p, const unsigned char *end,
                                                uint32_t *ret)
{
    uint32_t v = 0;
    for (unsigned shift = 0; p < end && shift < 32; shift += 7) {
        unsigned char c = *p++;
        v |= (uint32_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *ret = v;
            return p;
        }
    }
    return NULL;
}
