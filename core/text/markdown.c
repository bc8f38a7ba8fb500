/* SPDX-License-Identifier: MIT
 * Markdown stays as it is but for what only a site generator understands. One pass over the
 * lines; code is never touched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/frontmatter.h"
#include "core/text/md_dialect.h"
#include "core/text/md_inline.h"
#include "core/text/mdutil.h"
#include "core/text/mdx.h"
#include "core/text/shortcode.h"
#include "core/util/cleanup.h"

#define INDENT_MAX 8    /* columns that component tags can have indented their content by */
#define ESM_LINES 500   /* lines of one import or export statement */
#define CODE_LINES 2000 /* between a shortcode and its end */

/* "import Note from './_note.md'", which stands further down in pages of Docusaurus named .md. */
static bool imports_component(struct span line)
{
    if (!span_starts(line, "import ") || line.len < 20 || !is_upper(line.s[7]))
        return false;
    size_t n = 7;
    while (n < line.len && is_alnum(line.s[n]))
        n++;
    struct span from = span_skip(line, n);
    return span_starts(from, " from './") || span_starts(from, " from '../") ||
           span_starts(from, " from '@");
}

/* Skips an import or export: to the end of its brackets. */
static void skip_esm(struct md *m, struct span line)
{
    int open = mdx_brackets(line);
    for (int i = 0; open > 0 && i < ESM_LINES && line_next(&m->rest, &line); i++)
        open += mdx_brackets(line);
}

static void add_description(struct md *m)
{
    if (!m->description)
        return;
    buf_addc(&m->out, '\n');
    md_one_line(&m->out, span_of(m->description), false);
    buf_adds(&m->out, "\n\n");
    m->description = NULL;
}

static void add_fence_line(struct md *m, struct span line)
{
    size_t pad = span_run(line, ' ');
    buf_add_span(&m->out, span_skip(line, pad < m->fence_indent ? pad : m->fence_indent));
    buf_addc(&m->out, '\n');
}

/* "```rust,ignore" */
static bool is_rust(struct span line, char c, size_t len)
{
    const char *mark = memchr(line.s, c, line.len);
    struct span info = span_trim(span_skip(line, (size_t)(mark - line.s) + len));
    return span_starts(info, "rust") && (info.len == 4 || strchr(", {", info.s[4]));
}

/* Rust's own tools and mdBook leave out what begins with "# " and show "##" as "#". */
static void add_rust_line(struct md *m, struct span line)
{
    struct span t = span_trim(line);
    size_t marks = span_run(t, '#');
    if (marks == 1 && (t.len == 1 || t.s[1] == ' '))
        return;
    size_t start = m->out.len;
    add_fence_line(m, line);
    char *mark = marks > 1 && m->out.len > start
                     ? memchr(m->out.data + start, '#', m->out.len - start)
                     : NULL;
    if (mark) {
        memmove(mark, mark + 1, m->out.len - (size_t)(mark + 1 - m->out.data));
        buf_truncate(&m->out, m->out.len - 1);
    }
}

/* A line that is a component in a file that is not known to be MDX: "<Sandpack>", "</Note>". The
 * name has letters of both cases, which tells it from old HTML. */
static bool is_tag_line(struct span t)
{
    size_t i = 1 + (t.len > 1 && t.s[1] == '/');
    if (t.len <= i + 2 || t.s[0] != '<' || !is_upper(t.s[i]) || !is_alpha(t.s[i + 1]) ||
        is_upper(t.s[i + 1]))
        return false;
    return t.s[t.len - 1] == '>' || !memchr(t.s, '>', t.len);
}

