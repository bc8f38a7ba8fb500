/* SPDX-License-Identifier: MIT
 * Reads "SET<TAB>KIND<TAB>FILE" lines from stdin and writes pairs of a question and the text that
 * answers it, one a line: set, kind of pair, question, title of the text, text; separated by tabs.
 * Files go through docfs' own converters, so that the text is what a cache would hold.
 *
 *   head    heading -> its section              title   title -> beginning of the page
 *   first   first sentence -> rest of it        name    NAME line of a man page -> its description
 *   option  what an option does -> its page     link    text of a link -> beginning of its target
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/decompress.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"

#define TEXT_MAX 1400 /* bytes of an answer */
#define TEXT_MIN 60
#define LEVELS 7
#define SECTIONS_MAX 400 /* of one page: reference pages must not drown the rest */

struct page_state {
    const char *set;
    bool man;
    const char *title;
    struct buf level[LEVELS]; /* headings above the section */
    struct buf heading;       /* of the section, plain; empty above the first one */
    struct buf body;
    struct buf about; /* NAME and DESCRIPTION of a man page */
    unsigned depth, sections;
};

/* Markdown of one line -> its words: no marks, no link targets, no tabs. */
static void plain(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == '\\' && i + 1 < len && strchr("\\`*_{}[]()#+-.!|<>~", s[i + 1])) {
            buf_addc(out, s[++i]);
        } else if (c == ']' && i + 1 < len && s[i + 1] == '(') {
            size_t j = i + 2;
            int open = 1;
            for (; j < len && open; j++)
                open += s[j] == '(' ? 1 : s[j] == ')' ? -1 : 0;
            i = j - 1;
        } else if (c == '[' || c == ']' || c == '`' || c == '|' ||
                   (c == '*' && (i == 0 || s[i - 1] != ' ' || (i + 1 < len && s[i + 1] != ' ')))) {
            if (c == '|')
                buf_addc(out, ' ');
        } else {
            buf_addc(out, c == '\t' || c == '\n' || c == '\r' ? ' ' : c);
        }
    }
}

static void trim(struct buf *b)
{
    while (b->len && strchr(" .:#\xb6", b->data[b->len - 1]))
        b->data[--b->len] = '\0';
}

static size_t words(const char *s)
{
    size_t n = 0;
    bool in = false;
    for (; *s; s++) {
        bool w = (*s | 32) >= 'a' && (*s | 32) <= 'z';
        n += w && !in;
        in = *s != ' ';
    }
    return n;
}

static const char *text_of(const struct buf *b)
{
    return b->len ? b->data : "";
}

static void emit(const struct page_state *p, const char *kind, const char *question,
                 const char *title, const char *text, size_t len)
{
    if (len < TEXT_MIN || words(question) < 1 || strlen(question) > 300)
        return;
    if (len > TEXT_MAX) {
        len = TEXT_MAX;
        while (len && (text[len] & 0xc0) == 0x80)
            len--;
    }
    printf("%s\t%s\t%s\t%s\t%.*s\n", p->set, kind, question, title, (int)len, text);
}

/* Length of the first sentence of s, 0 when there is none of 4 to 40 words. */
static size_t sentence(const char *s)
{
    size_t n = 0, blanks = 0;
    for (size_t i = 0; s[i]; i++) {
        blanks += s[i] == ' ';
        if ((s[i] == '.' || s[i] == '?' || s[i] == ':') && (s[i + 1] == ' ' || !s[i + 1]) &&
            blanks >= 3) {
            n = i;
            break;
        }
    }
    return blanks >= 3 && blanks <= 40 ? n : 0;
}

/* "cp: copy files" -> "copy files" of the NAME section: after the dash. */
static const char *after_dash(const char *s)
{
    for (; *s; s++) {
        if (*s == '-' && s[1] == ' ')
            return s + 2;
        if (!memcmp(s, "\xe2\x80\x94", 3) || !memcmp(s, "\xe2\x80\x93", 3))
            return s + 3 + (s[3] == ' ');
    }
    return s;
}

static void flush_man(struct page_state *p)
{
    const char *h = text_of(&p->heading), *body = text_of(&p->body);
    if (!strcmp(h, "NAME") || !strcmp(h, "Name") || !*h) {
        const char *what = after_dash(body);
        if (*what && !p->about.len)
            buf_addf(&p->about, "%s. ", body);
    } else if (!strcasecmp(h, "DESCRIPTION")) {
        const char *what = after_dash(text_of(&p->about));
        emit(p, "name", what, p->title, body, p->body.len);
        buf_add(&p->about, body, p->body.len < 800 ? p->body.len : 800);
    }
}

/* What an option does is what somebody wants from the program. */
static void flush_option(struct page_state *p, const char *name, const char *text)
{
    size_t n = sentence(text);
    char what[320];
    if (n < 15 || n >= sizeof(what) || p->about.len < TEXT_MIN)
        return;
    memcpy(what, text, n);
    what[n] = '\0';
    emit(p, "option", what, p->title, p->about.data, p->about.len);
    (void)name;
}

