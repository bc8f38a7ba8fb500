/* SPDX-License-Identifier: MIT
 * Second pass: which parts are the site's and not the page's. Rules go by element, role,
 * vocabulary and share of links; each strength is checked against the text it would lose. */
#include "core/text/html.h"

#include <string.h>

/* From all rules to none. */
enum strength { STRENGTH_WORDS, STRENGTH_TAGS, STRENGTH_NONE };

#define CANDIDATES_MAX 64

struct select {
    struct html_doc *d;
    enum strength strength;
    uint32_t body_text; /* outside links, before dropping */
    struct {
        GumboNode *node;
        bool sure;
    } candidate[CANDIDATES_MAX];
    unsigned n;
};

static uint32_t own_words(const struct html_mark *m)
{
    return m->text - m->link;
}

static bool mostly_links(const struct html_mark *m)
{
    return (uint64_t)m->link * 10 >= (uint64_t)m->text * 4;
}

static bool role_is_furniture(const char *role)
{
    static const char *const roles[] = {"navigation", "search",  "banner", "contentinfo", "menu",
                                        "menubar",    "toolbar", "dialog", "alertdialog"};
    for (size_t i = 0; role && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(role, roles[i]) == 0)
            return true;
    return false;
}

static bool is_skip_link(const GumboNode *n, const struct html_mark *m)
{
    if (html_tag(n) != GUMBO_TAG_A || m->text > 40 || n->v.element.children.length != 1)
        return false;
    const char *href = html_attr(n, "href");
    const GumboNode *c = n->v.element.children.data[0];
    return href && href[0] == '#' && html_is_text(c) &&
           (strncmp(c->v.text.text, "Skip to", 7) == 0 ||
            strncmp(c->v.text.text, "Jump to content", 15) == 0 ||
            strncmp(c->v.text.text, "Back to top", 11) == 0);
}

/* inside: below a certain main element, where only clear cases are dropped. */
static bool is_furniture(const struct select *s, const GumboNode *n, const struct html_mark *m,
                         bool inside)
{
    if (s->strength == STRENGTH_NONE || m->bits & MARK_HOLDS_MAIN)
        return false;
    GumboTag tag = html_tag(n);
    bool heading = m->bits & MARK_HOLDS_HEADING;
    /* a single page of a book may be linked by its file name */
    bool in_page = m->links && (m->inpage * 2 > m->links || m->fragments == m->links);
    if (tag == GUMBO_TAG_NAV || role_is_furniture(html_attr(n, "role")))
        return !heading || mostly_links(m);
    if (tag == GUMBO_TAG_FOOTER)
        return !heading;
    if (tag == GUMBO_TAG_HEADER)
        return !heading && !inside;
    if (s->strength == STRENGTH_TAGS)
        return false;
    if (tag == GUMBO_TAG_FORM)
        return m->text < 200;
    if (tag == GUMBO_TAG_ASIDE && !inside)
        return mostly_links(m);
    if (is_skip_link(n, m))
        return true;
    /* most of the page is never furniture, whatever its class says */
    if (own_words(m) > s->body_text / 2)
        return false;
    if (m->bits & WORD_JUNK)
        return !heading;
    if (m->bits & WORD_TOC && in_page && mostly_links(m))
        return true;
    if (m->bits & WORD_NAV)
        return !heading && (mostly_links(m) || (!inside && m->text < 300));
    return false;
}

static void candidate_add(struct select *s, GumboNode *n, const struct html_mark *m)
{
    if (s->n == CANDIDATES_MAX || !(m->bits & (WORD_MAIN | WORD_CONTENT)) || !html_is_block(n))
        return;
    s->candidate[s->n].node = n;
    s->candidate[s->n++].sure = m->bits & WORD_MAIN;
}

