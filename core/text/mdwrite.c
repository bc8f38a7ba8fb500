/* SPDX-License-Identifier: MIT */
#include "core/text/mdwrite.h"
#include "core/util/grow.h"

#include <stdlib.h>
#include <string.h>

struct mdw_mark mdw_push(struct mdw *w, const char *marker, const char *indent)
{
    struct mdw_mark mark = {.prefix_len = w->prefix_len};
    size_t m = strlen(marker), n = strlen(indent);
    size_t base = w->first_pending ? w->first_len : w->prefix_len;
    mdw_block(w);
    w->depth++;
    if (w->depth > MDW_DEPTH_MAX || base + m > MDW_PREFIX_MAX || w->prefix_len + n > MDW_PREFIX_MAX)
        return mark;
    if (!w->first_pending)
        memcpy(w->first, w->prefix, w->prefix_len);
    memcpy(w->first + base, marker, m);
    w->first_len = base + m;
    memcpy(w->prefix + w->prefix_len, indent, n);
    w->prefix_len += n;
    w->first_pending = w->fresh = true;
    w->attach = false;
    mark.pushed = true;
    return mark;
}

void mdw_pop(struct mdw *w, struct mdw_mark mark)
{
    w->depth--;
    if (!mark.pushed)
        return;
    if (w->first_pending)
        mdw_line(w, (struct span){0});
    w->prefix_len = mark.prefix_len;
    w->fresh = w->tight = w->attach = false;
}

static void add_prefix(struct mdw *w, bool blank)
{
    const char *p = w->first_pending ? w->first : w->prefix;
    size_t n = w->first_pending ? w->first_len : w->prefix_len;
    w->first_pending = false;
    while (blank && n && p[n - 1] == ' ')
        n--;
    buf_add(w->out, p, n);
}

void mdw_block(struct mdw *w)
{
    if (!w->fresh && !w->tight) {
        add_prefix(w, true);
        buf_addc(w->out, '\n');
    }
    w->tight = w->attach = false;
    w->fresh = true;
}

void mdw_line(struct mdw *w, struct span text)
{
    add_prefix(w, text.len == 0);
    buf_add_span(w->out, text);
    buf_addc(w->out, '\n');
    w->fresh = false;
}

/* Bytes of a line start that must be escaped: the position of the character, or SIZE_MAX. */
static size_t block_start(struct span l)
{
    if (l.len == 0)
        return SIZE_MAX;
    char c = l.s[0];
    bool alone = l.len == 1 || is_blank(l.s[1]);
    if ((c == '-' || c == '+' || c == '*') && alone)
        return 0;
    if (c == '>' || (c == '#' && md_atx(l, NULL)) || (c != '*' && c != '_' && md_setext(l)))
        return 0;
    if ((c == '-' || c == '~') && span_run(l, c) >= 3)
        return 0;
    size_t digits = 0;
    while (digits < l.len && digits < 10 && is_digit(l.s[digits]))
        digits++;
    if (digits && digits < 10 && digits < l.len && (l.s[digits] == '.' || l.s[digits] == ')') &&
        (digits + 1 == l.len || is_blank(l.s[digits + 1])))
        return digits;
    return SIZE_MAX;
}

void mdw_paragraph(struct mdw *w, struct span md)
{
    if (span_trim(md).len == 0)
        return;
    if (w->attach) /* "term:" and its text are one paragraph */
        w->fresh = true;
    mdw_block(w);
    struct span line;
    while (line_next(&md, &line)) {
        line = span_trim(line);
        if (line.len == 0)
            continue;
        size_t at = block_start(line);
        add_prefix(w, false);
        if (at != SIZE_MAX) {
            buf_add(w->out, line.s, at);
            buf_addc(w->out, '\\');
            line = span_skip(line, at);
        }
        buf_add_span(w->out, line);
        /* A backslash at the end would be a hard break, and is one where it was written so. */
        buf_addc(w->out, '\n');
    }
    w->fresh = false;
}

void mdw_heading(struct mdw *w, unsigned level, struct span md)
{
    _cleanup_buf_ struct buf one = {0};
    md_one_line(&one, md, false);
    if (one.len == 0)
        return;
    w->attach = false;
    mdw_block(w);
    add_prefix(w, false);
    if (w->depth > 0) {
        bool code = one.data[0] == '`';
        buf_addf(w->out, code ? "%s\n" : "**%s**\n", one.data);
    } else {
        buf_add(w->out, "######", level < 1 ? 1 : level > 6 ? 6 : level);
        buf_addf(w->out, " %s\n", one.data);
    }
    w->fresh = false;
}

