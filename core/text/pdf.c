/* SPDX-License-Identifier: MIT
 * PDF through pdftotext (poppler-utils) as a limited child process: a parser of that size must not
 * see hostile bytes in our address space. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/plaintext.h"
#include "core/util/child.h"
#include "core/util/cleanup.h"

#define PAGES_MIN 4 /* below that, repetition says nothing about headers */
#define EDGE 2      /* lines at the top and the bottom of a page that may be furniture */
#define REPEATED_MAX 64
#define WHOLE_MAX 131072 /* bytes of a document; what is larger is divided */
#define PART_GOAL 49152  /* bytes of a part, half of it at least */
#define CHAPTER_LEVEL 3  /* headings up to "2.1" begin one, deeper ones when it is large enough */

/* Lines that stand at the edge of pages, digits folded to '#', with how often they did. */
struct repeated {
    char *line[REPEATED_MAX];
    unsigned times[REPEATED_MAX];
    size_t n;
};

static void repeated_fini(struct repeated *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->line[i]);
}

static char *fold_digits(struct span line)
{
    line = span_trim(line);
    char *s = strndup(line.s, line.len < 200 ? line.len : 200);
    for (char *p = s; p && *p; p++)
        if (is_digit(*p))
            *p = '#';
    return s;
}

static void count_line(struct repeated *r, struct span line)
{
    if (span_trim(line).len == 0)
        return;
    char *s = fold_digits(line);
    for (size_t i = 0; s && i < r->n; i++)
        if (strcmp(r->line[i], s) == 0) {
            r->times[i]++;
            free(s);
            return;
        }
    if (!s || r->n == REPEATED_MAX) {
        free(s);
        return;
    }
    r->line[r->n] = s;
    r->times[r->n++] = 1;
}

static bool is_furniture(const struct repeated *r, struct span line, size_t pages)
{
    line = span_trim(line);
    bool number = line.len > 0 && line.len < 8;
    for (size_t i = 0; i < line.len; i++)
        number = number && (is_digit(line.s[i]) || line.s[i] == '-' || line.s[i] == ' ');
    if (number)
        return true;
    if (pages < PAGES_MIN || line.len == 0)
        return false;
    _cleanup_free_ char *s = fold_digits(line);
    for (size_t i = 0; s && i < r->n; i++)
        if (strcmp(r->line[i], s) == 0)
            return r->times[i] * 2 > pages;
    return false;
}

/* Calls fn for every line with its distance from the nearer edge of its page. */
struct walk {
    const char *text;
    size_t len, pages;
    void (*fn)(struct walk *w, struct span line, bool edge);
    struct repeated *repeated;
    struct buf *out;
};

static void walk_page(struct walk *w, struct span page)
{
    size_t lines = 0, i = 0;
    struct span rest = page, line;
    while (line_next(&rest, &line))
        lines += span_trim(line).len > 0;
    rest = page;
    while (line_next(&rest, &line)) {
        bool blank = span_trim(line).len == 0;
        w->fn(w, line, !blank && (i < EDGE || i + EDGE >= lines));
        i += !blank;
    }
}

static void walk(struct walk *w)
{
    const char *p = w->text, *end = p + w->len;
    size_t n = 0;
    while (p < end) {
        const char *ff = memchr(p, '\f', (size_t)(end - p));
        const char *stop = ff ? ff : end;
        walk_page(w, (struct span){p, (size_t)(stop - p)});
        n++;
        p = ff ? ff + 1 : end;
    }
    w->pages = n;
}

static void count_edges(struct walk *w, struct span line, bool edge)
{
    if (edge)
        count_line(w->repeated, line);
}

/* A word divided at the end of a line is joined with its rest. */
static bool ends_divided(const struct buf *b)
{
    return b->len > 3 && b->data[b->len - 1] == '\n' && b->data[b->len - 2] == '-' &&
           is_alpha(b->data[b->len - 3]);
}

static void write_line(struct walk *w, struct span line, bool edge)
{
    struct buf *out = w->out;
    line = span_trim(line);
    if (edge && is_furniture(w->repeated, line, w->pages))
        return;
    if (line.len == 0) {
        if (out->len && !(out->len > 1 && out->data[out->len - 2] == '\n'))
            buf_addc(out, '\n');
        return;
    }
    unsigned first, last, depth = text_is_toc_line(line) ? 0 : text_numbered(line, &first, &last);
    if (depth) {
        buf_rtrim(out, "\n");
        buf_addf(out, "%s%.*s %.*s\n\n", out->len ? "\n\n" : "", (int)(depth > 4 ? 5 : depth + 1),
                 "######", (int)line.len, line.s);
        return;
    }
    if (ends_divided(out) && line.s[0] >= 'a' && line.s[0] <= 'z')
        buf_truncate(out, out->len - 2);
    text_add_line(out, line);
}

