/* SPDX-License-Identifier: MIT */
#include "core/text/md_html.h"

#include <stdlib.h>

#include "core/text/convert.h"

#define TAG_MAX 4096         /* bytes of one tag */
#define NEAR 1000            /* bytes within which emphasis is closed */
#define LINK_MAX 2000        /* the same of links */
#define BLOCK_MAX (1u << 18) /* bytes of one table, script or the like */

enum what {
    DROP,   /* the tag says nothing, its content does */
    HIDDEN, /* with all of its content */
    MARK,   /* written as a mark on both sides */
    CODE,   /* a code span, when it can be one */
    LINK,
    IMAGE,
    BREAK, /* a blank */
    ITEM,  /* of a list */
    HEADING,
    BLOCK, /* a whole element that the reader of HTML understands better */
};

static const struct element {
    const char *name;
    enum what what;
    const char *mark;
} elements[] = {
    {"a", LINK},
    {"abbr", DROP},
    {"article", DROP},
    {"b", MARK, "**"},
    {"big", DROP},
    {"blockquote", DROP},
    {"br", BREAK},
    {"button", DROP},
    {"center", DROP},
    {"code", CODE},
    {"dd", DROP},
    {"del", MARK, "~~"},
    {"details", DROP},
    {"dfn", DROP},
    {"div", DROP},
    {"dl", DROP},
    {"dt", MARK, "**"},
    {"em", MARK, "*"},
    {"figcaption", DROP},
    {"figure", DROP},
    {"font", DROP},
    {"footer", DROP},
    {"h1", HEADING, "#"},
    {"h2", HEADING, "##"},
    {"h3", HEADING, "###"},
    {"h4", HEADING, "####"},
    {"h5", HEADING, "#####"},
    {"h6", HEADING, "######"},
    {"header", DROP},
    {"hr", DROP},
    {"i", MARK, "*"},
    {"iframe", HIDDEN},
    {"img", IMAGE},
    {"ins", DROP},
    {"kbd", DROP},
    {"li", ITEM},
    {"main", DROP},
    {"mark", DROP},
    {"nav", DROP},
    {"ol", DROP},
    {"p", DROP},
    {"picture", DROP},
    {"pre", BLOCK},
    {"s", MARK, "~~"},
    {"samp", DROP},
    {"script", HIDDEN},
    {"section", DROP},
    {"small", DROP},
    {"span", DROP},
    {"strong", MARK, "**"},
    {"style", HIDDEN},
    {"sub", DROP},
    {"summary", MARK, "**"},
    {"sup", DROP},
    {"svg", HIDDEN},
    {"table", BLOCK},
    {"tt", CODE},
    {"u", DROP},
    {"ul", DROP},
    {"video", DROP},
    {"wbr", DROP},
};

static const struct element *element_of(struct span name)
{
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
        if (span_eq_nocase(name, elements[i].name))
            return &elements[i];
    /* A word in angle brackets may stand for something: only with attributes it is this tag. */
    static const struct element source = {"source", DROP};
    return span_eq(name, "source") ? &source : NULL;
}

struct tag {
    const struct element *e;
    struct span attributes;
    size_t len;
    bool closing;
};

/* False when no tag of a known element begins here; *ret_seen bytes were searched in vain. */
static bool read_tag(struct span p, struct tag *ret, size_t *ret_seen)
{
    *ret_seen = 1;
    p.len = p.len < TAG_MAX ? p.len : TAG_MAX;
    bool closing = p.len > 1 && p.s[1] == '/';
    size_t i = 1 + closing, start = i;
    while (i < p.len && is_alnum(p.s[i]))
        i++;
    if (i == start || i == p.len || (!is_blank(p.s[i]) && p.s[i] != '>' && p.s[i] != '/'))
        return false;
    const struct element *e = element_of((struct span){p.s + start, i - start});
    if (!e)
        return false;
    size_t from = i;
    char quote = 0;
    for (; i < p.len; i++) {
        char c = p.s[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if ((c == '"' || c == '\'') && p.s[i - 1] == '=')
            quote = c;
        else if (c == '>')
            break;
        else if (c == '<')
            return false;
    }
    *ret_seen = i;
    if (i == p.len)
        return false;
    struct span attributes = span_trim((struct span){p.s + from, i - from});
    *ret = (struct tag){.e = e, .attributes = attributes, .len = i + 1, .closing = closing};
    return strcmp(e->name, "source") != 0 || attributes.len > 1;
}

/* Value of an attribute, empty when it has none. */
static struct span attribute(struct span p, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i + n + 1 < p.len; i++) {
        char quote = p.s[i];
        if (quote == '"' || quote == '\'') { /* not inside of another one */
            const char *end = memchr(p.s + i + 1, quote, p.len - i - 1);
            if (!end)
                break;
            i = (size_t)(end - p.s);
            continue;
        }
        if ((i && !is_blank(p.s[i - 1])) || memcmp(p.s + i, name, n) != 0 || p.s[i + n] != '=')
            continue;
        struct span v = span_skip(p, i + n + 1);
        if (v.s[0] == '"' || v.s[0] == '\'') {
            const char *end = memchr(v.s + 1, v.s[0], v.len - 1);
            return end ? (struct span){v.s + 1, (size_t)(end - v.s) - 1} : (struct span){"", 0};
        }
        size_t len = 0;
        while (len < v.len && !is_blank(v.s[len]))
            len++;
        return (struct span){v.s, len};
    }
    return (struct span){"", 0};
}

