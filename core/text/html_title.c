/* SPDX-License-Identifier: MIT
 * <title> and the heading that says the same: the one sure sign of which h1 is the page's. */
#include "core/text/html.h"

#include <string.h>

#define HEADINGS_MAX 40

/* "Page — Site" -> "Page". */
static void trim_site(struct buf *b)
{
    static const char *const separators[] = {" — ", " – ", " | ", " · ", " :: ", " » ", " - "};
    size_t cut = 0;
    for (size_t i = 0; i < sizeof separators / sizeof *separators && !cut; i++) {
        size_t n = strlen(separators[i]);
        for (size_t at = 1; at + n < b->len; at++)
            if (memcmp(b->data + at, separators[i], n) == 0)
                cut = at;
    }
    if (cut)
        buf_truncate(b, cut);
}

void html_title(const struct html_doc *d, struct buf *out)
{
    for (unsigned i = 0; d->head && i < d->head->v.element.children.length; i++) {
        const GumboNode *c = d->head->v.element.children.data[i];
        if (html_tag(c) != GUMBO_TAG_TITLE)
            continue;
        html_plain(d, c, false, out);
        buf_rtrim(out, " ");
        trim_site(out);
        return;
    }
}

/* Letters and digits in lower case, at most max of them. */
static size_t essence(const struct buf *b, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len && n < max; i++) {
        unsigned char c = (unsigned char)b->data[i];
        if (c >= 'A' && c <= 'Z')
            c += 32;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
            out[n++] = (char)c;
    }
    return n;
}

struct match {
    struct html_doc *d;
    char title[256];
    size_t len;
    unsigned left;       /* headings still to look at */
    GumboNode *contains; /* first h1 that contains the title or is contained in it */
};

/* The h1 or h2 that equals the title. */
static GumboNode *find_equal(struct match *m, GumboNode *n)
{
    if (!html_is_element(n) || html_mark(m->d, n)->bits & MARK_HARD || !m->left)
        return NULL;
    unsigned level = html_heading_level(n);
    if (level == 1 || level == 2) {
        _cleanup_buf_ struct buf b = {0};
        char text[256];
        m->left--;
        html_plain(m->d, n, false, &b);
        size_t len = essence(&b, text, sizeof text);
        if (len == m->len && memcmp(text, m->title, len) == 0)
            return n;
        if (level == 1 && len > 2 && !m->contains &&
            (memmem(text, len, m->title, m->len) || memmem(m->title, m->len, text, len)))
            m->contains = n;
        return NULL;
    }
    for (unsigned i = 0; i < n->v.element.children.length; i++) {
        GumboNode *found = find_equal(m, n->v.element.children.data[i]);
        if (found)
            return found;
    }
    return NULL;
}

bool html_heading_by_title(struct html_doc *d)
{
    _cleanup_buf_ struct buf b = {0};
    struct match m = {.d = d, .left = HEADINGS_MAX};
    html_title(d, &b);
    m.len = essence(&b, m.title, sizeof m.title);
    d->heading = NULL;
    if (m.len < 2)
        return m.len > 0;
    d->heading = find_equal(&m, d->body);
    if (!d->heading)
        d->heading = m.contains;
    if (!d->heading)
        return true;
    /* the others are the site's and protect nothing */
    for (size_t i = 0; i < d->n_marks; i++)
        d->mark[i].bits &= ~(uint32_t)MARK_HOLDS_HEADING;
    for (GumboNode *n = d->heading; n && html_is_element(n); n = n->parent)
        html_mark(d, n)->bits |= MARK_HOLDS_HEADING;
    return true;
}
