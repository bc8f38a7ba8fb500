/* SPDX-License-Identifier: MIT */
#include "core/text/man.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/mandoc.h"
#include "core/util/cleanup.h"

#define TITLE_MAX 240

void man_facts_fini(struct man_facts *f)
{
    buf_fini(&f->name_line);
    buf_fini(&f->head);
}

/* What the requests of a page tell before it is formatted. */
struct outline {
    struct span only_so; /* the argument of .so when nothing else is there */
    bool is_manual;      /* has .TH, .Dt or a section heading */
    size_t words;        /* bytes of text lines */
};

static struct outline outline_of(struct span text)
{
    struct outline o = {0};
    bool other = false;
    struct span rest = text, line;
    while (line_next(&rest, &line)) {
        struct span l = span_trim(line);
        if (l.len == 0)
            continue;
        if (l.s[0] != '.' && l.s[0] != '\'') {
            o.words += l.len;
            other = true;
            continue;
        }
        l = span_trim(span_skip(l, 1));
        if (l.len == 0 || span_starts(l, "\\\"") || span_starts(l, "\\#"))
            continue;
        if (span_starts(l, "so ") || span_starts(l, "so\t")) {
            o.only_so = span_trim(span_skip(l, 2));
            continue;
        }
        other = true;
        if (l.len > 2 && is_blank(l.s[2]) &&
            (span_starts(l, "TH") || span_starts(l, "Dd") || span_starts(l, "Dt") ||
             span_starts(l, "SH") || span_starts(l, "Sh")))
            o.is_manual = true;
    }
    if (other)
        o.only_so = (struct span){0};
    return o;
}

/* " - ", or the same with the long dashes that translators and mdoc use. */
static struct span find_dash(struct span line, size_t *ret_len)
{
    static const char *const dashes[] = {" - ", " \xe2\x80\x94 ", " \xe2\x80\x93 ", " -- ",
                                         " \xe2\x88\x92 "};
    struct span best = {0};
    for (size_t i = 0; i < sizeof(dashes) / sizeof(*dashes); i++) {
        const char *at = memmem(line.s, line.len, dashes[i], strlen(dashes[i]));
        if (at && (!best.s || at < best.s)) {
            best = (struct span){at, (size_t)(line.s + line.len - at)};
            *ret_len = strlen(dashes[i]);
        }
    }
    return best;
}

/* Of the names before the dash: the one that the file is called after, else the first. */
static struct span pick_name(struct span names, struct span stem)
{
    struct span first = {0}, rest = names;
    while (rest.len) {
        const char *comma = memchr(rest.s, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.s) : rest.len;
        struct span one = span_trim((struct span){rest.s, n});
        if (!first.s && one.len)
            first = one;
        if (one.len && one.len == stem.len && memcmp(one.s, stem.s, one.len) == 0)
            return one;
        rest = span_skip(rest, n + (comma != NULL));
    }
    return memchr(first.s ? first.s : "", ' ', first.len) && stem.len ? stem : first;
}

void man_title(const struct man_facts *facts, const char *name, struct buf *out)
{
    _cleanup_buf_ struct buf line = {0};
    for (size_t i = 0; i < facts->name_line.len; i++)
        buf_addc(&line, facts->name_line.data[i] == '\n' ? ' ' : facts->name_line.data[i]);
    struct span head = span_trim((struct span){facts->head.data, facts->head.len});
    struct span stem = path_stem(name), section = {0}, page = {0}, about = {0};
    if (head.len && head.s[head.len - 1] == ')') {
        const char *open = memrchr(head.s, '(', head.len);
        if (open) {
            section = (struct span){open + 1, (size_t)(head.s + head.len - open) - 2};
            page = (struct span){head.s, (size_t)(open - head.s)};
        }
    }
    if (section.len == 0 && is_digit(path_ext(name).len ? path_ext(name).s[0] : 'x'))
        section = path_ext(name);
    if (stem.len)
        page = stem;
    size_t dash_len = 0;
    struct span whole = {line.data, line.len};
    struct span dash = whole.len ? find_dash(whole, &dash_len) : (struct span){0};
    if (dash.s) {
        struct span picked = pick_name((struct span){whole.s, (size_t)(dash.s - whole.s)}, stem);
        if (picked.len)
            page = picked;
        about = span_trim(span_skip(dash, dash_len));
        while (about.len && about.s[about.len - 1] == '.')
            about.len--;
    }
    if (page.len == 0)
        return;
    size_t start = out->len;
    buf_add_span(out, page);
    if (section.len && section.len < 16)
        buf_addf(out, "(%.*s)", (int)section.len, section.s);
    if (about.len)
        buf_addf(out, " - %.*s", (int)(about.len > TITLE_MAX ? TITLE_MAX : about.len), about.s);
    size_t cut = out->len; /* the limit may have cut a code point in two */
    if (about.len > TITLE_MAX)
        while (cut > start && ((unsigned char)out->data[cut] & 0xc0) == 0x80)
            cut--;
    buf_truncate(out, cut);
}

