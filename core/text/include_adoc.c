/* SPDX-License-Identifier: MIT
 * "include::path[lines=..,tag=..,leveloffset=+1]" at the start of a line, in any block. AsciiDoc
 * may include more; other files are plain lines. Antora's names of files become paths: a module has
 * its parts in directories of fixed names. */
#include <stdio.h>
#include <stdlib.h>

#include "core/text/asciidoc_attribute.h"
#include "core/text/include_internal.h"

#define PATH_MAX_LEN 500

struct page {
    struct expand *x;
    const struct include_frame *frame;
    struct adoc_attributes *attributes; /* those of included files too */
    int offset;                         /* of the levels of headings */
    struct span delimiter;              /* of the listing that is open */
    size_t open_at;                     /* where it begins in out */
    bool bare;                          /* and it names no language */
    struct span before;                 /* the line before */
};

/* "partial$x.adoc" and "module:example$x.rb" of Antora. */
static void antora(struct buf *path)
{
    static const char *const families[][2] = {
        {"partial$", "partials/"},       {"example$", "examples/"}, {"page$", "pages/"},
        {"attachment$", "attachments/"}, {"image$", "images/"},
    };
    struct span all = {path->data, path->len};
    const char *dollar = path->len ? memchr(all.s, '$', all.len) : NULL;
    const char *colon = dollar ? memrchr(all.s, ':', (size_t)(dollar - all.s)) : NULL;
    struct span rest = colon ? span_skip(all, (size_t)(colon - all.s) + 1) : all;
    struct span module = {all.s, colon ? (size_t)(colon - all.s) : 0};
    for (size_t i = 0; dollar && i < sizeof(families) / sizeof(*families); i++) {
        if (!span_starts(rest, families[i][0]))
            continue;
        struct buf out = {0};
        if (module.len)
            buf_addf(&out, "modules/%.*s/", (int)module.len, module.s);
        buf_adds(&out, families[i][1]);
        buf_add_span(&out, span_skip(rest, strlen(families[i][0])));
        buf_fini(path);
        *path = out;
        return;
    }
}

/* The value of name= in "a=1,b=\"2,3\"". */
static struct span value_of(struct span list, const char *name)
{
    size_t n = strlen(name);
    while (list.len) {
        list = span_trim(list);
        bool mine = span_starts(list, name) && list.len > n && list.s[n] == '=';
        const char *eq = memchr(list.s, '=', list.len), *comma = memchr(list.s, ',', list.len);
        struct span v = {"", 0};
        if (eq && (!comma || eq < comma)) {
            v = span_skip(list, (size_t)(eq - list.s) + 1);
            const char *quote = v.len && v.s[0] == '"' ? memchr(v.s + 1, '"', v.len - 1) : NULL;
            if (quote) {
                comma = memchr(quote, ',', (size_t)(v.s + v.len - quote));
                v = (struct span){v.s + 1, (size_t)(quote - v.s) - 1};
            } else {
                v.len = comma ? (size_t)(comma - v.s) : v.len;
            }
        }
        if (mine)
            return span_trim(v);
        if (!comma)
            break;
        list = span_skip(list, (size_t)(comma - list.s) + 1);
    }
    return (struct span){"", 0};
}

/* "+1", "-1" */
static int level(struct span v)
{
    bool minus = v.len && v.s[0] == '-';
    if (v.len && (minus || v.s[0] == '+'))
        v = span_skip(v, 1);
    size_t n = include_number(&v);
    return n > 6 ? 0 : minus ? -(int)n : (int)n;
}

static bool is_asciidoc(struct span path)
{
    return span_ends(path, ".adoc") || span_ends(path, ".asciidoc") || span_ends(path, ".asc") ||
           span_ends(path, ".ad");
}

static void read_page(struct page *p);

