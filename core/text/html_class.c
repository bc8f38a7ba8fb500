/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 40

struct word {
    const char *text;
    unsigned bits;
};

/* Whole class or id tokens (bits 0: frequent, and not worth a look at their parts), in lower case,
 * sorted by strcmp (bsearch). Collected from the output of Sphinx (its themes), Docusaurus, MkDocs,
 * VitePress, Hugo, Doxygen, javadoc, DocBook, Asciidoctor, rustdoc, mandoc, MediaWiki, GitHub and
 * sqlite.org. */
static const struct word words[] = {
    {"admonition", WORD_ADMONITION},
    {"admonition-title", WORD_BOXTITLE},
    {"admonitionblock", WORD_ADMONITION},
    {"alert", WORD_ADMONITION},
    {"alert-heading", WORD_BOXTITLE},
    {"anchor", WORD_PERMALINK},
    {"anchor-link", WORD_PERMALINK},
    {"anchorjs-link", WORD_PERMALINK},
    {"announcement", WORD_JUNK},
    {"apicontent", WORD_MAIN},
    {"apidocs", WORD_PLAIN},
    {"article", WORD_CONTENT},
    {"articlebody", WORD_MAIN},
    {"asidetoc", WORD_TOC},
    {"attention", WORD_KIND},
    {"attribute", WORD_API},
    {"back-to-top", WORD_JUNK},
    {"backlinks", WORD_NAV},
    {"backtotop", WORD_JUNK},
    {"banner", WORD_NAV},
    {"body", WORD_CONTENT},
    {"bodycontent", WORD_MAIN},
    {"bottomlang", WORD_JUNK},
    {"bottomnav", WORD_NAV},
    {"breadcrumb", WORD_JUNK},
    {"c", WORD_API},
    {"callout", WORD_ADMONITION},
    {"callout-title", WORD_BOXTITLE},
    {"carbonads", WORD_JUNK},
    {"caution", WORD_KIND},
    {"class", WORD_API},
    {"classmethod", WORD_API},
    {"clipboard", WORD_HIDDEN},
    {"cmake", WORD_API},
    {"cmdoption", WORD_API},
    {"command", WORD_API},
    {"comments-section", WORD_JUNK},
    {"comments_thread", WORD_JUNK},
    {"content", WORD_CONTENT},
    {"contentinfo", WORD_JUNK},
    {"contents", WORD_TOC | WORD_CONTENT},
    {"copy-button", WORD_HIDDEN},
    {"copy-path", WORD_HIDDEN},
    {"copybtn", WORD_HIDDEN},
    {"copybutton", WORD_HIDDEN},
    {"copyright", WORD_JUNK},
    {"cpp", WORD_API},
    {"danger", WORD_KIND},
    {"data", WORD_API},
    {"describe", WORD_API},
    {"directive", WORD_API},
    {"doc-content", WORD_CONTENT},
    {"doc-contents", WORD_CONTENT},
    {"doc-version", WORD_JUNK},
    {"docs-content", WORD_CONTENT},
    {"document", WORD_CONTENT},
    {"documentwrapper", WORD_CONTENT},
    {"docutils", 0},
    {"docversion", WORD_JUNK},
    {"edit-link", WORD_JUNK},
    {"edit-on-github", WORD_JUNK},
    {"edit-page", WORD_JUNK},
    {"edit-page-link", WORD_JUNK},
    {"edit-this-page", WORD_JUNK},
    {"editlink", WORD_JUNK},
    {"editsection", WORD_JUNK},
    {"entry-content", WORD_MAIN},
    {"enum", WORD_API},
    {"enumerator", WORD_API},
    {"envvar", WORD_API},
    {"error", WORD_KIND},
    {"exception", WORD_API},
    {"external", 0},
    {"fancynav", WORD_NAV},
    {"feedback", WORD_JUNK},
    {"field-list", WORD_PLAIN},
    {"footer", WORD_JUNK},
    {"fragment", WORD_FRAGMENT},
    {"ft", WORD_JUNK},
    {"function", WORD_API},
    {"git-revision-date", WORD_JUNK},
    {"github-fork-ribbon", WORD_JUNK},
    {"global-nav", WORD_NAV},
    {"globaltoc", WORD_NAV},
    {"glossary", WORD_PLAIN},
    {"gutter", WORD_LINENO},
    {"hash-link", WORD_PERMALINK},
    {"hd", WORD_NAV},
    {"header-anchor", WORD_PERMALINK},
    {"header-link", WORD_PERMALINK},
    {"headerlink", WORD_PERMALINK},
    {"headertitle", WORD_TITLE},
    {"heading-anchor", WORD_PERMALINK},
    {"headline-anchor", WORD_PERMALINK},
    {"hideme", WORD_HIDDEN},
    {"highlight", 0},
    {"hint", WORD_KIND},
    {"hljs-keyword", 0},
    {"hljs-ln-numbers", WORD_LINENO},
    {"hljs-string", 0},
    {"important", WORD_KIND},
    {"indextable", WORD_PLAIN},
    {"info", WORD_KIND},
    {"internal", 0},
    {"itemizedlist", 0},
    {"js", WORD_API},
    {"katex", WORD_MATH},
    {"langbar", WORD_JUNK},
    {"language-switcher", WORD_JUNK},
    {"last-updated", WORD_JUNK},
    {"last-updated-container", WORD_JUNK},
    {"lastupdated", WORD_JUNK},
    {"line", WORD_LINE},
    {"line-numbers-rows", WORD_LINENO},
    {"line-numbers-wrapper", WORD_LINENO},
    {"lineno", WORD_LINENO},
    {"linenodiv", WORD_LINENO},
    {"linenos", WORD_LINENO},
    {"linenumber", WORD_LINENO},
    {"linenumbers", WORD_LINENO},
    {"listitem", 0},
    {"literal", 0},
    {"literal-block", 0},
    {"lnt", WORD_LINENO},
    {"localtoc", WORD_TOC},
    {"macro", WORD_API},
    {"main", WORD_CONTENT},
    {"main-content", WORD_MAIN},
    {"main-nav", WORD_NAV},
    {"maincontent", WORD_MAIN},
    {"mainmenu", WORD_NAV},
    {"manual-text", WORD_CONTENT},
    {"mark", WORD_PERMALINK},
    {"markdown-body", WORD_MAIN},
    {"masthead", WORD_NAV},
    {"math", WORD_MATH},
    {"mathjax_preview", WORD_HIDDEN},
    {"md-content__button", WORD_JUNK},
    {"md-content__inner", WORD_MAIN},
    {"md-header", WORD_NAV},
    {"md-source-file", WORD_JUNK},
    {"md-tabs", WORD_NAV},
    {"member", WORD_API},
    {"memproto", WORD_CODE},
    {"menu", WORD_NAV},
    {"menubar", WORD_NAV},
    {"metadata-update", WORD_JUNK},
    {"method", WORD_API},
    {"mobile-nav", WORD_NAV},
    {"mw-content-text", WORD_MAIN},
    {"mw-editsection", WORD_HIDDEN},
    {"mw-jump-link", WORD_JUNK},
    {"mw-parser-output", WORD_MAIN},
    {"nav", WORD_NAV},
    {"nav-links", WORD_NAV},
    {"nav-list", WORD_NAV},
    {"navbox", WORD_NAV},
    {"navfooter", WORD_JUNK},
    {"navheader", WORD_JUNK},
    {"navigation", WORD_NAV},
    {"navpath", WORD_JUNK},
    {"navrow", WORD_NAV},
    {"navrow1", WORD_NAV},
    {"navrow2", WORD_NAV},
    {"navrow3", WORD_NAV},
    {"navrow4", WORD_NAV},
    {"newsletter", WORD_JUNK},
    {"noprint", WORD_NAV},
    {"nosearch", WORD_NAV},
    {"note", WORD_KIND},
    {"notranslate", 0},
    {"on-this-page", WORD_TOC},
    {"opcode", WORD_API},
    {"option", WORD_API},
    {"out-of-band", WORD_HIDDEN},
    {"outdated", WORD_JUNK},
    {"page-actions", WORD_JUNK},
    {"page-content", WORD_CONTENT},
    {"page-edit", WORD_JUNK},
    {"page-footer", WORD_JUNK},
    {"page-header", WORD_NAV},
    {"page-meta", WORD_JUNK},
    {"page-nav", WORD_NAV},
    {"page-toc", WORD_TOC},
    {"pager", WORD_JUNK},
    {"pagetoc", WORD_TOC},
    {"paragraph", 0},
    {"permalink", WORD_PERMALINK},
    {"permalink-widget", WORD_PERMALINK},
    {"post-content", WORD_MAIN},
    {"prev-next", WORD_JUNK},
    {"prev-next-area", WORD_JUNK},
    {"prev-next-bottom", WORD_JUNK},
    {"prev-next-footer", WORD_JUNK},
    {"print-link", WORD_JUNK},
    {"property", WORD_API},
    {"py", WORD_API},
    {"quickview", WORD_TOC},
    {"refentry", WORD_CONTENT},
    {"reference", 0},
    {"related", WORD_NAV},
    {"related-pages", WORD_JUNK},
    {"replaceable", 0},
    {"rightside", WORD_HIDDEN},
    {"role", WORD_API},
    {"rouge-gutter", WORD_LINENO},
    {"row-even", 0},
    {"row-odd", 0},
    {"rst", WORD_API},
    {"rst-content", WORD_CONTENT},
    {"rst-footer-buttons", WORD_JUNK},
    {"rst-versions", WORD_JUNK},
    {"rubric", WORD_RUBRIC},
    {"search", WORD_NAV},
    {"search-box", WORD_NAV},
    {"search-form", WORD_NAV},
    {"searchbox", WORD_NAV},
    {"searchform", WORD_NAV},
    {"sect2", 0},
    {"sect3", 0},
    {"section", 0},
    {"sectionbody", 0},
    {"seealso", WORD_KIND},
    {"setting", WORD_API},
    {"share-buttons", WORD_JUNK},
    {"sidenav", WORD_NAV},
    {"sig", WORD_API},
    {"sig-object", WORD_API},
    {"simple", 0},
    {"site-footer", WORD_JUNK},
    {"site-header", WORD_NAV},
    {"site-nav", WORD_NAV},
    {"siteinfo", WORD_JUNK},
    {"sitemap", WORD_NAV},
    {"skip", WORD_JUNK},
    {"skip-link", WORD_JUNK},
    {"skip-nav", WORD_JUNK},
    {"skip-to-content", WORD_JUNK},
    {"skip-to-content-link", WORD_JUNK},
    {"skiplink", WORD_JUNK},
    {"social", WORD_JUNK},
    {"sphinxsidebar", WORD_NAV},
    {"sphinxsidebarwrapper", WORD_NAV},
    {"src", WORD_HIDDEN},
    {"srclink", WORD_HIDDEN},
    {"staticmethod", WORD_API},
    {"std", WORD_API},
    {"std-ref", 0},
    {"struct", WORD_API},
    {"sub-nav", WORD_NAV},
    {"subnav", WORD_NAV},
    {"table-of-contents", WORD_TOC},
    {"tablist", WORD_NAV},
    {"templatefilter", WORD_API},
    {"templatetag", WORD_API},
    {"test-arrow", WORD_HIDDEN},
    {"theme-doc-footer", WORD_JUNK},
    {"theme-doc-markdown", WORD_MAIN},
    {"theme-doc-toc-desktop", WORD_TOC},
    {"theme-doc-toc-mobile", WORD_TOC},
    {"theme-doc-version-badge", WORD_JUNK},
    {"tip", WORD_KIND},
    {"titlearea", WORD_NAV},
    {"toc", WORD_TOC},
    {"tocsidebar", WORD_TOC},
    {"toctree-l1", 0},
    {"toctree-l2", 0},
    {"toctree-l3", 0},
    {"toctree-l4", 0},
    {"toggle-all-docs", WORD_HIDDEN},
    {"toggle-source", WORD_HIDDEN},
    {"toolbar", WORD_NAV},
    {"toolbar-item", WORD_HIDDEN},
    {"top-nav", WORD_NAV},
    {"topbar", WORD_NAV},
    {"toplang", WORD_JUNK},
    {"topnav", WORD_NAV},
    {"type", WORD_API},
    {"type-function", 0},
    {"type-object", 0},
    {"union", WORD_API},
    {"up", WORD_NAV},
    {"var", WORD_API},
    {"variable", WORD_API},
    {"variablelist", 0},
    {"vector-toc", WORD_TOC},
    {"version-switcher", WORD_JUNK},
    {"versionmodified", 0},
    {"viewcode-back", WORD_HIDDEN},
    {"viewcode-link", WORD_HIDDEN},
    {"vp-doc", WORD_MAIN},
    {"warning", WORD_KIND},
    {"wikitoc", WORD_TOC},
    {"wy-nav-content", WORD_CONTENT},
    {"wy-nav-side", WORD_NAV},
    {"wy-nav-top", WORD_NAV},
    {"xref-type", 0},
};

