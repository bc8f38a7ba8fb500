/* SPDX-License-Identifier: MIT
 * reStructuredText -> markdown, line by line. What both languages share (paragraphs, lists,
 * emphasis) passes through; sections, directives, literal blocks, tables and roles are translated.
 * What is to be included from another file stands there already (include.h), or is named. */
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/mdx.h"
#include "core/text/rst.h"
#include "core/text/rst_inline.h"
#include "core/util/cleanup.h"

static unsigned indent_of(struct span l)
{
    unsigned n = 0;
    for (size_t i = 0; i < l.len && (l.s[i] == ' ' || l.s[i] == '\t'); i++)
        n = l.s[i] == '\t' ? (n / 8 + 1) * 8 : n + 1;
    return n;
}

/* Character of a line that repeats one punctuation mark, else 0. */
static int adornment(struct span l)
{
    if (l.len < 2 || !strchr("=-`:.'\"~^_*+#!$%&,/;<>?@\\|", l.s[0]))
        return 0;
    for (size_t i = 1; i < l.len; i++)
        if (l.s[i] != l.s[0])
            return 0;
    return (unsigned char)l.s[0];
}

static unsigned section_level(struct rst *r, int style)
{
    for (unsigned i = 0; i < r->n_styles; i++)
        if (r->style[i] == style)
            return i + 1;
    if (r->n_styles < STYLES_MAX)
        r->style[r->n_styles++] = style;
    return r->n_styles;
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

static void heading(struct rst *r, unsigned level, struct span text)
{
    rst_blank_line(r);
    buf_addf(r->out, "%.*s ", (int)(level > 6 ? 6 : level), "######");
    size_t from = r->out->len;
    rst_inline(r->out, span_trim(text));
    if (r->title.len == 0)
        buf_add(&r->title, r->out->data + from, r->out->len - from);
    buf_adds(r->out, "\n\n");
}

/* A section title with its adornment at line i; lines taken, or 0. */
static size_t section(struct rst *r)
{
    struct span a = rst_at(r, r->i), b = rst_at(r, r->i + 1), c = rst_at(r, r->i + 2);
    int over = adornment(a), under = adornment(b);
    if (over && b.len && !under && adornment(c) == over && c.len >= span_trim(b).len) {
        heading(r, section_level(r, over + 256), b);
        return 3;
    }
    if (a.len && indent_of(a) == 0 && !over && under && b.len + 1 >= a.len && b.len >= 2) {
        heading(r, section_level(r, under), a);
        return 2;
    }
    return 0;
}

/* Lines from i on that are blank or indented at least `min`; trailing blank ones not counted. */
static size_t block_end(const struct rst *r, size_t i, unsigned min)
{
    size_t end = i;
    for (; i < r->n && (r->line[i].len == 0 || indent_of(r->line[i]) >= min); i++)
        if (r->line[i].len)
            end = i + 1;
    return end;
}

static void add_code(struct rst *r, size_t from, size_t to, struct span lang, unsigned base)
{
    while (from < to && r->line[from].len == 0)
        from++;
    if (from == to)
        return;
    unsigned strip = ~0u;
    bool ticks = false;
    for (size_t i = from; i < to; i++) {
        if (r->line[i].len && indent_of(r->line[i]) < strip)
            strip = indent_of(r->line[i]);
        ticks = ticks || memmem(r->line[i].s, r->line[i].len, "```", 3);
    }
    const char *fence = ticks ? "~~~~~~" : "```";
    rst_blank_line(r);
    buf_addf(r->out, "%*s%s%.*s\n", (int)base, "", fence, (int)lang.len, lang.s);
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i];
        size_t skip = l.len < strip ? l.len : strip;
        if (l.len > skip)
            buf_addf(r->out, "%*s%.*s", (int)base, "", (int)(l.len - skip), l.s + skip);
        buf_addc(r->out, '\n');
    }
    buf_addf(r->out, "%*s%s\n\n", (int)base, "", fence);
}

/* ---- directives ---- */