static void text_line(struct md *m, struct span line)
{
    struct span t = span_trim(line);
    size_t at = m->out.len, pad = (size_t)(t.s - line.s) < m->list ? 0 : m->list;
    buf_add(&m->out, line.s, pad); /* what it says stays in its list */
    if (md_dialect_line(t, &m->out)) {
        if (m->out.len == at + pad)
            buf_truncate(&m->out, at);
        m->prev_text = false;
        return;
    }
    buf_truncate(&m->out, at);
    m->tags = is_tag_line(t);
    m->any_tags |= m->tags;
    bool after_text = m->prev_text;
    m->prev_text = false;
    unsigned level = md_atx(line, NULL);
    size_t start = m->out.len;
    bool removed = md_inline(m, line);
    if (removed)
        buf_rtrim(&m->out, " \t");
    bool blank =
        span_trim((struct span){m->out.data ? m->out.data + start : "", m->out.len - start}).len ==
        0;
    if (removed && blank) {
        buf_truncate(&m->out, start);
        return; /* the line was only a comment or a tag */
    }
    buf_addc(&m->out, '\n');
    if (level == 1 || (after_text && md_setext(line) == '='))
        add_description(m);
    m->prev_text = !blank && !level;
}

/* Lines of an indented block lose its indentation; one further left ends it. */
static struct span outdent(struct md *m, struct span line)
{
    size_t i = 0, column = 0;
    for (; i < line.len && (line.s[i] == ' ' || line.s[i] == '\t'); i++)
        column += line.s[i] == ' ' ? 1 : 4;
    while (i < line.len && m->n_nest && column < m->nest[m->n_nest - 1])
        m->n_nest--;
    for (i = column = 0; i < line.len && column < 4 * m->n_nest; i++) {
        if (line.s[i] != ' ' && line.s[i] != '\t')
            break;
        column += line.s[i] == ' ' ? 1 : 4;
    }
    return span_skip(line, i);
}

/* "!!! note": a label, and an end of the indentation of what follows. */
static bool indented_block(struct md *m, struct span line)
{
    struct span t = span_trim(line);
    size_t pad = (size_t)(t.s - line.s);
    if (m->n_nest == MD_NEST_MAX || pad > 16 || t.len < 5 || !strchr("!?=", t.s[0]))
        return false;
    _cleanup_buf_ struct buf label = {0};
    if (!md_dialect_indented(t, &label))
        return false;
    m->nest[m->n_nest] = 4 * m->n_nest + pad + 4;
    m->n_nest++;
    buf_add(&m->out, line.s, pad);
    buf_add(&m->out, label.data, label.len);
    buf_addc(&m->out, '\n');
    m->after_label = m->prev_blank = true;
    m->in_indented = m->prev_text = false;
    return true;
}

/* "{{< highlight go >}}" and the lines up to "{{< /highlight >}}": a code block. */
static bool shortcode_block(struct md *m, struct span line, size_t pad)
{
    struct shortcode open, other = {0};
    struct span t = span_trim(line), lang, rest = m->rest, l = {"", 0};
    if (!t.len || shortcode_parse(t, &open) != t.len || !shortcode_holds_code(&open, &lang))
        return false;
    size_t before = (size_t)(t.s - line.s);
    bool found = false;
    struct span body = {rest.s, 0};
    for (size_t n = 0; !found && n < CODE_LINES && line_next(&rest, &l); n++) {
        t = span_trim(l);
        found = t.len && shortcode_parse(t, &other) == t.len && other.name.len == open.name.len &&
                memcmp(other.name.s, open.name.s, open.name.len) == 0;
        if (!found)
            body.len = (size_t)(rest.s - body.s);
    }
    if (!found || !other.end || body.len == 0)
        return false;
    char name[16];
    snprintf(name, sizeof(name), "%.*s", (int)lang.len, lang.s);
    _cleanup_buf_ struct buf code = {.limit = m->out.limit};
    while (line_next(&body, &l)) {
        size_t own = span_run(l, ' ');
        buf_add_span(&code, span_skip(l, own < before ? own : before));
        buf_addc(&code, '\n');
    }
    buf_add(&m->out, line.s, pad);
    size_t at = m->out.len;
    shortcode_line(&open, &m->out);
    if (m->out.len == at)
        buf_truncate(&m->out, at - pad);
    md_fence(&m->out, buf_span(&code), name, (unsigned)pad);
    m->rest = rest;
    return true;
}

