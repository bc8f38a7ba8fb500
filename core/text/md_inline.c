/* SPDX-License-Identifier: MIT */
#include "core/text/md_inline.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/text/md_dialect.h"
#include "core/text/mdn.h"
#include "core/text/mdx.h"

#define TICKS_MAX 80               /* longer runs of backticks are no code spans */
#define ALT_MAX 300                /* bytes of image text looked at */
#define TAG_MAX 200                /* bytes of a component inside a line */
#define REF_MAX 200                /* bytes of the text and of the label of a reference */
#define REFS_TEXT_MAX (256u << 10) /* longer texts are not searched for definitions */

/* Appends one code span and returns its length; a run without an end is text. dead remembers the
 * run lengths that have no end in this line, so that a line is searched once for each. */
static size_t code_span(struct buf *out, struct span p, bool dead[TICKS_MAX + 1])
{
    size_t n = span_run(p, '`');
    if (n <= TICKS_MAX && !dead[n])
        for (size_t i = n; i < p.len;) {
            const char *q = memchr(p.s + i, '`', p.len - i);
            if (!q)
                break;
            i = (size_t)(q - p.s);
            size_t k = span_run(span_skip(p, i), '`');
            i += k;
            if (k == n) {
                buf_add(out, p.s, i);
                return i;
            }
        }
    if (n <= TICKS_MAX)
        dead[n] = true;
    buf_add(out, p.s, n);
    return n;
}

/* Pictures that are in the file itself (base64) or in a notebook leave their text behind. */
static size_t inline_image(struct buf *out, struct span p)
{
    struct span head = {p.s, p.len < ALT_MAX ? p.len : ALT_MAX};
    const char *close = memmem(head.s, head.len, "](", 2);
    if (!close)
        return 0;
    struct span target = {close + 2, (size_t)(p.s + p.len - close - 2)};
    if (!span_starts(target, "data:") && !span_starts(target, "attachment:"))
        return 0;
    const char *end = memchr(target.s, ')', target.len);
    if (!end)
        return 0;
    buf_add(out, p.s + 2, (size_t)(close - p.s - 2));
    return (size_t)(end - p.s) + 1;
}

/* From p to the end of the text, across lines. */
static struct span to_end(const struct md *m, const char *p)
{
    return (struct span){p, (size_t)(m->rest.s + m->rest.len - p)};
}

/* Length of the comment at p, "<!-- -->" or of MDX. */
static size_t comment_length(struct md *m, struct span text)
{
    const char *p = text.s, *end;
    if (span_starts(text, "<!--")) {
        if (m->no_comment_end)
            return 0;
        end = memmem(p + 4, text.len - 4, "-->", 3);
        m->no_comment_end = !end;
        return end ? (size_t)(end - p) + 3 : 0;
    }
    if (span_starts(text, "{/*") && p >= m->no_mdx_until) {
        size_t room = text.len < MDX_MAX ? text.len : MDX_MAX;
        end = memmem(p, room, "*/}", 3);
        m->no_mdx_until = end ? m->no_mdx_until : p + room;
        return end ? (size_t)(end - p) + 3 : 0;
    }
    return 0;
}

/* "<CodeStep step={2}>", "<Badge />", "<MathI>y</MathI>", not "the <ViewTransition> component". */
static bool is_inline_tag(struct span t)
{
    t.len = t.len < TAG_MAX ? t.len : TAG_MAX;
    const char *end = memchr(t.s, '>', t.len);
    if (!end || t.s[1] == '/')
        return end;
    struct span tag = {t.s, (size_t)(end - t.s)};
    if (memchr(tag.s, '=', tag.len) || tag.s[tag.len - 1] == '/')
        return true;
    const char *close = memmem(end, t.len - tag.len, "</", 2);
    return close && (size_t)(t.s + t.len - close) > tag.len + 1 &&
           memcmp(close + 2, tag.s + 1, tag.len - 1) == 0;
}

