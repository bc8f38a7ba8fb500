/* SPDX-License-Identifier: MIT
 * Plain text -> markdown: the words stay as they are; the headings that a reader sees become
 * headings. One pass with one line of look-ahead on either side. */
#include "core/text/plaintext.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/furniture.h"
#include "core/text/info.h"
#include "core/text/vimhelp.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

#define HEADING_MAX 80
#define TITLE_BYTES 120

void text_add_line(struct buf *out, struct span line)
{
    size_t pad = span_run(line, ' ');
    if (pad < 4 && md_atx(line, NULL)) {
        buf_add(out, line.s, pad);
        buf_addc(out, '\\');
        line = span_skip(line, pad);
    }
    buf_add_span(out, line);
    buf_addc(out, '\n');
}

bool text_is_toc_line(struct span line)
{
    return span_has(line, "....") || span_has(line, ". . .");
}

unsigned text_numbered(struct span line, unsigned *ret_first, unsigned *ret_last)
{
    if (line.len == 0 || line.len > HEADING_MAX || text_is_toc_line(line))
        return 0;
    size_t i = 0;
    unsigned depth = 0;
    if (is_upper(line.s[0]) && line.len > 2 && line.s[1] == '.' && is_digit(line.s[2])) {
        depth = 1; /* A.1 in an appendix */
        i = 2;
    }
    *ret_first = *ret_last = 0;
    while (i < line.len && is_digit(line.s[i])) {
        unsigned n = 0;
        while (i < line.len && is_digit(line.s[i]) && n < 1000)
            n = n * 10 + (unsigned)(line.s[i++] - '0');
        if (n >= 1000 || ++depth > 5)
            return 0;
        *ret_first = depth == 1 ? n : *ret_first;
        *ret_last = n;
        if (i < line.len && line.s[i] == '.')
            i++;
    }
    if (*ret_last == 0 || depth == 0 || i >= line.len || !is_blank(line.s[i]))
        return 0;
    struct span t = span_trim(span_skip(line, i));
    char end = t.len ? t.s[t.len - 1] : '.';
    bool letters = t.len > 2 && (is_upper(t.s[0]) || (unsigned char)t.s[0] >= 0x80);
    return letters && !strchr(".,;:", end) ? depth : 0;
}

struct text {
    struct buf out;
    bool keep_fences; /* they come in pairs */
    bool in_fence;
    bool has_top; /* a level-one heading was written */
    char *title;  /* first heading, or NULL */
    unsigned blanks;
};

/* INSTALLATION NOTES */
static bool is_shouted(struct span t)
{
    if (t.len < 4 || t.len > HEADING_MAX || !is_upper(t.s[0]))
        return false;
    size_t letters = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.s[i];
        if ((c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80 || strchr("=|<>{}[];$\\", c))
            return false;
        letters += is_upper(c);
    }
    return letters >= 4 && letters * 2 > t.len && !strchr(".,!?", t.s[t.len - 1]);
}

static void add_heading(struct text *t, unsigned level, struct span title)
{
    title = span_trim(title);
    if (level == 1 && t->has_top)
        level = 2;
    t->has_top |= level == 1;
    if (t->out.len && !span_ends((struct span){t->out.data, t->out.len}, "\n\n"))
        buf_addc(&t->out, '\n');
    for (unsigned i = 0; i < level; i++)
        buf_addc(&t->out, '#');
    buf_addc(&t->out, ' ');
    buf_add_span(&t->out, title);
    buf_adds(&t->out, "\n\n");
    t->blanks = 2; /* that is enough */
    if (!t->title)
        t->title = span_dup(title);
}

static bool is_underline(struct span line, struct span above)
{
    line = span_trim(line);
    above = span_trim(above);
    if (line.len < 3 || above.len == 0 || above.len > 120 || !strchr("=-~*", line.s[0]))
        return false;
    if (span_run(line, line.s[0]) != line.len)
        return false;
    /* Longer than the title by much: the ruler of a table or of the page. */
    return line.len + 3 >= above.len * 2 / 3 && line.len <= above.len + 10 &&
           (is_alnum(above.s[0]) || (unsigned char)above.s[0] >= 0x80 ||
            strchr("`\"'(<-.", above.s[0]));
}

