/* SPDX-License-Identifier: MIT
 * Explicit markup of reStructuredText -> markdown: directives of docutils, Sphinx and its common
 * extensions, footnotes. One that is not known keeps its text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/text/mdx.h"
#include "core/text/rst.h"
#include "core/text/rst_inline.h"

static const struct span nothing = {"", 0};

/* A directive at work. */
struct directive {
    struct span name, arg;
    size_t options, from, end; /* lines of its options, of its text */
};

/* Value of an option; its s is NULL when there is none. */
static struct span option_of(const struct rst *r, const struct directive *d, const char *wanted)
{
    struct span name;
    for (size_t i = d->options; i < d->from; i++) {
        struct span l = span_trim(r->line[i]);
        size_t mark = rst_field(l, &name);
        if (mark && span_eq(name, wanted))
            return span_trim(span_skip(l, mark));
    }
    return (struct span){NULL, 0};
}

/* "New in version 3.2: text" */
static void version(struct rst *r, const struct directive *d)
{
    _cleanup_buf_ struct buf lead = {0};
    size_t number = 0;
    while (number < d->arg.len && !is_blank(d->arg.s[number]))
        number++;
    struct span text = span_trim(span_skip(d->arg, number));
    buf_addf(&lead, "%s %.*s%s", md_version_words(d->name), (int)number, d->arg.s,
             text.len || d->from < d->end ? ": " : ".");
    rst_blank_line(r);
    rst_nested(r, text, d->from, d->end, SIZE_MAX, buf_text(&lead), "");
    r->out->oom |= lead.oom;
    rst_blank_line(r);
}

static void admonition(struct rst *r, const struct directive *d)
{
    _cleanup_buf_ struct buf lead = {0};
    const char *kind = md_admonition(d->name);
    bool titled = rst_is(d->name, "admonition") && d->arg.len;
    buf_adds(&lead, "> **");
    if (titled)
        rst_inline(&lead, d->arg, r->names);
    else if (kind)
        buf_adds(&lead, kind);
    else
        buf_addf(&lead, "%c%.*s", toupper((unsigned char)d->name.s[0]), (int)d->name.len - 1,
                 d->name.s + 1);
    buf_adds(&lead, "**");
    rst_blank_line(r);
    if (d->arg.len && !titled) {
        buf_addc(&lead, ' ');
        rst_nested(r, d->arg, d->from, d->end, SIZE_MAX, buf_text(&lead), "> ");
    } else {
        buf_add(r->out, lead.data, lead.len);
        buf_adds(r->out, "\n>\n");
        rst_nested(r, nothing, d->from, d->end, SIZE_MAX, "> ", "> ");
    }
    r->out->oom |= lead.oom;
    rst_blank_line(r);
}

/* "name: `other` | ..." of a grammar as it is shown: "name ::= other | ..." */
static void production(struct span l, struct buf *out)
{
    size_t colon = 0;
    while (colon < l.len && (is_alnum(l.s[colon]) || l.s[colon] == '_'))
        colon++;
    if (colon < l.len && l.s[colon] == ':') {
        buf_add(out, l.s, colon);
        buf_adds(out, colon ? " ::= " : "      ");
        l = span_trim(span_skip(l, colon + 1));
    }
    for (size_t i = 0; i < l.len; i++)
        if (l.s[i] != '`')
            buf_addc(out, l.s[i]);
}

/* Code with marks in it: the words without them. */
static void marked_code(struct rst *r, const struct directive *d)
{
    _cleanup_buf_ struct buf out = {.limit = r->out->limit}, text = {0}, shown = {0};
    bool grammar = rst_is(d->name, "productionlist");
    size_t strip = rst_common_indent(r, d->from, d->end);
    size_t from = d->from;
    while (from < d->end && !r->line[from].len)
        from++;
    for (size_t i = from; i < d->end; i++) {
        struct span l = r->line[i];
        l = l.len ? span_skip(l, strip) : l;
        buf_clear(&text);
        buf_clear(&shown);
        if (grammar) {
            production(span_trim(l), &shown);
        } else {
            rst_inline(&text, span_trim(l), r->names);
            md_plain(&shown, buf_span(&text));
            buf_addf(&out, "%*s", (int)rst_indent(l), "");
        }
        buf_add(&out, shown.data, shown.len);
        buf_addc(&out, '\n');
    }
    rst_blank_line(r);
    if (out.len)
        md_fence(r->out, (struct span){out.data, out.len}, "", 0);
    r->out->oom |= out.oom || text.oom || shown.oom;
    r->out->full |= out.full;
    rst_blank_line(r);
}

