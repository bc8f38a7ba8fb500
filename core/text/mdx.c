/* SPDX-License-Identifier: MIT */
#include "core/text/mdx.h"

bool mdx_is_esm(struct span line)
{
    static const char *const exports[] = {"const ", "default ", "function ", "let ", "var ",
                                          "class ", "async ",   "type ",     "{",    "* "};
    if (line.len < 9)
        return false;
    if (span_starts(line, "import "))
        return line.s[7] == '\'' || line.s[7] == '"' ||
               ((span_has(line, " from '") || span_has(line, " from \"")) && line.len < 1000) ||
               (line.s[7] == '{' && !memchr(line.s, '}', line.len));
    if (!span_starts(line, "export "))
        return false;
    for (size_t i = 0; i < sizeof(exports) / sizeof(exports[0]); i++)
        if (span_starts(span_skip(line, 7), exports[i]))
            return true;
    return false;
}

/* Length of the string literal at p, 1 when it is not closed in its line. */
static size_t skip_string(struct span p)
{
    char quote = p.s[0];
    for (size_t i = 1; i < p.len && (p.s[i] != '\n' || quote == '`'); i++) {
        if (p.s[i] == '\\')
            i++;
        else if (p.s[i] == quote)
            return i + 1;
    }
    return 1;
}

int mdx_brackets(struct span line)
{
    int n = 0;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.s[i];
        n += (c == '{' || c == '(' || c == '[') - (c == '}' || c == ')' || c == ']');
    }
    return n;
}

/* Length of the balanced "{...}" at p, 0 when it is not closed. An apostrophe in text between
 * tags opens no string: quotes count only when closed in their line, and each kind is given up
 * for the line at its first failure, which keeps this linear. */
static size_t balanced(struct span p)
{
    if (p.len > MDX_MAX)
        p.len = MDX_MAX;
    size_t depth = 0;
    bool dead[3] = {false, false, false};
    for (size_t i = 0; i < p.len;) {
        char c = p.s[i];
        int kind = c == '"' ? 0 : c == '\'' ? 1 : c == '`' ? 2 : -1;
        if (kind >= 0 && !dead[kind]) {
            size_t n = skip_string(span_skip(p, i));
            dead[kind] = n == 1;
            i += n;
            continue;
        }
        if (c == '\n')
            dead[0] = dead[1] = false;
        depth += c == '{';
        depth -= c == '}';
        i++;
        if (depth == 0)
            return i;
    }
    return 0;
}

