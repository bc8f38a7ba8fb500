/* SPDX-License-Identifier: MIT
 * mandoc's HTML is regular, so one pass over its tags is enough. Text is collected per paragraph
 * with a font for each byte; fonts are then settled word by word, because a manual changes them
 * inside words ("--sort=WORD", "open()"), which markdown cannot show and nobody can search. */
#include "core/text/man.h"

#include <string.h>

#define SYNOPSIS_WIDTH 92
#define TERM_MAX 120

enum font { FONT_PLAIN, FONT_ITALIC, FONT_BOLD, FONT_CODE };

enum place { IN_PARAGRAPH, IN_TERM, IN_HEADING, IN_CELL };

struct cleaner {
    struct buf *out;
    struct man_facts *facts;
    struct buf text, font; /* of the open paragraph; same length */
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
    struct buf last_text, last_font;
    uint64_t definitions; /* one bit per open <div>: it is the <dd> of such a term */
    unsigned divs;
};

static const char *const open_tag[] = {"", "<i>", "<b>", "<code>"};
static const char *const close_tag[] = {"", "</i>", "</b>", "</code>"};

static void add_escaped(struct buf *out, char c)
{
    switch (c) {
    case '<':
        buf_adds(out, "&lt;");
        break;
    case '>':
        buf_adds(out, "&gt;");
        break;
    case '&':
        buf_adds(out, "&amp;");
        break;
    default:
        buf_addc(out, c);
    }
}

/* ---- fonts -------------------------------------------------------------------------------- */

/* True for "ls(1)", "Foo::Bar(3pm)": a cross reference, which stays plain. */
static bool is_reference(struct span w)
{
    const char *open = memchr(w.s, '(', w.len);
    if (!open || open == w.s || w.s[w.len - 1] != ')' || !is_digit(open[1]))
        return false;
    return w.s + w.len - open <= 12;
}

/* Settles one word [a, b). */
static void settle_word(struct cleaner *c, size_t a, size_t b)
{
    const char *t = c->text.data;
    char *f = c->font.data;
    size_t end = b;
    while (end > a && strchr(".,;:", t[end - 1]))
        end--;
    if (end > a && is_reference((struct span){t + a, end - a})) {
        memset(f + a, FONT_PLAIN, b - a);
        return;
    }
    /* Punctuation around the word keeps out of it, but brackets only in pairs. */
    while (a < b && f[a] == FONT_PLAIN && strchr("([{\"'", t[a]))
        a++;
    while (b > a && f[b - 1] == FONT_PLAIN) {
        char last = t[b - 1];
        char opener = last == ')' ? '(' : last == ']' ? '[' : last == '}' ? '{' : 0;
        if (!strchr(".,;:!?)]}\"'", last) || (opener && memchr(t + a, opener, b - a)))
            break;
        b--;
    }
    bool mixed = false, plain = false, symbol = false;
    for (size_t i = a; i < b; i++) {
        mixed |= f[i] != f[a];
        plain |= f[i] == FONT_PLAIN;
        symbol |= (unsigned char)t[i] < 0x80 && !is_alnum(t[i]) && t[i] != '\'';
    }
    if (mixed && plain && !symbol) /* "nth", "tape archiver": letters picked out of a word */
        memset(f + a, FONT_PLAIN, b - a);
    else if (mixed || (b > a + 1 && t[a] == '-' && f[a] == FONT_BOLD))
        memset(f + a, FONT_CODE, b - a);
}

static void settle_fonts(struct cleaner *c)
{
    const char *t = c->text.data;
    char *f = c->font.data;
    size_t n = c->text.len;
    for (size_t i = 0; i < n;) {
        size_t a = i;
        while (i < n && t[i] != ' ' && t[i] != '\n')
            i++;
        if (i > a)
            settle_word(c, a, i);
        else
            i++;
    }
    for (size_t i = 0; i < n; i++) /* a blank joins two words only when all three agree */
        if ((t[i] == ' ' || t[i] == '\n') &&
            (i == 0 || i + 1 == n || f[i - 1] != f[i] || f[i + 1] != f[i]))
            f[i] = FONT_PLAIN;
}

