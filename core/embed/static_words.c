/* SPDX-License-Identifier: MIT
 * Text -> rows. A word of the vocabulary is one row. Another word is its parts when it is an
 * identifier, else the buckets of its letter groups. */
#include "core/embed/static.h"

#include <math.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/hash.h"

#define GRAMS_MAX 24 /* buckets of one word */

uint32_t static_find(const struct static_model *m, const char *word, size_t len)
{
    uint32_t mask = m->head->slots - 1;
    for (uint32_t i = (uint32_t)hash64(word, len, 0) & mask; m->slot[i]; i = (i + 1) & mask) {
        uint32_t w = m->slot[i] - 1, at = m->name[w];
        if (m->name[w + 1] - at == len && memcmp(m->text + at, word, len) == 0)
            return w;
    }
    return UINT32_MAX;
}

struct reader {
    const struct static_model *m;
    struct static_bag *b;
    float factor;
    char word[TOKEN_MAX + 8]; /* whole identifier outside the vocabulary, until it is known whether
                                 parts of it follow */
    size_t len;
};

static void add_row(struct static_bag *b, uint32_t row, float count)
{
    size_t mask = 2 * STATIC_FEATURES - 1;
    size_t i = (row * 0x9e3779b1u) >> 12 & mask;
    while (b->slot[i]) {
        struct static_feature *f = &b->item[b->slot[i] - 1];
        if (f->row == row) {
            f->count += count;
            return;
        }
        i = (i + 1) & mask;
    }
    if (b->n == STATIC_FEATURES)
        return;
    b->item[b->n++] = (struct static_feature){row, count};
    b->slot[i] = (uint16_t)b->n;
}

void static_bag_clear(struct static_bag *b)
{
    b->n = 0;
    memset(b->slot, 0, sizeof(b->slot));
}

/* Together the letter groups of a word count like one word. */
static void add_grams(struct reader *r, const char *word, size_t len, float count)
{
    const struct static_head *h = r->m->head;
    char w[TOKEN_MAX + 10];
    uint32_t row[GRAMS_MAX];
    size_t n = len + 2, grams = 0;
    if (!h->buckets)
        return;
    w[0] = '^';
    memcpy(w + 1, word, len);
    w[len + 1] = '$';
    for (size_t g = h->gram_min; g <= h->gram_max; g++)
        for (size_t i = 0; i + g <= n && grams < GRAMS_MAX; i++)
            row[grams++] = h->words + (uint32_t)(hash64(w + i, g, 1) % h->buckets);
    for (size_t i = 0; i < grams; i++)
        add_row(r->b, row[i], count / sqrtf((float)grams));
}

static void flush(struct reader *r)
{
    if (r->len)
        add_grams(r, r->word, r->len, r->factor);
    r->len = 0;
}

static int on_token(void *arg, const struct token *t)
{
    struct reader *r = arg;
    const struct static_head *h = r->m->head;
    if (t->part)
        r->len = 0; /* its parts say it */
    else
        flush(r);
    if (h->flags & STATIC_DROP_STOP && token_is_stopword(t->text, t->len))
        return 0;
    char word[TOKEN_MAX + 8];
    size_t len = t->len;
    memcpy(word, t->text, len);
    if (h->flags & STATIC_STEM)
        len = token_stem(word, len);
    float count = r->factor * (t->part ? h->part_factor : 1);
    uint32_t row = static_find(r->m, word, len);
    if (row != UINT32_MAX) {
        add_row(r->b, row, count);
    } else if (t->part) {
        add_grams(r, word, len, count);
    } else {
        memcpy(r->word, word, len);
        r->len = len;
    }
    return 0;
}

void static_bag_add(const struct static_model *m, struct static_bag *b, const char *text,
                    size_t len, float factor)
{
    struct reader r = {.m = m, .b = b, .factor = factor};
    token_each(text, len, on_token, &r);
    flush(&r);
}

float static_damp(float count)
{
    return log2f(1 + count);
}
