/* SPDX-License-Identifier: MIT
 * Markdown stays as it is but for what only a site generator understands. One pass over the
 * lines; code is never touched. */
#include <errno.h>
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/frontmatter.h"
#include "core/text/mdutil.h"
#include "core/text/mdx.h"
#include "core/util/cleanup.h"

#define TICKS_MAX 80  /* longer runs of backticks are no code spans */
#define ALT_MAX 300   /* bytes of image text looked at */
#define INDENT_MAX 8  /* columns that component tags can have indented their content by */
#define ESM_LINES 500 /* lines of one import or export statement */

struct md {
    struct buf out;
    struct span rest; /* behind the current line */
    bool mdx;
    char fence; /* 0 outside */
    size_t fence_len, fence_indent;
    bool prev_blank, in_indented;
    bool prev_text;           /* the line before can be underlined */
    bool no_comment_end;      /* no "-->" from here on */
    const char *no_mdx_until; /* a tag or expression is not closed up to here */
    int depth;                /* open component tags */
    const char *description;  /* to write below the first heading, or NULL */
};

static void add_bold(struct buf *out, const char *kind, struct span title)
{
    title = span_trim(title);
    if (!kind && !title.len)
        return;
    buf_adds(out, "**");
    buf_adds(out, kind ? kind : "");
    if (kind && title.len)
        buf_adds(out, ": ");
    if (title.len)
        buf_add_span(out, title);
    buf_adds(out, "**\n");
}

/* ":::note Title" and its end ":::". */
static bool colon_fence(struct md *m, struct span t)
{
    size_t n = span_run(t, ':');
    if (n < 3)
        return false;
    t = span_trim(span_skip(t, n));
    if (t.len && !is_alpha(t.s[0]) && t.s[0] != '{')
        return false;
    if (t.len && t.s[0] == '{')
        t = span_skip(t, 1);
    size_t word = 0;
    while (word < t.len && (is_alnum(t.s[word]) || t.s[word] == '-' || t.s[word] == '_'))
        word++;
    struct span name = {t.s, word}, title = span_trim(span_skip(t, word));
    if (title.len && title.s[0] == '}')
        title = span_trim(span_skip(title, 1));
    if (title.len > 1 && title.s[0] == '[' && title.s[title.len - 1] == ']')
        title = (struct span){title.s + 1, title.len - 2};
    if (title.len && title.s[0] == '{')
        title.len = 0;
    add_bold(&m->out, name.len ? md_admonition(name) : NULL, title);
    return true;
}

/* A line that is one tag of Liquid, Hugo or kramdown: dropped, but for what it says to a reader. */
static bool template_line(struct md *m, struct span t)
{
    bool hugo = (span_starts(t, "{{<") && span_ends(t, ">}}")) ||
                (span_starts(t, "{{%") && span_ends(t, "%}}"));
    if (!hugo)
        return t.len > 3 && ((span_starts(t, "{%") && span_ends(t, "%}")) ||
                             (span_starts(t, "{:") && span_ends(t, "}")));
    if (t.len < 6)
        return true;
    t = span_trim((struct span){t.s + 3, t.len - 6});
    size_t word = 0;
    while (word < t.len && !is_blank(t.s[word]))
        word++;
    struct span name = {t.s, word}, args = span_skip(t, word), title = {"", 0};
    const char *q = args.len ? memchr(args.s, '"', args.len) : NULL;
    const char *e = q ? memchr(q + 1, '"', (size_t)(args.s + args.len - q - 1)) : NULL;
    const char *kind = md_admonition(name);
    if (e &&
        (kind || span_has(name, "tab") || span_has(name, "details") || span_has(name, "expand")))
        title = (struct span){q + 1, (size_t)(e - q - 1)};
    if (word && t.s[0] != '/')
        add_bold(&m->out, kind, title);
    return true;
}

static bool is_toc(struct span t)
{
    return span_eq_nocase(t, "[[toc]]") || span_eq_nocase(t, "[toc]") || span_eq(t, "[[_TOC_]]");
}

