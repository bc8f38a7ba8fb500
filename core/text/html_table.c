/* SPDX-License-Identifier: MIT
 * Tables of data become GFM; tables that only place things become what is in them. */
#include "core/text/html.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define COLUMNS_MAX 40
#define SPAN_ROWS_MAX 1000

struct table {
    const GumboNode **row;
    size_t n, columns;
    bool heads;  /* some cell is <th> */
    bool blocks; /* some cell holds code blocks, lists or tables */
    bool oom;
};

static bool is_cell(const GumboNode *n)
{
    return html_tag(n) == GUMBO_TAG_TD || html_tag(n) == GUMBO_TAG_TH;
}

static size_t span(const GumboNode *n, const char *attr, size_t max)
{
    const char *v = html_attr(n, attr);
    long k = v ? strtol(v, NULL, 10) : 1;
    return k < 1 ? 1 : (size_t)k > max ? max : (size_t)k;
}

/* Does a cell hold what cannot stand on one line? */
static bool has_big_block(const struct html_doc *d, const GumboNode *n, unsigned depth)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(d, c))
            continue;
        switch (c->v.element.tag) {
        case GUMBO_TAG_PRE:
            if (html_mark(d, c)->text < 40)
                break;
            return true;
        case GUMBO_TAG_TABLE:
        case GUMBO_TAG_DL:
        case GUMBO_TAG_BLOCKQUOTE:
            return true;
        case GUMBO_TAG_UL:
        case GUMBO_TAG_OL:
            if (html_mark(d, c)->text > 400)
                return true;
            break;
        default:
            if (html_heading_level(c))
                return true;
        }
        if (depth && has_big_block(d, c, depth - 1))
            return true;
    }
    return false;
}

static void add_row(struct table *t, const struct html_doc *d, const GumboNode *tr)
{
    if (!grow(&t->row, t->n, sizeof(*t->row))) {
        t->oom = true;
        return;
    }
    t->row[t->n++] = tr;
    size_t columns = 0;
    for (unsigned i = 0; i < tr->v.element.children.length; i++) {
        const GumboNode *c = tr->v.element.children.data[i];
        if (!is_cell(c) || html_dropped(d, c))
            continue;
        columns += span(c, "colspan", 1000);
        t->heads |= html_tag(c) == GUMBO_TAG_TH;
        if (!t->blocks)
            t->blocks = has_big_block(d, c, 4);
    }
    if (columns > t->columns)
        t->columns = columns;
}

static void collect(struct table *t, const struct html_doc *d, const GumboNode *n)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(d, c))
            continue;
        if (html_tag(c) == GUMBO_TAG_TR) {
            if (html_mark(d, c)->kept)
                add_row(t, d, c);
        } else if (html_tag(c) == GUMBO_TAG_TBODY || html_tag(c) == GUMBO_TAG_THEAD ||
                   html_tag(c) == GUMBO_TAG_TFOOT) {
            collect(t, d, c);
        }
    }
}

static bool is_header(const GumboNode *tr)
{
    if (html_tag(tr->parent) == GUMBO_TAG_THEAD)
        return true;
    bool any = false;
    for (unsigned i = 0; i < tr->v.element.children.length; i++) {
        const GumboNode *c = tr->v.element.children.data[i];
        if (html_tag(c) == GUMBO_TAG_TD)
            return false;
        any |= html_tag(c) == GUMBO_TAG_TH;
    }
    return any;
}

/* One row; held[] counts for each column the rows that a cell above still covers. */
static void render_row(struct html_writer *w, const GumboNode *tr, size_t columns,
                       unsigned held[COLUMNS_MAX])
{
    size_t col = 0;
    html_break(w, 1);
    html_begin(w);
    buf_addc(w->out, '|');
    for (unsigned i = 0; tr && i < tr->v.element.children.length && col < columns; i++) {
        const GumboNode *c = tr->v.element.children.data[i];
        if (!is_cell(c) || html_dropped(w->doc, c))
            continue;
        for (; col < columns && held[col]; col++) {
            held[col]--;
            buf_adds(w->out, "  |");
        }
        if (col == columns)
            break;
        buf_addc(w->out, ' ');
        w->cell = w->bol = true;
        html_render_flat(w, c);
        w->cell = w->space = false;
        w->pending = 0;
        buf_adds(w->out, " |");
        size_t rows = span(c, "rowspan", SPAN_ROWS_MAX), cols = span(c, "colspan", COLUMNS_MAX);
        for (size_t k = 0; k < cols && col < columns; k++, col++) {
            held[col] = (unsigned)rows - 1;
            if (k)
                buf_adds(w->out, "  |");
        }
    }
    for (; col < columns; col++) {
        if (tr && held[col])
            held[col]--;
        buf_adds(w->out, "  |");
    }
    w->bol = false;
}