/* Length of the component or expression of MDX at p. */
static size_t mdx_length(struct md *m, struct span text)
{
    const char *p = text.s;
    size_t n = 0;
    if (p < m->no_mdx_until)
        return 0;
    if (*p == '{') {
        n = m->mdx ? mdx_expression(text, &m->out) : 0;
        if (m->mdx && n == 0)
            m->no_mdx_until = p + (text.len < MDX_MAX ? text.len : MDX_MAX);
    } else if ((m->mdx || m->tags || (m->any_tags && is_inline_tag(text))) && text.len > 1 &&
               (p[1] == '/' || p[1] == '>' || is_upper(p[1]))) {
        if (mdx_tag(text, &m->out, &m->depth, &n))
            return n;
        m->no_mdx_until = p + n; /* no byte is searched twice */
        n = 0;
    }
    return n;
}

/* An attribute list belongs to what stands right before it, or to its line. */
static size_t attributes_length(struct span line, size_t at)
{
    struct span here = span_skip(line, at);
    size_t n = md_attribute_list(here);
    char before = at ? line.s[at - 1] : ' ';
    if (n && !strchr(")]`*_", before) &&
        !(is_blank(before) && span_trim(span_skip(here, n)).len == 0))
        n = 0;
    return n;
}

/* "[text][package.Name]" names an object of the API when nothing defines the label: its text. */
static size_t object_reference(struct md *m, struct span here)
{
    if (span_starts(here, "[]()"))
        return 4; /* carries only an anchor */
    size_t i = 1;
    while (i < here.len && i < REF_MAX && here.s[i] != ']' && here.s[i] != '[')
        i++;
    if (i + 2 >= here.len || here.s[i] != ']' || here.s[i + 1] != '[' || m->all.len > REFS_TEXT_MAX)
        return 0;
    struct span text = {here.s + 1, i - 1}, label = {here.s + i + 2, 0};
    while (label.s + label.len < here.s + here.len && label.len < REF_MAX &&
           (is_alnum(label.s[label.len]) || label.s[label.len] == '.' || label.s[label.len] == '_'))
        label.len++;
    if (label.s + label.len >= here.s + here.len || label.s[label.len] != ']')
        return 0;
    size_t n = (size_t)(label.s + label.len + 1 - here.s);
    label = label.len ? label : text;
    char definition[REF_MAX + 4];
    if (!memchr(label.s, '.', label.len) || memchr(label.s, ' ', label.len))
        return 0;
    snprintf(definition, sizeof(definition), "[%.*s]:", (int)label.len, label.s);
    if (span_has(m->all, definition))
        return 0;
    buf_add_span(&m->out, text);
    return n;
}

/* "&mdash;" is the sign itself. What could become markup (&lt;, &#42;) stays as it is. */
static size_t entity(struct span here, struct buf *out)
{
    static const struct {
        const char *name;
        uint16_t cp;
    } known[] = {{"nbsp", ' '},     {"emsp", ' '},     {"ensp", ' '},     {"quot", '"'},
                 {"apos", '\''},    {"mdash", 0x2014}, {"ndash", 0x2013}, {"hellip", 0x2026},
                 {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d},
                 {"bull", 0x2022},  {"middot", 0xb7},  {"times", 0xd7},   {"deg", 0xb0},
                 {"rarr", 0x2192},  {"larr", 0x2190},  {"harr", 0x2194},  {"le", 0x2264},
                 {"ge", 0x2265},    {"ne", 0x2260},    {"copy", 0xa9},    {"reg", 0xae},
                 {"trade", 0x2122}, {"plusmn", 0xb1},  {"laquo", 0xab},   {"raquo", 0xbb},
                 {"eacute", 0xe9},  {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc}};
    const char *end = memchr(here.s, ';', here.len < 12 ? here.len : 12);
    struct span name = {here.s + 1, end ? (size_t)(end - here.s) - 1 : 0};
    uint32_t cp = 0;
    for (size_t i = 0; name.len && !cp && i < sizeof(known) / sizeof(*known); i++)
        cp = span_eq(name, known[i].name) ? known[i].cp : 0;
    if (!cp && name.len > 1 && name.s[0] == '#') {
        bool hex = name.s[1] == 'x' || name.s[1] == 'X';
        char *last;
        unsigned long n = strtoul(name.s + 1 + hex, &last, hex ? 16 : 10);
        bool safe = (n >= 0xa0 && n < 0xd800) || (n > 0xdfff && n <= 0x10ffff) ||
                    (n && n < 0x80 && strchr("\"'{}:;", (int)n));
        cp = last == end && safe ? (uint32_t)n : 0;
        cp = cp == 0xa0 ? ' ' : cp;
    }
    if (cp)
        buf_addcp(out, cp);
    return cp ? name.len + 2 : 0;
}

