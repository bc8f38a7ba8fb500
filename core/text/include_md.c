/* SPDX-License-Identifier: MIT
 * What the generators that read markdown write on a line of its own:
 *
 *   {* file.py ln[2:5] hl[3] *}        a code block (MkDocs, as FastAPI has it)
 *   {!file.md!}                        mdx_include
 *   --8<-- "file.md:name"              snippets of PyMdown
 *   {% include-markdown "file.md" %}   the plugin of that name; also {% include "file" %}
 *   {{#include file.rs:name}}          mdBook; also rustdoc_include and playground
 *   ```{literalinclude} file.py        MyST; also include, with the options of Sphinx
 *   <Code code={name} />               a raw import of Docusaurus or Starlight
 *   <<< @/file.ts#name{2,4 ts}         a code block of VitePress
 *   {{% include "file.md" %}}          a shortcode of Hugo (include_hugo.c)
 *
 * In a code block they bring plain lines, elsewhere markdown that may include more. */
#include <stdio.h>

#include "core/text/frontmatter.h"
#include "core/text/include_internal.h"

#define TAG_LINES 30 /* of one {% ... %} */
#define RAW_MAX 32   /* imports of one page */

struct reader {
    struct expand *x;
    const struct include_frame *frame;
    struct span rest;
    char fence;                  /* 0 outside */
    size_t fence_len, fence_out; /* its run here, and in out */
    size_t fence_at, fence_end;  /* where that and its line begin and end in out */
    bool bare;                   /* it names no language */
    struct {
        struct span name, path;
    } raw[RAW_MAX]; /* files that are imported as text */
    size_t n_raw;
};

/* ---- the forms ---- */

struct form {
    struct include inc;
    bool code;        /* a block of its own */
    unsigned deeper;  /* levels that headings are moved down by */
    struct span then; /* more on the line */
    bool label;       /* the line stays above the file */
};

/* Takes "word" and the '[' behind it off *t up to the next ']', wherever it stands. */
static struct span bracket(struct span t, const char *word)
{
    const char *p = memmem(t.s, t.len, word, strlen(word));
    struct span v = p ? span_skip(t, (size_t)(p - t.s) + strlen(word)) : (struct span){"", 0};
    const char *end = v.len ? memchr(v.s, ']', v.len) : NULL;
    return end ? (struct span){v.s, (size_t)(end - v.s)} : (struct span){"", 0};
}

static struct span first_word(struct span t)
{
    size_t n = 0;
    while (n < t.len && !is_blank(t.s[n]))
        n++;
    return (struct span){t.s, n};
}

/* "{* path ln[..] hl[..] *}" */
static bool variants(struct span t, struct form *f)
{
    t = span_trim((struct span){t.s + 2, t.len - 4});
    f->inc.path = first_word(t);
    f->inc.part.lines = bracket(t, " ln[");
    f->inc.part.gap = f->code = true;
    return f->inc.path.len > 0;
}

/* "{!path!}", "{!> path [ln:1-3]!}" */
static bool mdx_include(struct span t, struct form *f)
{
    t = span_trim((struct span){t.s + 2, t.len - 4});
    while (t.len && (t.s[0] == '>' || is_blank(t.s[0])))
        t = span_skip(t, 1);
    f->inc.part.lines = bracket(t, "[ln:");
    const char *end = t.len ? memchr(t.s, '[', t.len) : NULL;
    f->inc.path = span_trim((struct span){t.s, end ? (size_t)(end - t.s) : t.len});
    return f->inc.path.len > 0;
}

/* What stands behind the path: "2:10" lines, or a name. */
static void lines_or_name(struct span v, enum include_marks marks, struct include_part *part)
{
    part->marks = marks;
    if (v.len == 0)
        return;
    if (is_digit(v.s[0]) || v.s[0] == ':') {
        part->marks = MARKS_NONE; /* they count as lines */
        part->lines = v;
    } else {
        part->tags = v;
    }
}

