/* SPDX-License-Identifier: MIT
 * Why: libgumbo spends the same time on a byte of script or of a highlighter's <span> as on text,
 * looks through its whole stack of open elements for most tags, compares each attribute with each
 * other, and copies unclosed formatting into every paragraph. Handing it only what is rendered,
 * of bounded depth, makes it faster on real pages and linear on hostile ones. */
#include "core/text/html_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORMAT_MAX 8 /* open formatting elements; libgumbo clones each into every block */
#define STACK_MAX 1024

enum { F_DROPPED = 1, F_BOUNDARY = 2, F_FORMAT = 4, F_PRE = 8 };

struct open_element {
    uint32_t id; /* enum GumboTag, or a hash above it for names unknown to libgumbo */
    uint32_t flags;
};

struct scan {
    const char *p, *end;
    struct buf *out;
    struct html_aside *aside; /* or NULL */
    struct open_element stack[STACK_MAX];
    unsigned n, max, formats, pre;
    bool html_seen, body_seen, title_seen;
    bool no_svg_end, no_math_end; /* looked for and not found: do not look again */
};

/* Removes entry i. */
static void entry_gone(struct scan *s, unsigned i)
{
    if (s->stack[i].flags & F_FORMAT)
        s->formats--;
    if (s->stack[i].flags & F_PRE)
        s->pre--;
}

/* Pops down to n entries; formatting that its author forgot to close ends with its block. */
static void pop_to(struct scan *s, unsigned n)
{
    while (s->n > n) {
        struct open_element e = s->stack[s->n - 1];
        if ((e.flags & (F_FORMAT | F_DROPPED)) == F_FORMAT) {
            buf_adds(s->out, "</");
            buf_adds(s->out, gumbo_normalized_tagname((GumboTag)e.id));
            buf_addc(s->out, '>');
        }
        entry_gone(s, --s->n);
    }
}

/* Index of the innermost open element id that a tag may reach, or -1. */
static int find_open(const struct scan *s, uint32_t id)
{
    for (unsigned i = s->n; i-- > 0;) {
        if (s->stack[i].id == id)
            return (int)i;
        if (s->stack[i].flags & F_BOUNDARY)
            return -1;
    }
    return -1;
}

/* Room for one more: entries that wrote nothing can be forgotten. */
static void compact(struct scan *s)
{
    unsigned k = 0;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->stack[i].flags & F_DROPPED)
            entry_gone(s, i);
        else
            s->stack[k++] = s->stack[i];
    }
    s->n = k;
}

/* False when the stack is full of real elements: the tag must not be written. */
static bool push(struct scan *s, uint32_t id, uint32_t flags)
{
    if (s->n >= s->max)
        compact(s);
    if (s->n >= s->max)
        return false;
    s->stack[s->n++] = (struct open_element){id, flags};
    if (flags & F_FORMAT)
        s->formats++;
    if (flags & F_PRE)
        s->pre++;
    return true;
}

/* The byte behind "</name ...>" or NULL. *ret_end: where its '<' is. */
static const char *find_end_tag(const char *p, const char *end, const char *name,
                                const char **ret_at)
{
    size_t n = strlen(name);
    while ((p = memchr(p, '<', (size_t)(end - p)))) {
        if ((size_t)(end - p) > n + 2 && p[1] == '/' && strncasecmp(p + 2, name, n) == 0 &&
            strchr(" \t\r\n\f/>", p[n + 2])) {
            const char *gt = memchr(p, '>', (size_t)(end - p));
            *ret_at = p;
            return gt ? gt + 1 : end;
        }
        p++;
    }
    return NULL;
}

void html_scan_text(const char *p, const char *end, bool keep_blanks, struct buf *out)
{
    if (!buf_reserve(out, (size_t)(end - p)))
        return;
    char *o = out->data + out->len;
    bool blank = !keep_blanks && o > out->data && o[-1] == ' ';
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c > ' ') {
            blank = false;
            *o++ = (char)(c == 0x7f ? ' ' : c);
        } else if (keep_blanks) {
            if (c != '\r' || p + 1 == end || p[1] != '\n')
                *o++ = (char)(c == '\n' || c == '\t' ? c : c == '\r' ? '\n' : ' ');
        } else if (!blank) {
            *o++ = ' ';
            blank = true;
        }
    }
    out->len = (size_t)(o - out->data);
    *o = '\0';
}

/* Content that the parser must see as text although it may hold tags. */
static void write_literal(struct scan *s, const char *p, const char *end)
{
    while (p < end) {
        const char *lt = memchr(p, '<', (size_t)(end - p));
        html_scan_text(p, lt ? lt : end, true, s->out);
        if (!lt)
            break;
        buf_adds(s->out, "&lt;");
        p = lt + 1;
    }
}

