/* SPDX-License-Identifier: MIT
 * Rd, the manual pages of R packages -> HTML, as the converter of HTML knows what lists in lists
 * and escapes look like. The sections come in the order in which R shows them. */
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"

#define DEPTH_MAX 32     /* groups in each other */
#define SECTIONS_MAX 200 /* of one page */
#define ALIASES_MAX 50   /* that are said */
#define OPTION_MAX 300   /* bytes of one in [] */
#define BROKEN_MAX 16
#define ARGS_MAX 3

struct rd {
    struct buf out; /* HTML */
    unsigned depth;
    unsigned broken; /* groups without an end: each cost a look at all that follows */
    bool code;       /* line ends and blanks count, as in R */
};

struct macro {
    struct span name;
    struct span arg[ARGS_MAX]; /* what stands in {} */
    size_t n_args, len;        /* bytes of all of it */
};

/* Where the group that opens at i ends, behind its "}"; 0: nowhere. */
static size_t group_end(struct span t, size_t i)
{
    size_t depth = 0;
    for (; i < t.len; i++) {
        if (t.s[i] == '\\')
            i++;
        else if (t.s[i] == '{')
            depth++;
        else if (t.s[i] == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* How many groups belong to a macro; those that are not known take what follows at once. */
static size_t arity(struct span name)
{
    static const char *const two[] = {"href", "item",   "section",  "subsection", "tabular",
                                      "if",   "method", "S3method", "S4method",   "eqn",
                                      "deqn", "enc",    "figure"};
    static const char *const none[] = {"R", "dots", "ldots", "cr", "tab", "l"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        if (span_eq(name, none[i]))
            return 0;
    for (size_t i = 0; i < sizeof(two) / sizeof(*two); i++)
        if (span_eq(name, two[i]))
            return 2;
    return span_eq(name, "ifelse") ? 3 : 1;
}

/* "\name[option]{arg}{arg}" at the backslash; false: something else. */
static bool macro_at(struct rd *r, struct span t, struct macro *ret)
{
    size_t n = 1;
    while (n < t.len && is_alnum(t.s[n]))
        n++;
    if (n == 1 || !is_alpha(t.s[1]))
        return false;
    *ret = (struct macro){.name = {t.s + 1, n - 1}};
    size_t max = arity(ret->name);
    if (max && n < t.len && t.s[n] == '[') {
        size_t left = t.len - n < OPTION_MAX ? t.len - n : OPTION_MAX;
        const char *end = memchr(t.s + n, ']', left);
        n = end ? (size_t)(end + 1 - t.s) : n;
    }
    while (ret->n_args < max) {
        size_t at = n;
        while (ret->n_args && at < t.len && is_blank(t.s[at]))
            at++;
        if (at >= t.len || t.s[at] != '{' || r->broken == BROKEN_MAX)
            break;
        size_t end = group_end(t, at);
        if (!end) {
            r->broken++;
            break;
        }
        ret->arg[ret->n_args++] = (struct span){t.s + at + 1, end - at - 2};
        n = end;
    }
    ret->len = n;
    return true;
}

static void text(struct rd *r, struct span t);

static void tagged(struct rd *r, const char *tag, struct span t)
{
    buf_addf(&r->out, "<%s>", tag);
    text(r, t);
    buf_addf(&r->out, "</%s>", tag);
}

static void code_block(struct rd *r, struct span t)
{
    bool code = r->code;
    r->code = true;
    buf_adds(&r->out, "<pre><code class=\"language-r\">");
    text(r, span_rtrim(t));
    buf_adds(&r->out, "</code></pre>\n");
    r->code = code;
}

/* Items of a list: "\item text" up to the next one, or "\item{term}{text}". */
static void list(struct rd *r, const char *tag, struct span t)
{
    bool terms = strcmp(tag, "dl") == 0, open = false;
    struct macro m;
    buf_addf(&r->out, "<%s>\n", tag);
    for (size_t i = 0, from = 0; i <= t.len; i++) {
        bool end = i == t.len, here = !end && t.s[i] == '\\' && macro_at(r, span_skip(t, i), &m);
        bool item = here && span_eq(m.name, "item");
        if ((end || item) && open) {
            text(r, (struct span){t.s + from, i - from});
            buf_adds(&r->out, "</li>\n");
        }
        if (item && terms && m.n_args == 2) {
            tagged(r, "dt", m.arg[0]);
            tagged(r, "dd", m.arg[1]);
        } else if (item && !terms) {
            buf_adds(&r->out, "<li>");
            from = i + sizeof("\\item") - 1;
            open = true;
        }
        if (item && !terms)
            i = from - 1;
        else if (here)
            i += m.len - 1;
        else if (!end && t.s[i] == '\\')
            i++;
    }
    buf_addf(&r->out, "</%s>\n", tag);
}

/* Cells end with \tab, rows with \cr. */
static void table(struct rd *r, struct span t)
{
    struct macro m;
    size_t from = 0;
    buf_adds(&r->out, "<table><tr>");
    for (size_t i = 0; i <= t.len; i++) {
        bool end = i == t.len, here = !end && t.s[i] == '\\' && macro_at(r, span_skip(t, i), &m);
        bool row = here && span_eq(m.name, "cr");
        if (end || row || (here && span_eq(m.name, "tab"))) {
            struct span cell = span_trim((struct span){t.s + from, i - from});
            if (!end || cell.len)
                tagged(r, "td", cell);
            buf_adds(&r->out, row ? "</tr>\n<tr>" : "");
            from = i + (end ? 0 : m.len);
        }
        if (here)
            i += m.len - 1;
        else if (!end && t.s[i] == '\\')
            i++;
    }
    buf_adds(&r->out, "</tr></table>\n");
}

static void block_macro(struct rd *r, const struct macro *m)
{
    buf_adds(&r->out, "</p>\n");
    if (span_eq(m->name, "preformatted"))
        code_block(r, m->arg[0]);
    else if (span_eq(m->name, "tabular"))
        table(r, m->arg[m->n_args > 1]);
    else if (span_eq(m->name, "subsection"))
        tagged(r, "h3", m->arg[0]), tagged(r, "p", m->arg[1]);
    else
        list(r, m->name.s[0] == 'i' ? "ul" : m->name.s[0] == 'e' ? "ol" : "dl", m->arg[0]);
    buf_adds(&r->out, "<p>");
}

static void method(struct rd *r, const struct macro *m)
{
    buf_addf(&r->out, "## %s method for class '", m->name.s[1] == '4' ? "S4" : "S3");
    text(r, m->arg[1]);
    buf_adds(&r->out, "'\n");
    text(r, m->arg[0]);
}

/* What cannot be seen is described: \\figure{file}{options: alt='text'} or {text}. */
static void figure(struct rd *r, struct span t)
{
    const char *alt = memmem(t.s, t.len, "alt=", 4);
    if (span_starts(span_trim(t), "options:")) {
        t = alt ? span_skip(t, (size_t)(alt + 4 - t.s)) : (struct span){"", 0};
        bool quoted = t.len && (t.s[0] == '\'' || t.s[0] == '"');
        const char *end = quoted ? memchr(t.s + 1, t.s[0], t.len - 1) : NULL;
        t = end ? (struct span){t.s + 1, (size_t)(end - t.s) - 1} : (struct span){"", 0};
    }
    text(r, t);
}

static void inline_macro(struct rd *r, const struct macro *m)
{
    static const char *const code[] = {"code",    "samp",   "verb", "kbd", "file",
                                       "command", "option", "env",  NULL};
    static const char *const em[] = {"emph", "dfn", "cite", "var", NULL};
    static const char *const strong[] = {"strong", "bold", NULL};
    static const char *const hidden[] = {"Sexpr", "out", "dontshow", "testonly", "tab", NULL};
    static const char *const methods[] = {"method", "S3method", "S4method", NULL};
    struct span name = m->name, first = m->arg[0];
    const char *tag = span_among(name, code) ? "code" : span_among(name, em) ? "em" : "strong";
    if (span_eq(name, "R")) {
        buf_addc(&r->out, 'R');
    } else if (span_eq(name, "dots") || span_eq(name, "ldots")) {
        buf_adds(&r->out, "...");
    } else if (span_eq(name, "cr")) {
        buf_adds(&r->out, r->code ? "" : "<br>");
    } else if (span_among(name, hidden)) {
        return;
    } else if (span_eq(name, "figure")) {
        if (m->n_args == 2)
            figure(r, m->arg[1]);
    } else if (span_among(name, methods) && m->n_args == 2) {
        method(r, m);
    } else if (span_eq(name, "if") || span_eq(name, "ifelse")) {
        bool shown = span_has(first, "html") || span_has(first, "TRUE");
        if (shown || m->n_args == 3)
            text(r, m->arg[shown ? 1 : 2]);
    } else if ((span_eq(name, "url") || span_eq(name, "href")) && m->n_args && !r->code) {
        buf_adds(&r->out, "<a href=\"");
        html_escape(&r->out, span_trim(first));
        buf_adds(&r->out, "\">");
        text(r, m->arg[m->n_args - 1]);
        buf_adds(&r->out, "</a>");
    } else if (span_eq(name, "eqn") || span_eq(name, "deqn")) {
        text(r, m->arg[m->n_args == 2]);
    } else if (span_eq(name, "sQuote") || span_eq(name, "dQuote")) {
        const char *mark = name.s[0] == 's' ? "'" : "&quot;";
        buf_adds(&r->out, mark);
        text(r, first);
        buf_adds(&r->out, mark);
    } else if (!r->code &&
               (span_among(name, code) || span_among(name, em) || span_among(name, strong))) {
        tagged(r, tag, first);
    } else {
        text(r, first); /* \link, \pkg, \dontrun and what is not known: its text */
    }
}

/* A character of text at i; what is taken. */
static size_t character(struct rd *r, struct span t, size_t i)
{
    if (t.s[i] == '%') { /* a comment, with its line when there is nothing else on it */
        size_t end = i;
        while (end < t.len && t.s[end] != '\n')
            end++;
        return end - i + (end < t.len && (i == 0 || t.s[i - 1] == '\n'));
    }
    if (t.s[i] == '\\' && i + 1 < t.len && strchr("\\%{}", t.s[i + 1])) {
        html_escape(&r->out, (struct span){t.s + i + 1, 1});
        return 2;
    }
    size_t n = i + 1;
    if (!r->code && t.s[i] == '\n') {
        while (n < t.len && is_blank(t.s[n]))
            n++;
        if (memchr(t.s + i + 1, '\n', n - i - 1)) {
            buf_adds(&r->out, "</p>\n<p>");
            return n - i;
        }
        n = i + 1;
    }
    if ((t.s[i] == '{' || t.s[i] == '}') && !r->code)
        return 1; /* only a group */
    while (n < t.len && is_alnum(t.s[i]) && is_alnum(t.s[n]))
        n++;
    html_escape(&r->out, (struct span){t.s + i, n - i});
    return n - i;
}

static void text(struct rd *r, struct span t)
{
    static const char *const blocks[] = {"itemize", "enumerate",  "describe", "preformatted",
                                         "tabular", "subsection", NULL};
    struct macro m;
    if (r->depth >= DEPTH_MAX) {
        html_escape(&r->out, t);
        return;
    }
    r->depth++;
    for (size_t i = 0; i < t.len && buf_status(&r->out) == 0;) {
        if (t.s[i] != '\\' || !macro_at(r, span_skip(t, i), &m)) {
            i += character(r, t, i);
            continue;
        }
        bool known = m.n_args || !arity(m.name);
        if (!known) /* "\n" of a string */
            html_escape(&r->out, (struct span){t.s + i, m.len});
        else if (span_among(m.name, blocks))
            block_macro(r, &m);
        else
            inline_macro(r, &m);
        i += m.len;
    }
    r->depth--;
}

/* ---- the page ---- */

static void section(struct rd *r, const char *heading, const struct macro *m)
{
    if (heading)
        buf_addf(&r->out, "<h2>%s</h2>\n", heading);
    else
        tagged(r, "h2", m->arg[0]);
    if (span_eq(m->name, "usage") || span_eq(m->name, "examples"))
        code_block(r, m->arg[0]);
    else if (span_eq(m->name, "arguments"))
        list(r, "dl", m->arg[0]);
    else
        tagged(r, "p", m->arg[m->n_args > 1]);
}

static void document(struct rd *r, const struct macro *s, size_t n)
{
    static const struct {
        const char *name, *heading;
    } order[] = {
        {"description", "Description"},
        {"usage", "Usage"},
        {"arguments", "Arguments"},
        {"format", "Format"},
        {"details", "Details"},
        {"value", "Value"},
        {"section", NULL},
        {"note", "Note"},
        {"source", "Source"},
        {"references", "References"},
        {"seealso", "See also"},
        {"examples", "Examples"},
    };
    struct span name = {"", 0};
    size_t aliases = 0;
    for (size_t i = 0; i < n; i++)
        if (span_eq(s[i].name, "name"))
            name = span_trim(s[i].arg[0]);
    buf_adds(&r->out, "<h1>");
    text(r, name);
    for (size_t i = 0; i < n; i++)
        if (span_eq(s[i].name, "title")) {
            buf_adds(&r->out, name.len ? ": " : "");
            text(r, span_trim(s[i].arg[0]));
        }
    buf_adds(&r->out, "</h1>\n<p>");
    for (size_t i = 0; i < n && aliases < ALIASES_MAX; i++) {
        struct span alias = span_trim(s[i].arg[0]);
        if (!span_eq(s[i].name, "alias") ||
            (alias.len == name.len && memcmp(alias.s, name.s, name.len) == 0))
            continue;
        buf_adds(&r->out, aliases++ ? ", " : "Also: ");
        tagged(r, "code", alias);
    }
    buf_adds(&r->out, "</p>\n");
    for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++)
        for (size_t i = 0; i < n; i++)
            if (span_eq(s[i].name, order[k].name) && (order[k].heading || s[i].n_args == 2))
                section(r, order[k].heading, &s[i]);
}

int convert_rd(const char *data, size_t len, const char *name, const struct convert_limits *limits,
               struct pages *ret, struct docfs_err *err)
{
    struct span t = {data, len};
    struct rd r = {.out = {.limit = limits->max_output}};
    _cleanup_free_ struct macro *s = calloc(SECTIONS_MAX, sizeof(*s));
    size_t n = 0;
    if (!s)
        return err_oom(err);
    for (size_t i = 0; i < len && n < SECTIONS_MAX;) {
        bool here = t.s[i] == '\\' && macro_at(&r, span_skip(t, i), &s[n]);
        if (t.s[i] == '%')
            while (i < len && t.s[i] != '\n')
                i++;
        i += here ? s[n].len : 1;
        n += here && s[n].n_args;
    }
    document(&r, s, n);
    int e = pages_add_html(ret, &r.out, true, name, limits, err);
    buf_fini(&r.out);
    return e;
}
