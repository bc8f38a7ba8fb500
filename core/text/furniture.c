/* SPDX-License-Identifier: MIT
 * The first and last lines of the pages are compared with their digits and blanks left out: the
 * ones found on a third of the pages are headers and footers. Odd and even pages differ, and
 * chapters change them, hence not more. */
#include "core/text/furniture.h"

#include <stdlib.h>

#include "core/text/mdutil.h"
#include "core/util/cleanup.h"

#define EDGE 2 /* lines looked at on either end of a page */
#define TABLE 8192
#define SMALL_RUN 3 /* times that an exact line is furniture in any case, if numbered */

struct counts {
    struct {
        uint64_t key;
        uint32_t n;
    } slot[TABLE];
};

/* 0 for a line without letters. */
static uint64_t shape_of(struct span line)
{
    uint64_t h = 1469598103934665603u;
    bool letters = false;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.s[i];
        if (is_digit(c) || is_blank(c))
            continue;
        letters |= is_alpha(c) || (unsigned char)c >= 0x80;
        h = (h ^ (unsigned char)c) * 1099511628211u;
    }
    return letters ? h | 1 : 0;
}

/* A full table forgets: then a few headers stay, which does no harm. */
static uint32_t *count_of(struct counts *c, uint64_t shape)
{
    for (size_t i = 0; i < 8; i++) {
        size_t at = ((shape >> 17 ^ shape) + i) & (TABLE - 1);
        if (c->slot[at].key == shape || c->slot[at].n == 0) {
            c->slot[at].key = shape;
            return &c->slot[at].n;
        }
    }
    return NULL;
}

/* Page numbers: "12", "- 12 -", "xii", "Page 12 of 90", "[Page 12]". */
static bool is_page_number(struct span line)
{
    struct span t = span_trim(line);
    while (t.len && (t.s[0] == '-' || t.s[0] == '[' || t.s[0] == ' '))
        t = span_skip(t, 1);
    while (t.len && (t.s[t.len - 1] == '-' || t.s[t.len - 1] == ']' || t.s[t.len - 1] == ' '))
        t.len--;
    if (t.len > 5 && strncasecmp(t.s, "page ", 5) == 0)
        t = span_trim(span_skip(t, 5));
    size_t i = 0;
    while (i < t.len && is_digit(t.s[i]))
        i++;
    if (i && i < t.len && (span_starts(span_skip(t, i), " of ") || t.s[i] == '/')) {
        i += t.s[i] == '/' ? 1 : 4;
        while (i < t.len && is_digit(t.s[i]))
            i++;
    }
    if (i == 0)
        while (i < t.len && strchr("ivxlc", t.s[i]) && t.s[i])
            i++;
    return t.len && i == t.len && t.len < 16;
}

static bool has_page_mark(struct span line)
{
    return span_has(line, "[Page ") && span_ends(span_trim(line), "]");
}

/* The lines of one page: bounds of its text without blank lines, and its edge lines. */
struct sheet {
    struct span text;
    struct span top[EDGE], bottom[EDGE];
    size_t n_top, n_bottom;
};

static bool next_sheet(struct span *rest, struct sheet *ret)
{
    if (rest->len == 0)
        return false;
    const char *ff = memchr(rest->s, '\f', rest->len);
    size_t len = ff ? (size_t)(ff - rest->s) : rest->len;
    *ret = (struct sheet){.text = {rest->s, len}};
    *rest = span_skip(*rest, len + (ff != NULL));
    struct span lines = ret->text, line;
    while (ret->n_top < EDGE && line_next(&lines, &line))
        if (span_trim(line).len)
            ret->top[ret->n_top++] = line;
    /* Lines of the other end are found backwards, and never a second time. */
    const char *begin =
        ret->n_top ? ret->top[ret->n_top - 1].s + ret->top[ret->n_top - 1].len : ret->text.s + len;
    const char *end = ret->text.s + len;
    while (ret->n_bottom < EDGE && end > begin) {
        const char *nl = memrchr(begin, '\n', (size_t)(end - begin));
        line = (struct span){nl ? nl + 1 : begin, 0};
        line.len = (size_t)(end - line.s);
        if (span_trim(line).len)
            ret->bottom[ret->n_bottom++] = line;
        end = nl ? nl : begin;
    }
    return true;
}

static void count_lines(struct counts *c, const struct span *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t shape = shape_of(line[i]);
        uint32_t *count = shape ? count_of(c, shape) : NULL;
        if (count)
            ++*count;
    }
}

static bool is_furniture(struct counts *c, struct span line, size_t pages)
{
    if (is_page_number(line) || has_page_mark(line))
        return true;
    uint64_t shape = shape_of(line);
    if (!shape || span_trim(line).len > 150)
        return false;
    uint32_t *count = count_of(c, shape);
    if (!count || *count < SMALL_RUN)
        return false;
    bool numbered = false;
    for (size_t i = 0; i < line.len; i++)
        numbered |= is_digit(line.s[i]);
    return *count >= pages / 3 || numbered;
}

static bool ends_sentence(const struct buf *out)
{
    char c = buf_last(out);
    return c == '.' || c == ':' || c == '!' || c == '?' || c == ';';
}

/* Joins what a page break cut: no blank line when the sentence goes on. */
static void add_sheet(struct buf *out, struct span text)
{
    text = span_rtrim(text);
    struct span rest = text, line;
    while (rest.len && memchr("\n", rest.s[0], 1))
        rest = span_skip(rest, 1);
    if (rest.len == 0)
        return;
    if (out->len) {
        buf_rtrim(out, " \t\n");
        struct span first = rest;
        line_next(&first, &line);
        line = span_trim(line);
        bool goes_on = !ends_sentence(out) && line.len && line.s[0] >= 'a' && line.s[0] <= 'z';
        buf_adds(out, goes_on ? "\n" : "\n\n");
    }
    buf_add_span(out, rest);
}

void furniture_remove(const char *text, size_t len, struct buf *out)
{
    _cleanup_free_ struct counts *c = calloc(1, sizeof(*c));
    if (!c) {
        out->oom = true;
        return;
    }
    struct span rest = {text, len};
    struct sheet s;
    size_t pages = 0;
    for (; next_sheet(&rest, &s); pages++) {
        count_lines(c, s.top, s.n_top);
        count_lines(c, s.bottom, s.n_bottom);
    }
    rest = (struct span){text, len};
    for (bool first = true; next_sheet(&rest, &s); first = false) {
        struct span body = s.text;
        /* From the outside in: a line below a heading that is kept is no header. What heads the
         * other pages is the title on the first. */
        for (size_t i = 0; !first && i < s.n_top && is_furniture(c, s.top[i], pages); i++) {
            size_t skip = (size_t)(s.top[i].s + s.top[i].len - body.s);
            body = span_skip(body, skip);
        }
        for (size_t i = 0; i < s.n_bottom && is_furniture(c, s.bottom[i], pages); i++)
            body.len = (size_t)(s.bottom[i].s - body.s);
        add_sheet(out, body);
    }
    buf_addc(out, '\n');
}