static bool is(struct span name, const char *list)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, " ");
        if (n == name.len && memcmp(p, name.s, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static int convert_lines(struct rst *r, size_t to, unsigned depth);

/* The body of a directive is text of its own: dedented, converted and prefixed. */
static void nested(struct rst *r, size_t from, size_t to, const char *prefix, unsigned depth)
{
    struct buf text = {.limit = r->out->limit};
    struct rst inner = *r;
    unsigned strip = ~0u;
    for (size_t i = from; i < to; i++)
        if (r->line[i].len && indent_of(r->line[i]) < strip)
            strip = indent_of(r->line[i]);
    _cleanup_free_ struct span *line = calloc(to - from + 1, sizeof(*line));
    if (!line) {
        r->out->oom = true;
        return;
    }
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i];
        size_t skip = l.len < strip ? l.len : strip;
        line[i - from] = (struct span){l.s + skip, l.len - skip};
    }
    inner.line = line;
    inner.n = to - from;
    inner.i = 0;
    inner.out = &text;
    convert_lines(&inner, inner.n, depth + 1);
    memcpy(r->style, inner.style, sizeof(r->style));
    r->n_styles = inner.n_styles;
    r->title = inner.title;
    r->module = inner.module;
    buf_rtrim(&text, " \n");
    struct span rest = {text.data ? text.data : "", text.len}, l;
    while (line_next(&rest, &l))
        buf_addf(r->out, "%s%.*s\n", prefix, (int)l.len, l.s);
    if (buf_status(&text) < 0)
        r->out->full = true;
    buf_fini(&text);
    rst_blank_line(r);
}

static bool is_signature(struct span name)
{
    const char *colon = memrchr(name.s, ':', name.len);
    if (colon)
        name = (struct span){colon + 1, (size_t)(name.s + name.len - colon - 1)};
    return is(name, "function class method attribute data exception decorator classmethod "
                    "staticmethod property option envvar cmdoption macro type member struct "
                    "enum enumerator var describe object opcode program command variable setting "
                    "confval signature");
}

static bool begins_with_name(struct span s, struct span name)
{
    return s.len > name.len && s.s[name.len] == '.' && memcmp(s.s, name.s, name.len) == 0;
}

/* One heading for each line of a signature: names that mean the same stand together. Those of a
 * module carry its name, as a reader would type them. */
static void signatures(struct rst *r, struct span name, struct span arg, size_t from, size_t to,
                       unsigned base)
{
    bool word = is(name, "class exception py:class py:exception");
    bool member = base == 0 && r->module.len &&
                  is(name, "function class data exception decorator py:function py:class py:data "
                           "py:exception py:decorator");
    unsigned level = r->n_styles + 1;
    rst_blank_line(r);
    buf_addf(r->out, "%.*s", (int)(level > 6 ? 6 : level), "######");
    for (size_t i = from; i <= to; i++) {
        struct span s = i == from ? arg : span_trim(r->line[i - 1]);
        if (s.len && s.s[s.len - 1] == '\\')
            s.len--;
        buf_addf(r->out, i == from ? " `" : "\n`");
        if (word)
            buf_addf(r->out, "%.*s ", memchr(name.s, 'x', name.len) ? 9 : 5,
                     memchr(name.s, 'x', name.len) ? "exception" : "class");
        if (member && !begins_with_name(s, r->module))
            buf_addf(r->out, "%.*s.", (int)r->module.len, r->module.s);
        buf_addf(r->out, "%.*s`", (int)s.len, s.s);
        if (i == from)
            buf_adds(r->out, "\n");
    }
    buf_adds(r->out, "\n\n");
}

/* ".. setting:: name" above the section that describes it: the title says the same. */
static bool is_next_title(const struct rst *r, size_t i, struct span arg)
{
    while (i < r->n && !r->line[i].len)
        i++;
    struct span t = span_trim(rst_at(r, i));
    while (t.len > 1 && t.s[0] == '`' && t.s[t.len - 1] == '`')
        t = (struct span){t.s + 1, t.len - 2};
    return t.len == arg.len && memcmp(t.s, arg.s, t.len) == 0 && adornment(rst_at(r, i + 1));
}

/* The paragraph that begins behind the name of a directive and goes on in the lines from *from:
 * marks may begin in one line and end in another. */
