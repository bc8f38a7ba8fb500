/* SPDX-License-Identifier: MIT
 * Words of a question that occur nowhere, and the words that may be meant: those of index/words.
 * Where that file is behind or missing the full text tells, but it knows only stems ("retriev"): a
 * passage that holds one says which word it is ("retrieval"). */
#include "core/search/search.h"
#include "core/search/words.h"

#include <stdio.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/best.h"
#include "core/util/buf.h"

#define WORD_MAX 38 /* bytes of a word that is looked for */
#define SHOWN 3

/* Optimal string alignment distance, cut off above max (Wagner-Fischer with transpositions). */
static unsigned distance(const char *a, size_t n, const char *b, size_t m, unsigned max)
{
    unsigned row[3][WORD_MAX + 2];
    if (n > WORD_MAX || m > WORD_MAX || (n > m ? n - m : m - n) > max)
        return max + 1;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *cur = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned v = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < v)
                v = up[j] + 1;
            if (cur[j - 1] + 1 < v)
                v = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < v)
                v = up2[j - 2] + 1;
            cur[j] = v;
        }
    }
    return row[n % 3][m];
}

/* Bytes that two words have in common at both ends: tells the forms of a word apart. */
static size_t common_ends(const char *a, size_t n, const char *b, size_t m)
{
    size_t least = n < m ? n : m, head = 0, tail = 0;
    while (head < least && a[head] == b[head])
        head++;
    while (tail < least - head && a[n - 1 - tail] == b[m - 1 - tail])
        tail++;
    return head + tail;
}

struct neighbour {
    char text[WORD_MAX + 1], stem[TOKEN_MAX + 8];
    unsigned distance;
    int64_t df;
    size_t ends;
};

struct neighbours {
    struct docfs *d;
    struct store_read *r;
    const char *word;
    size_t len;
    unsigned most; /* mistakes */
    struct neighbour best[SHOWN];
    size_t n;
};

static bool nearer(const struct neighbour *a, const struct neighbour *b)
{
    return a->distance != b->distance ? a->distance < b->distance
           : a->df != b->df           ? a->df > b->df
                                      : a->ends > b->ends;
}

/* Of the words of one stem the best is kept. */
static void keep(struct neighbours *x, const struct neighbour *c)
{
    size_t at = 0, end = 0;
    while (end < x->n && strcmp(x->best[end].stem, c->stem) != 0)
        end++;
    while (at < end && !nearer(c, &x->best[at]))
        at++;
    if (at == SHOWN || (at == end && end < x->n && !nearer(c, &x->best[end])))
        return;
    if (end == x->n && x->n < SHOWN)
        x->n++;
    end -= end == SHOWN;
    memmove(&x->best[at + 1], &x->best[at], (end - at) * sizeof(*c));
    x->best[at] = *c;
}

static void on_word(void *arg, const char *text, size_t len)
{
    struct neighbours *x = arg;
    struct neighbour c = {.distance = distance(x->word, x->len, text, len, x->most)};
    if (c.distance > x->most)
        return;
    memcpy(c.text, text, len);
    memcpy(c.stem, text, len);
    c.stem[token_stem(c.stem, len)] = '\0';
    c.ends = common_ends(x->word, x->len, text, len);
    c.df = lexical_df(x->r, words_df, x->d, c.text);
    if (c.df > 0)
        keep(x, &c);
}

static void on_stem(void *arg, const char *text, int64_t df)
{
    struct neighbours *x = arg;
    size_t len = strlen(text);
    struct neighbour c = {.distance = distance(x->word, x->len, text, len, x->most), .df = df};
    if (c.distance > x->most || !c.distance)
        return;
    memcpy(c.text, text, len);
    memcpy(c.stem, text, len);
    keep(x, &c);
}

#define FORMS 16   /* words of one stem that are told apart */
#define PASSAGES 8 /* that are read for them */

struct forms {
    const char *stem;
    struct {
        char text[TOKEN_MAX + 8];
        unsigned n;
    } form[FORMS];
    size_t n;
};