/* "{{#include path:2:10}}", "{{#rustdoc_include path:name}}", "{{#playground path editable}}" */
static bool mdbook(struct span t, struct form *f)
{
    struct span body = span_trim((struct span){t.s + 3, t.len - 5}), name = first_word(body);
    f->code = span_eq(name, "playground") || span_eq(name, "playpen");
    if (!f->code && !span_eq(name, "include") && !span_eq(name, "rustdoc_include"))
        return false;
    body = span_trim(span_skip(body, name.len));
    if (f->code)
        body = first_word(body);
    const char *colon = body.len ? memchr(body.s, ':', body.len) : NULL;
    f->inc.path = (struct span){body.s, colon ? (size_t)(colon - body.s) : body.len};
    struct span v = colon ? span_skip(body, f->inc.path.len + 1) : (struct span){"", 0};
    const char *more = v.len && !is_digit(v.s[0]) && v.s[0] != ':' ? memchr(v.s, ':', v.len) : NULL;
    if (more)
        v.len = (size_t)(more - v.s);
    lines_or_name(v, MARKS_ANCHOR, &f->inc.part);
    return f->inc.path.len > 0;
}

/* "<<< @/path", "<<< ../path#region{lines to mark language:options} [label]" */
static bool vitepress(struct span t, struct form *f)
{
    t = span_trim(span_skip(t, 3));
    size_t n = 0;
    while (n < t.len && !is_blank(t.s[n]) && t.s[n] != '#' && t.s[n] != '{')
        n++;
    f->inc.path = (struct span){t.s, n};
    t = span_skip(t, n);
    if (f->inc.path.len > 1 && f->inc.path.s[0] == '@') { /* the root, wherever that is */
        f->inc.path = span_skip(f->inc.path, 1);
        f->inc.above = true;
    }
    if (t.len && t.s[0] == '#') {
        for (n = 1; n < t.len && !is_blank(t.s[n]) && t.s[n] != '{';)
            n++;
        f->inc.part = (struct include_part){
            .marks = MARKS_REGION, .tags = {t.s + 1, n - 1}, .dedent = DEDENT_ALL};
        t = span_skip(t, n);
    }
    const char *end = t.len && t.s[0] == '{' ? memchr(t.s, '}', t.len) : NULL;
    struct span in = {t.s, 0};
    if (end)
        in = (struct span){t.s + 1, (size_t)(end - t.s) - 1};
    while (in.len && !is_alpha(in.s[0])) /* lines that are shown in another colour */
        in = span_skip(in, 1);
    for (n = 0; n < in.len && !is_blank(in.s[n]) && in.s[n] != ':';)
        n++;
    f->inc.lang = (struct span){in.s, n};
    f->code = true;
    return f->inc.path.len > 0;
}

/* Length of a run like "--8<--" at the start, or 0. */
static size_t scissors(struct span t)
{
    size_t a = span_run(t, '-'), b = 0;
    if (a && a + 2 < t.len && t.s[a] == '8' && t.s[a + 1] == '<')
        b = span_run(span_skip(t, a + 2), '-');
    return b ? a + 2 + b : 0;
}

/* "path", "path:4:6", "path:name" without the quotes. */
static bool snippet(struct span t, struct form *f)
{
    const char *colon = t.len ? memchr(t.s, ':', t.len) : NULL;
    f->inc.path = (struct span){t.s, colon ? (size_t)(colon - t.s) : t.len};
    struct span v = colon ? span_skip(t, f->inc.path.len + 1) : (struct span){"", 0};
    if (span_starts(v, "//")) /* an address */
        f->inc.path = t;
    else
        lines_or_name(v, MARKS_SNIPPET, &f->inc.part);
    f->inc.part.tail = true;
    return f->inc.path.len > 0;
}

/* The value of name="..." or name='...'. */
static struct span argument(struct span t, const char *name)
{
    size_t n = strlen(name);
    const char *p = t.s;
    while ((p = memmem(p, (size_t)(t.s + t.len - p), name, n))) {
        struct span v = span_skip(t, (size_t)(p - t.s) + n);
        if (p > t.s && is_blank(p[-1]) && v.len > 1 && v.s[0] == '=') {
            char quote = v.s[1] == '"' || v.s[1] == '\'' ? v.s[1] : ' ';
            v = span_skip(v, quote == ' ' ? 1 : 2);
            const char *end = memchr(v.s, quote, v.len);
            return (struct span){v.s, end ? (size_t)(end - v.s) : quote == ' ' ? v.len : 0};
        }
        p += n;
    }
    return (struct span){"", 0};
}

