/* SPDX-License-Identifier: MIT */
#include "core/search/features.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/grow.h"

void features_begin(struct features *f)
{
    f->n = f->title = f->n_late = 0;
}

static int add(struct features *f, const uint32_t *row, size_t n)
{
    if (!n)
        return 0;
    if (f->n + n > f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 1024;
        uint32_t *grown = reallocarray(f->row, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        f->row = grown;
        f->cap = cap;
    }
    memcpy(f->row + f->n, row, n * sizeof(*row));
    f->n += n;
    return 0;
}

int features_end(struct features *f)
{
    size_t n = f->n_late;
    f->n_late = 0;
    return add(f, f->late, n);
}

int features_word(struct features *f, const struct embed_word *w, bool part)
{
    if (part)
        f->n_late = 0;
    int rc = features_end(f);
    if (rc < 0 || !w->letters || part)
        return rc < 0 ? rc : add(f, w->row, w->n);
    memcpy(f->late, w->row, w->n * sizeof(*w->row));
    f->n_late = w->n;
    return 0;
}

int features_title(struct features *f)
{
    int rc = features_end(f);
    f->title = f->n;
    return rc;
}

void features_fini(struct features *f)
{
    free(f->row);
    free(f->bits);
    *f = (struct features){0};
}

/* ---- in order ---- */

static int widen(struct features *f, size_t words)
{
    if (2 * words <= f->bits_cap)
        return 0;
    uint64_t *grown = calloc(2 * words, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    free(f->bits); /* all 0 between texts */
    f->bits = grown;
    f->bits_cap = 2 * words;
    return 0;
}

/* The numbers of the bits, which are taken out again. */
static size_t collect(uint64_t *bits, size_t words, uint32_t *row)
{
    size_t n = 0;
    for (size_t i = 0; i < words; i++)
        for (; bits[i]; bits[i] &= bits[i] - 1)
            row[n++] = (uint32_t)(64 * i) + (uint32_t)__builtin_ctzll(bits[i]);
    return n;
}

int features_order(struct features *f)
{
    uint32_t most = 0;
    for (size_t i = 0; i < f->n; i++)
        most = f->row[i] > most ? f->row[i] : most;
    size_t words = most / 64 + 1;
    if (widen(f, words) < 0)
        return -ENOMEM;
    uint64_t *title = f->bits, *rest = f->bits + words;
    for (size_t i = 0; i < f->n; i++)
        (i < f->title ? title : rest)[f->row[i] / 64] |= (uint64_t)1 << (f->row[i] % 64);
    for (size_t i = 0; i < words; i++)
        rest[i] &= ~title[i];
    f->title = collect(title, words, f->row);
    f->n = f->title + collect(rest, words, f->row + f->title);
    return 0;
}

/* ---- of names ---- */

void features_look_up(const struct embedder *e, const struct token *t, struct embed_word *ret)
{
    char stem[TOKEN_MAX + 8];
    memcpy(stem, t->text, t->len);
    e->near->rows(e->ctx, t, stem, token_stem(stem, t->len), ret);
}

static int remember(struct feature_names *x, const struct embed_word *w)
{
    if (!grow(&x->at, x->n, sizeof(*x->at)) || x->rows + w->n + 1 >= UINT32_MAX)
        return -ENOMEM;
    x->at[x->n++] = (uint32_t)x->rows;
    for (size_t i = 0; i <= w->n; i++) {
        if (!grow(&x->row, x->rows, sizeof(*x->row)))
            return -ENOMEM;
        x->row[x->rows++] = i ? w->row[i - 1] : (uint32_t)w->n << 1 | w->letters;
    }
    return 0;
}

int feature_names_get(struct feature_names *x, uint32_t name, const struct token *t,
                      struct embed_word *ret)
{
    if (name >= x->n) {
        features_look_up(x->e, t, ret);
        return name == x->n ? remember(x, ret) : 0;
    }
    const uint32_t *at = x->row + x->at[name];
    ret->n = at[0] >> 1;
    ret->letters = at[0] & 1;
    memcpy(ret->row, at + 1, ret->n * sizeof(*ret->row));
    return 0;
}

void feature_names_fini(struct feature_names *x)
{
    embedder_free(x->e);
    free(x->at);
    free(x->row);
}
