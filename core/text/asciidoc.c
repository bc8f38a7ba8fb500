/* SPDX-License-Identifier: MIT
 * AsciiDoc -> markdown, line by line. What is to be included from another file stands there already
 * (include.h), or is named; conditionals are dropped. */
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"
#include "core/util/cleanup.h"

#define ATTRIBUTES_MAX 256
#define VALUE_MAX 1000

struct attribute {
    struct span name, value;
};

struct adoc {
    struct span rest;
    struct buf *out;
    struct buf title;
    struct attribute attribute[ATTRIBUTES_MAX];
    size_t n_attributes;
    struct span lang; /* of the next listing */
};

static void add_inline(struct adoc *a, struct span t, bool expand);

static const struct attribute *attribute(const struct adoc *a, struct span name)
{
    for (size_t i = a->n_attributes; i-- > 0;)
        if (a->attribute[i].name.len == name.len &&
            memcmp(a->attribute[i].name.s, name.s, name.len) == 0)
            return &a->attribute[i];
    return NULL;
}

static void blank_line(struct adoc *a)
{
    buf_rtrim(a->out, "\n ");
    if (a->out->len)
        buf_adds(a->out, "\n\n");
}

/* "target[text]" after a macro name; bytes taken, or 0. */
static size_t macro(struct span t, struct span *target, struct span *text)
{
    const char *open = memchr(t.s, '[', t.len);
    if (!open || open == t.s || memchr(t.s, ' ', (size_t)(open - t.s)))
        return 0;
    size_t used = (size_t)(open + 1 - t.s);
    const char *close = memchr(open + 1, ']', t.len - used);
    if (!close)
        return 0;
    *target = (struct span){t.s, (size_t)(open - t.s)};
    *text = (struct span){open + 1, (size_t)(close - open - 1)};
    return (size_t)(close + 1 - t.s);
}

static bool starts(struct span t, const char *prefix)
{
    size_t n = strlen(prefix);
    return t.len >= n && memcmp(t.s, prefix, n) == 0;
}

/* "page.adoc#part[text]"; a page of another component ("a::b.adoc") has no path here. */
static void cross_reference(struct adoc *a, struct span target, struct span text)
{
    const char *hash = memchr(target.s, '#', target.len);
    struct span page = {target.s, hash ? (size_t)(hash - target.s) : target.len};
    const char *colon = memrchr(page.s, ':', page.len);
    if (text.len == 0) {
        struct span own = colon ? span_skip(page, (size_t)(colon + 1 - page.s)) : page;
        for (const char *p = own.len ? memrchr(own.s, '/', own.len) : NULL; p; p = NULL)
            own = span_skip(own, (size_t)(p + 1 - own.s));
        if (span_ends(own, ".adoc"))
            own.len -= 5;
        text = own.len ? own : span_skip(target, hash != NULL);
    }
    buf_adds(a->out, colon ? "" : "[");
    add_inline(a, text, false);
    if (!colon)
        buf_addf(a->out, "](%.*s)", (int)target.len, target.s);
}

/* Macros whose text is what they say. */
static const struct {
    const char *name, *before, *after;
} said[] = {
    {"kbd:[", "", ""},    {"btn:[", "", ""},         {"pass:[", "", ""},
    {"stem:[", "`", "`"}, {"footnote:[", " (", ")"},
};

