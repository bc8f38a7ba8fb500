/* SPDX-License-Identifier: MIT */
#include "core/text/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/charset.h"
#include "core/text/heading.h"
#include "core/text/mdutil.h"
#include "core/text/name.h"
#include "core/text/sniff.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

#define TITLE_MAX 300 /* bytes */

static const struct {
    const char *name, *mime;
    converter_fn *convert; /* NULL: nothing to convert with */
} formats[FORMAT_COUNT] = {
    [FORMAT_UNKNOWN] = {"unknown", "application/octet-stream", NULL},
    [FORMAT_MARKDOWN] = {"markdown", "text/markdown", convert_markdown},
    [FORMAT_HTML] = {"html", "text/html", convert_html},
    [FORMAT_MAN] = {"man", "text/troff", convert_man},
    [FORMAT_TEXT] = {"text", "text/plain", convert_text},
    [FORMAT_RST] = {"rst", "text/x-rst", convert_rst},
    [FORMAT_ASCIIDOC] = {"asciidoc", "text/asciidoc", convert_asciidoc},
    [FORMAT_IPYNB] = {"ipynb", "application/x-ipynb+json", convert_ipynb},
    [FORMAT_OPENAPI] = {"openapi", "application/vnd.oai.openapi", convert_openapi},
    [FORMAT_PDF] = {"pdf", "application/pdf", convert_pdf},
    [FORMAT_EPUB] = {"epub", "application/epub+zip", convert_epub},
    [FORMAT_OFFICE] = {"office", "application/vnd.oasis.opendocument.text", convert_office},
    [FORMAT_POD] = {"pod", "text/x-pod", convert_pod},
    [FORMAT_RD] = {"rd", "text/x-rd", convert_rd},
    [FORMAT_BINARY] = {"binary", "application/octet-stream", NULL},
};

const char *format_name(enum doc_format f)
{
    return (unsigned)f < FORMAT_COUNT ? formats[f].name : formats[FORMAT_UNKNOWN].name;
}

enum doc_format format_from_name(const char *name)
{
    for (int f = 0; f < FORMAT_COUNT; f++)
        if (strcmp(formats[f].name, name) == 0)
            return f;
    return FORMAT_UNKNOWN;
}

const char *format_mime(enum doc_format f)
{
    return (unsigned)f < FORMAT_COUNT ? formats[f].mime : formats[FORMAT_UNKNOWN].mime;
}

static void page_fini(struct page *p)
{
    free(p->part);
    free(p->title);
    free(p->markdown);
    free(p->source_url);
    free(p->lang);
}

void pages_fini(struct pages *p)
{
    for (size_t i = 0; i < p->n; i++)
        page_fini(&p->item[i]);
    free(p->item);
    *p = (struct pages){0};
}