/* Parts of compound tokens ("theme-doc-breadcrumbs", "md-sidebar--primary", "VPNavBar"). */
static const struct word parts[] = {
    {"breadcrumb", WORD_JUNK}, {"cookie", WORD_JUNK},    {"pagination", WORD_JUNK},
    {"sidebar", WORD_NAV},     {"navbar", WORD_NAV},     {"skiptocontent", WORD_JUNK},
    {"skip-to-", WORD_JUNK},   {"edit-this", WORD_JUNK}, {"admonitionheading", WORD_BOXTITLE},
};
/* Layout classes that only say what is beside ("has-sidebar"), and neighbours of a part. */
static const char *const not_parts[] = {"has",     "with",      "no-",  "page", "layout",
                                        "content", "container", "wrap", "main", "body"};

static int word_cmp(const void *key, const void *item)
{
    return strcmp(key, ((const struct word *)item)->text);
}

static unsigned token_bits(const char *t)
{
    const struct word *w = bsearch(t, words, sizeof words / sizeof *words, sizeof *words, word_cmp);
    if (w)
        return w->bits;
    size_t n = strlen(t);
    if (n < 6)
        return 0;
    if (strncmp(t, "nav-", 4) == 0 || strcmp(t + n - 4, "-nav") == 0)
        return WORD_NAV;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(t, parts[i].text))
            continue;
        for (size_t k = 0; k < sizeof not_parts / sizeof *not_parts; k++)
            if (strstr(t, not_parts[k]) && !strstr(parts[i].text, not_parts[k]))
                return 0;
        return parts[i].bits;
    }
    return 0;
}