/* Column where the text of a list item begins, 0 when the line begins none. */
static size_t item_column(struct span line, size_t pad)
{
    struct span t = span_skip(line, pad);
    size_t n = 0;
    while (n < t.len && n < 9 && is_digit(t.s[n]))
        n++;
    bool mark = t.len > n && (n ? t.s[n] == '.' || t.s[n] == ')' : strchr("-*+", t.s[0]) != NULL);
    if (!mark || (t.len > n + 1 && !is_blank(t.s[n + 1])))
        return 0;
    size_t blanks = span_run(span_skip(t, n + 1), ' ');
    return pad + n + 1 + (blanks >= 1 && blanks <= 4 ? blanks : 1);
}

/* In a list, code is indented by four columns more than the text of the item. */
static void follow_list(struct md *m, struct span line, size_t pad, bool blank)
{
    if (blank)
        return;
    size_t column = pad < m->list + 4 ? item_column(line, pad) : 0;
    if (column)
        m->list = column;
    else if (m->prev_blank && pad < m->list)
        m->list = pad;
}

static void one_line(struct md *m, struct span line)
{
    line = outdent(m, line);
    if (m->fence && m->n_nest < m->fence_nest) { /* the block ended, and the code in it */
        for (size_t i = 0; i < m->fence_len; i++)
            buf_addc(&m->out, m->fence);
        buf_addc(&m->out, '\n');
        m->fence = 0;
    }
    if (m->fence) {
        if (!md_myst_option(&m->myst, line))
            m->fence_rust ? add_rust_line(m, line) : add_fence_line(m, line);
        if (md_fence_close(line, m->fence, m->fence_len))
            m->fence = 0;
        return;
    }
    size_t pad = span_run(line, ' ');
    bool blank = span_trim(line).len == 0;
    if (m->autodoc && pad >= 4 && !blank)
        return;
    m->autodoc = md_autodoc_line(span_trim(line), &m->out);
    if (m->autodoc) {
        m->prev_text = false;
        return;
    }
    struct span lang;
    enum md_myst_line myst = m->mdx ? MYST_NONE : md_myst_line(&m->myst, line, &m->out, &lang);
    if (myst == MYST_TAKEN) {
        m->prev_blank = m->after_label = true;
        m->in_indented = m->prev_text = false;
        return;
    }
    size_t strip = m->mdx && m->depth ? (size_t)m->depth * 2 : 0;
    strip = strip < INDENT_MAX ? strip : INDENT_MAX;
    strip = pad < strip ? pad : strip;
    char c;
    size_t n = md_fence_open(line, &c);
    if (n) {
        m->fence = c, m->fence_len = n, m->fence_indent = strip, m->fence_nest = m->n_nest;
        m->fence_rust = is_rust(line, c, n);
        m->after_label = false;
        if (myst == MYST_CODE) { /* "```{code-block} python" */
            size_t head = (size_t)((const char *)memchr(line.s, '{', line.len) - line.s);
            buf_add_span(&m->out, span_trim((struct span){line.s, head}));
            buf_add_span(&m->out, lang);
            buf_addc(&m->out, '\n');
        } else {
            add_fence_line(m, line);
        }
        m->prev_blank = m->in_indented = m->prev_text = false;
        return;
    }
    if (indented_block(m, line))
        return;
    if (shortcode_block(m, line, pad)) {
        m->prev_blank = true;
        m->in_indented = m->prev_text = false;
        return;
    }
    if (blank && m->after_label)
        return; /* there is one already */
    m->after_label = false;
    follow_list(m, line, pad, blank);
    bool indented = !m->mdx && !blank && (pad >= 4 + m->list || (line.s[0] == '\t' && !m->list)) &&
                    (m->prev_blank || m->in_indented);
    if (blank || indented) {
        buf_add_span(&m->out, blank ? (struct span){"", 0} : line);
        buf_addc(&m->out, '\n');
        m->prev_text = false;
    } else if (m->prev_blank && (m->mdx || imports_component(line)) && mdx_is_esm(line)) {
        skip_esm(m, line);
        return; /* prev_blank stays: statements follow each other */
    } else {
        text_line(m, span_skip(line, strip));
    }
    m->in_indented = indented || (blank && m->in_indented);
    m->prev_blank = blank;
}

