/* SPDX-License-Identifier: MIT */
#include "core/text/md_myst.h"

#include "core/text/mdx.h"

#define ROLE_MAX 300 /* bytes of one role with its text */

/* "{name} argument" behind the ticks of a fence. */
static bool directive(struct span info, struct span *ret_name, struct span *ret_arg)
{
    info = span_trim(info);
    const char *end = info.len && info.s[0] == '{' ? memchr(info.s, '}', info.len) : NULL;
    if (!end)
        return false;
    *ret_name = (struct span){info.s + 1, (size_t)(end - info.s) - 1};
    *ret_arg = span_trim(span_skip(info, ret_name->len + 2));
    for (size_t i = 0; i < ret_name->len; i++)
        if (!is_alnum(ret_name->s[i]) && !strchr("-_:.", ret_name->s[i]))
            return false;
    return ret_name->len > 0;
}

/* "{r name, echo = FALSE}" of R Markdown and Quarto: code that runs when the page is made.
 * *ret_hidden when its text is not in the page. */
static bool chunk(struct span info, struct span *ret_lang, bool *ret_hidden)
{
    static const char *const languages[] = {"r",   "R",    "python",  "julia", "bash",
                                            "sh",  "sql",  "rscript", "js",    "ojs",
                                            "cpp", "Rcpp", "stan",    NULL};
    info = span_trim(info);
    if (info.len < 3 || info.s[0] != '{' || info.s[info.len - 1] != '}')
        return false;
    struct span in = {info.s + 1, info.len - 2};
    size_t n = 0;
    while (n < in.len && is_alnum(in.s[n]))
        n++;
    *ret_lang = (struct span){in.s, n};
    if (!span_among(*ret_lang, languages) || (n < in.len && in.s[n] != ',' && !is_blank(in.s[n])))
        return false;
    *ret_hidden = false;
    for (in = span_skip(in, n); in.len;) {
        const char *comma = memchr(in.s, ',', in.len);
        struct span option =
            span_trim((struct span){in.s, comma ? (size_t)(comma - in.s) : in.len});
        const char *eq = option.len ? memchr(option.s, '=', option.len) : NULL;
        struct span key = {option.s, eq ? (size_t)(eq - option.s) : 0};
        key = span_trim(key);
        struct span value = eq ? span_trim(span_skip(option, (size_t)(eq + 1 - option.s))) : key;
        *ret_hidden |= (span_eq(key, "echo") || span_eq(key, "include")) &&
                       (span_eq(value, "FALSE") || span_eq(value, "F"));
        in = comma ? span_skip(in, (size_t)(comma + 1 - in.s)) : (struct span){"", 0};
    }
    return true;
}

static void label(const char *kind, const char *join, struct span title, struct buf *out)
{
    buf_adds(out, "**");
    buf_adds(out, kind);
    if (*kind && title.len)
        buf_adds(out, join);
    md_one_line(out, title, false);
    buf_adds(out, "**\n\n");
}

bool md_myst_option(struct md_myst *s, struct span line)
{
    struct span t = span_trim(line);
    if (!s->options)
        return false;
    if (s->yaml || span_eq(t, "---")) {
        s->options = !s->yaml || !span_eq(t, "---");
        s->yaml = s->options;
        return true;
    }
    s->options = t.len > 2 && t.s[0] == ':' && memchr(t.s + 1, ':', t.len - 1);
    return s->options;
}

static enum md_myst_line open_fence(struct md_myst *s, struct span name, struct span arg, char c,
                                    size_t len, struct buf *out, struct span *ret_lang)
{
    static const char *const code[] = {"code-block", "code",   "sourcecode",
                                       "code-cell",  "prompt", NULL};
    static const char *const hidden[] = {"toctree", "contents", "currentmodule", "module",
                                         "index",   "image",    "highlight",     NULL};
    const char *kind = md_admonition(name), *version = md_version_words(name);
    if (span_among(name, code)) {
        s->options = true;
        *ret_lang = arg;
        return MYST_CODE;
    }
    if (s->n >= MD_MYST_NEST)
        return MYST_NONE;
    s->hidden = span_among(name, hidden);
    if (version)
        label(version, " ", arg, out);
    else if (kind)
        label(arg.len && span_eq(name, "admonition") ? "" : kind, ": ", arg, out);
    else if (!s->hidden)
        return MYST_NONE;
    s->open[s->n].c = c;
    s->open[s->n++].len = len;
    s->options = !s->hidden;
    return MYST_TAKEN;
}

enum md_myst_line md_myst_line(struct md_myst *s, struct span line, struct buf *out,
                               struct span *ret_lang)
{
    struct span name, arg;
    char c;
    if (s->n && md_fence_close(line, s->open[s->n - 1].c, s->open[s->n - 1].len)) {
        s->n--;
        s->hidden = s->options = s->yaml = false;
        return MYST_TAKEN;
    }
    if (s->hidden || md_myst_option(s, line))
        return MYST_TAKEN;
    size_t len = md_fence_open(line, &c);
    const char *mark = len ? memchr(line.s, c, line.len) : NULL;
    struct span info = mark ? span_skip(line, (size_t)(mark - line.s) + len) : (struct span){"", 0};
    bool hidden;
    if (len && chunk(info, ret_lang, &hidden)) {
        if (!hidden || s->n >= MD_MYST_NEST)
            return MYST_CODE;
        s->hidden = true;
        s->open[s->n].c = c;
        s->open[s->n++].len = len;
        return MYST_TAKEN;
    }
    return len && directive(info, &name, &arg) ? open_fence(s, name, arg, c, len, out, ret_lang)
                                               : MYST_NONE;
}

size_t md_myst_role(struct span p, struct buf *out)
{
    static const char *const prose[] = {"ref", "doc", "term",   "abbr", "guilabel",
                                        "sup", "sub", "numref", "any",  NULL};
    p.len = p.len < ROLE_MAX ? p.len : ROLE_MAX;
    const char *end = memchr(p.s, '}', p.len);
    if (!end || end == p.s + 1 || (size_t)(end + 1 - p.s) >= p.len || end[1] != '`')
        return 0;
    struct span name = {p.s + 1, (size_t)(end - p.s) - 1};
    for (size_t i = 0; i < name.len; i++)
        if (!is_alpha(name.s[i]) && !strchr("-_:", name.s[i]))
            return 0;
    struct span text = span_skip(p, name.len + 3);
    const char *close = memchr(text.s, '`', text.len);
    if (!close || close == text.s)
        return 0;
    text.len = (size_t)(close - text.s);
    size_t used = name.len + 3 + text.len + 1;
    const char *target = span_ends(text, ">") ? memrchr(text.s, '<', text.len) : NULL;
    if (target && target > text.s)
        text = span_trim((struct span){text.s, (size_t)(target - text.s)});
    if (text.len > 1 && (text.s[0] == '~' || text.s[0] == '!')) {
        const char *dot = text.s[0] == '~' ? memrchr(text.s, '.', text.len) : NULL;
        text = span_skip(text, dot ? (size_t)(dot - text.s) + 1 : 1);
    }
    bool plain = span_among(name, prose);
    buf_adds(out, plain ? "" : "`");
    buf_add_span(out, text);
    buf_adds(out, plain ? "" : "`");
    return used;
}