/* What stands between "{%" and "%}". */
static bool plugin(struct span t, struct form *f)
{
    t = span_trim(t);
    if (t.len && t.s[0] == '-')
        t = span_trim(span_skip(t, 1));
    struct span name = first_word(t);
    bool markdown = span_eq(name, "include-markdown");
    if (!markdown && !span_eq(name, "include"))
        return false;
    t = span_trim(span_skip(t, name.len));
    if (t.len < 3 || (t.s[0] != '"' && t.s[0] != '\''))
        return false;
    const char *end = memchr(t.s + 1, t.s[0], t.len - 1);
    if (!end)
        return false;
    f->inc.path = (struct span){t.s + 1, (size_t)(end - t.s) - 1};
    struct span more = span_skip(t, f->inc.path.len + 2), offset = argument(more, "heading-offset");
    f->inc.part.after = argument(more, "start");
    f->inc.part.before = argument(more, "end");
    f->inc.part.dedent = span_eq(argument(more, "dedent"), "true") ? DEDENT_ALL : 0;
    f->deeper = offset.len && is_digit(offset.s[0]) ? (unsigned)(offset.s[0] - '0') : 0;
    return f->inc.path.len > 0;
}

/* "import name from '!!raw-loader!./file'", "import name from './file?raw'" */
static void raw_import(struct reader *r, struct span t)
{
    struct span name = first_word(span_trim(span_skip(t, 6)));
    const char *one = memrchr(t.s, '\'', t.len), *two = memrchr(t.s, '"', t.len);
    const char *end = one ? one : two;
    const char *start = end ? memrchr(t.s, *end, (size_t)(end - t.s)) : NULL;
    if (!start || r->n_raw == RAW_MAX || !name.len || !is_alpha(name.s[0]) ||
        name.s + name.len > start)
        return;
    struct span path = {start + 1, (size_t)(end - start) - 1};
    const char *loader = memmem(path.s, path.len, "raw-loader!", 11);
    if (loader)
        path = span_skip(path, (size_t)(loader - path.s) + 11);
    else if (span_ends(path, "?raw"))
        path.len -= 4;
    else
        return;
    if (span_starts(path, "@site/"))
        path = span_skip(path, 5);
    r->raw[r->n_raw].name = name;
    r->raw[r->n_raw++].path = path;
}

/* "<CodeBlock language="go">{name}</CodeBlock>", "<Code code={name} lang="json" />", "{name}" */
static bool raw_use(const struct reader *r, struct span t, struct form *f)
{
    if (!span_starts(t, "<Code") && t.s[0] != '{')
        return false;
    for (size_t i = 0; i < r->n_raw; i++) {
        struct span name = r->raw[i].name;
        const char *p = memmem(t.s, t.len, name.s, name.len);
        if (!p || p == t.s || p[-1] != '{' || p + name.len == t.s + t.len || p[name.len] != '}' ||
            (t.s[0] == '{' && t.len != name.len + 2))
            continue;
        struct span lang = argument(t, "language");
        *f = (struct form){.inc = {.path = r->raw[i].path, .above = true}, .code = true};
        f->inc.lang = lang.len ? lang : argument(t, "lang");
        return true;
    }
    return false;
}

/* What a line, without what it is indented by, is. more: the text behind it; a tag may go on
 * there, *ret_used is then how far. */
static bool form_of(struct span t, struct span more, struct form *f, size_t *ret_used)
{
    *f = (struct form){0};
    *ret_used = 0;
    if (t.len > 4 && span_starts(t, "{*") && span_ends(t, "*}"))
        return variants(t, f);
    if (t.len > 4 && span_starts(t, "{!") && span_ends(t, "!}"))
        return mdx_include(t, f);
    if (span_starts(t, "{{#") && span_ends(t, "}}"))
        return mdbook(t, f);
    if (span_starts(t, "{{")) {
        size_t n = include_shortcode(t, &f->inc, &f->code, &f->label);
        f->then = span_trim(span_skip(t, n));
        return n && (!f->then.len || span_starts(f->then, "{{"));
    }
    if (t.len > 4 && span_starts(t, "<<<") && t.s[3] != '<')
        return vitepress(t, f);
    size_t n = scissors(t);
    if (n && n < t.len && is_blank(t.s[n])) {
        t = span_trim(span_skip(t, n));
        return t.len > 2 && (t.s[0] == '"' || t.s[0] == '\'') && t.s[t.len - 1] == t.s[0] &&
               snippet((struct span){t.s + 1, t.len - 2}, f);
    }
    if (!span_starts(t, "{%"))
        return false;
    struct span all = {t.s, (size_t)(more.s + more.len - t.s)}, line, rest = more;
    size_t lines = 0;
    while (!span_ends(t, "%}") && lines++ < TAG_LINES && line_next(&rest, &line))
        t = span_trim((struct span){all.s, (size_t)(line.s + line.len - all.s)});
    *ret_used = (size_t)(rest.s - more.s);
    return t.len > 4 && span_ends(t, "%}") && plugin((struct span){t.s + 2, t.len - 4}, f);
}

