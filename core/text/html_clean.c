/* SPDX-License-Identifier: MIT
 * First pass over the tree: what every node is, how much text it has, what is never shown. */
#include "core/text/html.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *html_attr(const GumboNode *n, const char *name)
{
    const GumboVector *v = &n->v.element.attributes;
    for (unsigned i = 0; i < v->length; i++) {
        const GumboAttribute *a = v->data[i];
        if (strcmp(a->name, name) == 0)
            return a->value;
    }
    return NULL;
}

unsigned html_heading_level(const GumboNode *n)
{
    GumboTag tag = html_tag(n);
    return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? (unsigned)(tag - GUMBO_TAG_H1) + 1 : 0;
}

bool html_is_block(const GumboNode *n)
{
    switch (html_tag(n)) {
    case GUMBO_TAG_P:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_DIR:
    case GUMBO_TAG_MENU:
        return true;
    default:
        return html_heading_level(n) > 0;
    }
}

static bool has_block(const struct html_doc *d, const GumboNode *n, unsigned depth)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(d, c))
            continue;
        if (html_is_block(c) || (depth && has_block(d, c, depth - 1)))
            return true;
    }
    return false;
}

bool html_has_block(const struct html_doc *d, const GumboNode *n)
{
    return has_block(d, n, 3); /* deeper inline nesting around a block is not worth the time */
}

/* Text that a theme puts beside a heading to link to it. */
static bool is_pilcrow(const GumboNode *n)
{
    static const char *const marks[] = {"¶",  "#",    "§",    "🔗",         "\uf0c1", "\u200b",
                                        "¶¶", "link", "Link", "Permalink", "[link]", "∞"};
    if (n->v.element.children.length == 0)
        return true;
    if (n->v.element.children.length > 1)
        return false;
    const GumboNode *c = n->v.element.children.data[0];
    if (html_is_element(c))
        return is_pilcrow(c);
    if (!html_is_text(c))
        return true;
    const char *t = c->v.text.text;
    size_t n_text = strlen(t);
    while (n_text && (t[n_text - 1] == ' ' || t[n_text - 1] == '\n'))
        n_text--;
    while (n_text && (*t == ' ' || *t == '\n'))
        t++, n_text--;
    if (!n_text)
        return true;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strlen(marks[i]) == n_text && memcmp(marks[i], t, n_text) == 0)
            return true;
    return false;
}

/* Elements that no reader of text misses. */
static bool is_hard(const GumboNode *n, uint32_t bits)
{
    switch (n->v.element.tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_BUTTON:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_DATALIST:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_APPLET:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO:
    case GUMBO_TAG_METER:
    case GUMBO_TAG_PROGRESS:
    case GUMBO_TAG_TEMPLATE:
        return true;
    case GUMBO_TAG_A: {
        const char *href = html_attr(n, "href");
        bool anchor = href && (href[0] == '#' || !href[0]);
        if ((anchor || bits & WORD_PERMALINK) && n->v.element.children.length && is_pilcrow(n))
            return true;
        break;
    }
    default:
        break;
    }
    if (html_attr(n, "hidden")) {
        /* the other tabs of a code sample are content */
        const char *role = html_attr(n, "role");
        return !role || strcmp(role, "tabpanel") != 0;
    }
    if (bits & WORD_LINENO)
        return html_tag(n) != GUMBO_TAG_PRE && html_tag(n) != GUMBO_TAG_CODE;
    return bits & WORD_HIDDEN;
}

static uint32_t saturated(size_t a, size_t b)
{
    return a + b > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)(a + b);
}

static void add16(uint16_t *a, uint16_t b)
{
    *a = (uint16_t)(*a + b > UINT16_MAX ? UINT16_MAX : *a + b);
}

/* Makes no-break spaces plain ones, in place: a reader who greps types those. Returns the bytes
 * that are not blank. */
