/* SPDX-License-Identifier: MIT
 * For pages whose tree would be too large or too deep: one pass over the scanned bytes. */
#include "core/text/html.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t cp;
} entities[] = {
    {"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
    {"nbsp", ' '},      {"copy", 0xa9},    {"para", 0xb6},    {"mdash", 0x2014}, {"ndash", 0x2013},
    {"hellip", 0x2026}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d},
    {"bull", 0x2022},   {"times", 0xd7},   {"rarr", 0x2192},  {"larr", 0x2190},  {"middot", 0xb7},
};

/* Decodes the entity at p ('&'); returns the bytes taken, 1 when it is none. */
static size_t entity(const char *p, const char *end, struct buf *out)
{
    const char *semi = memchr(p, ';', (size_t)(end - p > 12 ? 12 : end - p));
    size_t n = semi ? (size_t)(semi - p) - 1 : 0;
    if (n > 1 && p[1] == '#') {
        char digits[12] = {0};
        memcpy(digits, p + 2, n - 1);
        bool hex = digits[0] == 'x' || digits[0] == 'X';
        unsigned long cp = strtoul(digits + hex, NULL, hex ? 16 : 10);
        if (cp >= ' ' && cp != 0x7f) {
            buf_addcp(out, cp > 0x10ffff ? 0xfffd : (uint32_t)cp);
            return n + 2;
        }
    }
    for (size_t i = 0; n && i < sizeof entities / sizeof *entities; i++)
        if (strlen(entities[i].name) == n && memcmp(entities[i].name, p + 1, n) == 0) {
            buf_addcp(out, entities[i].cp);
            return n + 2;
        }
    buf_addc(out, '&');
    return 1;
}

static void add_text(const char *p, const char *end, bool line_start, struct buf *out)
{
    if (line_start)
        while (p < end && *p == ' ')
            p++;
    while (p < end) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        buf_add(out, p, (size_t)((amp ? amp : end) - p));
        if (!amp)
            break;
        p = amp + entity(amp, end, out);
    }
}

static void paragraph(struct buf *out, unsigned lines)
{
    buf_rtrim(out, " \t\n");
    for (unsigned i = 0; out->len && i < lines; i++)
        buf_addc(out, '\n');
}

static void on_tag(const char *name, size_t len, bool closing, bool *pre, struct buf *out)
{
    GumboTag tag = gumbo_tagn_enum(name, (unsigned)len);
    GumboNode node = {.type = GUMBO_NODE_ELEMENT, .v.element.tag = tag};
    if (tag == GUMBO_TAG_PRE) {
        if (!closing && !*pre) {
            paragraph(out, 2);
            buf_adds(out, "```\n");
        } else if (closing && *pre) {
            paragraph(out, 1);
            buf_adds(out, "```\n\n");
        }
        *pre = !closing;
    } else if (*pre) {
        return;
    } else if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
        buf_addc(out, ' ');
    } else if (tag == GUMBO_TAG_BR || tag == GUMBO_TAG_LI || tag == GUMBO_TAG_TR) {
        paragraph(out, 1);
        if (tag == GUMBO_TAG_LI && !closing)
            buf_adds(out, "- ");
    } else if (html_is_block(&node)) {
        paragraph(out, 2);
        for (unsigned i = 0; !closing && i < html_heading_level(&node); i++)
            buf_adds(out, i + 1 < html_heading_level(&node) ? "#" : "# ");
    }
}

void html_strip(const char *html, size_t len, struct buf *out, struct buf *title)
{
    const char *p = html, *end = html + len;
    bool pre = false, in_title = false;
    while (p < end && !buf_status(out)) {
        const char *lt = memchr(p, '<', (size_t)(end - p)), *stop = lt ? lt : end;
        char last = buf_last(out);
        if (in_title)
            add_text(p, stop, false, title);
        else
            add_text(p, stop, !pre && (last == '\n' || last == ' ' || !last), out);
        if (!lt)
            break;
        bool closing = lt + 1 < end && lt[1] == '/';
        const char *name = lt + 1 + closing, *after = name;
        while (after < end && *after != '>' && *after != ' ')
            after++;
        size_t n = (size_t)(after - name);
        /* attribute values were written by html_scan: a quoted '>' is possible, a '"' is not */
        bool quoted = false;
        for (p = after; p < end && (*p != '>' || quoted); p++)
            quoted ^= *p == '"';
        p = p < end ? p + 1 : end;
        if (n == 5 && memcmp(name, "title", 5) == 0)
            in_title = !closing;
        else
            on_tag(name, n, closing, &pre, out);
    }
    paragraph(out, 0);
    if (pre)
        buf_adds(out, "\n```");
}
