/* SPDX-License-Identifier: MIT
 * What a generator signs its pages with, where no class or id tells. man2html writes one flat page:
 * a way back at the top, an index of the sections and a remark about itself at the end. */
#include "core/text/html.h"

#include <string.h>

#define END_MAX 24 /* children of <body> that the end may have */

static bool starts(const GumboNode *n, const char *text)
{
    const char *s = html_is_text(n) ? n->v.text.text : NULL;
    return s && strncmp(s + strspn(s, " \t\r\n"), text, strlen(text)) == 0;
}

static const char *link_text(const GumboNode *n)
{
    const GumboNode *c = html_tag(n) == GUMBO_TAG_A && n->v.element.children.length == 1
                             ? n->v.element.children.data[0]
                             : NULL;
    return c && html_is_text(c) ? c->v.text.text : "";
}

static void drop(struct html_doc *d, GumboNode *n)
{
    html_mark(d, n)->bits |= MARK_HARD;
    html_mark(d, n)->text = html_mark(d, n)->link = 0;
}

static bool is_index_heading(const GumboNode *n)
{
    return html_heading_level(n) == 2 && n->v.element.children.length == 1 &&
           starts(n->v.element.children.data[0], "Index");
}

void html_drop_signature(struct html_doc *d)
{
    const GumboVector *v = &d->body->v.element.children;
    unsigned end = v->length, from;
    for (unsigned i = v->length; i-- > 0 && v->length - i < END_MAX && end == v->length;)
        if (starts(v->data[i], "This document was created by") && i + 1 < v->length &&
            strcmp(link_text(v->data[i + 1]), "man2html") == 0)
            end = i;
    if (end == v->length)
        return;
    for (from = end; from > 0 && end - from < END_MAX && !is_index_heading(v->data[from - 1]);)
        from--;
    from = from > 0 && is_index_heading(v->data[from - 1]) ? from - 1 : end;
    for (unsigned i = from; i < v->length; i++)
        drop(d, v->data[i]);
    for (unsigned i = 0; i < from && i < END_MAX; i++)
        if (strcmp(link_text(v->data[i]), "Return to Main Contents") == 0 ||
            strcmp(link_text(v->data[i]), "Index") == 0)
            drop(d, v->data[i]);
}
