/* SPDX-License-Identifier: MIT */
#include "tools/model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/hash.h"

#define SAME_QUESTION_MAX 12 /* "Examples": a heading of everything says nothing */
#define FIELDS 5             /* set, kind, question, title, text */

struct line {
    char *field[FIELDS];
    uint32_t set;
    bool used;
};

struct lines {
    char *data;
    struct line *item;
    size_t n;
    uint32_t sets;
};

/* ---- counting strings ---- */

struct counted {
    uint64_t hash;
    char *word; /* owned when it is kept */
    uint32_t count, mark;
};

struct counter {
    struct counted *slot;
    size_t cap, n;
    uint32_t mark; /* of the text being read: each word counts once in it */
};

static struct counted *counter_get(struct counter *c, const char *word, size_t len, bool keep)
{
    if (2 * c->n >= c->cap) {
        struct counter big = {.cap = c->cap ? 2 * c->cap : 1u << 16, .n = c->n, .mark = c->mark};
        big.slot = must_alloc(big.cap, sizeof(*big.slot));
        for (size_t i = 0; i < c->cap; i++) {
            if (!c->slot[i].hash)
                continue;
            size_t k = c->slot[i].hash & (big.cap - 1);
            while (big.slot[k].hash)
                k = (k + 1) & (big.cap - 1);
            big.slot[k] = c->slot[i];
        }
        free(c->slot);
        *c = big;
    }
    uint64_t h = hash64(word, len, 7) | 1;
    size_t k = h & (c->cap - 1);
    while (c->slot[k].hash && c->slot[k].hash != h)
        k = (k + 1) & (c->cap - 1);
    struct counted *x = &c->slot[k];
    if (!x->hash) {
        x->hash = h;
        x->word = keep ? strndup(word, len) : NULL;
        c->n++;
    }
    return x;
}

static void counter_free(struct counter *c)
{
    for (size_t i = 0; i < c->cap; i++)
        free(c->slot[i].word);
    free(c->slot);
}

/* ---- lines ---- */

static int read_lines(const char *path, struct lines *l)
{
    FILE *f = fopen(path, "rb");
    size_t len = 0, cap = 1u << 20, got;
    if (!f) {
        say("cannot read %s", path);
        return 1;
    }
    l->data = must_alloc(cap, 1);
    while ((got = fread(l->data + len, 1, cap - len - 1, f)) > 0) {
        len += got;
        if (cap - len < 2 && !(l->data = realloc(l->data, cap *= 2)))
            abort();
    }
    fclose(f);
    l->data[len] = '\0';
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += l->data[i] == '\n';
        if (!l->data[i]) /* or it would end the file */
            l->data[i] = ' ';
    }
    l->item = must_alloc(lines + 1, sizeof(*l->item));
    for (char *s = l->data, *next; s && *s; s = next) {
        next = strchr(s, '\n');
        if (next)
            *next++ = '\0';
        struct line x = {0};
        int n = 0;
        for (char *t = s; t && n < FIELDS; n++) {
            x.field[n] = t;
            t = n < FIELDS - 1 ? strchr(t, '\t') : NULL;
            if (t)
                *t++ = '\0';
        }
        if (n == FIELDS)
            l->item[l->n++] = x;
    }
    return 0;
}

static int by_set(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int r = strcmp(x->field[0], y->field[0]);
    return r ? r : (x->field[0] > y->field[0]) - (x->field[0] < y->field[0]);
}

/* Marks what is trained on: no pair twice, no question that everything answers, a share of large
 * sets. The lines of a file stay neighbours. */
static void choose(struct lines *l, const struct options *o)
{
    struct counter pairs = {0}, questions = {0};
    qsort(l->item, l->n, sizeof(*l->item), by_set);
    for (size_t i = 0; i < l->n; i++)
        counter_get(&questions, l->item[i].field[2], strlen(l->item[i].field[2]), false)->count++;
    for (size_t i = 0, end; i < l->n; i = end) {
        size_t kept = 0;
        const char *set = l->item[i].field[0];
        bool bench = strchr(set, '+') != NULL;
        for (end = i; end < l->n && !strcmp(l->item[end].field[0], set); end++) {
            struct line *x = &l->item[end];
            x->set = l->sets;
            if (o->without_bench && bench)
                continue;
            char key[512];
            int n = snprintf(key, sizeof(key), "%s\x1f%.300s", x->field[2], x->field[4]);
            n = n < (int)sizeof(key) ? n : (int)sizeof(key) - 1;
            struct counted *q = counter_get(&questions, x->field[2], strlen(x->field[2]), false);
            if (q->count > SAME_QUESTION_MAX || counter_get(&pairs, key, (size_t)n, false)->count++)
                continue;
            x->used = true;
            kept++;
        }
        if (kept > o->per_set) { /* by blocks, so that neighbours stay */
            uint64_t share = o->per_set * 1000 / kept;
            for (size_t k = i; k < end; k++) {
                uint64_t block = (k - i) / 32 + 1000003 * (uint64_t)l->sets + o->seed;
                if (random_next(&block) % 1000 >= share)
                    l->item[k].used = false;
            }
        }
        l->sets++;
    }
    counter_free(&pairs);
    counter_free(&questions);
}