static char *first_line(const struct buf *md)
{
    struct span rest = buf_span(md), line;
    while (line_next(&rest, &line)) {
        line = span_trim(line);
        while (line.len && (line.s[0] == '#' || line.s[0] == ' '))
            line.s++, line.len--;
        if (line.len >= 3)
            return strndup(line.s, line.len < 200 ? line.len : 200);
    }
    return NULL;
}

/* Level of a heading that write_line() made; "#include" is none. */
static size_t heading_level(struct span line)
{
    size_t n = span_run(line, '#');
    return n > 1 && n < line.len && line.s[n] == ' ' ? n : 0;
}

/* A part begins at a heading, or at an empty line when there was none for long. */
static bool begins_part(struct span line, size_t size)
{
    size_t level = heading_level(line);
    if (level)
        return size >= (level <= CHAPTER_LEVEL ? PART_GOAL / 2 : PART_GOAL);
    return line.len == 0 && size >= 2 * (size_t)PART_GOAL;
}

/* Length of the part that md begins with. */
static size_t part_len(struct span md)
{
    struct span rest = md, line;
    for (const char *at = md.s; line_next(&rest, &line); at = rest.s)
        if (begins_part(line, (size_t)(at - md.s)))
            return (size_t)(at - md.s);
    return md.len;
}

static int add_part(struct span text, size_t number, size_t of, const char *title, const char *name,
                    struct pages *ret)
{
    _cleanup_buf_ struct buf body = {0}, whole = {0};
    struct span rest = text, head = {"", 0};
    line_next(&rest, &head);
    size_t level = heading_level(head);
    buf_addf(&whole, "%s: ", title);
    if (level) {
        head = span_skip(head, level + 1);
        buf_add_span(&whole, head);
    } else {
        buf_addf(&whole, "part %zu", number);
    }
    buf_add_span(&body, text);
    char *part =
        buf_status(&whole) < 0 ? NULL : pages_part(number, of, level ? head.s : NULL, head.len);
    if (!part)
        return -ENOMEM;
    return pages_add(ret, part, buf_steal(&whole, NULL), &body, NULL, NULL, name);
}

/* Nobody reads a manual of a thousand pages as one file, and all hits would have its title. */
static int add_pages(struct buf *md, const char *name, const struct convert_limits *limits,
                     struct pages *ret)
{
    char *title = first_line(md);
    size_t n = 0;
    for (struct span rest = buf_span(md); rest.len; n++)
        rest = span_skip(rest, part_len(rest));
    if (md->len <= WHOLE_MAX || n > limits->max_pages)
        return pages_add(ret, NULL, title, md, NULL, NULL, name);
    int r = 0;
    struct span rest = buf_span(md);
    for (size_t number = 1; rest.len && r == 0; number++) {
        size_t len = part_len(rest);
        r = add_part((struct span){rest.s, len}, number, n, title ? title : "PDF", name, ret);
        rest = span_skip(rest, len);
    }
    free(title);
    return r;
}

int convert_pdf(const char *data, size_t len, const char *name, const struct convert_limits *limits,
                struct pages *ret, struct docfs_err *err)
{
    static const char *const argv[] = {"pdftotext", "-enc", "UTF-8", "-q", "-", "-", NULL};
    struct child_limits child = {.timeout_ms = limits->timeout_ms,
                                 .max_output = limits->max_output,
                                 .max_memory = limits->child_memory,
                                 .cpu_seconds = limits->timeout_ms / 1000 + 1};
    _cleanup_buf_ struct buf text = {0};
    int r = child_run(argv, data, len, &child, &text, err);
    if (r == -EIO)
        return err_prefix(err, -EINVAL, "cannot read this PDF");
    if (r < 0)
        return r;
    for (size_t i = 0; i < text.len; i++) /* signs of a font that says no characters */
        if ((unsigned char)text.data[i] < ' ' && !strchr("\n\t\f", text.data[i]))
            text.data[i] = ' ';
    _cleanup_free_ char *clean = NULL;
    size_t clean_len;
    r = charset_to_utf8(buf_text(&text), text.len, "UTF-8", &clean, &clean_len, err);
    if (r < 0)
        return r;
    _cleanup_(repeated_fini) struct repeated repeated = {0};
    _cleanup_buf_ struct buf md = {.limit = limits->max_output};
    struct walk w = {
        .text = clean, .len = clean_len, .fn = count_edges, .repeated = &repeated, .out = &md};
    walk(&w);
    size_t pages = w.pages;
    w.fn = write_line;
    walk(&w);
    if (buf_status(&md) < 0)
        return err_set(err, buf_status(&md), "more text than %zu bytes", limits->max_output);
    buf_rtrim(&md, " \n");
    if (md.len == 0)
        return err_set(err, -ENOTSUP, "no text in this PDF of %zu pages (scanned images?)", pages);
    return add_pages(&md, name, limits, ret);
}
