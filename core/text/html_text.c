/* SPDX-License-Identifier: MIT
 * HTML text -> markdown text. A character is escaped only where leaving it would change what the
 * text says: documents are grepped, and \_\_init\_\_ is not found by its name. */
#include "core/text/html.h"

#include <string.h>

enum { C_SPACE = 1, C_SPECIAL = 2, C_CONTROL = 4 };

static const unsigned char class_of[256] = {
    [0 ... 8] = C_CONTROL, [11] = C_CONTROL,   [14 ... 31] = C_CONTROL, ['\t'] = C_SPACE,
    ['\n'] = C_SPACE,      ['\r'] = C_SPACE,   ['\f'] = C_SPACE,        [' '] = C_SPACE,
    ['*'] = C_SPECIAL,     ['_'] = C_SPECIAL,  ['`'] = C_SPECIAL,       ['['] = C_SPECIAL,
    ['<'] = C_SPECIAL,     ['&'] = C_SPECIAL,  ['\\'] = C_SPECIAL,      ['|'] = C_SPECIAL,
    ['~'] = C_SPECIAL,     [0x7f] = C_CONTROL,
};

static bool is_gap(char c)
{
    return class_of[(unsigned char)c] & (C_SPACE | C_CONTROL);
}

/* Letter, digit or a byte of a longer character. */
static bool is_wordy(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80;
}

static bool is_punct(char c)
{
    return c > ' ' && c < 0x7f && !is_alpha(c) && !is_digit(c);
}

/* Where in the chunk the last character is that could close what one opens; found when the first
 * opener turns up. */
struct closers {
    bool known;
    size_t star, underscore, tick, gt, tilde;
};

static void closers_find(const char *s, size_t len, struct closers *c)
{
    *c = (struct closers){.known = true};
    for (size_t i = len; i-- > 1;) {
        bool end = i + 1 == len || !is_wordy(s[i + 1]);
        if (s[i] == '*' && !c->star && !is_gap(s[i - 1]))
            c->star = i;
        else if (s[i] == '_' && !c->underscore && !is_gap(s[i - 1]) && end)
            c->underscore = i;
        else if (s[i] == '`' && !c->tick)
            c->tick = i;
        else if (s[i] == '>' && !c->gt)
            c->gt = i;
        else if (s[i] == '~' && !c->tilde && s[i - 1] == '~')
            c->tilde = i;
    }
}

/* Would s[i] be read as markup? prev and next are NUL at the edges of the text. */
static bool is_markup(const struct html_writer *w, const char *s, size_t len, size_t i,
                      struct closers *c)
{
    char prev = i ? s[i - 1] : buf_last(w->out), next = i + 1 < len ? s[i + 1] : '\0';
    if (s[i] == '|')
        return w->cell;
    if (s[i] == '\\')
        return is_punct(next);
    if (!c->known)
        closers_find(s, len, c);
    switch (s[i]) {
    case '*':
        /* behind a delimiter, or going on with a run that began escaped */
        if (prev == '*' && !w->bol &&
            (i == 0 || (w->out->len > 1 && w->out->data[w->out->len - 2] == '\\')))
            return true;
        return c->star > i && next && !is_gap(next);
    case '_':
        return c->underscore > i && next && !is_gap(next) && !(i && is_wordy(prev)) &&
               !(i == 0 && !w->space && is_wordy(prev));
    case '`':
        return c->tick > i || (i && c->tick == i);
    case '~':
        return c->tilde > i && next == '~';
    case '<':
        return c->gt > i && (is_alpha(next) || next == '/' || next == '!' || next == '?');
    case '&': {
        size_t k = i + 1;
        if (k < len && s[k] == '#')
            k++;
        size_t from = k;
        while (k < len && k - from < 32 && (is_alpha(s[k]) || is_digit(s[k])))
            k++;
        return k > from && k < len && s[k] == ';';
    }
    default: { /* '[': a link when ']' is followed by its target */
        size_t k = i + 1;
        while (k < len && k - i < 200 && s[k] != ']' && s[k] != '[')
            k++;
        char after = k + 1 < len && s[k] == ']' ? s[k + 1] : '\0';
        return after == '(' || after == '[' || (after == ':' && w->bol);
    }
    }
}

