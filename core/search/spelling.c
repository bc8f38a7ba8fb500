/* SPDX-License-Identifier: MIT
 * Words of a question that occur nowhere, and the words that may be meant. The full text knows
 * stems ("retriev"): a passage that holds one tells which word it is ("retrieval"). */
#include "core/search/search.h"

#include <stdio.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/best.h"
#include "core/util/buf.h"

/* Optimal string alignment distance, cut off above max (Wagner-Fischer with transpositions). */
static unsigned distance(const char *a, size_t n, const char *b, size_t m, unsigned max)
{
    unsigned row[3][40];
    if (n > 38 || m > 38 || (n > m ? n - m : m - n) > max)
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

struct neighbours {
    const char *word;
    size_t len;
    struct {
        char text[40];
        unsigned distance;
        int64_t df;
    } best[3];
    size_t n;
};

static void consider(void *arg, const char *term, int64_t df)
{
    struct neighbours *x = arg;
    unsigned max = x->len > 5 ? 2 : 1;
    size_t m = strlen(term);
    unsigned dist = m < sizeof(x->best[0].text) ? distance(x->word, x->len, term, m, max) : 99;
    if (dist == 0 || dist > max)
        return;
    size_t at = x->n;
    while (at > 0 && (dist < x->best[at - 1].distance ||
                      (dist == x->best[at - 1].distance && df > x->best[at - 1].df)))
        at--;
    if (at == 3)
        return;
    if (x->n < 3)
        x->n++;
    memmove(&x->best[at + 1], &x->best[at], (x->n - 1 - at) * sizeof(x->best[0]));
    memcpy(x->best[at].text, term, m + 1);
    x->best[at].distance = dist;
    x->best[at].df = df;
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

void lexical_spelling(struct store_read *r, const struct lexical *l, struct buf *note)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct lex_term *t = &l->term[i];
        if (t->df || t->part || t->stop)
            continue;
        char stem[72];
        size_t n = strlen(t->text);
        memcpy(stem, t->text, n + 1);
        n = token_stem(stem, n);
        stem[n] = '\0';
        if (note->len)
            buf_addc(note, ' ');
        buf_addf(note, "No document holds \"%s\".", t->shown);
        struct neighbours x = {.word = stem, .len = n};
        char prefix[4];
        snprintf(prefix, sizeof(prefix), "%.*s", n > 5 ? 3 : 2, stem);
        if (n < 3 || (stem[0] & 0x80) || store_terms(r, prefix, 5000, consider, &x, NULL) < 0 ||
            x.n == 0)
            continue;
        buf_adds(note, " Similar words:");
        for (size_t j = 0; j < x.n; j++) {
            buf_adds(note, j ? ", " : " ");
            add_word(r, x.best[j].text, note);
        }
        buf_addc(note, '.');
    }
}