/* Appends one code span and returns its length; a run without an end is text. dead remembers the
 * run lengths that have no end in this line, so that a line is searched once for each. */
static size_t code_span(struct buf *out, struct span p, bool dead[TICKS_MAX + 1])
{
    size_t n = span_run(p, '`');
    if (n <= TICKS_MAX && !dead[n])
        for (size_t i = n; i < p.len;) {
            const char *q = memchr(p.s + i, '`', p.len - i);
            if (!q)
                break;
            i = (size_t)(q - p.s);
            size_t k = span_run(span_skip(p, i), '`');
            i += k;
            if (k == n) {
                buf_add(out, p.s, i);
                return i;
            }
        }
    if (n <= TICKS_MAX)
        dead[n] = true;
    buf_add(out, p.s, n);
    return n;
}

/* Pictures that are in the file itself (base64) or in a notebook leave their text behind. */
static size_t inline_image(struct buf *out, struct span p)
{
    struct span head = {p.s, p.len < ALT_MAX ? p.len : ALT_MAX};
    const char *close = memmem(head.s, head.len, "](", 2);
    if (!close)
        return 0;
    struct span target = {close + 2, (size_t)(p.s + p.len - close - 2)};
    if (!span_starts(target, "data:") && !span_starts(target, "attachment:"))
        return 0;
    const char *end = memchr(target.s, ')', target.len);
    if (!end)
        return 0;
    buf_add(out, p.s + 2, (size_t)(close - p.s - 2));
    return (size_t)(end - p.s) + 1;
}

/* From p to the end of the text, across lines. */
static struct span to_end(const struct md *m, const char *p)
{
    return (struct span){p, (size_t)(m->rest.s + m->rest.len - p)};
}

/* Length of what is hidden at p: an HTML comment, or in MDX a comment, component or expression. */
static size_t hidden_length(struct md *m, const char *p)
{
    struct span text = to_end(m, p);
    const char *end;
    if (span_starts(text, "<!--")) {
        if (m->no_comment_end)
            return 0;
        end = memmem(p + 4, text.len - 4, "-->", 3);
        m->no_comment_end = !end;
        return end ? (size_t)(end - p) + 3 : 0;
    }
    if (span_starts(text, "{/*") && p >= m->no_mdx_until) {
        size_t room = text.len < MDX_MAX ? text.len : MDX_MAX;
        end = memmem(p, room, "*/}", 3);
        m->no_mdx_until = end ? m->no_mdx_until : p + room;
        return end ? (size_t)(end - p) + 3 : 0;
    }
    if (!m->mdx || p < m->no_mdx_until)
        return 0;
    if (*p == '{') {
        size_t n = mdx_expression(text, &m->out);
        if (n == 0)
            m->no_mdx_until = p + (text.len < MDX_MAX ? text.len : MDX_MAX);
        return n;
    }
    if (text.len > 1 && (p[1] == '/' || p[1] == '>' || is_upper(p[1]))) {
        size_t n;
        if (mdx_tag(text, &m->out, &m->depth, &n))
            return n;
        m->no_mdx_until = p + n; /* no byte is searched twice */
    }
    return 0;
}

static bool is_special(char c)
{
    return c == '`' || c == '<' || c == '{' || c == '!' || c == '\\';
}

/* Writes the text of one line. What is hidden may end lines later: the rest of that line then
 * belongs to this one. Returns true when something was removed. */
