/* SPDX-License-Identifier: MIT
 * The first candidates are read again. Full text counts a piece of an identifier like a word and
 * leaves out function words, because each costs a walk over its passages; with the text of some
 * passages at hand neither is needed. The embedder compares word by word on the way. */
#include "core/search/reading.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define K1 1.2 /* as in FTS5 */
#define B 0.75

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
/* What an identifier is wants to be read where it is defined: so much of the way to the best score.
 */
#define DEFINITION 0.5

/* Function words tell code apart ("for", "if", "not") and say little else: they count for part, and
 * for nothing in a question that has enough other words. */
#define STOP_FACTOR 0.6
#define STOP_WORDS_MAX 6

struct term {
    double idf;
    unsigned seen; /* passages of the list that hold it */
};

struct read_passage {
    struct candidate *c;
    struct counts counts;
    double lex, title;
    bool defines; /* what is asked for */
};

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
            term[i].seen += occurrences(p[k].counts.tf[i]) > 0;
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
    double sum = 0, length = K1 * (1 - B + B * (double)p->counts.words / mean);
    for (size_t i = 0; i < n; i++) {
        double f = occurrences(p->counts.tf[i]);
        sum += term[i].idf * f * (K1 + 1) / (f + length);
        double after = p->counts.after[i];
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
        if (p->counts.tf[i][FIELD_TITLE] || p->counts.tf[i][FIELD_HEADING])
            sum += term[i].idf;
    }
    return all > 0 ? sum / all : 0;
}

/* Combines: all parts 0..1 over the list, as fuse_score() makes them. */
static void combine(struct read_passage *p, size_t n, const struct fusion *f)
{
    double lex = 0, defined = 0, high = -1, low = 2, near_high = 0;
    for (size_t i = 0; i < n; i++) {
        lex = fmax(lex, p[i].lex);
        defined = fmax(defined, p[i].defines ? p[i].lex : 0);
        high = fmax(high, p[i].c->vec);
        low = fmin(low, p[i].c->vec);
        near_high = fmax(near_high, (double)p[i].counts.near.all);
    }
    double known = 1 - ABROAD_LESS * f->abroad;
    double vec_weight = known * f->vec_weight;
    double near_weight = near_high > 0 ? known * f->near_weight : 0;
    double title_near = near_weight > 0 ? TITLE_NEAR : 0;
    double total = f->lex_weight + vec_weight + near_weight + TITLE_WORDS + title_near;
    double span = fmax(high - low, FUSE_SPAN_MIN);
    for (size_t i = 0; i < n; i++) {
        double most = p[i].defines ? defined : lex, a = most > 0 ? p[i].lex / most : 0;
        double b = 1 - (high - p[i].c->vec) / span;
        double text =
            f->lex_weight * a + vec_weight * b + near_weight * (double)p[i].counts.near.all;
        double score =
            (text + TITLE_WORDS * p[i].title + title_near * (double)p[i].counts.near.title) / total;
        p[i].c->score = p[i].defines ? score + DEFINITION * (1 - score) : score;
        p[i].c->boost = p[i].c->score - text / total;
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

/* Where the words of list[i] are: a row of index/words, or a text. */
struct source {
    int64_t
        row; /* -EAGAIN: in the text; -ENOENT: the passage was deleted since the index was made */
    struct store_passage text; /* without a number when it was deleted */
};

/* Texts of those that have no row. */
static int fetch(struct store_read *r, const struct candidate *list, size_t n, struct source *from,
                 struct docfs_err *err)
{
    _cleanup_free_ int64_t *id = calloc(n + 1, sizeof(*id));
    _cleanup_free_ struct store_passage *text = calloc(n + 1, sizeof(*text));
    size_t want = 0, got = 0;
    if (!id || !text)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        if (from[i].row == -EAGAIN)
            id[want++] = list[i].passage;
    int rc = store_passage_texts(r, id, want, text, err);
    for (size_t i = 0; i < n; i++)
        if (from[i].row == -EAGAIN)
            from[i].text = text[got++];
    return rc;
}

static int read_all(struct docfs *d, struct reading *reading, const struct source *from, size_t n,
                    struct candidate *list, struct read_passage *p, size_t *ret_got)
{
    size_t got = 0;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (from[i].row < 0 && !from[i].text.passage) /* left to collect() */
            continue;
        p[got].c = &list[i];
        rc = from[i].row < 0 ? reading_passage(reading, &from[i].text, &p[got].counts)
                             : reading_row(reading, d, from[i].row, &p[got].counts);
        got++;
    }
    *ret_got = got;
    return rc;
}

/* Counts the words of list[0..n), from index/words where it is held and has them. -EAGAIN: that
 * file turned out to be damaged. */
static int read_passages(struct docfs *d, struct store_read *r, bool held, struct reading *reading,
                         struct candidate *list, size_t n, struct read_passage *p, size_t *ret_got,
                         struct docfs_err *err)
{
    _cleanup_free_ struct source *from = calloc(n + 1, sizeof(*from));
    if (!from)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        from[i].row = held ? words_row(d, list[i].passage) : -EAGAIN;
    int rc = fetch(r, list, n, from, err);
    if (rc == 0)
        rc = read_all(d, reading, from, n, list, p, ret_got);
    for (size_t i = 0; i < n; i++)
        store_passage_fini(&from[i].text);
    return rc == -ENOMEM ? err_oom(err) : rc;
}

int rescore(struct docfs *d, struct store_read *r, struct embedder *e, const char *query,
            const struct lexical *l, const struct fusion *f, struct candidate *list, size_t n,
            struct docfs_err *err)
{
    _cleanup_free_ struct read_passage *p = calloc(n + 1, sizeof(*p));
    _cleanup_(expand_fini) struct expand expand = {0};
    struct term term[LEX_TERMS_MAX] = {0};
    int64_t passages, last;
    size_t got = 0, words = 0;
    if (!p)
        return err_oom(err);
    int rc = store_passage_count(r, &passages, &last, err);
    bool held = rc == 0 && words_acquire(d, r);
    if (held && !words_suit(d, e)) {
        words_release(d);
        held = false;
    }
    for (bool again = rc == 0; again;) {
        _cleanup_(reading_fini) struct reading reading = {0};
        expand_fini(&expand);
        rc = reading_begin(&reading, l, e, query, f->abroad > 0 ? &expand : NULL, err);
        if (rc == 0)
            rc = read_passages(d, r, held, &reading, list, n, p, &got, err);
        if (held)
            words_release(d);
        again = held && rc == -EAGAIN;
        held = false;
    }
    for (size_t i = 0; i < got; i++)
        words += p[i].counts.words;
    if (rc < 0 || got == 0)
        return rc;
    weigh_terms(term, l, p, got, passages);
    double mean = (double)words / (double)got;
    bool asked = defines_asked(l);
    for (size_t i = 0; i < got && asked && rc == 0; i++)
        rc = defines(r, l, p[i].c->passage, &p[i].defines, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < got; i++) {
        p[i].lex = bm25(term, l->n, &p[i], mean > 1 ? mean : 1);
        p[i].title = in_title(term, l, &p[i]);
    }
    combine(p, got, f);
    if (f->abroad > 0 && add_expansion(&expand, p, got, EXPANSION * f->abroad) < 0)
        return err_oom(err);
    return 0;
}
