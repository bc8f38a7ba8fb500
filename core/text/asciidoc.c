/* SPDX-License-Identifier: MIT
 * AsciiDoc -> HTML -> markdown: blocks. What is to be included from another file stands there
 * already (include.h), or is named. */
#include "core/text/asciidoc.h"

#include <stdlib.h>

#include "core/text/convert.h"
#include "core/util/cleanup.h"

static void title(struct adoc *a, struct span t)
{
    if (!t.len)
        return;
    buf_adds(a->out, "<p><strong>");
    adoc_inline(a, t);
    buf_adds(a->out, "</strong></p>\n");
}

/* "Note" when it is the name of an admonition. */
static const char *admonition(struct span name)
{
    static const char *const kinds[][2] = {{"NOTE", "Note"},
                                           {"TIP", "Tip"},
                                           {"WARNING", "Warning"},
                                           {"IMPORTANT", "Important"},
                                           {"CAUTION", "Caution"}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (span_eq(name, kinds[i][0]))
            return kinds[i][1];
    return NULL;
}

/* ---- blocks ---- */

/* "foo(); // <1> <2>": numbers at the end of a line refer to the list below. */
static void code_line(struct adoc *a, struct span l)
{
    size_t end = l.len;
    for (;;) {
        size_t open = end;
        while (open && is_blank(l.s[open - 1]))
            open--;
        size_t close = open;
        if (!close || l.s[close - 1] != '>')
            break;
        for (open--; open && (is_digit(l.s[open - 1]) || l.s[open - 1] == '.');)
            open--;
        if (!open || open + 1 >= close || l.s[open - 1] != '<' ||
            (open > 1 && !is_blank(l.s[open - 2]) && l.s[open - 2] != '>'))
            break;
        end = open - 1;
    }
    html_escape(a->out, (struct span){l.s, end});
    for (size_t i = end; i < l.len; i++) {
        if (l.s[i] == '<')
            buf_addc(a->out, '(');
        else if (l.s[i] == '>')
            buf_addc(a->out, ')');
        else if (l.s[i] == '.')
            buf_addf(a->out, "%u", ++a->callouts);
        else
            buf_addc(a->out, l.s[i]);
    }
}

static void code(struct adoc *a, const struct adoc_style *s, struct span lang, size_t from,
                 size_t to)
{
    bool attributes = span_has(s->subs, "attributes") || span_has(s->subs, "normal");
    bool marks =
        span_has(s->subs, "quotes") || span_has(s->subs, "macros") || span_has(s->subs, "normal");
    size_t indent = SIZE_MAX;
    for (size_t i = from; i < to; i++) {
        size_t n = 0;
        while (n < a->line[i].len && is_blank(a->line[i].s[n]))
            n++;
        if (a->line[i].len && n < indent)
            indent = n;
    }
    if (lang.len > 32)
        lang.len = 0;
    buf_adds(a->out, "<pre><code");
    if (lang.len) {
        buf_adds(a->out, " class=\"language-");
        html_escape(a->out, lang);
        buf_addc(a->out, '"');
    }
    buf_addc(a->out, '>');
    for (size_t i = from; i < to && buf_status(a->out) == 0; i++) {
        struct span l = a->line[i];
        _cleanup_buf_ struct buf text = {.limit = a->out->limit};
        l = span_skip(l, l.len < indent ? l.len : indent);
        if (marks) {
            adoc_inline(a, l);
        } else if (attributes) {
            adoc_expand(&a->attributes, l, &text);
            code_line(a, buf_span(&text));
        } else {
            code_line(a, l);
        }
        buf_addc(a->out, '\n');
    }
    buf_adds(a->out, "</code></pre>\n");
}

static void math(struct adoc *a, size_t from, size_t to)
{
    buf_adds(a->out, "<p><span class=\"math\">\\[");
    for (size_t i = from; i < to; i++) {
        html_escape(a->out, a->line[i]);
        buf_addc(a->out, '\n');
    }
    buf_adds(a->out, "\\]</span></p>\n");
}

static void said_by(struct adoc *a, const struct adoc_style *s)
{
    if (s->second.len) {
        buf_adds(a->out, "<p>— ");
        adoc_inline(a, s->second);
        buf_adds(a->out, s->third.len ? ", " : "");
        adoc_inline(a, s->third);
        buf_adds(a->out, "</p>\n");
    }
}

/* Lines stay as they are, marks count. */
static void verse(struct adoc *a, const struct adoc_style *s, size_t from, size_t to)
{
    struct adoc_style normal = ADOC_STYLE_NONE;
    normal.subs = span_of("normal");
    code(a, &normal, ADOC_NOTHING, from, to);
    said_by(a, s);
}

static void open_admonition(struct adoc *a, const char *kind)
{
    buf_addf(a->out, "<div class=\"admonition %s\"><p class=\"admonition-title\">%s</p>\n", kind,
             kind);
}

void adoc_nested(struct adoc *a, const struct span *line, size_t n)
{
    const struct span *outer = a->line;
    size_t outer_n = a->n, outer_i = a->i, n_markers = a->n_markers;
    struct span marker[ADOC_DEPTH_MAX];
    memcpy(marker, a->marker, sizeof(marker));
    a->line = line;
    a->n = n;
    a->i = a->n_markers = 0;
    a->depth++;
    adoc_blocks(a);
    a->depth--;
    a->line = outer;
    a->n = outer_n;
    a->i = outer_i;
    a->n_markers = n_markers;
    memcpy(a->marker, marker, sizeof(marker));
}

/* The block between two equal lines, the first of which is line a->i. */
static void delimited(struct adoc *a, char kind, const struct adoc_style *s)
{
    struct span open = a->line[a->i], lang = s->second;
    size_t from = ++a->i, to = from;
    size_t fence = kind == '`' ? span_run(open, '`') : open.len;
    while (to < a->n && (a->line[to].len != fence || memcmp(a->line[to].s, open.s, fence) != 0))
        to++;
    a->i = to + (to < a->n);
    const char *note = admonition(s->name);
    bool source =
        span_eq(s->name, "source") || span_eq(s->name, "listing") || span_eq(s->name, "literal");
    const char *own = span_eq(s->name, "source") && !lang.len
                          ? adoc_attribute(&a->attributes, span_of("source-language"))
                          : NULL;
    if (own)
        lang = span_of(own);
    if (kind == '`')
        lang = span_skip(open, fence);
    if (kind == '/')
        return;
    title(a, s->title);
    if (span_eq(s->name, "stem") || span_eq(s->name, "latexmath") ||
        span_eq(s->name, "asciimath")) {
        math(a, from, to);
    } else if (kind == '+') {
        for (size_t i = from; i < to; i++)
            buf_addf(a->out, "%.*s\n", (int)a->line[i].len, a->line[i].s);
    } else if (kind == '|') {
        adoc_table(a, s, open.s[0], from, to);
    } else if (kind == '-' || kind == '.' || kind == '`' || (kind == 'o' && source) ||
               a->depth >= ADOC_DEPTH_MAX) {
        code(a, s, kind == '.' && !source ? ADOC_NOTHING : lang, from, to);
    } else if (span_eq(s->name, "verse")) {
        verse(a, s, from, to);
    } else {
        bool quote = kind == '_' || span_eq(s->name, "quote");
        if (note)
            open_admonition(a, note);
        else
            buf_adds(a->out, quote ? "<blockquote>\n" : "<div>\n");
        adoc_nested(a, a->line + from, to - from);
        buf_adds(a->out, quote && !note ? "</blockquote>\n" : "</div>\n");
        if (quote)
            said_by(a, s);
    }
}

/* "name::target[text]" in a line of its own; false when it is none, or is not known. */
static bool block_macro(struct adoc *a, struct span l, const struct adoc_style *s)
{
    const char *open = span_ends(l, "]") ? memchr(l.s, '[', l.len) : NULL;
    const char *colons = open ? memmem(l.s, (size_t)(open - l.s), "::", 2) : NULL;
    if (!colons)
        return false;
    struct span name = {l.s, (size_t)(colons - l.s)};
    struct span target = {colons + 2, (size_t)(open - colons) - 2};
    if (span_eq(name, "include")) {
        buf_adds(a->out, "<p><a href=\"");
        html_escape(a->out, target);
        buf_adds(a->out, "\">");
        html_escape(a->out, target);
        buf_adds(a->out, "</a></p>\n");
    } else if (span_eq(name, "image")) {
        buf_adds(a->out, "<p>");
        adoc_inline(a, l);
        buf_adds(a->out, "</p>\n");
        title(a, s->title);
    } else if (!span_eq(name, "toc") && !span_eq(name, "video") && !span_eq(name, "audio")) {
        return false;
    }
    a->i++;
    return true;
}

static void paragraph(struct adoc *a, const struct adoc_style *s)
{
    const char *note = admonition(s->name);
    bool literal = is_blank(a->line[a->i].s[0]) && !s->name.len;
    bool source = literal || span_eq(s->name, "source") || span_eq(s->name, "listing") ||
                  span_eq(s->name, "literal");
    size_t from = a->i++;
    while (a->i < a->n && (literal ? a->line[a->i].len && !span_eq(a->line[a->i], "+")
                                   : !adoc_ends_paragraph(a, a->line[a->i])))
        a->i++;
    title(a, s->title);
    if (source) {
        code(a, s, s->second, from, a->i);
        return;
    }
    if (span_eq(s->name, "stem") || span_eq(s->name, "latexmath")) {
        math(a, from, a->i);
        return;
    }
    if (span_eq(s->name, "verse")) {
        verse(a, s, from, a->i);
        return;
    }
    struct buf text = {.limit = a->out->limit};
    bool breaks = span_has(s->options, "hardbreaks");
    for (size_t i = from; i < a->i; i++) {
        struct span l = span_trim(a->line[i]);
        if (span_starts(l, "//") && !span_starts(l, "///"))
            continue;
        const char *mark = i == from ? memmem(l.s, l.len, ": ", 2) : NULL; /* "NOTE: text" */
        const char *kind = mark ? admonition((struct span){l.s, (size_t)(mark - l.s)}) : NULL;
        if (kind) {
            note = kind;
            l = span_trim(span_skip(l, (size_t)(mark - l.s) + 2));
        }
        if (text.len)
            buf_adds(&text, breaks ? " +\n" : "\n");
        buf_add_span(&text, l);
    }
    bool quote = span_eq(s->name, "quote");
    if (note)
        open_admonition(a, note);
    buf_adds(a->out, quote ? "<blockquote><p>" : "<p>");
    adoc_inline(a, buf_span(&text));
    buf_adds(a->out, quote ? "</p></blockquote>\n" : "</p>\n");
    if (note)
        buf_adds(a->out, "</div>\n");
    if (quote)
        said_by(a, s);
    a->out->oom |= text.oom;
    buf_fini(&text);
}

static void heading(struct adoc *a, unsigned level, struct span text)
{
    buf_addf(a->out, "<h%u>", level);
    adoc_inline(a, text);
    buf_addf(a->out, "</h%u>\n", level);
}

void adoc_block(struct adoc *a)
{
    struct adoc_marker m;
    struct span text;
    a->style = ADOC_STYLE_NONE;
    adoc_metadata(a);
    if (a->i >= a->n)
        return;
    struct adoc_style s = a->style;
    struct span l = a->line[a->i];
    struct span under = a->i + 1 < a->n ? a->line[a->i + 1] : ADOC_NOTHING;
    unsigned level;
    char kind = adoc_delimiter(l);
    if (kind) {
        delimited(a, kind, &s);
    } else if ((level = adoc_heading(l, &text))) {
        a->i++;
        heading(a, level, text);
    } else if (a->depth + a->n_markers < ADOC_DEPTH_MAX && adoc_marker(l, &m)) {
        title(a, s.title);
        adoc_list(a);
    } else if ((level = adoc_underlined(l, under))) {
        a->i += 2;
        heading(a, level, l);
    } else if (span_eq(l, "'''") || span_eq(l, "---") || span_eq(l, "<<<") || span_eq(l, "***")) {
        a->i++;
    } else if (!block_macro(a, l, &s)) {
        paragraph(a, &s);
    }
}

void adoc_blocks(struct adoc *a)
{
    while (a->i < a->n && buf_status(a->out) == 0)
        adoc_block(a);
}

/* "Jo Doe <jo@example.org>" and "v1.0, 2024-01-01" below the title of the page. */
static void skip_author(struct adoc *a)
{
    struct span l = a->i < a->n ? a->line[a->i] : ADOC_NOTHING;
    if (!l.len || l.s[0] == ':' || !span_ends(l, ">") || !memchr(l.s, '@', l.len))
        return;
    a->i++;
    l = a->i < a->n ? a->line[a->i] : ADOC_NOTHING;
    size_t n = span_starts(l, "v");
    if (n < l.len && is_digit(l.s[n]))
        a->i++;
}

static void document(struct adoc *a)
{
    struct span text;
    adoc_metadata(a);
    unsigned level = a->i < a->n ? adoc_heading(a->line[a->i], &text) : 0;
    a->compat = a->i + 1 < a->n && adoc_underlined(a->line[a->i], a->line[a->i + 1]);
    if (level == 1) {
        a->i++;
        heading(a, 1, text);
        skip_author(a);
    } else {
        a->i = 0; /* all that stands above the first block is of it */
    }
    adoc_blocks(a);
}

int convert_asciidoc(const char *text, size_t len, const char *name,
                     const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf html = {.limit = limits->max_output}, source = {.limit = SIZE_MAX};
    _cleanup_buf_ struct buf names = {0};
    _cleanup_free_ struct adoc *a = calloc(1, sizeof(*a));
    if (!a)
        return err_oom(err);
    a->name = name;
    adoc_preprocess(a, (struct span){text, len}, &source);
    _cleanup_free_ struct span *line = span_lines(buf_span(&source), &a->n);
    a->line = line;
    a->out = &html;
    bool ok = line && buf_status(&source) == 0 && adoc_find_ids(a, &names);
    if (ok)
        document(a);
    adoc_forget(&a->attributes);
    free(a->id);
    if (!ok)
        return err_oom(err);
    return pages_add_html(ret, &html, true, name, limits, err);
}
