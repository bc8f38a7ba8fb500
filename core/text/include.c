/* SPDX-License-Identifier: MIT */
#include "core/text/include.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/include_internal.h"
#include "core/util/cleanup.h"

#define PATH_LEN_MAX 1000

/* ---- paths ---- */

/* Appends the components of path to out, which is a clean path or empty. False when they lead out
 * of the root, or are no path at all. */
static bool append_path(struct buf *out, struct span path)
{
    while (path.len) {
        size_t n = 0;
        while (n < path.len && path.s[n] != '/') {
            if ((unsigned char)path.s[n] < 32 || path.s[n] == 127 || path.s[n] == '\\')
                return false;
            n++;
        }
        struct span c = {path.s, n};
        path = span_skip(path, n + (n < path.len));
        if (c.len == 0 || span_eq(c, "."))
            continue;
        if (span_eq(c, "..")) {
            if (out->len == 0)
                return false;
            const char *slash = memrchr(out->data, '/', out->len);
            buf_truncate(out, slash ? (size_t)(slash - out->data) : 0);
            continue;
        }
        if (out->len)
            buf_addc(out, '/');
        buf_add_span(out, c);
    }
    return out->len > 0 && out->len <= PATH_LEN_MAX;
}

static struct span parent(struct span path)
{
    const char *slash = path.len ? memrchr(path.s, '/', path.len) : NULL;
    return (struct span){path.s, slash ? (size_t)(slash - path.s) : 0};
}

struct span include_language(struct span path)
{
    static const char *const names[][2] = {
        {"py", "python"}, {"rs", "rust"}, {"rb", "ruby"}, {"yml", "yaml"}, {"md", "markdown"},
        {"h", "c"},       {"txt", ""},    {"text", ""},   {"log", ""},     {"out", ""}};
    _cleanup_free_ char *name = span_dup(path);
    struct span ext = name ? path_ext(name) : (struct span){"", 0};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_eq_nocase(ext, names[i][0]))
            return span_of(names[i][1]);
    bool plain = ext.len <= 12;
    for (size_t i = 0; i < ext.len; i++)
        plain = plain && is_alnum(ext.s[i]);
    return plain ? (struct span){path.s + path.len - ext.len, ext.len} : (struct span){"", 0};
}

/* ---- finding ---- */