void mdw_code(struct mdw *w, struct span code, struct span lang, unsigned strip)
{
    struct span rest = code, line;
    size_t fence = 3;
    while (line_next(&rest, &line)) {
        line = span_skip(line, span_run(line, ' '));
        size_t run = span_run(line, '`');
        fence = run >= fence ? run + 1 : fence;
    }
    fence = fence > 60 ? 60 : fence;
    w->attach = false;
    mdw_block(w);
    add_prefix(w, false);
    for (size_t i = 0; i < fence; i++)
        buf_addc(w->out, '`');
    for (size_t i = 0; i < lang.len && i < 40; i++)
        if (is_alnum(lang.s[i]) || strchr("+-_#.", lang.s[i]))
            buf_addc(w->out, lang.s[i]);
    buf_addc(w->out, '\n');
    size_t blanks = 0; /* kept back: those at the end are not written */
    bool any = false;
    rest = code;
    while (line_next(&rest, &line)) {
        size_t indent = span_run(line, ' ');
        line = span_skip(line, indent < strip ? indent : strip);
        while (line.len && is_blank(line.s[line.len - 1]))
            line.len--;
        if (line.len == 0) {
            blanks += any;
            continue;
        }
        for (; blanks; blanks--)
            mdw_line(w, (struct span){0});
        any = true;
        mdw_line(w, line);
    }
    add_prefix(w, false);
    for (size_t i = 0; i < fence; i++)
        buf_addc(w->out, '`');
    buf_addc(w->out, '\n');
    w->fresh = false;
}

/* ---- inline ------------------------------------------------------------------------------- */

static bool is_word(unsigned char c)
{
    return is_alnum((char)c) || c >= 0x80;
}

/* True when the markdown character at i would act. */
static bool acts(struct span t, size_t i)
{
    char c = t.s[i], before = i ? t.s[i - 1] : ' ', after = i + 1 < t.len ? t.s[i + 1] : ' ';
    switch (c) {
    case '`':
        return true;
    case '*':
        return !is_blank(before) || !is_blank(after);
    case '_': /* inside a word it never acts */
        return !(is_word((unsigned char)before) && is_word((unsigned char)after)) &&
               !(is_blank(before) && is_blank(after));
    case '~':
        return after == '~' || before == '~';
    case '<':
        return is_alpha(after) || after == '/' || after == '!' || after == '?';
    case ']':
        return after == '(' || after == '[' || after == ':';
    case '&':
        return is_alpha(after) || after == '#';
    case '\\':
        return !is_alnum(after) && !is_blank(after) && (unsigned char)after < 0x80;
    default:
        return false;
    }
}

void md_text(struct buf *out, struct span t)
{
    size_t done = 0;
    for (size_t i = 0; i < t.len; i++)
        if (strchr("`*_~<]&\\", t.s[i]) && t.s[i] && acts(t, i)) {
            buf_add(out, t.s + done, i - done);
            buf_addc(out, '\\');
            done = i;
        }
    if (t.len)
        buf_add(out, t.s + done, t.len - done);
}

void md_code(struct buf *out, struct span t)
{
    t = span_trim(t);
    if (t.len == 0)
        return;
    size_t longest = 0;
    for (size_t i = 0; i < t.len;) {
        size_t run = span_run(span_skip(t, i), '`');
        longest = run > longest ? run : longest;
        i += run ? run : 1;
    }
    size_t ticks = longest ? longest + 1 : 1;
    bool pad = t.s[0] == '`' || t.s[t.len - 1] == '`';
    for (size_t i = 0; i < ticks; i++)
        buf_addc(out, '`');
    buf_adds(out, pad ? " " : "");
    for (size_t i = 0; i < t.len; i++) {
        bool blank = is_blank(t.s[i]);
        if (!blank || t.s[i] == ' ' || t.s[i] == '\t')
            buf_addc(out, t.s[i]);
        else if (buf_last(out) != ' ')
            buf_addc(out, ' ');
    }
    buf_adds(out, pad ? " " : "");
    for (size_t i = 0; i < ticks; i++)
        buf_addc(out, '`');
}

