/* SPDX-License-Identifier: MIT
 * Passages repeat their words: what a word is to the question is found out when it comes up first,
 * and remembered: by its name where the words are read from index/words, else by its hash. */
#include "core/search/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/hash.h"

#define SLOTS_MIN 8192

static uint32_t stem_hash(const char *stem, size_t len)
{
    return (uint32_t)hash64(stem, len, 0);
}

int reading_begin(struct reading *r, const struct lexical *l, struct embedder *e, const char *query,
                  struct expand *expand, struct docfs_err *err)
{
    *r = (struct reading){.l = l, .expand = expand, .slots = SLOTS_MIN};
    for (size_t i = 0; i < l->n; i++) {
        memcpy(r->stem[i], l->term[i].text, sizeof(r->stem[i]));
        r->stem_len[i] = token_stem(r->stem[i], strlen(r->stem[i]));
        r->stem_hash[i] = stem_hash(r->stem[i], r->stem_len[i]);
    }
    r->known = calloc(r->slots, sizeof(*r->known));
    if (!r->known)
        return err_oom(err);
    if (!e || !e->near)
        return 0;
    r->e = e;
    r->near = e->near;
    return e->near->begin(e->ctx, query, &r->asked, err);
}

void reading_fini(struct reading *r)
{
    if (r->asked)
        r->near->free(r->asked);
    lexicon_unref(r->lexicon);
    free(r->known);
    *r = (struct reading){0};
}

static struct known *slot_of(const struct reading *r, uint64_t key)
{
    size_t i = (key * 0x9e3779b97f4a7c15u) >> 32 & (r->slots - 1);
    while (r->known[i].key && r->known[i].key != key)
        i = (i + 1) & (r->slots - 1);
    return &r->known[i];
}