/* True when the line was taken; *used is set when the next one belongs to it. */
static bool as_heading(struct text *t, struct span prev, struct span line, struct span next,
                       bool *used)
{
    struct span s = span_trim(line);
    if (s.len == 0 || span_trim(prev).len)
        return false;
    if (is_underline(next, line) && span_run(line, ' ') < 12) {
        *used = true;
        add_heading(t, span_trim(next).s[0] == '=' ? 1 : 2, s);
        return true;
    }
    if (span_trim(next).len || span_run(line, ' ') > 3 || line.s[0] == '\t')
        return false;
    unsigned first, last, depth = text_numbered(s, &first, &last);
    if (depth && line.s == s.s) {
        add_heading(t, depth + 1, s);
        return true;
    }
    struct span atx;
    unsigned level = md_atx(line, &atx);
    if (level && atx.len) { /* alone between blank lines: a heading, not a comment */
        add_heading(t, level, atx);
        return true;
    }
    if (is_shouted(s)) {
        add_heading(t, 2, s);
        return true;
    }
    return false;
}

/* Bold and underlined print: "N\bN" and "_\bN" mean N. */
static struct span without_overstrike(struct span line, struct buf *tmp)
{
    if (line.len == 0 || !memchr(line.s, '\b', line.len))
        return line;
    buf_clear(tmp);
    for (size_t i = 0; i < line.len; i++) {
        if (line.s[i] != '\b') {
            buf_addc(tmp, line.s[i]);
            continue;
        }
        size_t n = tmp->len;
        while (n && ((unsigned char)tmp->data[n - 1] & 0xc0) == 0x80)
            n--;
        buf_truncate(tmp, n ? n - 1 : 0);
    }
    return buf_span(tmp);
}

static void plain_line(struct text *t, struct span line)
{
    char c;
    if (t->in_fence) {
        t->in_fence = !md_fence_close(line, '`', 3);
        buf_add_span(&t->out, line);
        buf_addc(&t->out, '\n');
        return;
    }
    line = span_rtrim(line);
    if (line.len == 0) {
        if (t->blanks++ < 2 && t->out.len)
            buf_addc(&t->out, '\n');
        return;
    }
    t->blanks = 0;
    /* At any indentation: whoever reads the markdown takes fences of list items too. */
    if (md_fence_open(line, &c)) {
        size_t pad = span_run(line, ' ');
        if (t->keep_fences && c == '`') {
            t->in_fence = true;
        } else {
            buf_add(&t->out, line.s, pad);
            buf_addc(&t->out, '\\');
            line = span_skip(line, pad);
        }
    }
    text_add_line(&t->out, line);
}

static bool fences_balance(struct span text)
{
    struct span line;
    char c;
    bool open = false;
    while (line_next(&text, &line))
        if (open ? md_fence_close(line, '`', 3) : md_fence_open(line, &c) && c == '`')
            open = !open;
    return !open;
}

static int add_lines(struct text *t, struct span text)
{
    _cleanup_buf_ struct buf tmp = {0};
    struct span prev = {"", 0}, line, next = {"", 0}, nothing = {"", 0};
    t->keep_fences = fences_balance(text);
    bool more = line_next(&text, &next);
    while (more && buf_status(&t->out) == 0) {
        line = next;
        more = line_next(&text, &next);
        bool used = false;
        if (!t->in_fence && as_heading(t, prev, line, more ? next : nothing, &used)) {
            if (used)
                more = line_next(&text, &next);
            prev = nothing;
            continue;
        }
        prev = line;
        plain_line(t, without_overstrike(line, &tmp));
    }
    return buf_status(&tmp) ? buf_status(&tmp) : buf_status(&t->out);
}

/* "RFC 7231: Hypertext Transfer Protocol ...": the centred lines below the header block. */
static char *rfc_title(struct span text)
{
    struct span line, number = {0};
    _cleanup_buf_ struct buf title = {0};
    for (int i = 0; i < 40 && line_next(&text, &line); i++) {
        struct span t = span_trim(line);
        if (span_starts(t, "Request for Comments:")) {
            number = span_trim(span_skip(t, 21));
            number.len = 0;
            while (number.s + number.len < t.s + t.len && is_digit(number.s[number.len]))
                number.len++;
        } else if (number.len && span_run(line, ' ') > 3) {
            buf_adds(&title, title.len ? " " : "");
            buf_add_span(&title, t);
        } else if (title.len) {
            break;
        }
    }
    if (!title.len)
        return NULL;
    _cleanup_buf_ struct buf out = {0};
    buf_addf(&out, "RFC %.*s: ", (int)number.len, number.s);
    buf_add(&out, title.data, title.len);
    return buf_steal(&out, NULL);
}

static bool has_word(struct span t)
{
    size_t letters = 0;
    for (size_t i = 0; i < t.len; i++)
        letters += is_alpha(t.s[i]) || (unsigned char)t.s[i] >= 0x80;
    return letters >= 3 && letters * 2 >= t.len;
}

