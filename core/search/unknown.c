/* SPDX-License-Identifier: MIT
 * Why nothing is left, or not what was looked for: mostly a collection that is called otherwise, a
 * phrase that is put in other words, or an option that was taken for an exclusion. */
#include "core/search/search.h"

#include <stdio.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/best.h"
#include "core/util/suggest.h"

/* "python" and "python@3.11" both mean the collection python@3.11. */
static bool means(const char *asked, const char *name)
{
    size_t len = strlen(asked);
    return strncmp(asked, name, len) == 0 && (!name[len] || name[len] == '@');
}

void unknown_collections(struct store_read *r, const struct query *q, struct buf *note)
{
    struct store_collections all = {0};
    if (q->n_in == 0 || store_list_collections(r, &all, NULL) < 0)
        return;
    for (size_t i = 0; i < q->n_in; i++) {
        struct suggest near = suggest_start(q->in[i]);
        size_t n = 0;
        for (; n < all.n && !means(q->in[i], all.item[n].name); n++)
            suggest_offer_versioned(&near, all.item[n].name);
        if (n < all.n)
            continue;
        const char *best = suggest_best(&near);
        buf_addf(note, "%sNo collection is called %s (%s%s).", note->len ? " " : "", q->in[i],
                 best ? "nearest: " : "docfs list shows them", best ? best : "");
    }
    store_collections_fini(&all);
}

/* 1, 0, or -errno. */
static int stands(struct store_read *r, const struct lexical *l, const char *phrase)
{
    int term = lexical_one_word(l, phrase);
    if (term >= 0)
        return l->term[term].df > 0;
    _cleanup_buf_ struct buf match = {0};
    lexical_quote(&match, phrase);
    struct store_lex_query one = {.match = match.data, .weight = {1, 1, 1}};
    struct best best;
    int rc = buf_status(&match);
    return rc < 0 ? rc : store_lex_search(r, &one, 1, &best, NULL);
}

void unknown_phrases(struct store_read *r, const struct query *q, const struct lexical *l,
                     struct buf *note)
{
    for (size_t i = 0; i < q->n_phrase; i++)
        if (stands(r, l, q->phrase[i]) == 0)
            buf_addf(note, "%sNowhere stands \"%s\" word by word.", note->len ? " " : "",
                     q->phrase[i]);
}

struct option {
    struct store_read *r;
    const char *dashed;
    int64_t df;
};

/* The whole word alone, when its dash is a part of it. */
static int on_option(void *arg, const struct token *t)
{
    struct option *o = arg;
    if (t->text[0] == '-' && t->end - t->start == strlen(o->dashed))
        o->df = lexical_df(o->r, NULL, NULL, t->text);
    return 1;
}

void excluded_options(struct store_read *r, const struct query *q, struct buf *note)
{
    for (size_t i = 0; i < q->n_exclude; i++) {
        char dashed[TOKEN_MAX];
        struct option o = {.r = r, .dashed = dashed};
        if (snprintf(dashed, sizeof(dashed), "-%s", q->exclude[i]) < (int)sizeof(dashed))
            token_each(dashed, strlen(dashed), on_option, &o);
        if (o.df > 0)
            buf_addf(note, "%sPassages with %s are left out; the option is \"%s\", in quotes.",
                     note->len ? " " : "", q->exclude[i], dashed);
    }
}