/* ---- what they become ---- */

/* How the fence of the open block has to change for the text: longer when a line would close it. */
static size_t fence_for(const struct reader *r, struct span text)
{
    struct span line;
    size_t need = r->fence_out;
    while (line_next(&text, &line))
        while (md_fence_close(line, r->fence, need))
            need++;
    return need;
}

static void fix_fence(struct reader *r, size_t need, struct span lang)
{
    struct buf *out = r->x->out;
    for (; r->fence_out < need; r->fence_out++, r->fence_end++)
        include_insert(out, r->fence_at, &r->fence, 1);
    include_insert(out, r->fence_end - 1, lang.s, lang.len);
    r->fence_end += lang.len;
    r->bare = r->bare && !lang.len;
}

/* Markdown: without its metadata, and with what it includes itself. */
static void into_page(struct reader *r, struct included *in, unsigned deeper)
{
    struct front_matter fm = {0};
    struct span text = in->frame.text;
    if (front_matter_parse(text.s, text.len, &fm) == 0)
        in->frame.text = span_skip(text, fm.len);
    front_matter_fini(&fm);
    struct buf moved = {.limit = r->x->limits->max_bytes + 1};
    if (deeper) {
        md_demoted(&moved, in->frame.text, deeper);
        in->frame.text = buf_span(&moved);
    }
    include_markdown(r->x, &in->frame);
    buf_fini(&moved);
}

static bool follow(struct reader *r, struct span pad, const struct form *f)
{
    struct included in;
    size_t before = r->x->pad.len, need = 0;
    if (!include_open(r->x, r->frame, &f->inc, &in))
        return false;
    struct span lang = f->inc.lang.len < 16 ? f->inc.lang : (struct span){"", 0};
    for (size_t i = 0; i < lang.len; i++)
        if (!is_alnum(lang.s[i]) && !strchr("+-_#.", lang.s[i]))
            lang.len = 0;
    if (!lang.len)
        lang = include_language(f->inc.path);
    bool first = r->fence && r->bare && r->x->out->len == r->fence_end;
    buf_add_span(&r->x->pad, pad);
    if (r->fence) {
        need = fence_for(r, in.frame.text);
        include_lines(r->x, in.frame.text);
    } else if (f->code) {
        struct buf block = {.limit = r->x->limits->max_bytes + 1};
        char name[16];
        snprintf(name, sizeof(name), "%.*s", (int)lang.len, lang.s);
        md_fence(&block, in.frame.text, name, 0);
        include_lines(r->x, buf_span(&block));
        buf_fini(&block);
    } else {
        into_page(r, &in, f->deeper);
    }
    buf_truncate(&r->x->pad, before);
    bool ok = include_close(r->x, &in);
    if (ok && r->fence)
        fix_fence(r, need, first ? lang : (struct span){"", 0});
    return ok;
}

/* Files between two lines of scissors, one a line; those behind ';' are left out. */
static bool snippet_block(struct reader *r, struct span pad)
{
    struct span rest = r->rest, line;
    size_t lines = 0;
    bool closed = false;
    while (!closed && lines++ < TAG_LINES && line_next(&rest, &line)) {
        struct span t = span_trim(line);
        closed = t.len && scissors(t) == t.len;
    }
    if (!closed)
        return false;
    rest = r->rest;
    while (line_next(&rest, &line)) {
        struct span t = span_trim(line);
        struct form f = {0};
        if (t.len && scissors(t) == t.len)
            break;
        if (t.len && t.s[0] != ';' && (!snippet(t, &f) || !follow(r, pad, &f)))
            include_line(r->x, line);
    }
    r->rest = rest;
    return true;
}

