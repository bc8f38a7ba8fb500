/* SPDX-License-Identifier: MIT
 * mandoc's HTML is regular, so one pass over its tags is enough. Text is collected per paragraph
 * with a font for each byte. */
#include "core/text/man_html.h"

#include <string.h>

#define TERM_MAX 120

enum place { IN_PARAGRAPH, IN_TERM, IN_HEADING, IN_CELL };

struct cleaner {
    struct buf *out;
    struct man_facts *facts;
    struct man_text open; /* paragraph */
    struct buf synopsis;
    unsigned bold, italic, code;
    unsigned pre;
    enum place place;
    unsigned heading; /* level of the open heading */
    unsigned sections;
    bool in_head, in_foot, in_head_title;
    bool in_synopsis;
    bool after_break; /* in <pre>: the line end after <br/> is not one of the text */
    /* The paragraph flushed last: a term when an indented block follows it at once. */
    size_t last_start, last_end; /* of it in out */
    struct man_text last;
    uint64_t definitions; /* one bit per open <div>: it is the <dd> of such a term */
    unsigned divs;
};

static void keep_last(struct cleaner *c)
{
    c->last.text.len = c->last.font.len = 0;
    if (c->open.text.len > TERM_MAX)
        return;
    buf_add(&c->last.text, c->open.text.data, c->open.text.len);
    buf_add(&c->last.font, c->open.font.data, c->open.font.len);
}

/* Ends the open paragraph, term, heading or cell. */
static void flush(struct cleaner *c)
{
    while (c->open.text.len && strchr(" \n", buf_last(&c->open.text)))
        c->open.text.len--;
    c->open.font.len = c->open.text.len;
    if (c->open.text.len == 0)
        return;
    if (c->sections == 1 && c->place != IN_HEADING && c->facts->name_line.len == 0)
        buf_add(&c->facts->name_line, c->open.text.data, c->open.text.len);
    if (c->place == IN_HEADING || (c->place == IN_TERM && man_font_is_code(&c->open))) {
        if (c->place == IN_TERM)
            buf_adds(c->out, "<code>");
        for (size_t i = 0; i < c->open.text.len; i++)
            if (c->open.text.data[i] == '\n')
                c->open.text.data[i] = ' ';
        html_escape(c->out, buf_span(&c->open.text));
        if (c->place == IN_TERM)
            buf_adds(c->out, "</code>");
    } else {
        c->last_start = c->out->len;
        if (c->place == IN_PARAGRAPH)
            keep_last(c);
        man_font_settle(&c->open);
        if (c->place == IN_PARAGRAPH)
            buf_adds(c->out, "<p>");
        man_font_write(&c->open, c->out);
        if (c->place == IN_PARAGRAPH)
            buf_adds(c->out, "</p>\n");
        c->last_end = c->out->len;
    }
    c->open.text.len = c->open.font.len = 0;
}

/* Manuals made by DocBook and Asciidoctor write a list of terms as paragraphs, each followed by an
 * indented block. Opens <dd> and returns true when that is the case here. */
static bool open_definition(struct cleaner *c)
{
    struct span t = {c->last.text.data, c->last.text.len};
    if (t.len == 0 || c->last_end != c->out->len || t.len > TERM_MAX ||
        (t.s[0] != '-' && strchr(".:;,", t.s[t.len - 1])))
        return false;
    buf_truncate(c->out, c->last_start);
    struct span before = {c->out->data, c->out->len};
    if (span_ends(before, "</dd></dl>\n"))
        buf_truncate(c->out, before.len - strlen("</dl>\n"));
    else
        buf_adds(c->out, "<dl>");
    buf_add(&c->open.text, t.s, t.len);
    buf_add(&c->open.font, c->last.font.data, c->last.font.len);
    c->place = IN_TERM;
    buf_adds(c->out, "<dt>");
    flush(c);
    buf_adds(c->out, "</dt>\n<dd>");
    c->place = IN_PARAGRAPH;
    return true;
}

static void on_div(struct cleaner *c, struct span tag, bool closing)
{
    flush(c);
    if (c->place != IN_PARAGRAPH)
        return;
    if (closing && c->divs > 0) {
        c->divs--;
        if (c->divs < 64 && (c->definitions >> c->divs & 1))
            buf_adds(c->out, "</dd></dl>\n");
    } else if (!closing) {
        uint64_t bit = c->divs < 64 ? (uint64_t)1 << c->divs : 0;
        bool is_one = bit && span_has(tag, "Bd-indent") && open_definition(c);
        c->definitions = is_one ? c->definitions | bit : c->definitions & ~bit;
        c->divs++;
    }
}

