/* SPDX-License-Identifier: MIT */
#include "core/text/rst_inline.h"

/* Length of ":role:" (":py:func:") before a backtick, or 0. */
static size_t role_len(const char *s, size_t len)
{
    size_t i = 1, colons = 1;
    while (i < len && (is_alnum(s[i]) || s[i] == '-' || s[i] == '_' || s[i] == '+' || s[i] == ':'))
        colons += s[i++] == ':';
    return i < len && s[i] == '`' && colons >= 2 && s[i - 1] == ':' ? i : 0;
}

/* The same behind the text: "`text`:role:". */
static size_t role_behind(const char *s, size_t len)
{
    size_t i = 1;
    if (len < 3 || s[0] != ':')
        return 0;
    while (i < len && (is_alnum(s[i]) || (s[i] == ':' && i + 1 < len && is_alnum(s[i + 1]))))
        i++;
    return i > 1 && i < len && s[i] == ':' ? i + 1 : 0;
}

static void add_code(struct buf *out, struct span s)
{
    s = span_trim(s);
    if (s.len == 0)
        return;
    bool ticks = memchr(s.s, '`', s.len) != NULL;
    buf_adds(out, ticks ? "`` " : "`");
    buf_add(out, s.s, s.len);
    buf_adds(out, ticks ? " ``" : "`");
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
    return memmem(s.s, s.len, "://", 3) || (s.len > 7 && memcmp(s.s, "mailto:", 7) == 0);
}

static bool prose_role(struct span role)
{
    static const char *const names[] = {":ref:", ":doc:", ":term:", ":strong:", ":sub:",
                                        ":sup:", ":pep:", ":rfc:",  ":abbr:",   ":emphasis:"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (role.len == strlen(names[i]) && memcmp(role.s, names[i], role.len) == 0)
            return true;
    return false;
}

/* Sphinx writes the names of functions with parentheses. */
static bool names_function(struct span role)
{
    return (role.len >= 6 && memcmp(role.s + role.len - 6, ":func:", 6) == 0) ||
           (role.len >= 6 && memcmp(role.s + role.len - 6, ":meth:", 6) == 0);
}

static void add_role(struct buf *out, struct span role, struct span body)
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
        add_code(out, (struct span){call.data ? call.data : "", call.len});
        return;
    }
    if (role.len == 5 && (memcmp(role.s, ":pep:", 5) == 0 || memcmp(role.s, ":rfc:", 5) == 0))
        buf_adds(out, role.s[1] == 'p' ? "PEP " : "RFC ");
    buf_add(out, text.s, text.len);
}

/* `body` with what follows it ("_", "__" or nothing). */
static void add_reference(struct buf *out, struct span body, bool reference)
{
    struct span text, target;
    split_target(body, &text, &target);
    if (target.len && is_url(target) && !memchr(target.s, ' ', target.len))
        buf_addf(out, "[%.*s](%.*s)", (int)text.len, text.s, (int)target.len, target.s);
    else if (reference || target.len)
        buf_add(out, text.s, text.len);
    else
        add_code(out, body);
}

void rst_inline(struct buf *out, struct span t)
{
    for (size_t i = 0; i < t.len;) {
        const char *s = t.s + i;
        size_t left = t.len - i, role;
        const char *close;
        if (s[0] == '\\' && left > 1) {
            if (!is_blank(s[1]))
                buf_addc(out, s[1]);
            i += 2;
        } else if (left > 4 && s[0] == '`' && s[1] == '`' &&
                   (close = memmem(s + 2, left - 2, "``", 2))) {
            while ((size_t)(close + 2 - s) < left && close[2] == '`')
                close++;
            add_code(out, (struct span){s + 2, (size_t)(close - s - 2)});
            i += (size_t)(close + 2 - s);
        } else if (s[0] == ':' && (role = role_len(s, left)) &&
                   (close = memchr(s + role + 1, '`', left - role - 1))) {
            add_role(out, (struct span){s, role},
                     (struct span){s + role + 1, (size_t)(close - s - role - 1)});
            i += (size_t)(close + 1 - s);
        } else if (s[0] == '`' && left > 2 && (close = memchr(s + 1, '`', left - 1))) {
            size_t end = (size_t)(close + 1 - s), marks = 0;
            struct span body = {s + 1, (size_t)(close - s - 1)};
            if ((role = role_behind(s + end, left - end))) {
                add_role(out, (struct span){s + end, role}, body);
                i += end + role;
                continue;
            }
            while (end + marks < left && s[end + marks] == '_' && marks < 2)
                marks++;
            add_reference(out, body, marks > 0);
            i += end + marks;
        } else if (s[0] == '_' && i > 0 && is_alnum(s[-1]) &&
                   (left == 1 || is_blank(s[1]) || memchr(".,;:)", s[1], 5))) {
            i++; /* the mark of a reference */
        } else {
            buf_addc(out, s[0]);
            i++;
        }
    }
}
