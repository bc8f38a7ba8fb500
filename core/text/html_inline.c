/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <string.h>
#include <strings.h>

const GumboNode *html_only_child(const struct html_doc *d, const GumboNode *n)
{
    const GumboNode *found = NULL;
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        const GumboNode *c = n->v.element.children.data[i];
        if (c->type == GUMBO_NODE_WHITESPACE || c->type == GUMBO_NODE_COMMENT ||
            (html_is_element(c) && html_dropped(d, c)))
            continue;
        if (found || !html_is_element(c))
            return NULL;
        found = c;
    }
    return found;
}

bool html_is_code(const GumboNode *n)
{
    GumboTag tag = html_tag(n);
    return tag == GUMBO_TAG_CODE || tag == GUMBO_TAG_TT || tag == GUMBO_TAG_KBD ||
           tag == GUMBO_TAG_SAMP;
}

void html_render_code(struct html_writer *w, const GumboNode *n)
{
    buf_clear(&w->scratch);
    html_plain(w->doc, n, false, &w->scratch);
    /* blanks at the edges belong outside */
    struct span code = buf_span(&w->scratch);
    if (span_starts(code, " "))
        w->space = true;
    html_code_span(w, code);
    if (code.len > 1 && span_ends(code, " "))
        w->space = true;
}

static void render_emphasis(struct html_writer *w, const GumboNode *n, const char *delim,
                            unsigned *nesting)
{
    const GumboNode *only = html_only_child(w->doc, n);
    if (*nesting || (only && html_is_code(only)) || html_has_block(w->doc, n) ||
        (w->in_heading && delim[0] == '*') || w->n_delims == HTML_DELIMS_MAX) {
        html_render_children(w, n);
        return;
    }
    ++*nesting;
    html_delim_open(w, delim);
    html_render_children(w, n);
    --*nesting;
    html_delim_close(w, delim);
}

static bool is_safe_url(const char *url)
{
    static const char *const bad[] = {"javascript:", "data:", "vbscript:"};
    while (*url && (unsigned char)*url <= ' ')
        url++;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strncasecmp(url, bad[i], strlen(bad[i])) == 0)
            return false;
    return *url && *url != '#';
}

/* (target) of a link; what would end it early is percent-encoded. */
static void write_target(struct html_writer *w, const char *url)
{
    size_t len = strlen(url);
    while (len && (unsigned char)url[len - 1] <= ' ')
        len--;
    while (len && (unsigned char)*url <= ' ')
        url++, len--;
    int open = 0;
    for (size_t i = 0; i < len && open >= 0; i++)
        open += url[i] == '(' ? 1 : url[i] == ')' ? -1 : 0;
    bool parens = open == 0; /* balanced ones do not end it */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)url[i];
        bool bad = c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '\\' ||
                   ((c == '(' || c == ')') && !parens) || (c == '|' && w->cell);
        if (bad)
            buf_addf(w->out, "%%%02X", c);
        else
            buf_addc(w->out, (char)c);
    }
}

static bool is_balanced(const char *s, size_t len)
{
    int open = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\\')
            i++;
        else if (s[i] == '[')
            open++;
        else if (s[i] == ']' && --open < 0)
            return false;
    }
    return open == 0;
}

static void render_link(struct html_writer *w, const GumboNode *n)
{
    const char *href = html_attr(n, "href");
    if (!href || w->in_link || w->in_heading || !is_safe_url(href)) {
        html_render_children(w, n);
        return;
    }
    struct html_writer before = *w;
    size_t before_len = w->out->len;
    html_begin(w);
    if (buf_last(w->out) == '!') {
        buf_truncate(w->out, w->out->len - 1);
        buf_adds(w->out, "\\!");
    }
    size_t at = w->out->len;
    buf_addc(w->out, '[');
    w->in_link = true;
    /* inside, blanks and line ends count from the bracket */
    w->bol = true;
    html_render_flat(w, n);
    w->in_link = false;
    size_t len = w->out->len - at - 1;
    if (len == 0 || w->out->full || w->out->oom) {
        /* no text and no image: as if it had not been there */
        before.scratch = w->scratch;
        *w = before;
        buf_truncate(w->out, before_len);
        return;
    }
    const char *text = w->out->data + at + 1;
    if (!is_balanced(text, len)) {
        memmove(w->out->data + at, text, len);
        buf_truncate(w->out, at + len);
    } else if (strncmp(href, "http", 4) == 0 && strlen(href) == len &&
               memcmp(text, href, len) == 0 && !strpbrk(href, " <>|\\")) {
        w->out->data[at] = '<';
        buf_addc(w->out, '>');
    } else {
        buf_addc(w->out, ']');
        buf_addc(w->out, '(');
        write_target(w, href);
        buf_addc(w->out, ')');
    }
    w->bol = false;
}

