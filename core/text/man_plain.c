/* SPDX-License-Identifier: MIT
 * The words of a manual without a formatter: good enough to search, for the rare page that mandoc
 * cannot format. */
#include "core/text/man.h"

#include <string.h>

/* Requests whose arguments are words of the text; all others are layout. */
static bool shows_arguments(struct span request)
{
    static const char *const names[] = {
        "B",  "I",  "BR", "RB", "BI", "IB", "IR", "RI", "SM", "SB", "IP", "TP", "UR", "MT",
        "Nm", "Nd", "Fl", "Ar", "Op", "It", "Xr", "Pa", "Dv", "Er", "Fn", "Fa", "Ft", "Fd",
        "In", "Li", "Em", "Sy", "Dq", "Sq", "Ql", "Cm", "Ic", "Va", "Ev", "Pq", "Qq", "Vt"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq(request, names[i]))
            return true;
    return false;
}

/* Bytes of the escape that starts with the backslash at s[0]; *ret is what it shows. */
static size_t escape(struct span s, const char **ret)
{
    *ret = "";
    if (s.len < 2)
        return 1;
    switch (s.s[1]) {
    case '-':
        *ret = "-";
        return 2;
    case 'e':
    case '\\':
        *ret = "\\";
        return 2;
    case ' ':
    case '~':
        *ret = " ";
        return 2;
    case '(':
        if (s.len >= 4) {
            *ret = memcmp(s.s + 2, "aq", 2) == 0   ? "'"
                   : memcmp(s.s + 2, "dq", 2) == 0 ? "\""
                   : memcmp(s.s + 2, "em", 2) == 0 ? "-"
                                                   : "";
            return 4;
        }
        return s.len;
    case '*':
    case 'f':
    case 'F':
    case 's':
    case 'n': {
        if (s.len < 3)
            return s.len;
        if (s.s[2] == '(')
            return s.len < 5 ? s.len : 5;
        const char *end = s.s[2] == '[' ? memchr(s.s, ']', s.len) : NULL;
        return end ? (size_t)(end - s.s) + 1 : 3;
    }
    case '[': {
        const char *end = memchr(s.s, ']', s.len > 40 ? 40 : s.len);
        return end ? (size_t)(end - s.s) + 1 : 2;
    }
    default:
        return 2;
    }
}

static void add_words(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len;) {
        if (s.s[i] != '\\') {
            if (s.s[i] != '"')
                html_escape(out, (struct span){s.s + i, 1});
            i++;
            continue;
        }
        if (i + 1 < s.len && s.s[i + 1] == '"') /* a comment up to the line end */
            return;
        const char *shown;
        i += escape(span_skip(s, i), &shown);
        buf_adds(out, shown);
    }
}

void man_plain(struct span text, struct buf *out)
{
    struct span rest = text, line;
    bool open = false;
    while (line_next(&rest, &line)) {
        struct span l = span_trim(line);
        bool request = l.len && (l.s[0] == '.' || l.s[0] == '\'');
        struct span name = {0}, args = l;
        if (request) {
            l = span_trim(span_skip(l, 1));
            while (name.len < l.len && !is_blank(l.s[name.len]))
                name.len++;
            name.s = l.s;
            args = span_trim(span_skip(l, name.len));
        }
        bool section = span_eq_nocase(name, "SH"), sub = span_eq_nocase(name, "SS");
        if (l.len == 0 || section || sub || span_eq_nocase(name, "PP") || span_eq(name, "P") ||
            span_eq(name, "LP") || span_eq(name, "TP") || span_eq(name, "IP") ||
            span_eq(name, "It")) {
            buf_adds(out, open ? "</p>\n" : "");
            open = false;
        }
        if (section || sub) {
            buf_adds(out, section ? "<h2>" : "<h3>");
            add_words(out, args);
            buf_adds(out, section ? "</h2>\n" : "</h3>\n");
        } else if (args.len && (!request || shows_arguments(name))) {
            buf_adds(out, open ? "\n" : "<p>");
            open = true;
            add_words(out, args);
        }
    }
    buf_adds(out, open ? "</p>\n" : "");
}
