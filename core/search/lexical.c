/* SPDX-License-Identifier: MIT */
#include "core/search/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/buf.h"
#include "core/util/grow.h"
#include "core/util/utf8.h"

void lexical_fini(struct lexical *l)
{
    free(l->match);
    *l = (struct lexical){0};
}

#define TERMS_READ 512 /* of a question that is a page of its own */

struct collect {
    const char *text; /* of the question */
    struct lex_term *term;
    size_t n;
};

static int collect_term(void *arg, const struct token *t)
{
    struct collect *c = arg;
    if (t->len >= sizeof(c->term[0].text))
        return 0;
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->term[i].text, t->text) == 0)
            return 0;
    if (c->n == TERMS_READ)
        return 1;
    if (!grow(&c->term, c->n, sizeof(*c->term)))
        return -ENOMEM;
    struct lex_term *x = &c->term[c->n++];
    *x = (struct lex_term){.part = t->part, .stop = token_is_stopword(t->text, t->len)};
    memcpy(x->text, t->text, t->len + 1);
    utf8_lower(c->text + t->start, t->end - t->start, x->shown, sizeof(x->shown));
    return 0;
}

static int by_df(const void *a, const void *b)
{
    const struct lex_term *x = *(const struct lex_term *const *)a;
    const struct lex_term *y = *(const struct lex_term *const *)b;
    if (x->df != y->df)
        return x->df < y->df ? -1 : 1;
    return strcmp(x->text, y->text);
}

void lexical_quote(struct buf *b, const char *s)
{
    buf_addc(b, '"');
    for (; *s; s++) {
        if (*s == '"')
            buf_addc(b, '"');
        buf_addc(b, *s);
    }
    buf_addc(b, '"');
}

static void add_part(struct lexical *l, int term, int64_t df)
{
    l->part[l->n_part].term = term;
    l->part[l->n_part++].df = df;
}

static int same_word(void *arg, const struct token *t)
{
    const char **word = arg;
    if (t->part)
        return 0;
    bool same = *word && strcmp(*word, t->text) == 0;
    *word = NULL; /* a second one would make it a phrase */
    return !same;
}

static bool reads_as(const char *text, const char *word)
{
    return token_each(text, strlen(text), same_word, &word) == 0 && !word;
}

bool lexical_reads_alike(const char *word)
{
    return reads_as(word, word);
}

int lexical_one_word(const struct lexical *l, const char *phrase)
{
    for (size_t i = 0; i < l->n; i++)
        if (!l->term[i].stop && reads_as(phrase, l->term[i].text) &&
            lexical_reads_alike(l->term[i].text))
            return (int)i;
    return -1;
}

#define EVERYWHERE INT64_MAX /* a df that gives no weight */

/* What every passage with the phrase holds: itself, or the pieces of its identifiers, which may
 * stand inside of longer ones. */
static void add_phrase(struct lexical *l, const char *phrase, bool inside, struct buf *b)
{
    struct phrase_words words = {0};
    if (inside)
        phrases_words(phrase, &words);
    for (size_t i = 0; i < words.n; i++) {
        buf_adds(b, i ? " AND " : "");
        lexical_quote(b, words.text[i]);
        add_part(l, lexical_one_word(l, words.text[i]), EVERYWHERE);
    }
    if (words.n)
        return;
    int term = lexical_one_word(l, phrase);
    lexical_quote(b, phrase);
    add_part(l, term, term < 0 ? -1 : l->term[term].df);
}

/* A passage with the phrase that the first n parts are of holds one of the terms taken. */
static bool implied(const struct lexical *l, size_t n, const struct lex_term *const *taken,
                    size_t n_taken)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_taken && l->part[i].term >= 0; k++)
            if (taken[k] == &l->term[l->part[i].term])
                return true;
    return false;
}

/* (phrases) AND (first phrase OR, which is left open. */
static void add_phrases(struct lexical *l, const struct query *q,
                        const struct lex_term *const *taken, size_t n_taken, struct buf *b)
{
    bool inside = q->n_phrase <= PHRASES_INSIDE;
    size_t first = 0;
    for (size_t i = 0; i < q->n_phrase; i++) {
        buf_adds(b, i ? " AND " : "(");
        add_phrase(l, q->phrase[i], inside, b);
        first = i ? first : l->n_part;
    }
    l->n_must = l->n_part;
    buf_adds(b, ") AND (");
    if (implied(l, first, taken, n_taken))
        return;
    size_t at = l->n_part;
    buf_addc(b, '(');
    add_phrase(l, q->phrase[0], inside, b);
    buf_adds(b, n_taken ? ") OR " : ")");
    for (; at < l->n_part; at++)
        l->part[at].df = EVERYWHERE;
}

