/* SPDX-License-Identifier: MIT
 * The first candidates are read again. Full text counts a piece of an identifier like a word and
 * leaves out function words, because each costs a walk over its passages; with the text of some
 * passages at hand neither is needed. The embedder compares word by word on the way. */
#include "core/search/search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"

#define K1 1.2 /* as in FTS5 */
#define B 0.75
#define TERMS LEX_TERMS_MAX

/* Weights of an occurrence; chosen together, on seven sets (tools/model/README.md). */
#define IN_TITLE 3.0
#define IN_HEADING 2.0
#define IN_TEXT 1.0
#define AS_PART 0.5  /* "join" of "os.path.join" */
#define IN_ORDER 1.0 /* two words that follow each other in question and passage */

/* Weights of what is added to the three parts that settings weigh. */
#define TITLE_WORDS 0.1 /* the part of the question's words that title and headings hold */
#define TITLE_NEAR 0.1  /* the same with words that are near */
/* Of a field that the model does not know, the words of the best passages say more (expand.c), and
 * its own two parts count that much less. */
#define EXPANSION 0.5
#define ABROAD_LESS 0.8

/* Function words tell code apart ("for", "if", "not") and say little else: they count for part, and
 * for nothing in a question that has enough other words. */
#define STOP_FACTOR 0.6
#define STOP_WORDS_MAX 6

enum field { FIELD_TITLE, FIELD_HEADING, FIELD_TEXT, FIELD_PART, FIELDS };

struct term {
    char stem[72];
    size_t len;
    double idf;
    unsigned seen; /* passages of the list that hold it */
};

struct reading {
    const struct term *term;
    size_t n;
    uint64_t lengths; /* of the stems, as a set */
    bool first[256];  /* their first bytes: stemming changes no first letter */
    enum field field;
    uint16_t tf[TERMS][FIELDS];
    uint16_t after[TERMS]; /* times that it follows the term before it in the question */
    int last;              /* term of the word before, -1: none */
    size_t words;
    struct expand *expand;             /* NULL: not wanted */
    const struct embed_near_ops *near; /* NULL: the embedder cannot */
    struct embed_asked *asked;
};

struct read_passage {
    struct candidate *c;
    uint16_t tf[TERMS][FIELDS], after[TERMS];
    size_t words;
    double lex, title;
    struct embed_near near;
};

static int on_token(void *arg, const struct token *t)
{
    struct reading *r = arg;
    char word[TOKEN_MAX + 8];
    int found = -1;
    int before = r->last;
    if (!t->part) {
        r->words++;
        r->last = -1;
        if (r->expand && expand_word(r->expand, t->text, t->len) < 0)
            return -ENOMEM;
    }
    bool maybe = r->first[(unsigned char)t->text[0]];
    if (!maybe && !r->near)
        return 0;
    memcpy(word, t->text, t->len);
    size_t len = token_stem(word, t->len);
    if (r->near && r->near->word(r->asked, t, word, len) < 0)
        return -ENOMEM;
    if (!maybe)
        return 0;
    if (r->lengths & (uint64_t)1 << (len & 63))
        for (size_t i = 0; i < r->n && found < 0; i++)
            if (r->term[i].len == len && memcmp(r->term[i].stem, word, len) == 0)
                found = (int)i;
    if (found >= 0) {
        uint16_t *n = &r->tf[found][t->part ? FIELD_PART : r->field];
        *n += *n < UINT16_MAX;
        if (!t->part) {
            r->last = found;
            r->after[found] += found > 0 && before == found - 1 && r->after[found] < UINT16_MAX;
        }
    }
    return 0;
}

static int read_field(struct reading *r, enum field field, const char *text, size_t len)
{
    r->field = field;
    return token_each(text, len, on_token, r);
}

