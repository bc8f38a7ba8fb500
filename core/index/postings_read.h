/* SPDX-License-Identifier: MIT
 * An open file of words; private to postings.c (opening, one word, checking) and
 * postings_search.c. */
#pragma once
#include "core/index/postings_file.h"
#include "core/util/spares.h"

/* Sums per row, all 0 between searches, and the rows that got one. */
struct scratch {
    double *sum;
    uint32_t *touched;
    size_t n;
    unsigned char *data; /* postings as read */
    size_t cap;
};

struct postings {
    int fd;
    struct postings_header h;
    struct postings_row *row;
    uint32_t *words; /* of each row: all that scoring reads of it lies close together */
    struct postings_bucket *bucket;
    uint32_t *name;       /* [names + 1] where the text of each begins; then what follows */
    const uint32_t *stem; /* [names] in the same memory */
    struct spares scratch;
};

void postings_scratch_free(void *scratch);

/* 1 with the entry of the word's hash, 0 when there is none, -EBADMSG, -EIO. */
int postings_entry(const struct postings *p, const char *word, size_t len,
                   struct postings_entry *ret);
/* Reads an entry into s->data. -EBADMSG, -EIO, -ENOMEM. */
int postings_load(const struct postings *p, const struct postings_entry *e, struct scratch *s);
/* Skips the text of an entry; NULL when it is not `word` (NULL: any). */
const unsigned char *postings_skip_text(const struct scratch *s, size_t size, const char *word,
                                        size_t len);

struct posting {
    uint32_t row, count[POSTINGS_FIELDS];
};

/* The posting at `at`, after the row *row; NULL when the bytes are not sound. */
static inline const unsigned char *posting_next(const unsigned char *at, const unsigned char *end,
                                                int64_t rows, int64_t *row, struct posting *ret)
{
    uint32_t step;
    if (!(at = postings_get(at, end, &step)) || step < 2 || (*row += step >> 1) >= rows)
        return NULL;
    *ret = (struct posting){.row = (uint32_t)*row, .count = {0, 0, 1}};
    if (!(step & 1))
        return at;
    if (at == end)
        return NULL;
    unsigned char c = *at++;
    if (c != 0xff) {
        ret->count[POSTINGS_TITLE] = c >> 6;
        ret->count[POSTINGS_HEADING] = c >> 4 & 3;
        ret->count[POSTINGS_TEXT] = c & 15;
        return at;
    }
    for (int i = 0; at && i < POSTINGS_FIELDS; i++)
        at = postings_get(at, end, &ret->count[i]);
    return at;
}