/* At the beginning of a line: is s the start of a block? *ret_at: what to escape. */
static bool starts_block(const char *s, size_t len, size_t *ret_at)
{
    size_t run = 1;
    *ret_at = 0;
    switch (s[0]) {
    case '#':
        while (run < len && s[run] == '#')
            run++;
        return run <= 6 && (run == len || is_gap(s[run]));
    case '>':
        return true;
    case '+':
    case '-':
    case '=':
        if (s[0] != '=' && (len == 1 || is_gap(s[1])))
            return true;
        while (run < len && s[run] == s[0])
            run++;
        while (run < len && is_gap(s[run]))
            run++;
        return s[0] != '+' && run == len;
    case '*':
        return len == 1 || is_gap(s[1]);
    case '~':
        return len >= 3 && s[1] == '~' && s[2] == '~';
    case '`':
        return len >= 3 && s[1] == '`' && s[2] == '`';
    default:
        for (run = 0; run < len && run < 9 && is_digit(s[run]);)
            run++;
        *ret_at = run;
        return run && run < len && (s[run] == '.' || s[run] == ')') &&
               (run + 1 == len || is_gap(s[run + 1]));
    }
}

void html_text(struct html_writer *w, const char *s, size_t len)
{
    struct closers c = {0};
    for (size_t i = 0; i < len;) {
        if (is_gap(s[i])) {
            w->space = true;
            i++;
            continue;
        }
        html_begin(w);
        size_t escape = SIZE_MAX;
        if (w->bol && !w->flat && starts_block(s + i, len - i, &escape))
            escape += i;
        else
            escape = SIZE_MAX;
        /* one word, or more while the blanks between are single */
        for (;;) {
            size_t from = i;
            while (i < len && !class_of[(unsigned char)s[i]] && i != escape)
                i++;
            buf_add(w->out, s + from, i - from);
            if (i > from)
                w->bol = false;
            if (i == len || is_gap(s[i])) {
                if (i + 1 < len && s[i] == ' ' && !is_gap(s[i + 1])) {
                    buf_addc(w->out, ' ');
                    i++;
                    continue;
                }
                break;
            }
            if (i == escape || is_markup(w, s, len, i, &c))
                buf_addc(w->out, '\\');
            buf_addc(w->out, s[i++]);
            w->bol = false;
            escape = SIZE_MAX;
        }
    }
}

static void plain_children(const struct html_doc *d, const GumboNode *n, bool lines,
                           struct buf *out);

static void plain(const struct html_doc *d, const GumboNode *n, bool lines, struct buf *out)
{
    if (html_is_text(n)) {
        const char *s = n->v.text.text;
        for (; *s; s++) {
            unsigned char c = (unsigned char)*s;
            if (c > ' ' && c != 0x7f) {
                const char *from = s;
                while ((unsigned char)s[1] > ' ' && s[1] != 0x7f)
                    s++;
                buf_add(out, from, (size_t)(s - from) + 1);
            } else if (lines && (c == '\n' || c == ' ' || c == '\t')) {
                buf_addc(out, (char)c);
            } else if (class_of[c] & C_SPACE && !lines && buf_last(out) != ' ') {
                buf_addc(out, ' ');
            }
        }
        return;
    }
    if (!html_is_element(n) || html_mark(d, n)->bits & MARK_HARD)
        return;
    bool block = html_is_block(n);
    if (html_tag(n) == GUMBO_TAG_BR || (block && lines && out->len && buf_last(out) != '\n'))
        buf_addc(out, lines ? '\n' : ' ');
    else if (block && !lines && buf_last(out) != ' ')
        buf_addc(out, ' ');
    plain_children(d, n, lines, out);
    if (block && lines && out->len && buf_last(out) != '\n')
        buf_addc(out, '\n');
    else if (block && !lines && buf_last(out) != ' ')
        buf_addc(out, ' ');
}

static void plain_children(const struct html_doc *d, const GumboNode *n, bool lines,
                           struct buf *out)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++)
        plain(d, n->v.element.children.data[i], lines, out);
}

void html_plain(const struct html_doc *d, const GumboNode *node, bool keep_lines, struct buf *out)
{
    plain_children(d, node, keep_lines, out);
}
