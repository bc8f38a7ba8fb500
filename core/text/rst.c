/* SPDX-License-Identifier: MIT
 * reStructuredText -> markdown, block by block. What stands inside of a block is a text of its own
 * and read in the same way. What is to be included from another file stands there already
 * (include.h), or is named. */
#include "core/text/rst.h"

#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/rst_inline.h"
#include "core/util/cleanup.h"

unsigned rst_indent(struct span l)
{
    size_t n = 0;
    while (n < l.len && l.s[n] == ' ')
        n++;
    return (unsigned)n;
}

int rst_adornment(struct span l)
{
    if (l.len < 2 || !strchr("=-`:.'\"~^_*+#!$%&,/;<>?@\\|", l.s[0]) ||
        span_run(l, l.s[0]) != l.len)
        return 0;
    return (unsigned char)l.s[0];
}

struct span rst_at(const struct rst *r, size_t i)
{
    return i < r->n ? r->line[i] : (struct span){"", 0};
}

void rst_blank_line(struct rst *r)
{
    buf_rtrim(r->out, "\n ");
    if (r->out->len)
        buf_adds(r->out, "\n\n");
}

void rst_text(struct rst *r, struct span text)
{
    rst_inline(r->out, text, r->names);
}

void rst_label(struct rst *r, struct span text)
{
    if (!text.len)
        return;
    rst_blank_line(r);
    buf_adds(r->out, "**");
    rst_text(r, text);
    buf_adds(r->out, "**\n\n");
}

size_t rst_block_end(const struct rst *r, size_t i)
{
    size_t end = i;
    for (; i < r->n && (r->line[i].len == 0 || rst_indent(r->line[i])); i++)
        if (r->line[i].len)
            end = i + 1;
    return end;
}

bool rst_is(struct span name, const char *list)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, " ");
        if (n == name.len && memcmp(p, name.s, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static unsigned section_level(struct rst *r, int style)
{
    unsigned i = 0;
    while (i < r->n_styles && r->style[i] != style)
        i++;
    if (i == r->n_styles && r->n_styles < RST_STYLES_MAX)
        r->style[r->n_styles++] = style;
    return i + 1 < RST_STYLES_MAX ? i + 1 : RST_STYLES_MAX;
}

static void heading(struct rst *r, unsigned level, struct span text)
{
    r->level = level;
    r->owner = (struct span){"", 0};
    rst_blank_line(r);
    buf_addf(r->out, "%.*s ", (int)(level > 6 ? 6 : level), "######");
    size_t from = r->out->len;
    rst_text(r, span_trim(text));
    if (r->title.len == 0)
        buf_add(&r->title, r->out->data + from, r->out->len - from);
    buf_adds(r->out, "\n\n");
}

/* A title is as wide as its line at most; a wide character may be less than its bytes. */
static bool underlines(struct span under, struct span title)
{
    size_t n = 0;
    for (size_t i = 0; i < title.len; i++)
        n += ((unsigned char)title.s[i] & 0xc0) != 0x80;
    return under.len >= 2 && (under.len + 1 >= n || under.len >= 4);
}

/* A section title with its adornment at line i; lines taken, or 0. */
static size_t section(struct rst *r)
{
    struct span a = rst_at(r, r->i), b = rst_at(r, r->i + 1), c = rst_at(r, r->i + 2);
    int over = rst_adornment(a), under = rst_adornment(b);
    if (r->boxed)
        return 0;
    if (over && b.len && !under && rst_adornment(c) == over && underlines(c, span_trim(b))) {
        heading(r, section_level(r, over + 256), b);
        return 3;
    }
    if (a.len && !over && under && underlines(b, a)) {
        heading(r, section_level(r, under), a);
        return 2;
    }
    return 0;
}

/* Without what only the checker of examples reads. */
static void code_line(struct span l, struct buf *out)
{
    const char *flags = span_starts(l, ">>> ") || span_starts(l, "... ")
                            ? memmem(l.s, l.len, "# doctest:", 10)
                            : NULL;
    if (flags)
        l.len = (size_t)(flags - l.s);
    l = span_rtrim(l);
    if (!span_eq(l, "<BLANKLINE>"))
        buf_add_span(out, l);
}

size_t rst_common_indent(const struct rst *r, size_t from, size_t to)
{
    size_t least = SIZE_MAX;
    for (size_t i = from; i < to; i++)
        if (r->line[i].len && rst_indent(r->line[i]) < least)
            least = rst_indent(r->line[i]);
    return least;
}

void rst_code(struct rst *r, size_t from, size_t to, struct span lang)
{
    _cleanup_buf_ struct buf text = {.limit = r->out->limit};
    char name[32] = "";
    while (from < to && r->line[from].len == 0)
        from++;
    while (from < to && r->line[to - 1].len == 0)
        to--;
    if (from == to)
        return;
    size_t strip = rst_common_indent(r, from, to);
    for (size_t i = from; i < to; i++) {
        if (r->line[i].len)
            code_line(span_skip(r->line[i], strip), &text);
        buf_addc(&text, '\n');
    }
    if (lang.len < sizeof(name) && !memchr(lang.s, '`', lang.len) && !memchr(lang.s, ' ', lang.len))
        memcpy(name, lang.s, lang.len);
    rst_blank_line(r);
    md_fence(r->out, buf_span(&text), name, 0);
    r->out->oom |= text.oom;
    r->out->full |= text.full;
    rst_blank_line(r);
}

/* Blocks too deep inside of others: their words. */
static void flat(struct rst *r, struct span first, size_t from, size_t to, const char *lead)
{
    buf_adds(r->out, lead);
    rst_text(r, first);
    for (size_t i = from; i < to; i++) {
        buf_addc(r->out, ' ');
        rst_text(r, span_trim(r->line[i]));
    }
    buf_adds(r->out, "\n");
}

static void convert_lines(struct rst *r);

void rst_nested(struct rst *r, struct span first, size_t from, size_t to, size_t strip,
                const char *lead, const char *pad)
{
    _cleanup_buf_ struct buf text = {.limit = r->out->limit};
    if (r->depth >= RST_DEPTH_MAX) {
        flat(r, first, from, to, lead);
        return;
    }
    /* Below the name of a directive or field the paragraph goes on as far to the right as it likes.
     */
    bool whole = first.len && strip == SIZE_MAX;
    size_t common = rst_common_indent(r, from, to);
    strip = common < strip ? common : strip;
    _cleanup_free_ struct span *line = calloc(to - from + 2, sizeof(*line));
    if (!line) {
        r->out->oom = true;
        return;
    }
    size_t n = 0;
    if (first.len)
        line[n++] = first;
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i];
        whole = whole && l.len;
        line[n++] = whole ? span_trim(l) : l.len ? span_skip(l, strip) : l;
    }
    struct rst inner = *r;
    inner.line = line;
    inner.n = n;
    inner.i = inner.ordinal_style = 0;
    inner.out = &text;
    inner.depth++;
    inner.boxed = r->boxed || *pad;
    convert_lines(&inner);
    memcpy(r->style, inner.style, sizeof(r->style));
    r->n_styles = inner.n_styles;
    r->title = inner.title;
    r->module = inner.module;
    r->lang = inner.lang;
    buf_rtrim(&text, " \n");
    struct span rest = buf_span(&text), l;
    if (!rest.len && *lead)
        buf_addf(r->out, "%.*s\n", (int)span_trim(span_of(lead)).len, span_trim(span_of(lead)).s);
    for (bool begins = true; line_next(&rest, &l); begins = false) {
        const char *before = begins ? lead : pad;
        buf_adds(r->out, before);
        buf_add_span(r->out, l);
        if (!l.len)
            buf_rtrim(r->out, " ");
        buf_addc(r->out, '\n');
    }
    r->out->oom |= text.oom;
    r->out->full |= text.full;
}