static int read_one(struct reading *r, const struct store_passage *p, struct read_passage *ret)
{
    memset(r->tf, 0, sizeof(r->tf));
    memset(r->after, 0, sizeof(r->after));
    r->words = 0;
    r->last = -1;
    int rc = r->expand ? expand_begin(r->expand) : 0;
    if (rc == 0)
        rc = read_field(r, FIELD_TITLE, p->title, strlen(p->title));
    if (rc == 0)
        rc = read_field(r, FIELD_HEADING, p->heading, strlen(p->heading));
    if (r->near)
        r->near->title(r->asked);
    if (rc == 0)
        rc = read_field(r, FIELD_TEXT, p->text, p->text_len);
    if (r->near)
        r->near->end(r->asked, &ret->near);
    memcpy(ret->tf, r->tf, sizeof(r->tf));
    memcpy(ret->after, r->after, sizeof(r->after));
    ret->words = r->words;
    return rc;
}

static double occurrences(const uint16_t tf[FIELDS])
{
    return IN_TITLE * tf[FIELD_TITLE] + IN_HEADING * tf[FIELD_HEADING] + IN_TEXT * tf[FIELD_TEXT] +
           AS_PART * tf[FIELD_PART];
}

/* Rarity from the index; of function words, which are not counted there, from the list. */
static void weigh_terms(struct term *term, const struct lexical *l, const struct read_passage *p,
                        size_t n, int64_t passages)
{
    double all = (double)passages;
    size_t telling = 0;
    for (size_t i = 0; i < l->n; i++)
        telling += !l->term[i].stop && !l->term[i].part;
    for (size_t i = 0; i < l->n; i++) {
        double df = (double)l->term[i].df;
        for (size_t k = 0; k < n; k++)
            term[i].seen += occurrences(p[k].tf[i]) > 0;
        if (l->term[i].stop && df <= 0)
            df = all * (term[i].seen + 0.5) / ((double)n + 1);
        if (df > all)
            df = all;
        term[i].idf = log(1 + (all - df + 0.5) / (df + 0.5));
        if (l->term[i].stop && telling)
            term[i].idf *= telling > STOP_WORDS_MAX ? 0 : STOP_FACTOR;
    }
}

static double bm25(const struct term *term, size_t n, const struct read_passage *p, double mean)
{
    double sum = 0, length = K1 * (1 - B + B * (double)p->words / mean);
    for (size_t i = 0; i < n; i++) {
        double f = occurrences(p->tf[i]);
        sum += term[i].idf * f * (K1 + 1) / (f + length);
        double after = p->after[i];
        if (after > 0)
            sum += IN_ORDER * fmin(term[i].idf, term[i - 1].idf) * after / (after + length);
    }
    return sum;
}

/* The part of the question's words, by rarity, that title and headings hold. */
static double in_title(const struct term *term, const struct lexical *l,
                       const struct read_passage *p)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->term[i].part)
            continue;
        all += term[i].idf;
        if (p->tf[i][FIELD_TITLE] || p->tf[i][FIELD_HEADING])
            sum += term[i].idf;
    }
    return all > 0 ? sum / all : 0;
}

static void read_terms(const struct lexical *l, struct term *term, struct reading *r)
{
    for (size_t i = 0; i < l->n; i++) {
        memcpy(term[i].stem, l->term[i].text, sizeof(term[i].stem));
        term[i].len = token_stem(term[i].stem, strlen(term[i].stem));
        r->lengths |= (uint64_t)1 << (term[i].len & 63);
        r->first[(unsigned char)term[i].stem[0]] = true;
    }
}

/* Combines: all parts 0..1 over the list, as fuse_score() makes them. */
static void combine(struct read_passage *p, size_t n, const struct fusion *f)
{
    double lex = 0, high = -1, low = 2, near_high = 0;
    for (size_t i = 0; i < n; i++) {
        lex = fmax(lex, p[i].lex);
        high = fmax(high, p[i].c->vec);
        low = fmin(low, p[i].c->vec);
        near_high = fmax(near_high, (double)p[i].near.all);
    }
    double known = 1 - ABROAD_LESS * f->abroad;
    double vec_weight = known * f->vec_weight;
    double near_weight = near_high > 0 ? known * f->near_weight : 0;
    double title_near = near_weight > 0 ? TITLE_NEAR : 0;
    double total = f->lex_weight + vec_weight + near_weight + TITLE_WORDS + title_near;
    double span = fmax(high - low, FUSE_SPAN_MIN);
    for (size_t i = 0; i < n; i++) {
        double a = lex > 0 ? p[i].lex / lex : 0;
        double b = 1 - (high - p[i].c->vec) / span;
        double sum = f->lex_weight * a + vec_weight * b + near_weight * (double)p[i].near.all +
                     TITLE_WORDS * p[i].title + title_near * (double)p[i].near.title;
        p[i].c->score = sum / total;
    }
}