static void flush(struct page_state *p)
{
    _cleanup_buf_ struct buf title = {0};
    const char *h = text_of(&p->heading), *body = text_of(&p->body);
    buf_adds(&title, p->title);
    for (unsigned i = 1; i < p->depth && i < LEVELS; i++)
        if (p->level[i].len && strcmp(p->level[i].data, p->title) != 0)
            buf_addf(&title, " > %s", p->level[i].data);
    if (p->body.len >= TEXT_MIN && p->sections++ < SECTIONS_MAX) {
        if (*h && strcmp(h, p->title) != 0 && !p->man) {
            _cleanup_buf_ struct buf long_one = {0};
            emit(p, "head", h, text_of(&title), body, p->body.len);
            if (words(h) <= 2) { /* "Examples" says nothing without its page */
                buf_addf(&long_one, "%s %s", p->title, h);
                emit(p, "headt", text_of(&long_one), "", body, p->body.len);
            }
        } else if (!p->man) {
            emit(p, "title", p->title, "", body, p->body.len);
        }
        size_t n = sentence(body);
        if (n > 20 && n < 300 && p->body.len > n + 120) {
            _cleanup_buf_ struct buf first = {0};
            buf_add(&first, body, n);
            if (*h && strcmp(h, p->title) != 0)
                buf_addf(&title, " > %s", h);
            emit(p, "first", text_of(&first), text_of(&title), body + n + 1, p->body.len - n - 1);
        }
    }
    if (p->man)
        flush_man(p);
    buf_clear(&p->body);
}

static void heading(struct page_state *p, unsigned depth, const char *s, size_t len)
{
    flush(p);
    buf_clear(&p->heading);
    plain(&p->heading, s, len);
    trim(&p->heading);
    p->depth = depth < LEVELS ? depth : LEVELS - 1;
    for (unsigned i = p->depth; i < LEVELS; i++)
        buf_clear(&p->level[i]);
    buf_adds(&p->level[p->depth], text_of(&p->heading));
}

static void read_page(struct page_state *p, const char *md, size_t len)
{
    bool code = false;
    _cleanup_buf_ struct buf option = {0};
    for (const char *s = md, *end = md + len; s < end;) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t n = nl ? (size_t)(nl - s) : (size_t)(end - s);
        unsigned depth = 0;
        if (n >= 3 && !memcmp(s, "```", 3))
            code = !code;
        while (!code && depth < n && s[depth] == '#')
            depth++;
        if (depth && depth < LEVELS && depth < n && s[depth] == ' ') {
            heading(p, depth, s + depth + 1, n - depth - 1);
        } else if (n && (code || memcmp(s, "```", n < 3 ? n : 3) != 0) &&
                   !(n > 2 && !strncmp(s, "| -", 3))) {
            size_t before = p->body.len;
            if (before)
                buf_addc(&p->body, ' ');
            if (p->body.len < 8 * TEXT_MAX) {
                if (code)
                    for (size_t i = 0; i < n; i++)
                        buf_addc(&p->body, s[i] == '\t' ? ' ' : s[i]);
                else
                    plain(&p->body, s, n);
            }
            if (p->man && !code && p->body.len > before) {
                const char *line = p->body.data + before + (before != 0);
                const char *o = s;
                while (o < s + n && strchr("*-`: ", *o))
                    o++;
                bool is_option =
                    n > 3 && (*s == '*' || *s == '`' || *s == '-') && o[-1 * (o > s)] == '-';
                if (option.len && !is_option) {
                    const char *t = line;
                    while (*t == ':' || *t == ' ')
                        t++;
                    flush_option(p, option.data, t);
                    buf_clear(&option);
                } else if (is_option) {
                    buf_clear(&option);
                    buf_add(&option, s, n);
                }
            }
        }
        s += n + 1;
    }
    flush(p);
}

static void read_file(const char *set, const char *kind, const char *path)
{
    _cleanup_buf_ struct buf raw = {0}, unpacked = {0};
    _cleanup_free_ char *inner = NULL;
    _cleanup_pages_ struct pages pages = {0};
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    limits.max_input = 4u << 20;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || buf_read_fd(&raw, fd, limits.max_input) < 0 || !raw.len)
        return;
    struct convert_input in = {.data = raw.data, .len = raw.len, .name = path};
    struct docfs_err err;
    int r = decompress(in.data, in.len, limits.max_input, path, &unpacked, &inner, &err);
    if (r == 0 && unpacked.len) {
        in.data = unpacked.data;
        in.len = unpacked.len;
        in.name = inner;
    }
    if (r < 0 || convert(&in, &limits, &pages, &err) < 0)
        return;
    for (size_t i = 0; i < pages.n; i++) {
        const struct page *page = &pages.item[i];
        struct page_state p = {.set = set, .man = pages.format == FORMAT_MAN};
        _cleanup_buf_ struct buf title = {0};
        if (page->lang && strncmp(page->lang, "en", 2) != 0)
            continue;
        plain(&title, page->title, strlen(page->title));
        p.title = text_of(&title);
        read_page(&p, page->markdown, page->len);
        for (int k = 0; k < LEVELS; k++)
            buf_fini(&p.level[k]);
        buf_fini(&p.heading);
        buf_fini(&p.body);
        buf_fini(&p.about);
    }
    (void)kind;
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        char *kind = strchr(line, '\t'), *path = kind ? strchr(kind + 1, '\t') : NULL;
        if (!path) {
            fprintf(stderr, "harvest: a line needs SET, KIND and FILE\n");
            return 2;
        }
        *kind++ = *path++ = '\0';
        read_file(line, kind, path);
    }
    free(line);
    return fflush(stdout) ? 1 : 0;
}