/* The first line when it reads like a title, else NULL (the file name). */
static char *first_line_title(struct span text)
{
    struct span line;
    while (line_next(&text, &line)) {
        struct span t = span_trim(line);
        if (t.len == 0)
            continue;
        if (!has_word(t) || strchr("#<{[/;%$", t.s[0]))
            return NULL;
        size_t n = utf8_cut(t.s, t.len, TITLE_BYTES);
        if (n < t.len) { /* whole words */
            const char *blank = memrchr(t.s, ' ', n);
            n = blank && blank > t.s ? (size_t)(blank - t.s) : n;
        }
        return span_dup((struct span){t.s, n});
    }
    return NULL;
}

/* Configuration and data: one code block under the name of the file. */
static const char *data_language(const char *name)
{
    static const char *const kinds[][2] = {
        {"json", "json"}, {"yaml", "yaml"}, {"yml", "yaml"},    {"toml", "toml"},
        {"ini", "ini"},   {"cfg", "ini"},   {"conf", ""},       {"properties", "properties"},
        {"env", "sh"},    {"cnf", "ini"},   {"service", "ini"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (span_eq_nocase(path_ext(name), kinds[i][0]))
            return kinds[i][1];
    return NULL;
}

static int convert_data(struct span text, const char *name, const char *language,
                        const struct convert_limits *limits, struct pages *ret)
{
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    if (span_trim(text).len) {
        buf_adds(&out, "# ");
        buf_add_span(&out, path_base(name));
        buf_adds(&out, "\n\n");
        md_fence(&out, text, language, 0);
    }
    return pages_add(ret, NULL, span_dup(path_base(name)), &out, NULL, NULL, name);
}

static int finish(int r, const struct convert_limits *limits, struct docfs_err *err)
{
    if (r == -EFBIG)
        return err_set(err, r, "makes more than %zu bytes of markdown", limits->max_output);
    return r < 0 ? err_oom(err) : 0;
}

struct manual {
    const char *name;
    const struct convert_limits *limits;
    struct pages *pages;
    size_t bytes; /* of them */
};

/* "1.21 Changelog: 1.21.3 Library", in place of the title alone; NULL: no memory. */
static char *below(struct span above, char *title)
{
    char *both;
    if (asprintf(&both, "%.*s: %s", (int)above.len, above.s, title) < 0)
        both = NULL;
    free(title);
    return both;
}

static int add_info_page(void *arg, struct info_page *p)
{
    struct manual *m = arg;
    struct text t = {.out = {.limit = m->limits->max_output - m->bytes}};
    char *title = NULL, *part = NULL;
    int r = add_lines(&t, buf_span(p->text));
    m->bytes += t.out.len;
    if (r == 0 && p->number && !(part = pages_part(p->number, p->pages, p->title.s, p->title.len)))
        r = -ENOMEM;
    if (r == 0) {
        title = t.has_top ? steal_ptr(t.title) : first_line_title(buf_span(p->text));
        if (title && p->number && p->above.len && !(title = below(p->above, title)))
            r = -ENOMEM;
    }
    if (r == 0)
        r = pages_add(m->pages, steal_ptr(part), title, &t.out, NULL, NULL, m->name);
    free(part);
    free(t.title);
    buf_fini(&t.out);
    return r;
}

static int convert_info(struct span text, const char *name, const struct convert_limits *limits,
                        struct pages *ret, struct docfs_err *err)
{
    struct manual m = {name, limits, ret, 0};
    size_t had = ret->n;
    int r = info_text(text, limits->max_pages, add_info_page, &m);
    if (r == 0 && ret->n == had)
        return err_set(err, -ENOTSUP, "the text of this Info manual is in other files");
    return finish(r, limits, err);
}

int convert_text(const char *text, size_t len, const char *name,
                 const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    struct span body = {text, len};
    const char *language = data_language(name);
    if (language)
        return finish(convert_data(body, name, language, limits, ret), limits, err);
    if (info_is(body))
        return convert_info(body, name, limits, ret, err);
    _cleanup_buf_ struct buf pages = {0};
    bool help = vimhelp_is(body);
    bool printed = !help && len && memchr(text, '\f', len);
    if (help)
        vimhelp_text(body, &pages);
    if (printed)
        furniture_remove(text, len, &pages);
    if (buf_status(&pages) < 0)
        return err_oom(err);
    char *title = len ? rfc_title(body) : NULL;
    if (help || printed)
        body = (struct span){pages.data, pages.len};
    struct text t = {.out = {.limit = limits->max_output}};
    int r = add_lines(&t, body);
    if (!title && t.has_top)
        title = steal_ptr(t.title);
    if (!title)
        title = first_line_title(body);
    if (r == 0)
        r = pages_add(ret, NULL, title, &t.out, NULL, NULL, name);
    else
        free(title);
    free(t.title);
    buf_fini(&t.out);
    return finish(r, limits, err);
}