/* "de" of "man/de/man1/ls.1", as BCP 47; NULL when the path has no language. */
static char *language_of(const char *name)
{
    for (const char *at = name; (at = strstr(at, "/man")); at++) {
        if (!is_digit(at[4]) || at == name)
            continue;
        const char *start = at;
        while (start > name && start[-1] != '/')
            start--;
        size_t n = (size_t)(at - start);
        const char *dot = memchr(start, '.', n); /* de.UTF-8 */
        n = dot ? (size_t)(dot - start) : n;
        bool country = n == 5 && start[2] == '_' && is_upper(start[3]) && is_upper(start[4]);
        if ((n != 2 && !country) || start[0] < 'a' || start[0] > 'z' || start[1] < 'a' ||
            start[1] > 'z')
            return NULL;
        char *lang = strndup(start, n);
        if (lang && country)
            lang[2] = '-';
        return lang;
    }
    return NULL;
}

/* mandoc's HTML, or the bare words where mandoc fails on the page or loses most of it. */
static int body_html(struct span text, const struct outline *o, const struct convert_limits *limits,
                     struct buf *ret, struct man_facts *facts, struct docfs_err *err)
{
    _cleanup_buf_ struct buf html = {0};
    int r = mandoc_render(text.s, text.len, limits, &html, err);
    if (r < 0 && r != -EIO)
        return r;
    if (r == 0) {
        r = man_html_clean(html.data, html.len, ret, facts);
        if (r < 0)
            return err_set(err, r,
                           r == -EFBIG ? "the formatted page is too large" : "out of memory");
    }
    if (ret->len < o->words / 4) {
        buf_clear(ret);
        man_plain(text, ret);
        r = buf_status(ret);
    }
    return r < 0 ? err_set(err, r, "cannot format the page: %s", strerror(-r)) : 0;
}

int convert_man(const char *text, size_t len, const char *name, const struct convert_limits *limits,
                struct pages *ret, struct docfs_err *err)
{
    struct span all = {text, len};
    struct outline o = outline_of(all);
    if (o.only_so.len)
        return err_set(err, -ENOTSUP, "only refers to %.*s", (int)o.only_so.len, o.only_so.s);
    if (!o.is_manual)
        return err_set(err, -EINVAL, "not a manual page: it has neither .TH, .Dt nor .SH");

    _cleanup_(man_facts_fini) struct man_facts facts = {0};
    _cleanup_buf_ struct buf html = {.limit = limits->max_output}, title = {0}, page = {0};
    _cleanup_buf_ struct buf body = {.limit = limits->max_output};
    int r = body_html(all, &o, limits, &html, &facts, err);
    if (r < 0)
        return r;
    r = html_to_markdown(buf_text(&html), html.len, false, limits, &body, NULL, NULL, NULL, err);
    if (r < 0)
        return r;
    man_title(&facts, name, &title);
    page.limit = limits->max_output;
    if (title.len)
        buf_addf(&page, "# %s\n\n", title.data);
    buf_add(&page, body.data, body.len);
    r = buf_status(&page);
    if (r == 0)
        r = buf_status(&title);
    if (r < 0)
        return err_set(err, r,
                       r == -EFBIG ? "the page is larger than %zu bytes of markdown"
                                   : "out of memory (limit %zu)",
                       limits->max_output);
    r = pages_add(ret, NULL, title.len ? buf_steal(&title, NULL) : NULL, &page, NULL,
                  language_of(name), name);
    return r < 0 ? err_oom(err) : 0;
}
