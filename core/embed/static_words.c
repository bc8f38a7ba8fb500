/* SPDX-License-Identifier: MIT
 * Text -> rows. A word of the vocabulary is one row. Another word is its parts when it is an
 * identifier, else the buckets of its letter groups. */
#include "core/embed/static.h"

#include <math.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/hash.h"

_Static_assert(TOKEN_MAX <= STATIC_WORD_MAX, "a token fits into the word of a reader");

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

static int add_row(void *arg, uint32_t row, float count)
{
    struct static_bag *b = arg;
    size_t mask = 2 * STATIC_FEATURES - 1;
    size_t i = (row * 0x9e3779b1u) >> 12 & mask;
    while (b->slot[i]) {
        struct static_feature *f = &b->item[b->slot[i] - 1];
        if (f->row == row) {
            f->count += count;
            return 0;
        }
        i = (i + 1) & mask;
    }
    if (b->n == STATIC_FEATURES)
        return 0;
    b->item[b->n++] = (struct static_feature){row, count};
    b->slot[i] = (uint16_t)b->n;
    return 0;
}

void static_bag_clear(struct static_bag *b)
{
    b->n = 0;
    memset(b->slot, 0, sizeof(b->slot));
}

size_t static_grams(const struct static_model *m, const char *word, size_t len,
                    uint32_t row[STATIC_GRAMS])
{
    const struct static_head *h = m->head;
    char w[TOKEN_MAX + 10];
    size_t n = len + 2, grams = 0;
    if (!h->buckets)
        return 0;
    w[0] = '^';
    memcpy(w + 1, word, len);
    w[len + 1] = '$';
    for (size_t g = h->gram_min; g <= h->gram_max; g++)
        for (size_t i = 0; i + g <= n && grams < STATIC_GRAMS; i++)
            row[grams++] = h->words + (uint32_t)(hash64(w + i, g, 1) % h->buckets);
    return grams;
}

/* Together the letter groups of a word count like one word. */
static int add_grams(struct static_reader *r, const char *word, size_t len, float count)
{
    uint32_t row[STATIC_GRAMS];
    size_t grams = static_grams(r->m, word, len, row);
    int rc = 0;
    for (size_t i = 0; i < grams && rc == 0; i++)
        rc = r->row(r->arg, row[i], count / sqrtf((float)grams));
    return rc;
}

int static_read_end(struct static_reader *r)
{
    size_t len = r->len;
    r->len = 0;
    return len ? add_grams(r, r->word, len, r->factor) : 0;
}

int static_read_word(struct static_reader *r, const struct token *t, const char *stem, size_t len)
{
    const struct static_head *h = r->m->head;
    int rc = 0;
    if (t->part)
        r->len = 0; /* its parts say it */
    else
        rc = static_read_end(r);
    if (rc || (h->flags & STATIC_DROP_STOP && token_is_stopword(t->text, t->len)))
        return rc;
    if (!(h->flags & STATIC_STEM)) {
        stem = t->text;
        len = t->len;
    }
    float count = r->factor * (t->part ? h->part_factor : 1);
    uint32_t row = static_find(r->m, stem, len);
    if (row != UINT32_MAX)
        return r->row(r->arg, row, count);
    if (t->part)
        return add_grams(r, stem, len, count);
    memcpy(r->word, stem, len);
    r->len = len;
    return 0;
}

static int on_token(void *arg, const struct token *t)
{
    struct static_reader *r = arg;
    char stem[TOKEN_MAX + 8];
    size_t len = t->len;
    memcpy(stem, t->text, len);
    if (r->m->head->flags & STATIC_STEM)
        len = token_stem(stem, len);
    return static_read_word(r, t, stem, len);
}

void static_bag_add(const struct static_model *m, struct static_bag *b, const char *text,
                    size_t len, float factor)
{
    struct static_reader r = {.m = m, .factor = factor, .row = add_row, .arg = b};
    token_each(text, len, on_token, &r);
    static_read_end(&r);
}

float static_damp(float count)
{
    return log2f(1 + count);
}
