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
    r->known = malloc(r->slots / 2 * sizeof(*r->known));
    r->slot = calloc(r->slots, sizeof(*r->slot));
    if (!r->known || !r->slot)
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
    free(r->slot);
    *r = (struct reading){0};
}

static uint32_t *slot_of(const struct reading *r, uint64_t key)
{
    size_t i = (key * 0x9e3779b97f4a7c15u) >> 32 & (r->slots - 1);
    while (r->slot[i] && r->known[r->slot[i] - 1].key != key)
        i = (i + 1) & (r->slots - 1);
    return &r->slot[i];
}

static int widen(struct reading *r)
{
    struct known *known = reallocarray(r->known, r->slots, sizeof(*known));
    if (known)
        r->known = known;
    uint32_t *slot = known ? calloc(2 * r->slots, sizeof(*slot)) : NULL;
    if (!slot)
        return -ENOMEM;
    free(r->slot);
    r->slot = slot;
    r->slots *= 2;
    for (size_t i = 0; i < r->n; i++)
        *slot_of(r, r->known[i].key) = (uint32_t)i + 1;
    return 0;
}

/* A word that came up for the first time. */
struct word {
    uint64_t key;
    uint32_t name;    /* POSTINGS_NO_NAME: it has none */
    bool part;        /* of an identifier */
    const char *text; /* NULL: that of the name */
    size_t len;
};

static int token_of(const struct reading *r, const struct word *w, char text[TOKEN_MAX + 1],
                    struct token *ret)
{
    size_t len = w->len;
    const char *from = w->text ? w->text : words_name(r->d, w->name, &len);
    if (len > TOKEN_MAX)
        return -EBADMSG;
    memcpy(text, from, len);
    text[len] = '\0';
    *ret = (struct token){.text = text, .len = len, .part = w->part};
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
    bool known = r->lexicon && name != POSTINGS_NO_NAME && lexicon_get(r->lexicon, name, ret);
    for (size_t i = 0; i < r->l->n && known; i++)
        known = r->stem_hash[i] != ret->stem;
    return known;
}

static int find_out(struct reading *r, const struct word *w, struct known *ret)
{
    struct lexicon_word known;
    char text[TOKEN_MAX + 1];
    struct token t;
    bool recalled = recall(r, w->name, &known), expand = r->expand && !w->part;
    *ret = (struct known){.key = w->key, .term = -1};
    int rc = !recalled || expand ? token_of(r, w, text, &t) : 0;
    if (rc < 0)
        return rc;
    if (!recalled) {
        look_up(r, &t, &known, &ret->term);
        if (r->lexicon && w->name != POSTINGS_NO_NAME)
            lexicon_put(r->lexicon, w->name, &known);
    }
    if (expand)
        ret->expand = expand_hash(t.text, t.len);
    if (!r->near)
        return 0;
    int64_t near = r->near->know(r->asked, known.row, known.n, w->part);
    ret->near = near < 0 ? 0 : (uint32_t)near;
    return near < 0 ? -ENOMEM : 0;
}

static int add(struct reading *r, const struct word *w)
{
    if (2 * r->n == r->slots && widen(r) < 0)
        return -ENOMEM;
    int rc = find_out(r, w, &r->known[r->n]);
    if (rc == 0)
        *slot_of(r, w->key) = (uint32_t)++r->n;
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
    uint32_t known = *slot_of(r, key);
    if (!known) {
        struct word w = {key, POSTINGS_NO_NAME, t->part, t->text, t->len};
        int rc = add(r, &w);
        if (rc < 0)
            return rc;
        known = (uint32_t)r->n;
    }
    return count(r, &r->known[known - 1], t->part);
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

static int take(struct reading *r, const struct postings_token *t)
{
    bool named = t->name != POSTINGS_NO_NAME;
    uint64_t key = named ? ((uint64_t)t->name + 1) << 1 | t->part
                         : hash64(t->text, t->len, (uint64_t)t->part << 63) | BY_HASH;
    uint32_t known = *slot_of(r, key);
    if (!known) {
        struct word w = {key, t->name, t->part, named ? NULL : t->text, t->len};
        int rc = add(r, &w);
        if (rc < 0)
            return rc;
        known = (uint32_t)r->n;
    }
    if (r->field != (enum field)t->field)
        enter(r, (enum field)t->field);
    return count(r, &r->known[known - 1], t->part);
}

/* Takes words that wait until only so many are left. */
static int take_waiting(struct reading *r, size_t left)
{
    int rc = 0;
    for (; r->waiting > left && rc == 0; r->waiting--)
        rc = take(r, &r->ahead[r->taken++ % READING_AHEAD]);
    return rc;
}

static int on_name(void *arg, const struct postings_token *t)
{
    struct reading *r = arg;
    bool named = t->name != POSTINGS_NO_NAME;
    int rc = take_waiting(r, named ? READING_AHEAD - 1 : 0);
    if (rc < 0 || !named) /* its text is gone when the row is read */
        return rc < 0 ? rc : take(r, t);
    lexicon_fetch(r->lexicon, t->name);
    r->ahead[(r->taken + r->waiting++) % READING_AHEAD] = *t;
    return 0;
}

int reading_row(struct reading *r, struct docfs *d, int64_t row, struct counts *ret)
{
    int rc = begin(r, ret);
    r->d = d;
    if (r->near && !r->lexicon) /* without memory for it every word is looked up */
        r->lexicon = words_lexicon(d, r->e->fingerprint);
    if (rc == 0)
        rc = words_read(d, row, on_name, r);
    if (rc == 0)
        rc = take_waiting(r, 0);
    r->waiting = 0;
    end(r);
    return rc;
}