/* Links, cross references and pictures at the start of t; bytes taken, or 0. */
static size_t add_macro(struct adoc *a, struct span t)
{
    struct span target, text;
    size_t used, skip = starts(t, "link:") ? 5 : 0;
    const char *end;
    if (starts(t, "<<") && (end = memmem(t.s, t.len, ">>", 2))) {
        struct span body = {t.s + 2, (size_t)(end - t.s - 2)};
        const char *comma = memchr(body.s, ',', body.len);
        if (comma)
            body = (struct span){comma + 1, (size_t)(body.s + body.len - comma - 1)};
        add_inline(a, span_trim(body), false);
        return (size_t)(end + 2 - t.s);
    }
    if (skip || starts(t, "http://") || starts(t, "https://")) {
        used = macro((struct span){t.s + skip, t.len - skip}, &target, &text);
        if (!used)
            return 0;
        text = span_trim(text);
        if (text.len == 0)
            text = target;
        buf_addf(a->out, "[%.*s](%.*s)", (int)text.len, text.s, (int)target.len, target.s);
        return skip + used;
    }
    if (starts(t, "image:")) {
        skip = starts(t, "image::") ? 7 : 6;
        used = macro((struct span){t.s + skip, t.len - skip}, &target, &text);
        if (used)
            buf_addf(a->out, "%.*s", (int)text.len, text.s);
        return used ? skip + used : 0;
    }
    if (starts(t, "linkgit:")) { /* of git's own manual: page[section] */
        used = macro((struct span){t.s + 8, t.len - 8}, &target, &text);
        if (used)
            buf_addf(a->out, "%.*s(%.*s)", (int)target.len, target.s, (int)text.len, text.s);
        return used ? used + 8 : 0;
    }
    if (starts(t, "xref:")) {
        used = macro((struct span){t.s + 5, t.len - 5}, &target, &text);
        if (used)
            cross_reference(a, target, span_trim(text));
        return used ? used + 5 : 0;
    }
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        size_t n = strlen(said[i].name);
        if (!starts(t, said[i].name) || !(end = memchr(t.s + n, ']', t.len - n)))
            continue;
        buf_adds(a->out, said[i].before);
        buf_add(a->out, t.s + n, (size_t)(end - t.s) - n);
        buf_adds(a->out, said[i].after);
        return (size_t)(end - t.s) + 1;
    }
    if (starts(t, "[[") && (end = memmem(t.s, t.len, "]]", 2)))
        return (size_t)(end + 2 - t.s); /* an anchor */
    return 0;
}

static void add_inline(struct adoc *a, struct span t, bool expand)
{
    for (size_t i = 0; i < t.len;) {
        struct span rest = {t.s + i, t.len - i};
        const char *close;
        size_t used;
        bool word_before = i > 0 && (is_alnum(t.s[i - 1]) || t.s[i - 1] == '_');
        if (expand && rest.s[0] == '{' && (close = memchr(rest.s, '}', rest.len))) {
            struct span name = {rest.s + 1, (size_t)(close - rest.s - 1)};
            const struct attribute *v = attribute(a, name);
            if (v)
                add_inline(a, v->value, false);
            else
                buf_add(a->out, rest.s, name.len + 2);
            i += name.len + 2;
        } else if (!word_before && (used = add_macro(a, rest))) {
            i += used;
        } else if (rest.s[0] == '`' && rest.len > 2 &&
                   (close = memchr(rest.s + 1, '`', rest.len - 1))) {
            size_t n = (size_t)(close + 1 - rest.s);
            if (n > 2)
                buf_add(a->out, rest.s, n);
            i += n;
        } else if (!word_before && rest.s[0] == '*' && rest.len > 2 && !is_blank(rest.s[1]) &&
                   rest.s[1] != '*' && (close = memchr(rest.s + 2, '*', rest.len - 2))) {
            buf_addf(a->out, "**%.*s**", (int)(close - rest.s - 1), rest.s + 1);
            i += (size_t)(close + 1 - rest.s);
        } else {
            buf_addc(a->out, t.s[i++]);
        }
    }
}

static void heading(struct adoc *a, unsigned level, struct span text)
{
    blank_line(a);
    buf_addf(a->out, "%.*s ", (int)(level > 6 ? 6 : level), "######");
    size_t from = a->out->len;
    add_inline(a, span_trim(text), true);
    if (a->title.len == 0)
        buf_add(&a->title, a->out->data + from, a->out->len - from);
    buf_adds(a->out, "\n\n");
}

/* Character and length of a block delimiter ("----", "|===", "--"), else 0. */
static char delimiter(struct span l)
{
    if (l.len == 4 && memcmp(l.s, "|===", 4) == 0)
        return '|';
    if (l.len == 3 && memcmp(l.s, "```", 3) == 0)
        return '-';
    if (l.len < 4 || !strchr("-._=*+/", l.s[0]))
        return 0;
    for (size_t i = 1; i < l.len; i++)
        if (l.s[i] != l.s[0])
            return 0;
    return l.s[0];
}

/* The lines up to the closing delimiter, which is taken. */
static struct span block(struct adoc *a, struct span open)
{
    struct span body = {a->rest.s, 0}, l;
    while (line_next(&a->rest, &l)) {
        struct span t = l;
        while (t.len && is_blank(t.s[t.len - 1]))
            t.len--;
        if (t.len == open.len && memcmp(t.s, open.s, t.len) == 0)
            return body;
        body.len = (size_t)(l.s + l.len - body.s);
    }
    return body;
}

