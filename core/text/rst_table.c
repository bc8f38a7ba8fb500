/* SPDX-License-Identifier: MIT
 * Tables of reStructuredText -> markdown tables. The text of a cell is gathered over its lines and
 * becomes one line. */
#include "core/text/rst.h"

#include <string.h>

#include "core/text/rst_inline.h"

#define COLUMNS_MAX 32

struct row {
    struct rst *r;
    struct buf cell[COLUMNS_MAX];
    size_t n, columns; /* cells of this row; of the table */
    size_t rows;       /* written */
};

static void cell_add(struct row *w, size_t column, struct span text)
{
    text = span_trim(text);
    if (column >= COLUMNS_MAX)
        return;
    if (column >= w->n)
        w->n = column + 1;
    if (text.len && w->cell[column].len)
        buf_addc(&w->cell[column], ' ');
    buf_add_span(&w->cell[column], text);
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
        rst_inline(&text, (struct span){c->data ? c->data : "", c->len});
        buf_adds(out, "| ");
        md_one_line(out, (struct span){text.data ? text.data : "", text.len}, true);
        buf_addc(out, ' ');
        out->oom |= c->oom || text.oom;
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

/* Rows begin with "* -", cells with "-" below that: a "-" elsewhere is a list inside the cell. */
void rst_list_table(struct rst *r, size_t from, size_t to)
{
    __attribute__((cleanup(row_fini))) struct row w = {.r = r};
    size_t column = 0, dash = 0;
    bool open = false;
    rst_blank_line(r);
    for (size_t i = from; i < to; i++) {
        struct span l = span_trim(r->line[i]);
        size_t indent = (size_t)(l.s - r->line[i].s);
        bool row = (!open || indent + 2 == dash) && l.len >= 3 && memcmp(l.s, "* -", 3) == 0;
        bool cell =
            open && indent == dash && l.len && l.s[0] == '-' && (l.len == 1 || l.s[1] == ' ');
        if (row) {
            row_end(&w);
            column = 0;
            dash = indent + 2;
            open = true;
        } else if (cell) {
            column++;
        }
        if (open)
            cell_add(&w, column, span_skip(l, row ? 3 : cell ? 1 : 0));
    }
    row_end(&w);
    rst_blank_line(r);
}

/* One record of CSV (RFC 4180) becomes a row: fields in quotes may go over lines. */
static void csv_record(struct row *w, struct span *text)
{
    size_t column = 0, i = 0;
    for (bool more = true; more; column++) {
        _cleanup_buf_ struct buf field = {0};
        while (i < text->len && text->s[i] == ' ')
            i++;
        bool quoted = i < text->len && text->s[i] == '"';
        for (i += quoted; quoted && i < text->len; i++) {
            if (text->s[i] == '"' && (i + 1 == text->len || text->s[i + 1] != '"'))
                break;
            i += text->s[i] == '"';
            buf_addc(&field, text->s[i]);
        }
        for (i += quoted; i < text->len && text->s[i] != ',' && text->s[i] != '\n'; i++)
            if (!quoted)
                buf_addc(&field, text->s[i]);
        more = i < text->len && text->s[i] == ',';
        cell_add(w, column, (struct span){field.data ? field.data : "", field.len});
        i += i < text->len;
    }
    row_end(w);
    *text = span_skip(*text, i < text->len ? i : text->len);
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
    __attribute__((cleanup(row_fini))) struct row w = {.r = r};
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
    struct span rest = {text.data ? text.data : "", text.len};
    while (rest.len && buf_status(r->out) == 0) {
        if (rest.s[0] == '\n')
            rest = span_skip(rest, 1);
        else
            csv_record(&w, &rest);
    }
    r->out->oom |= head.oom || text.oom;
    rst_blank_line(r);
}

/* Columns are where the first rule has '='. A line without a first cell goes on with the row. */
void rst_simple_table(struct rst *r)
{
    __attribute__((cleanup(row_fini))) struct row w = {.r = r};
    struct span rule = r->line[r->i];
    size_t column[COLUMNS_MAX], n = 0;
    for (size_t i = 0; i < rule.len && n < COLUMNS_MAX; i++)
        if (rule.s[i] == '=' && (i == 0 || rule.s[i - 1] != '='))
            column[n++] = i;
    rst_blank_line(r);
    for (r->i++; r->i < r->n; r->i++) {
        struct span l = r->line[r->i];
        if (l.len && l.s[0] == '=' && strspn(l.s, "= ") >= l.len) {
            if (rst_at(r, r->i + 1).len == 0) { /* the last rule; the others end the head */
                r->i++;
                break;
            }
            row_end(&w);
            continue;
        }
        if (l.len == 0 || (l.s[0] == '-' && strspn(l.s, "- ") >= l.len))
            continue;
        size_t end = n > 1 && column[1] < l.len ? column[1] : l.len;
        if (span_trim((struct span){l.s, end}).len)
            row_end(&w);
        for (size_t k = 0; k < n; k++) {
            size_t a = column[k] < l.len ? column[k] : l.len;
            size_t b = k + 1 < n && column[k + 1] < l.len ? column[k + 1] : l.len;
            cell_add(&w, k, (struct span){l.s + a, b - a});
        }
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
    if (l.len != bar[n - 1] + 1)
        return false;
    for (size_t i = bar[0], k = 0; i < l.len; i++) {
        bool at = i == bar[k];
        k += at;
        if (at && l.s[i] != (rule ? '+' : '|'))
            return false;
        if (rule && !at && l.s[i] != '-' && l.s[i] != '=')
            return false;
    }
    return true;
}

bool rst_grid_table(struct rst *r, size_t from, size_t to)
{
    __attribute__((cleanup(row_fini))) struct row w = {.r = r};
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
                cell_add(&w, k, (struct span){l.s + bar[k] + 1, bar[k + 1] - bar[k] - 1});
    }
    rst_blank_line(r);
    return true;
}
