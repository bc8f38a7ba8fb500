/* SPDX-License-Identifier: MIT
 * Markdown of documents as HTML for the reader. The text is anybody's: nothing in it becomes markup
 * that was not made here, and no link carries a scheme that a browser would run. */
#include "tools/sidecar/web/page.h"

#include <errno.h>
#include <md4c.h>
#include <string.h>

struct render {
    const char *md;
    size_t len;
    const char *id;
    uint32_t mark;
    struct buf *out;
    struct outline *outline;
    size_t at; /* up to where lines were counted */
    uint32_t line;
    bool fresh;       /* a block began and had no text yet */
    bool marked;      /* the hit was found */
    unsigned heading; /* level, 0 = not inside of one */
    struct buf title; /* of that heading, escaped */
    unsigned image;   /* depth */
};

/* The text that md4c hands out mostly lies in the document: where it lies tells its line. */
static void first_text(struct render *r, const char *text)
{
    uintptr_t p = (uintptr_t)text, base = (uintptr_t)r->md;
    if (!r->fresh || p < base || p >= base + r->len)
        return;
    r->fresh = false;
    size_t to = (size_t)(p - base);
    for (; r->at < to; r->at++)
        r->line += r->md[r->at] == '\n';
    if (r->mark && !r->marked && r->line >= r->mark) {
        r->marked = true;
        buf_adds(r->out, "<a id=\"hit\" class=\"hit\"></a>");
    }
}

static void attribute(struct buf *b, const MD_ATTRIBUTE *a)
{
    page_textn(b, a->text ? a->text : "", a->size);
}

static bool begins(const MD_ATTRIBUTE *a, const char *what)
{
    size_t n = strlen(what);
    return a->size >= n && strncasecmp(a->text, what, n) == 0;
}

/* Has a scheme ("javascript:", "data:", ...): letters before a colon that comes before any slash.
 */
static bool has_scheme(const MD_ATTRIBUTE *a)
{
    for (size_t i = 0; i < a->size; i++) {
        if (a->text[i] == ':')
            return true;
        if (strchr("/?#", a->text[i]))
            return false;
    }
    return false;
}

static bool open_link(struct render *r, const MD_ATTRIBUTE *href)
{
    struct buf *b = r->out;
    if (begins(href, "http://") || begins(href, "https://") || begins(href, "mailto:")) {
        buf_adds(b, "<a rel=\"noopener noreferrer\" href=\"");
        attribute(b, href);
    } else if (href->size == 0 || has_scheme(href) || begins(href, "//")) {
        buf_adds(b, "<a>"); /* says nothing, leads nowhere */
        return true;
    } else if (href->text[0] == '#') {
        buf_adds(b, "<a href=\"");
        attribute(b, href);
    } else {
        const char *hash = memchr(href->text, '#', href->size);
        size_t len = hash ? (size_t)(hash - href->text) : href->size;
        char *path = strndup(href->text, len);
        if (!path) {
            b->oom = true;
            return false;
        }
        buf_adds(b, "<a href=\"/open?from=");
        page_url(b, r->id, false);
        buf_adds(b, "&amp;to=");
        page_url(b, path, false);
        free(path);
        if (hash)
            page_textn(b, hash, href->size - len);
    }
    buf_adds(b, "\">");
    return true;
}

static const char *const align[] = {"", " class=\"left\"", " class=\"center\"", " class=\"right\""};

static void open_list(struct render *r, const MD_BLOCK_OL_DETAIL *d)
{
    buf_adds(r->out, "<ol");
    if (d->start != 1)
        buf_addf(r->out, " start=\"%u\"", d->start);
    buf_adds(r->out, ">\n");
}

static void open_item(struct render *r, const MD_BLOCK_LI_DETAIL *d)
{
    buf_adds(r->out, "<li>");
    if (d->is_task)
        buf_addf(r->out, "<input type=\"checkbox\" disabled aria-label=\"task\"%s> ",
                 d->task_mark == ' ' ? "" : " checked");
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct render *r = arg;
    r->fresh = true;
    switch (type) {
    case MD_BLOCK_QUOTE:
        buf_adds(r->out, "<blockquote>\n");
        break;
    case MD_BLOCK_UL:
        buf_adds(r->out, "<ul>\n");
        break;
    case MD_BLOCK_OL:
        open_list(r, detail);
        break;
    case MD_BLOCK_LI:
        open_item(r, detail);
        break;
    case MD_BLOCK_HR:
        buf_adds(r->out, "<hr>\n");
        break;
    case MD_BLOCK_P:
        buf_adds(r->out, "<p>");
        break;
    case MD_BLOCK_H:
        r->heading = ((MD_BLOCK_H_DETAIL *)detail)->level;
        buf_clear(&r->title);
        buf_addf(r->out, "<h%u id=\"s%u\">", r->heading, r->outline->n);
        break;
    case MD_BLOCK_CODE: {
        const MD_BLOCK_CODE_DETAIL *d = detail;
        buf_adds(r->out, "<pre tabindex=\"0\"><code");
        if (d->lang.size) {
            buf_adds(r->out, " data-lang=\"");
            attribute(r->out, &d->lang);
            buf_adds(r->out, "\"");
        }
        buf_adds(r->out, ">");
        break;
    }
    case MD_BLOCK_TABLE:
        buf_adds(r->out, "<div class=\"wide\" tabindex=\"0\"><table>\n");
        break;
    case MD_BLOCK_THEAD:
        buf_adds(r->out, "<thead>");
        break;
    case MD_BLOCK_TBODY:
        buf_adds(r->out, "<tbody>");
        break;
    case MD_BLOCK_TR:
        buf_adds(r->out, "<tr>");
        break;
    case MD_BLOCK_TH:
        buf_addf(r->out, "<th%s>", align[((MD_BLOCK_TD_DETAIL *)detail)->align]);
        break;
    case MD_BLOCK_TD:
        buf_addf(r->out, "<td%s>", align[((MD_BLOCK_TD_DETAIL *)detail)->align]);
        break;
    default:
        break;
    }
    return buf_status(r->out) < 0 ? -1 : 0;
}