static int add_expansion(struct expand *x, struct read_passage *p, size_t n, double weight)
{
    _cleanup_free_ double *score = calloc(2 * n, sizeof(*score));
    double *shared = score + n;
    for (size_t i = 0; score && i < n; i++)
        score[i] = p[i].c->score;
    int rc = score ? expand_score(x, score, shared) : -ENOMEM;
    for (size_t i = 0; i < n && rc == 0; i++)
        p[i].c->score = (p[i].c->score + weight * shared[i]) / (1 + weight);
    return rc;
}

/* The texts of list[0..n); those that were deleted since the index was made have no number. */
static int fetch(struct store_read *r, const struct candidate *list, size_t n,
                 struct store_passage *ret, struct docfs_err *err)
{
    _cleanup_free_ int64_t *id = malloc((n ? n : 1) * sizeof(*id));
    if (!id)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        id[i] = list[i].passage;
    return store_passage_texts(r, id, n, ret, err);
}

static int read_all(struct reading *reading, const struct store_passage *text, size_t n,
                    struct candidate *list, struct read_passage *p, size_t *ret_got)
{
    size_t got = 0;
    for (size_t i = 0; i < n; i++) {
        if (!text[i].passage) /* left to collect() */
            continue;
        p[got].c = &list[i];
        int rc = read_one(reading, &text[i], &p[got++]);
        if (rc < 0)
            return rc;
    }
    *ret_got = got;
    return 0;
}

int rescore(struct store_read *r, struct embedder *e, const char *query, const struct lexical *l,
            const struct fusion *f, struct candidate *list, size_t n, struct docfs_err *err)
{
    _cleanup_free_ struct read_passage *p = calloc(n ? n : 1, sizeof(*p));
    _cleanup_free_ struct store_passage *text = calloc(n ? n : 1, sizeof(*text));
    struct term term[TERMS] = {0};
    _cleanup_(expand_fini) struct expand expand = {0};
    struct reading reading = {.term = term, .n = l->n, .expand = f->abroad > 0 ? &expand : NULL};
    int64_t passages, last;
    size_t got = 0, words = 0;
    if (!p || !text)
        return err_oom(err);
    read_terms(l, term, &reading);
    int rc = store_passage_count(r, &passages, &last, err);
    if (rc == 0 && e && e->near) {
        reading.near = e->near;
        rc = e->near->begin(e->ctx, query, &reading.asked, err);
    }
    if (rc == 0)
        rc = fetch(r, list, n, text, err);
    if (rc == 0 && read_all(&reading, text, n, list, p, &got) < 0)
        rc = err_oom(err);
    for (size_t i = 0; i < n; i++)
        store_passage_fini(&text[i]);
    if (reading.asked)
        reading.near->free(reading.asked);
    for (size_t i = 0; i < got; i++)
        words += p[i].words;
    if (rc < 0 || got == 0)
        return rc;
    weigh_terms(term, l, p, got, passages);
    double mean = (double)words / (double)got;
    for (size_t i = 0; i < got; i++) {
        p[i].lex = bm25(term, l->n, &p[i], mean > 1 ? mean : 1);
        p[i].title = in_title(term, l, &p[i]);
    }
    combine(p, got, f);
    if (reading.expand && add_expansion(&expand, p, got, EXPANSION * f->abroad) < 0)
        return err_oom(err);
    return 0;
}
