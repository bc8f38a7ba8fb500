/* SPDX-License-Identifier: MIT */
#include "core/text/mdn.h"

#define MACRO_MAX 1000 /* bytes; longer ones stay */

/* Takes one argument, a string or a number, off *rest. */
static bool next_argument(struct span *rest, struct span *ret)
{
    *rest = span_trim(*rest);
    if (!rest->len)
        return false;
    char quote = rest->s[0] == '"' || rest->s[0] == '\'' ? rest->s[0] : ',';
    size_t start = quote != ',';
    const char *end = memchr(rest->s + start, quote, rest->len - start);
    if (quote != ',' && !end)
        return false;
    *ret = (struct span){rest->s + start, (end ? (size_t)(end - rest->s) : rest->len) - start};
    *rest = span_trim(span_skip(*rest, ret->len + 2 * start));
    if (rest->len && rest->s[0] == ',')
        *rest = span_skip(*rest, 1);
    return true;
}

static bool ends_nocase(struct span name, const char *end)
{
    size_t n = strlen(end);
    return name.len >= n && span_eq_nocase(span_skip(name, name.len - n), end);
}

static void add_code(struct buf *out, const char *before, struct span text, const char *after)
{
    buf_addf(out, "`%s%.*s%s`", before, (int)text.len, text.s, after);
}

/* "Deprecated_Inline" */
static void add_mark(struct buf *out, struct span name)
{
    name.len -= strlen("inline");
    buf_addc(out, '(');
    for (size_t i = 0; i < name.len; i++)
        if (name.s[i] != '_' && name.s[i] != '-')
            buf_addc(out, is_upper(name.s[i]) ? (char)(name.s[i] + 32) : name.s[i]);
    buf_addc(out, ')');
}

static void say(struct span name, struct span args, struct buf *out)
{
    struct span first = {"", 0}, text = {"", 0};
    next_argument(&args, &first);
    next_argument(&args, &text);
    if (ends_nocase(name, "_inline") || span_eq_nocase(name, "readonlyinline")) {
        add_mark(out, name);
    } else if (span_eq_nocase(name, "glossary")) {
        buf_add_span(out, text.len ? text : first);
    } else if (span_eq_nocase(name, "rfc")) {
        buf_addf(out, "RFC %.*s", (int)first.len, first.s);
    } else if (ends_nocase(name, "element")) {
        text.len ? add_code(out, "", text, "") : add_code(out, "<", first, ">");
    } else if (ends_nocase(name, "xref") || span_starts(name, "HTTP") ||
               span_starts(name, "http") || span_eq_nocase(name, "svgattr") ||
               span_eq_nocase(name, "csp")) {
        if (span_starts(first, "Global_Objects/"))
            first = span_skip(first, strlen("Global_Objects/"));
        add_code(out, "", text.len ? text : first, "");
    }
}

size_t mdn_macro(struct span t, struct buf *out)
{
    t.len = t.len < MACRO_MAX ? t.len : MACRO_MAX;
    const char *end = span_starts(t, "{{") ? memmem(t.s, t.len, "}}", 2) : NULL;
    if (!end)
        return 0;
    struct span in = span_trim((struct span){t.s + 2, (size_t)(end - t.s) - 2}), args = {"", 0};
    size_t n = 0;
    while (n < in.len && (is_alnum(in.s[n]) || in.s[n] == '_' || in.s[n] == '-'))
        n++;
    struct span name = {in.s, n};
    in = span_trim(span_skip(in, n));
    if (!n || (in.len && (in.s[0] != '(' || in.s[in.len - 1] != ')')))
        return 0;
    if (in.len > 1)
        args = (struct span){in.s + 1, in.len - 2};
    say(name, args, out);
    return (size_t)(end - t.s) + 2;
}