static int count_form(void *arg, const struct token *t)
{
    struct forms *f = arg;
    char stem[TOKEN_MAX + 8];
    memcpy(stem, t->text, t->len);
    size_t n = token_stem(stem, t->len);
    if (strncmp(stem, f->stem, n) != 0 || f->stem[n])
        return 0;
    size_t i = 0;
    while (i < f->n && strcmp(f->form[i].text, t->text) != 0)
        i++;
    if (i == FORMS)
        return 0;
    if (i == f->n) {
        memcpy(f->form[i].text, t->text, t->len + 1);
        f->n++;
    }
    f->form[i].n++;
    return 0;
}

/* A word with the stem, for the full text to stem again: not every stem is its own ("databas"). */
static bool word_of(const char *stem, char word[TOKEN_MAX + 8])
{
    static const char *const end[] = {"", "e", "s", "es", "ing"};
    for (size_t i = 0; i < sizeof(end) / sizeof(*end); i++) {
        char again[TOKEN_MAX + 8];
        int n = snprintf(word, TOKEN_MAX, "%s%s", stem, end[i]);
        memcpy(again, word, (size_t)n + 1);
        size_t len = token_stem(again, (size_t)n);
        if (strncmp(again, stem, len) == 0 && !stem[len])
            return !strchr(word, '"');
    }
    return false;
}

/* The word that the first passages with a stem have most often; the stem when there is none. */
static void add_word(struct store_read *r, const char *stem, struct buf *note)
{
    char word[TOKEN_MAX + 8], match[TOKEN_MAX + 16];
    bool known = word_of(stem, word);
    snprintf(match, sizeof(match), "\"%s\"", word);
    struct store_lex_query q = {.match = match, .weight = {1, 1, 1}};
    struct best best[PASSAGES];
    int n = known ? store_lex_search(r, &q, PASSAGES, best, NULL) : 0;
    int64_t id[PASSAGES];
    struct store_passage p[PASSAGES] = {0};
    for (int i = 0; i < n; i++)
        id[i] = best[i].passage;
    struct forms f = {.stem = stem};
    if (n > 0 && store_passage_texts(r, id, (size_t)n, p, NULL) == 0)
        for (int i = 0; i < n; i++)
            if (p[i].text) {
                token_each(p[i].title, strlen(p[i].title), count_form, &f);
                token_each(p[i].heading, strlen(p[i].heading), count_form, &f);
                token_each(p[i].text, p[i].text_len, count_form, &f);
            }
    for (int i = 0; i < n; i++)
        store_passage_fini(&p[i]);
    size_t top = 0;
    for (size_t i = 1; i < f.n; i++)
        if (f.form[i].n > f.form[top].n)
            top = i;
    buf_adds(note, f.n ? f.form[top].text : stem);
}

/* Writes the words that may be meant by one. */
static void add_neighbours(struct docfs *d, struct store_read *r, const char *word,
                           struct buf *note)
{
    struct neighbours x = {.d = d, .r = r, .word = word, .len = strlen(word)};
    char stem[72], prefix[4];
    if (x.len < 3 || x.len > WORD_MAX || word[0] & 0x80)
        return;
    x.most = x.len > 5 ? 2 : 1;
    bool held = words_acquire(d, r);
    bool named = held && words_nearby(d, word, x.len, x.most, on_word, &x);
    if (held)
        words_release(d);
    if (!named) {
        memcpy(stem, word, x.len + 1);
        x.len = token_stem(stem, x.len);
        stem[x.len] = '\0';
        x.word = stem;
        snprintf(prefix, sizeof(prefix), "%.*s", x.len > 5 ? 3 : 2, stem);
        store_terms(r, prefix, 5000, on_stem, &x, NULL);
    }
    for (size_t i = 0; i < x.n; i++) {
        buf_adds(note, i ? ", " : " Similar words: ");
        if (named)
            buf_adds(note, x.best[i].text);
        else
            add_word(r, x.best[i].stem, note);
    }
    if (x.n)
        buf_addc(note, '.');
}

void lexical_spelling(struct docfs *d, struct store_read *r, const struct lexical *l,
                      const struct docfs_results *res, struct buf *note)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct lex_term *t = &l->term[i];
        if (t->df || t->part || t->stop || results_show(res, t->shown))
            continue;
        buf_addf(note, "%sNo document holds \"%s\".", note->len ? " " : "", t->shown);
        add_neighbours(d, r, t->text, note);
    }
}