/* Code, with the language that it names and the caption that it has. */
static void code(struct rst *r, const struct directive *d)
{
    struct span lang = nothing;
    if (rst_is(d->name, "code-block code sourcecode code-tab"))
        lang = d->arg;
    else if (rst_is(d->name, "doctest testcode"))
        lang = span_of("python");
    else if (rst_is(d->name, "console"))
        lang = d->name;
    if (rst_is(d->name, "code-tab")) { /* "code-tab:: bash Linux" */
        size_t n = 0;
        while (n < lang.len && !is_blank(lang.s[n]))
            n++;
        rst_label(r, span_trim(span_skip(lang, n)));
        lang.len = n;
    }
    if (option_of(r, d, "hide").s)
        return;
    rst_label(r, option_of(r, d, "caption"));
    rst_label(r, option_of(r, d, "filename"));
    if (d->from < d->end && rst_is(d->name, "productionlist parsed-literal")) {
        marked_code(r, d);
        return;
    }
    if (d->from == d->end && rst_is(d->name, "productionlist math prompt") && d->arg.len) {
        rst_blank_line(r);
        md_fence(r->out, d->arg, "", 0);
        rst_blank_line(r);
        return;
    }
    rst_code(r, d->from, d->end, lang);
}

/* What cannot be seen is described. */
static void image(struct rst *r, const struct directive *d)
{
    struct span alt = option_of(r, d, "alt");
    if (alt.len) {
        rst_blank_line(r);
        rst_text(r, alt);
        buf_adds(r->out, "\n\n");
    }
    rst_body(r, nothing, d->from, d->end);
}

static void reference(struct rst *r, const struct directive *d, bool file)
{
    if (!d->arg.len || d->arg.s[0] == '<')
        return;
    rst_blank_line(r);
    if (file)
        buf_addf(r->out, "[%.*s](%.*s)\n\n", (int)d->arg.len, d->arg.s, (int)d->arg.len, d->arg.s);
    else
        buf_addf(r->out, "`%.*s`\n\n", (int)d->arg.len, d->arg.s);
}

static void table(struct rst *r, const struct directive *d)
{
    rst_label(r, d->arg);
    if (rst_is(d->name, "csv-table"))
        rst_csv_table(r, d->options, d->from, d->end);
    else
        rst_list_table(r, d->from, d->end);
}

/* Of the changelog of sphinx-changelog: the changes of a version, which has a section of its own.
 */
static void release(struct rst *r, const struct directive *d)
{
    struct span number = option_of(r, d, "version"), date = option_of(r, d, "released");
    unsigned level = r->level < 6 ? r->level + 1 : 6;
    if (number.len && !r->boxed) {
        rst_blank_line(r);
        buf_addf(r->out, "%.*s ", (int)level, "######");
        rst_text(r, number);
        buf_adds(r->out, "\n\n");
        if (date.len) {
            buf_adds(r->out, "Released: ");
            rst_text(r, date);
            buf_adds(r->out, "\n\n");
        }
    } else {
        rst_label(r, number);
    }
    rst_body(r, nothing, d->from, d->end);
}

/* And one change of it: "- **orm, bug**: text" */
static void change(struct rst *r, const struct directive *d)
{
    _cleanup_buf_ struct buf lead = {0};
    struct span tags = option_of(r, d, "tags");
    buf_adds(&lead, "- ");
    if (tags.len) {
        buf_adds(&lead, "**");
        rst_inline(&lead, tags, r->names);
        buf_adds(&lead, "**: ");
    }
    rst_blank_line(r);
    rst_nested(r, nothing, d->from, d->end, SIZE_MAX, buf_text(&lead), "  ");
    r->out->oom |= lead.oom;
    rst_blank_line(r);
}

static void glossary(struct rst *r, const struct directive *d)
{
    r->glossary = true;
    rst_body(r, nothing, d->from, d->end);
    r->glossary = false;
}

/* A block whose argument is a title ("topic", "tab-item"), a text ("rubric") or of no use to a
 * reader ("only:: html", "grid:: 1 2 3"). */
static void container(struct rst *r, const struct directive *d)
{
    if (rst_is(d->name, "rubric topic sidebar tab-item tab group-tab dropdown card grid-item-card "
                        "details collapse table"))
        rst_label(r, d->arg);
    else if (!rst_is(d->name, "only ifconfig grid grid-item tab-set tabs container hlist "
                              "kernel-doc rst-class centered cssclass class")) {
        rst_body(r, d->arg, d->from, d->end);
        return;
    } else if (rst_is(d->name, "centered")) {
        rst_label(r, d->arg);
    }
    rst_body(r, nothing, d->from, d->end);
}

/* Fields below the first line, up to one that is no field; what is indented more goes on with
 * one. */
static size_t options_end(const struct rst *r, size_t from, size_t end)
{
    struct span name;
    unsigned base = from < end ? rst_indent(r->line[from]) : 0;
    for (size_t i = from; i < end; i++) {
        struct span l = r->line[i];
        if (!l.len || !(rst_field(span_trim(l), &name) || (i > from && rst_indent(l) > base)))
            return i;
    }
    return end;
}