/* <title>, <textarea> and other elements whose content is no markup. */
static bool raw_element(struct scan *s, GumboTag tag)
{
    const char *at = s->end, *next = NULL;
    switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_XMP:
        next = find_end_tag(s->p, s->end, gumbo_normalized_tagname(tag), &at);
        break;
    case GUMBO_TAG_PLAINTEXT:
        break;
    default:
        return false;
    }
    if (tag == GUMBO_TAG_TITLE && !s->title_seen && at - s->p < 4096) {
        s->title_seen = true;
        buf_adds(s->out, "<title>");
        write_literal(s, s->p, at);
        buf_adds(s->out, "</title>");
    } else if (tag == GUMBO_TAG_XMP || tag == GUMBO_TAG_PLAINTEXT) {
        buf_adds(s->out, "<pre>");
        write_literal(s, s->p, at);
        buf_adds(s->out, "</pre>");
    }
    s->p = next ? next : s->end;
    return true;
}

/* SVG is dropped, MathML becomes TeX. */
static void foreign_element(struct scan *s, GumboTag tag, const struct html_attrs *a)
{
    bool math = tag == GUMBO_TAG_MATH;
    bool *missing = math ? &s->no_math_end : &s->no_svg_end;
    const char *at, *next;
    if (*missing || !(next = find_end_tag(s->p, s->end, math ? "math" : "svg", &at))) {
        *missing = true;
        return; /* the tag alone is dropped, what follows is HTML */
    }
    if (math)
        html_scan_math(s->p, at, a, s->out);
    s->p = next;
}

static void write_tag(struct scan *s, const char *slash, GumboTag tag, const char *name, size_t len)
{
    buf_addc(s->out, '<');
    buf_adds(s->out, slash);
    if (tag != GUMBO_TAG_UNKNOWN) {
        buf_adds(s->out, gumbo_normalized_tagname(tag));
        return;
    }
    buf_add(s->out, name, len);
}

/* <html> or <body>: the first one counts. */
static void outer_tag(struct scan *s, GumboTag tag, const struct html_attrs *a)
{
    bool *seen = tag == GUMBO_TAG_HTML ? &s->html_seen : &s->body_seen;
    if (!*seen) {
        write_tag(s, "", tag, NULL, 0);
        html_attrs_write(a, tag == GUMBO_TAG_HTML ? 1u << ATTR_LANG : 0, NULL, s->out);
        buf_addc(s->out, '>');
    }
    *seen = true;
}

/* words: what its classes say. */
static uint32_t wanted_attrs(GumboTag tag, enum html_kind kind, const struct html_attrs *a,
                             unsigned words)
{
    uint32_t mask = html_scan_attrs(tag) | 1u << ATTR_ROLE | 1u << ATTR_ITEMPROP;
    if (words && kind != HTML_FORMAT)
        mask |= 1u << ATTR_CLASS;
    if (a->present & 1u << ATTR_ID && kind != HTML_FORMAT && kind != HTML_INLINE &&
        (tag == GUMBO_TAG_DT || html_class_bits(a->value[ATTR_ID].data, a->value[ATTR_ID].len)))
        mask |= 1u << ATTR_ID;
    return mask;
}

/* Ends what cannot go on when this element begins. */
static void end_before(struct scan *s, GumboTag tag, enum html_kind kind, uint32_t id)
{
    int open = tag == GUMBO_TAG_A ? find_open(s, id) : -1;
    if (open >= 0 && !(s->stack[open].flags & F_DROPPED)) {
        /* a link ends where the next begins */
        pop_to(s, (unsigned)open + 1);
        buf_adds(s->out, "</a>");
        s->n--;
    }
    if (id == GUMBO_TAG_H1 && s->n && s->stack[s->n - 1].id == id) {
        /* so does a heading */
        write_tag(s, "/", GUMBO_TAG_H1, NULL, 0);
        buf_addc(s->out, '>');
        s->n--;
    }
    for (unsigned i = kind == HTML_TABLE_PART ? s->n : 0; i-- > 0;) {
        if (s->stack[i].id == GUMBO_TAG_TEMPLATE)
            break;
        if (s->stack[i].id == GUMBO_TAG_TABLE) {
            pop_to(s, i + 1);
            break;
        }
    }
}