/* ---- text --------------------------------------------------------------------------------- */

static void add_char(struct cleaner *c, const char *s, size_t n)
{
    if (c->in_foot || (c->in_head && !c->in_head_title))
        return;
    if (c->in_head) {
        buf_add(&c->facts->head, s, n);
        return;
    }
    if (c->pre) {
        if (c->after_break && s[0] == '\n') {
            c->after_break = false;
            return;
        }
        c->after_break = false;
        if (c->in_synopsis)
            buf_add(&c->synopsis, s, n);
        else
            html_escape(c->out, (struct span){s, n});
        return;
    }
    bool blank = n == 1 && is_blank(s[0]);
    if (c->in_synopsis && c->place != IN_HEADING) {
        if (!blank)
            buf_add(&c->synopsis, s, n);
        else if (c->synopsis.len && !strchr(" \n", buf_last(&c->synopsis)))
            buf_addc(&c->synopsis, ' ');
        return;
    }
    if (blank && (c->open.text.len == 0 || strchr(" \n", buf_last(&c->open.text))))
        return;
    char f = c->code ? FONT_CODE : c->bold ? FONT_BOLD : c->italic ? FONT_ITALIC : FONT_PLAIN;
    for (size_t i = 0; i < n; i++) {
        buf_addc(&c->open.text, blank ? ' ' : s[i]);
        buf_addc(&c->open.font, f);
    }
}

static void line_break(struct cleaner *c)
{
    if (c->pre) {
        struct buf *b = c->in_synopsis ? &c->synopsis : c->out;
        if (b->len && buf_last(b) != '\n' && buf_last(b) != '>')
            buf_addc(b, '\n');
        c->after_break = true;
    } else if (c->in_synopsis) {
        man_synopsis_line_end(&c->synopsis);
    } else if (c->open.text.len && c->place != IN_HEADING) {
        while (c->open.text.len && strchr(" \n", buf_last(&c->open.text)))
            c->open.text.len--;
        c->open.font.len = c->open.text.len;
        buf_addc(&c->open.text, '\n');
        buf_addc(&c->open.font, FONT_PLAIN);
    }
}

/* &name; or &#xNNNN; at s. Returns its length, 0 when it is no entity. */
static size_t entity(const char *s, size_t len, struct buf *ret)
{
    static const struct {
        const char *name, *text;
    } named[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"nbsp", " "}};
    const char *semi = memchr(s, ';', len > 12 ? 12 : len);
    if (!semi || semi - s < 2)
        return 0;
    size_t n = (size_t)(semi - s) + 1;
    struct span body = {s + 1, n - 2};
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
        if (span_eq(body, named[i].name)) {
            buf_adds(ret, named[i].text);
            return n;
        }
    if (body.s[0] != '#')
        return 0;
    bool hex = body.len > 1 && (body.s[1] == 'x' || body.s[1] == 'X');
    uint32_t cp = 0;
    for (size_t i = hex ? 2 : 1; i < body.len; i++) {
        char d = body.s[i];
        uint32_t v = is_digit(d) ? (uint32_t)(d - '0') : ((uint32_t)(d | 32) - 'a' + 10);
        if (v > (hex ? 15u : 9u))
            return 0;
        cp = cp * (hex ? 16 : 10) + v;
    }
    if (cp == 0xa0)
        buf_addc(ret, ' ');
    else if (cp != 0x200b && cp != 0xad) /* places to break a word are not part of it */
        buf_addcp(ret, cp);
    return n;
}

static void add_text(struct cleaner *c, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (s[i] == '&') {
            _cleanup_buf_ struct buf e = {0};
            size_t n = entity(s + i, len - i, &e);
            if (n) {
                if (e.len)
                    add_char(c, e.data, e.len);
                i += n;
                continue;
            }
        }
        add_char(c, s + i, 1);
        i++;
    }
}

/* ---- tags --------------------------------------------------------------------------------- */

static void enter_heading(struct cleaner *c, unsigned level)
{
    flush(c);
    man_synopsis_write(&c->synopsis, c->out);
    if (level == 2) {
        c->sections++;
        c->in_synopsis = false;
    }
    c->place = IN_HEADING;
    c->heading = level;
    buf_adds(c->out, level == 2 ? "<h2>" : "<h3>");
}

