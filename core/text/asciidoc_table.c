/* SPDX-License-Identifier: MIT
 * AsciiDoc: tables. A cell is what follows a bar, over lines; "2+|", ".3+|", "a|" and "3*|" say
 * more of it. How many make a row is told by cols=, else by the first line. */
#include "core/text/asciidoc.h"

#include <stdlib.h>

#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define COLUMNS_MAX 40
#define CELLS_MAX 100 /* "100*|" */

struct spec {
    unsigned columns, rows, times;
    char style; /* 0: that of the column */
};

struct cell {
    struct spec spec;
    size_t from, len; /* in the text of the table */
    size_t line;      /* that it began in */
};

struct table {
    struct buf text; /* all lines */
    struct cell *cell;
    size_t n;
    size_t columns;
    char style[COLUMNS_MAX];
    bool oom;
};

static unsigned number(struct span s, size_t *i)
{
    unsigned n = 0;
    for (; *i < s.len && is_digit(s.s[*i]) && n < 1000; ++*i)
        n = n * 10 + (unsigned)(s.s[*i] - '0');
    return n;
}

/* "2.3+^.>a": true when all of s is one. */
static bool read_spec(struct span s, struct spec *ret)
{
    size_t i = 0;
    struct spec spec = {1, 1, 1, 0};
    unsigned columns = number(s, &i), rows = 0;
    if (i < s.len && s.s[i] == '.' && i + 1 < s.len && is_digit(s.s[i + 1])) {
        i++;
        rows = number(s, &i);
    }
    if (columns || rows) {
        if (i == s.len || (s.s[i] != '+' && s.s[i] != '*'))
            return false;
        if (s.s[i++] == '*') {
            spec.times = columns > CELLS_MAX ? CELLS_MAX : columns ? columns : 1;
        } else {
            spec.columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns ? columns : 1;
            spec.rows = rows ? rows : 1;
        }
    }
    while (i < s.len && strchr("<^>.", s.s[i]))
        i++;
    if (i < s.len && strchr("aemdlhsv", s.s[i]))
        spec.style = s.s[i++];
    *ret = spec;
    return i == s.len;
}

static void read_columns(struct table *t, struct span cols)
{
    while (cols.len && t->columns < COLUMNS_MAX) {
        size_t n = 0;
        while (n < cols.len && cols.s[n] != ',' && cols.s[n] != ';')
            n++;
        struct span part = span_trim((struct span){cols.s, n});
        size_t i = 0;
        unsigned times = number(part, &i);
        char style =
            part.len && strchr("aemdlhsv", part.s[part.len - 1]) ? part.s[part.len - 1] : 'd';
        if (i == part.len || part.s[i] != '*')
            times = 1;
        for (; times && t->columns < COLUMNS_MAX; times--)
            t->style[t->columns++] = style;
        cols = span_skip(cols, n + (n < cols.len));
    }
}

static void add_cell(struct table *t, const struct spec *spec, size_t from, size_t line)
{
    for (unsigned k = 0; k < spec->times; k++) {
        if (!grow(&t->cell, t->n, sizeof(*t->cell))) {
            t->oom = true;
            return;
        }
        t->cell[t->n++] = (struct cell){*spec, from, 0, line};
        t->cell[t->n - 1].spec.times = 1;
    }
}

/* Ends what the last `times` cells hold. */
static void end_cell(struct table *t, unsigned times, size_t end)
{
    for (size_t k = 0; k < times && k < t->n; k++)
        t->cell[t->n - 1 - k].len = end - t->cell[t->n - 1 - k].from;
}

/* Cells begin behind a separator; its spec stands before it, behind a blank. */
static void split(struct table *t, struct span bar)
{
    size_t line = 0;
    unsigned times = 0;
    const struct spec plain = {1, 1, 1, 0};
    struct buf *b = &t->text;
    size_t to = 0; /* escapes are taken out in place */
    for (size_t i = 0; i < b->len; i++) {
        struct span rest = {b->data + i, b->len - i};
        if (rest.s[0] == '\\' && rest.len > bar.len && memcmp(rest.s + 1, bar.s, bar.len) == 0) {
            memmove(b->data + to, rest.s + 1, bar.len);
            to += bar.len;
            i += bar.len;
            continue;
        }
        if (rest.len < bar.len || memcmp(rest.s, bar.s, bar.len) != 0) {
            line += rest.s[0] == '\n';
            b->data[to++] = rest.s[0];
            continue;
        }
        size_t word = to;
        while (word && !is_blank(b->data[word - 1]) && to - word < 12 &&
               word > (t->n ? t->cell[t->n - 1].from : 0))
            word--;
        struct spec spec = plain;
        size_t end = word;
        if (!read_spec((struct span){b->data + word, to - word}, &spec)) {
            spec = plain;
            end = to;
        }
        end_cell(t, times, end);
        add_cell(t, &spec, to, line);
        times = spec.times;
        i += bar.len - 1;
    }
    end_cell(t, times, to);
}

