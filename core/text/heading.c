/* SPDX-License-Identifier: MIT */
#include "core/text/heading.h"

#include <string.h>

#include "core/util/utf8.h"

#define RAW_MAX 1000 /* bytes of a heading line looked at */

size_t line_indent(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && line[i] != '\n' && blank_byte(line[i]))
        i++;
    return i;
}

bool fence_line(struct fence *f, const char *line, size_t len)
{
    /* Any depth of indentation is taken: fences stand in list items, and four blanks before one
     * that is shown as code are rarer. */
    size_t i = line_indent(line, len), start = i;
    if (i >= len || (line[i] != '`' && line[i] != '~') || (f->mark && line[i] != f->mark))
        return false;
    while (i < len && line[i] == line[start])
        i++;
    size_t run = i - start;
    if (run < 3)
        return false;
    if (f->mark) {
        if (run < f->run || i + line_indent(line + i, len - i) != len)
            return false;
        f->mark = 0;
        return true;
    }
    if (line[start] == '`' && memchr(line + i, '`', len - i)) /* inline code */
        return false;
    if (line[start] == '~' && i < len && line[i] == '^') /* a place in a traceback */
        return false;
    f->mark = line[start];
    f->run = run;
    return true;
}

int heading_atx(const char *line, size_t len, size_t *ret_from, size_t *ret_len)
{
    size_t i = line_indent(line, len < 4 ? len : 4), from = i;
    while (i < len && line[i] == '#' && i - from < 7)
        i++;
    size_t level = i - from;
    if (from > 3 || level < 1 || level > 6 || (i < len && line[i] != ' ' && line[i] != '\t'))
        return 0;
    *ret_from = i;
    *ret_len = len - i;
    return (int)level;
}

int heading_underline(const char *line, size_t len)
{
    size_t i = line_indent(line, len < 4 ? len : 4), from = i;
    if (from > 3 || from >= len || (line[i] != '=' && line[i] != '-'))
        return 0;
    while (i < len && line[i] == line[from])
        i++;
    if (i - from < 3 || i + line_indent(line + i, len - i) != len)
        return 0;
    return line[from] == '=' ? 1 : 2;
}

bool heading_candidate(const char *line, size_t len)
{
    size_t i = line_indent(line, len);
    if (i > 3 || i >= len || len > RAW_MAX)
        return false;
    if (strchr("|>#-*+=<:`~", line[i]))
        return false;
    while (i < len && line[i] >= '0' && line[i] <= '9')
        i++;
    return !(i && i + 1 < len && (line[i] == '.' || line[i] == ')') && line[i - 1] >= '0' &&
             line[i - 1] <= '9' && line[i + 1] == ' ' && i < 4); /* "1. item" */
}

/* ---- cleaning ---- */

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c & 0x80;
}

/* s[i] is '[': the position of its ']' when a link target follows, else 0. */
static size_t link_text_end(const char *s, size_t len, size_t i)
{
    int depth = 0;
    for (; i < len; i++) {
        if (s[i] == '\\')
            i++;
        else if (s[i] == '[')
            depth++;
        else if (s[i] == ']' && !--depth)
            return i + 1 < len && (s[i + 1] == '(' || s[i + 1] == '[') ? i : 0;
    }
    return 0;
}

/* s[i] opens a link target: the position after it, or len when it is not closed. */
static size_t link_target_end(const char *s, size_t len, size_t i)
{
    char open = s[i], close = open == '(' ? ')' : ']';
    int depth = 0;
    for (; i < len; i++) {
        if (s[i] == '\\')
            i++;
        else if (s[i] == open)
            depth++;
        else if (s[i] == close && !--depth)
            return i + 1;
    }
    return len;
}

/* s[i] is '<': the position after the tag, or i when it is none. */
static size_t tag_end(const char *s, size_t len, size_t i)
{
    size_t k = i + 1 + (i + 1 < len && s[i + 1] == '/');
    if (k >= len || !alnum(s[k]) || s[k] & 0x80)
        return i;
    while (k < len && s[k] != '>' && s[k] != '<' && s[k] != ':')
        k++;
    return k < len && s[k] == '>' ? k + 1 : i;
}