static void first_paragraph(struct rst *r, struct span arg, size_t *from, size_t end)
{
    _cleanup_buf_ struct buf whole = {0};
    buf_add_span(&whole, arg);
    for (; *from < end && r->line[*from].len; ++*from) {
        buf_addc(&whole, ' ');
        buf_add_span(&whole, span_trim(r->line[*from]));
    }
    if (buf_status(&whole) == 0 && whole.len)
        rst_inline(r->out, (struct span){whole.data, whole.len});
}

/* A line ".. name:: argument" with its block; moves r->i behind it. */
static void directive(struct rst *r, struct span name, struct span arg, unsigned base,
                      unsigned depth)
{
    size_t from = r->i + 1, end = block_end(r, from, base + 1);
    r->i = end;
    size_t more = from; /* signatures may go on in the next lines */
    for (; is_signature(name) && more < end && r->line[more].len; more++)
        if (span_trim(r->line[more]).s[0] == ':')
            break;
    if (is_signature(name) && arg.len && !is_next_title(r, end, arg)) {
        signatures(r, name, arg, from, more, base);
        from = more;
    }
    size_t options = from;
    while (from < end && r->line[from].len && span_trim(r->line[from]).s[0] == ':' &&
           !is_signature(name))
        from++; /* options of the directive */
    while (is_signature(name) && from < end && r->line[from].len &&
           memchr(":", span_trim(r->line[from]).s[0], 1))
        from++;
    const char *version = md_version_words(name);
    if (is(name, "module py:module currentmodule py:currentmodule")) {
        r->module = arg;
    } else if (version) {
        size_t number = 0;
        while (number < arg.len && !is_blank(arg.s[number]))
            number++;
        rst_blank_line(r);
        buf_addf(r->out, "%s %.*s%s", version, (int)number, arg.s,
                 number < arg.len || from < end ? ": " : ".\n");
        if (number < arg.len) {
            first_paragraph(r, span_trim(span_skip(arg, number)), &from, end);
            buf_addc(r->out, '\n');
        }
        if (from < end)
            nested(r, from, end, "", depth);
        rst_blank_line(r);
    } else if (is(name, "code-block code sourcecode highlight-code parsed-literal productionlist "
                        "prompt doctest testcode math graphviz")) {
        if (!is(name, "code-block code sourcecode"))
            arg = (struct span){"", 0};
        add_code(r, from, end, arg.len < 32 ? arg : (struct span){"", 0}, base);
    } else if (is(name, "include literalinclude") && arg.len && arg.s[0] != '<') {
        rst_blank_line(r);
        buf_addf(r->out, "[%.*s](%.*s)\n\n", (int)arg.len, arg.s, (int)arg.len, arg.s);
    } else if (is(name, "include raw toctree index contents highlight module-author sectionauthor "
                        "moduleauthor default-domain role meta "
                        "only-html testsetup testcleanup tabularcolumns cssclass rst-class "
                        "default-role header footer sectnum target-notes")) {
        return;
    } else if (is(name, "image figure")) {
        nested(r, from, end, "", depth);
    } else if (is(name, "list-table")) {
        if (arg.len)
            buf_addf(r->out, "**%.*s**\n\n", (int)arg.len, arg.s);
        rst_list_table(r, from, end);
    } else if (is(name, "csv-table")) {
        if (arg.len)
            buf_addf(r->out, "**%.*s**\n\n", (int)arg.len, arg.s);
        rst_csv_table(r, options, from, end);
    } else if (is(name, "note warning tip hint important caution danger attention error "
                        "admonition seealso todo impl-detail availability")) {
        rst_blank_line(r);
        buf_addf(r->out, "> **%c%.*s**", name.s[0] & ~0x20, (int)name.len - 1, name.s + 1);
        if (arg.len) {
            buf_addc(r->out, ' ');
            first_paragraph(r, arg, &from, end);
        }
        buf_adds(r->out, "\n");
        if (from < end) {
            buf_adds(r->out, ">\n");
            nested(r, from, end, "> ", depth);
        }
        rst_blank_line(r);
    } else {
        if (arg.len && !is_signature(name)) {
            rst_blank_line(r);
            rst_inline(r->out, arg);
            buf_adds(r->out, "\n\n");
        }
        nested(r, from, end, "", depth);
    }
}

