/* SPDX-License-Identifier: MIT
 * Tables of reStructuredText -> markdown tables. The text of a cell is gathered over its lines and
 * becomes one line. */
#include "core/text/rst.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"
#include "core/util/utf8.h"

#define COLUMNS_MAX 32

struct row {
    struct rst *r;
    struct buf cell[COLUMNS_MAX];
    size_t n, columns; /* cells of this row; of the table */
    size_t rows;       /* written */
};

/* One more line of a cell; blanks before it tell what is inside of what. */
static void cell_add(struct row *w, size_t column, struct span text)
{
    if (column >= COLUMNS_MAX)
        return;
    if (column >= w->n)
        w->n = column + 1;
    struct buf *cell = &w->cell[column];
    cell->limit = w->r->out->limit;
    if (cell->len)
        buf_addc(cell, '\n');
    else
        text = span_trim(text);
    buf_add_span(cell, span_rtrim(text));
}

/* The text of a cell is a text like any other. */
static void cell_convert(struct rst *r, const struct buf *cell, struct buf *out)
{
    size_t n;
    _cleanup_free_ struct span *line = span_lines(buf_span(cell), &n);
    if (!line) {
        out->oom = true;
        return;
    }
    struct rst inner = *r;
    inner.line = line;
    inner.n = n;
    inner.i = 0;
    inner.out = out;
    inner.boxed = true;
    if (inner.n)
        rst_nested(&inner, line[0], 1, inner.n, SIZE_MAX, "", "");
}

/* Writes the row, and what makes the first one the head. */
static void row_end(struct row *w)
{
    struct buf *out = w->r->out;
    _cleanup_buf_ struct buf text = {0};
    if (w->n == 0)
        return;
    if (w->columns < w->n)
        w->columns = w->n;
    for (size_t i = 0; i < w->columns; i++) {
        struct buf *c = &w->cell[i];
        buf_clear(&text);
        cell_convert(w->r, c, &text);
        buf_adds(out, "| ");
        md_one_line(out, buf_span(&text), true);
        buf_addc(out, ' ');
        out->oom |= c->oom || text.oom;
        out->full |= c->full || text.full;
        buf_clear(c);
    }
    buf_adds(out, "|\n");
    if (w->rows++ == 0) {
        for (size_t i = 0; i < w->columns; i++)
            buf_adds(out, "|---");
        buf_adds(out, "|\n");
    }
    w->n = 0;
}

static void row_fini(struct row *w)
{
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        buf_fini(&w->cell[i]);
}

/* Rows begin with "* -", cells with "-" below that: a "-" elsewhere is a list inside the cell. What
 * stands between "*" and the first "-" is a target. */
void rst_list_table(struct rst *r, size_t from, size_t to)
{
    _cleanup_(row_fini) struct row w = {.r = r};
    size_t column = 0, mark = 0, dash = 0; /* columns of '*' and of '-' */
    bool open = false, begun = false;
    rst_blank_line(r);
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i], t = span_trim(l);
        size_t indent = rst_indent(l);
        if (span_starts(t, "* ") && (!open || indent == mark)) {
            struct span rest = span_trim(span_skip(t, 1));
            row_end(&w);
            open = true;
            mark = indent;
            column = 0;
            begun = rst_bullet(rest);
            dash = indent + (size_t)(rest.s - t.s);
            if (begun)
                cell_add(&w, 0, span_trim(span_skip(rest, 1)));
        } else if (open && t.len && t.s[0] == '-' && rst_bullet(t) && (!begun || indent == dash)) {
            dash = indent;
            cell_add(&w, column += begun, span_trim(span_skip(t, 1)));
            begun = true;
        } else if (begun) {
            cell_add(&w, column, l);
        }
    }
    row_end(&w);
    rst_blank_line(r);
}

/* One record of CSV (RFC 4180) becomes a row: fields in quotes may go over lines. */
static void csv_record(struct row *w, struct span *text)
{
    size_t column = 0;
    for (bool more = true; more; column++) {
        _cleanup_buf_ struct buf field = {0};
        more = csv_field(text, ',', true, &field);
        cell_add(w, column, buf_span(&field));
    }
    row_end(w);
    if (text->len)
        *text = span_skip(*text, 1);
}

static void join_lines(const struct rst *r, size_t from, size_t to, struct buf *out)
{
    for (size_t i = from; i < to; i++) {
        buf_add_span(out, span_trim(r->line[i]));
        buf_addc(out, '\n');
    }
}

void rst_csv_table(struct rst *r, size_t from, size_t body, size_t to)
{
    static const char header[] = ":header:";
    _cleanup_(row_fini) struct row w = {.r = r};
    _cleanup_buf_ struct buf head = {0}, text = {0};
    rst_blank_line(r);
    for (size_t i = from; i < body; i++) {
        struct span l = span_trim(r->line[i]);
        if (!span_starts(l, header))
            continue;
        buf_add_span(&head, span_skip(l, sizeof(header) - 1));
        struct span record = {head.data, head.len};
        if (head.len)
            csv_record(&w, &record);
    }
    join_lines(r, body, to, &text);
    struct span rest = buf_span(&text);
    while (rest.len && buf_status(r->out) == 0) {
        if (rest.s[0] == '\n')
            rest = span_skip(rest, 1);
        else
            csv_record(&w, &rest);
    }
    r->out->oom |= head.oom || text.oom;
    rst_blank_line(r);
}