static size_t text_settle(char *s)
{
    size_t n = 0;
    char *to = s;
    for (; *s; s++) {
        if ((unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0) {
            *to++ = ' ';
            s++;
            continue;
        }
        n += (unsigned char)*s > ' ';
        *to++ = *s;
    }
    *to = '\0';
    return n;
}

static int mark_new(struct html_doc *d, GumboNode *n, size_t *cap)
{
    if (d->n_marks == *cap) {
        size_t c = *cap ? *cap * 2 : 4096;
        struct html_mark *m = realloc(d->mark, c * sizeof *m);
        if (!m)
            return -ENOMEM;
        d->mark = m;
        *cap = c;
    }
    d->mark[d->n_marks] = (struct html_mark){0};
    n->index_within_parent = d->n_marks++;
    return 0;
}

/* Letters and digits of the text below n that s goes on with, in lower case; NULL when it does not.
 */
static const char *slug_match(const GumboNode *n, const char *s)
{
    if (n->type == GUMBO_NODE_TEXT) {
        for (const unsigned char *t = (const void *)n->v.text.text; *t && s; t++) {
            if (!isalnum(*t))
                continue;
            while (*s && !isalnum((unsigned char)*s))
                s++;
            s = tolower((unsigned char)*s) == tolower(*t) ? s + 1 : NULL;
        }
        return s;
    }
    for (unsigned i = 0; html_is_element(n) && s && i < n->v.element.children.length; i++)
        s = slug_match(n->v.element.children.data[i], s);
    return s;
}

/* Was the id made from the heading below n ("cookie-objects")? Then it names a subject, not a part
 * of the site. */
static bool is_named_by_heading(const GumboNode *n, const char *id)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_heading_level(c))
            continue;
        const char *rest = slug_match(c, id);
        return rest && rest > id && !rest[strcspn(rest, "abcdefghijklmnopqrstuvwxyz")];
    }
    return false;
}

/* May the id name a part of the site? Not on an item of a list, a term or a text, and not when it
 * is the name of something ("http.cookiejar.CookiePolicy", "getCookie()"). */
static bool is_part_id(const GumboNode *n, const char *id)
{
    switch (html_tag(n)) {
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_P:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_A:
        return false;
    default:
        return !html_heading_level(n) && !strpbrk(id, ".:()<>,;") && !is_named_by_heading(n, id);
    }
}

/* What an element adds to its own mark once its children are counted. */
static void mark_finish(GumboNode *n, struct html_mark *m)
{
    const char *cls = html_attr(n, "class"), *id = html_attr(n, "id");
    const char *role = html_attr(n, "role"), *prop = html_attr(n, "itemprop");
    if (cls)
        m->bits |= html_class_bits(cls, strlen(cls));
    uint32_t id_bits = id ? html_class_bits(id, strlen(id)) : 0;
    if (id_bits & (WORD_JUNK | WORD_NAV | WORD_TOC) && !is_part_id(n, id))
        id_bits &= WORD_MAIN | WORD_CONTENT;
    m->bits |= id_bits & (WORD_JUNK | WORD_NAV | WORD_TOC | WORD_MAIN | WORD_CONTENT);
    if (html_tag(n) == GUMBO_TAG_MAIN || (role && strcmp(role, "main") == 0) ||
        (prop && strcmp(prop, "articleBody") == 0))
        m->bits |= WORD_MAIN | MARK_HOLDS_MAIN;
    else if (html_tag(n) == GUMBO_TAG_ARTICLE)
        m->bits |= WORD_CONTENT;
    if (html_heading_level(n) == 1)
        m->bits |= MARK_HOLDS_HEADING;
    const char *href = html_tag(n) == GUMBO_TAG_A ? html_attr(n, "href") : NULL;
    if (href) {
        m->link = m->text;
        m->links = 1;
        m->inpage = href[0] == '#';
        m->fragments = strchr(href, '#') != NULL;
    }
    if (is_hard(n, m->bits)) {
        m->bits |= MARK_HARD;
        m->text = m->link = 0;
        m->links = m->inpage = m->fragments = 0;
        m->bits &= ~(uint32_t)(MARK_HOLDS_MAIN | MARK_HOLDS_HEADING);
    }
}

/* The depth of the tree was bounded by html_parse. */
static int mark_tree(struct html_doc *d, GumboNode *n, size_t *cap)
{
    int r = mark_new(d, n, cap);
    if (r < 0)
        return r;
    size_t at = n->index_within_parent;
    if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA)
        /* a copy in the arena, which is ours */
        d->mark[at].text = saturated(text_settle((char *)(uintptr_t)n->v.text.text), 0);
    if (n->type == GUMBO_NODE_TEMPLATE)
        d->mark[at].bits = MARK_HARD;
    if (n->type != GUMBO_NODE_ELEMENT)
        return 0;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        GumboNode *c = n->v.element.children.data[i];
        if ((r = mark_tree(d, c, cap)) < 0)
            return r;
        struct html_mark *m = &d->mark[at], *cm = html_mark(d, c);
        m->text = saturated(m->text, cm->text);
        m->link = saturated(m->link, cm->link);
        add16(&m->links, cm->links);
        add16(&m->inpage, cm->inpage);
        add16(&m->fragments, cm->fragments);
        m->bits |= cm->bits & (MARK_HOLDS_MAIN | MARK_HOLDS_HEADING);
    }
    mark_finish(n, &d->mark[at]);
    return 0;
}

int html_marks_make(struct html_doc *d)
{
    size_t cap = 0;
    return mark_tree(d, d->root, &cap);
}