static void leave_heading(struct cleaner *c)
{
    struct span title = {c->open.text.data, c->open.text.len};
    bool synopsis = c->heading == 2 && span_eq_nocase(span_trim(title), "SYNOPSIS");
    flush(c);
    buf_adds(c->out, c->heading == 2 ? "</h2>\n" : "</h3>\n");
    c->place = IN_PARAGRAPH;
    c->in_synopsis |= synopsis;
}

static void block_tag(struct cleaner *c, struct span name, bool closing)
{
    static const char *const kept[] = {"dl", "dd", "ul", "ol", "li", "table", "tr"};
    flush(c);
    if (span_eq(name, "dt") || span_eq(name, "td") || span_eq(name, "th")) {
        c->place = closing ? IN_PARAGRAPH : span_eq(name, "dt") ? IN_TERM : IN_CELL;
        buf_addf(c->out, closing ? "</%.*s>\n" : "<%.*s>", (int)name.len, name.s);
        return;
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (span_eq(name, kept[i]))
            buf_addf(c->out, closing ? "</%s>\n" : "<%s>", kept[i]);
    if (span_eq(name, "pre"))
        buf_adds(c->out, closing ? "</pre>\n" : "<pre>");
}

static void count(unsigned *n, bool closing)
{
    *n = closing ? *n - (*n > 0) : *n + 1;
}

static void on_tag(struct cleaner *c, struct span tag)
{
    bool closing = tag.len && tag.s[0] == '/';
    if (closing)
        tag = span_skip(tag, 1);
    struct span name = {tag.s, 0};
    while (name.len < tag.len && is_alnum(tag.s[name.len]))
        name.len++;
    bool is_table = span_eq(name, "table");
    if (is_table && !closing) {
        c->in_head |= span_has(tag, "class=\"head\"");
        c->in_foot |= span_has(tag, "class=\"foot\"");
        if (c->in_head || c->in_foot)
            flush(c);
    }
    if (c->in_head || c->in_foot) {
        if (span_eq(name, "td"))
            c->in_head_title = !closing && span_has(tag, "head-rtitle");
        if (is_table && closing)
            c->in_head = c->in_foot = false;
        return;
    }
    if (span_eq(name, "b"))
        count(&c->bold, closing);
    else if (span_eq(name, "i") || span_eq(name, "var") || span_eq(name, "em"))
        count(&c->italic, closing);
    else if (span_eq(name, "code"))
        count(&c->code, closing);
    else if (span_eq(name, "a") || span_eq(name, "small") || span_eq(name, "mark"))
        return;
    else if (span_eq(name, "h1") || span_eq(name, "h2"))
        closing ? leave_heading(c) : enter_heading(c, name.s[1] == '1' ? 2 : 3);
    else if (span_eq(name, "section") && !closing)
        flush(c); /* its heading follows */
    else if (c->place == IN_HEADING)
        return;
    else if (c->in_synopsis) {
        if (span_eq(name, "pre"))
            count(&c->pre, closing);
        if (span_eq(name, "br"))
            line_break(c);
        else
            man_synopsis_tag(&c->synopsis, name, closing);
    } else if (span_eq(name, "br"))
        line_break(c);
    else if (span_eq(name, "div"))
        on_div(c, tag, closing);
    else if (!span_eq(name, "span")) {
        if (span_eq(name, "pre"))
            count(&c->pre, closing);
        if (c->place == IN_PARAGRAPH || !span_eq(name, "p"))
            block_tag(c, name, closing);
    }
}

int man_html_clean(const char *html, size_t len, struct buf *out, struct man_facts *facts)
{
    struct cleaner c = {.out = out, .facts = facts};
    for (size_t i = 0; i < len;) {
        const char *lt = memchr(html + i, '<', len - i);
        size_t n = lt ? (size_t)(lt - html) - i : len - i;
        add_text(&c, html + i, n);
        i += n;
        if (!lt)
            break;
        const char *gt = memchr(lt, '>', len - i);
        if (!gt)
            break;
        on_tag(&c, (struct span){lt + 1, (size_t)(gt - lt) - 1});
        i = (size_t)(gt - html) + 1;
    }
    flush(&c);
    man_synopsis_write(&c.synopsis, out);
    int r = buf_status(&c.open.text);
    if (r == 0)
        r = buf_status(&c.open.font);
    if (r == 0)
        r = buf_status(&c.synopsis);
    buf_fini(&c.open.text);
    buf_fini(&c.open.font);
    buf_fini(&c.synopsis);
    buf_fini(&c.last.text);
    buf_fini(&c.last.font);
    return r < 0 ? r : buf_status(out);
}