bool rst_simple_rule(struct span l)
{
    return l.len > 3 && l.s[0] == '=' && memchr(l.s, ' ', l.len) && span_run(l, '=') < l.len &&
           strspn(l.s, "= ") >= l.len;
}

/* Byte at which a column of the screen begins: characters of East Asia take two. */
static size_t at_column(struct span l, size_t column)
{
    size_t i = 0;
    for (size_t at = 0; i < l.len && at < column;) {
        uint32_t cp;
        i += utf8_decode(l.s + i, l.len - i, &cp);
        at += utf8_width(cp) > 1 ? 2 : 1;
    }
    return i;
}

static bool is_rule(struct span l, const char *marks)
{
    return l.len && l.s[0] == marks[0] && strspn(l.s, marks) >= l.len;
}

/* Does a cell end before the column? Not where its text goes on, nor where the rule below the row
 * says that it spans columns. */
static bool cell_ends(struct span l, size_t column, struct span below)
{
    size_t at = at_column(l, column);
    if (is_rule(below, "- "))
        return column >= below.len || (below.s[column] == '-' && below.s[column - 1] == ' ');
    return at >= l.len || at == 0 || l.s[at - 1] == ' ';
}

static void simple_row(struct row *w, struct span l, struct span below, const size_t *column,
                       size_t n)
{
    for (size_t k = 0, next; k < n; k = next) {
        for (next = k + 1; next < n && !cell_ends(l, column[next], below);)
            next++;
        size_t a = at_column(l, column[k]), b = next < n ? at_column(l, column[next]) : l.len;
        cell_add(w, k, (struct span){l.s + a, b - a});
    }
    if (w->n < n)
        w->n = n;
}

/* Columns are where the first rule has '='. A line without a first cell goes on with the row. */
void rst_simple_table(struct rst *r)
{
    _cleanup_(row_fini) struct row w = {.r = r};
    struct span rule = r->line[r->i];
    size_t column[COLUMNS_MAX], n = 0;
    for (size_t i = 0; i < rule.len && n < COLUMNS_MAX; i++)
        if (rule.s[i] == '=' && (i == 0 || rule.s[i - 1] != '='))
            column[n++] = i;
    rst_blank_line(r);
    for (r->i++; r->i < r->n; r->i++) {
        struct span l = r->line[r->i];
        if (is_rule(l, "= ")) {
            if (rst_at(r, r->i + 1).len == 0) { /* the last rule; the others end the head */
                r->i++;
                break;
            }
            row_end(&w);
            continue;
        }
        if (is_rule(l, "- ") && span_has(l, "--"))
            continue;
        if (l.len == 0) {
            for (size_t k = 0; k < w.n; k++)
                cell_add(&w, k, l);
            continue;
        }
        size_t end = n > 1 ? at_column(l, column[1]) : l.len;
        if (span_trim((struct span){l.s, end}).len)
            row_end(&w);
        simple_row(&w, l, rst_at(r, r->i + 1), column, n);
    }
    row_end(&w);
    rst_blank_line(r);
}

/* ---- grids ---- */

bool rst_grid_rule(struct span l)
{
    l = span_trim(l);
    return l.len > 4 && l.s[0] == '+' && (l.s[1] == '-' || l.s[1] == '=') && l.s[l.len - 1] == '+';
}

/* Where the bars of the grid are: at the '+' of its first rule. 0: too many. */
static size_t grid_bars(struct span rule, size_t bar[COLUMNS_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < rule.len; i++)
        if (rule.s[i] == '+') {
            if (n > COLUMNS_MAX)
                return 0;
            bar[n++] = i;
        }
    return n;
}

/* Has the line its bars (of a rule: its corners) where the first rule has them? A cell over
 * several columns or rows has not. */
static bool grid_line(struct span l, const size_t *bar, size_t n, bool rule)
{
    if (at_column(l, bar[n - 1]) + 1 != l.len)
        return false;
    for (size_t k = 0; k < n; k++)
        if (l.s[at_column(l, bar[k])] != (rule ? '+' : '|'))
            return false;
    for (size_t i = 0, k = 0; rule && i < l.len; i++) {
        k += i == bar[k];
        if (l.s[i] != '-' && l.s[i] != '=' && l.s[i] != '+')
            return false;
        if (l.s[i] == '+' && (k == 0 || bar[k - 1] != i))
            return false;
    }
    return true;
}

static struct span grid_cell(struct span l, size_t left, size_t right)
{
    size_t a = at_column(l, left) + 1, b = at_column(l, right);
    return (struct span){l.s + a, b - a};
}

bool rst_grid_table(struct rst *r, size_t from, size_t to)
{
    _cleanup_(row_fini) struct row w = {.r = r};
    size_t bar[COLUMNS_MAX + 1], n = grid_bars(r->line[from], bar);
    bool rule = false;
    if (n < 2)
        return false;
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i];
        rule = rst_grid_rule(l);
        if (!grid_line(l, bar, n, rule) || (!rule && (span_has(l, "+--") || span_has(l, "+=="))))
            return false;
    }
    if (!rule) /* the last line: it is not the end of a table */
        return false;
    rst_blank_line(r);
    for (size_t i = from; i < to; i++) {
        struct span l = r->line[i];
        if (rst_grid_rule(l))
            row_end(&w);
        else
            for (size_t k = 0; k + 1 < n; k++)
                cell_add(&w, k, grid_cell(l, bar[k], bar[k + 1]));
    }
    rst_blank_line(r);
    return true;
}