/* Digits that only put files in order: "01-intro", "1.intro"; not "3.11", "404" or "2-way". */
static size_t order_prefix(struct span s)
{
    size_t n = 0;
    while (n < s.len && s.s[n] >= '0' && s.s[n] <= '9')
        n++;
    if (n == 0 || n > 3 || n + 1 >= s.len || !strchr("-_.", s.s[n]) || (n == 1 && s.s[n] == '-'))
        return 0;
    char next = s.s[n + 1];
    return (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ? n + 1 : 0;
}

/* The name of the file in words; of its folder when the file is only that folder's front page. */
static char *title_from_name(const char *name)
{
    struct span stem = path_stem(name), dir = {name, (size_t)(path_base(name).s - name)};
    while (dir.len && dir.s[dir.len - 1] == '/')
        dir.len--;
    if (dir.len && (span_eq_nocase(stem, "index") || span_eq_nocase(stem, "_index") ||
                    span_eq_nocase(stem, "readme"))) {
        const char *slash = memrchr(dir.s, '/', dir.len);
        stem = slash ? (struct span){slash + 1, (size_t)(dir.s + dir.len - slash - 1)} : dir;
    }
    size_t skip = order_prefix(stem);
    char *title = span_dup((struct span){stem.s + skip, stem.len - skip});
    for (char *p = title; p && *p; p++)
        if (*p == '-' || *p == '_')
            *p = ' ';
    return title;
}

/* One line of valid UTF-8 without control bytes; NULL when nothing is left or memory is out. */
static char *clean_title(const char *title)
{
    _cleanup_buf_ struct buf out = {0};
    struct span t = span_of(title);
    bool gap = false;
    for (size_t i = 0; i < t.len && out.len < TITLE_MAX;) {
        uint32_t cp;
        i += utf8_decode(t.s + i, t.len - i, &cp);
        if (cp <= ' ' || cp == 0x7f || cp == 0xa0 || (cp > 0x7f && cp < 0xa0)) {
            gap = out.len > 0;
            continue;
        }
        if (gap)
            buf_addc(&out, ' ');
        gap = false;
        buf_addcp(&out, cp);
    }
    return out.len ? buf_steal(&out, NULL) : NULL;
}

static bool has_letter(const char *s)
{
    while (*s && !is_alpha(*s) && !((unsigned char)*s & 0x80))
        s++;
    return *s;
}

/* Manual pages that other tools made: what stands below the heading NAME. Owned, or NULL. */
static char *title_below_name(struct span rest)
{
    struct span line;
    bool below = false;
    while (line_next(&rest, &line)) {
        line = span_trim(line);
        struct span words = span_trim(span_skip(line, span_run(line, '#')));
        if (below && words.len) {
            char clean[HEADING_MAX + 1];
            bool tag = words.s[0] == '<'; /* badges */
            return !tag && heading_clean(words.s, words.len, clean) ? strdup(clean) : NULL;
        }
        below |= span_eq_nocase(words, "name");
    }
    return NULL;
}

/* "3.9.6" is the newest section of a list of changes: its name says more. */
static char *make_title(const char *title, const char *fallback_name)
{
    _cleanup_free_ char *said = title ? clean_title(title) : NULL;
    _cleanup_free_ char *name = title_from_name(fallback_name ? fallback_name : "");
    char *of_name = name ? clean_title(name) : NULL;
    if (said && (has_letter(said) || !of_name || !has_letter(of_name))) {
        free(of_name);
        of_name = said;
        said = NULL;
    }
    return of_name ? of_name : strdup("untitled");
}

static bool is_clean(const char *s, size_t len)
{
    bool bad = false;
    for (size_t i = 0; i < len; i++) { /* no early exit: the compiler makes it wide */
        unsigned char c = (unsigned char)s[i];
        bad |= ((c < 0x20) & (c != '\n') & (c != '\t')) | (c == 0x7f);
    }
    return !bad && utf8_valid(s, len);
}

/* Documents are shown on terminals: control bytes but tab and newline go, whatever a converter
 * let through. Blank lines at both ends go too, and one newline ends the page. */
static void normalise(struct buf *b)
{
    if (b->len && !is_clean(b->data, b->len)) {
        struct buf out = {0};
        for (size_t i = 0; i < b->len;) {
            uint32_t cp;
            i += utf8_decode(b->data + i, b->len - i, &cp);
            if ((cp >= 0x20 && cp != 0x7f) || cp == '\n' || cp == '\t')
                buf_addcp(&out, cp);
        }
        buf_fini(b);
        *b = out;
    }
    buf_rtrim(b, " \t\n");
    size_t start = 0;
    for (size_t i = 0; i < b->len && is_blank(b->data[i]); i++)
        if (b->data[i] == '\n')
            start = i + 1;
    if (start) {
        memmove(b->data, b->data + start, b->len - start);
        buf_truncate(b, b->len - start);
    }
    if (b->len)
        buf_addc(b, '\n');
}

static bool grow(struct pages *p)
{
    if (p->n & (p->n - 1)) /* room doubles at every power of two */
        return true;
    struct page *item = realloc(p->item, (p->n ? p->n * 2 : 1) * sizeof(*item));
    if (item)
        p->item = item;
    return item != NULL;
}

int pages_add(struct pages *p, char *part, char *title, struct buf *body, char *source_url,
              char *lang, const char *fallback_name)
{
    struct page page = {.part = part, .source_url = source_url, .lang = lang};
    _cleanup_buf_ struct buf text = *body;
    *body = (struct buf){.limit = body->limit};
    int r = buf_status(&text);
    text.limit = 0; /* the last newline may stand beyond it */
    if (r == 0) {
        normalise(&text);
        char *below =
            title && strcasecmp(title, "name") == 0 ? title_below_name(buf_span(&text)) : NULL;
        page.title = make_title(below ? below : title, fallback_name);
        free(below);
        page.markdown = buf_steal(&text, &page.len);
        if (!page.title || !page.markdown || !grow(p))
            r = -ENOMEM;
    }
    free(title);
    if (r < 0) {
        page_fini(&page);
        return r;
    }
    p->item[p->n++] = page;
    return 0;
}

char *pages_part(size_t number, size_t of, const char *words, size_t len)
{
    char slug[SLUG_MAX + 1] = "", *part;
    if (words)
        name_slug(words, len, slug);
    int n = asprintf(&part, "%0*zu%s%s", of > 999 ? 4 : 3, number, words ? "-" : "", slug);
    return n < 0 ? NULL : part;
}

static void drop_blank_pages(struct pages *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->item[i].len)
            p->item[kept++] = p->item[i];
        else
            page_fini(&p->item[i]);
    }
    p->n = kept;
}

