/* SPDX-License-Identifier: MIT */
#include "core/text/mdutil.h"

#include <stdlib.h>
#include <strings.h>

bool span_among(struct span p, const char *const *list)
{
    for (; *list; list++)
        if (span_eq(p, *list))
            return true;
    return false;
}

bool span_eq_nocase(struct span p, const char *s)
{
    return p.len == strlen(s) && strncasecmp(p.s, s, p.len) == 0;
}

char *span_dup(struct span p)
{
    return strndup(p.s ? p.s : "", p.len);
}

struct span *span_lines(struct span text, size_t *ret_n)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.s[i] == '\n';
    struct span *line = calloc(n, sizeof(*line)), l;
    *ret_n = 0;
    while (line && line_next(&text, &l))
        line[(*ret_n)++] = span_rtrim(l);
    return line;
}

bool csv_field(struct span *text, char comma, bool quotes, struct buf *out)
{
    struct span t = *text;
    size_t i = span_run(t, ' ');
    bool quoted = quotes && i < t.len && t.s[i] == '"';
    for (i += quoted; quoted && i < t.len; i++) {
        if (t.s[i] == '"' && (i + 1 == t.len || t.s[i + 1] != '"'))
            break;
        i += t.s[i] == '"';
        buf_addc(out, t.s[i]);
    }
    for (i += quoted && i < t.len; i < t.len && t.s[i] != comma && t.s[i] != '\n'; i++)
        if (!quoted)
            buf_addc(out, t.s[i]);
    bool more = i < t.len && t.s[i] == comma;
    *text = span_skip(t, i + more);
    return more;
}

