/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "core/util/cleanup.h"

#define TITLE_MAX 300
#define MEMORY_MIN ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)512 << 20)

static void doc_fini(struct html_doc *d)
{
    html_doc_fini(d);
}

/* Takes b as a string on one line without blanks at its ends; NULL when it is empty. */
static char *take_line(struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) {
        unsigned char c = (unsigned char)b->data[i];
        bool blank = c <= ' ' || c == 0x7f;
        if (blank && (n == 0 || b->data[n - 1] == ' '))
            continue;
        b->data[n++] = (char)(blank ? ' ' : c);
    }
    buf_truncate(b, n);
    buf_rtrim(b, " ");
    if (b->len > TITLE_MAX) {
        n = TITLE_MAX;
        while (n && ((unsigned char)b->data[n] & 0xc0) == 0x80)
            n--;
        buf_truncate(b, n);
    }
    return b->len ? buf_steal(b, NULL) : NULL;
}

static char *make_title(const struct html_doc *d)
{
    _cleanup_buf_ struct buf b = {0};
    if (d->heading)
        html_plain(d, d->heading, false, &b);
    char *title = take_line(&b);
    if (title)
        return title;
    html_title(d, &b);
    return take_line(&b);
}

static char *copy_url(const char *url)
{
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) ||
        strlen(url) > 2048)
        return NULL;
    for (const char *s = url; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return NULL;
    return strdup(url);
}

static char *make_url(const struct html_doc *d)
{
    const char *og = NULL;
    for (unsigned i = 0; d->head && i < d->head->v.element.children.length; i++) {
        const GumboNode *c = d->head->v.element.children.data[i];
        if (html_tag(c) == GUMBO_TAG_LINK) {
            const char *rel = html_attr(c, "rel"), *href = html_attr(c, "href");
            if (rel && href && strcasecmp(rel, "canonical") == 0) {
                char *url = copy_url(href);
                if (url)
                    return url;
            }
        } else if (html_tag(c) == GUMBO_TAG_META) {
            const char *p = html_attr(c, "property");
            if (p && strcmp(p, "og:url") == 0)
                og = html_attr(c, "content");
        }
    }
    return copy_url(og);
}

static char *make_lang(const struct html_doc *d)
{
    const char *lang = html_attr(d->root, "lang");
    size_t n = lang ? strlen(lang) : 0;
    if (n < 2 || n > 35 ||
        strspn(lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789-_") != n)
        return NULL;
    char *copy = strdup(lang);
    for (char *s = copy; s && *s; s++)
        if (*s == '_')
            *s = '-';
    return copy;
}

/* Blank ends of the text go; it ends with one line end. */
static void finish(struct buf *out)
{
    buf_rtrim(out, " \t\n");
    if (out->len)
        buf_addc(out, '\n');
}

static void render(struct html_doc *d, struct buf *out)
{
    struct html_writer w = {.out = out, .doc = d, .level = 1, .bol = true};
    if (d->heading_outside) {
        _cleanup_buf_ struct buf b = {0};
        html_plain(d, d->heading, false, &b);
        char *line _cleanup_(freep) = take_line(&b);
        if (line) {
            buf_adds(out, "# ");
            w.flat = 1;
            w.bol = true;
            html_text(&w, line, strlen(line));
            w.flat = 0;
            w.bol = w.space = false;
            html_break(&w, 2);
        }
    }
    html_render_children(&w, d->main);
    out->oom |= w.scratch.oom;
    buf_fini(&w.scratch);
}

int html_to_markdown(const char *html, size_t len, bool main_only,
                     const struct convert_limits *limits, struct buf *out, char **ret_title,
                     char **ret_url, char **ret_lang, struct docfs_err *err)
{
    _cleanup_buf_ struct buf scanned = {0};
    _cleanup_(doc_fini) struct html_doc d = {0};
    _cleanup_free_ char *title = NULL, *url = NULL, *lang = NULL;
    _cleanup_(html_aside_fini) struct html_aside aside = {0};
    if (html_scan(html, len, limits->max_depth, &aside, &scanned) < 0 ||
        buf_status(&aside.text) < 0)
        return err_oom(err);
    size_t size = scanned.len + aside.text.len;
    size_t memory = size < MEMORY_MAX / 48 ? MEMORY_MIN + size * 48 : MEMORY_MAX;
    int r = html_parse(scanned.data, scanned.len, &aside, memory < MEMORY_MAX ? memory : MEMORY_MAX,
                       limits->max_depth * 4 + 64, &d);
    if (r == -ENOMEM || (r == 0 && html_marks_make(&d) < 0))
        return err_oom(err);
    if (r == 0) {
        html_clean(&d, main_only);
        render(&d, out);
        title = ret_title ? make_title(&d) : NULL;
        url = ret_url ? make_url(&d) : NULL;
        lang = ret_lang ? make_lang(&d) : NULL;
    } else {
        _cleanup_buf_ struct buf b = {0};
        buf_clear(&scanned);
        if (html_scan(html, len, limits->max_depth, NULL, &scanned) < 0)
            return err_oom(err);
        html_strip(scanned.data, scanned.len, out, &b);
        title = take_line(&b);
    }
    finish(out);
    r = buf_status(out);
    if (r == -EFBIG)
        return err_set(err, r, "the text of the page is longer than %zu bytes", out->limit);
    if (r < 0)
        return err_oom(err);
    if (ret_title)
        *ret_title = steal_ptr(title);
    if (ret_url)
        *ret_url = steal_ptr(url);
    if (ret_lang)
        *ret_lang = steal_ptr(lang);
    return 0;
}

int convert_html(const char *text, size_t len, const char *name,
                 const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    char *title = NULL, *url = NULL, *lang = NULL;
    int r = html_to_markdown(text, len, true, limits, &out, &title, &url, &lang, err);
    if (r < 0)
        return r;
    if (!out.len) {
        free(title);
        free(url);
        free(lang);
        return err_set(err, -ENOTSUP, "there is no text in the page");
    }
    r = pages_add(ret, NULL, title, &out, url, lang, name);
    return r < 0 ? err_oom(err) : 0;
}

int pages_add_html(struct pages *ret, const struct buf *html, bool titled, const char *name,
                   const struct convert_limits *limits, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    char *title = NULL, *lang = NULL;
    if (buf_status(html) < 0)
        return err_set(err, buf_status(html), "more text than %zu bytes", limits->max_output);
    int r =
        html_to_markdown(buf_text(html), html->len, false, limits, &out, &title, NULL, &lang, err);
    free(lang);
    if (r < 0 || !titled) {
        free(title);
        title = NULL;
    }
    return r < 0 ? r : pages_add(ret, NULL, title, &out, NULL, NULL, name);
}
