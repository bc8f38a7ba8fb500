/* SPDX-License-Identifier: MIT
 * A word is a term of the question when their stems are the same; the embedder compares what the
 * words are to it. Both are known of the words in index/words: nothing is stemmed or looked up but
 * a word whose stem has the hash of a term. */
#include "core/search/reading.h"

#include <errno.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/hash.h"

uint32_t reading_stem(const char *stem, size_t len)
{
    return (uint32_t)hash64(stem, len, 0);
}

static uint64_t bit_of(uint32_t hash)
{
    return (uint64_t)1 << (hash % 64);
}

int reading_begin(struct reading *r, const struct lexical *l, struct embedder *e, const char *query,
                  struct expand *expand, struct docfs_err *err)
{
    *r = (struct reading){.l = l, .expand = expand};
    for (size_t i = 0; i < READING_NAMES; i++)
        r->seen[i].name = POSTINGS_NO_NAME;
    for (size_t i = 0; i < l->n; i++) {
        memcpy(r->stem[i], l->term[i].text, sizeof(r->stem[i]));
        r->stem_len[i] = token_stem(r->stem[i], strlen(r->stem[i]));
        r->stem_hash[i] = reading_stem(r->stem[i], r->stem_len[i]);
        r->hashes |= bit_of(r->stem_hash[i]);
    }
    if (!e || !e->near)
        return 0;
    r->e = e;
    return e->near->begin(e->ctx, query, &r->asked, err);
}

void reading_fini(struct reading *r)
{
    if (r->asked)
        r->e->near->free(r->asked);
    features_fini(&r->features);
    *r = (struct reading){0};
}

/* The term of the question that a word is, -1: none. */
static int term_of(const struct reading *r, const char *word, size_t len)
{
    char stem[TOKEN_MAX + 8];
    memcpy(stem, word, len);
    len = token_stem(stem, len);
    for (size_t i = 0; i < r->l->n; i++)
        if (r->stem_len[i] == len && memcmp(r->stem[i], stem, len) == 0)
            return (int)i;
    return -1;
}

static void count(struct reading *r, int term, bool part)
{
    struct counts *c = r->counts;
    int before = r->last;
    if (!part) {
        c->words++;
        r->last = term;
    }
    if (term < 0)
        return;
    uint16_t *n = &c->tf[term][part ? FIELD_PART : r->field];
    *n += *n < UINT16_MAX;
    c->after[term] += !part && term > 0 && before == term - 1 && c->after[term] < UINT16_MAX;
}

static int expand(struct reading *r, const char *word, size_t len, bool part)
{
    uint32_t hash = part ? 0 : expand_hash(word, len);
    return hash ? expand_word(r->expand, hash) : 0;
}

static int begin(struct reading *r, struct counts *ret)
{
    memset(ret, 0, sizeof(*ret));
    r->counts = ret;
    r->last = -1;
    r->field = FIELD_TITLE;
    return r->expand ? expand_begin(r->expand) : 0;
}

static int compare(struct reading *r, const uint32_t *row, size_t title, size_t n)
{
    return r->e ? r->e->near->compare(r->asked, row, title, n, &r->counts->near) : 0;
}

/* ---- from the text ---- */

static int on_token(void *arg, const struct token *t)
{
    struct reading *r = arg;
    struct embed_word word;
    int rc = r->expand ? expand(r, t->text, t->len, t->part) : 0;
    if (rc == 0 && r->e) {
        features_look_up(r->e, t, &word);
        rc = features_word(&r->features, &word, t->part);
    }
    if (rc == 0)
        count(r, term_of(r, t->text, t->len), t->part);
    return rc;
}

int reading_passage(struct reading *r, const struct store_passage *p, struct counts *ret)
{
    struct features *f = &r->features;
    int rc = begin(r, ret);
    features_begin(f);
    if (rc == 0)
        rc = token_each(p->title, strlen(p->title), on_token, r);
    r->field = FIELD_HEADING;
    if (rc == 0)
        rc = token_each(p->heading, strlen(p->heading), on_token, r);
    if (rc == 0)
        rc = features_title(f);
    r->field = FIELD_TEXT;
    if (rc == 0)
        rc = token_each(p->text, p->text_len, on_token, r);
    if (rc == 0)
        rc = features_end(f);
    return rc < 0 ? rc : compare(r, f->row, f->title, f->n);
}

/* ---- from index/words ---- */

_Static_assert(FIELD_TITLE == (int)POSTINGS_TITLE && FIELD_HEADING == (int)POSTINGS_HEADING &&
                   FIELD_TEXT == (int)POSTINGS_TEXT,
               "the fields of both");

static bool like_a_term(const struct reading *r, uint32_t hash)
{
    bool like = false;
    if (r->hashes & bit_of(hash))
        for (size_t i = 0; i < r->l->n; i++)
            like |= r->stem_hash[i] == hash;
    return like;
}

/* Of a name whose stem has the hash of a term. */
static int term_of_name(struct reading *r, uint32_t name)
{
    size_t len, at = name % READING_NAMES;
    if (r->seen[at].name != name) {
        const char *text = words_name(r->d, name, &len);
        r->seen[at].name = name;
        r->seen[at].term = len <= TOKEN_MAX ? term_of(r, text, len) : -1;
    }
    return r->seen[at].term;
}

static int on_word(void *arg, const struct postings_token *t)
{
    struct reading *r = arg;
    bool named = t->name != POSTINGS_NO_NAME;
    size_t len = t->len;
    if (len > TOKEN_MAX)
        return -EBADMSG;
    r->field = (enum field)t->field;
    if (r->expand) {
        const char *text = named ? words_name(r->d, t->name, &len) : t->text;
        int rc = expand(r, text, len, t->part);
        if (rc < 0)
            return rc;
    }
    int term = -1;
    if (!named)
        term = term_of(r, t->text, t->len);
    else if (like_a_term(r, t->stem))
        term = term_of_name(r, t->name);
    count(r, term, t->part);
    return 0;
}

static int on_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    return compare(arg, feature, title, n);
}

int reading_row(struct reading *r, struct docfs *d, int64_t row, struct counts *ret)
{
    struct postings_reader reader = {on_features, on_word, r};
    int rc = begin(r, ret);
    r->d = d;
    return rc < 0 ? rc : words_read(d, row, &reader);
}
