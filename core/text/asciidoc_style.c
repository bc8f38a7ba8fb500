/* SPDX-License-Identifier: MIT
 * AsciiDoc: what kind a line is, and what stands above a block. */
#include "core/text/asciidoc.h"

/* ---- kinds of lines ---- */

char adoc_delimiter(struct span l)
{
    if (span_eq(l, "--"))
        return 'o';
    if (span_starts(l, "```") && (l.len == 3 || is_alpha(l.s[3])))
        return '`';
    if (l.len < 4)
        return 0;
    if (strchr("|,:!", l.s[0]) && span_run(span_skip(l, 1), '=') == l.len - 1)
        return '|';
    return strchr("-._=*+/", l.s[0]) && span_run(l, l.s[0]) == l.len ? l.s[0] : 0;
}

bool adoc_is_style(struct span l)
{
    return l.len > 1 && l.s[0] == '[' && l.s[l.len - 1] == ']' &&
           (l.len == 2 || is_alnum(l.s[1]) || strchr("[.#%,\"'_:{", l.s[1]));
}

unsigned adoc_heading(struct span l, struct span *ret_text)
{
    char c = l.len ? l.s[0] : 0;
    size_t n = c == '=' || c == '#' ? span_run(l, c) : 0;
    if (!n || n > 6 || n >= l.len || l.s[n] != ' ')
        return 0;
    *ret_text = span_trim(span_skip(l, n));
    size_t end = ret_text->len;
    while (end && ret_text->s[end - 1] == c)
        end--;
    if (ret_text->len - end == n && end && ret_text->s[end - 1] == ' ') /* "== Section ==" */
        *ret_text = span_trim((struct span){ret_text->s, end});
    return (unsigned)n;
}

unsigned adoc_underlined(struct span l, struct span under)
{
    static const char marks[] = "=-~^+";
    const char *mark = under.len > 2 ? strchr(marks, under.s[0]) : NULL;
    if (!mark || !*mark || span_run(under, *mark) != under.len || !l.len || strchr(".[ \t", l.s[0]))
        return 0;
    size_t columns = 0;
    bool word = false;
    for (size_t i = 0; i < l.len; i++) {
        columns += ((unsigned char)l.s[i] & 0xc0) != 0x80;
        word |= is_alnum(l.s[i]);
    }
    return !word || under.len + 2 < columns || under.len > columns + 2
               ? 0
               : (unsigned)(mark - marks) + 1;
}

bool adoc_ends_paragraph(const struct adoc *a, struct span l)
{
    struct adoc_marker m;
    return l.len == 0 || adoc_is_style(l) || adoc_delimiter(l) ||
           (a->n_markers && (span_eq(l, "+") || adoc_marker(l, &m)));
}

/* ---- what stands above a block ---- */

/* "name=value" sets what is asked for; what has no name counts. */
static void style_part(struct adoc_style *s, struct span part, size_t *position)
{
    const char *eq = memchr(part.s, '=', part.len);
    struct span name = {part.s, eq ? (size_t)(eq - part.s) : 0};
    struct span value = eq ? span_trim(span_skip(part, name.len + 1)) : part;
    bool quoted = value.len > 1 && (value.s[0] == '"' || value.s[0] == '\'') &&
                  value.s[value.len - 1] == value.s[0];
    bool named = name.len && memchr(name.s, '"', name.len) == NULL;
    if (quoted)
        value = (struct span){value.s + 1, value.len - 2};
    name = span_trim(name);
    if (named) {
        struct span *to = span_eq(name, "options") || span_eq(name, "opts") ? &s->options
                          : span_eq(name, "cols")                           ? &s->cols
                          : span_eq(name, "subs")                           ? &s->subs
                          : span_eq(name, "format")                         ? &s->format
                          : span_eq(name, "separator")                      ? &s->separator
                          : span_eq(name, "start")                          ? &s->start
                          : span_eq(name, "language")                       ? &s->second
                                                                            : NULL;
        if (to)
            *to = value;
        return;
    }
    if (++*position > 3 || !value.len)
        return;
    if (*position > 1) {
        *(*position == 2 ? &s->second : &s->third) = value;
        return;
    }
    size_t n = 0;
    while (n < value.len && !strchr(".#%", value.s[n]))
        n++;
    if (n)
        s->name = (struct span){value.s, n};
    const char *option = memchr(value.s, '%', value.len);
    if (option)
        s->options = span_skip(value, (size_t)(option - value.s) + 1);
}

static void read_style(struct adoc_style *s, struct span l)
{
    struct span in = {l.s + 1, l.len - 2};
    size_t position = 0;
    if (span_starts(in, "["))
        return;
    for (size_t from = 0, i = 0; i <= in.len; i++) {
        if (i < in.len && (in.s[i] == '"' || in.s[i] == '\'') &&
            (i == from || strchr("=, ", in.s[i - 1]))) {
            const char *end = memchr(in.s + i + 1, in.s[i], in.len - i - 1);
            i = end ? (size_t)(end - in.s) : i;
        } else if (i == in.len || in.s[i] == ',') {
            style_part(s, span_trim((struct span){in.s + from, i - from}), &position);
            from = i + 1;
        }
    }
    if (position > 1 && !s->name.len && s->second.len)
        s->name = span_of("source"); /* "[,java]" */
}

void adoc_metadata(struct adoc *a)
{
    for (; a->i < a->n; a->i++) {
        struct span l = a->line[a->i];
        if (l.len == 0 || span_eq(l, "+") || adoc_set_attribute(&a->attributes, l))
            continue;
        if (adoc_is_style(l))
            read_style(&a->style, l);
        else if (l.s[0] == '.' && l.len > 1 && !is_blank(l.s[1]) && l.s[1] != '.')
            a->style.title = span_skip(l, 1);
        else if (!span_starts(l, "//") || span_starts(l, "///"))
            return;
    }
}
