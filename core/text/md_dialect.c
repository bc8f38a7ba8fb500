/* SPDX-License-Identifier: MIT */
#include "core/text/md_dialect.h"
#include "core/text/mdx.h"
#include "core/text/shortcode.h"

#define LIST_MAX 200 /* bytes of an attribute list */

void md_bold_line(struct buf *out, const char *kind, struct span title)
{
    title = span_trim(title);
    if (!kind && !title.len)
        return;
    buf_adds(out, "**");
    buf_adds(out, kind ? kind : "");
    if (kind && title.len)
        buf_adds(out, ": ");
    if (title.len)
        buf_add_span(out, title);
    buf_adds(out, "**\n");
}

/* Of the name of a block. */
static size_t word_length(struct span t)
{
    size_t n = 0;
    while (n < t.len && (is_alnum(t.s[n]) || t.s[n] == '-' || t.s[n] == '_'))
        n++;
    return n;
}

/* ":::note Title" and its end ":::". */
static bool colon_fence(struct span t, struct buf *out)
{
    size_t n = span_run(t, ':');
    if (n < 3)
        return false;
    t = span_trim(span_skip(t, n));
    if (t.len && !is_alpha(t.s[0]) && t.s[0] != '{')
        return false;
    if (t.len && t.s[0] == '{')
        t = span_skip(t, 1);
    size_t word = word_length(t);
    if (word + 1 < t.len && t.s[word] == '.' && is_alpha(t.s[word + 1])) {
        /* "::: package.module" of mkdocstrings: the place of what the code says of it */
        buf_addf(out, "`%.*s`\n", (int)t.len, t.s);
        return true;
    }
    struct span name = {t.s, word}, title = span_trim(span_skip(t, word));
    if (title.len && title.s[0] == '}')
        title = span_trim(span_skip(title, 1));
    if (title.len > 1 && title.s[0] == '[' && title.s[title.len - 1] == ']')
        title = (struct span){title.s + 1, title.len - 2};
    if (title.len && title.s[0] == '{')
        title.len = 0;
    md_bold_line(out, name.len ? md_admonition(name) : NULL, title);
    return true;
}

bool md_autodoc_line(struct span t, struct buf *out)
{
    if (!span_starts(t, "::: "))
        return false;
    struct span name = span_trim(span_skip(t, 4));
    size_t n = 0, dots = 0;
    for (; n < name.len && (is_alnum(name.s[n]) || name.s[n] == '_' || name.s[n] == '.'); n++)
        dots += name.s[n] == '.';
    if (n < name.len || !dots || !is_alpha(name.s[0]))
        return false;
    buf_addf(out, "`%.*s`\n", (int)name.len, name.s);
    return true;
}

/* A line that is one tag of Liquid, Hugo or kramdown: dropped, but for what it says to a reader. */
static bool template_line(struct span t, struct buf *out)
{
    struct shortcode code;
    size_t n = shortcode_parse(t, &code);
    if (n == t.len) {
        shortcode_line(&code, out);
        return true;
    }
    return !n && t.len > 3 &&
           ((span_starts(t, "{%") && span_ends(t, "%}")) ||
            (span_starts(t, "{:") && span_ends(t, "}")));
}

static bool is_toc(struct span t)
{
    return span_eq_nocase(t, "[[toc]]") || span_eq_nocase(t, "[toc]") || span_eq(t, "[[_TOC_]]");
}

/* "/// note | Title" of pymdownx and its end "///". In it, "    key: value" are options: they stay,
 * as a line that nobody misses. */
static bool slash_fence(struct span t, struct buf *out)
{
    size_t n = span_run(t, '/');
    if (n < 3)
        return false;
    t = span_trim(span_skip(t, n));
    if (t.len == 0)
        return true;
    const char *bar = memchr(t.s, '|', t.len);
    struct span name = bar ? span_trim((struct span){t.s, (size_t)(bar - t.s)}) : t;
    struct span title =
        bar ? span_trim(span_skip(t, (size_t)(bar - t.s) + 1)) : (struct span){"", 0};
    for (size_t i = 0; i < name.len; i++)
        if (!is_alnum(name.s[i]) && name.s[i] != '-')
            return false;
    const char *kind = md_admonition(name);
    if (!kind && !bar && !span_eq(name, "details") && !span_eq(name, "html"))
        return false; /* a comment of some language */
    bool said = kind || span_eq(name, "details") || span_eq(name, "tab") ||
                span_ends(name, "caption") || span_eq(name, "html");
    if (said) {
        md_bold_line(out, kind, title);
    } else { /* "version-added | 2.9" says both */
        buf_adds(out, "**");
        for (size_t i = 0; i < name.len; i++)
            buf_addc(out, name.s[i] == '-' ? ' ' : name.s[i]);
        buf_adds(out, ": ");
        buf_add_span(out, title);
        buf_adds(out, "**\n");
    }
    return true;
}

