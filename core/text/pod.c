/* SPDX-License-Identifier: MIT
 * POD, the documentation of Perl, alone or between code -> HTML, as the converter of HTML knows
 * what lists in lists and escapes look like. One pass: what is open is a stack, and a code that is
 * never closed ends with its paragraph, as perlpodspec(1) wants it. */
#include <stdlib.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"

#define LISTS_MAX 16
#define CODES_MAX 16 /* formatting codes in each other */

struct pod {
    struct buf out; /* HTML */
    struct {
        const char *tag; /* "ul", "ol", "dl"; NULL: no item yet, an indented part */
        bool open;       /* an <li> or <dd> */
    } list[LISTS_MAX];
    size_t n_lists, too_deep;
    bool in_pod;
    bool name_next; /* the next paragraph is "Foo - what it does" */
    bool any, titled;
};

struct code {
    char letter;
    size_t ticks; /* number of '<' */
    size_t at;    /* where its text begins in out */
};

/* ---- formatting codes ---- */

static const char *open_tag(char letter)
{
    switch (letter) {
    case 'B':
        return "<strong>";
    case 'I':
        return "<em>";
    case 'C':
    case 'F':
        return "<code>";
    default:
        return "";
    }
}

static void close_tag(char letter, struct buf *out)
{
    const char *tag = open_tag(letter);
    if (*tag)
        buf_addf(out, "</%s", tag + 1);
}