/* Records of CSV or DSV: cells are written anew, without their quotes. */
static void split_records(struct table *t, char comma)
{
    const struct spec plain = {1, 1, 1, 0};
    struct buf cells = {.limit = t->text.limit};
    size_t line = 0;
    for (struct span rest = buf_span(&t->text); rest.len && !t->oom;) {
        if (rest.s[0] == '\n') {
            rest = span_skip(rest, 1);
            line++;
            continue;
        }
        for (bool more = true; more && !t->oom;) {
            size_t from = cells.len;
            more = csv_field(&rest, comma, comma != ':', &cells);
            add_cell(t, &plain, from, line);
            end_cell(t, 1, cells.len);
        }
    }
    t->oom |= cells.oom;
    buf_fini(&t->text);
    t->text = cells;
}

static void write_cell(struct adoc *a, char style, struct span text)
{
    text = span_trim(text);
    size_t n;
    if (style == 'l') {
        buf_adds(a->out, "<pre>\n");
        html_escape(a->out, text);
        buf_adds(a->out, "</pre>");
        return;
    }
    if (style == 'm')
        buf_adds(a->out, "<code>");
    if (style != 'a' || a->depth >= ADOC_DEPTH_MAX) {
        const char *gap;
        while ((gap = memmem(text.s, text.len, "\n\n", 2))) {
            adoc_inline(a, span_trim((struct span){text.s, (size_t)(gap - text.s)}));
            buf_adds(a->out, "<br>\n");
            text = span_trim(span_skip(text, (size_t)(gap - text.s)));
        }
        adoc_inline(a, text);
    } else {
        _cleanup_free_ struct span *line = span_lines(text, &n);
        if (line)
            adoc_nested(a, line, n);
        else
            a->out->oom = true;
    }
    if (style == 'm')
        buf_adds(a->out, "</code>");
}

static void write_rows(struct adoc *a, struct table *t, bool head)
{
    unsigned taken[COLUMNS_MAX] = {0}; /* rows that a cell above still fills */
    size_t column = 0;
    buf_adds(a->out, "<table>\n<tr>");
    for (size_t i = 0; i < t->n && buf_status(a->out) == 0; i++) {
        for (;;) {
            while (column < t->columns && taken[column])
                taken[column++]--;
            if (column < t->columns)
                break;
            column = 0;
            head = false;
            buf_adds(a->out, "</tr>\n<tr>");
        }
        const struct cell *c = &t->cell[i];
        char style = c->spec.style ? c->spec.style : t->style[column];
        const char *tag = head || style == 'h' ? "th" : "td";
        buf_addf(a->out, "<%s", tag);
        if (c->spec.columns > 1)
            buf_addf(a->out, " colspan=\"%u\"", c->spec.columns);
        if (c->spec.rows > 1)
            buf_addf(a->out, " rowspan=\"%u\"", c->spec.rows);
        buf_addc(a->out, '>');
        write_cell(a, head ? 'd' : style, (struct span){buf_span(&t->text).s + c->from, c->len});
        buf_addf(a->out, "</%s>", tag);
        for (unsigned k = 0; k < c->spec.columns && column < t->columns; k++)
            taken[column++] = c->spec.rows - 1;
    }
    buf_adds(a->out, "</tr>\n</table>\n");
}

void adoc_table(struct adoc *a, const struct adoc_style *s, char kind, size_t from, size_t to)
{
    struct table t = {.text = {.limit = a->out->limit}};
    size_t first = 0;
    read_columns(&t, s->cols);
    while (from < to && a->line[from].len == 0)
        from++;
    for (size_t i = from; i < to; i++) {
        if (span_starts(a->line[i], "//") && !span_starts(a->line[i], "///"))
            continue;
        buf_add_span(&t.text, a->line[i]);
        buf_addc(&t.text, '\n');
    }
    bool csv = kind == ',' || span_eq(s->format, "csv"), tsv = span_eq(s->format, "tsv");
    bool dsv = kind == ':' || span_eq(s->format, "dsv");
    struct span bar = s->separator.len ? s->separator : kind == '!' ? span_of("!") : span_of("|");
    if (csv || dsv || tsv)
        split_records(&t, s->separator.len ? s->separator.s[0] : csv ? ',' : tsv ? '\t' : ':');
    else
        split(&t, bar);
    while (first < t.n && t.cell[first].line == t.cell[0].line)
        first++;
    if (!t.columns)
        for (size_t i = 0; i < first; i++)
            for (unsigned k = 0; k < t.cell[i].spec.columns && t.columns < COLUMNS_MAX; k++)
                t.style[t.columns++] = 'd';
    bool head = span_has(s->options, "header");
    if (!head && !span_has(s->options, "noheader") && from + 1 < to)
        head = a->line[from + 1].len == 0 && first == t.columns;
    a->out->oom |= t.oom || t.text.oom;
    if (t.n && t.columns)
        write_rows(a, &t, head);
    buf_fini(&t.text);
    free(t.cell);
}
