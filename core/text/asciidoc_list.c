/* SPDX-License-Identifier: MIT
 * AsciiDoc: lists. What is attached to an item ("+" in a line of its own) is in it, as is a list
 * with another mark. */
#include "core/text/asciidoc.h"

/* Columns of the mark of an item that is not labelled; its key is what others share. */
static size_t bullet(struct span l, struct adoc_marker *m)
{
    size_t n = 0;
    if (l.s[0] == '*' || l.s[0] == '.' || l.s[0] == '-') {
        n = span_run(l, l.s[0]);
        if (n > (l.s[0] == '-' ? 1u : 6u))
            return 0;
        m->key = (struct span){l.s, n};
        m->kind = l.s[0] == '.' ? '.' : '*';
    } else if (is_digit(l.s[0])) {
        while (n < l.len && n < 9 && is_digit(l.s[n]))
            n++;
        if (n++ == l.len || l.s[n - 1] != '.')
            return 0;
        m->key = span_of("1.");
        m->kind = '.';
    } else if (l.len > 2 && is_alpha(l.s[0]) && l.s[1] == '.') {
        n = 2;
        m->key = is_upper(l.s[0]) ? span_of("A.") : span_of("a.");
        m->kind = '.';
    } else if (l.s[0] == '<') {
        for (n = 1; n < l.len && n < 9 && (is_digit(l.s[n]) || (n == 1 && l.s[n] == '.'));)
            n++;
        if (n < 2 || n++ == l.len || l.s[n - 1] != '>')
            return 0;
        m->key = span_of("<1>");
        m->kind = '<';
    }
    return n;
}

bool adoc_marker(struct span line, struct adoc_marker *m)
{
    struct span l = span_trim(line);
    if (!l.len || span_starts(l, "//"))
        return false;
    size_t n = bullet(l, m);
    if (n && n < l.len && is_blank(l.s[n])) {
        m->text = span_trim(span_skip(l, n));
        return true;
    }
    for (size_t i = 1; i + 1 < l.len; i++) {
        if ((l.s[i] != ':' && l.s[i] != ';') || l.s[i + 1] != l.s[i])
            continue;
        size_t run = span_run(span_skip(l, i), l.s[i]);
        bool ends = i + run == l.len || is_blank(l.s[i + run]);
        if (ends && run <= (l.s[i] == ':' ? 4u : 2u)) {
            m->kind = ':';
            m->key = (struct span){l.s + i, run};
            m->term = (struct span){l.s, i};
            m->text = span_trim(span_skip(l, i + run));
            return true;
        }
        i += run - 1;
    }
    return false;
}

static bool is_open(const struct adoc *a, struct span key)
{
    for (size_t i = 0; i < a->n_markers; i++)
        if (a->marker[i].len == key.len && memcmp(a->marker[i].s, key.s, key.len) == 0)
            return true;
    return false;
}

static struct span line_at(const struct adoc *a, size_t i)
{
    return i < a->n ? a->line[i] : ADOC_NOTHING;
}

static size_t skip_blank(struct adoc *a)
{
    size_t from = a->i;
    while (a->i < a->n && a->line[a->i].len == 0)
        a->i++;
    return a->i - from;
}

/* The text of an item goes on in the lines below it. */
static bool item_text(struct adoc *a, struct span first)
{
    struct buf text = {.limit = a->out->limit};
    buf_add_span(&text, first);
    for (; a->i < a->n && !adoc_ends_paragraph(a, a->line[a->i]); a->i++) {
        if (span_starts(a->line[a->i], "//"))
            continue;
        if (text.len)
            buf_addc(&text, '\n');
        buf_add_span(&text, span_trim(a->line[a->i]));
    }
    bool any = text.len > 0;
    if (any)
        adoc_inline(a, (struct span){text.data, text.len});
    a->out->oom |= text.oom;
    buf_fini(&text);
    return any;
}