void html_escape(struct buf *out, struct span t)
{
    while (t.len) {
        size_t plain = 0;
        while (plain < t.len && !memchr("&<>\"", t.s[plain], 4))
            plain++;
        buf_add(out, t.s, plain);
        if (plain == t.len)
            return;
        char c = t.s[plain];
        buf_adds(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
        t = span_skip(t, plain + 1);
    }
}

struct span path_base(const char *name)
{
    const char *slash = strrchr(name, '/');
    return span_of(slash ? slash + 1 : name);
}

struct span path_ext(const char *name)
{
    struct span b = path_base(name);
    const char *dot = memrchr(b.s, '.', b.len);
    if (!dot || dot == b.s)
        return (struct span){b.s + b.len, 0};
    return (struct span){dot + 1, (size_t)(b.s + b.len - dot - 1)};
}

struct span path_stem(const char *name)
{
    struct span b = path_base(name), e = path_ext(name);
    if (e.len)
        b.len -= e.len + 1;
    return b;
}

unsigned md_atx(struct span line, struct span *ret_text)
{
    size_t pad = span_run(line, ' ');
    if (pad > 3)
        return 0;
    line = span_skip(line, pad);
    size_t level = span_run(line, '#');
    if (level == 0 || level > 6 || (line.len > level && !is_blank(line.s[level])))
        return 0;
    struct span t = span_trim(span_skip(line, level));
    size_t end = t.len;
    while (end && t.s[end - 1] == '#')
        end--;
    if (end == 0)
        t.len = 0;
    else if (end < t.len && is_blank(t.s[end - 1]))
        t = span_trim((struct span){t.s, end});
    if (ret_text)
        *ret_text = t;
    return (unsigned)level;
}

char md_setext(struct span line)
{
    size_t pad = span_run(line, ' ');
    if (pad > 3)
        return 0;
    line = span_trim(line);
    if (line.len == 0 || (line.s[0] != '=' && line.s[0] != '-'))
        return 0;
    return span_run(line, line.s[0]) == line.len ? line.s[0] : 0;
}

/* Skips what may stand before a fence: blanks, '>' and list markers. */
static struct span skip_containers(struct span p)
{
    for (;;) {
        while (p.len && (is_blank(p.s[0]) || p.s[0] == '>'))
            p = span_skip(p, 1);
        size_t n = 0;
        if (p.len > 1 && (p.s[0] == '-' || p.s[0] == '*' || p.s[0] == '+')) {
            n = 1;
        } else {
            while (n < p.len && n < 9 && is_digit(p.s[n]))
                n++;
            n = n && n < p.len && (p.s[n] == '.' || p.s[n] == ')') ? n + 1 : 0;
        }
        if (n == 0 || n >= p.len || !is_blank(p.s[n]))
            return p;
        p = span_skip(p, n);
    }
}

size_t md_fence_open(struct span line, char *ret_char)
{
    struct span p = skip_containers(line);
    if (p.len < 3 || (p.s[0] != '`' && p.s[0] != '~'))
        return 0;
    size_t n = span_run(p, p.s[0]);
    if (n < 3 || (p.s[0] == '`' && memchr(p.s + n, '`', p.len - n)))
        return 0;
    *ret_char = p.s[0];
    return n;
}

bool md_fence_close(struct span line, char c, size_t len)
{
    while (line.len && (is_blank(line.s[0]) || line.s[0] == '>'))
        line = span_skip(line, 1);
    size_t n = span_run(line, c);
    return n >= len && span_trim(span_skip(line, n)).len == 0;
}

size_t span_longest_run(struct span t, char c)
{
    size_t best = 0;
    while (t.len) {
        const char *p = memchr(t.s, c, t.len);
        if (!p)
            break;
        t = span_skip(t, (size_t)(p - t.s));
        size_t n = span_run(t, c);
        if (n > best)
            best = n;
        t = span_skip(t, n);
    }
    return best;
}

static void add_run(struct buf *out, char c, size_t n)
{
    while (n-- && buf_status(out) == 0)
        buf_addc(out, c);
}

void md_fence(struct buf *out, struct span text, const char *lang, unsigned indent)
{
    text = span_rtrim(text);
    size_t ticks = span_longest_run(text, '`') + 1;
    if (ticks < 3)
        ticks = 3;
    if (out->len && buf_last(out) != '\n')
        buf_addc(out, '\n');
    add_run(out, ' ', indent);
    add_run(out, '`', ticks);
    buf_adds(out, lang ? lang : "");
    buf_addc(out, '\n');
    struct span line;
    while (line_next(&text, &line)) {
        if (line.len)
            add_run(out, ' ', indent);
        buf_add_span(out, line);
        buf_addc(out, '\n');
    }
    add_run(out, ' ', indent);
    add_run(out, '`', ticks);
    buf_addc(out, '\n');
}

void md_code(struct buf *out, struct span code, bool cell)
{
    code = span_trim(code);
    if (!code.len)
        return;
    size_t ticks = span_longest_run(code, '`') + 1;
    bool pad = code.s[0] == '`' || code.s[code.len - 1] == '`';
    add_run(out, '`', ticks);
    buf_adds(out, pad ? " " : "");
    for (size_t i = 0; i < code.len; i++) {
        if (cell && code.s[i] == '|')
            buf_addc(out, '\\');
        buf_addc(out, code.s[i]);
    }
    buf_adds(out, pad ? " " : "");
    add_run(out, '`', ticks);
}

void md_one_line(struct buf *out, struct span text, bool cell)
{
    text = span_trim(text);
    bool gap = false;
    for (size_t i = 0; i < text.len; i++) {
        if (is_blank(text.s[i])) {
            gap = true;
            continue;
        }
        if (gap)
            buf_addc(out, ' ');
        gap = false;
        if (cell && text.s[i] == '|')
            buf_addc(out, '\\');
        buf_addc(out, text.s[i]);
    }
}

/* Length of a "](target)" or "][ref]" tail at p, 0 when it is none. */
static size_t link_tail(struct span p)
{
    if (p.len < 2 || (p.s[1] != '(' && p.s[1] != '['))
        return 0;
    const char *e = memchr(p.s + 2, p.s[1] == '(' ? ')' : ']', p.len - 2);
    return e ? (size_t)(e - p.s) + 1 : 0;
}

void md_plain(struct buf *out, struct span t)
{
    t = span_trim(t);
    if (t.len > 2000) /* a heading; longer input only costs time */
        t.len = 2000;
    for (size_t i = 0; i < t.len; i++) {
        struct span p = span_skip(t, i);
        size_t n;
        if (p.s[0] == '\\' && p.len > 1 && !is_alnum(p.s[1]) && (unsigned char)p.s[1] < 0x80) {
            buf_addc(out, p.s[1]);
            i++;
        } else if (p.s[0] == '`' || (p.s[0] == '*' && p.len > 1)) {
            continue;
        } else if (span_starts(p, "![")) {
            const char *e = memchr(p.s, ']', p.len);
            n = e ? link_tail(span_skip(p, (size_t)(e - p.s))) : 0;
            if (n)
                i += (size_t)(e - p.s) + n - 1;
            else
                buf_addc(out, '!');
        } else if (p.s[0] == '[') {
            const char *e = memchr(p.s, ']', p.len);
            if (!e || !link_tail(span_skip(p, (size_t)(e - p.s))))
                buf_addc(out, '[');
        } else if (p.s[0] == ']' && (n = link_tail(p))) {
            i += n - 1;
        } else if (p.s[0] == '<' && p.len > 2 && (is_alpha(p.s[1]) || p.s[1] == '/') &&
                   memchr(p.s, '>', p.len)) {
            i += (size_t)((const char *)memchr(p.s, '>', p.len) - p.s);
        } else {
            buf_addc(out, is_blank(p.s[0]) ? ' ' : p.s[0]);
        }
    }
    buf_rtrim(out, " ");
}

/* The text of <h1 ...>text</h1> that begins in this line and ends within 2000 bytes. */
static bool html_h1(struct span p, struct buf *out)
{
    struct span t = span_trim(p);
    if (t.len < 4 || strncasecmp(t.s, "<h1", 3) != 0 || (t.s[3] != '>' && !is_blank(t.s[3])))
        return false;
    size_t room = t.len > 2000 ? 2000 : t.len;
    const char *open = memchr(t.s, '>', room);
    if (!open)
        return false;
    struct span body = {open + 1, (size_t)(t.s + room - open - 1)};
    const char *close = memmem(body.s, body.len, "</h1", 4);
    if (!close)
        return false;
    body.len = (size_t)(close - body.s);
    size_t before = out->len;
    md_plain(out, body);
    return out->len > before;
}

bool md_first_heading(struct span text, struct buf *out)
{
    struct span line, prev = {0}, t;
    char fence = 0;
    size_t fence_len = 0;
    while (line_next(&text, &line)) {
        if (fence) {
            if (md_fence_close(line, fence, fence_len))
                fence = 0;
            prev.len = 0;
            continue;
        }
        fence_len = md_fence_open(line, &fence);
        if (fence_len)
            continue;
        fence = 0;
        size_t before = out->len;
        if (md_atx(line, &t) == 1 && t.len)
            md_plain(out, t);
        else if (prev.len && md_setext(line) == '=')
            md_plain(out, prev);
        else if (span_run(line, ' ') < 4 && span_has(line, "<h1"))
            html_h1((struct span){line.s, (size_t)(text.s + text.len - line.s)}, out);
        if (out->len > before)
            return true;
        prev = span_run(line, ' ') > 3 ? (struct span){0} : span_trim(line);
    }
    return false;
}

void md_demoted(struct buf *out, struct span text, unsigned level)
{
    struct span line, t;
    char fence = 0;
    size_t fence_len = 0;
    text = span_trim(text);
    while (line_next(&text, &line)) {
        unsigned atx = fence ? 0 : md_atx(line, &t);
        if (fence) {
            if (md_fence_close(line, fence, fence_len))
                fence = 0;
        } else {
            fence_len = md_fence_open(line, &fence);
            if (!fence_len)
                fence = 0;
        }
        if (atx) {
            add_run(out, '#', level + atx > 6 ? 6 : level + atx);
            buf_addc(out, ' ');
            buf_add_span(out, t);
        } else {
            buf_add_span(out, line);
        }
        buf_addc(out, '\n');
    }
    if (fence) { /* an open fence must not swallow what is written next */
        add_run(out, fence, fence_len);
        buf_addc(out, '\n');
    }
}