/* "E<lt>", "E<0x201E>", "E<eacute>". */
static void escape(struct span t, struct buf *out)
{
    static const char *const words[][2] = {{"sol", "/"}, {"verbar", "|"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (span_eq(t, words[i][0])) {
            buf_adds(out, words[i][1]);
            return;
        }
    for (size_t i = 0; i < t.len; i++)
        if (!is_alnum(t.s[i]))
            return;
    bool number = t.len && is_digit(t.s[0]);
    t = span_skip(t, span_starts(t, "0x"));
    buf_addf(out, "&%s%.*s;", number ? "#" : "", (int)t.len, t.s);
}

static struct span unquoted(struct span t)
{
    t = span_trim(t);
    if (span_starts(t, "&quot;") && span_ends(t, "&quot;") && t.len > 12)
        t = (struct span){t.s + 6, t.len - 12};
    return t;
}

/* "text|target", "target", "Module/section", "/section", already HTML. */
static void add_link(struct span t, struct buf *out)
{
    const char *bar = t.len ? memchr(t.s, '|', t.len) : NULL;
    struct span text = {t.s, bar ? (size_t)(bar - t.s) : 0};
    struct span target = span_trim(bar ? span_skip(t, text.len + 1) : t);
    if ((span_has(target, "://") || span_starts(target, "mailto:")) && !span_has(target, "<")) {
        struct span shown = text.len ? text : target;
        buf_addf(out, "<a href=\"%.*s\">%.*s</a>", (int)target.len, target.s, (int)shown.len,
                 shown.s);
        return;
    }
    if (text.len) {
        buf_add_span(out, text);
        return;
    }
    const char *slash =
        target.len && !span_has(target, "<") ? memchr(target.s, '/', target.len) : NULL;
    struct span page = {target.s, slash ? (size_t)(slash - target.s) : target.len};
    struct span section = slash ? unquoted(span_skip(target, page.len + 1)) : (struct span){"", 0};
    if (section.len)
        buf_addf(out, "&quot;%.*s&quot;", (int)section.len, section.s);
    if (section.len && page.len)
        buf_adds(out, " in ");
    if (page.len)
        buf_addf(out, "<code>%.*s</code>", (int)page.len, page.s);
}

static void end_code(const struct code *c, struct buf *out)
{
    close_tag(c->letter, out);
    if (!strchr("ELXZ", c->letter) || out->len < c->at || buf_status(out) < 0)
        return;
    _cleanup_buf_ struct buf text = {0};
    buf_add(&text, out->data + c->at, out->len - c->at);
    buf_truncate(out, c->at);
    if (c->letter == 'E')
        escape(buf_span(&text), out);
    else if (c->letter == 'L')
        add_link(buf_span(&text), out);
    out->oom |= text.oom;
}

/* Length of what closes c at i, 0: nothing there. */
static size_t closes(const struct code *c, struct span t, size_t i)
{
    if (c->ticks == 1)
        return t.s[i] == '>';
    size_t n = i;
    while (n < t.len && is_blank(t.s[n]))
        n++;
    return n > i && span_run(span_skip(t, n), '>') >= c->ticks ? n - i + c->ticks : 0;
}

static void add_text(struct buf *out, struct span t)
{
    struct code open[CODES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < t.len && buf_status(out) == 0;) {
        size_t used = n ? closes(&open[n - 1], t, i) : 0;
        if (used) {
            end_code(&open[--n], out);
        } else if (is_upper(t.s[i]) && i + 1 < t.len && t.s[i + 1] == '<' && n < CODES_MAX) {
            size_t ticks = span_run(span_skip(t, i + 1), '<');
            size_t end = i + 1 + ticks;
            if (ticks > 1 && (end >= t.len || !is_blank(t.s[end])))
                ticks = 1, end = i + 2;
            while (ticks > 1 && end < t.len && is_blank(t.s[end]))
                end++;
            buf_adds(out, open_tag(t.s[i]));
            open[n++] = (struct code){t.s[i], ticks, out->len};
            used = end - i;
        } else {
            html_escape(out, (struct span){t.s + i, used = 1});
        }
        i += used;
    }
    while (n)
        end_code(&open[--n], out);
}

/* ---- paragraphs ---- */

static void end_item(struct pod *p)
{
    if (!p->n_lists || !p->list[p->n_lists - 1].open)
        return;
    p->list[p->n_lists - 1].open = false;
    buf_adds(&p->out, strcmp(p->list[p->n_lists - 1].tag, "dl") == 0 ? "</dd>\n" : "</li>\n");
}

static void end_list(struct pod *p)
{
    end_item(p);
    const char *tag = p->list[--p->n_lists].tag;
    buf_addf(&p->out, "</%s>\n", tag ? tag : "blockquote");
}

/* Text goes into the item that is open; behind a term it opens one. */
static void begin_text(struct pod *p)
{
    if (!p->n_lists || p->list[p->n_lists - 1].open)
        return;
    if (!p->list[p->n_lists - 1].tag) {
        buf_adds(&p->out, "<blockquote>\n");
        p->list[p->n_lists - 1].tag = "blockquote";
    } else if (strcmp(p->list[p->n_lists - 1].tag, "dl") == 0) {
        buf_adds(&p->out, "<dd>");
        p->list[p->n_lists - 1].open = true;
    }
}

static void item(struct pod *p, struct span t)
{
    size_t n = span_starts(t, "*") ? 1 : 0, digits = 0;
    while (digits < t.len && is_digit(t.s[digits]))
        digits++;
    if (digits && (digits == t.len || t.s[digits] == '.'))
        n = digits + (digits < t.len);
    if (n < t.len && n && !is_blank(t.s[n]))
        n = 0; /* "*name", "1.5" */
    if (!p->n_lists)
        return;
    end_item(p);
    const char *tag = !n ? "dl" : digits ? "ol" : "ul";
    const char **is = &p->list[p->n_lists - 1].tag;
    if (!*is)
        buf_addf(&p->out, "<%s>\n", *is = tag);
    if (strcmp(*is, "dl") == 0) {
        buf_adds(&p->out, "<dt>");
        add_text(&p->out, t);
        buf_adds(&p->out, "</dt>\n");
    } else if (strcmp(*is, "blockquote") != 0) {
        p->list[p->n_lists - 1].open = true;
        buf_adds(&p->out, "<li><p>");
        add_text(&p->out, span_trim(span_skip(t, n)));
        buf_adds(&p->out, "</p>");
    }
}

static void heading(struct pod *p, unsigned level, struct span t)
{
    while (p->n_lists)
        end_list(p);
    if (level == 1 && span_eq_nocase(t, "NAME") && !p->any) {
        p->name_next = true;
        return;
    }
    level = level < 5 ? level + 1 : 6;
    buf_addf(&p->out, "<h%u>", level);
    add_text(&p->out, t);
    buf_addf(&p->out, "</h%u>\n", level);
    p->any = true;
}

/* "=word text" */
static void command(struct pod *p, struct span t)
{
    size_t n = 1;
    while (n < t.len && is_alnum(t.s[n]))
        n++;
    struct span word = {t.s + 1, n - 1}, rest = span_trim(span_skip(t, n));
    p->in_pod = !span_eq(word, "cut");
    if (word.len == 5 && span_starts(word, "head") && is_digit(word.s[4]) && word.s[4] != '0') {
        heading(p, (unsigned)(word.s[4] - '0'), rest);
    } else if (span_eq(word, "over")) {
        begin_text(p);
        if (p->n_lists == LISTS_MAX) {
            p->too_deep++;
        } else {
            p->list[p->n_lists].tag = NULL;
            p->list[p->n_lists++].open = false;
        }
    } else if (span_eq(word, "back")) {
        if (p->too_deep)
            p->too_deep--;
        else if (p->n_lists && !p->list[p->n_lists - 1].tag)
            p->n_lists--;
        else if (p->n_lists)
            end_list(p);
    } else if (span_eq(word, "item")) {
        item(p, rest);
    }
}

static void code(struct pod *p, struct span t)
{
    size_t indent = SIZE_MAX;
    struct span line;
    for (struct span all = t; line_next(&all, &line);)
        if (span_trim(line).len && span_run(line, ' ') < indent)
            indent = span_run(line, ' ');
    buf_adds(&p->out, "<pre><code>");
    while (line_next(&t, &line)) {
        html_escape(&p->out, span_skip(line, indent < line.len ? indent : line.len));
        buf_addc(&p->out, '\n');
    }
    buf_adds(&p->out, "</code></pre>\n");
}

static void paragraph(struct pod *p, struct span t)
{
    if (t.s[0] == '=' && t.len > 1 && is_alpha(t.s[1])) {
        command(p, t);
        return;
    }
    if (p->name_next && !is_blank(t.s[0])) {
        buf_adds(&p->out, "<h1>");
        add_text(&p->out, t);
        buf_adds(&p->out, "</h1>\n");
        p->titled = p->any = true;
        p->name_next = false;
        return;
    }
    p->name_next = false;
    p->any = true;
    begin_text(p);
    if (is_blank(t.s[0])) {
        code(p, t);
    } else {
        buf_adds(&p->out, "<p>");
        add_text(&p->out, t);
        buf_adds(&p->out, "</p>\n");
    }
}

/* "=begin html" up to "=end html", and "=for html ...": for other programs. ":text" is for all. */
static bool for_others(struct span t, const char *command)
{
    size_t n = strlen(command);
    if (!span_starts(t, command) || t.len <= n || !is_blank(t.s[n]))
        return false;
    t = span_trim(span_skip(t, n));
    return t.len && t.s[0] != ':';
}

/* Takes a paragraph: lines up to a blank one; code goes on over blank lines. Outside of POD, what
 * stands before the next command is dropped. */
static bool next_paragraph(struct pod *p, struct span *rest, struct span *ret)
{
    struct span line, all = *rest, after;
    *ret = (struct span){NULL, 0};
    while (all.len) {
        after = all;
        line_next(&after, &line);
        bool blank = !span_trim(line).len, begins = line.len > 1 && line.s[0] == '=';
        begins = begins && is_alpha(line.s[1]);
        if (ret->s && blank && !is_blank(ret->s[0]))
            break;
        if (ret->s && !blank && is_blank(ret->s[0]) && !is_blank(line.s[0]))
            break;
        if (!ret->s && !blank && (p->in_pod || begins))
            ret->s = line.s;
        if (ret->s && !blank)
            ret->len = (size_t)(line.s + line.len - ret->s);
        all = after;
    }
    *rest = all;
    return ret->s != NULL;
}

static void document(struct pod *p, struct span text)
{
    struct span t;
    size_t skipping = 0;
    while (buf_status(&p->out) == 0 && next_paragraph(p, &text, &t)) {
        if (for_others(t, "=begin") || (skipping && span_starts(t, "=begin")))
            skipping++;
        else if (skipping)
            skipping -= span_starts(t, "=end");
        else if (!for_others(t, "=for"))
            paragraph(p, t);
        p->in_pod |= t.s[0] == '=' && !span_starts(t, "=cut");
    }
    while (p->n_lists)
        end_list(p);
}

int convert_pod(const char *text, size_t len, const char *name, const struct convert_limits *limits,
                struct pages *ret, struct docfs_err *err)
{
    struct pod p = {.out = {.limit = limits->max_output}};
    document(&p, (struct span){text, len});
    int r = pages_add_html(ret, &p.out, p.titled, name, limits, err);
    buf_fini(&p.out);
    return r;
}
