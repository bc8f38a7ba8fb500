/* SPDX-License-Identifier: MIT */
#include "core/text/rst_inline.h"

#define ROLE_MAX 80 /* bytes of ":role:" */

/* Length of ":role:" (":py:func:") before a backtick, or 0. */
static size_t role_len(const char *s, size_t len)
{
    size_t i = 1, colons = 1;
    len = len < ROLE_MAX ? len : ROLE_MAX;
    while (i < len && (is_alnum(s[i]) || s[i] == '-' || s[i] == '_' || s[i] == '+' || s[i] == ':'))
        colons += s[i++] == ':';
    return i < len && s[i] == '`' && colons >= 2 && s[i - 1] == ':' ? i : 0;
}

/* The same behind the text: "`text`:role:". */
static size_t role_behind(const char *s, size_t len)
{
    size_t i = 1;
    len = len < ROLE_MAX ? len : ROLE_MAX;
    if (len < 3 || s[0] != ':')
        return 0;
    while (i < len && (is_alnum(s[i]) || (s[i] == ':' && i + 1 < len && is_alnum(s[i + 1]))))
        i++;
    return i > 1 && i < len && s[i] == ':' ? i + 1 : 0;
}

static void add_link(struct buf *out, struct span text, struct span address)
{
    buf_adds(out, "[");
    buf_add_span(out, text);
    buf_adds(out, "](");
    buf_add_span(out, address);
    buf_adds(out, ")");
}

/* "text <target>" -> both parts; target.len 0 when there is none. */
static void split_target(struct span s, struct span *text, struct span *target)
{
    *text = s;
    *target = (struct span){"", 0};
    if (s.len < 3 || s.s[s.len - 1] != '>')
        return;
    const char *open = memrchr(s.s, '<', s.len);
    if (!open)
        return;
    *target = (struct span){open + 1, (size_t)(s.s + s.len - 1 - open - 1)};
    *text = span_trim((struct span){s.s, (size_t)(open - s.s)});
    if (text->len == 0)
        *text = *target;
}

static bool is_url(struct span s)
{
    return (span_has(s, "://") || span_starts(s, "mailto:")) && !memchr(s.s, ' ', s.len);
}

/* The address that a name stands for, by way of one other name ("a_"). */
static struct span address_of(const struct rst_names *names, struct span name)
{
    const char *value = rst_name(names, '_', name);
    struct span v = span_of(value ? value : "");
    if (v.len > 1 && v.s[v.len - 1] == '_' && !is_url(v)) {
        v.len--;
        if (v.len > 2 && v.s[0] == '`' && v.s[v.len - 1] == '`')
            v = (struct span){v.s + 1, v.len - 2};
        value = rst_name(names, '_', v);
        v = span_of(value ? value : "");
    }
    return is_url(v) ? v : (struct span){"", 0};
}

static bool prose_role(struct span role)
{
    static const char *const names[] = {
        ":ref:", ":doc:",      ":term:",     ":strong:",        ":sub:",   ":sup:",
        ":pep:", ":rfc:",      ":abbr:",     ":numref:",        ":any:",   ":emphasis:",
        ":dfn:", ":download:", ":guilabel:", ":menuselection:", ":title:", ":acronym:"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq(role, names[i]))
            return true;
    return false;
}

/* Sphinx writes the names of functions with parentheses. */
static bool names_function(struct span role)
{
    return span_ends(role, ":func:") || span_ends(role, ":meth:");
}

static void add_role(struct buf *out, struct span role, struct span body, struct rst_names *names)
{
    struct span text, target;
    split_target(body, &text, &target);
    if (text.len && (text.s[0] == '~' || text.s[0] == '!')) {
        const char *dot = text.s[0] == '~' ? memrchr(text.s, '.', text.len) : NULL;
        const char *from = dot ? dot + 1 : text.s + 1;
        text = (struct span){from, (size_t)(text.s + text.len - from)};
    }
    if (!prose_role(role)) {
        if (!target.len && text.len > 1 && text.s[0] == '.') /* wherever it is: Sphinx hides this */
            text = span_skip(text, 1);
        _cleanup_buf_ struct buf call = {0};
        buf_add(&call, text.s, text.len);
        if (!target.len && names_function(role) && !memchr(text.s, '(', text.len))
            buf_adds(&call, "()");
        md_code(out, buf_span(&call), false);
        return;
    }
    if (span_eq(role, ":pep:") || span_eq(role, ":rfc:"))
        buf_adds(out, role.s[1] == 'p' ? "PEP " : "RFC ");
    const char *title = !target.len && span_eq(role, ":ref:") ? rst_name(names, ':', text) : NULL;
    if (title)
        rst_inline(out, span_of(title), NULL);
    else
        buf_add_span(out, text);
}