static void add_code(struct adoc *a, struct span code)
{
    const char *fence = memmem(code.s, code.len, "```", 3) ? "~~~~~~" : "```";
    blank_line(a);
    buf_addf(a->out, "%s%.*s\n", fence, (int)a->lang.len, a->lang.s);
    buf_add(a->out, code.s, code.len);
    buf_addf(a->out, "\n%s\n\n", fence);
}

static void table(struct adoc *a, struct span body)
{
    struct span l;
    size_t columns = 0, cells = 0;
    blank_line(a);
    for (struct span rest = body; columns == 0 && line_next(&rest, &l);)
        for (size_t i = 0; i < l.len; i++)
            columns += l.s[i] == '|' && (i == 0 || l.s[i - 1] != '\\');
    while (columns && line_next(&body, &l)) {
        l = span_trim(l);
        while (l.len) {
            const char *bar = memchr(l.s + 1, '|', l.len - 1);
            size_t n = bar ? (size_t)(bar - l.s) : l.len;
            bool cell = l.s[0] == '|';
            struct span text = span_trim((struct span){l.s + cell, n - cell});
            if (cell && cells && cells % columns == 0) {
                buf_adds(a->out, " |\n");
                if (cells == columns)
                    for (size_t k = 0; k < columns; k++)
                        buf_adds(a->out, k + 1 < columns ? "|---" : "|---|\n");
            }
            if (cell)
                buf_adds(a->out, cells++ % columns == 0 ? "| " : " | ");
            else
                buf_addc(a->out, ' ');
            add_inline(a, text, true);
            l.s += n;
            l.len -= n;
        }
    }
    if (cells)
        buf_adds(a->out, " |\n");
    if (cells && cells <= columns)
        for (size_t k = 0; k < columns; k++)
            buf_adds(a->out, k + 1 < columns ? "|---" : "|---|\n");
    blank_line(a);
}

/* "[source,yaml]", "[NOTE]", "[[anchor]]", "[options=...]" */
static void block_attributes(struct adoc *a, struct span l)
{
    struct span in = {l.s + 1, l.len - 2};
    a->lang = (struct span){"", 0};
    if (!starts(in, "source"))
        return;
    const char *comma = memchr(in.s, ',', in.len);
    if (!comma)
        return;
    struct span lang = {comma + 1, (size_t)(in.s + in.len - comma - 1)};
    const char *end = memchr(lang.s, ',', lang.len);
    if (end)
        lang.len = (size_t)(end - lang.s);
    lang = span_trim(lang);
    if (lang.len < 32)
        a->lang = lang;
}

static bool set_attribute(struct adoc *a, struct span l)
{
    const char *colon = l.len > 2 && l.s[0] == ':' ? memchr(l.s + 1, ':', l.len - 1) : NULL;
    if (!colon || colon == l.s + 1 || memchr(l.s, ' ', (size_t)(colon - l.s)))
        return false;
    struct span value = span_trim((struct span){colon + 1, (size_t)(l.s + l.len - colon - 1)});
    if (a->n_attributes < ATTRIBUTES_MAX && value.len < VALUE_MAX)
        a->attribute[a->n_attributes++] =
            (struct attribute){{l.s + 1, (size_t)(colon - l.s - 1)}, value};
    return true;
}

/* List items, labelled items and notes; false when the line is none of them. */
static bool item(struct adoc *a, struct span l)
{
    static const char *const notes[] = {"NOTE: ", "TIP: ", "WARNING: ", "IMPORTANT: ", "CAUTION: "};
    size_t run = 0;
    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
        if (starts(l, notes[i])) {
            size_t n = strlen(notes[i]);
            blank_line(a);
            buf_addf(a->out, "> **%c", notes[i][0]);
            for (size_t k = 1; k + 2 < n; k++)
                buf_addc(a->out, (char)(notes[i][k] | 0x20));
            buf_adds(a->out, "** ");
            add_inline(a, (struct span){l.s + n, l.len - n}, true);
            buf_addc(a->out, '\n');
            return true;
        }
    while (run < l.len && run < 6 && (l.s[run] == '*' || l.s[run] == '.') && l.s[run] == l.s[0])
        run++;
    if (run && run < l.len && l.s[run] == ' ') {
        buf_addf(a->out, "%*s%s ", (int)(run - 1) * 3, "", l.s[0] == '*' ? "-" : "1.");
        add_inline(a, span_trim((struct span){l.s + run, l.len - run}), true);
        buf_addc(a->out, '\n');
        return true;
    }
    const char *mark = memmem(l.s, l.len, "::", 2);
    size_t end = mark ? (size_t)(mark - l.s) + 2 : 0;
    while (mark && end < l.len && l.s[end] == ':')
        end++;
    if (mark && mark != l.s && (end == l.len || l.s[end] == ' ') &&
        !memmem(l.s, (size_t)(mark - l.s), "://", 3)) {
        buf_adds(a->out, "- **");
        add_inline(a, (struct span){l.s, (size_t)(mark - l.s)}, true);
        buf_adds(a->out, "** ");
        add_inline(a, span_trim((struct span){l.s + end, l.len - end}), true);
        buf_addc(a->out, '\n');
        return true;
    }
    return false;
}