const char *md_admonition(struct span name)
{
    static const char *const names[][2] = {
        {"note", "Note"},
        {"info", "Info"},
        {"tip", "Tip"},
        {"hint", "Hint"},
        {"warning", "Warning"},
        {"warn", "Warning"},
        {"caution", "Caution"},
        {"danger", "Danger"},
        {"important", "Important"},
        {"error", "Error"},
        {"success", "Success"},
        {"check", "Check"},
        {"alert", "Note"},
        {"callout", "Note"},
        {"aside", "Note"},
        {"admonition", "Note"},
        {"seealso", "See also"},
        {"deprecated", "Deprecated"},
        {"attention", "Attention"},
        {"example", "Example"},
        {"question", "Question"},
        {"pitfall", "Pitfall"},
        {"deepdive", "Deep dive"},
        {"abstract", "Abstract"},
        {"bug", "Bug"},
        {"failure", "Failure"},
        {"quote", "Quote"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (span_eq_nocase(name, names[i][0]))
            return names[i][1];
    return NULL;
}

const char *md_version_words(struct span name)
{
    static const char *const words[][2] = {
        {"versionadded", "New in version"},
        {"versionchanged", "Changed in version"},
        {"deprecated", "Deprecated since version"},
        {"deprecated-removed", "Deprecated since version"},
        {"versionremoved", "Removed in version"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_eq(name, words[i][0]))
            return words[i][1];
    return NULL;
}

struct attributes {
    struct span label, type, value, alt;
};

static void keep_attribute(struct attributes *a, struct span name, struct span value)
{
    if (span_eq(name, "label") || span_eq(name, "title") || span_eq(name, "header") ||
        span_eq(name, "summary") || span_eq(name, "caption") || span_eq(name, "file-name"))
        a->label = a->label.len ? a->label : value;
    else if (span_eq(name, "type") || span_eq(name, "kind") || span_eq(name, "variant"))
        a->type = value;
    else if (span_eq(name, "value"))
        a->value = value;
    else if (span_eq(name, "alt"))
        a->alt = value;
}

/* Reads name="v", name='v', name={...} and bare names up to '>'. False when the tag is not closed;
 * *pos is then how far the search went. */
static bool read_attributes(struct span p, size_t *pos, struct attributes *a, bool *ret_selfclose)
{
    size_t i = *pos;
    *pos = p.len;
    struct span name = {0};
    while (i < p.len) {
        char c = p.s[i];
        if (c == '>') {
            *ret_selfclose = p.s[i - 1] == '/';
            *pos = i + 1;
            return true;
        }
        if (c == '"' || c == '\'') {
            const char *end = memchr(p.s + i + 1, c, p.len - i - 1);
            if (!end)
                return false;
            size_t n = (size_t)(end - p.s) - i - 1;
            keep_attribute(a, name, (struct span){p.s + i + 1, n});
            i += n + 2;
        } else if (c == '{') {
            size_t n = balanced(span_skip(p, i));
            if (n == 0)
                return false;
            struct span v = span_trim((struct span){p.s + i + 1, n - 2});
            if (v.len > 2 && (v.s[0] == '"' || v.s[0] == '\'') && v.s[v.len - 1] == v.s[0])
                keep_attribute(a, name, (struct span){v.s + 1, v.len - 2});
            i += n;
        } else if (is_alpha(c)) {
            name.s = p.s + i;
            while (i < p.len && (is_alnum(p.s[i]) || p.s[i] == '-' || p.s[i] == '_'))
                i++;
            name.len = (size_t)(p.s + i - name.s);
        } else if (c == '<') {
            *pos = i;
            return false;
        } else {
            i++;
        }
    }
    return false;
}

static void add_label(struct buf *out, const char *kind, struct span label)
{
    if (!kind && span_trim(label).len == 0)
        return;
    buf_adds(out, "**");
    if (kind)
        buf_adds(out, kind);
    if (kind && label.len)
        buf_adds(out, ": ");
    if (label.len)
        md_one_line(out, label, false);
    buf_adds(out, kind && !label.len ? ":** " : "** ");
}

bool mdx_tag(struct span p, struct buf *out, int *depth, size_t *ret_len)
{
    *ret_len = 2;
    if (p.len > MDX_MAX)
        p.len = MDX_MAX;
    if (span_starts(p, "<>"))
        return true;
    bool closing = p.len > 2 && p.s[1] == '/';
    size_t i = closing ? 2 : 1, start = i;
    if (closing && p.s[2] == '>') {
        *ret_len = 3;
        return true;
    }
    if (i >= p.len || !is_upper(p.s[i]))
        return false;
    while (i < p.len && (is_alnum(p.s[i]) || p.s[i] == '.' || p.s[i] == '_'))
        i++;
    struct span name = {p.s + start, i - start};
    struct attributes a = {0};
    bool selfclose = false;
    bool closed = read_attributes(p, &i, &a, &selfclose);
    *ret_len = i;
    if (!closed)
        return false;
    if (closing) {
        *depth -= *depth > 0;
        return true;
    }
    *depth += !selfclose;
    const char *kind = md_admonition(name), *type = a.type.len ? md_admonition(a.type) : NULL;
    if (!a.label.len && (span_eq(name, "TabItem") || span_eq(name, "Tab")))
        a.label = a.value;
    if (a.alt.len && selfclose)
        md_one_line(out, a.alt, false);
    else
        add_label(out, kind && type ? type : kind, a.label);
    return true;
}

static bool is_name(struct span p)
{
    for (size_t i = 0; i < p.len; i++)
        if (!is_alnum(p.s[i]) && p.s[i] != '.' && p.s[i] != '_')
            return false;
    return p.len > 0 && p.len < 80;
}

size_t mdx_expression(struct span p, struct buf *out)
{
    size_t n = balanced(p);
    if (n < 2)
        return 0;
    struct span v = span_trim((struct span){p.s + 1, n - 2});
    bool quoted =
        v.len >= 2 && (v.s[0] == '"' || v.s[0] == '\'' || v.s[0] == '`') && skip_string(v) == v.len;
    if (quoted)
        buf_add(out, v.s + 1, v.len - 2);
    else if (is_name(v))
        buf_add_span(out, v);
    return n;
}