static bool for_another_reader(const struct directive *d)
{
    return rst_is(d->name, "only") &&
           rst_is(d->arg, "latex man texinfo epub text not_html singlehtml");
}

/* A line ".. name:: argument" with its block; moves r->i behind it. */
static void directive(struct rst *r, struct span name, struct span arg)
{
    size_t from = r->i + 1, end = rst_block_end(r, from);
    struct directive d = {name, arg, from, options_end(r, from, end), end};
    r->i = end;
    if (rst_is_signature(name)) {
        rst_signature(r, name, arg, from, end);
    } else if (rst_is(name, "module py:module currentmodule py:currentmodule")) {
        r->module = span_eq(arg, "None") ? nothing : arg;
        rst_body(r, nothing, d.from, end);
    } else if (rst_is(name, "highlight")) {
        r->lang = rst_is(arg, "none text default guess") ? nothing : arg;
    } else if (md_version_words(name)) {
        version(r, &d);
    } else if (rst_is(name, "code-block code sourcecode code-tab parsed-literal productionlist "
                            "prompt doctest testcode testoutput console snippet math graphviz "
                            "digraph mermaid click:example click:run ipython uml plantuml")) {
        code(r, &d);
    } else if (rst_is(name, "include literalinclude")) {
        reference(r, &d, true);
    } else if (rst_is(name, "autofunction autoclass automodule automethod autoattribute autodata "
                            "autoexception autodecorator autoproperty cmake-module doxygenclass "
                            "doxygenfunction doxygenstruct doxygenfile")) {
        reference(r, &d, false);
        rst_body(r, nothing, d.from, end);
    } else if (rst_is(name, "raw toctree index contents module-author sectionauthor moduleauthor "
                            "codeauthor default-domain default-intersphinx role meta testsetup "
                            "testcleanup tabularcolumns default-role header footer sectnum "
                            "target-notes audit-event-table todolist autosummary c:namespace "
                            "cpp:namespace c:namespace-push c:namespace-pop jinja "
                            "inheritance-diagram ethical-ad date fieldlookup "
                            "changelog_imports")) {
        return;
    } else if (rst_is(name, "image figure kernel-figure kernel-image")) {
        image(r, &d);
    } else if (rst_is(name, "list-table flat-table csv-table")) {
        table(r, &d);
    } else if (rst_is(name, "glossary")) {
        glossary(r, &d);
    } else if (rst_is(name, "changelog")) {
        release(r, &d);
    } else if (rst_is(name, "change")) {
        change(r, &d);
    } else if (rst_is(name, "note warning tip hint important caution danger attention error "
                            "admonition seealso todo impl-detail availability Note Warning")) {
        admonition(r, &d);
    } else if (!for_another_reader(&d)) {
        container(r, &d);
    }
}

/* ".. [1] text", ".. [#] text", ".. [Label] text" */
static void footnote(struct rst *r, struct span body)
{
    char lead[RST_NAME_LEN + 16];
    const char *close = memchr(body.s, ']', body.len < RST_NAME_LEN ? body.len : RST_NAME_LEN);
    size_t from = r->i + 1;
    r->i = rst_block_end(r, from);
    if (!close)
        return;
    struct span label = {body.s + 1, (size_t)(close - body.s) - 1};
    const char *number =
        label.len > 1 && label.s[0] == '#' ? rst_name(r->names, '#', span_skip(label, 1)) : NULL;
    unsigned next = span_eq(label, "#") ? rst_next_footnote(r->names, true) : 0;
    if (next)
        snprintf(lead, sizeof(lead), "[%u] ", next);
    else
        snprintf(lead, sizeof(lead), "[%.*s] ", number ? (int)strlen(number) : (int)label.len,
                 number ? number : label.s);
    rst_blank_line(r);
    rst_nested(r, span_trim(span_skip(body, label.len + 2)), from, r->i, SIZE_MAX, lead, "");
    rst_blank_line(r);
}

void rst_explicit(struct rst *r)
{
    struct span l = span_trim(r->line[r->i]), body = span_trim(span_skip(l, 2));
    const char *colons = memmem(body.s, body.len, "::", 2);
    struct span name = {body.s, colons ? (size_t)(colons - body.s) : 0};
    bool word = name.len > 0 && body.s[0] != '_';
    for (size_t i = 0; i < name.len; i++)
        word = word && (is_alnum(name.s[i]) || memchr("-_:+.", name.s[i], 5));
    if (word) {
        directive(r, name, span_trim(span_skip(body, name.len + 2)));
        return;
    }
    if (body.len && body.s[0] == '[') {
        footnote(r, body);
        return;
    }
    r->i = rst_block_end(r, r->i + 1); /* a target or a substitution (rst_names.h), a comment */
}