struct entity {
    const char *name;
    char value;
};

static char entity_at(const char *s, size_t len, size_t *ret_len)
{
    static const struct entity table[] = {{"&amp;", '&'},  {"&lt;", '<'},   {"&gt;", '>'},
                                          {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}};
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        size_t n = strlen(table[i].name);
        if (n <= len && !memcmp(s, table[i].name, n)) {
            *ret_len = n;
            return table[i].value;
        }
    }
    return 0;
}

struct cleaner {
    char *out;
    size_t n;
    bool gap;
};

static void put(struct cleaner *c, char b)
{
    if ((unsigned char)b <= ' ' || b == 0x7f) {
        c->gap = c->n > 0;
        return;
    }
    if (c->gap && c->n < RAW_MAX)
        c->out[c->n++] = ' ';
    c->gap = false;
    if (c->n < RAW_MAX)
        c->out[c->n++] = b;
}

/* One piece of markup or text at i; returns the position after it. Links nest by recursion only in
 * their text, which is shorter each time; depth is what bounds hostile input. */
static void clean_range(struct cleaner *c, const char *s, size_t len, int depth)
{
    bool code = false;
    for (size_t i = 0; i < len;) {
        char b = s[i];
        size_t n = 0;
        if (b == '`') {
            code = !code;
            i++;
        } else if (code) {
            put(c, b);
            i++;
        } else if (b == '\\' && i + 1 < len && !alnum(s[i + 1]) && s[i + 1] != ' ') {
            put(c, s[i + 1]);
            i += 2;
        } else if (b == '[' && depth < 4 && (n = link_text_end(s, len, i))) {
            clean_range(c, s + i + 1, n - i - 1, depth + 1);
            i = link_target_end(s, len, n + 1);
        } else if (b == '!' && i + 1 < len && s[i + 1] == '[' && link_text_end(s, len, i + 1)) {
            i++;
        } else if (b == '*' ||
                   (b == '_' && (!i || !alnum(s[i - 1]) || i + 1 >= len || !alnum(s[i + 1])))) {
            i++;
        } else if (b == '<' && (n = tag_end(s, len, i)) > i) {
            i = n;
        } else if (b == '&' && (b = entity_at(s + i, len - i, &n))) {
            put(c, b);
            i += n;
        } else if (len - i >= 2 &&
                   (!memcmp(s + i, "\xc2\xb6", 2) || !memcmp(s + i, "\xc2\xa0", 2))) {
            put(c, ' '); /* permalink sign, no-break space */
            i += 2;
        } else {
            put(c, s[i]);
            i++;
        }
    }
}

size_t heading_clean(const char *s, size_t len, char out[static HEADING_MAX + 1])
{
    char text[RAW_MAX + 1];
    struct cleaner c = {.out = text};
    if (len > RAW_MAX)
        len = utf8_cut(s, len, RAW_MAX);
    while (len && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\r'))
        len--;
    size_t end = len; /* closing "##" of an ATX heading, after a blank */
    while (end && s[end - 1] == '#')
        end--;
    if (end < len && (!end || s[end - 1] == ' ' || s[end - 1] == '\t'))
        len = end;
    clean_range(&c, s, len, 0);
    char *id = c.n && text[c.n - 1] == '}' ? memrchr(text, '{', c.n) : NULL;
    if (id && id[1] == '#') /* {#anchor} */
        c.n = (size_t)(id - text);
    while (c.n && text[c.n - 1] == ' ')
        c.n--;
    size_t n = utf8_cut(text, c.n, HEADING_MAX);
    memcpy(out, text, n);
    out[n] = '\0';
    return n;
}

size_t heading_number(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && ((s[n] >= '0' && s[n] <= '9') || s[n] == '.'))
        n++;
    return n && n < len && s[n] == ' ' ? n + 1 : 0;
}
