/* SPDX-License-Identifier: MIT
 * Lists of reStructuredText -> markdown: bullets, numbers, fields, options, terms, line blocks. */
#include "core/text/rst.h"

#include <stdio.h>
#include <string.h>

#define FIELD_LEN 200  /* bytes of the name of a field */
#define TERM_LEN 60    /* bytes of a line in an item that can be a term */
#define TYPES_AHEAD 60 /* lines in which the type of a parameter is looked for */

static const struct span nothing = {"", 0};

bool rst_bullet(struct span l)
{
    static const char *const marks[] = {"*", "-", "+", "•", "‣", "⁃"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
        if (span_starts(l, marks[i]))
            return l.len == strlen(marks[i]) || l.s[strlen(marks[i])] == ' ';
    return false;
}

/* Column of the text behind a mark of `mark` bytes. */
static size_t text_column(struct span l, size_t mark)
{
    while (mark < l.len && l.s[mark] == ' ')
        mark++;
    return mark;
}

/* The item at r->i, the text of which begins in a column: with what is indented below it, but no
 * list that stands further left. */
static void item(struct rst *r, size_t column, const char *lead)
{
    char pad[24];
    struct span l = r->line[r->i];
    size_t from = r->i + 1, end = rst_block_end(r, from);
    for (size_t i = from; i < end; i++)
        if (r->line[i].len && rst_indent(r->line[i]) < column && rst_bullet(span_trim(r->line[i])))
            end = i;
    snprintf(pad, sizeof(pad), "%*s", (int)strlen(lead), "");
    r->i = end;
    /* A long line that goes on further right is no term with its text, but a paragraph. */
    bool goes_on = l.len > TERM_LEN && from < end && rst_indent(r->line[from]) > column &&
                   !span_ends(l, "::") && !rst_bullet(span_trim(r->line[from]));
    rst_nested(r, span_skip(l, column), from, end, column < l.len && !goes_on ? column : SIZE_MAX,
               lead, pad);
}

/* "3.", "a)", "(iv)", "#.": length of the mark, 0 when there is none; *ret_number 0 when it is to
 * be counted. */
static size_t enumerator(struct span l, unsigned *ret_number)
{
    size_t open = l.len && l.s[0] == '(', i = open;
    *ret_number = 0;
    if (i < l.len && l.s[i] == '#') {
        i++;
    } else if (i < l.len && is_digit(l.s[i])) {
        for (; i < l.len && i < open + 9 && is_digit(l.s[i]); i++)
            *ret_number = *ret_number * 10 + (unsigned)(l.s[i] - '0');
    } else {
        size_t roman = i;
        while (roman < l.len && roman < open + 8 && memchr("ivxlcdmIVXLCDM", l.s[roman], 14))
            roman++;
        i = roman > i ? roman : i + (i < l.len && is_alpha(l.s[i]));
    }
    if (i == open || i >= l.len || (open ? l.s[i] != ')' : l.s[i] != '.' && l.s[i] != ')'))
        return 0;
    i++;
    return i == l.len || l.s[i] == ' ' ? i : 0;
}

static bool enumerated(struct rst *r)
{
    unsigned number, next, style;
    struct span l = r->line[r->i], below = rst_at(r, r->i + 1);
    size_t mark = enumerator(l, &number);
    char lead[24];
    if (!mark || (below.len && !rst_indent(below) && !enumerator(below, &next)))
        return false;
    /* Another kind of number begins another list. */
    style = (unsigned)l.s[mark - 1] | (is_alpha(l.s[mark - 2]) ? 256 : 0);
    if (!number)
        number = r->ordinal_at == r->i && r->ordinal_style == style ? r->ordinal + 1 : 1;
    r->ordinal_style = style;
    snprintf(lead, sizeof(lead), "%u. ", number);
    item(r, text_column(l, mark), lead);
    r->ordinal = number;
    r->ordinal_at = r->i;
    while (r->ordinal_at < r->n && !r->line[r->ordinal_at].len)
        r->ordinal_at++;
    return true;
}

/* ---- fields ---- */

size_t rst_field(struct span l, struct span *ret_name)
{
    if (l.len < 3 || l.s[0] != ':' || is_blank(l.s[1]) || l.s[1] == ':' || l.s[1] == '`')
        return 0;
    for (size_t i = 2; i < l.len && i < FIELD_LEN; i++) {
        if (l.s[i] != ':' || l.s[i - 1] == '\\')
            continue;
        if (i + 1 < l.len && l.s[i + 1] == '`') /* a role */
            return 0;
        if (i + 1 == l.len || l.s[i + 1] == ' ') {
            *ret_name = (struct span){l.s + 1, i - 1};
            return i + 1;
        }
    }
    return 0;
}

static struct span first_word(struct span name, struct span *rest)
{
    size_t n = 0;
    while (n < name.len && name.s[n] != ' ')
        n++;
    *rest = span_trim(span_skip(name, n));
    return (struct span){name.s, n};
}

/* What Sphinx calls the fields that describe a function. */
static const char *label_of(struct span kind)
{
    static const char *const labels[][2] = {
        {"param parameter arg argument", "Parameters"},
        {"key keyword kwarg kwparam", "Keyword Arguments"},
        {"raises raise except exception", "Raises"},
        {"var ivar cvar", "Variables"},
        {"return returns", "Returns"},
        {"yield yields", "Yields"},
        {"rtype", "Return type"},
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
        if (rst_is(kind, labels[i][0]))
            return labels[i][1];
    return NULL;
}

/* ":type name:" in the lines below; empty when there is none. */
static struct span type_of(const struct rst *r, struct span wanted)
{
    struct span name, rest;
    for (size_t i = r->i; i < r->n && i < r->i + TYPES_AHEAD; i++) {
        size_t mark = rst_field(r->line[i], &name);
        if (mark && rst_is(first_word(name, &rest), "type kwtype vartype") &&
            rest.len == wanted.len && memcmp(rest.s, wanted.s, rest.len) == 0)
            return span_trim(span_skip(r->line[i], mark));
    }
    return nothing;
}

/* ":param type name: text" below the label that it shares with its neighbours. */
static void parameter(struct rst *r, struct span name, struct span first, size_t from)
{
    const char *blank = memrchr(name.s, ' ', name.len);
    struct span type = {name.s, blank ? (size_t)(blank - name.s) : 0};
    if (blank)
        name = span_skip(name, type.len + 1);
    else
        type = type_of(r, name);
    buf_adds(r->out, "  - **");
    buf_add_span(r->out, name);
    buf_adds(r->out, "**");
    if (type.len) {
        buf_adds(r->out, " (");
        rst_text(r, type);
        buf_adds(r->out, ")");
    }
    bool text = first.len || from < r->i;
    rst_nested(r, first, from, r->i, SIZE_MAX, text ? " – " : "", "    ");
    buf_adds(r->out, text ? "" : "\n");
}

/* All fields that follow each other. */
static bool fields(struct rst *r)
{
    struct span name, argument;
    const char *before = NULL;
    size_t mark;
    if (!rst_field(r->line[r->i], &name))
        return false;
    rst_blank_line(r);
    while (r->i < r->n && (mark = rst_field(r->line[r->i], &name))) {
        struct span first = span_trim(span_skip(r->line[r->i], mark));
        struct span kind = first_word(name, &argument);
        const char *label = label_of(kind);
        size_t from = r->i + 1;
        r->i = rst_block_end(r, from);
        bool typed = argument.len && rst_is(kind, "type kwtype vartype");
        if (!typed && !(label && label == before)) {
            buf_adds(r->out, "- **");
            if (label)
                buf_adds(r->out, label);
            else
                rst_text(r, name);
            buf_adds(r->out, ":**\n");
        }
        if (!typed && label && argument.len)
            parameter(r, argument, first, from);
        else if (!typed && (first.len || from < r->i))
            rst_nested(r, first, from, r->i, SIZE_MAX, "  ", "  ");
        before = typed ? before : label;
        size_t next = r->i;
        while (next < r->n && !r->line[next].len)
            next++;
        if (next < r->n && rst_field(r->line[next], &name))
            r->i = next;
    }
    rst_blank_line(r);
    return true;
}

/* ---- options ---- */

/* "-f FILE, --file=FILE" or "/V": its length, 0 when the line begins with something else. */
static size_t option_group(struct span l)
{
    size_t i = 0;
    for (;;) {
        size_t name = i;
        if (i < l.len && l.s[i] == '/' && i + 1 < l.len && is_upper(l.s[i + 1]))
            i += 2;
        else if (i + 1 < l.len && l.s[i] == '-' && (is_alnum(l.s[i + 1]) || l.s[i + 1] == '-'))
            for (i++; i < l.len && (is_alnum(l.s[i]) || memchr("-_", l.s[i], 2)); i++)
                continue;
        if (i < name + 2)
            return 0;
        if (i + 1 < l.len && (l.s[i] == '=' || l.s[i] == ' ') &&
            (is_alpha(l.s[i + 1]) || l.s[i + 1] == '<')) {
            bool angle = l.s[++i] == '<';
            while (i < l.len && (angle ? l.s[i] != '>' : l.s[i] != ' ' && l.s[i] != ','))
                i++;
            i += angle && i < l.len;
        }
        if (!(i + 2 < l.len && l.s[i] == ',' && l.s[i + 1] == ' '))
            break;
        i += 2;
    }
    return i == l.len || (i + 1 < l.len && l.s[i] == ' ' && l.s[i + 1] == ' ') ? i : 0;
}

static bool option(struct rst *r)
{
    struct span l = r->line[r->i];
    size_t group = option_group(l), from = r->i + 1;
    if (!group || (group == l.len && !rst_indent(rst_at(r, from))))
        return false;
    r->i = rst_block_end(r, from);
    buf_addf(r->out, "- `%.*s`\n", (int)group, l.s);
    rst_nested(r, span_trim(span_skip(l, group)), from, r->i, SIZE_MAX, "  ", "  ");
    return true;
}

/* ---- terms ---- */

/* Lines without indentation up to one that has: one line, many in a glossary. */
static size_t terms(const struct rst *r)
{
    size_t n = 1;
    while (r->glossary && rst_at(r, r->i + n).len && !rst_indent(rst_at(r, r->i + n)))
        n++;
    return rst_at(r, r->i + n).len && rst_indent(rst_at(r, r->i + n)) ? n : 0;
}

static bool definition(struct rst *r)
{
    size_t n = terms(r), end;
    if (!n || span_ends(r->line[r->i], "::"))
        return false;
    for (size_t k = 0; k < n; k++) {
        struct span l = r->line[r->i + k];
        const char *kind = memmem(l.s, l.len, " : ", 3); /* "term : what it is" */
        struct span term = {l.s, kind ? (size_t)(kind - l.s) : l.len};
        const char *bold = memchr(term.s, '*', term.len) ? "" : "**";
        buf_adds(r->out, k ? ", " : "- ");
        buf_adds(r->out, bold);
        rst_text(r, term);
        buf_adds(r->out, bold);
        if (kind)
            rst_text(r, span_skip(l, term.len));
    }
    buf_adds(r->out, "\n");
    r->i += n;
    end = rst_block_end(r, r->i);
    size_t from = r->i;
    r->i = end;
    rst_nested(r, nothing, from, end, SIZE_MAX, "  ", "  ");
    return true;
}

static bool in_line_block(struct span l)
{
    return l.len && l.s[0] == '|' && (l.len == 1 || l.s[1] == ' ');
}

/* "| text": each line one of its own. */
static bool line_block(struct rst *r)
{
    if (!in_line_block(r->line[r->i]))
        return false;
    while (in_line_block(rst_at(r, r->i))) {
        struct span t = span_trim(span_skip(r->line[r->i++], 1));
        rst_text(r, t);
        for (; rst_indent(rst_at(r, r->i)); r->i++) {
            buf_addc(r->out, ' ');
            rst_text(r, span_trim(r->line[r->i]));
        }
        buf_adds(r->out, t.len && in_line_block(rst_at(r, r->i)) ? "  \n" : "\n");
    }
    return true;
}

bool rst_list(struct rst *r)
{
    struct span l = r->line[r->i];
    if (rst_bullet(l)) {
        size_t mark = 1;
        while (mark < l.len && l.s[mark] != ' ')
            mark++;
        item(r, text_column(l, mark), l.s[0] == '*' ? "* " : l.s[0] == '+' ? "+ " : "- ");
        return true;
    }
    return line_block(r) || enumerated(r) || fields(r) || option(r) || definition(r);
}