static void render_data(struct html_writer *w, const struct table *t)
{
    unsigned held[COLUMNS_MAX] = {0};
    bool header = is_header(t->row[0]);
    html_break(w, 2);
    render_row(w, header ? t->row[0] : NULL, t->columns, held);
    html_break(w, 1);
    html_begin(w);
    for (size_t i = 0; i < t->columns; i++)
        buf_adds(w->out, "| --- ");
    buf_addc(w->out, '|');
    for (size_t i = header; i < t->n && !w->out->full && !w->out->oom; i++)
        render_row(w, t->row[i], t->columns, held);
    html_break(w, 2);
}

/* Cells one after the other, as paragraphs. */
static void render_cells(struct html_writer *w, const struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (unsigned k = 0; k < t->row[i]->v.element.children.length; k++) {
            const GumboNode *c = t->row[i]->v.element.children.data[k];
            if (!is_cell(c) || html_dropped(w->doc, c) || !html_mark(w->doc, c)->kept)
                continue;
            html_break(w, 2);
            html_render_children(w, c);
            html_break(w, 2);
        }
}

void html_render_table(struct html_writer *w, const GumboNode *n)
{
    struct table t = {0};
    const char *role = html_attr(n, "role");
    if (html_mark(w->doc, n)->kept == 0)
        return;
    collect(&t, w->doc, n);
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (html_tag(c) != GUMBO_TAG_CAPTION || html_dropped(w->doc, c) ||
            !html_mark(w->doc, c)->kept)
            continue;
        html_render_bold(w, c);
    }
    unsigned tight = w->tight;
    w->tight = 0;
    bool layout = t.columns < 2 || t.columns > COLUMNS_MAX || t.blocks || (t.n < 2 && !t.heads) ||
                  (role && strcmp(role, "presentation") == 0);
    if (t.n && layout)
        render_cells(w, &t);
    else if (t.n)
        render_data(w, &t);
    w->tight = tight;
    w->out->oom |= t.oom;
    free(t.row);
}

/* ---- tables of javadoc: the cells of all rows lie side by side in one <div> ---- */

static bool has_class(const GumboNode *n, const char *word)
{
    const char *v = html_attr(n, "class");
    size_t len = strlen(word);
    for (const char *p = v; p && (p = strstr(p, word)); p += len)
        if ((p == v || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
            return true;
    return false;
}

static void render_grid_row(struct html_writer *w, const GumboNode **cell, size_t columns)
{
    html_break(w, 1);
    html_begin(w);
    buf_addc(w->out, '|');
    for (size_t i = 0; i < columns; i++) {
        buf_addc(w->out, ' ');
        w->cell = w->bol = true;
        html_render_flat(w, cell[i]);
        w->cell = w->space = false;
        w->pending = 0;
        buf_adds(w->out, " |");
    }
    w->bol = false;
}

bool html_render_grid(struct html_writer *w, const GumboNode *n)
{
    if (html_tag(n) != GUMBO_TAG_DIV || !has_class(n, "summary-table"))
        return false;
    _cleanup_free_ const GumboNode **cell =
        calloc(n->v.element.children.length + 1, sizeof(const GumboNode *));
    size_t cells = 0, columns = 0;
    for (unsigned i = 0; cell && i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(w->doc, c))
            continue;
        if (html_tag(c) != GUMBO_TAG_DIV || has_big_block(w->doc, c, 4))
            return false;
        if (columns == cells && has_class(c, "table-header"))
            columns++;
        cell[cells++] = c;
    }
    if (columns < 2 || columns > COLUMNS_MAX || cells % columns)
        return false;
    unsigned tight = w->tight;
    w->tight = 0;
    html_break(w, 2);
    for (size_t i = 0; i < cells && !w->out->full && !w->out->oom; i += columns) {
        render_grid_row(w, cell + i, columns);
        if (i)
            continue;
        html_break(w, 1);
        html_begin(w);
        for (size_t k = 0; k < columns; k++)
            buf_adds(w->out, "| --- ");
        buf_addc(w->out, '|');
    }
    html_break(w, 2);
    w->tight = tight;
    return true;
}
