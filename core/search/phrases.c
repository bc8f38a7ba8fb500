/* SPDX-License-Identifier: MIT
 * What stands in quotes must be there, what is excluded must not. The full text finds passages that
 * may do; each candidate is looked at here, before passages of one document are put together: the
 * best of them may lack the phrase that another one holds.
 *
 * A word of a phrase is a word of the text, a part of an identifier ("gather" of asyncio.gather),
 * or an identifier inside of a longer one ("read_text" of Path.read_text). */
#include "core/search/reading.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/grow.h"

#define JOINS "._:-"

/* ---- words ---- */

/* An identifier of the question, to be found inside of others; versions are not. */
static bool may_be_inside(const char *word)
{
    return !isdigit((unsigned char)*word) && strpbrk(word, JOINS);
}

struct inside {
    char text[TOKEN_MAX + 8];
    size_t len;
    uint32_t stem;
};

/* Words in their order, each followed by its parts. A stem is a hash: what has those of a phrase
 * nearly always is the phrase. */
struct stems {
    struct stem {
        uint32_t hash;
        bool part;
    } * item;
    size_t n;
    const struct asked_phrases *asked; /* NULL: this is one of them */
};

struct asked_phrases {
    struct stems *phrase; /* those that must be there, then those that must not */
    size_t n;
    struct inside *inside;
    size_t n_inside;
};

static void stems_fini(struct stems *s)
{
    free(s->item);
}

static void asked_phrases_fini(struct asked_phrases *a)
{
    for (size_t i = 0; i < a->n; i++)
        stems_fini(&a->phrase[i]);
    free(a->phrase);
    free(a->inside);
}

static int push(struct stems *s, uint32_t hash, bool part)
{
    if (!grow(&s->item, s->n, sizeof(*s->item)))
        return -ENOMEM;
    s->item[s->n++] = (struct stem){hash, part};
    return 0;
}

static int push_text(struct stems *s, const char *word, size_t len, bool part)
{
    char stem[TOKEN_MAX + 8];
    if (len > TOKEN_MAX)
        return -EBADMSG;
    memcpy(stem, word, len);
    return push(s, reading_stem(stem, token_stem(stem, len)), part);
}

static bool stands_inside(const char *word, size_t len, const struct inside *x)
{
    const char *end = word + len, *at = word;
    for (; (at = memmem(at, (size_t)(end - at), x->text, x->len)); at++)
        if ((at == word || memchr(JOINS, at[-1], sizeof(JOINS) - 1)) &&
            (at + x->len == end || memchr(JOINS, at[x->len], sizeof(JOINS) - 1)))
            return true;
    return false;
}

/* Adds the identifiers of the question that stand inside of a word as parts of it. */
static int push_inside(struct stems *s, const char *word, size_t len)
{
    int rc = 0;
    for (size_t i = 0; i < s->asked->n_inside && rc == 0; i++)
        if (stands_inside(word, len, &s->asked->inside[i]))
            rc = push(s, s->asked->inside[i].stem, true);
    return rc;
}

/* ---- of the question ---- */

struct phrase {
    struct asked_phrases *asked;
    struct stems *stems;
};

static int on_phrase(void *arg, const struct token *t)
{
    struct phrase *p = arg;
    struct asked_phrases *a = p->asked;
    int rc = t->part ? 0 : push_text(p->stems, t->text, t->len, false);
    if (rc < 0 || t->part || !may_be_inside(t->text))
        return rc;
    if (!grow(&a->inside, a->n_inside, sizeof(*a->inside)))
        return -ENOMEM;
    struct inside *x = &a->inside[a->n_inside++];
    *x = (struct inside){.len = t->len, .stem = p->stems->item[p->stems->n - 1].hash};
    memcpy(x->text, t->text, t->len);
    return 0;
}

static int prepare(const struct query *q, struct asked_phrases *a)
{
    int rc = 0;
    *a = (struct asked_phrases){.phrase = calloc(q->n_phrase + q->n_exclude, sizeof(*a->phrase))};
    if (!a->phrase)
        return -ENOMEM;
    a->n = q->n_phrase + q->n_exclude;
    for (size_t i = 0; i < a->n && rc == 0; i++) {
        const char *s = i < q->n_phrase ? q->phrase[i] : q->exclude[i - q->n_phrase];
        rc = token_each(s, strlen(s), on_phrase, &(struct phrase){a, &a->phrase[i]});
    }
    return rc;
}

/* ---- of a passage ---- */

static int on_token(void *arg, const struct token *t)
{
    struct stems *s = arg;
    int rc = push_text(s, t->text, t->len, t->part);
    return rc < 0 || t->part ? rc : push_inside(s, t->text, t->len);
}

struct row {
    struct docfs *d;
    struct stems stems;
};