/* ---- vocabulary ---- */

static int count_token(void *arg, const struct token *t)
{
    struct counter *c = arg;
    char word[TOKEN_MAX + 8];
    memcpy(word, t->text, t->len);
    size_t len = token_stem(word, t->len);
    if (len > STATIC_WORD_MAX)
        return 0;
    struct counted *x = counter_get(c, word, len, true);
    if (x->mark != c->mark) {
        x->mark = c->mark;
        x->count++;
    }
    return 0;
}

static int by_count(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->word, y->word);
}

/* The words most texts have; a question counts as a text. */
static void choose_words(const struct lines *l, struct image *im, const struct options *o)
{
    struct counter c = {0};
    for (size_t i = 0; i < l->n; i++) {
        const struct line *x = &l->item[i];
        if (!x->used)
            continue;
        for (int f = 2; f < FIELDS; f++) {
            if (f != 4 || c.mark == 0)
                c.mark++;
            token_each(x->field[f], strlen(x->field[f]), count_token, &c);
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < c.cap; i++)
        if (c.slot[i].hash)
            c.slot[n++] = c.slot[i];
    qsort(c.slot, n, sizeof(*c.slot), by_count);
    size_t all = n;
    if (n > o->words)
        n = o->words;
    while (n > 64 && c.slot[n - 1].count < 3)
        n--;
    char **word = must_alloc(n, sizeof(*word));
    for (size_t i = 0; i < n; i++)
        word[i] = c.slot[i].word;
    say("vocabulary: %zu of %zu words; the rarest is in %u texts", n, all,
        n ? c.slot[n - 1].count : 0);
    image_new(im, o, word, n);
    for (size_t i = 0; i < all; i++)
        free(c.slot[i].word);
    free(c.slot);
    free(word);
}

/* ---- texts -> rows ---- */

static struct text add_text(struct corpus *c, const struct static_bag *b, size_t max)
{
    size_t n = b->n < max ? b->n : max;
    if (c->units + n > c->units_cap) {
        c->units_cap = c->units_cap ? 2 * c->units_cap : 1u << 20;
        c->unit = realloc(c->unit, c->units_cap * sizeof(*c->unit));
        if (!c->unit)
            abort();
    }
    struct text t = {(uint32_t)c->units, (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        float count = b->item[i].count * 16;
        c->unit[c->units++] = (struct unit){.row = b->item[i].row & 0xfffff,
                                            .count = count < 1      ? 1
                                                     : count > 4095 ? 4095
                                                                    : (uint32_t)count};
    }
    return t;
}

static void read_pairs(struct corpus *c, const struct lines *l, const struct image *im,
                       const struct options *o)
{
    struct static_bag *b = must_alloc(1, sizeof(*b));
    size_t rows = im->m.head->words + im->m.head->buckets;
    c->pair = must_alloc(l->n + 1, sizeof(*c->pair));
    c->set_at = must_alloc(l->sets + 1, sizeof(*c->set_at));
    c->idf = must_alloc(rows, sizeof(*c->idf));
    c->sets = l->sets;
    c->words = im->m.head->words;
    for (size_t i = 0, set = 0; i < l->n; i++) {
        const struct line *x = &l->item[i];
        for (; set < x->set; set++)
            c->set_at[set + 1] = c->n;
        if (!x->used)
            continue;
        struct pair p = {.set = x->set,
                         .question_hash = hash64(x->field[2], strlen(x->field[2]), 0),
                         .answer_hash = hash64(x->field[4], strnlen(x->field[4], 120), 0)};
        static_bag_clear(b);
        static_bag_add(&im->m, b, x->field[2], strlen(x->field[2]), 1);
        p.question = add_text(c, b, o->query_max);
        static_bag_clear(b);
        static_bag_add(&im->m, b, x->field[3], strlen(x->field[3]), o->title_factor);
        static_bag_add(&im->m, b, x->field[4], strlen(x->field[4]), 1);
        p.answer = add_text(c, b, o->answer_max);
        if (!p.question.n || p.answer.n < 3)
            continue;
        for (uint32_t k = 0; k < p.answer.n; k++)
            c->idf[c->unit[p.answer.at + k].row]++;
        c->pair[c->n++] = p;
    }
    for (size_t set = l->item[l->n - 1].set; set < l->sets; set++)
        c->set_at[set + 1] = c->n;
    for (size_t i = 0; i < rows; i++)
        c->idf[i] = logf(((float)c->n + 1) / (c->idf[i] + 1));
    free(b);
}

int corpus_read(struct corpus *c, struct image *im, const struct options *o)
{
    struct lines l = {0};
    if (read_lines(o->pairs, &l))
        return 1;
    choose(&l, o);
    choose_words(&l, im, o);
    read_pairs(c, &l, im, o);
    say("%zu pairs of %zu lines in %u sets, %.1f million rows of text", c->n, l.n, c->sets,
        (double)c->units / 1e6);
    free(l.item);
    free(l.data);
    return c->n < 2 * (size_t)o->batch ? (say("too few pairs"), 1) : 0;
}