/* Next blank-separated token of *s in lower case; false at the end. Over-long ones are cut. */
static bool token_next(const char **s, const char *end, char token[TOKEN_MAX])
{
    const char *p = *s;
    while (p < end && (unsigned char)*p <= ' ')
        p++;
    if (p == end)
        return false;
    size_t n = 0;
    for (; p < end && (unsigned char)*p > ' '; p++)
        if (n < TOKEN_MAX - 1)
            token[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    token[n] = '\0';
    *s = p;
    return true;
}

unsigned html_class_bits(const char *value, size_t len)
{
    char token[TOKEN_MAX];
    unsigned bits = 0;
    for (const char *s = value, *end = value + len; token_next(&s, end, token);)
        bits |= token_bits(token);
    return bits;
}

const char *html_admonition_kind(const char *value)
{
    static const char *const kinds[][2] = {
        {"attention", "Attention"},
        {"caution", "Caution"},
        {"danger", "Danger"},
        {"error", "Error"},
        {"hint", "Hint"},
        {"important", "Important"},
        {"info", "Info"},
        {"note", "Note"},
        {"seealso", "See also"},
        {"tip", "Tip"},
        {"warning", "Warning"},
        {"alert--info", "Info"},
        {"alert--secondary", "Note"},
        {"alert--success", "Tip"},
        {"alert--warning", "Warning"},
        {"alert--danger", "Danger"},
        {"alert-info", "Info"},
        {"alert-warning", "Warning"},
        {"alert-danger", "Danger"},
        {"alert-success", "Tip"},
    };
    char token[TOKEN_MAX];
    for (const char *s = value, *end = value + strlen(value); token_next(&s, end, token);)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (strcmp(token, kinds[i][0]) == 0)
                return kinds[i][1];
    return NULL;
}