void rst_body(struct rst *r, struct span first, size_t from, size_t to)
{
    rst_blank_line(r);
    rst_nested(r, first, from, to, SIZE_MAX, "", "");
    rst_blank_line(r);
}

/* Lines that are indented without a word above them. A list is often written so, and is none the
 * less a list; in an item they are its text, indented too far. */
static void quotation(struct rst *r)
{
    size_t from = r->i, end = rst_block_end(r, from);
    struct span t = span_trim(r->line[from]);
    bool plain = r->boxed || rst_bullet(t) || rst_simple_rule(t) || rst_grid_rule(t) ||
                 span_starts(t, ".. ") || span_starts(t, ">>>") || (t.len > 1 && is_digit(t.s[0]));
    r->i = end;
    rst_blank_line(r);
    rst_nested(r, (struct span){"", 0}, from, end, SIZE_MAX, plain ? "" : "> ", plain ? "" : "> ");
    rst_blank_line(r);
}

/* The lines that a paragraph "::" announces: indented, or each with the same mark. */
static void literal_block(struct rst *r)
{
    size_t from = r->i;
    while (from < r->n && !r->line[from].len)
        from++;
    size_t end = rst_block_end(r, from);
    struct span l = rst_at(r, from);
    if (end == from && l.len && !is_alnum(l.s[0]) && (unsigned char)l.s[0] < 0x80 &&
        !span_starts(l, ".. "))
        while (end < r->n && r->line[end].len && r->line[end].s[0] == l.s[0])
            end++;
    if (end == from)
        return;
    rst_code(r, from, end, r->lang);
    r->i = end;
}

/* The paragraph at r->i, in one line as a reader sees it: marks may begin in one line of the
 * source and end in another. */