static void missed(struct expand *x, struct span path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void missed(struct expand *x, struct span path, const char *fmt, ...)
{
    char why[120];
    va_list ap;
    x->report->missed++;
    if (x->report->why[0])
        return;
    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    snprintf(x->report->why, sizeof(x->report->why), "%.*s: %s",
             (int)(path.len < 100 ? path.len : 100), path.s, why);
}

/* Looks for it beside the file from, and above. 0 with the path and the bytes. -EXDEV: all places
 * lie outside. */
static int look(struct expand *x, const struct include_frame *from, const struct include *inc,
                struct included *ret)
{
    struct span dir = span_of(from->name);
    int r = -EXDEV;
    do {
        dir = parent(dir);
        bool at_home = inc->home != NULL;
        for (int home = at_home; home >= (at_home && !inc->anywhere); home--) {
            buf_clear(&ret->name);
            buf_add_span(&ret->name, dir);
            if (home)
                append_path(&ret->name, span_of(inc->home));
            if (!append_path(&ret->name, inc->path))
                continue;
            buf_adds(&ret->name, inc->ext ? inc->ext : "");
            if (buf_status(&ret->name) < 0)
                return -ENOMEM;
            r = x->read(x->arg, ret->name.data, x->left, &ret->raw);
            if (r != -ENOENT)
                return r;
        }
    } while (dir.len);
    return r;
}

static bool find(struct expand *x, const struct include_frame *from, const struct include *inc,
                 struct included *ret)
{
    struct span path = inc->path;
    unsigned depth = 0;
    if (path.len == 0 || span_has(path, "://") || (path.s[0] == '/' && !inc->above)) {
        missed(x, path, "no path of a file in the source");
        return false;
    }
    for (const struct include_frame *f = from; f->up; f = f->up)
        depth++;
    if (depth >= x->limits->max_depth) {
        missed(x, path, "included more than %u deep (setting ingest.include_depth)",
               x->limits->max_depth);
        return false;
    }
    if (x->report->files + x->report->missed >= x->limits->max_files) {
        missed(x, path, "more than %zu files in one page (setting ingest.include_files)",
               x->limits->max_files);
        return false;
    }
    const struct include_frame *page = from;
    while (page->up)
        page = page->up;
    int r = look(x, from, inc, ret);
    if (page != from && (r == -ENOENT || r == -EXDEV))
        r = look(x, page, inc, ret); /* as the page itself would mean it */
    if (r == 0)
        return true;
    if (r == -EFBIG)
        missed(x, path, "more than %zu bytes in one page (setting ingest.include_bytes)",
               x->limits->max_bytes);
    else
        missed(x, path, "%s",
               r == -ENOENT    ? "there is no such file in the source"
               : r == -EXDEV   ? "it lies outside of the source"
               : r == -ELOOP   ? "symbolic links are not followed"
               : r == -ENODATA ? "it could not be fetched"
                               : strerror(-r));
    return false;
}

/* ---- reading ---- */

static void included_fini(struct included *in)
{
    buf_fini(&in->raw);
    buf_fini(&in->name);
    buf_fini(&in->part);
    free(in->text);
    *in = (struct included){0};
}

static bool cut(struct expand *x, const struct include *inc, struct included *in)
{
    size_t len;
    const char *raw = buf_text(&in->raw);
    x->left -= in->raw.len;
    if (charset_to_utf8(raw, in->raw.len, NULL, &in->text, &len, NULL) < 0) {
        missed(x, inc->path, "it is no text");
        return false;
    }
    in->part.limit = x->limits->max_bytes + 1;
    int r = include_part((struct span){in->text, len}, &inc->part, &in->part);
    if (r < 0)
        missed(x, inc->path, "%s", r == -ENOENT ? "it has no such part" : strerror(-r));
    in->frame.text = buf_span(&in->part);
    return r == 0;
}

bool include_open(struct expand *x, const struct include_frame *from, const struct include *inc,
                  struct included *ret)
{
    *ret = (struct included){.mark = x->out->len};
    bool ok = find(x, from, inc, ret);
    for (const struct include_frame *f = from; ok && f; f = f->up)
        if (strcmp(f->name, ret->name.data) == 0) {
            missed(x, inc->path, "it includes itself");
            ok = false;
        }
    ok = ok && cut(x, inc, ret);
    if (!ok) {
        included_fini(ret);
        return false;
    }
    ret->frame.up = from;
    ret->frame.name = ret->name.data;
    x->report->files++;
    if (!from->up) /* what the files of this one include counts for it */
        x->out->limit = x->out->len + x->limits->max_bytes - x->used;
    return true;
}

bool include_close(struct expand *x, struct included *in)
{
    bool page = !in->frame.up->up, ok = true;
    if (page && x->out->full) {
        buf_truncate(x->out, in->mark);
        x->out->full = false;
        missed(x, span_of(in->frame.name),
               "more than %zu bytes in one page (setting ingest.include_bytes)",
               x->limits->max_bytes);
        ok = false;
    }
    if (page) {
        x->used += x->out->len - in->mark;
        x->out->limit = 0;
    }
    included_fini(in);
    return ok;
}

/* ---- writing ---- */

void include_line(struct expand *x, struct span line)
{
    struct span pad = buf_span(&x->pad);
    if (line.len == 0) /* no blanks at the end of a line */
        pad = span_rtrim(pad);
    buf_add_span(x->out, pad);
    buf_add_span(x->out, line);
    buf_addc(x->out, '\n');
}

void include_lines(struct expand *x, struct span text)
{
    struct span line;
    while (buf_status(x->out) == 0 && line_next(&text, &line))
        include_line(x, line);
}

void include_insert(struct buf *out, size_t at, const char *s, size_t n)
{
    size_t len = out->len;
    buf_add(out, s, n);
    if (out->len != len + n)
        return;
    memmove(out->data + at + n, out->data + at, len - at);
    memcpy(out->data + at, s, n);
}

/* ---- the page ---- */

static bool any_of(struct span text, const char *const *words)
{
    for (; *words; words++)
        if (span_has(text, *words))
            return true;
    return false;
}

int include_expand(const char *name, const char *data, size_t len,
                   const struct include_limits *limits, include_read_fn *read, void *arg,
                   struct buf *out, struct include_report *ret)
{
    static const char *const words[] = {"{*",        "{!",          "{{#",       "8<-",
                                        "include::", "include \"",  "include '", "include-markdown",
                                        "include}",  "raw-loader!", "?raw",      "<<<",
                                        "{{<",       "{{%",         NULL};
    struct include_frame page = {.name = name, .text = {data, len}};
    *ret = (struct include_report){0};
    if (limits->max_depth == 0 || !any_of(page.text, words))
        return 0;
    enum doc_format format = convert_sniff(name, data, len);
    struct expand x = {.limits = limits,
                       .read = read,
                       .arg = arg,
                       .out = out,
                       .report = ret,
                       .left = limits->max_bytes};
    if (format == FORMAT_MARKDOWN)
        include_markdown(&x, &page);
    else if (format == FORMAT_RST)
        include_rst(&x, &page);
    else if (format == FORMAT_ASCIIDOC)
        include_asciidoc(&x, &page);
    buf_fini(&x.pad);
    if (buf_status(out) < 0)
        return -ENOMEM;
    if (ret->files + ret->missed == 0)
        buf_clear(out);
    return ret->files + ret->missed > 0;
}
