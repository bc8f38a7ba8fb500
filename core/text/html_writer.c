/* SPDX-License-Identifier: MIT
 * Lines, prefixes, delimiters and blanks. Everything due (line ends, a blank, opening delimiters)
 * is kept back until there is text to write, so nothing has to be taken back afterwards. */
#include "core/text/html.h"

#include <string.h>

void html_break(struct html_writer *w, unsigned lines)
{
    if (w->flat) {
        if (w->cell && lines && !w->bol && !w->in_link)
            w->pending = 1;
        w->space = true;
        return;
    }
    w->space = false;
    if (lines > w->pending)
        w->pending = lines;
}

static void new_line(struct html_writer *w, size_t prefix_len)
{
    buf_rtrim(w->out, " \t");
    buf_addc(w->out, '\n');
    buf_add(w->out, w->prefix, prefix_len);
}

void html_begin(struct html_writer *w)
{
    if (w->flat) {
        if (w->pending && w->cell && !w->bol)
            buf_adds(w->out, "<br>");
        else if (w->space && !w->bol)
            buf_addc(w->out, ' ');
    } else if (w->fresh) {
        /* the marker has begun the line */
    } else if (w->out->len == 0) {
        buf_add(w->out, w->prefix, w->prefix_len);
    } else if (w->pending) {
        if (w->pending > 1)
            new_line(w, w->blank_len < w->prefix_len ? w->blank_len : w->prefix_len);
        new_line(w, w->prefix_len);
        w->bol = true;
    } else if (w->space && !w->bol) {
        buf_addc(w->out, ' ');
    }
    w->pending = 0;
    w->space = w->fresh = false;
    w->blank_len = w->prefix_len;
    for (unsigned i = 0; i < w->n_delims; i++) {
        size_t n = strlen(w->delim[i]);
        /* "**a****b**" is one run */
        if (w->closed && w->closed_at == w->out->len && strcmp(w->closed, w->delim[i]) == 0)
            buf_truncate(w->out, w->out->len - n);
        else
            buf_add(w->out, w->delim[i], n);
        w->closed = NULL;
        w->bol = false;
    }
    w->n_delims = 0;
}

bool html_push(struct html_writer *w, const char *s)
{
    size_t n = strlen(s);
    if (w->prefix_len + n > HTML_PREFIX_MAX)
        return false;
    memcpy(w->prefix + w->prefix_len, s, n);
    w->prefix_len += n;
    return true;
}

void html_pop(struct html_writer *w, size_t len)
{
    w->prefix_len -= len;
    if (w->blank_len > w->prefix_len)
        w->blank_len = w->prefix_len;
}

void html_delim_open(struct html_writer *w, const char *delim)
{
    if (w->n_delims < HTML_DELIMS_MAX)
        w->delim[w->n_delims++] = delim;
}

void html_delim_close(struct html_writer *w, const char *delim)
{
    if (w->n_delims) { /* nothing was written inside */
        w->n_delims--;
        return;
    }
    /* stars of the text itself at the end would make another delimiter: escape them */
    size_t stars = 0;
    while (w->closed_at != w->out->len && stars < w->out->len &&
           w->out->data[w->out->len - stars - 1] == '*')
        stars++;
    if (stars && !(stars < w->out->len && w->out->data[w->out->len - stars - 1] == '\\')) {
        buf_truncate(w->out, w->out->len - stars);
        while (stars--)
            buf_adds(w->out, "\\*");
    }
    buf_adds(w->out, delim);
    w->closed = delim;
    w->closed_at = w->out->len;
}

void html_raw(struct html_writer *w, const char *s, size_t len)
{
    if (!len)
        return;
    html_begin(w);
    buf_add(w->out, s, len);
    w->bol = false;
}

void html_code_span(struct html_writer *w, struct span code)
{
    if (!span_trim(code).len)
        return;
    html_begin(w);
    /* two spans side by side would run into one another */
    if (buf_last(w->out) == '`')
        buf_addc(w->out, ' ');
    md_code(w->out, code, w->cell);
    w->bol = false;
}