/* ".. " at line i: directive, target, substitution, footnote or comment. */
static void explicit_markup(struct rst *r, unsigned base, unsigned depth)
{
    struct span l = span_trim(r->line[r->i]);
    struct span body = span_trim((struct span){l.s + 2, l.len - 2});
    const char *colons = memmem(body.s, body.len, "::", 2);
    struct span name = {body.s, colons ? (size_t)(colons - body.s) : 0};
    bool word = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        word = word && (is_alnum(name.s[i]) || strchr("-_:+.", name.s[i]));
    if (word && body.s[0] != '_') {
        struct span arg = {colons + 2, (size_t)(body.s + body.len - colons - 2)};
        directive(r, name, span_trim(arg), base, depth);
        return;
    }
    size_t end = block_end(r, r->i + 1, base + 1);
    if (body.len && body.s[0] == '[') { /* footnote: its text stays */
        const char *close = memchr(body.s, ']', body.len);
        if (close) {
            struct span text = {close + 1, (size_t)(body.s + body.len - close - 1)};
            rst_blank_line(r);
            buf_addf(r->out, "%.*s ", (int)(close + 1 - body.s), body.s);
            rst_inline(r->out, span_trim(text));
            buf_addc(r->out, '\n');
            nested(r, r->i + 1, end, "", depth);
        }
    }
    r->i = end;
}

static bool table_rule(struct span l)
{
    return l.len > 3 && l.s[0] == '=' && memchr(l.s, ' ', l.len) && strspn(l.s, "= ") >= l.len;
}

/* Columns from the mark of a list item to its text; 0 when t is none. */
static size_t list_item(struct span t)
{
    size_t i = 0;
    if (t.len > 1 && strchr("*-+|", t.s[0]) && t.s[0] && is_blank(t.s[1])) {
        i = 1;
    } else {
        while (i < t.len && (is_alnum(t.s[i]) || t.s[i] == '#') && i < 4)
            i++;
        if (!i || i + 1 >= t.len || (t.s[i] != '.' && t.s[i] != ')') || !is_blank(t.s[i + 1]))
            return 0;
        i++;
    }
    while (i < t.len && is_blank(t.s[i]))
        i++;
    return i;
}

/* Whether line i goes on with the paragraph of the line before it, the text of which begins in a
 * column. */
static bool goes_on(const struct rst *r, size_t i, size_t to, size_t column)
{
    struct span l = rst_at(r, i), t = span_trim(l);
    return i < to && t.len && indent_of(l) == column && !list_item(t) && !adornment(t) &&
           !rst_grid_rule(l) && !table_rule(l) && !(t.len > 1 && t.s[0] == '.' && t.s[1] == '.') &&
           !(t.len > 2 && memcmp(t.s, ">>>", 3) == 0) && !adornment(span_trim(rst_at(r, i + 1)));
}

/* The paragraph that begins at line i, and the literal block that it announces. Taken as a whole:
 * what is quoted may begin on one line and end on the next. */
static void paragraph(struct rst *r, size_t to, unsigned base)
{
    _cleanup_buf_ struct buf text = {0};
    size_t column = base + list_item(span_trim(r->line[r->i]));
    bool literal;
    do {
        struct span t = span_trim(r->line[r->i++]);
        if (text.len)
            buf_addc(&text, '\n');
        literal = t.len >= 2 && memcmp(t.s + t.len - 2, "::", 2) == 0 &&
                  (r->i >= to || r->line[r->i].len == 0);
        if (literal)
            t.len -= t.len == 2 || is_blank(t.s[t.len - 3]) ? 2 : 1;
        t = span_trim(t);
        buf_add(&text, t.s, t.len);
    } while (!literal && goes_on(r, r->i, to, column));

    _cleanup_buf_ struct buf shown = {0};
    rst_inline(&shown, (struct span){text.data ? text.data : "", text.len});
    struct span rest = {shown.data ? shown.data : "", shown.len}, l;
    /* Below four blanks, with which code begins in markdown. */
    size_t indent = base < 4 ? base : (base < 24 ? base : 24) / 4 * 2;
    for (bool first = true; line_next(&rest, &l); first = false)
        buf_addf(r->out, "%*s%.*s\n", (int)(indent + (first ? 0 : column - base)), "", (int)l.len,
                 l.s);
    if (text.oom || shown.oom)
        r->out->oom = true;
    if (!literal)
        return;
    size_t end = block_end(r, r->i, base + 1);
    add_code(r, r->i, end < to ? end : to, (struct span){"", 0}, base);
    r->i = end < to ? end : to;
}