static int on_word(void *arg, const struct postings_token *t)
{
    struct row *row = arg;
    struct stems *s = &row->stems;
    bool named = t->name != POSTINGS_NO_NAME;
    const char *text = t->text;
    size_t len = t->len;
    int rc = named ? push(s, t->stem, t->part) : push_text(s, text, len, t->part);
    if (rc < 0 || t->part || !s->asked->n_inside)
        return rc;
    if (named)
        text = words_name(row->d, t->name, &len);
    return push_inside(s, text, len);
}

static int no_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    return 0;
}

/* 0, -EAGAIN: the text has to tell, -ENOENT: deleted since. */
static int read_row(struct docfs *d, int64_t passage, const struct asked_phrases *a,
                    struct stems *ret)
{
    struct row row = {d, {.asked = a}};
    struct postings_reader reader = {no_features, on_word, &row};
    int64_t at = words_row(d, passage);
    int rc = at < 0 ? (int)at : words_read(d, at, &reader);
    if (rc < 0)
        stems_fini(&row.stems);
    else
        *ret = row.stems;
    return rc;
}

static int read_text(struct store_read *r, int64_t passage, const struct asked_phrases *a,
                     struct stems *ret, struct docfs_err *err)
{
    struct store_passage p = {0};
    int rc = store_passage_texts(r, &passage, 1, &p, err);
    *ret = (struct stems){.asked = a};
    if (rc == 0 && !p.passage)
        rc = -ENOENT;
    if (rc == 0)
        rc = token_each(p.title, strlen(p.title), on_token, ret);
    if (rc == 0)
        rc = token_each(p.heading, strlen(p.heading), on_token, ret);
    if (rc == 0)
        rc = token_each(p.text, p.text_len, on_token, ret);
    store_passage_fini(&p);
    return rc;
}

/* ---- both ---- */

/* The words from item i on are those of the phrase. */
static bool stands_at(const struct stems *text, size_t i, const struct stems *phrase)
{
    for (size_t k = 0; k < phrase->n; k++) {
        bool same = false;
        if (i == text->n)
            return false;
        do
            same |= text->item[i++].hash == phrase->item[k].hash;
        while (i < text->n && text->item[i].part);
        if (!same)
            return false;
    }
    return phrase->n > 0;
}

static bool stands_in(const struct stems *text, const struct stems *phrase)
{
    for (size_t i = 0; i < text->n; i++)
        if (!text->item[i].part && stands_at(text, i, phrase))
            return true;
    return false;
}

/* 1, 0, or -errno. */
static int admits(const struct work *w, bool held, int64_t passage, const struct asked_phrases *a,
                  struct docfs_err *err)
{
    _cleanup_(stems_fini) struct stems text = {0};
    int rc = held ? read_row(w->d, passage, a, &text) : -EAGAIN;
    if (rc == -EAGAIN)
        rc = read_text(w->r, passage, a, &text, err);
    if (rc < 0)
        return rc == -ENOENT ? 1 : rc; /* deleted since: left to search_collect() */
    for (size_t i = 0; i < a->n; i++)
        if (stands_in(&text, &a->phrase[i]) != (i < w->q->n_phrase))
            return 0;
    return 1;
}

int phrases_keep(struct work *w, struct docfs_err *err)
{
    if (w->q->n_phrase == 0 && w->q->n_exclude == 0)
        return 0;
    _cleanup_(asked_phrases_fini) struct asked_phrases a;
    int rc = prepare(w->q, &a);
    bool held = rc == 0 && words_acquire(w->d, w->r);
    size_t kept = 0;
    for (size_t i = 0; i < w->n && rc >= 0; i++) {
        rc = admits(w, held, w->list[i].passage, &a, err);
        if (rc == 1)
            w->list[kept++] = w->list[i];
    }
    if (held)
        words_release(w->d);
    w->n = kept;
    return rc == -ENOMEM ? err_oom(err) : rc < 0 ? rc : 0;
}

/* ---- for the full text ---- */

struct collect {
    struct phrase_words *words;
    bool inside, any; /* the token is an identifier; one was */
};

static int on_piece(void *arg, const struct token *t)
{
    struct collect *c = arg;
    if (!t->part)
        c->any |= c->inside = may_be_inside(t->text);
    if (t->part != c->inside || token_is_stopword(t->text, t->len) || c->words->n == PHRASE_WORDS)
        return 0;
    memcpy(c->words->text[c->words->n++], t->text, t->len + 1);
    return 0;
}

void phrases_words(const char *phrase, struct phrase_words *ret)
{
    struct collect c = {.words = ret};
    ret->n = 0;
    token_each(phrase, strlen(phrase), on_piece, &c);
    if (!c.any)
        ret->n = 0;
}