/* `body` with what follows it ("_", "__" or nothing). */
static void add_reference(struct buf *out, struct span body, size_t marks, struct rst_names *names)
{
    struct span text, target;
    split_target(body, &text, &target);
    if (target.len && !is_url(target)) /* "text <name_>" */
        target = target.s[target.len - 1] == '_' || marks == 0
                     ? address_of(names, (struct span){target.s, target.len - 1})
                     : (struct span){"", 0};
    else if (marks == 2 && names && !target.len)
        target = span_of(rst_next_anonymous(names));
    else if (marks == 1 && !target.len)
        target = address_of(names, text);
    if (target.len && is_url(target))
        add_link(out, text, target);
    else if (marks || text.len < body.len)
        buf_add_span(out, text);
    else
        md_code(out, body, false);
}

/* May markup end before this? */
static bool ends_here(const char *s, size_t left)
{
    return left == 0 || is_blank(s[0]) || memchr("'\")]}>-/:.,;!?\\|", s[0], 16) ||
           (unsigned char)s[0] >= 0x80;
}

/* A word, or "word_" that names a target; its length. */
static size_t add_word(struct buf *out, const char *s, size_t left, struct rst_names *names)
{
    size_t n = 1, marks = 0;
    while (n < left && (is_alnum(s[n]) || (unsigned char)s[n] >= 0x80 ||
                        (n + 1 < left && memchr("-_.+", s[n], 4) && is_alnum(s[n + 1]))))
        n++;
    while (n + marks < left && s[n + marks] == '_' && marks < 2)
        marks++;
    struct span word = {s, n};
    if (!names || !marks || !ends_here(s + n + marks, left - n - marks)) {
        buf_add(out, s, n);
        return n;
    }
    struct span address = marks == 2 ? span_of(rst_next_anonymous(names)) : address_of(names, word);
    if (is_url(address))
        add_link(out, word, address);
    else if (marks == 2 || !rst_name(names, '_', word))
        buf_add(out, s, n + marks); /* a name that ends with it */
    else
        buf_add_span(out, word);
    return n + marks;
}

/* "[1]_", "[#]_", "[#label]_", "[Label2002]_": their length, 0 when s begins none of them. */
static size_t add_footnote(struct buf *out, const char *s, size_t left, struct rst_names *names)
{
    const char *close = memchr(s, ']', left < RST_NAME_LEN ? left : RST_NAME_LEN);
    size_t n = close ? (size_t)(close - s) + 1 : 0;
    if (!names || n < 3 || n >= left || s[n] != '_' || !ends_here(s + n + 1, left - n - 1))
        return 0;
    struct span label = {s + 1, n - 2};
    const char *number =
        label.len > 1 && label.s[0] == '#' ? rst_name(names, '#', span_skip(label, 1)) : NULL;
    unsigned next = span_eq(label, "#") ? rst_next_footnote(names, false) : 0;
    if (next)
        buf_addf(out, "[%u]", next);
    else if (number)
        buf_addf(out, "[%s]", number);
    else
        buf_add(out, s, n);
    return n + 1;
}

