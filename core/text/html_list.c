/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_MAX 160 /* longer ones are cut in the heading and repeated in full below */

static bool is_list(const GumboNode *n)
{
    GumboTag tag = html_tag(n);
    return tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_MENU ||
           tag == GUMBO_TAG_DIR;
}

/* Paragraphs and the like in a list item, nested lists not counted. */
static unsigned count_blocks(const struct html_doc *d, const GumboNode *n, unsigned depth)
{
    unsigned count = 0;
    bool run = false; /* of inline content */
    for (unsigned i = 0; i < n->v.element.children.length && count < 2; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (c->type == GUMBO_NODE_WHITESPACE || c->type == GUMBO_NODE_COMMENT || html_dropped(d, c))
            continue;
        GumboTag tag = html_tag(c);
        bool block = html_is_block(c);
        if (!block) {
            count += !run;
            run = true;
            continue;
        }
        run = false;
        if (is_list(c))
            continue;
        if ((tag == GUMBO_TAG_DIV || tag == GUMBO_TAG_SECTION) && depth)
            count += count_blocks(d, c, depth - 1);
        else
            count++;
    }
    return count;
}

static bool is_loose(const struct html_doc *d, const GumboNode *n)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        GumboTag tag = html_tag(c);
        if ((tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DD) && count_blocks(d, c, 3) > 1)
            return true;
    }
    return false;
}

/* Content behind a marker, indented by its width. */
static void render_item(struct html_writer *w, const GumboNode *n, const char *marker)
{
    size_t width = strlen(marker);
    char indent[16];
    html_begin(w);
    buf_add(w->out, marker, width);
    w->fresh = w->bol = true;
    memset(indent, ' ', width);
    indent[width] = '\0';
    bool pushed = html_push(w, indent);
    html_render_children(w, n);
    if (pushed)
        html_pop(w, width);
    w->fresh = w->space = false;
}

void html_render_list(struct html_writer *w, const GumboNode *n)
{
    const struct html_doc *d = w->doc;
    if (html_mark(d, n)->kept == 0)
        return;
    unsigned outer = w->tight;
    bool ordered = html_tag(n) == GUMBO_TAG_OL, first = true;
    bool loose = is_loose(d, n);
    const char *start = ordered ? html_attr(n, "start") : NULL;
    long number = start ? strtol(start, NULL, 10) : 1;
    size_t width = 2;
    html_para(w);
    w->tight = !loose;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(d, c) || html_mark(d, c)->kept == 0)
            continue;
        if (html_tag(c) != GUMBO_TAG_LI) {
            /* a list directly in a list belongs to the item before */
            char indent[16] = "             ";
            indent[width] = '\0';
            bool pushed = !first && is_list(c) && html_push(w, indent);
            html_render(w, c);
            if (pushed)
                html_pop(w, width);
            continue;
        }
        char marker[16] = "- ";
        if (ordered) {
            const char *value = html_attr(c, "value");
            if (value)
                number = strtol(value, NULL, 10);
            if (number < 0 || number > 99999999)
                number = 1;
            snprintf(marker, sizeof marker, "%ld. ", number++);
        }
        width = strlen(marker);
        if (!first)
            html_break(w, loose ? 2 : 1);
        first = false;
        render_item(w, c, marker);
    }
    w->tight = outer;
    html_para(w);
}

/* True when the term is set in code already. */
static bool holds_code(const struct html_doc *d, const GumboNode *n)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        const GumboNode *only = html_is_element(c) ? html_only_child(d, c) : NULL;
        if (html_is_code(c) || (only && html_is_code(only)))
            return true;
    }
    return false;
}

static void render_term(struct html_writer *w, const GumboNode *n)
{
    bool bold = !html_mark(w->doc, n)->links && !holds_code(w->doc, n) &&
                !html_has_block(w->doc, n) && !w->strong;
    if (bold) {
        w->strong++;
        html_delim_open(w, "**");
    }
    html_render_flat(w, n);
    if (bold) {
        w->strong--;
        html_delim_close(w, "**");
    }
}

struct terms {
    bool loose, any, after_dt;
    bool toc; /* DocBook: terms are the lines of a table of contents */
};

/* <dt> and <dd>, also inside the <div> groups that HTML allows. */
static void render_terms(struct html_writer *w, const GumboNode *n, struct terms *t)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(w->doc, c) || !html_mark(w->doc, c)->kept)
            continue;
        switch (c->v.element.tag) {
        case GUMBO_TAG_DT:
            if (t->after_dt && !t->toc && !html_mark(w->doc, c)->links) {
                html_raw(w, ",", 1);
                w->space = true;
            } else {
                if (t->any)
                    html_break(w, t->loose ? 2 : 1);
                html_begin(w);
                buf_adds(w->out, "- ");
                w->fresh = w->bol = true;
            }
            if (t->toc)
                html_render_flat(w, c);
            else
                render_term(w, c);
            w->fresh = w->space = false;
            t->any = t->after_dt = true;
            break;
        case GUMBO_TAG_DD: {
            bool pushed = html_push(w, "  ");
            if (t->any)
                html_break(w, t->after_dt ? 1 : 2);
            html_render_children(w, c);
            if (pushed)
                html_pop(w, 2);
            t->any = true;
            t->after_dt = false;
            break;
        }
        default:
            if (html_tag(c) == GUMBO_TAG_DIV)
                render_terms(w, c, t);
            else
                html_render(w, c);
        }
    }
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Sphinx shows "cancel(msg=None)" for the anchor "asyncio.Task.cancel". People look for the whole
 * name, so it takes the place of the part of it that is shown. */