/* "[text](/docs/{{version}}/cache#locks)", as Laravel links its pages, leads to the file beside. */
static size_t version_link(struct span here, struct buf *out)
{
    static const char mark[] = "{{version}}/", before[] = "](/docs/";
    size_t n = sizeof(mark) - 1, from = n;
    if (!span_starts(here, mark) || !span_ends(buf_span(out), before))
        return 0;
    while (n < here.len && (is_alnum(here.s[n]) || here.s[n] == '-' || here.s[n] == '_'))
        n++;
    if (n == from || n == here.len || (here.s[n] != ')' && here.s[n] != '#'))
        return 0;
    buf_truncate(out, out->len - (sizeof("/docs/") - 1));
    buf_add(out, here.s + from, n - from);
    buf_adds(out, ".md");
    return n;
}

/* Length of what is no markdown at offset `at` of the line; what it says to a reader is written. */
static size_t foreign_length(struct md *m, struct span line, size_t at, size_t lead)
{
    struct span text = to_end(m, line.s + at);
    size_t n = 0;
    switch (*text.s) {
    case '<':
        n = comment_length(m, text);
        return n ? n : (n = md_html(&m->html, text, at <= lead, &m->out)) ? n : mdx_length(m, text);
    case '{':
        n = comment_length(m, text);
        n = n ? n : md_shortcode(text, &m->out);
        n = n || !m->macros ? n : mdn_macro(span_skip(line, at), &m->out);
        n = n ? n : version_link(span_skip(line, at), &m->out);
        n = n ? n : attributes_length(line, at);
        n = n || m->mdx ? n : md_myst_role(span_skip(line, at), &m->out);
        return n ? n : mdx_length(m, text);
    case '[':
        return object_reference(m, span_skip(line, at));
    case ':':
        return md_icon(span_skip(line, at));
    case '&':
        return entity(span_skip(line, at), &m->out);
    default:
        return 0;
    }
}

static bool is_special(char c)
{
    return c == '`' || c == '<' || c == '{' || c == '!' || c == '\\' || c == '[' || c == ':' ||
           c == '&';
}

bool md_inline(struct md *m, struct span line)
{
    bool dead[TICKS_MAX + 1] = {false}, removed = false, no_image = false;
    size_t i = 0, lead = line.len - span_trim(line).len;
    while (i < line.len) {
        size_t plain = i;
        while (plain < line.len && !is_special(line.s[plain]))
            plain++;
        buf_add(&m->out, line.s + i, plain - i);
        i = plain;
        if (i == line.len)
            break;
        const char *p = line.s + i;
        size_t n = 0;
        if (*p == '`') {
            if (removed && i && line.s[i - 1] != '`' && buf_last(&m->out) == '`')
                buf_addc(&m->out, ' '); /* code on both sides of tags */
            i += code_span(&m->out, span_skip(line, i), dead);
            continue;
        }
        if (*p == '\\' && i + 1 < line.len) {
            buf_add(&m->out, p, 2);
            i += 2;
            continue;
        }
        if (*p == '!' && !no_image && i + 1 < line.len && p[1] == '[') {
            n = inline_image(&m->out, span_skip(line, i));
            no_image = n == 0 && line.len > 65536;
        } else {
            n = foreign_length(m, line, i, lead);
            removed |= n > 0;
        }
        if (n == 0) {
            buf_addc(&m->out, *p);
            n = 1;
        }
        i += n;
        if (i > line.len) {
            m->rest = to_end(m, line.s + i);
            memset(dead, 0, sizeof(dead));
            no_image = false;
            i = lead = 0;
            if (m->rest.len == 0 || !line_next(&m->rest, &line))
                break;
        }
    }
    return removed;
}