static bool follow(struct page *p, const struct include *inc, int offset)
{
    struct included in;
    struct buf *out = p->x->out;
    bool first = p->delimiter.len && p->bare && out->len == p->open_at + p->delimiter.len + 1;
    if (!include_open(p->x, p->frame, inc, &in))
        return false;
    if (is_asciidoc(inc->path)) {
        struct page inner = {.x = p->x,
                             .frame = &in.frame,
                             .attributes = p->attributes,
                             .offset = p->offset + offset,
                             .delimiter = p->delimiter};
        read_page(&inner);
    } else {
        include_lines(p->x, in.frame.text);
    }
    bool ok = include_close(p->x, &in);
    struct span lang = include_language(inc->path);
    if (ok && first && lang.len && !is_asciidoc(inc->path)) {
        char line[32];
        int n = snprintf(line, sizeof(line), "[source,%.*s]\n", (int)lang.len, lang.s);
        include_insert(out, p->open_at, line, (size_t)n);
        p->bare = false;
    }
    return ok;
}

/* True when the line was an include and is done with. */
static bool include(struct page *p, struct span l)
{
    if (!span_starts(l, "include::") || !span_ends(l, "]"))
        return false;
    const char *open = memchr(l.s, '[', l.len);
    struct span target = {l.s + 9, open ? (size_t)(open - l.s) - 9 : 0};
    if (!target.len)
        return false;
    struct span list = {open + 1, (size_t)(l.s + l.len - open) - 2};
    struct buf path = {.limit = PATH_MAX_LEN};
    adoc_expand(p->attributes, target, &path);
    if (path.data)
        antora(&path);
    struct include inc = {.path = {buf_text(&path), path.len}};
    struct span tags = value_of(list, "tags"), indent = value_of(list, "indent");
    inc.part.tags = tags.len ? tags : value_of(list, "tag");
    inc.part.lines = value_of(list, "lines");
    inc.part.marks = inc.part.lines.len ? MARKS_NONE : MARKS_TAG;
    inc.part.dedent = indent.len ? DEDENT_ALL : 0;
    bool done = follow(p, &inc, level(value_of(list, "leveloffset")));
    buf_fini(&path);
    return done || span_has(list, "optional");
}

/* A line that opens or closes a listing. */
static void delimiter(struct page *p, struct span l)
{
    bool whole = l.len >= 4 && strchr("-.`", l.s[0]) && span_run(l, l.s[0]) == l.len;
    if (p->delimiter.len) {
        if (l.len == p->delimiter.len && memcmp(l.s, p->delimiter.s, l.len) == 0)
            p->delimiter.len = 0;
    } else if (whole) {
        p->delimiter = l;
        p->open_at = p->x->out->len;
        p->bare = !(p->before.len && p->before.s[0] == '[') && l.s[0] == '-';
    }
}

static void read_page(struct page *p)
{
    struct span rest = p->frame->text, l;
    while (buf_status(p->x->out) == 0 && line_next(&rest, &l)) {
        l = span_rtrim(l);
        if (include(p, l)) {
            p->before.len = 0;
            continue;
        }
        delimiter(p, l);
        if (!p->delimiter.len)
            adoc_set_attribute(p->attributes, l);
        size_t marks = p->delimiter.len ? 0 : span_run(l, '=');
        if (p->offset && marks && marks < 7 && marks < l.len && l.s[marks] == ' ') {
            int want = (int)marks + p->offset;
            l = span_skip(l, marks);
            for (want = want < 1 ? 1 : want > 6 ? 6 : want; want; want--)
                buf_addc(p->x->out, '=');
        }
        include_line(p->x, l);
        p->before = l;
    }
}

void include_asciidoc(struct expand *x, const struct include_frame *f)
{
    struct adoc_attributes *a = calloc(1, sizeof(*a));
    struct page p = {.x = x, .frame = f, .attributes = a};
    if (!a) {
        x->out->oom = true;
        return;
    }
    read_page(&p);
    adoc_forget(a);
    free(a);
}
