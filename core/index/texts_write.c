/* SPDX-License-Identifier: MIT
 * The words of each row in their order go to a temporary file of their own. Each different word
 * gets a number when it comes first, so that frequent ones have short numbers. The features of the
 * row stand before them. */
#include <stdlib.h>
#include "core/index/checksum.h"
#include "core/index/postings_write.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define NAME_BYTES 64                       /* of memory, about what one takes */
#define NUMBER_MAX 5                        /* bytes of one */
#define TOKEN_ROOM (POSTINGS_WORD_MAX + 16) /* bytes of one */

static bool same_name(const struct texts *x, uint32_t name, const char *text, size_t len)
{
    return x->start[name + 1] - x->start[name] == len &&
           memcmp(x->text + x->start[name], text, len) == 0;
}

static size_t slot_of(const struct texts *x, const char *text, size_t len)
{
    size_t i = hash64(text, len, 0) & (x->slots - 1);
    while (x->slot[i] && !same_name(x, x->slot[i] - 1, text, len))
        i = (i + 1) & (x->slots - 1);
    return i;
}

static int widen(struct texts *x)
{
    size_t slots = x->slots ? 2 * x->slots : 4096;
    uint32_t *slot = calloc(slots, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    free(x->slot);
    x->slot = slot;
    x->slots = slots;
    for (uint32_t n = 0; n < x->names; n++)
        x->slot[slot_of(x, x->text + x->start[n], x->start[n + 1] - x->start[n])] = n + 1;
    return 0;
}

/* *ret: the number of the word, POSTINGS_NO_NAME when there are too many already. */
static int name_of(struct texts *x, const char *text, size_t len, uint32_t *ret)
{
    if (2 * x->names >= x->slots && widen(x) < 0)
        return -ENOMEM;
    size_t slot = slot_of(x, text, len);
    *ret = x->slot[slot] ? x->slot[slot] - 1 : POSTINGS_NO_NAME;
    if (x->slot[slot] || x->names == x->names_max)
        return 0;
    if (x->start[x->names] + len > x->text_cap) {
        size_t cap = x->text_cap ? 2 * x->text_cap : 1 << 16;
        char *grown = realloc(x->text, cap);
        if (!grown)
            return -ENOMEM;
        x->text = grown;
        x->text_cap = cap;
    }
    if (!grow(&x->start, x->names + 1, sizeof(*x->start)) ||
        !grow(&x->stem, x->names, sizeof(*x->stem)))
        return -ENOMEM;
    x->stem[x->names] = 0;
    memcpy(x->text + x->start[x->names], text, len);
    x->start[x->names + 1] = x->start[x->names] + (uint32_t)len;
    x->slot[slot] = ++x->names;
    *ret = x->names - 1;
    return 0;
}

int texts_init(struct texts *x, size_t memory)
{
    size_t most = memory / NAME_BYTES;
    x->names_max = most < POSTINGS_NAMES_MAX ? (uint32_t)most : POSTINGS_NAMES_MAX;
    x->start = calloc(1, sizeof(*x->start));
    x->feature = malloc((POSTINGS_FEATURES + 1) * NUMBER_MAX);
    return x->start && x->feature ? 0 : -ENOMEM;
}

void texts_fini(struct texts *x)
{
    if (x->f)
        fclose(x->f);
    free(x->row);
    free(x->feature);
    free(x->text);
    free(x->start);
    free(x->stem);
    free(x->slot);
}

int texts_word(struct texts *x, const char *text, size_t len, enum postings_field field, bool part,
               uint32_t *ret_name)
{
    uint32_t name;
    if (x->used + TOKEN_ROOM > x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 1 << 14;
        unsigned char *grown = realloc(x->row, cap);
        if (!grown)
            return -ENOMEM;
        x->row = grown;
        x->cap = cap;
    }
    if (name_of(x, text, len, &name) < 0)
        return -ENOMEM;
    unsigned char *to = x->row + x->used;
    size_t n = postings_put(to, (name == POSTINGS_NO_NAME ? 0 : name + 1) << 1 | part);
    if (name == POSTINGS_NO_NAME) {
        to[n++] = (unsigned char)len;
        memcpy(to + n, text, len);
        n += len;
    }
    x->used += n;
    x->count[field]++;
    *ret_name = name;
    return 0;
}

void texts_features(struct texts *x, const uint32_t *feature, size_t title, size_t n)
{
    unsigned char *to = x->feature;
    to += postings_put(to, (uint32_t)title);
    for (size_t i = 0; i < n; i++)
        to += postings_put(to, i && i != title ? feature[i] - feature[i - 1] : feature[i] + 1);
    x->featured = (size_t)(to - x->feature);
}

static bool put(struct texts *x, const void *data, size_t len)
{
    x->size += len;
    return !len || fwrite(data, 1, len, x->f) == len;
}

int texts_end_row(struct texts *x, struct postings_row *row)
{
    unsigned char head[4 + NUMBER_MAX], counts[2 * NUMBER_MAX];
    size_t n = 4, m;
    n += postings_put(head + n, (uint32_t)x->featured);
    m = postings_put(counts, x->count[POSTINGS_TITLE]);
    m += postings_put(counts + m, x->count[POSTINGS_HEADING]);
    struct checksum c;
    checksum_init(&c);
    checksum_add(&c, head + 4, n - 4);
    checksum_add(&c, x->feature, x->featured);
    checksum_add(&c, counts, m);
    checksum_add(&c, x->row, x->used);
    uint32_t sum = (uint32_t)checksum_end(&c);
    memcpy(head, &sum, sizeof(sum));
    row->at = x->size;
    if (!put(x, head, n) || !put(x, x->feature, x->featured) || !put(x, counts, m) ||
        !put(x, x->row, x->used))
        return -EIO;
    row->size = (uint32_t)(x->size - row->at);
    x->used = x->featured = 0;
    memset(x->count, 0, sizeof(x->count));
    return 0;
}