void md_link(struct buf *out, struct span text, struct span url)
{
    bool plain = text.len == url.len && memcmp(text.s, url.s, url.len) == 0;
    if (plain && (span_starts(url, "http://") || span_starts(url, "https://")) &&
        !memchr(url.s, '>', url.len)) {
        buf_addf(out, "<%.*s>", (int)url.len, url.s);
        return;
    }
    buf_addc(out, '[');
    md_one_line(out, text, false);
    buf_adds(out, "](");
    for (size_t i = 0; i < url.len; i++) {
        char c = url.s[i];
        if (c == '\n')
            continue;
        if (c == ' ' || c == '<' || c == '>' || c == '(' || c == ')')
            buf_addf(out, "%%%02X", (unsigned)c);
        else
            buf_addc(out, c);
    }
    buf_addc(out, ')');
}

void md_cell(struct buf *out, struct span blocks)
{
    struct span line;
    bool any = false, gap = false, code = false;
    while (line_next(&blocks, &line)) {
        line = span_trim(line);
        if (span_starts(line, "```")) {
            code = !code;
            gap = true;
            continue;
        }
        if (line.len == 0) {
            gap = true;
            continue;
        }
        bool item = span_starts(line, "- ") || code;
        if (any)
            buf_adds(out, gap || item ? "<br>" : " ");
        gap = false;
        any = true;
        _cleanup_buf_ struct buf one = {0};
        if (code)
            md_code(&one, line);
        else
            buf_add_span(&one, line);
        for (size_t i = 0; i < one.len; i++) {
            if (one.data[i] == '|' && (i == 0 || one.data[i - 1] != '\\'))
                buf_addc(out, '\\');
            buf_addc(out, one.data[i]);
        }
    }
}

/* ---- tables ------------------------------------------------------------------------------- */

void md_table_fini(struct md_table *t)
{
    buf_fini(&t->text);
    free(t->end);
    free(t->row);
    *t = (struct md_table){0};
}

static bool push(size_t **list, size_t *n, size_t value)
{
    if (!grow(list, *n, sizeof(**list)))
        return false;
    (*list)[(*n)++] = value;
    return true;
}

void md_table_row(struct md_table *t)
{
    t->oom |= !push(&t->row, &t->rows, t->n);
}

void md_table_cell(struct md_table *t, struct span blocks)
{
    if (t->rows == 0)
        md_table_row(t);
    if (t->oom || t->n - t->row[t->rows - 1] >= MD_COLUMNS_MAX)
        return;
    md_cell(&t->text, blocks);
    t->oom |= !push(&t->end, &t->n, t->text.len);
}

static size_t row_cells(const struct md_table *t, size_t row)
{
    return (row + 1 < t->rows ? t->row[row + 1] : t->n) - t->row[row];
}

static void write_row(const struct md_table *t, struct mdw *w, size_t row, size_t columns)
{
    size_t cells = row < t->rows ? row_cells(t, row) : 0;
    add_prefix(w, false);
    for (size_t i = 0; i < columns; i++) {
        buf_adds(w->out, i ? " " : "| ");
        if (i < cells) {
            size_t cell = t->row[row] + i, start = cell ? t->end[cell - 1] : 0;
            buf_add(w->out, t->text.data + start, t->end[cell] - start);
        }
        buf_adds(w->out, " |");
    }
    buf_addc(w->out, '\n');
}

void md_table_write(struct md_table *t, struct mdw *w, bool header)
{
    if (t->oom || buf_status(&t->text) < 0) {
        w->out->oom = true;
        return;
    }
    size_t columns = 0;
    for (size_t i = 0; i < t->rows; i++)
        columns = row_cells(t, i) > columns ? row_cells(t, i) : columns;
    if (columns == 0)
        return;
    w->attach = false;
    mdw_block(w);
    write_row(t, w, header ? 0 : t->rows, columns);
    add_prefix(w, false);
    buf_addc(w->out, '|');
    for (size_t i = 0; i < columns; i++)
        buf_adds(w->out, " --- |");
    buf_addc(w->out, '\n');
    for (size_t i = header ? 1 : 0; i < t->rows; i++)
        if (row_cells(t, i))
            write_row(t, w, i, columns);
    w->fresh = false;
}