static void start_tag(struct scan *s, const char *name, size_t len)
{
    struct html_attrs a;
    s->p = html_attrs_read(s->p, s->end, &a);
    GumboTag tag = gumbo_tagn_enum(name, (unsigned)len);
    if (tag == GUMBO_TAG_IMAGE)
        tag = GUMBO_TAG_IMG;
    if (tag == GUMBO_TAG_LISTING)
        tag = GUMBO_TAG_PRE;
    if (tag == GUMBO_TAG_MATH || tag == GUMBO_TAG_SVG) {
        foreign_element(s, tag, &a);
        return;
    }
    if (raw_element(s, tag))
        return;
    if (tag == GUMBO_TAG_HTML || tag == GUMBO_TAG_BODY) {
        outer_tag(s, tag, &a);
        return;
    }
    enum html_kind kind = html_scan_kind(tag);
    if (kind == HTML_IGNORED)
        return;
    uint32_t id = html_scan_id(tag, name, len);
    uint32_t flags = html_scan_boundary(tag) ? F_BOUNDARY : 0;
    unsigned words = 0;
    if (a.present & 1u << ATTR_CLASS)
        words = html_class_bits(a.value[ATTR_CLASS].data, a.value[ATTR_CLASS].len);
    if (kind == HTML_INLINE &&
        !(a.hidden || words & (WORD_HIDDEN | WORD_PERMALINK | WORD_LINENO | WORD_MATH | WORD_LINE |
                               WORD_JUNK | WORD_BOXTITLE)))
        flags |= F_DROPPED;
    if ((tag == GUMBO_TAG_UNKNOWN && len > 64) ||
        (tag == GUMBO_TAG_A && !(a.present & 1u << ATTR_HREF)))
        flags |= F_DROPPED;
    end_before(s, tag, kind, id);
    if (kind == HTML_FORMAT) {
        flags |= F_FORMAT;
        if (s->formats >= FORMAT_MAX || find_open(s, id) >= 0)
            flags |= F_DROPPED;
    }
    if (tag == GUMBO_TAG_PRE)
        flags |= F_PRE;
    if (kind != HTML_VOID && kind != HTML_OPTIONAL_END && kind != HTML_TABLE_PART &&
        !push(s, id, flags)) {
        buf_addc(s->out, ' ');
        return;
    }
    if (flags & F_DROPPED)
        return;
    write_tag(s, "", tag, name, len);
    html_attrs_write(&a, wanted_attrs(tag, kind, &a, words), s->aside, s->out);
    buf_addc(s->out, '>');
}

static void end_tag(struct scan *s, const char *name, size_t len)
{
    struct html_attrs a;
    s->p = html_attrs_read(s->p, s->end, &a);
    GumboTag tag = gumbo_tagn_enum(name, (unsigned)len);
    if (tag == GUMBO_TAG_LISTING)
        tag = GUMBO_TAG_PRE;
    enum html_kind kind = html_scan_kind(tag);
    if (tag == GUMBO_TAG_HTML || tag == GUMBO_TAG_BODY || kind == HTML_IGNORED)
        return;
    if (kind != HTML_VOID && kind != HTML_OPTIONAL_END && kind != HTML_TABLE_PART) {
        int open = find_open(s, html_scan_id(tag, name, len));
        if (open < 0)
            return;
        pop_to(s, (unsigned)open + 1);
        bool dropped = s->stack[open].flags & F_DROPPED;
        entry_gone(s, --s->n);
        if (dropped)
            return;
    } else if (kind == HTML_VOID && tag != GUMBO_TAG_BR) {
        return;
    }
    write_tag(s, "/", tag, name, len);
    buf_addc(s->out, '>');
}

/* "<!...", "<?..." and "</ ..." up to their end. */
static void skip_comment(struct scan *s)
{
    if (s->end - s->p >= 4 && memcmp(s->p, "<!--", 4) == 0) {
        const char *p = s->p + 4;
        if (p < s->end && *p == '>') { /* <!--> */
            s->p = p + 1;
            return;
        }
        /* from the second dash on, so that <!---> ends too */
        const char *close = memmem(p - 2, (size_t)(s->end - p + 2), "-->", 3);
        /* "<!-->" ends before p: there is nothing to look through. */
        const char *until = close ? close : s->end;
        const char *bang = until > p ? memmem(p, (size_t)(until - p), "--!>", 4) : NULL;
        s->p = bang ? bang + 4 : close ? close + 3 : s->end;
        return;
    }
    const char *gt = memchr(s->p, '>', (size_t)(s->end - s->p));
    s->p = gt ? gt + 1 : s->end;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_char(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' ||
           c == '.';
}

int html_scan(const char *html, size_t len, unsigned max_depth, struct html_aside *aside,
              struct buf *out)
{
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->p = html;
    s->end = html + len;
    s->out = out;
    s->aside = aside && !memchr(html, 0xf4, len) ? aside : NULL; /* its marks begin with that */
    s->max = max_depth < STACK_MAX ? max_depth : STACK_MAX;
    buf_adds(out, "<!DOCTYPE html>");
    buf_reserve(out, len + len / 8);
    while (s->p < s->end && !buf_status(out)) {
        const char *lt = memchr(s->p, '<', (size_t)(s->end - s->p));
        size_t from = out->len;
        html_scan_text(s->p, lt ? lt : s->end, s->pre, out);
        if (s->aside && out->len > from)
            html_aside_put(s->aside, out, from);
        if (!lt)
            break;
        s->p = lt;
        char c = s->end - lt > 1 ? lt[1] : ' ';
        bool closing = c == '/';
        if (closing)
            c = s->end - lt > 2 ? lt[2] : ' ';
        if (is_name_start(c)) {
            const char *name = lt + 1 + closing;
            for (s->p = name; s->p < s->end && is_name_char(*s->p); s->p++)
                ;
            (closing ? end_tag : start_tag)(s, name, (size_t)(s->p - name));
        } else if (c == '!' || c == '?' || (closing && s->end - lt > 2)) {
            skip_comment(s);
        } else {
            buf_adds(out, "&lt;");
            s->p = lt + 1;
        }
    }
    free(s);
    return buf_status(out);
}
