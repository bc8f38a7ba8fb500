/* SPDX-License-Identifier: MIT
 * A manual changes fonts inside words ("--sort=WORD", "open()"), which markdown cannot show and
 * nobody can search: fonts are settled word by word. */
#include "core/text/man_html.h"

#include <string.h>

static const char *const open_tag[] = {"", "<i>", "<b>", "<code>"};
static const char *const close_tag[] = {"", "</i>", "</b>", "</code>"};

/* True for "ls(1)", "Foo::Bar(3pm)": a cross reference, which stays plain. */
static bool is_reference(struct span w)
{
    const char *open = memchr(w.s, '(', w.len);
    if (!open || open == w.s || w.s[w.len - 1] != ')' || !is_digit(open[1]))
        return false;
    return w.s + w.len - open <= 12;
}

/* Settles one word [a, b). */
static void settle_word(struct man_text *t, size_t a, size_t b)
{
    const char *text = t->text.data;
    char *f = t->font.data;
    size_t end = b;
    while (end > a && strchr(".,;:", text[end - 1]))
        end--;
    if (end > a && is_reference((struct span){text + a, end - a})) {
        memset(f + a, FONT_PLAIN, b - a);
        return;
    }
    /* Punctuation around the word keeps out of it, but brackets only in pairs. */
    while (a < b && f[a] == FONT_PLAIN && strchr("([{\"'", text[a]))
        a++;
    while (b > a && f[b - 1] == FONT_PLAIN) {
        char last = text[b - 1];
        char opener = last == ')' ? '(' : last == ']' ? '[' : last == '}' ? '{' : 0;
        if (!strchr(".,;:!?)]}\"'", last) || (opener && memchr(text + a, opener, b - a)))
            break;
        b--;
    }
    bool mixed = false, plain = false, symbol = false;
    for (size_t i = a; i < b; i++) {
        mixed |= f[i] != f[a];
        plain |= f[i] == FONT_PLAIN;
        symbol |= (unsigned char)text[i] < 0x80 && !is_alnum(text[i]) && text[i] != '\'';
    }
    if (mixed && plain && !symbol) /* "nth", "tape archiver": letters picked out of a word */
        memset(f + a, FONT_PLAIN, b - a);
    else if (mixed || (b > a + 1 && text[a] == '-' && f[a] == FONT_BOLD))
        memset(f + a, FONT_CODE, b - a);
}

void man_font_settle(struct man_text *t)
{
    const char *text = t->text.data;
    char *f = t->font.data;
    size_t n = t->text.len;
    for (size_t i = 0; i < n;) {
        size_t a = i;
        while (i < n && text[i] != ' ' && text[i] != '\n')
            i++;
        if (i > a)
            settle_word(t, a, i);
        else
            i++;
    }
    for (size_t i = 0; i < n; i++) /* a blank joins two words only when all three agree */
        if ((text[i] == ' ' || text[i] == '\n') &&
            (i == 0 || i + 1 == n || f[i - 1] != f[i] || f[i + 1] != f[i]))
            f[i] = FONT_PLAIN;
}

bool man_font_is_code(const struct man_text *t)
{
    if (t->text.len > 160)
        return false;
    if (t->text.len && t->text.data[0] == '-' && !memchr(t->text.data, '.', t->text.len))
        return true;
    size_t plain = 0;
    for (size_t i = 0; i < t->text.len; i++)
        plain += t->font.data[i] == FONT_PLAIN && !strchr(" ,|[]=\n", t->text.data[i]);
    return plain * 3 < t->text.len;
}

void man_font_write(const struct man_text *t, struct buf *out)
{
    char now = FONT_PLAIN;
    for (size_t i = 0; i < t->text.len; i++) {
        char f = t->text.data[i] == '\n' ? FONT_PLAIN : t->font.data[i];
        if (f != now) {
            buf_adds(out, close_tag[(int)now]);
            buf_adds(out, open_tag[(int)f]);
            now = f;
        }
        if (t->text.data[i] == '\n')
            buf_adds(out, "<br>");
        else
            html_escape(out, (struct span){t->text.data + i, 1});
    }
    buf_adds(out, close_tag[(int)now]);
}
