/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <string.h>

void html_para(struct html_writer *w)
{
    html_break(w, w->tight ? 1 : 2);
}

void html_render_children(struct html_writer *w, const GumboNode *n)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++)
        html_render(w, n->v.element.children.data[i]);
}

void html_render_flat(struct html_writer *w, const GumboNode *n)
{
    w->flat++;
    html_render_children(w, n);
    w->flat--;
}

static void render_heading(struct html_writer *w, const GumboNode *n, unsigned level)
{
    if (html_mark(w->doc, n)->text == 0)
        return;
    html_break(w, 2);
    html_begin(w);
    for (unsigned i = 0; i < level; i++)
        buf_addc(w->out, '#');
    buf_addc(w->out, ' ');
    w->level = level;
    w->bol = w->in_heading = true;
    html_render_flat(w, n);
    w->in_heading = w->bol = w->space = false;
    html_break(w, 2);
}

void html_render_bold(struct html_writer *w, const GumboNode *n)
{
    if (html_mark(w->doc, n)->text == 0)
        return;
    html_break(w, 2);
    html_begin(w);
    w->strong++;
    html_delim_open(w, "**");
    w->bol = true;
    html_render_flat(w, n);
    html_delim_close(w, "**");
    w->strong--;
    w->space = w->bol = false;
    html_break(w, 2);
}

static void render_paragraph(struct html_writer *w, const GumboNode *n)
{
    html_para(w);
    html_render_children(w, n);
    html_para(w);
}

/* docutils indents with <blockquote><div>; that is no quotation. */
static bool is_indentation(const struct html_doc *d, const GumboNode *n)
{
    const GumboNode *c = html_only_child(d, n);
    while (c && html_tag(c) == GUMBO_TAG_DIV)
        c = html_only_child(d, c);
    switch (c ? html_tag(c) : GUMBO_TAG_LAST) {
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_TABLE:
        return true;
    default:
        return false;
    }
}

/* Children behind "> ". */
static void render_quoted(struct html_writer *w, const GumboNode *n, const char *title)
{
    unsigned tight = w->tight;
    html_break(w, 2);
    bool pushed = html_push(w, "> ");
    w->tight = 0;
    if (title) {
        html_begin(w);
        buf_adds(w->out, "**");
        buf_adds(w->out, title);
        buf_adds(w->out, "**");
        w->bol = false;
        html_break(w, 2);
    }
    html_render_children(w, n);
    if (pushed)
        html_pop(w, 2);
    w->tight = tight;
    html_break(w, 2);
}

/* Element that names a note box, among the first `budget` ones below n. */
static const GumboNode *box_title(const struct html_doc *d, const GumboNode *n, unsigned *budget)
{
    for (unsigned i = 0; i < n->v.element.children.length && *budget; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(d, c))
            continue;
        --*budget;
        const char *cls = html_attr(c, "class");
        if (html_mark(d, c)->bits & WORD_BOXTITLE || html_heading_level(c) ||
            (cls && strcmp(cls, "title") == 0))
            return c;
        const GumboNode *found = box_title(d, c, budget);
        if (found)
            return found;
    }
    return NULL;
}

void html_render_admonition(struct html_writer *w, const GumboNode *n)
{
    unsigned budget = 8;
    const GumboNode *node = box_title(w->doc, n, &budget);
    const char *cls = html_attr(n, "class"), *kind = cls ? html_admonition_kind(cls) : NULL;
    buf_clear(&w->scratch);
    if (node && html_mark(w->doc, node)->text < 200) {
        html_plain(w->doc, node, false, &w->scratch);
        buf_rtrim(&w->scratch, " :");
        html_mark(w->doc, node)->bits |= MARK_DROP;
    }
    const char *title = w->scratch.len ? w->scratch.data : kind;
    while (title && *title == ' ')
        title++;
    if (title && *title)
        render_quoted(w, n, title);
    else
        render_paragraph(w, n);
}

static void render_summary(struct html_writer *w, const GumboNode *n)
{
    if (html_has_block(w->doc, n))
        html_render_children(w, n);
    else
        html_render_bold(w, n);
}

static void render_box(struct html_writer *w, const GumboNode *n, uint32_t bits)
{
    const GumboNode *first = NULL;
    for (unsigned i = 0; bits & WORD_FRAGMENT && !first && i < n->v.element.children.length; i++)
        if (html_is_element(n->v.element.children.data[i]))
            first = n->v.element.children.data[i];
    if (bits & (WORD_ADMONITION | WORD_KIND) && html_tag(n) != GUMBO_TAG_SECTION &&
        html_tag(n) != GUMBO_TAG_ARTICLE) {
        html_render_admonition(w, n);
    } else if (first && html_mark(w->doc, first)->bits & WORD_LINE) {
        html_render_pre(w, n);
    } else if (n == w->doc->heading && bits & WORD_TITLE) {
        render_heading(w, n, 1);
    } else if (bits & WORD_CODE) {
        html_para(w);
        html_render_code(w, n);
        html_para(w);
    } else if (bits & WORD_LINE) {
        html_break(w, 1);
        html_render_children(w, n);
        html_break(w, 1);
    } else {
        render_paragraph(w, n);
    }
}

/* Blocks inside a heading, a link or a table cell. */
static void render_block_flat(struct html_writer *w, const GumboNode *n)
{
    html_break(w, 1);
    if (html_tag(n) == GUMBO_TAG_PRE)
        html_render_code(w, n);
    else
        html_render_children(w, n);
    html_break(w, 1);
}

void html_render(struct html_writer *w, const GumboNode *n)
{
    if (html_is_text(n)) {
        if (html_dropped(w->doc, n))
            return;
        html_text(w, n->v.text.text, strlen(n->v.text.text));
        return;
    }
    if (!html_is_element(n) || html_dropped(w->doc, n) || w->out->full || w->out->oom)
        return;
    uint32_t bits = html_mark(w->doc, n)->bits;
    if (html_render_inline(w, n))
        return;
    if (!html_is_block(n)) {
        html_render_children(w, n);
        return;
    }
    if (w->flat) {
        render_block_flat(w, n);
        return;
    }
    unsigned level = html_heading_level(n);
    if (level) {
        render_heading(w, n, level);
        return;
    }
    switch (n->v.element.tag) {
    case GUMBO_TAG_P:
        if (bits & (WORD_RUBRIC | WORD_BOXTITLE) && !html_has_block(w->doc, n))
            html_render_bold(w, n);
        else
            render_paragraph(w, n);
        break;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_DIR:
        html_render_list(w, n);
        break;
    case GUMBO_TAG_DL:
        html_render_dl(w, n);
        break;
    case GUMBO_TAG_TABLE:
        html_render_table(w, n);
        break;
    case GUMBO_TAG_PRE:
        html_render_pre(w, n);
        break;
    case GUMBO_TAG_BLOCKQUOTE:
        if (is_indentation(w->doc, n))
            html_render_children(w, n);
        else if (html_mark(w->doc, n)->text)
            render_quoted(w, n, NULL);
        break;
    case GUMBO_TAG_HR:
        if (w->out->len) {
            html_break(w, 2);
            html_raw(w, "---", 3);
            html_break(w, 2);
        }
        break;
    case GUMBO_TAG_SUMMARY:
        render_summary(w, n);
        break;
    default:
        if (!html_render_grid(w, n))
            render_box(w, n, bits);
        break;
    }
}
