/* SPDX-License-Identifier: MIT
 * ".. include:: file" brings reStructuredText that may include more; with :literal: or :code:, and
 * as ".. literalinclude:: file", a code block. */
#include <stdio.h>

#include "core/text/include_internal.h"

struct directive {
    struct include_directive d;
    struct span pad;
};

static struct span pad_of(struct span l)
{
    size_t n = 0;
    while (n < l.len && (l.s[n] == ' ' || l.s[n] == '\t'))
        n++;
    return (struct span){l.s, n};
}

void include_option(struct include_directive *d, struct span name, struct span v)
{
    struct include_part *p = &d->inc.part;
    struct span digits = v;
    size_t n = include_number(&digits);
    if (span_eq(name, "lines"))
        p->lines = v;
    else if (span_eq(name, "start-after"))
        p->after = v;
    else if (span_eq(name, "end-before"))
        p->before = v;
    else if (span_eq(name, "start-at"))
        p->at = v;
    else if (span_eq(name, "end-at"))
        p->until = v;
    else if (span_eq(name, "pyobject"))
        p->object = v;
    else if (span_eq(name, "dedent"))
        p->dedent = v.len ? (int)n : DEDENT_ALL;
    else if (span_eq(name, "language") || span_eq(name, "code"))
        d->inc.lang = v;
    else if (span_eq(name, "start-line"))
        d->from = n + 1;
    else if (span_eq(name, "end-line"))
        d->to = n;
    d->code |= span_eq(name, "code") || span_eq(name, "literal");
    d->foreign |= span_eq(name, "parser");
}

bool include_options_end(struct include_directive *d)
{
    if (d->from || d->to) {
        int n = snprintf(d->lines, sizeof(d->lines), "%zu-", d->from ? d->from : 1);
        if (d->to)
            snprintf(d->lines + n, sizeof(d->lines) - (size_t)n, "%zu", d->to);
        d->inc.part.lines = span_of(d->lines);
    }
    d->inc.part.by_line = d->code;
    d->inc.above = true;
    /* "<isonum.txt>" is of docutils itself. */
    return d->inc.path.len > 0 && d->inc.path.s[0] != '<' && !d->foreign;
}

/* The directive of that line, with its options taken off rest. */
static bool directive_of(struct span line, struct span *rest, struct directive *d)
{
    *d = (struct directive){.pad = pad_of(line)};
    struct span t = span_trim(line), more = *rest, l;
    if (!span_starts(t, ".. ") || d->pad.len > INCLUDE_PAD_MAX)
        return false;
    t = span_trim(span_skip(t, 3));
    d->d.code = span_starts(t, "literalinclude::");
    if (!d->d.code && !span_starts(t, "include::"))
        return false;
    d->d.inc.path = span_trim(span_skip(t, d->d.code ? 16 : 9));
    while (line_next(&more, &l)) {
        struct span o = span_trim(l);
        const char *end = o.len > 1 && o.s[0] == ':' ? memchr(o.s + 1, ':', o.len - 1) : NULL;
        if (!end || pad_of(l).len <= d->pad.len)
            break;
        struct span name = {o.s + 1, (size_t)(end - o.s) - 1};
        include_option(&d->d, name, span_trim(span_skip(o, name.len + 2)));
        *rest = more;
    }
    return include_options_end(&d->d);
}

static void code_block(struct expand *x, const struct include *inc, struct span text)
{
    struct span lang = inc->lang.len ? inc->lang : include_language(inc->path);
    struct buf head = {0};
    buf_adds(&head, ".. code-block:: ");
    buf_add_span(&head, lang);
    buf_rtrim(&head, " ");
    include_line(x, buf_span(&head));
    buf_fini(&head);
    include_line(x, (struct span){"", 0});
    buf_adds(&x->pad, "   ");
    include_lines(x, text);
    buf_truncate(&x->pad, x->pad.len - 3);
    include_line(x, (struct span){"", 0});
}

static bool follow(struct expand *x, const struct include_frame *f, const struct directive *d)
{
    struct included in;
    size_t before = x->pad.len;
    if (!include_open(x, f, &d->d.inc, &in))
        return false;
    buf_add_span(&x->pad, d->pad);
    if (d->d.code)
        code_block(x, &d->d.inc, in.frame.text);
    else
        include_rst(x, &in.frame);
    buf_truncate(&x->pad, before);
    return include_close(x, &in);
}

/* A line after which deeper lines are shown as they are. */
static bool opens_literal(struct span t)
{
    static const char *const names[] = {
        "code-block::", "code::", "sourcecode::", "parsed-literal::"};
    if (!span_starts(t, ".. "))
        return span_ends(t, "::");
    t = span_trim(span_skip(t, 3));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_starts(t, names[i]))
            return true;
    return false;
}

/* A block that brings whole other pages for the names in them alone: nothing of it is shown. */
static bool only_names(struct span line, struct span *rest)
{
    struct span more = *rest, l;
    if (!span_starts(span_trim(line), ".. changelog_imports::"))
        return false;
    while (line_next(&more, &l) && (!span_trim(l).len || pad_of(l).len > pad_of(line).len))
        *rest = more;
    return true;
}

void include_rst(struct expand *x, const struct include_frame *f)
{
    struct span rest = f->text, line;
    bool literal = false;
    size_t column = 0;
    while (buf_status(x->out) == 0 && line_next(&rest, &line)) {
        struct span t = span_trim(line), after = rest;
        struct directive d;
        if (!literal && only_names(line, &rest))
            continue;
        literal = literal && (t.len == 0 || pad_of(line).len > column);
        if (!literal && directive_of(line, &after, &d) && follow(x, f, &d)) {
            rest = after;
            continue;
        }
        if (!literal && opens_literal(t)) {
            literal = true;
            column = pad_of(line).len;
        }
        include_line(x, line);
    }
}