static int widen(struct reading *r)
{
    struct known *old = r->known;
    size_t slots = r->slots;
    struct known *grown = calloc(2 * slots, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    r->known = grown;
    r->slots = 2 * slots;
    for (size_t i = 0; i < slots; i++)
        if (old[i].key)
            *slot_of(r, old[i].key) = old[i];
    free(old);
    return 0;
}

/* The stem and the rows of a word; *ret_term: the term of the question that it is, -1: none. */
static void look_up(const struct reading *r, const struct token *t, struct lexicon_word *ret,
                    int *ret_term)
{
    char stem[TOKEN_MAX + 8];
    memcpy(stem, t->text, t->len);
    size_t len = token_stem(stem, t->len);
    ret->stem = stem_hash(stem, len);
    ret->n = r->near ? r->near->rows(r->e->ctx, t, stem, len, ret->row) : 0;
    *ret_term = -1;
    for (size_t i = 0; i < r->l->n && *ret_term < 0; i++)
        if (r->stem_len[i] == len && memcmp(r->stem[i], stem, len) == 0)
            *ret_term = (int)i;
}

/* What is known of a name. False when nothing is, or when it may be a term of the question. */
static bool recall(const struct reading *r, uint32_t name, struct lexicon_word *ret)
{
    bool known = lexicon_get(r->lexicon, name, ret);
    for (size_t i = 0; i < r->l->n && known; i++)
        known = r->stem_hash[i] != ret->stem;
    return known;
}

/* name: of the word, POSTINGS_NO_NAME: it has none. */
static int find_out(struct reading *r, const struct token *t, uint32_t name, struct known *ret)
{
    struct lexicon_word w;
    bool named = r->lexicon && name != POSTINGS_NO_NAME;
    ret->term = -1;
    if (!named || !recall(r, name, &w)) {
        look_up(r, t, &w, &ret->term);
        if (named)
            lexicon_put(r->lexicon, name, &w);
    }
    if (r->expand && !t->part)
        ret->expand = expand_hash(t->text, t->len);
    if (!r->near)
        return 0;
    int64_t near = r->near->know(r->asked, w.row, w.n, t->part);
    ret->near = near < 0 ? 0 : (uint32_t)near;
    return near < 0 ? -ENOMEM : 0;
}

/* A word that came up for the first time; *k: where it is to be kept. */
static int add(struct reading *r, uint64_t key, const struct token *t, uint32_t name,
               struct known **k)
{
    if (2 * r->n >= r->slots) {
        if (widen(r) < 0)
            return -ENOMEM;
        *k = slot_of(r, key);
    }
    int rc = find_out(r, t, name, *k);
    if (rc == 0) {
        (*k)->key = key;
        r->n++;
    }
    return rc;
}

static int count(struct reading *r, const struct known *k, bool part)
{
    struct counts *c = r->counts;
    int before = r->last, found = k->term;
    if (r->near)
        r->near->word(r->asked, k->near);
    if (!part) {
        c->words++;
        r->last = found;
        if (k->expand && expand_word(r->expand, k->expand) < 0)
            return -ENOMEM;
    }
    if (found < 0)
        return 0;
    uint16_t *n = &c->tf[found][part ? FIELD_PART : r->field];
    *n += *n < UINT16_MAX;
    c->after[found] += !part && found > 0 && before == found - 1 && c->after[found] < UINT16_MAX;
    return 0;
}

static void enter(struct reading *r, enum field field)
{
    if (field == FIELD_TEXT && r->field != FIELD_TEXT && r->near)
        r->near->title(r->asked);
    r->field = field;
}

static int begin(struct reading *r, struct counts *ret)
{
    memset(ret, 0, sizeof(*ret));
    r->counts = ret;
    r->last = -1;
    r->field = FIELD_TITLE;
    return r->expand ? expand_begin(r->expand) : 0;
}

static void end(struct reading *r)
{
    enter(r, FIELD_TEXT);
    if (r->near)
        r->near->end(r->asked, &r->counts->near);
}

/* ---- from the text ---- */

#define BY_HASH ((uint64_t)1 << 63) /* in a key */

static int on_token(void *arg, const struct token *t)
{
    struct reading *r = arg;
    /* A seed of low bits would only stand for another first byte. */
    uint64_t key = hash64(t->text, t->len, (uint64_t)t->part << 63) | BY_HASH;
    struct known *k = slot_of(r, key);
    if (!k->key && add(r, key, t, POSTINGS_NO_NAME, &k) < 0)
        return -ENOMEM;
    return count(r, k, t->part);
}

int reading_passage(struct reading *r, const struct store_passage *p, struct counts *ret)
{
    int rc = begin(r, ret);
    if (rc == 0)
        rc = token_each(p->title, strlen(p->title), on_token, r);
    enter(r, FIELD_HEADING);
    if (rc == 0)
        rc = token_each(p->heading, strlen(p->heading), on_token, r);
    enter(r, FIELD_TEXT);
    if (rc == 0)
        rc = token_each(p->text, p->text_len, on_token, r);
    end(r);
    return rc;
}

/* ---- from index/words ---- */

_Static_assert(FIELD_TITLE == (int)POSTINGS_TITLE && FIELD_HEADING == (int)POSTINGS_HEADING &&
                   FIELD_TEXT == (int)POSTINGS_TEXT,
               "the fields of both");

static int add_named(struct reading *r, uint64_t key, const struct postings_token *p,
                     struct known **k)
{
    char text[TOKEN_MAX + 1];
    struct token t = {.text = text, .len = p->len, .part = p->part};
    const char *name = p->name == POSTINGS_NO_NAME ? p->text : words_name(r->d, p->name, &t.len);
    if (t.len > TOKEN_MAX)
        return -EBADMSG;
    memcpy(text, name, t.len);
    text[t.len] = '\0';
    return add(r, key, &t, p->name, k);
}

static int on_name(void *arg, const struct postings_token *t)
{
    struct reading *r = arg;
    uint64_t key = t->name == POSTINGS_NO_NAME
                       ? hash64(t->text, t->len, (uint64_t)t->part << 63) | BY_HASH
                       : ((uint64_t)t->name + 1) << 1 | t->part;
    struct known *k = slot_of(r, key);
    int rc = k->key ? 0 : add_named(r, key, t, &k);
    if (rc < 0)
        return rc;
    if (r->field != (enum field)t->field)
        enter(r, (enum field)t->field);
    return count(r, k, t->part);
}

int reading_row(struct reading *r, struct docfs *d, int64_t row, struct counts *ret)
{
    int rc = begin(r, ret);
    r->d = d;
    if (r->near && !r->lexicon) /* without memory for it every word is looked up */
        r->lexicon = words_lexicon(d, r->e->fingerprint);
    if (rc == 0)
        rc = words_read(d, row, on_name, r);
    end(r);
    return rc;
}
