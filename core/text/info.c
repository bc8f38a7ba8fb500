/* SPDX-License-Identifier: MIT */
#include "core/text/info.h"

#include <errno.h>
#include <stdlib.h>

#include "core/text/heading.h"
#include "core/util/grow.h"

#define NODE "\n\x1f"     /* begins a node, a tag table and what else is not text */
#define REFERENCE_MAX 400 /* bytes of one, with its target */

bool info_is(struct span text)
{
    struct span head = {text.s, text.len < 4096 ? text.len : 4096};
    return span_has(head, ".info") && span_has(head, "produced by makeinfo") &&
           memmem(text.s, text.len, NODE, 2); /* entries of the directory may come first */
}

/* End of the target of a reference: of "(file)Node name" up to a full stop or comma. */
static size_t target_end(struct span p, size_t i)
{
    while (i < p.len && p.s[i] != '.' && p.s[i] != ',')
        i++;
    return i;
}

/* "*note Label: Node." and "*note Node::" at p -> what is read there. Bytes taken, 0 for none. */
static size_t reference(struct span p, struct buf *out)
{
    if (p.len < 8 || (memcmp(p.s, "*note", 5) && memcmp(p.s, "*Note", 5)) || !is_blank(p.s[5]))
        return 0;
    p.len = p.len < REFERENCE_MAX ? p.len : REFERENCE_MAX;
    const char *colon = memchr(p.s, ':', p.len);
    size_t at = colon ? (size_t)(colon - p.s) : p.len;
    while (at + 1 < p.len && p.s[at + 1] != ':' && !is_blank(p.s[at + 1])) { /* "A::b: Node." */
        colon = memchr(p.s + at + 1, ':', p.len - at - 1);
        at = colon ? (size_t)(colon - p.s) : p.len;
    }
    if (at + 1 >= p.len)
        return 0;
    buf_add_span(out, span_trim((struct span){p.s + 6, at - 6}));
    if (p.s[at + 1] == ':')
        return at + 2;
    size_t end = target_end(p, at + 1);
    /* Sphinx numbers its nodes, and a full stop behind a number ends no sentence. */
    bool numbered = end < p.len && p.s[end] == '.';
    for (size_t i = at + 1; i < end; i++)
        numbered =
            numbered && (is_blank(p.s[i]) || is_digit(p.s[i]) || (p.s[i] >= 'a' && p.s[i] <= 'f'));
    return end + numbered;
}

/* The line, with which *rest begins; references may go on in the next ones. */
static void add_line(size_t len, struct span *rest, struct buf *out)
{
    size_t i = 0;
    while (i < len) {
        const char *star = memchr(rest->s + i, '*', len - i);
        size_t at = star ? (size_t)(star - rest->s) : len;
        buf_add(out, rest->s + i, at - i);
        i = at;
        size_t n = i < len ? reference(span_skip(*rest, i), out) : 0;
        if (i < len && n == 0)
            buf_addc(out, '*');
        i += i < len ? n ? n : 1 : 0;
    }
    *rest = span_skip(*rest, i);
    if (rest->len && rest->s[0] == '\n')
        *rest = span_skip(*rest, 1);
    else if (rest->len)
        return; /* what is left of the line on which the reference ended */
    buf_addc(out, '\n');
}

/* Level of the title that the line underlines, 0 for none. */
static unsigned underline(struct span title, struct span line)
{
    static const char marks[] = "*=-.";
    line = span_trim(line);
    title = span_trim(title);
    const char *mark = line.len > 2 && title.len ? strchr(marks, line.s[0]) : NULL;
    if (!mark || !*mark || span_run(line, *mark) != line.len)
        return 0;
    return line.len <= title.len + 2 ? (unsigned)(mark - marks) + 1 : 0;
}

/* base: level of what is the page's title, 0 when the first title stands above all others. */
static void add_node(struct span node, unsigned base, bool *titled, struct buf *out)
{
    struct span rest = node, line, next;
    while (line_next(&rest, &line)) {
        struct span behind = rest;
        unsigned level = line_next(&behind, &next) ? underline(line, next) : 0;
        if (level) {
            level = !*titled || level < base ? 1 : level - base + 1;
            for (; level; level--)
                buf_addc(out, '#');
            *titled = true;
            buf_addc(out, ' ');
            buf_add_span(out, span_trim(line));
            buf_addc(out, '\n');
            node = rest = behind;
            continue;
        }
        if (span_eq(span_trim(line), "* Menu:"))
            return; /* the rest is where to go from here */
        if (line.len || !span_ends(buf_span(out), "\n\n"))
            add_line(line.len, &node, out);
        else
            node = rest;
        rest = node;
    }
}

/* ---- pages ---- */

#define PAGE_GOAL 32768 /* bytes; what is larger is divided where its sections begin */
#define NO_TITLE 9      /* the level of what belongs to the node before it */

struct node {
    struct span text, title, above;
    unsigned level;
};

struct manual {
    struct node *node;
    size_t n;
    size_t goal;
    int (*fn)(void *arg, struct info_page *page); /* NULL: pages are only counted */
    void *arg;
    size_t pages, of; /* made so far, of so many */
};

