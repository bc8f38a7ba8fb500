/* SPDX-License-Identifier: MIT
 * AsciiDoc: links, references and macros -> HTML. */
#include "core/text/asciidoc.h"

struct span adoc_shown(struct span text)
{
    text = span_trim(text);
    if (text.len > 1 && text.s[0] == '"') {
        const char *end = memchr(text.s + 1, '"', text.len - 1);
        if (end)
            text = (struct span){text.s + 1, (size_t)(end - text.s) - 1};
    } else {
        const char *eq = memchr(text.s, '=', text.len);
        const char *comma = eq ? memrchr(text.s, ',', (size_t)(eq - text.s)) : NULL;
        size_t name = eq ? (size_t)(eq - text.s) : 0;
        if (comma) {
            for (const char *p = comma; p; p = memrchr(text.s, ',', (size_t)(p - text.s)))
                comma = p;
            text.len = (size_t)(comma - text.s);
        } else if (name && (span_eq((struct span){text.s, name}, "role") ||
                            span_eq((struct span){text.s, name}, "window"))) {
            text.len = 0;
        }
    }
    if (span_ends(text, "^"))
        text.len--;
    return span_trim(text);
}

void adoc_link(struct adoc *a, struct span target, struct span text, unsigned depth)
{
    if (span_starts(target, "++") && span_ends(target, "++") && target.len > 4)
        target = (struct span){target.s + 2, target.len - 4};
    buf_adds(a->out, "<a href=\"");
    html_escape(a->out, target);
    buf_adds(a->out, "\">");
    if (text.len)
        adoc_inline_at(a, text, depth + 1);
    else
        html_escape(a->out, target);
    buf_adds(a->out, "</a>");
}

/* What a reference without a text is called: the section, else the page. */
static struct span name_of(const struct adoc *a, struct span target)
{
    const char *hash = memchr(target.s, '#', target.len);
    struct span page = {target.s, hash ? (size_t)(hash - target.s) : target.len};
    struct span id = hash ? span_skip(target, page.len + 1) : target;
    struct span title = page.len && hash ? ADOC_NOTHING : adoc_title_of(a, id);
    if (title.len)
        return title;
    if (!page.len)
        return id;
    const char *start = memrchr(page.s, ':', page.len);
    if (start)
        page = span_skip(page, (size_t)(start + 1 - page.s));
    start = page.len ? memrchr(page.s, '/', page.len) : NULL;
    if (start)
        page = span_skip(page, (size_t)(start + 1 - page.s));
    if (span_ends(page, ".adoc"))
        page.len -= 5;
    return page.len ? page : target;
}

/* Appends the page as a path from this one: Antora counts from the directory pages/ of the module,
 * or of the other module in "other:page.adoc". False: it has no path here. */
static bool add_page(const struct adoc *a, struct span page, struct buf *out)
{
    const char *colon = memchr(page.s, ':', page.len), *pages = NULL;
    for (const char *p = a->name; p && (p = strstr(p, "/pages/")); p++)
        pages = p;
    const char *module = pages ? memrchr(a->name, '/', (size_t)(pages - a->name)) : NULL;
    bool antora = module && module - a->name >= 7 && memcmp(module - 7, "modules", 7) == 0;
    struct span there = colon ? span_skip(page, (size_t)(colon + 1 - page.s)) : page;
    if (colon && (!antora || memchr(there.s, ':', there.len) || !span_has(there, ".adoc")))
        return false;
    for (const char *p = pages ? pages + 7 : ""; antora && *p && !span_starts(page, "./"); p++)
        buf_adds(out, *p == '/' ? "../" : "");
    if (colon)
        buf_addf(out, "../../%.*s/pages/", (int)(colon - page.s), page.s);
    buf_add_span(out, there);
    return true;
}