/* Every row of every term is visited and scored, about 1 us each in FTS5 and 20 ns in index/words:
 * the most frequent terms cost most and say least. Terms are taken from the rarest up while their
 * rows fit the budget; those left out still count when the candidates are read again, but a page
 * that all its terms together would bring may not be among those (tools/model/README.md).
 *
 * The expression: (phrases) AND (first phrase OR terms) NOT (exclusions). The terms weigh what the
 * phrases select; its own words may be too frequent to be among them. */
static int build(struct lexical *l, const struct query *q, int64_t budget, struct buf *b)
{
    const struct lex_term *order[LEX_TERMS_MAX];
    size_t n = 0;
    bool only_stop = true;
    for (size_t i = 0; i < l->n; i++)
        only_stop = only_stop && (l->term[i].stop || l->term[i].df == 0);
    for (size_t i = 0; i < l->n; i++)
        if (l->term[i].df > 0 && (only_stop || !l->term[i].stop))
            order[n++] = &l->term[i];
    qsort(order, n, sizeof(*order), by_df);
    int64_t rows = 0;
    size_t taken = 0;
    while (taken < n && (taken == 0 || rows + order[taken]->df <= budget))
        rows += order[taken++]->df;
    if (taken == 0 && q->n_phrase == 0)
        return 0;

    if (q->n_exclude)
        buf_addc(b, '(');
    if (q->n_phrase)
        add_phrases(l, q, order, taken, b);
    else
        buf_addc(b, '(');
    for (size_t i = 0; i < taken; i++) {
        if (i)
            buf_adds(b, " OR ");
        lexical_quote(b, order[i]->text);
        add_part(l, (int)(order[i] - l->term),
                 lexical_reads_alike(order[i]->text) ? order[i]->df : -1);
    }
    buf_addc(b, ')');
    if (q->n_exclude) {
        buf_adds(b, ") NOT (");
        for (size_t i = 0; i < q->n_exclude; i++) {
            buf_adds(b, i ? " OR " : "");
            lexical_quote(b, q->exclude[i]);
            add_part(l, -2, 0); /* no row that is found holds it: nothing to count */
        }
        buf_addc(b, ')');
    }
    return buf_status(b);
}

/* The index spells it as its stem. */
int64_t lexical_df(struct store_read *r, df_fn *count, struct docfs *d, const char *text)
{
    char stem[72];
    size_t n = strlen(text);
    memcpy(stem, text, n + 1);
    n = token_stem(stem, n);
    stem[n] = '\0';
    int64_t df = count ? count(d, r, text, stem, n) : -1;
    return df < 0 ? store_term_df(r, stem) : df;
}

static int by_use(const void *a, const void *b)
{
    const struct lex_term *x = *(const struct lex_term *const *)a;
    const struct lex_term *y = *(const struct lex_term *const *)b;
    bool known = x->df > 0, other = y->df > 0;
    return known != other ? other - known : by_df(a, b);
}

/* The end of a pasted text says as much as its beginning: the rarest words of all of it are kept,
 * in their order. */
static int choose(const struct collect *c, struct lexical *ret)
{
    _cleanup_free_ const struct lex_term **order = calloc(c->n + 1, sizeof(*order));
    _cleanup_free_ bool *left_out = calloc(c->n + 1, sizeof(*left_out));
    if (!order || !left_out)
        return -ENOMEM;
    for (size_t i = 0; i < c->n; i++)
        order[i] = &c->term[i];
    if (c->n > LEX_TERMS_MAX)
        qsort(order, c->n, sizeof(*order), by_use);
    for (size_t i = LEX_TERMS_MAX; i < c->n; i++)
        left_out[order[i] - c->term] = true;
    for (size_t i = 0; i < c->n; i++)
        if (!left_out[i])
            ret->term[ret->n++] = c->term[i];
    return 0;
}

static int find_terms(struct store_read *r, const char *text, df_fn *df, struct docfs *d,
                      struct lexical *ret)
{
    struct collect c = {.text = text};
    int rc = token_each(text, strlen(text), collect_term, &c);
    /* Counting a function word walks its long list of rows: only when there is nothing else. */
    bool only_stop = true;
    for (size_t i = 0; i < c.n; i++)
        only_stop = only_stop && c.term[i].stop;
    for (size_t i = 0; i < c.n && rc >= 0; i++)
        if (only_stop || !c.term[i].stop)
            c.term[i].df = lexical_df(r, df, d, c.term[i].text);
    rc = rc < 0 ? rc : choose(&c, ret);
    free(c.term);
    return rc;
}

int lexical_prepare(struct store_read *r, const struct query *q, int64_t budget, df_fn *df,
                    struct docfs *d, struct lexical *ret, struct docfs_err *err)
{
    *ret = (struct lexical){0};
    if (find_terms(r, q->text, df, d, ret) < 0)
        return err_oom(err);
    _cleanup_buf_ struct buf b = {0};
    if (build(ret, q, budget, &b) < 0)
        return err_oom(err);
    if (b.len)
        ret->match = buf_steal(&b, NULL);
    return 0;
}