/* Do attributes and titles from line i on stand above a list that is not open yet? */
static bool above_new_list(const struct adoc *a, size_t i)
{
    struct adoc_marker m;
    while (i < a->n && a->line[i].len && (adoc_is_style(a->line[i]) || a->line[i].s[0] == '.') &&
           !adoc_marker(a->line[i], &m))
        i++;
    return adoc_marker(line_at(a, i), &m) && !is_open(a, m.key);
}

/* What comes below the text of an item and is part of it. */
static void attached(struct adoc *a, bool any)
{
    while (a->i < a->n && buf_status(a->out) == 0) {
        struct adoc_marker m;
        size_t blanks = skip_blank(a), from = a->i;
        struct span l = line_at(a, a->i);
        bool mine = true;
        if (!l.len)
            return;
        if (span_eq(l, "+")) {
            if (blanks && a->n_markers > 1) { /* of the item that this list is in */
                a->i -= blanks - 1;
                return;
            }
            a->i++;
            skip_blank(a);
            adoc_block(a);
        } else if (adoc_marker(l, &m)) {
            mine = !is_open(a, m.key);
            if (mine)
                adoc_block(a);
        } else if (span_starts(l, "//") && !adoc_delimiter(l) && !blanks) {
            a->i++;
        } else if ((blanks && is_blank(l.s[0])) || (!blanks && above_new_list(a, a->i)) ||
                   (!any && !adoc_heading(l, &m.text))) {
            adoc_block(a);
        } else {
            mine = false;
        }
        if (!mine) {
            a->i = from - blanks;
            return;
        }
        any = true;
        if (a->i == from)
            a->i++;
    }
}

static void definition(struct adoc *a, const struct adoc_marker *m)
{
    struct adoc_marker next;
    buf_adds(a->out, "<dt>");
    adoc_inline(a, m->term);
    buf_adds(a->out, "</dt>\n");
    size_t ahead = a->i;
    while (ahead < a->n && a->line[ahead].len == 0)
        ahead++;
    if (!m->text.len && adoc_marker(line_at(a, ahead), &next) && next.kind == ':' &&
        next.key.len == m->key.len && next.key.s[0] == m->key.s[0])
        return; /* another name of the same */
    buf_adds(a->out, "<dd>");
    attached(a, item_text(a, m->text));
    buf_adds(a->out, "</dd>\n");
}

static void item(struct adoc *a, const struct adoc_marker *m)
{
    struct span t = m->text;
    buf_adds(a->out, "<li>");
    if (m->kind == '*' && t.len > 4 && t.s[0] == '[' && t.s[2] == ']' && t.s[3] == ' ') {
        buf_adds(a->out, t.s[1] == ' ' ? "[ ] " : "[x] ");
        t = span_skip(t, 4);
    }
    attached(a, item_text(a, t));
    buf_adds(a->out, "</li>\n");
}

void adoc_list(struct adoc *a)
{
    struct adoc_marker m, next;
    struct span start = a->style.start;
    if (!adoc_marker(a->line[a->i], &m))
        return;
    a->marker[a->n_markers++] = m.key;
    a->style = ADOC_STYLE_NONE;
    const char *tag = m.kind == ':' ? "dl" : m.kind == '*' ? "ul" : "ol";
    buf_addf(a->out, "<%s", tag);
    if (m.kind == '.' && start.len && start.len < 9 && is_digit(start.s[0]))
        buf_addf(a->out, " start=\"%.*s\"", (int)start.len, start.s);
    buf_adds(a->out, ">\n");
    for (bool more = true; more && buf_status(a->out) == 0;) {
        a->i++;
        if (m.kind == ':')
            definition(a, &m);
        else
            item(a, &m);
        size_t at = a->i;
        skip_blank(a);
        more = adoc_marker(line_at(a, a->i), &next) && next.key.len == m.key.len &&
               memcmp(next.key.s, m.key.s, m.key.len) == 0;
        if (more)
            m = next;
        else
            a->i = at;
    }
    if (m.kind == '<')
        a->callouts = 0;
    buf_addf(a->out, "</%s>\n", tag);
    a->n_markers--;
}