void adoc_cross_reference(struct adoc *a, struct span target, struct span text, unsigned depth)
{
    _cleanup_buf_ struct buf path = {.limit = a->out->limit};
    bool page = (memchr(target.s, '.', target.len) || memchr(target.s, '/', target.len) ||
                 memchr(target.s, '#', target.len)) &&
                !span_starts(target, "#");
    bool known = page ? add_page(a, target, &path) : !memchr(target.s, ':', target.len);
    if (!text.len)
        text = name_of(a, target);
    if (!known || depth >= ADOC_MARKS_MAX) {
        adoc_inline_at(a, text, depth + 1);
        return;
    }
    if (!page)
        buf_addf(&path, "%s%.*s", span_starts(target, "#") ? "" : "#", (int)target.len, target.s);
    buf_adds(a->out, "<a href=\"");
    html_escape(a->out, buf_span(&path));
    buf_adds(a->out, "\">");
    adoc_inline_at(a, text, depth + 1);
    buf_adds(a->out, "</a>");
}

static void said(struct adoc *a, const char *before, struct span text, const char *after,
                 unsigned depth)
{
    buf_adds(a->out, before);
    adoc_inline_at(a, text, depth + 1);
    buf_adds(a->out, after);
}

bool adoc_is_address(struct span name)
{
    return span_eq(name, "https") || span_eq(name, "http") || span_eq(name, "ftp");
}

bool adoc_is_macro(struct span name)
{
    static const char *const names[] = {
        "link",     "mailto", "xref",   "image",     "linkgit",    "configprop",  "javadoc",
        "pass",     "kbd",    "btn",    "menu",      "stem",       "latexmath",   "asciimath",
        "footnote", "icon",   "anchor", "indexterm", "indexterm2", "footnoteref",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq(name, names[i]))
            return true;
    return adoc_is_address(name);
}

void adoc_macro(struct adoc *a, struct span name, struct span target, struct span text,
                unsigned depth)
{
    struct span label = adoc_shown(text);
    if (span_eq(name, "link") || span_eq(name, "mailto")) {
        adoc_link(a, target, label.len ? label : target, depth);
    } else if (span_eq(name, "xref")) {
        adoc_cross_reference(a, target, label, depth);
    } else if (span_eq(name, "image")) {
        const char *comma = memchr(text.s, ',', text.len), *eq = memchr(text.s, '=', text.len);
        struct span alt = {text.s, comma ? (size_t)(comma - text.s) : text.len};
        if (eq && (!comma || eq < comma))
            alt.len = 0;
        buf_adds(a->out, "<img src=\"");
        html_escape(a->out, target);
        buf_adds(a->out, "\" alt=\"");
        html_escape(a->out, span_trim(alt));
        buf_adds(a->out, "\">");
    } else if (span_eq(name, "linkgit")) { /* of git's own manual: page[section] */
        html_escape(a->out, target);
        buf_addf(a->out, "(%.*s)", (int)text.len, text.s);
    } else if (span_eq(name, "javadoc") || span_eq(name, "configprop")) { /* of Spring's */
        const char *dot = memrchr(target.s, '.', target.len);
        bool annotation = span_has(text, "format=annotation") && dot;
        if (span_starts(label, "format="))
            label.len = 0;
        buf_adds(a->out, annotation && !label.len ? "<code>@" : "<code>");
        html_escape(a->out, label.len    ? label
                            : annotation ? span_skip(target, (size_t)(dot + 1 - target.s))
                                         : target);
        buf_adds(a->out, "</code>");
    } else if (span_eq(name, "pass")) {
        buf_add_span(a->out, text);
    } else if (span_eq(name, "kbd") || span_eq(name, "btn") || span_eq(name, "indexterm2")) {
        html_escape(a->out, text);
    } else if (span_eq(name, "menu")) {
        html_escape(a->out, target);
        if (text.len)
            said(a, " &gt; ", text, "", depth);
    } else if (span_eq(name, "stem") || span_eq(name, "latexmath") || span_eq(name, "asciimath")) {
        buf_adds(a->out, "<span class=\"math\">\\(");
        html_escape(a->out, text);
        buf_adds(a->out, "\\)</span>");
    } else if (span_eq(name, "footnote") || span_eq(name, "footnoteref")) {
        if (text.len)
            said(a, " (", text, ")", depth);
    }
}