static void complete_name(const GumboNode *n, struct buf *sig)
{
    const char *id = html_attr(n, "id");
    const char *last = id ? strrchr(id, '.') : NULL;
    size_t len = id ? strlen(id) : 0;
    if (!last || !last[1] || len > 200 || strncmp(id, "c.", 2) == 0)
        return;
    for (size_t i = 0; i < len; i++)
        if (!is_name_byte(id[i]))
            return;
    for (size_t at = 0; at < sig->len;) {
        size_t n_word = 0;
        while (at + n_word < sig->len && is_name_byte(sig->data[at + n_word]))
            n_word++;
        const char *word = sig->data + at;
        if (n_word < len && n_word >= strlen(last + 1) && id[len - n_word - 1] == '.' &&
            memcmp(id + len - n_word, word, n_word) == 0) {
            _cleanup_buf_ struct buf whole = {0};
            buf_add(&whole, sig->data, at);
            buf_adds(&whole, id);
            buf_add(&whole, word + n_word, sig->len - at - n_word);
            if (buf_status(&whole) < 0)
                return;
            buf_clear(sig);
            buf_add(sig, whole.data, whole.len);
            return;
        }
        if (n_word && n_word >= len && memcmp(word, id, len) == 0)
            return;
        if (at + n_word < sig->len && sig->data[at + n_word] == '(')
            return; /* what follows are parameters */
        at += n_word + 1;
    }
}

/* Signature of an API item as a heading, so that passages end with the item. */
static void render_signature(struct html_writer *w, const GumboNode *n, unsigned level, bool more)
{
    _cleanup_buf_ struct buf sig = {0};
    html_plain(w->doc, n, false, &sig);
    buf_rtrim(&sig, " ");
    if (!sig.len)
        return;
    complete_name(n, &sig);
    bool is_long = sig.len > SIGNATURE_MAX;
    html_break(w, 2);
    if (!more) {
        html_begin(w);
        for (unsigned i = 0; i < level; i++)
            buf_addc(w->out, '#');
        buf_addc(w->out, ' ');
        w->bol = true;
        const char *paren = is_long ? memchr(sig.data, '(', sig.len) : NULL;
        struct span head = buf_span(&sig);
        if (is_long)
            head.len = paren && paren - sig.data < SIGNATURE_MAX ? (size_t)(paren - sig.data)
                                                                 : strcspn(sig.data, " ");
        html_code_span(w, head);
        html_break(w, 2);
    }
    if (more || is_long) {
        html_code_span(w, buf_span(&sig));
        html_break(w, 2);
    }
}

static void render_api(struct html_writer *w, const GumboNode *n)
{
    unsigned outer = w->level, level = outer < 6 ? outer + 1 : 6;
    bool more = false;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (!html_is_element(c) || html_dropped(w->doc, c))
            continue;
        if (html_tag(c) == GUMBO_TAG_DT) {
            render_signature(w, c, level, more);
            more = true;
        } else {
            w->level = level;
            html_break(w, 2);
            html_render_children(w, c);
            html_break(w, 2);
            more = false;
        }
    }
    w->level = outer;
}

static bool is_api(const struct html_doc *d, const GumboNode *n)
{
    uint32_t bits = html_mark(d, n)->bits;
    if (bits & WORD_PLAIN)
        return false;
    if (bits & WORD_API)
        return true;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (html_is_element(c))
            return html_tag(c) == GUMBO_TAG_DT && html_mark(d, c)->bits & WORD_API;
    }
    return false;
}

static bool is_toc(const struct html_doc *d, const GumboNode *n)
{
    for (unsigned i = 0; i < 16 && n && html_is_element(n) && n != d->main; i++, n = n->parent)
        if (html_mark(d, n)->bits & WORD_TOC)
            return true;
    return false;
}

void html_render_dl(struct html_writer *w, const GumboNode *n)
{
    if (html_mark(w->doc, n)->kept == 0)
        return;
    if (w->prefix_len == 0 && is_api(w->doc, n)) {
        render_api(w, n);
        return;
    }
    unsigned outer = w->tight;
    struct terms t = {.loose = is_loose(w->doc, n), .toc = is_toc(w->doc, n)};
    html_para(w);
    w->tight = !t.loose;
    render_terms(w, n, &t);
    w->tight = outer;
    html_para(w);
}