static void end_heading(struct render *r)
{
    buf_addf(r->out, "</h%u>\n", r->heading);
    bool title = r->heading == 1 && r->outline->n == 0; /* stands right below the outline */
    if (!title && r->outline->n < 400 && r->heading <= 4 && r->title.len)
        buf_addf(&r->outline->html, "<li class=\"l%u\"><a href=\"#s%u\">%s</a></li>\n", r->heading,
                 r->outline->n, r->title.data);
    r->outline->n++;
    r->heading = 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    (void)detail;
    struct render *r = arg;
    static const struct {
        MD_BLOCKTYPE type;
        const char *text;
    } end[] = {{MD_BLOCK_QUOTE, "</blockquote>\n"},
               {MD_BLOCK_UL, "</ul>\n"},
               {MD_BLOCK_OL, "</ol>\n"},
               {MD_BLOCK_LI, "</li>\n"},
               {MD_BLOCK_P, "</p>\n"},
               {MD_BLOCK_CODE, "</code></pre>\n"},
               {MD_BLOCK_TABLE, "</table></div>\n"},
               {MD_BLOCK_THEAD, "</thead>\n"},
               {MD_BLOCK_TBODY, "</tbody>\n"},
               {MD_BLOCK_TR, "</tr>\n"},
               {MD_BLOCK_TH, "</th>"},
               {MD_BLOCK_TD, "</td>"}};
    if (type == MD_BLOCK_H)
        end_heading(r);
    for (size_t i = 0; i < sizeof(end) / sizeof(*end); i++)
        if (end[i].type == type)
            buf_adds(r->out, end[i].text);
    return 0;
}

static const char *span_tag(MD_SPANTYPE type)
{
    return type == MD_SPAN_EM       ? "em"
           : type == MD_SPAN_STRONG ? "strong"
           : type == MD_SPAN_CODE   ? "code"
           : type == MD_SPAN_DEL    ? "del"
                                    : NULL;
}

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct render *r = arg;
    const char *tag = span_tag(type);
    if (tag)
        buf_addf(r->out, "<%s>", tag);
    else if (type == MD_SPAN_A && !open_link(r, &((MD_SPAN_A_DETAIL *)detail)->href))
        return -1;
    else if (type == MD_SPAN_IMG && r->image++ == 0)
        buf_adds(r->out, "<span class=\"image\">");
    return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
    (void)detail;
    struct render *r = arg;
    const char *tag = span_tag(type);
    if (tag)
        buf_addf(r->out, "</%s>", tag);
    else if (type == MD_SPAN_A)
        buf_adds(r->out, "</a>");
    else if (type == MD_SPAN_IMG && --r->image == 0)
        buf_adds(r->out, "</span>");
    return 0;
}

static int text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE len, void *arg)
{
    struct render *r = arg;
    first_text(r, s);
    struct buf *both[2] = {r->out, r->heading ? &r->title : NULL};
    for (int i = 0; i < 2 && both[i]; i++) {
        if (type == MD_TEXT_BR)
            buf_adds(both[i], "<br>\n");
        else if (type == MD_TEXT_SOFTBR)
            buf_addc(both[i], '\n');
        else if (type == MD_TEXT_ENTITY)
            buf_add(both[i], s, len);
        else if (type == MD_TEXT_NULLCHAR)
            buf_adds(both[i], "\xef\xbf\xbd");
        else
            page_textn(both[i], s, len);
    }
    return buf_status(r->out) < 0 ? -1 : 0;
}

int markdown_html(const char *md, size_t len, const char *public_id, uint32_t mark, struct buf *out,
                  struct outline *outline)
{
    struct render r = {.md = md,
                       .len = len,
                       .id = public_id,
                       .mark = mark,
                       .out = out,
                       .outline = outline,
                       .line = 1};
    const MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                                       MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML,
                              .enter_block = enter_block,
                              .leave_block = leave_block,
                              .enter_span = enter_span,
                              .leave_span = leave_span,
                              .text = text};
    int rc = len > UINT32_MAX / 2 ? -EFBIG : md_parse(md, (MD_SIZE)len, &parser, &r);
    buf_fini(&r.title);
    if (buf_status(out) < 0)
        return buf_status(out);
    return rc == -EFBIG ? rc : rc ? -ENOMEM : 0;
}
