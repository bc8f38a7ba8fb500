/* SPDX-License-Identifier: MIT */
#include "core/text/shortcode.h"
#include "core/text/md_dialect.h"
#include "core/text/mdx.h"

#define SHORTCODE_MAX 2048 /* bytes; longer ones stay */

size_t shortcode_parse(struct span t, struct shortcode *ret)
{
    bool angle = span_starts(t, "{{<");
    *ret = (struct shortcode){0};
    if (!angle && !span_starts(t, "{{%"))
        return 0;
    t.len = t.len < SHORTCODE_MAX ? t.len : SHORTCODE_MAX;
    const char *end = memmem(t.s + 3, t.len - 3, angle ? ">}}" : "%}}", 3);
    if (!end)
        return 0;
    struct span in = span_trim((struct span){t.s + 3, (size_t)(end - t.s) - 3});
    if (span_starts(in, "/*"))
        return 0;
    ret->end = span_starts(in, "/");
    if (ret->end)
        in = span_trim(span_skip(in, 1));
    ret->closed = span_ends(in, "/");
    if (ret->closed)
        in = span_trim((struct span){in.s, in.len - 1});
    size_t word = 0;
    while (word < in.len && !is_blank(in.s[word]) && in.s[word] != '\n')
        word++;
    ret->name = (struct span){in.s, word};
    ret->args = span_trim(span_skip(in, word));
    return (size_t)(end - t.s) + 3;
}

/* Takes one argument off *rest; a name that is not given is empty. */
static bool next_argument(struct span *rest, struct span *name, struct span *value)
{
    *rest = span_trim(*rest);
    size_t n = 0;
    while (n < rest->len && (is_alnum(rest->s[n]) || rest->s[n] == '-' || rest->s[n] == '_'))
        n++;
    bool named = n && n < rest->len && rest->s[n] == '=';
    *name = (struct span){rest->s, named ? n : 0};
    *rest = span_skip(*rest, named ? n + 1 : 0);
    if (!rest->len)
        return named;
    char quote = strchr("\"'`", rest->s[0]) ? rest->s[0] : 0;
    const char *end = quote ? memchr(rest->s + 1, quote, rest->len - 1) : NULL;
    if (end) {
        *value = (struct span){rest->s + 1, (size_t)(end - rest->s) - 1};
        *rest = span_skip(*rest, value->len + 2);
        return true;
    }
    for (n = 0; n < rest->len && !is_blank(rest->s[n]) && rest->s[n] != '\n';)
        n++;
    *value = (struct span){rest->s, n};
    *rest = span_skip(*rest, n);
    return true;
}

struct span shortcode_value(const struct shortcode *s, const char *name)
{
    struct span rest = s->args, key, value = {"", 0};
    while (next_argument(&rest, &key, &value))
        if (*name ? span_eq(key, name) : !key.len)
            return value;
    return (struct span){"", 0};
}

struct span shortcode_first(const struct shortcode *s)
{
    return shortcode_value(s, "");
}

bool shortcode_holds_code(const struct shortcode *s, struct span *ret_lang)
{
    *ret_lang = shortcode_value(s, "codelang");
    if (s->end || s->closed)
        return false;
    if (span_eq(s->name, "highlight") || span_eq(s->name, "mermaid"))
        *ret_lang = span_eq(s->name, "mermaid") ? s->name : shortcode_first(s);
    else if (!span_eq(s->name, "code-toggle") && !span_eq(s->name, "redis-cli") &&
             !span_eq(s->name, "clients-example"))
        return ret_lang->len > 0;
    return true;
}

static void add_words(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_addc(out, name.s[i] == '-' || name.s[i] == '_' ? ' ' : name.s[i]);
}

/* The headings that the pages of Kubernetes share; its texts in English. */
static void add_heading(struct buf *out, struct span key)
{
    static const char *const known[][2] = {{"prerequisites", "Before you begin"},
                                           {"whatsnext", "What's next"},
                                           {"cleanup", "Cleaning up"},
                                           {"seealso", "See also"},
                                           {"envvars", "Environment variables"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (span_eq(key, known[i][0])) {
            buf_adds(out, known[i][1]);
            return;
        }
    size_t at = out->len;
    add_words(out, key);
    if (out->len > at && out->data[at] >= 'a' && out->data[at] <= 'z')
        out->data[at] = (char)(out->data[at] - 'a' + 'A');
}

/* The first of these arguments that is given. */
static struct span any_value(const struct shortcode *s, const char *const *names)
{
    struct span v = {"", 0};
    for (; *names && !v.len; names++)
        v = shortcode_value(s, *names);
    return v;
}

void shortcode_text(const struct shortcode *s, struct buf *out)
{
    static const char *const said[] = {"text", "title", "question", "caption", "alt", NULL};
    struct span first = shortcode_first(s), text = any_value(s, said);
    if (s->end)
        return;
    if (span_eq(s->name, "ref") || span_eq(s->name, "relref")) { /* the target of a link */
        md_one_line(out, first, false);
    } else if (span_eq(s->name, "heading") && first.len) {
        add_heading(out, first);
    } else if (span_eq(s->name, "glossary_tooltip") && !text.len) {
        add_words(out, shortcode_value(s, "term_id"));
    } else if (span_eq(s->name, "feature-state")) {
        struct span version = shortcode_value(s, "for_k8s_version");
        struct span state = shortcode_value(s, "state");
        if (version.len + state.len)
            buf_addf(out, "(feature state: %.*s%s%.*s)", (int)version.len, version.s,
                     version.len && state.len ? " " : "", (int)state.len, state.s);
    } else if ((span_eq(s->name, "param") || span_eq(s->name, "skew")) && first.len) {
        buf_addf(out, "{%.*s}", (int)first.len, first.s); /* a number that only the site knows */
    } else if (span_ends(s->name, "-in") && s->args.len && s->args.len < 40) { /* new-in 1.2 */
        buf_addc(out, '(');
        add_words(out, s->name);
        buf_addc(out, ' ');
        buf_add_span(out, s->args);
        buf_addc(out, ')');
    } else {
        md_one_line(out, text, false);
    }
}

void shortcode_line(const struct shortcode *s, struct buf *out)
{
    static const char *const titles[] = {"title", "name", "header", "label", "summary", NULL};
    const char *kind = md_admonition(s->name), *type = md_admonition(shortcode_value(s, "type"));
    bool tabs = span_ends(s->name, "tabs") || span_ends(s->name, "tabpane");
    size_t at = out->len;
    if (s->end || tabs) /* the names are those of each tab */
        return;
    if (kind || span_has(s->name, "tab") || span_has(s->name, "details") ||
        span_has(s->name, "expand")) {
        struct span title = any_value(s, titles);
        md_bold_line(out, kind && type ? type : kind, title.len ? title : shortcode_first(s));
        return;
    }
    shortcode_text(s, out);
    if (out->len > at)
        buf_addc(out, '\n');
}