/* An option or a name to look up, not a sentence: all of it becomes code. */
static bool is_code_term(const struct cleaner *c)
{
    if (c->text.len > 160)
        return false;
    if (c->text.len && c->text.data[0] == '-' && !memchr(c->text.data, '.', c->text.len))
        return true;
    size_t plain = 0;
    for (size_t i = 0; i < c->text.len; i++)
        plain += c->font.data[i] == FONT_PLAIN && !strchr(" ,|[]=\n", c->text.data[i]);
    return plain * 3 < c->text.len;
}

static void add_fonts(struct cleaner *c)
{
    char now = FONT_PLAIN;
    for (size_t i = 0; i < c->text.len; i++) {
        char f = c->text.data[i] == '\n' ? FONT_PLAIN : c->font.data[i];
        if (f != now) {
            buf_adds(c->out, close_tag[(int)now]);
            buf_adds(c->out, open_tag[(int)f]);
            now = f;
        }
        if (c->text.data[i] == '\n')
            buf_adds(c->out, "<br>");
        else
            add_escaped(c->out, c->text.data[i]);
    }
    buf_adds(c->out, close_tag[(int)now]);
}

static void keep_last(struct cleaner *c)
{
    c->last_text.len = c->last_font.len = 0;
    if (c->text.len > TERM_MAX)
        return;
    buf_add(&c->last_text, c->text.data, c->text.len);
    buf_add(&c->last_font, c->font.data, c->font.len);
}

/* Ends the open paragraph, term, heading or cell. */
static void flush(struct cleaner *c)
{
    while (c->text.len && strchr(" \n", buf_last(&c->text)))
        c->text.len--;
    c->font.len = c->text.len;
    if (c->text.len == 0)
        return;
    if (c->sections == 1 && c->place != IN_HEADING && c->facts->name_line.len == 0)
        buf_add(&c->facts->name_line, c->text.data, c->text.len);
    if (c->place == IN_HEADING || (c->place == IN_TERM && is_code_term(c))) {
        if (c->place == IN_TERM)
            buf_adds(c->out, "<code>");
        for (size_t i = 0; i < c->text.len; i++)
            add_escaped(c->out, c->text.data[i] == '\n' ? ' ' : c->text.data[i]);
        if (c->place == IN_TERM)
            buf_adds(c->out, "</code>");
    } else {
        c->last_start = c->out->len;
        if (c->place == IN_PARAGRAPH)
            keep_last(c);
        settle_fonts(c);
        if (c->place == IN_PARAGRAPH)
            buf_adds(c->out, "<p>");
        add_fonts(c);
        if (c->place == IN_PARAGRAPH)
            buf_adds(c->out, "</p>\n");
        c->last_end = c->out->len;
    }
    c->text.len = c->font.len = 0;
}

/* Manuals made by DocBook and Asciidoctor write a list of terms as paragraphs, each followed by an
 * indented block. Opens <dd> and returns true when that is the case here. */
