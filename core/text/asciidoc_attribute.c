/* SPDX-License-Identifier: MIT */
#include "core/text/asciidoc_attribute.h"

#include <stdlib.h>

/* Known without being set. */
static const char *const intrinsic[][2] = {
    {"empty", ""},
    {"blank", ""},
    {"sp", " "},
    {"nbsp", " "},
    {"zwsp", ""},
    {"wj", ""},
    {"apos", "'"},
    {"quot", "\""},
    {"lsquo", "‘"},
    {"rsquo", "’"},
    {"ldquo", "“"},
    {"rdquo", "”"},
    {"deg", "°"},
    {"plus", "&#43;"},
    {"brvbar", "¦"},
    {"vbar", "|"},
    {"amp", "&amp;"},
    {"lt", "&lt;"},
    {"gt", "&gt;"},
    {"startsb", "&#91;"},
    {"endsb", "&#93;"},
    {"caret", "&#94;"},
    {"asterisk", "&#42;"},
    {"tilde", "&#126;"},
    {"backslash", "&#92;"},
    {"backtick", "&#96;"},
    {"cpp", "C&#43;&#43;"},
    {"two-colons", "::"},
    {"two-semicolons", ";;"},
    {"backend", "html5"},
    {"backend-html5", ""},
    {"basebackend", "html"},
    {"basebackend-html", ""},
    {"doctype", "article"},
    {"doctype-article", ""},
    {"asciidoctor", ""},
    {"asciidoctor-version", "2.0.18"},
    {"filetype", "html"},
    {"filetype-html", ""},
    {"outfilesuffix", ".html"},
    {"safe-mode-secure", ""},
};

const char *adoc_attribute(const struct adoc_attributes *a, struct span name)
{
    for (size_t i = 0; i < a->n; i++)
        if (span_eq_nocase(name, a->item[i].name))
            return a->item[i].value;
    for (size_t i = 0; i < sizeof(intrinsic) / sizeof(*intrinsic); i++)
        if (span_eq(name, intrinsic[i][0]))
            return intrinsic[i][1];
    return NULL;
}

/* Takes the value. */
static void set(struct adoc_attributes *a, struct span name, char *value)
{
    size_t i = 0;
    while (i < a->n && !span_eq_nocase(name, a->item[i].name))
        i++;
    char *copy = i == a->n && i < ADOC_ATTRIBUTES_MAX ? span_dup(name) : NULL;
    if (i == a->n && !copy) {
        free(value);
        return;
    }
    if (copy)
        a->item[a->n++].name = copy;
    free(a->item[i].value);
    a->item[i].value = value;
}

void adoc_forget(struct adoc_attributes *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->item[i].name);
        free(a->item[i].value);
    }
    *a = (struct adoc_attributes){0};
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.s[i]) && s.s[i] != '-' && s.s[i] != '_')
            return false;
    return s.len > 0;
}

bool adoc_set_attribute(struct adoc_attributes *a, struct span l)
{
    const char *colon = l.len > 2 && l.s[0] == ':' ? memchr(l.s + 1, ':', l.len - 1) : NULL;
    if (!colon)
        return false;
    struct span name = {l.s + 1, (size_t)(colon - l.s) - 1};
    struct span value = span_skip(l, name.len + 2);
    bool unset = span_starts(name, "!");
    if (unset)
        name = span_skip(name, 1);
    else if (span_ends(name, "!"))
        unset = name.len--;
    if (!is_name(name) || (value.len && !is_blank(value.s[0])))
        return false;
    struct buf text = {.limit = ADOC_VALUE_MAX};
    adoc_expand(a, span_trim(value), &text);
    if (text.full) /* too long to stand for something */
        buf_clear(&text);
    char *v = unset ? NULL : buf_steal(&text, NULL);
    buf_fini(&text);
    set(a, name, v);
    return true;
}

void adoc_expand(const struct adoc_attributes *a, struct span t, struct buf *out)
{
    for (size_t i = 0; i < t.len && buf_status(out) == 0;) {
        const char *open = memchr(t.s + i, '{', t.len - i);
        size_t at = open ? (size_t)(open - t.s) : t.len;
        buf_add(out, t.s + i, at - i);
        i = at;
        if (!open)
            break;
        size_t end = i + 1;
        while (end < t.len && (is_alnum(t.s[end]) || t.s[end] == '-' || t.s[end] == '_'))
            end++;
        struct span name = {t.s + i + 1, end - i - 1};
        char before = i ? t.s[i - 1] : 0, behind = end + 1 < t.len ? t.s[end + 1] : 0;
        const char *value =
            end < t.len && t.s[end] == '}' && before != '\\' && !(before == '+' && behind == '+')
                ? adoc_attribute(a, name)
                : NULL;
        if (value) {
            buf_adds(out, value);
            i = end + 1;
        } else {
            buf_addc(out, t.s[i++]);
        }
    }
}