static int run_converter(const struct convert_input *in, enum doc_format format,
                         const struct convert_limits *limits, struct pages *pages,
                         struct docfs_err *err)
{
    if (format == FORMAT_PDF || format == FORMAT_EPUB || format == FORMAT_OFFICE)
        return formats[format].convert(in->data, in->len, in->name, limits, pages, err);
    char hint[CHARSET_NAME_MAX + 1];
    bool declared = charset_declared(in->data, in->len, hint);
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = charset_to_utf8(in->data, in->len, declared ? hint : NULL, &text, &len, err);
    if (r < 0)
        return r == -EILSEQ ? err_set(err, -ENOTSUP, "binary: not text in any encoding") : r;
    return formats[format].convert(text, len, in->name, limits, pages, err);
}

static int check_limits(const struct pages *pages, const struct convert_limits *limits,
                        struct docfs_err *err)
{
    if (pages->n > limits->max_pages)
        return err_set(err, -EFBIG, "makes more than %u documents (setting ingest.max_pages)",
                       limits->max_pages);
    size_t total = 0;
    for (size_t i = 0; i < pages->n; i++)
        total += pages->item[i].len;
    if (total > limits->max_output)
        return err_set(err, -EFBIG,
                       "makes more than %zu bytes of markdown (setting ingest.max_file)",
                       limits->max_output);
    return 0;
}

int convert(const struct convert_input *in, const struct convert_limits *limits, struct pages *ret,
            struct docfs_err *err)
{
    if (in->len > limits->max_input)
        return err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)",
                       limits->max_input);
    enum doc_format format = in->format;
    if (format == FORMAT_UNKNOWN)
        format = convert_sniff(in->name, in->data, in->len);
    if ((unsigned)format >= FORMAT_COUNT || !formats[format].convert)
        return err_set(err, -ENOTSUP, "not documentation (%s)",
                       sniff_skip_reason(in->name, in->data, in->len));
    _cleanup_pages_ struct pages pages = {0};
    struct docfs_err why = {0};
    int r = run_converter(in, format, limits, &pages, &why);
    if (r < 0) {
        if (why.text[0])
            return err_set(err, r, "%s", why.text);
        return err_set(err, r, "cannot convert %s: %s", format_name(format), strerror(-r));
    }
    drop_blank_pages(&pages);
    if (pages.n == 0)
        return err_set(err, -ENOTSUP, "nothing to read in it");
    r = check_limits(&pages, limits, err);
    if (r < 0)
        return r;
    pages.format = format;
    *ret = pages;
    pages = (struct pages){0};
    return 0;
}