static bool add_inline(struct md *m, struct span line)
{
    bool dead[TICKS_MAX + 1] = {false}, removed = false, no_image = false;
    size_t i = 0;
    while (i < line.len) {
        size_t plain = i;
        while (plain < line.len && !is_special(line.s[plain]))
            plain++;
        buf_add(&m->out, line.s + i, plain - i);
        i = plain;
        if (i == line.len)
            break;
        const char *p = line.s + i;
        size_t n = 0;
        if (*p == '`') {
            i += code_span(&m->out, span_skip(line, i), dead);
            continue;
        }
        if (*p == '\\' && i + 1 < line.len) {
            buf_add(&m->out, p, 2);
            i += 2;
            continue;
        }
        if (*p == '!' && !no_image && i + 1 < line.len && p[1] == '[') {
            n = inline_image(&m->out, span_skip(line, i));
            no_image = n == 0 && line.len > 65536;
        } else if (*p == '<' || *p == '{') {
            n = hidden_length(m, p);
            removed |= n > 0;
        }
        if (n == 0) {
            buf_addc(&m->out, *p);
            n = 1;
        }
        i += n;
        if (i > line.len) {
            m->rest = to_end(m, line.s + i);
            memset(dead, 0, sizeof(dead));
            no_image = false;
            i = 0;
            if (m->rest.len == 0 || !line_next(&m->rest, &line))
                break;
        }
    }
    return removed;
}

/* Skips an import or export: to the end of its brackets. */
static void skip_esm(struct md *m, struct span line)
{
    int open = mdx_brackets(line);
    for (int i = 0; open > 0 && i < ESM_LINES && line_next(&m->rest, &line); i++)
        open += mdx_brackets(line);
}

/* "## Title {#id}" -> "## Title". */
static struct span without_id(struct span line)
{
    struct span t = line;
    while (t.len && is_blank(t.s[t.len - 1]))
        t.len--;
    if (t.len == 0 || t.s[t.len - 1] != '}')
        return line;
    size_t from = t.len > 200 ? t.len - 200 : 0;
    const char *open = memrchr(t.s + from, '{', t.len - from);
    if (!open || (open[1] != '#' && !(open[1] == ':' && memchr(open, '#', 4))))
        return line;
    t.len = (size_t)(open - t.s);
    while (t.len && is_blank(t.s[t.len - 1]))
        t.len--;
    return t;
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

static void text_line(struct md *m, struct span line)
{
    struct span t = span_trim(line);
    if (t.len >= 3 && ((t.s[0] == ':' && colon_fence(m, t)) ||
                       (t.s[0] == '{' && template_line(m, t)) || (t.s[0] == '[' && is_toc(t)))) {
        m->prev_text = false;
        return;
    }
    bool after_text = m->prev_text;
    m->prev_text = false;
    unsigned level = md_atx(line, NULL);
    if (level)
        line = without_id(line);
    size_t start = m->out.len;
    bool removed = add_inline(m, line);
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

static void one_line(struct md *m, struct span line)
{
    if (m->fence) {
        add_fence_line(m, line);
        if (md_fence_close(line, m->fence, m->fence_len))
            m->fence = 0;
        return;
    }
    size_t pad = span_run(line, ' ');
    size_t strip = m->mdx && m->depth ? (size_t)m->depth * 2 : 0;
    strip = strip < INDENT_MAX ? strip : INDENT_MAX;
    strip = pad < strip ? pad : strip;
    char c;
    size_t n = md_fence_open(line, &c);
    if (n) {
        m->fence = c, m->fence_len = n, m->fence_indent = strip;
        add_fence_line(m, line);
        m->prev_blank = m->in_indented = m->prev_text = false;
        return;
    }
    bool blank = span_trim(line).len == 0;
    bool indented =
        !m->mdx && !blank && (pad >= 4 || line.s[0] == '\t') && (m->prev_blank || m->in_indented);
    if (blank || indented) {
        buf_add_span(&m->out, blank ? (struct span){"", 0} : line);
        buf_addc(&m->out, '\n');
        m->prev_text = false;
    } else if (m->mdx && m->prev_blank && mdx_is_esm(line)) {
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

/* The title, and above a body without heading a heading made of it. */
static int finish(struct md *m, struct front_matter *fm, const char *name, struct pages *ret)
{
    _cleanup_buf_ struct buf heading = {0}, whole = {.limit = m->out.limit};
    struct span body = {m->out.data ? m->out.data : "", m->out.len};
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
    if (!title && has_heading)
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
                   .rest = body,
                   .mdx = is_mdx(name, body),
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