/* Docusaurus reads .md as MDX too: such files begin with imports. */
static bool is_mdx(const char *name, struct span text)
{
    if (span_eq_nocase(path_ext(name), "mdx"))
        return true;
    struct span line;
    while (line_next(&text, &line))
        if (span_trim(line).len)
            return span_starts(line, "import ") && mdx_is_esm(line) && !span_ends(line, ".");
    return false;
}

static struct span last_component(const char *slug)
{
    struct span s = span_of(slug);
    while (s.len && s.s[s.len - 1] == '/')
        s.len--;
    const char *slash = s.len ? memrchr(s.s, '/', s.len) : NULL;
    return slash ? span_skip(s, (size_t)(slash - s.s) + 1) : s;
}

/* A page that begins with a heading below the first level is called so. */
static bool leading_heading(struct span body, struct buf *out)
{
    struct span line = {"", 0}, text;
    while (line_next(&body, &line) && span_trim(line).len == 0)
        ;
    if (md_atx(line, &text))
        md_plain(out, text);
    return out->len > 0;
}

/* The title, and above a body without heading a heading made of it. */
static int finish(struct md *m, struct front_matter *fm, const char *name, struct pages *ret)
{
    _cleanup_buf_ struct buf heading = {0}, whole = {.limit = m->out.limit};
    struct span body = buf_span(&m->out);
    bool has_heading = md_first_heading(body, &heading);
    char *title = fm->title ? steal_ptr(fm->title) : NULL;
    if (!has_heading && (title || m->description)) {
        if (title) {
            buf_adds(&whole, "# ");
            md_one_line(&whole, span_of(title), false);
            buf_adds(&whole, "\n\n");
        }
        if (m->description) {
            md_one_line(&whole, span_of(m->description), false);
            buf_adds(&whole, "\n\n");
        }
        buf_add_span(&whole, body);
        buf_fini(&m->out);
        m->out = whole;
        whole = (struct buf){0};
    }
    if (!title && (has_heading || leading_heading(body, &heading)))
        title = buf_steal(&heading, NULL);
    if (!title && fm->label)
        title = steal_ptr(fm->label);
    if (!title && fm->slug)
        title = span_dup(last_component(fm->slug));
    return pages_add(ret, NULL, title, &m->out, steal_ptr(fm->url), steal_ptr(fm->lang), name);
}

int convert_markdown(const char *text, size_t len, const char *name,
                     const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    _cleanup_front_matter_ struct front_matter fm = {0};
    if (front_matter_parse(text, len, &fm) < 0)
        return err_oom(err);
    struct span body = span_skip((struct span){text, len}, fm.len), line;
    struct md m = {.out = {.limit = limits->max_output},
                   .all = body,
                   .rest = body,
                   .mdx = is_mdx(name, body),
                   .macros = fm.macros,
                   .prev_blank = true};
    if (fm.description && !span_has(body, fm.description))
        m.description = fm.description;
    buf_reserve(&m.out, body.len < limits->max_output ? body.len : 0);
    while (buf_status(&m.out) == 0 && line_next(&m.rest, &line))
        one_line(&m, line);
    int r = buf_status(&m.out);
    if (r == 0)
        r = finish(&m, &fm, name, ret);
    buf_fini(&m.out);
    if (r == -EFBIG)
        return err_set(err, r, "makes more than %zu bytes of markdown", limits->max_output);
    return r < 0 ? err_oom(err) : 0;
}
