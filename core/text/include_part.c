/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/text/include_internal.h"
#include "core/util/cleanup.h"

#define RANGES_MAX 64

static size_t indent_of(struct span l)
{
    size_t n = 0;
    while (n < l.len && (l.s[n] == ' ' || l.s[n] == '\t'))
        n++;
    return n;
}

static void add_line(struct buf *out, struct span line)
{
    buf_add_span(out, line);
    buf_addc(out, '\n');
}

/* ---- marks ---- */

/* True when the line is a mark: *ret_end tells which, *ret_name whose; empty: of what is open. */
static bool mark(struct span l, enum include_marks kind, bool *ret_end, struct span *ret_name)
{
    static const struct {
        const char *start, *end, *close;
    } words[] = {
        [MARKS_ANCHOR] = {"ANCHOR:", "ANCHOR_END:", NULL},
        [MARKS_SNIPPET] = {"[start:", "[end:", "]"},
        [MARKS_TAG] = {"tag::", "end::", "[]"},
        [MARKS_REGION] = {"#region ", "#endregion", NULL},
    };
    if (kind == MARKS_SNIPPET && !span_has(l, "8<-"))
        return false;
    const char *s = memmem(l.s, l.len, words[kind].start, strlen(words[kind].start));
    const char *e = memmem(l.s, l.len, words[kind].end, strlen(words[kind].end));
    const char *p = s ? s : e;
    if (!p)
        return false;
    *ret_end = !s;
    p += strlen(s ? words[kind].start : words[kind].end);
    struct span rest = {p, (size_t)(l.s + l.len - p)};
    if (words[kind].close) {
        const char *close = memmem(rest.s, rest.len, words[kind].close, strlen(words[kind].close));
        if (!close)
            return false;
        rest.len = (size_t)(close - rest.s);
    }
    rest = span_trim(rest);
    size_t n = 0;
    while (n < rest.len && !is_blank(rest.s[n]))
        n++;
    *ret_name = (struct span){rest.s, n};
    if (kind == MARKS_REGION && *ret_end) { /* also "#endregion" and "#endregion -->" */
        ret_name->len = n && (is_alnum(rest.s[0]) || rest.s[0] == '_') ? n : 0;
        return true;
    }
    return n > 0 && (!words[kind].close || n == rest.len);
}

/* The name is in the list; "*" and "**" name all. */
static bool listed(struct span list, struct span name, bool *ret_all)
{
    bool any = false;
    *ret_all = false;
    while (list.len) {
        size_t n = 0;
        while (n < list.len && list.s[n] != ',' && list.s[n] != ';')
            n++;
        struct span item = span_trim((struct span){list.s, n});
        list = span_skip(list, n + (n < list.len));
        *ret_all |= span_eq(item, "**");
        any |=
            span_eq(item, "*") || (item.len == name.len && memcmp(item.s, name.s, name.len) == 0);
    }
    return any;
}

/* The lines inside one of the tags; all of them without tags. Marks themselves are left out. */
static int select_tags(struct span text, const struct include_part *part, struct buf *out)
{
    struct span line, name;
    bool end, all, found = part->tags.len == 0;
    listed(part->tags, (struct span){"", 0}, &all);
    found |= all;
    size_t open = 0; /* tags that are open: regions may lie in each other */
    while (buf_status(out) == 0 && line_next(&text, &line)) {
        if (mark(line, part->marks, &end, &name)) {
            bool any;
            if (listed(part->tags, name, &any) || (!name.len && open)) {
                found = true;
                open = end ? open - (open > 0) : open + 1;
            }
        } else if (part->tags.len == 0 || all || open) {
            add_line(out, line);
        }
    }
    return found ? 0 : -ENOENT;
}

/* ---- a function or class of Python ---- */

static bool defines(struct span l, struct span name)
{
    static const char *const words[] = {"def ", "class ", "async def "};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (!span_starts(l, words[i]))
            continue;
        struct span rest = span_trim(span_skip(l, strlen(words[i])));
        return rest.len > name.len && memcmp(rest.s, name.s, name.len) == 0 &&
               strchr("(:[ ", rest.s[name.len]) != NULL;
    }
    return false;
}

/* Narrows *text to the definition of a name in it, with its decorators. */
static bool narrow(struct span *text, struct span name)
{
    struct span rest = *text, line;
    const char *start = NULL, *decorators = NULL;
    size_t column = 0;
    while (line_next(&rest, &line)) {
        struct span t = span_trim(line);
        if (!t.len || t.s[0] == '#')
            continue;
        size_t indent = indent_of(line);
        if (start && indent <= column && t.s[0] != ')') {
            *text = (struct span){start, (size_t)(line.s - start)};
            return true;
        }
        if (start)
            continue;
        if (t.s[0] == '@') {
            decorators = decorators ? decorators : line.s;
        } else if (defines(t, name)) {
            start = decorators ? decorators : line.s;
            column = indent;
        } else if (!decorators || indent == indent_of((struct span){decorators, t.len})) {
            decorators = NULL;
        }
    }
    if (start)
        *text = (struct span){start, (size_t)(text->s + text->len - start)};
    return start != NULL;
}