static void paragraph(struct rst *r)
{
    _cleanup_buf_ struct buf text = {.limit = r->out->limit};
    struct span l, t;
    size_t from = r->i;
    do {
        t = span_trim(r->line[r->i++]);
        if (text.len)
            buf_addc(&text, ' ');
        buf_add_span(&text, t);
        l = rst_at(r, r->i);
    } while (l.len && rst_indent(l) == 0 && !span_ends(t, "::") &&
             !(rst_adornment(rst_at(r, r->i + 1)) && rst_at(r, r->i + 1).len >= 4 && !r->boxed));
    bool literal = span_ends(t, "::") && (!l.len || rst_indent(l));
    if (literal)
        buf_truncate(&text,
                     text.len - (text.len == 2 || is_blank(text.data[text.len - 3]) ? 2 : 1));
    if (r->out->len && from > 0 && rst_at(r, from - 1).len)
        rst_blank_line(r);
    if (text.len && text.data[0] == '#')
        buf_addc(r->out, '\\');
    struct span all = span_trim(buf_span(&text));
    rst_text(r, all);
    buf_adds(r->out, all.len ? "\n" : "");
    r->out->oom |= text.oom;
    r->out->full |= text.full;
    if (literal)
        literal_block(r);
}

/* Lines up to a blank one as they are. */
static void verbatim(struct rst *r, const char *lang)
{
    size_t end = r->i;
    while (end < r->n && r->line[end].len)
        end++;
    rst_code(r, r->i, end, span_of(lang));
    r->i = end;
}

static void block(struct rst *r)
{
    struct span l = r->line[r->i];
    size_t taken;
    if (l.len == 0) {
        rst_blank_line(r);
        r->i++;
    } else if (rst_indent(l)) {
        quotation(r);
    } else if (span_starts(l, "..") && (l.len == 2 || l.s[2] == ' ')) {
        rst_explicit(r);
    } else if (span_starts(l, "__ ")) { /* a target without a name: rst_names.h */
        r->i = rst_block_end(r, r->i + 1);
    } else if (rst_simple_rule(l)) {
        rst_simple_table(r);
    } else if (rst_grid_rule(l)) {
        size_t end = r->i;
        while (end < r->n && r->line[end].len)
            end++;
        if (rst_grid_table(r, r->i, end))
            r->i = end;
        else /* readable as it is */
            verbatim(r, "");
    } else if ((taken = section(r))) {
        r->i += taken;
    } else if (rst_adornment(l) && l.len >= 4) {
        rst_blank_line(r);
        buf_adds(r->out, "---\n\n");
        r->i++;
    } else if (span_starts(l, ">>> ")) {
        verbatim(r, "pycon");
    } else if (!rst_list(r)) {
        paragraph(r);
    }
}

static void convert_lines(struct rst *r)
{
    while (r->i < r->n && buf_status(r->out) == 0)
        block(r);
}

/* Lines at the top that tell Sphinx something about the page: ":orphan:", ":tocdepth: 2". */
static size_t metadata(const struct rst *r)
{
    static const char names[] = "orphan tocdepth nocomments no-search nosearch order hide-toc";
    size_t i = 0;
    for (struct span name; i < r->n; i++)
        if (r->line[i].len && !(rst_field(r->line[i], &name) && rst_is(name, names)))
            break;
    return i;
}

/* Columns count in this language: tabs stop at every eighth. */
static void expand_tabs(struct span text, struct buf *out)
{
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.s[i] == '\t') {
            buf_addf(out, "%*s", (int)(8 - column % 8), "");
            column += 8 - column % 8;
            continue;
        }
        buf_addc(out, text.s[i]);
        column = text.s[i] == '\n' ? 0 : column + (((unsigned char)text.s[i] & 0xc0) != 0x80);
    }
}

static int convert_text_of(struct span text, struct buf *out, struct buf *title)
{
    struct span none = {"", 0};
    struct rst r = {.out = out, .module = none, .owner = none, .lang = none};
    _cleanup_free_ struct span *line = span_lines(text, &r.n);
    if (!line)
        return -ENOMEM;
    r.line = line;
    r.names = rst_names_new(line, r.n);
    if (!r.names)
        return -ENOMEM;
    r.i = metadata(&r);
    convert_lines(&r);
    rst_names_free(r.names);
    *title = r.title;
    return buf_status(out) ? buf_status(out) : buf_status(title);
}

int convert_rst(const char *text, size_t len, const char *name, const struct convert_limits *limits,
                struct pages *ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {.limit = limits->max_output}, title = {0};
    _cleanup_buf_ struct buf expanded = {.limit = limits->max_output};
    struct span all = {text, len};
    if (len && memchr(text, '\t', len)) {
        expand_tabs(all, &expanded);
        all = buf_span(&expanded);
    }
    int e = buf_status(&expanded);
    if (e == 0)
        e = convert_text_of(all, &out, &title);
    if (e < 0)
        return e == -ENOMEM ? err_oom(err)
                            : err_set(err, e, "more text than %zu bytes", limits->max_output);
    buf_rtrim(&out, " \n");
    char *copy = title.len ? strdup(title.data) : NULL;
    return pages_add(ret, NULL, copy, &out, NULL, NULL, name);
}