/* "|name|", with the marks of a reference: its length, 0 when s begins none. */
static size_t add_substitution(struct buf *out, const char *s, size_t left, struct rst_names *names)
{
    const char *bar = left > 2 && !is_blank(s[1]) && s[1] != '|'
                          ? memchr(s + 1, '|', (left < RST_NAME_LEN ? left : RST_NAME_LEN) - 1)
                          : NULL;
    if (!bar || is_blank(bar[-1]))
        return 0;
    struct span name = {s + 1, (size_t)(bar - s) - 1};
    size_t n = name.len + 2, marks = 0;
    while (n + marks < left && s[n + marks] == '_' && marks < 2)
        marks++;
    if (!ends_here(s + n + marks, left - n - marks) || memchr(name.s, '`', name.len))
        return 0;
    const char *value = rst_name(names, '|', name);
    if (!value && !is_alnum(name.s[0]))
        return 0;
    struct span address = marks == 1            ? address_of(names, name)
                          : marks == 2 && names ? span_of(rst_next_anonymous(names))
                                                : (struct span){"", 0};
    _cleanup_buf_ struct buf text = {0};
    if (value)
        rst_inline(&text, span_of(value), NULL); /* no names in it: these could go round */
    else
        buf_add_span(&text, name); /* defined elsewhere */
    struct span shown = buf_span(&text);
    if (is_url(address) && shown.len)
        add_link(out, shown, address);
    else
        buf_add_span(out, shown);
    out->oom |= text.oom;
    return n + marks;
}

/* Text in backticks: its length, 0 when nothing ends there. */
static size_t add_quoted(struct buf *out, const char *s, size_t left, struct rst_names *names)
{
    const char *close = left > 2 ? memchr(s + 1, '`', left - 1) : NULL;
    while (close && close[-1] == '\\')
        close = memchr(close + 1, '`', left - (size_t)(close + 1 - s));
    if (!close || close == s + 1)
        return 0;
    size_t end = (size_t)(close + 1 - s), marks = 0, role = role_behind(s + end, left - end);
    struct span body = {s + 1, (size_t)(close - s - 1)};
    if (role) {
        add_role(out, (struct span){s + end, role}, body, names);
        return end + role;
    }
    while (end + marks < left && s[end + marks] == '_' && marks < 2)
        marks++;
    add_reference(out, body, marks, names);
    return end + marks;
}

/* ``code``: its length, 0 when it has no end. */
static size_t add_literal(struct buf *out, const char *s, size_t left)
{
    const char *close =
        left > 4 && s[1] == '`' && !is_blank(s[2]) ? memmem(s + 2, left - 2, "``", 2) : NULL;
    if (!close)
        return 0;
    while ((size_t)(close + 2 - s) < left && close[2] == '`')
        close++;
    md_code(out, (struct span){s + 2, (size_t)(close - s - 2)}, false);
    return (size_t)(close + 2 - s);
}

void rst_inline(struct buf *out, struct span t, struct rst_names *names)
{
    const char *no_literal = NULL; /* none ends behind here: not searched for again */
    for (size_t i = 0; i < t.len;) {
        const char *s = t.s + i, *close;
        size_t left = t.len - i, role, n = 0;
        bool start = i == 0 || !(is_alnum(s[-1]) || (unsigned char)s[-1] >= 0x80);
        if (s[0] == '\\' && left > 1) {
            if (memchr("*`", s[1], 2)) /* so it is in markdown */
                buf_addc(out, '\\');
            if (!is_blank(s[1]))
                buf_addc(out, s[1]);
            n = 2;
        } else if (s[0] == '`' && !no_literal) {
            n = add_literal(out, s, left);
            if (!n)
                n = add_quoted(out, s, left, names);
            if (!n && !memchr(s + 1, '`', left - 1))
                no_literal = s;
        } else if (s[0] == ':' && (role = role_len(s, left)) &&
                   (close = memchr(s + role + 1, '`', left - role - 1))) {
            add_role(out, (struct span){s, role},
                     (struct span){s + role + 1, (size_t)(close - s - role - 1)}, names);
            n = (size_t)(close + 1 - s);
        } else if (s[0] == '[' && start) {
            n = add_footnote(out, s, left, names);
        } else if (s[0] == '|' && start) {
            n = add_substitution(out, s, left, names);
        } else if (s[0] == '_' && start && left > 2 && s[1] == '`' && i + 1 < t.len &&
                   (close = memchr(s + 2, '`', left - 2))) { /* a place in the page */
            buf_add(out, s + 2, (size_t)(close - s - 2));
            n = (size_t)(close + 1 - s);
        } else if (is_alnum(s[0]) && start) {
            n = add_word(out, s, left, names);
        }
        if (!n)
            buf_addc(out, s[0]);
        i += n ? n : 1;
    }
}