/* Where "</name" begins in text, at most `max` bytes away; NULL when it does not. */
static const char *closing_tag(struct span text, const char *name, size_t max)
{
    text.len = text.len < max ? text.len : max;
    size_t n = strlen(name);
    while (text.len > n + 2) {
        const char *p = memmem(text.s, text.len, "</", 2);
        if (!p || (size_t)(text.s + text.len - p) < n + 3)
            return NULL;
        if (strncasecmp(p + 2, name, n) == 0 && !is_alnum(p[2 + n]))
            return p;
        text = span_skip(text, (size_t)(p - text.s) + 2);
    }
    return NULL;
}

static bool all_blank(const struct buf *out, size_t from)
{
    for (size_t i = from; i < out->len; i++)
        if (!is_blank(out->data[i]))
            return false;
    return true;
}

static void open_link(struct md_html *h, struct span text, const struct tag *t, struct buf *out)
{
    struct span href = attribute(t->attributes, "href");
    h->href.len = 0;
    for (size_t i = 0; i < href.len; i++)
        if (is_blank(href.s[i]) || href.s[i] == '(' || href.s[i] == ')' || href.s[i] == '<')
            return;
    if (!href.len || !closing_tag(span_skip(text, t->len), "a", LINK_MAX))
        return;
    h->href = href;
    h->link_at = out->len;
    buf_addc(out, '[');
}

static void close_link(struct md_html *h, struct buf *out)
{
    if (!h->href.len || out->len <= h->link_at || out->data[h->link_at] != '[')
        return;
    if (all_blank(out, h->link_at + 1)) {
        buf_truncate(out, h->link_at);
    } else {
        buf_rtrim(out, " \t\n");
        buf_adds(out, "](");
        buf_add_span(out, h->href);
        buf_addc(out, ')');
    }
    h->href.len = 0;
}

static void image(const struct tag *t, struct buf *out)
{
    struct span alt = span_trim(attribute(t->attributes, "alt"));
    struct span src = attribute(t->attributes, "src");
    if (!alt.len)
        return;
    bool plain = src.len && !span_starts(src, "data:");
    for (size_t i = 0; i < src.len; i++)
        plain &= !is_blank(src.s[i]) && src.s[i] != '(' && src.s[i] != ')';
    buf_adds(out, plain ? "![" : "");
    md_one_line(out, alt, false);
    if (plain) {
        buf_adds(out, "](");
        buf_add_span(out, src);
        buf_addc(out, ')');
    }
}

static void mark(struct md_html *h, struct span text, const struct tag *t, struct buf *out)
{
    if (t->closing) {
        if (h->n && h->open[h->n - 1].name == t->e->name) {
            buf_rtrim(out, " ");
            buf_adds(out, h->open[--h->n].mark);
        }
        return;
    }
    if (h->n == MD_HTML_MARKS || !closing_tag(span_skip(text, t->len), t->e->name, NEAR))
        return;
    h->open[h->n].name = t->e->name;
    h->open[h->n++].mark = t->e->mark;
    buf_adds(out, t->e->mark);
}

/* "<code>a &lt; b</code>": entities mean themselves in a code span of markdown. */
static size_t code(struct span text, const struct tag *t, struct buf *out)
{
    static const char *const entities[][2] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
    struct span in = span_skip(text, t->len);
    const char *end = t->closing ? NULL : closing_tag(in, t->e->name, NEAR);
    if (!end || end == in.s)
        return t->len;
    in.len = (size_t)(end - in.s);
    if (memchr(in.s, '`', in.len) || memchr(in.s, '<', in.len) || memchr(in.s, '\n', in.len))
        return t->len;
    buf_addc(out, '`');
    for (size_t i = 0; i < in.len; i++) {
        size_t k = 0, n = sizeof(entities) / sizeof(entities[0]);
        while (k < n && !span_starts(span_skip(in, i), entities[k][0]))
            k++;
        buf_addc(out, k < n ? entities[k][1][0] : in.s[i]);
        i += k < n ? strlen(entities[k][0]) - 1 : 0;
    }
    buf_addc(out, '`');
    const char *close = memchr(end, '>', (size_t)(text.s + text.len - end));
    return close ? (size_t)(close - text.s) + 1 : t->len;
}