static bool open_definition(struct cleaner *c)
{
    struct span t = {c->last_text.data, c->last_text.len};
    if (t.len == 0 || c->last_end != c->out->len || t.len > TERM_MAX ||
        (t.s[0] != '-' && strchr(".:;,", t.s[t.len - 1])))
        return false;
    buf_truncate(c->out, c->last_start);
    struct span before = {c->out->data, c->out->len};
    if (span_ends(before, "</dd></dl>\n"))
        buf_truncate(c->out, before.len - strlen("</dl>\n"));
    else
        buf_adds(c->out, "<dl>");
    buf_add(&c->text, t.s, t.len);
    buf_add(&c->font, c->last_font.data, c->last_font.len);
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

/* ---- the synopsis ------------------------------------------------------------------------- */

static void synopsis_line_end(struct cleaner *c)
{
    buf_rtrim(&c->synopsis, " ");
    if (c->synopsis.len && buf_last(&c->synopsis) != '\n')
        buf_addc(&c->synopsis, '\n');
}

static void synopsis_flush(struct cleaner *c)
{
    buf_rtrim(&c->synopsis, " \n");
    struct span rest = {c->synopsis.data, c->synopsis.len}, line;
    if (rest.len == 0)
        return;
    bool is_c = memmem(rest.s, rest.len, "#include", 8) != NULL;
    buf_adds(c->out, is_c ? "<pre><code class=\"language-c\">" : "<pre><code>");
    while (line_next(&rest, &line)) {
        size_t room = SYNOPSIS_WIDTH, cut;
        while (line.len > room) {
            const char *blank = memrchr(line.s, ' ', room);
            cut = blank ? (size_t)(blank - line.s) : 0;
            /* A single word as long as the line, or one that is nothing but its indent. */
            if (span_run(line, ' ') >= cut)
                break;
            for (size_t i = 0; i < cut; i++)
                add_escaped(c->out, line.s[i]);
            buf_adds(c->out, "\n        ");
            line = span_skip(line, cut + 1);
            room = SYNOPSIS_WIDTH - 8;
        }
        for (size_t i = 0; i < line.len; i++)
            add_escaped(c->out, line.s[i]);
        buf_addc(c->out, '\n');
    }
    buf_adds(c->out, "</code></pre>\n");
    c->synopsis.len = 0;
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
            for (size_t i = 0; i < n; i++)
                add_escaped(c->out, s[i]);
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
    if (blank && (c->text.len == 0 || strchr(" \n", buf_last(&c->text))))
        return;
    char f = c->code ? FONT_CODE : c->bold ? FONT_BOLD : c->italic ? FONT_ITALIC : FONT_PLAIN;
    for (size_t i = 0; i < n; i++) {
        buf_addc(&c->text, blank ? ' ' : s[i]);
        buf_addc(&c->font, f);
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
        synopsis_line_end(c);
    } else if (c->text.len && c->place != IN_HEADING) {
        while (c->text.len && strchr(" \n", buf_last(&c->text)))
            c->text.len--;
        c->font.len = c->text.len;
        buf_addc(&c->text, '\n');
        buf_addc(&c->font, FONT_PLAIN);
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
    synopsis_flush(c);
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
    struct span title = {c->text.data, c->text.len};
    bool synopsis = c->heading == 2 && span_eq_nocase(span_trim(title), "SYNOPSIS");
    flush(c);
    buf_adds(c->out, c->heading == 2 ? "</h2>\n" : "</h3>\n");
    c->place = IN_PARAGRAPH;
    c->in_synopsis |= synopsis;
}

/* In the synopsis every block is a line; terms and items have no marks. */
static void synopsis_tag(struct cleaner *c, struct span name, bool closing)
{
    if (span_eq(name, "p") && !closing && c->synopsis.len) {
        synopsis_line_end(c);
        struct span all = {c->synopsis.data, c->synopsis.len};
        if (!span_ends(all, "\n\n") && all.len)
            buf_addc(&c->synopsis, '\n');
    } else if (span_eq(name, "td") && closing) {
        if (c->synopsis.len && !strchr(" \n", buf_last(&c->synopsis)))
            buf_addc(&c->synopsis, ' ');
    } else if (span_eq(name, "pre")) {
        synopsis_line_end(c);
    } else if (span_eq(name, "br")) {
        line_break(c);
    } else if (!span_eq(name, "span") && !span_eq(name, "td")) {
        synopsis_line_end(c);
    }
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
        synopsis_tag(c, name, closing);
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
    synopsis_flush(&c);
    int r = buf_status(&c.text);
    if (r == 0)
        r = buf_status(&c.font);
    if (r == 0)
        r = buf_status(&c.synopsis);
    buf_fini(&c.text);
    buf_fini(&c.font);
    buf_fini(&c.synopsis);
    buf_fini(&c.last_text);
    buf_fini(&c.last_font);
    return r < 0 ? r : buf_status(out);
}