/* "```{literalinclude} file" or "```{include} file", with options as ":name: value" or as YAML. */
static bool myst(struct reader *r, struct span line)
{
    char c;
    size_t n = md_fence_open(line, &c);
    const char *mark = n ? memchr(line.s, c, line.len) : NULL;
    struct span pad = {line.s, mark ? (size_t)(mark - line.s) : 0};
    struct span t = mark ? span_trim(span_skip(line, pad.len + n)) : (struct span){"", 0};
    struct include_directive d = {.code = span_starts(t, "{literalinclude}")};
    if ((!d.code && !span_starts(t, "{include}")) || pad.len > INCLUDE_PAD_MAX)
        return false;
    d.inc.path = span_trim(span_skip(t, d.code ? 16 : 9));
    struct span rest = r->rest, l;
    bool closed = false;
    for (size_t i = 0; i < TAG_LINES && !closed && line_next(&rest, &l); i++) {
        closed = md_fence_close(l, c, n);
        struct span o = span_trim(l);
        if (o.len && o.s[0] == ':')
            o = span_skip(o, 1);
        const char *colon = closed || !o.len ? NULL : memchr(o.s, ':', o.len);
        if (colon)
            include_option(&d, (struct span){o.s, (size_t)(colon - o.s)},
                           span_trim(span_skip(o, (size_t)(colon - o.s) + 1)));
    }
    if (!closed || !include_options_end(&d))
        return false;
    struct form f = {.inc = d.inc, .code = d.code};
    if (!follow(r, pad, &f))
        return false;
    r->rest = rest;
    return true;
}

/* Keeps track of the code block that a line opens or closes; true when it was one of these. */
static bool fence_line(struct reader *r, struct span line)
{
    struct buf *out = r->x->out;
    if (r->fence && md_fence_close(line, r->fence, r->fence_len)) {
        const char *mark = memchr(line.s, r->fence, line.len);
        size_t have = span_run(span_skip(line, (size_t)(mark - line.s)), r->fence);
        size_t at = out->len + r->x->pad.len + (size_t)(mark - line.s);
        include_line(r->x, line);
        for (; have < r->fence_out; have++)
            include_insert(out, at, &r->fence, 1);
        r->fence = 0;
        return true;
    }
    char c;
    size_t n = r->fence ? 0 : md_fence_open(line, &c);
    if (!n)
        return false;
    const char *mark = memchr(line.s, c, line.len);
    r->fence = c;
    r->fence_len = r->fence_out = n;
    r->fence_at = out->len + r->x->pad.len + (size_t)(mark - line.s);
    r->bare = span_trim(span_skip(line, (size_t)(mark - line.s) + n)).len == 0;
    include_line(r->x, line);
    r->fence_end = out->len;
    return true;
}

static void one_line(struct reader *r, struct span line)
{
    if ((!r->fence && myst(r, line)) || fence_line(r, line))
        return;
    struct span t = line;
    while (t.len && (t.s[0] == ' ' || t.s[0] == '\t' || t.s[0] == '>'))
        t = span_skip(t, 1);
    struct span pad = {line.s, (size_t)(t.s - line.s)};
    t = span_trim(t);
    struct form f;
    size_t used = 0;
    if (!r->fence && span_starts(t, "import "))
        raw_import(r, t);
    if (pad.len <= INCLUDE_PAD_MAX && t.len > 1 && strchr("{-<", t.s[0])) {
        if (scissors(t) == t.len && snippet_block(r, pad))
            return;
        bool raw = !r->fence && raw_use(r, t, &f);
        bool any = raw || form_of(t, r->rest, &f, &used);
        size_t at = r->x->out->len;
        if (any && f.label)
            include_line(r->x, line);
        if (any && follow(r, pad, &f)) {
            r->rest = span_skip(r->rest, used);
            if (f.then.len)
                include_line(r->x, f.then);
            return;
        }
        buf_truncate(r->x->out, at);
    }
    include_line(r->x, line);
}

void include_markdown(struct expand *x, const struct include_frame *f)
{
    struct reader r = {.x = x, .frame = f, .rest = f->text};
    struct span line;
    while (buf_status(x->out) == 0 && line_next(&r.rest, &line))
        one_line(&r, line);
    if (r.fence && f->up) { /* must not swallow what follows */
        char run[64];
        size_t n = r.fence_out < sizeof(run) ? r.fence_out : sizeof(run);
        memset(run, r.fence, n);
        include_line(x, (struct span){run, n});
    }
}