/* Length of the whole element, 0 when it is not closed near enough. */
static size_t whole(struct md_html *h, struct span text, const struct tag *t)
{
    if (text.s < h->no_block_until)
        return 0;
    const char *end = closing_tag(span_skip(text, t->len), t->e->name, BLOCK_MAX);
    const char *close = end ? memchr(end, '>', (size_t)(text.s + text.len - end)) : NULL;
    if (!close)
        h->no_block_until = text.s + (text.len < BLOCK_MAX ? text.len : BLOCK_MAX);
    return close ? (size_t)(close - text.s) + 1 : 0;
}

/* A blank line in HTML begins markdown, unless the next row or cell of a table comes after it. */
static bool holds_markdown(struct span element)
{
    const char *end = element.s + element.len, *p = element.s;
    while ((p = memmem(p, (size_t)(end - p), "\n\n", 2))) {
        while (p < end && (is_blank(*p) || *p == '\n'))
            p++;
        struct span rest = {p, (size_t)(end - p)};
        if (!span_starts(rest, "<t") && !span_starts(rest, "</t"))
            return true;
    }
    return false;
}

/* A table or <pre> without markdown in it: cells do not begin paragraphs of their own. */
static bool block(struct span element, struct buf *out)
{
    static const struct convert_limits limits = {.max_output = 4 * BLOCK_MAX, .max_depth = 64};
    if (holds_markdown(element))
        return false;
    struct buf md = {.limit = limits.max_output};
    bool good = html_to_markdown(element.s, element.len, false, &limits, &md, NULL, NULL, NULL,
                                 NULL) == 0 &&
                md.len;
    if (good)
        buf_add_span(out, span_trim((struct span){md.data, md.len}));
    buf_fini(&md);
    return good;
}

/* A link around whole blocks, such as a card with a heading: one line. Its length, 0 when it is
 * another. */
static size_t card(struct span text, const struct tag *t, struct buf *out)
{
    const char *end = closing_tag(span_skip(text, t->len), "a", LINK_MAX);
    const char *close = end ? memchr(end, '>', (size_t)(text.s + text.len - end)) : NULL;
    struct span element = {text.s, close ? (size_t)(close - text.s) + 1 : 0};
    if (!span_has(element, "<h") && !span_has(element, "<p>") && !span_has(element, "<div"))
        return 0;
    buf_rtrim(out, " \t"); /* or it would be code */
    return block(element, out) ? element.len : 0;
}

size_t md_html(struct md_html *h, struct span text, bool first, struct buf *out)
{
    struct tag t;
    size_t seen, n;
    if (text.s < h->no_tag_until)
        return 0;
    if (!read_tag(text, &t, &seen)) {
        h->no_tag_until = seen > NEAR ? text.s + seen : h->no_tag_until;
        return 0;
    }
    switch (t.e->what) {
    case LINK:
        n = first && !t.closing ? card(text, &t, out) : 0;
        if (n)
            return n;
        t.closing ? close_link(h, out) : open_link(h, text, &t, out);
        return t.len;
    case IMAGE:
        image(&t, out);
        return t.len;
    case MARK:
        mark(h, text, &t, out);
        return t.len;
    case CODE:
        return code(text, &t, out);
    case BREAK:
        if (out->len && !is_blank(out->data[out->len - 1]))
            buf_addc(out, ' ');
        return t.len;
    case ITEM:
        if (!t.closing && first)
            buf_adds(out, "- ");
        return t.len;
    case HEADING:
        if (!t.closing && first) {
            buf_adds(out, t.e->mark);
            buf_addc(out, ' ');
        }
        return t.len;
    case HIDDEN:
        n = t.closing ? 0 : whole(h, text, &t);
        return n ? n : t.len;
    case BLOCK:
        n = t.closing || !first ? 0 : whole(h, text, &t);
        if (n && block((struct span){text.s, n}, out))
            return n;
        h->no_block_until = n ? text.s + n : h->no_block_until;
        return t.e->name[0] == 'p' ? 0 : t.len;
    case DROP:
        break;
    }
    return t.len;
}