bool md_dialect_line(struct span t, struct buf *out)
{
    if (t.len < 3)
        return false;
    switch (t.s[0]) {
    case ':':
        return colon_fence(t, out);
    case '/':
        return slash_fence(t, out);
    case '{':
        return template_line(t, out);
    case '[':
        return is_toc(t);
    default:
        return false;
    }
}

bool md_dialect_indented(struct span t, struct buf *out)
{
    bool tab = span_starts(t, "===");
    if (!tab && !span_starts(t, "!!!") && !span_starts(t, "???"))
        return false;
    t = span_skip(t, 3);
    size_t mark = t.len && (t.s[0] == '+' || t.s[0] == '!');
    t = span_skip(t, mark);
    if (t.len == 0 || !is_blank(t.s[0]))
        return false;
    t = span_trim(t);
    size_t word = word_length(t);
    const char *quote = memchr(t.s, '"', t.len);
    struct span title = quote ? span_skip(t, (size_t)(quote + 1 - t.s)) : (struct span){"", 0};
    if (tab != (word == 0) || (tab && !quote) || (quote && !span_ends(title, "\"")))
        return false;
    title.len -= quote != NULL;
    struct span name = {t.s, word};
    const char *kind = md_admonition(name);
    if (!tab && !quote && !kind)
        title = name; /* a kind of the site's own is said by its name */
    md_bold_line(out, kind, title);
    return true;
}

/* ---- inside a line ---- */

size_t md_shortcode(struct span t, struct buf *out)
{
    struct shortcode code;
    size_t n = shortcode_parse(t, &code);
    if (n)
        shortcode_text(&code, out);
    return n;
}

size_t md_attribute_list(struct span t)
{
    t.len = t.len < LIST_MAX ? t.len : LIST_MAX;
    const char *end = t.len ? memchr(t.s, '}', t.len) : NULL;
    if (!end || t.s[0] != '{')
        return 0;
    struct span in = {t.s + 1, (size_t)(end - t.s) - 1};
    bool colon = in.len && in.s[0] == ':', any = false;
    in = span_trim(span_skip(in, colon));
    while (in.len) {
        bool mark = in.s[0] == '#' || in.s[0] == '.', value = false;
        size_t n = mark, start = n;
        while (n < in.len &&
               (is_alnum(in.s[n]) || strchr("-_:", in.s[n]) || in.s[n] & 0x80 ||
                (mark && n > 1 && in.s[n] == '.' && n + 1 < in.len && is_alnum(in.s[n + 1]))))
            n++;
        if (n == start || (!mark && (n >= in.len || in.s[n] != '=')))
            return 0;
        if (!mark) {
            value = true;
            n++;
            char q = n < in.len && (in.s[n] == '"' || in.s[n] == '\'') ? in.s[n] : 0;
            const char *close = q ? memchr(in.s + n + 1, q, in.len - n - 1) : NULL;
            if (q && !close)
                return 0;
            while (close ? in.s + n <= close : n < in.len && !is_blank(in.s[n]))
                n++;
        }
        if (n < in.len && !is_blank(in.s[n]))
            return 0;
        any |= mark || (value && colon);
        in = span_trim(span_skip(in, n));
    }
    return any || colon ? (size_t)(end - t.s) + 1 : 0;
}

size_t md_icon(struct span t)
{
    static const char *const sets[] = {":material-", ":fontawesome-", ":octicons-", ":simple-"};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (!span_starts(t, sets[i]))
            continue;
        size_t n = strlen(sets[i]);
        while (n < t.len && n < 100 && (is_alnum(t.s[n]) || t.s[n] == '-'))
            n++;
        if (n >= t.len || t.s[n] != ':')
            return 0;
        n++;
        struct span rest = span_skip(t, n);
        size_t blanks = span_run(rest, ' ');
        size_t list = md_attribute_list(span_skip(rest, blanks));
        return n + (list ? blanks + list : 0);
    }
    return 0;
}