static void render_image(struct html_writer *w, const GumboNode *n)
{
    const char *alt = html_attr(n, "alt"), *src = html_attr(n, "src");
    if (!alt || !*alt)
        return;
    bool linked = src && is_safe_url(src) && !w->in_link && !w->in_heading;
    if (!linked) {
        html_text(w, alt, strlen(alt));
        return;
    }
    html_raw(w, "![", 2);
    buf_clear(&w->scratch);
    for (const char *s = alt; *s; s++)
        buf_addc(&w->scratch, (unsigned char)*s <= ' ' || *s == '[' || *s == ']' ? ' ' : *s);
    w->bol = true;
    w->flat++;
    html_text(w, w->scratch.data, w->scratch.len);
    w->flat--;
    w->space = false;
    w->bol = false;
    buf_adds(w->out, "](");
    write_target(w, src);
    buf_addc(w->out, ')');
}

/* \(x\) and \[x\], as Sphinx, KaTeX and the scanner leave it, become $x$ and $$x$$. */
static void render_math(struct html_writer *w, const GumboNode *n)
{
    buf_clear(&w->scratch);
    html_plain(w->doc, n, false, &w->scratch);
    char *s = w->scratch.data;
    size_t len = w->scratch.len;
    while (len && s[len - 1] == ' ')
        len--;
    while (len && *s == ' ')
        s++, len--;
    const char *open = len ? memmem(s, len, "\\[", 2) : NULL;
    if (open && open - s <= 16) { /* behind an equation number */
        len -= (size_t)(open - s);
        s += open - s;
    }
    bool display = len >= 4 && s[0] == '\\' && s[1] == '[';
    if (len >= 4 && s[0] == '\\' && (s[1] == '(' || s[1] == '[')) {
        s += 2;
        len -= 4;
        while (len && s[len - 1] == ' ')
            len--;
        while (len && *s == ' ')
            s++, len--;
        if (!len)
            return;
        html_raw(w, display ? "$$" : "$", display ? 2 : 1);
        buf_add(w->out, s, len);
        buf_adds(w->out, display ? "$$" : "$");
    } else {
        html_raw(w, s, len);
    }
}

static void render_checkbox(struct html_writer *w, const GumboNode *n)
{
    const char *type = html_attr(n, "type");
    if (!type || strcasecmp(type, "checkbox") != 0 || html_tag(n->parent) == GUMBO_TAG_BODY)
        return;
    html_raw(w, html_attr(n, "checked") ? "[x]" : "[ ]", 3);
    w->space = true;
}

/* A digit or sign as "^2"; footnote marks and words stay as they are. */
static void render_sup(struct html_writer *w, const GumboNode *n)
{
    const struct html_mark *m = html_mark(w->doc, n);
    if (m->text && !m->links && !w->space && !w->bol && m->text <= 8)
        html_raw(w, "^", 1);
    html_render_children(w, n);
}

bool html_render_inline(struct html_writer *w, const GumboNode *n)
{
    switch (n->v.element.tag) {
    case GUMBO_TAG_A:
        render_link(w, n);
        return true;
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_KBD:
    case GUMBO_TAG_SAMP:
        if (html_has_block(w->doc, n))
            html_render_children(w, n);
        else
            html_render_code(w, n);
        return true;
    case GUMBO_TAG_EM:
    case GUMBO_TAG_I:
    case GUMBO_TAG_CITE:
    case GUMBO_TAG_VAR:
    case GUMBO_TAG_DFN:
        render_emphasis(w, n, "*", &w->em);
        return true;
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_B:
        render_emphasis(w, n, "**", &w->strong);
        return true;
    case GUMBO_TAG_DEL:
    case GUMBO_TAG_S:
    case GUMBO_TAG_STRIKE:
        render_emphasis(w, n, "~~", &w->del);
        return true;
    case GUMBO_TAG_Q:
        html_raw(w, "\"", 1);
        html_render_children(w, n);
        w->space = false;
        html_raw(w, "\"", 1);
        return true;
    case GUMBO_TAG_SUP:
        render_sup(w, n);
        return true;
    case GUMBO_TAG_BR:
        html_break(w, w->pending ? 2 : 1); /* two of them separate paragraphs */
        return true;
    case GUMBO_TAG_IMG:
        render_image(w, n);
        return true;
    case GUMBO_TAG_INPUT:
        render_checkbox(w, n);
        return true;
    default:
        if (html_mark(w->doc, n)->bits & WORD_MATH && !html_has_block(w->doc, n)) {
            bool block = html_is_block(n);
            if (block)
                html_para(w);
            render_math(w, n);
            if (block)
                html_para(w);
            return true;
        }
        return false;
    }
}
