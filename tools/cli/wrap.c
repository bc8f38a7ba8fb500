/* SPDX-License-Identifier: MIT */
#include "tools/cli/wrap.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include "core/util/utf8.h"

unsigned wrap_columns(int fd, unsigned fallback)
{
    struct winsize w;
    if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 20)
        return w.ws_col;
    return fallback;
}

/* Columns of the character at s, and its bytes. */
static unsigned character(const char *s, size_t len, size_t *bytes)
{
    uint32_t cp;
    *bytes = utf8_decode(s, len, &cp);
    return utf8_width(cp);
}

unsigned wrap_width(const char *text)
{
    unsigned width = 0;
    size_t bytes;
    for (size_t left = strlen(text); left; text += bytes, left -= bytes)
        width += character(text, left, &bytes);
    return width;
}

static bool blank(char c)
{
    return c == ' ' || c == '\n';
}

/* Bytes of what stays together, and its columns: a word, or one wide character. */
static size_t piece(const char *s, size_t len, unsigned *width)
{
    size_t n = 0, bytes;
    *width = 0;
    while (n < len && !blank(s[n])) {
        unsigned w = character(s + n, len - n, &bytes);
        if (w > 1 && n)
            break;
        *width += w;
        n += bytes;
        if (w > 1)
            break;
    }
    return n;
}

unsigned wrap_add(struct buf *b, const char *text, unsigned at, unsigned indent, unsigned width)
{
    size_t left = strlen(text);
    unsigned gap = 0; /* blanks before the next piece */
    while (left) {
        if (blank(*text)) {
            gap = 1;
            text++;
            left--;
            continue;
        }
        unsigned w;
        size_t n = piece(text, left, &w);
        if (at + gap + w > width && at > indent) {
            buf_addf(b, "\n%*s", (int)indent, "");
            at = indent;
        } else if (gap) {
            buf_addc(b, ' ');
            at++;
        }
        buf_add(b, text, n);
        at += w;
        gap = 0;
        text += n;
        left -= n;
    }
    return at;
}

void wrap_row(struct buf *b, const char *head, const char *text, unsigned column, unsigned width)
{
    unsigned at = wrap_width(head);
    bool narrow = width < 2 * column;
    if (narrow)
        column = 8;
    buf_adds(b, head);
    if (at + 1 > column || narrow) {
        buf_addc(b, '\n');
        at = 0;
    }
    buf_addf(b, "%*s", (int)(column - at), "");
    wrap_add(b, text, column, column, width);
    buf_addc(b, '\n');
}