static int select_object(struct span *text, struct span object)
{
    while (object.len) {
        const char *dot = memchr(object.s, '.', object.len);
        struct span name = {object.s, dot ? (size_t)(dot - object.s) : object.len};
        if (!name.len || !narrow(text, name))
            return -ENOENT;
        object = dot ? span_skip(object, name.len + 1) : (struct span){"", 0};
    }
    return 0;
}

/* ---- markers and lines ---- */

/* Start of the line that holds what, or NULL. *ret_next: of the line after it. */
static const char *line_with(struct span text, struct span what, const char **ret_next)
{
    const char *p = memmem(text.s, text.len, what.s, what.len), *end = text.s + text.len;
    if (!p)
        return NULL;
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    *ret_next = nl ? nl + 1 : end;
    const char *start = memrchr(text.s, '\n', (size_t)(p - text.s));
    return start ? start + 1 : text.s;
}

static int select_between(struct span *text, const struct include_part *p)
{
    const char *next, *end = text->s + text->len, *at;
    if (p->after.len || p->at.len) {
        struct span what = p->after.len ? p->after : p->at;
        at = line_with(*text, what, &next);
        if (!at)
            return -ENOENT;
        if (p->after.len && !p->by_line)
            next = (const char *)memmem(text->s, text->len, what.s, what.len) + what.len;
        text->s = p->after.len ? next : at;
        text->len = (size_t)(end - text->s);
    }
    if (p->before.len || p->until.len) {
        struct span what = p->before.len ? p->before : p->until;
        at = line_with(*text, what, &next);
        if (!at)
            return -ENOENT;
        if (p->before.len && !p->by_line)
            at = memmem(text->s, text->len, what.s, what.len);
        text->len = (size_t)((p->before.len ? at : next) - text->s);
    }
    return 0;
}

size_t include_number(struct span *p)
{
    size_t n = 0;
    while (p->len && is_digit(p->s[0])) {
        n = n < 100000000 ? n * 10 + (size_t)(p->s[0] - '0') : n;
        *p = span_skip(*p, 1);
    }
    return n;
}

/* "4", "2-4", "2:4", "2..4", "2-", ":4"; to is 0 when it is open. */
static bool range(struct span item, bool tail, size_t *from, size_t *to)
{
    item = span_trim(item);
    *from = include_number(&item);
    if (span_starts(item, "..") || (item.len && (item.s[0] == '-' || item.s[0] == ':'))) {
        item = span_skip(item, item.s[0] == '.' ? 2 : 1);
        *to = item.len && item.s[0] == '-' ? 0 : include_number(&item); /* "..-1": to the end */
    } else {
        *to = tail ? 0 : *from;
        if (!*from)
            return false;
    }
    *from = *from ? *from : 1;
    return true;
}

static void select_lines(struct span text, const struct include_part *part, struct buf *out)
{
    struct span list = part->lines;
    for (unsigned i = 0; i < RANGES_MAX && list.len && buf_status(out) == 0; i++) {
        size_t n = 0, from, to, at = 0;
        while (n < list.len && list.s[n] != ',' && list.s[n] != ';')
            n++;
        bool good = range((struct span){list.s, n}, part->tail, &from, &to);
        list = span_skip(list, n + (n < list.len));
        if (!good)
            continue;
        if (part->gap && out->len)
            buf_addc(out, '\n');
        struct span rest = text, line;
        while (line_next(&rest, &line) && (!to || at < to))
            if (++at >= from)
                add_line(out, line);
    }
}

static void dedent(struct buf *b, int columns)
{
    struct span rest = buf_span(b), line;
    size_t strip = columns == DEDENT_ALL ? SIZE_MAX : (size_t)columns;
    if (columns == DEDENT_ALL)
        for (struct span r = rest; line_next(&r, &line);)
            if (span_trim(line).len && indent_of(line) < strip)
                strip = indent_of(line);
    if (strip == 0 || strip == SIZE_MAX)
        return;
    struct buf out = {.limit = b->limit};
    while (line_next(&rest, &line)) {
        size_t n = indent_of(line);
        add_line(&out, span_skip(line, n < strip ? n : strip));
    }
    buf_fini(b);
    *b = out;
}

int include_part(struct span text, const struct include_part *part, struct buf *out)
{
    _cleanup_buf_ struct buf marked = {.limit = out->limit};
    int r = 0;
    if (part->marks) {
        r = select_tags(text, part, &marked);
        if (r == 0)
            r = buf_status(&marked);
        text = buf_span(&marked);
    }
    if (r == 0)
        r = select_object(&text, part->object);
    if (r == 0)
        r = select_between(&text, part);
    if (r < 0)
        return r;
    if (part->lines.len)
        select_lines(text, part, out);
    else
        buf_add_span(out, text);
    if (part->dedent)
        dedent(out, part->dedent);
    r = buf_status(out);
    return r < 0 ? r : out->len == 0 && part->lines.len ? -ENOENT : 0;
}