static void one_line(struct adoc *a, struct span raw)
{
    struct span l = raw, next;
    while (l.len && is_blank(l.s[l.len - 1]))
        l.len--;
    struct span t = span_trim(l);
    struct span target, text;
    size_t eq = 0;
    while (eq < l.len && eq < 7 && l.s[eq] == '=')
        eq++;
    char d = delimiter(l);
    if (l.len == 0 || (l.len == 1 && l.s[0] == '+')) {
        blank_line(a);
    } else if (eq && eq < 7 && eq < l.len && l.s[eq] == ' ') {
        heading(a, (unsigned)eq, (struct span){l.s + eq, l.len - eq});
    } else if (d == '/' || d == '+') {
        block(a, l); /* comment; passthrough for another output */
    } else if (d == '-' || d == '.') {
        add_code(a, block(a, l));
        a->lang = (struct span){"", 0};
    } else if (d == '|') {
        table(a, block(a, l));
    } else if (d) {
        blank_line(a); /* example, side bar, quote: what is inside is ordinary text */
    } else if (starts(l, "include::") && macro(span_skip(l, 9), &target, &text)) {
        blank_line(a);
        buf_addf(a->out, "[%.*s](%.*s)\n\n", (int)target.len, target.s, (int)target.len, target.s);
    } else if (starts(l, "//") || starts(l, "ifdef::") || starts(l, "ifndef::") ||
               starts(l, "endif::") || starts(l, "ifeval::")) {
        return;
    } else if (l.s[0] == '[' && l.s[l.len - 1] == ']') {
        block_attributes(a, l);
    } else if (set_attribute(a, l)) {
        return;
    } else if (l.s[0] == '.' && l.len > 1 && !is_blank(l.s[1]) && l.s[1] != '.') {
        blank_line(a);
        buf_adds(a->out, "**");
        add_inline(a, (struct span){l.s + 1, l.len - 1}, true);
        buf_adds(a->out, "**\n\n");
    } else if (!item(a, t)) {
        struct span ahead = a->rest;
        bool under = line_next(&ahead, &next) && next.len >= 3 && next.len + 2 >= t.len &&
                     next.len <= t.len + 2 && strchr("=-~^+", next.s[0]) &&
                     strspn(next.s, (char[]){next.s[0], 0}) >= next.len;
        if (under && is_alnum(t.s[0])) { /* two-line title */
            static const char marks[] = "=-~^+";
            a->rest = ahead;
            heading(a, (unsigned)(strchr(marks, next.s[0]) - marks) + 1, t);
            return;
        }
        add_inline(a, t, true);
        buf_addc(a->out, '\n');
    }
}

int convert_asciidoc(const char *text, size_t len, const char *name,
                     const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    _cleanup_free_ struct adoc *a = calloc(1, sizeof(*a));
    if (!a)
        return err_oom(err);
    a->rest = (struct span){text, len};
    a->out = &out;
    a->lang = (struct span){"", 0};
    struct span l;
    while (line_next(&a->rest, &l) && buf_status(&out) == 0)
        one_line(a, l);
    char *title = a->title.len ? strdup(a->title.data) : NULL;
    buf_fini(&a->title);
    if (buf_status(&out) < 0) {
        free(title);
        return err_set(err, buf_status(&out), "more text than %zu bytes", limits->max_output);
    }
    buf_rtrim(&out, " \n");
    return pages_add(ret, NULL, title, &out, NULL, NULL, name);
}