static struct node node_of(struct span text)
{
    struct span rest = text, line, next;
    while (line_next(&rest, &line)) {
        struct span behind = rest;
        unsigned level = line_next(&behind, &next) ? underline(line, next) : 0;
        if (level)
            return (struct node){.text = text, .title = span_trim(line), .level = level};
    }
    return (struct node){.text = text, .title = {"", 0}, .level = NO_TITLE};
}

static int read_nodes(struct span text, struct manual *m)
{
    while (text.len) {
        const char *at = memmem(text.s, text.len, NODE, 2);
        if (!at)
            break;
        text = span_skip(text, (size_t)(at + 2 - text.s));
        struct span head, node = text;
        while (line_next(&node, &head) && head.len == 0)
            ;
        if (!span_starts(head, "File:")) /* tag table, local variables, image */
            continue;
        const char *end = memmem(node.s, node.len, NODE, 2);
        if (end)
            node.len = (size_t)(end + 1 - node.s);
        if (span_has(node, "\b[index")) /* NULs around it went with the decoding */
            continue;
        if (!grow(&m->node, m->n, sizeof(*m->node)))
            return -ENOMEM;
        m->node[m->n++] = node_of(node);
    }
    return 0;
}

/* "Library" of "1.21.3 Library". */
static struct span unnumbered(struct span title)
{
    return span_skip(title, heading_number(title.s, title.len));
}

static int by_title(const void *a, const void *b)
{
    struct span x = unnumbered((*(struct node *const *)a)->title),
                y = unnumbered((*(struct node *const *)b)->title);
    int order = memcmp(x.s, y.s, x.len < y.len ? x.len : y.len);
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

/* Of nodes of the same title each needs the one above it to be told apart. */
static int find_above(struct manual *m)
{
    _cleanup_free_ struct node **sorted = calloc(m->n + 1, sizeof(*sorted));
    struct span at[NO_TITLE + 1] = {{"", 0}}; /* the last title of each level */
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < m->n; i++) {
        struct node *n = sorted[i] = &m->node[i];
        n->above = at[n->level - 1];
        for (unsigned k = n->level; k <= NO_TITLE && n->level < NO_TITLE; k++)
            at[k] = n->title;
    }
    qsort(sorted, m->n, sizeof(*sorted), by_title);
    for (size_t i = 0; i < m->n; i++)
        if ((i == 0 || by_title(&sorted[i - 1], &sorted[i])) &&
            (i + 1 == m->n || by_title(&sorted[i], &sorted[i + 1])))
            sorted[i]->above = (struct span){"", 0};
    return 0;
}

/* The nodes [from, to). base: as in add_node(). */
static int make_page(struct manual *m, size_t from, size_t to, unsigned base, unsigned number)
{
    _cleanup_buf_ struct buf out = {0};
    struct info_page page = {m->node[from].title, m->node[from].above, number, (unsigned)m->of,
                             &out};
    bool titled = false;
    m->pages++;
    if (!m->fn)
        return 0;
    for (size_t i = from; i < to; i++)
        add_node(m->node[i].text, base, &titled, &out);
    int r = buf_status(&out);
    return r < 0 ? r : m->fn(m->arg, &page);
}

/* Where what follows node i is not below it any more; *ret_size: bytes up to there. */
static size_t subtree(const struct manual *m, size_t i, size_t to, size_t *ret_size)
{
    size_t end = i + 1;
    *ret_size = m->node[i].text.len;
    for (; end < to && m->node[end].level > m->node[i].level; end++)
        *ret_size += m->node[end].text.len;
    return end;
}

/* Levels grow on the way down, so that it ends. */
static int divide(struct manual *m, size_t from, size_t to)
{
    int r = 0;
    for (size_t i = from, end; i < to && r == 0; i = end) {
        size_t size, own = i + 1;
        end = subtree(m, i, to, &size);
        while (own < end && m->node[own].level == NO_TITLE)
            own++;
        bool whole = size <= m->goal || own == end;
        r = make_page(m, i, whole ? end : own, m->node[i].level, (unsigned)m->pages + 1);
        if (r == 0 && !whole)
            r = divide(m, own, end);
    }
    return r;
}

int info_text(struct span text, size_t max_pages, int (*fn)(void *arg, struct info_page *page),
              void *arg)
{
    struct manual m = {.goal = PAGE_GOAL};
    int r = read_nodes(text, &m);
    if (r == 0)
        r = find_above(&m);
    if (r == 0 && m.n && text.len <= PAGE_GOAL) {
        m.fn = fn;
        m.arg = arg;
        r = make_page(&m, 0, m.n, 0, 0);
    } else if (r == 0) {
        do {
            m.pages = 0;
            r = divide(&m, 0, m.n);
        } while (m.pages > max_pages && m.goal < text.len && (m.goal *= 2));
        bool one = m.pages > max_pages;
        m.of = m.pages;
        m.pages = 0;
        m.fn = fn;
        m.arg = arg;
        r = one ? make_page(&m, 0, m.n, 0, 0) : divide(&m, 0, m.n);
    }
    free(m.node);
    return r;
}