/* Sets MARK_DROP and the kept words of every node. */
static void drop(struct select *s, GumboNode *n, bool inside)
{
    struct html_mark *m = html_mark(s->d, n);
    m->bits &= ~(uint32_t)MARK_DROP;
    m->words = m->kept = 0;
    if (m->bits & MARK_HARD)
        return;
    if (n->type != GUMBO_NODE_ELEMENT) {
        m->words = m->kept = m->text;
        return;
    }
    if (is_furniture(s, n, m, inside)) {
        m->bits |= MARK_DROP;
        return;
    }
    if (n != s->d->body && n != s->d->root)
        candidate_add(s, n, m);
    inside |= m->bits & WORD_MAIN || html_tag(n) == GUMBO_TAG_ARTICLE;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        GumboNode *c = n->v.element.children.data[i];
        drop(s, c, inside);
        m->words += html_mark(s->d, c)->words;
        m->kept += html_mark(s->d, c)->kept;
    }
    if (html_tag(n) == GUMBO_TAG_A)
        m->words = 0;
}

/* The innermost candidate that still has nearly all of what the outer one keeps. */
static GumboNode *choose(const struct select *s)
{
    GumboNode *best = s->d->body;
    uint32_t all = html_mark(s->d, best)->words, floor = all / 10 * 4;
    bool sure = false;
    for (unsigned i = 0; i < s->n; i++) {
        uint32_t words = html_mark(s->d, s->candidate[i].node)->words;
        uint32_t best_words = html_mark(s->d, best)->words;
        if (words < floor || words == 0)
            continue;
        /* candidates come in document order, outer before inner */
        bool first_sure = s->candidate[i].sure && !sure;
        if (first_sure || best == s->d->body || words >= best_words / 100 * 85) {
            best = s->candidate[i].node;
            sure |= s->candidate[i].sure;
        }
    }
    return best;
}

static GumboNode *find_heading(const struct html_doc *d, GumboNode *n, bool title_words)
{
    const struct html_mark *m = html_mark(d, n);
    if (!html_is_element(n) || m->bits & MARK_HARD)
        return NULL;
    if (m->text && (title_words ? m->bits & WORD_TITLE : html_heading_level(n) == 1))
        return n;
    if (!title_words && !(m->bits & MARK_HOLDS_HEADING))
        return NULL;
    if (m->bits & MARK_DROP || html_tag(n) == GUMBO_TAG_NAV)
        return NULL;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        GumboNode *found = find_heading(d, n->v.element.children.data[i], title_words);
        if (found)
            return found;
    }
    return NULL;
}

static bool is_below(const GumboNode *n, const GumboNode *top)
{
    for (; n; n = n->parent)
        if (n == top)
            return true;
    return false;
}

/* Takes in the heading when little else comes along: asciidoc puts the NAME section there. */
static void climb(struct html_doc *d)
{
    uint32_t kept = html_mark(d, d->main)->kept;
    for (GumboNode *n = d->main->parent; n && n != d->root; n = n->parent) {
        if (html_mark(d, n)->kept > kept + kept / 8 + 300)
            return;
        if (is_below(d->heading, n)) {
            for (const GumboNode *h = d->heading; h != n; h = h->parent)
                if (html_dropped(d, h))
                    return;
            d->main = n;
            return;
        }
    }
}

void html_clean(struct html_doc *d, bool main_only)
{
    struct select s = {.d = d};
    struct html_mark *body = html_mark(d, d->body);
    s.body_text = own_words(body);
    if (main_only)
        html_drop_signature(d);
    /* Doxygen: the sections of a page are h1, too, its title is none */
    d->heading = find_heading(d, d->body, true);
    bool titled = d->heading || html_heading_by_title(d);
    d->main = d->body;
    for (s.strength = main_only ? STRENGTH_WORDS : STRENGTH_NONE;; s.strength++) {
        s.n = 0;
        drop(&s, d->body, false);
        /* a rule that takes most of the prose away has misunderstood the page */
        if (s.strength == STRENGTH_NONE || s.body_text < 200 || body->words >= s.body_text / 10 * 3)
            break;
    }
    if (main_only)
        d->main = choose(&s);
    if (!d->heading)
        d->heading = find_heading(d, d->main, false);
    if (!d->heading && !titled)
        d->heading = find_heading(d, d->body, false);
    if (!d->heading)
        d->heading = find_heading(d, d->body, true);
    if (d->heading && !is_below(d->heading, d->main))
        climb(d);
    d->heading_outside = d->heading && !is_below(d->heading, d->main);
}
