/* SPDX-License-Identifier: MIT
 * Code blocks and the language they are in. */
#include "core/text/html.h"

#include <string.h>
#include <strings.h>

#define LANG_MAX 24

/* Copies a language name, as "" when it says nothing; false when it is none. */
static bool lang_take(const char *s, size_t len, char lang[LANG_MAX])
{
    static const char *const nothing[] = {"default", "none",        "text",        "plaintext",
                                          "plain",   "txt",         "nohighlight", "auto",
                                          "raw",     "notranslate", "nocode",      "literal"};
    static const char *const same[][2] = {
        {"python3", "python"},
        {"pycon3", "pycon"},
        {"ipython3", "python"},
        {"shell-session", "console"},
    };
    while (len && (s[len - 1] == ';' || s[len - 1] == ','))
        len--;
    if (!len || len >= LANG_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  strchr("+#._-", c);
        if (!ok || !c) {
            lang[0] = '\0';
            return false;
        }
        lang[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    lang[len] = '\0';
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (strcmp(lang, nothing[i]) == 0)
            lang[0] = '\0';
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(lang, same[i][0]) == 0)
            strcpy(lang, same[i][1]);
    return true;
}

/* language-x, lang-x, highlight-source-x, highlight-x, "sourceCode x", "brush: x", "src src-x". */
static bool lang_from_class(const char *cls, char lang[LANG_MAX])
{
    static const char *const prefixes[] = {"language-",  "lang-", "highlight-source-",
                                           "highlight-", "src-",  "brush:"};
    static const char *const before[] = {"sourceCode", "brush:", "hljs", "prettyprint",
                                         "code-block"};
    bool next = false; /* the token before announces a language */
    for (const char *s = cls; *s;) {
        size_t n = strcspn(s, " \t\n");
        for (size_t i = 0; n && i < sizeof prefixes / sizeof *prefixes; i++) {
            size_t k = strlen(prefixes[i]);
            if (n > k && strncasecmp(s, prefixes[i], k) == 0)
                return lang_take(s + k, n - k, lang);
        }
        if (n && next && !memchr(s, '-', n) && lang_take(s, n, lang))
            return true;
        if (n) {
            next = false;
            for (size_t i = 0; i < sizeof before / sizeof *before; i++)
                next |= n == strlen(before[i]) && memcmp(s, before[i], n) == 0;
        }
        s += n;
        s += strspn(s, " \t\n");
    }
    return false;
}

static bool lang_from_node(const GumboNode *n, char lang[LANG_MAX])
{
    static const char *const attrs[] = {"data-lang", "data-language"};
    if (!n || !html_is_element(n))
        return false;
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++) {
        const char *v = html_attr(n, attrs[i]);
        if (v && lang_take(v, strlen(v), lang))
            return true;
    }
    const char *cls = html_attr(n, "class");
    return cls && lang_from_class(cls, lang);
}

static void find_lang(const struct html_doc *d, const GumboNode *n, char lang[LANG_MAX])
{
    lang[0] = '\0';
    if (lang_from_node(n, lang) || lang_from_node(html_only_child(d, n), lang))
        return;
    const GumboNode *p = n->parent;
    for (unsigned i = 0; i < 6 && p; i++, p = p->parent) {
        GumboTag tag = html_tag(p);
        bool table = tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_TBODY || tag == GUMBO_TAG_TR ||
                     tag == GUMBO_TAG_TD;
        if ((tag != GUMBO_TAG_DIV && tag != GUMBO_TAG_FIGURE && !table) || lang_from_node(p, lang))
            return;
    }
}

/* Is the child of a <pre> one of several that say the same in several languages? */
static bool is_variant(const GumboNode *n, char lang[LANG_MAX])
{
    return html_is_element(n) && html_tag(n) == GUMBO_TAG_CODE && html_attr(n, "class") &&
           lang_from_node(n, lang);
}

/* Variants differ in their class ("js mjs", "js cjs"); lines of one text do not. */
static bool has_variants(const GumboNode *pre)
{
    const GumboVector *v = &pre->v.element.children;
    const char *first = NULL;
    char lang[LANG_MAX];
    for (unsigned i = 0; i < v->length; i++) {
        const GumboNode *c = v->data[i];
        if (!is_variant(c, lang))
            continue;
        if (first && strcmp(first, html_attr(c, "class")) != 0)
            return true;
        first = html_attr(c, "class");
    }
    return false;
}

static void render_code(struct html_writer *w, const GumboNode *n, const char *lang);

void html_render_pre(struct html_writer *w, const GumboNode *n)
{
    char lang[LANG_MAX];
    const GumboVector *v = &n->v.element.children;
    if (html_mark(w->doc, n)->text == 0)
        return;
    if (has_variants(n)) {
        for (unsigned i = 0; i < v->length; i++)
            if (is_variant(v->data[i], lang))
                render_code(w, v->data[i], lang);
        return;
    }
    find_lang(w->doc, n, lang);
    render_code(w, n, lang);
}

static void render_code(struct html_writer *w, const GumboNode *n, const char *lang)
{
    buf_clear(&w->scratch);
    html_plain(w->doc, n, true, &w->scratch);
    buf_rtrim(&w->scratch, " \t\n");
    const char *s = w->scratch.data;
    if (!w->scratch.len)
        return;
    size_t fence = span_longest_run(buf_span(&w->scratch), '`') + 1, first = 0;
    if (fence < 3)
        fence = 3;
    /* blank lines at the top go, indentation of the first line stays */
    for (size_t i = 0; s[i] == ' ' || s[i] == '\t' || s[i] == '\n'; i++)
        if (s[i] == '\n')
            first = i + 1;
    html_break(w, 2);
    html_begin(w);
    for (size_t i = 0; i < fence; i++)
        buf_addc(w->out, '`');
    buf_adds(w->out, lang);
    for (const char *line = s + first; *line;) {
        size_t len = strcspn(line, "\n");
        html_break(w, 1);
        if (len && strspn(line, " \t") < len) {
            html_begin(w);
            buf_add(w->out, line, len);
        } else { /* nothing but the prefix */
            html_begin(w);
        }
        w->bol = false;
        line += len + (line[len] == '\n');
    }
    html_break(w, 1);
    html_begin(w);
    for (size_t i = 0; i < fence; i++)
        buf_addc(w->out, '`');
    w->bol = false;
    html_break(w, 2);
}