static int convert_lines(struct rst *r, size_t to, unsigned depth)
{
    while (r->i < to && buf_status(r->out) == 0) {
        struct span l = r->line[r->i], t = span_trim(l);
        unsigned base = indent_of(l);
        size_t taken;
        if (l.len == 0) {
            rst_blank_line(r);
            r->i++;
        } else if (depth < 12 && t.len >= 2 && t.s[0] == '.' && t.s[1] == '.' &&
                   (t.len == 2 || t.s[2] == ' ')) {
            explicit_markup(r, base, depth);
        } else if (table_rule(l)) {
            rst_simple_table(r);
        } else if (rst_grid_rule(l)) {
            size_t end = r->i;
            while (end < to && r->line[end].len)
                end++;
            if (!rst_grid_table(r, r->i, end)) /* readable as it is */
                add_code(r, r->i, end, (struct span){"", 0}, 0);
            r->i = end;
        } else if ((taken = section(r))) {
            r->i += taken;
        } else if (adornment(l) && l.len >= 4) {
            rst_blank_line(r);
            buf_adds(r->out, "---\n\n");
            r->i++;
        } else if (t.len > 3 && memcmp(t.s, ">>>", 3) == 0) {
            size_t end = r->i;
            while (end < to && r->line[end].len)
                end++;
            add_code(r, r->i, end, span_of("pycon"), base);
            r->i = end;
        } else {
            paragraph(r, to, base);
        }
    }
    return 0;
}

/* Lines at the top that tell Sphinx something about the page: ":orphan:", ":tocdepth: 2". */
static size_t metadata(const struct rst *r)
{
    static const char *const names[] = {"orphan",   "tocdepth", "nocomments", "no-search",
                                        "nosearch", "order",    "hide-toc"};
    size_t i = 0;
    for (; i < r->n; i++) {
        struct span l = r->line[i];
        size_t k = 0, n = sizeof(names) / sizeof(names[0]);
        while (l.len && k < n &&
               !(l.s[0] == ':' && span_starts(span_skip(l, 1), names[k]) &&
                 span_starts(span_skip(l, 1 + strlen(names[k])), ":")))
            k++;
        if (l.len && k == n)
            break;
    }
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

int convert_rst(const char *text, size_t len, const char *name, const struct convert_limits *limits,
                struct pages *ret, struct docfs_err *err)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    _cleanup_free_ struct span *line = calloc(n + 1, sizeof(*line));
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    _cleanup_buf_ struct buf expanded = {.limit = limits->max_output};
    if (!line)
        return err_oom(err);
    struct rst r = {.line = line, .out = &out};
    struct span rest = {text, len}, l;
    if (memchr(text, '\t', len)) {
        expand_tabs(rest, &expanded);
        if (buf_status(&expanded) < 0)
            return err_set(err, buf_status(&expanded), "more text than %zu bytes",
                           limits->max_output);
        rest = (struct span){expanded.data, expanded.len};
    }
    while (line_next(&rest, &l)) {
        while (l.len && is_blank(l.s[l.len - 1]))
            l.len--;
        line[r.n++] = l;
    }
    r.i = metadata(&r);
    convert_lines(&r, r.n, 0);
    char *title = r.title.len ? strdup(r.title.data) : NULL;
    buf_fini(&r.title);
    if (buf_status(&out) < 0) {
        free(title);
        return err_set(err, buf_status(&out), "more text than %zu bytes", limits->max_output);
    }
    buf_rtrim(&out, " \n");
    return pages_add(ret, NULL, title, &out, NULL, NULL, name);
}
