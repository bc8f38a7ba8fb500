/* SPDX-License-Identifier: MIT */
#include "core/text/vimhelp.h"

#define TAGS_MAX 32  /* of one heading; more stay in the text */
#define TAGS_SHOWN 6 /* in a heading; the others follow below it */
#define HEADING_MAX 64
#define REFERENCE_MAX 80 /* bytes of |one| */
#define SUBJECT_MAX 60   /* bytes of one that begins at the edge */
#define HEAD_LINES 20    /* where the title of the page is looked for */

struct help {
    struct buf *out;
    struct span tag[TAGS_MAX];
    size_t n_tags;
    char rule;   /* '=' or '-': drawn over the page above the line */
    bool headed; /* the line before was the heading of a section */
    bool framed; /* or "< Like this >___~": its tags follow */
    bool in_code;
    char lang[16];
    struct buf code;     /* its lines */
    struct buf terms;    /* lines with tags */
    struct span subject; /* the line that became the title */
};

/* ---- lines ---- */

static bool is_tag(struct span t)
{
    return t.len > 2 && t.s[0] == '*' && t.s[t.len - 1] == '*' && !memchr(t.s, '|', t.len) &&
           !memchr(t.s + 1, '*', t.len - 2);
}

/* Takes the tags in front of the text and behind it. */
static struct span take_tags(struct help *h, struct span t)
{
    while (t.len && h->n_tags < TAGS_MAX) {
        size_t n = 0;
        while (n < t.len && !is_blank(t.s[n]))
            n++;
        if (!is_tag((struct span){t.s, n}))
            break;
        h->tag[h->n_tags++] = (struct span){t.s + 1, n - 2};
        t = span_trim(span_skip(t, n));
    }
    size_t behind = h->n_tags;
    while (t.len && h->n_tags < TAGS_MAX) {
        size_t n = 0;
        while (n < t.len && !is_blank(t.s[t.len - 1 - n]))
            n++;
        if (!is_tag((struct span){t.s + t.len - n, n}))
            break;
        h->tag[h->n_tags++] = (struct span){t.s + t.len - n + 1, n - 2};
        t.len -= n;
        t = span_rtrim(t);
    }
    for (size_t a = behind, b = h->n_tags; a + 1 < b; a++) { /* they were met from the end */
        struct span tmp = h->tag[a];
        h->tag[a] = h->tag[--b];
        h->tag[b] = tmp;
    }
    return t;
}

static bool is_rule(struct span t)
{
    return t.len >= 20 && (t.s[0] == '=' || t.s[0] == '-') && span_run(t, t.s[0]) == t.len;
}

static bool is_modeline(struct span t)
{
    return span_has(t, "vim:") && (span_has(t, "ft=help") || span_has(t, "filetype=help"));
}

/* INTRODUCTION */
static bool is_shouted(struct span t)
{
    size_t capitals = 0;
    for (size_t i = 0; i < t.len; i++) {
        if ((t.s[i] >= 'a' && t.s[i] <= 'z') || strchr("<>{}[]():|=", t.s[i]))
            return false;
        capitals += is_upper(t.s[i]);
    }
    return capitals >= 3 && !span_has(t, "CTRL");
}

/* "Columns ~" at the edge is a heading; with gaps in it, it is one of a table. */
static bool is_heading(struct span line)
{
    return line.len > 3 && line.len < HEADING_MAX && is_alnum(line.s[0]) && span_ends(line, " ~") &&
           !span_has(line, "  ") && !memchr(line.s, '\t', line.len);
}

/* "< Columns >_______~" */
static bool is_framed(struct span t, struct span *ret)
{
    const char *end = memmem(t.s, t.len, " >_", 3);
    if (!end || !span_starts(t, "< ") || !span_ends(t, "_~") || end < t.s + 2)
        return false;
    *ret = span_trim((struct span){t.s + 2, (size_t)(end - t.s) - 2});
    return ret->len > 0;
}

/* "text: >" and ">lua" open code: the text before it, the language behind. */
static bool opens_code(struct span t, struct span *ret_text, struct span *ret_lang)
{
    size_t n = 0;
    while (n < t.len && n < 16 && is_alnum(t.s[t.len - 1 - n]))
        n++;
    if (n >= t.len || t.s[t.len - 1 - n] != '>')
        return false;
    size_t at = t.len - 1 - n;
    if (at && !is_blank(t.s[at - 1]))
        return false;
    *ret_lang = span_skip(t, at + 1);
    *ret_text = span_rtrim((struct span){t.s, at});
    return true;
}

/* ---- writing ---- */

static void gap(struct help *h)
{
    if (h->out->len && !span_ends(buf_span(h->out), "\n\n"))
        buf_addc(h->out, '\n');
}

static void add_tags(struct help *h, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        buf_adds(h->out, i > from ? ", " : "");
        md_code(h->out, h->tag[i], false);
    }
}

/* The words, or the tags when there are none; the tags that are not in the heading follow. */
static void heading(struct help *h, unsigned level, struct span words)
{
    size_t shown = words.len ? 0 : h->n_tags < TAGS_SHOWN ? h->n_tags : TAGS_SHOWN;
    gap(h);
    buf_adds(h->out, level == 2 ? "## " : "### ");
    buf_add_span(h->out, words);
    add_tags(h, 0, shown);
    buf_adds(h->out, "\n\n");
    if (shown < h->n_tags) {
        add_tags(h, shown, h->n_tags);
        buf_adds(h->out, "\n\n");
    }
    h->n_tags = 0;
}

/* A line of prose: |reference| is shown as code. */
static void add_line(struct help *h, struct span t)
{
    while (t.len) {
        const char *bar = memchr(t.s, '|', t.len);
        size_t at = bar ? (size_t)(bar - t.s) : t.len, n = at + 1;
        while (n < t.len && n - at < REFERENCE_MAX && !is_blank(t.s[n]) && !strchr("|*`", t.s[n]))
            n++;
        bool reference = n < t.len && t.s[n] == '|' && n > at + 1 &&
                         !span_has((struct span){t.s + at, n - at}, "==") && /* of a drawing */
                         !(at && is_alnum(t.s[at - 1])) && !(n + 1 < t.len && is_alnum(t.s[n + 1]));
        buf_add(h->out, t.s, at);
        if (reference)
            md_code(h->out, (struct span){t.s + at + 1, n - at - 1}, false);
        else
            buf_add(h->out, t.s + at, at < t.len);
        t = span_skip(t, reference ? n + 1 : at + (at < t.len));
    }
    buf_addc(h->out, '\n');
}

/* Writes the code that was collected, without the blanks before all of its lines. */
static void end_code(struct help *h)
{
    _cleanup_buf_ struct buf code = {.limit = h->out->limit};
    struct span line, common = {"", 0}, all = buf_span(&h->code);
    bool any = false;
    for (struct span rest = all; line_next(&rest, &line);) {
        size_t n = 0;
        while (n < line.len && is_blank(line.s[n]) && (!any || n < common.len) &&
               (!any || line.s[n] == common.s[n]))
            n++;
        if (line.len)
            common = (struct span){line.s, n}, any = true;
    }
    while (line_next(&all, &line)) {
        buf_add_span(&code, span_skip(line, line.len ? common.len : 0));
        buf_addc(&code, '\n');
    }
    gap(h);
    if (any)
        md_fence(h->out, buf_span(&code), h->lang, 0);
    buf_addc(h->out, '\n');
    buf_clear(&h->code);
    h->in_code = false;
}

static void open_code(struct help *h, struct span lang)
{
    size_t n = lang.len < sizeof(h->lang) ? lang.len : 0;
    memcpy(h->lang, lang.s, n);
    h->lang[n] = '\0';
    h->in_code = true;
}

/* Code ends where a line begins at the edge; what stands behind "<" there goes on as text. False:
 * the line was of the code. */
static bool close_code(struct help *h, struct span *line)
{
    bool mark = span_eq(span_trim(*line), "<");
    if (!mark && (!line->len || is_blank(line->s[0]))) {
        buf_add_span(&h->code, *line);
        buf_addc(&h->code, '\n');
        return false;
    }
    end_code(h);
    *line = span_skip(*line, line->s[0] == '<');
    return !mark && span_trim(*line).len > 0;
}

/* Writes what stood in lines with tags, one below the other, under the heading of all the tags. */
static void end_terms(struct help *h)
{
    struct span all = buf_span(&h->terms), line;
    if (!all.len)
        return;
    heading(h, 3, (struct span){"", 0});
    while (line_next(&all, &line))
        add_line(h, line);
    buf_clear(&h->terms);
}

/* A heading with a rule below it instead of above. */
static bool is_underlined(struct span rest)
{
    struct span line;
    return line_next(&rest, &line) && is_rule(span_rtrim(line)) && line.s[0] == '=';
}

static void one_line(struct help *h, struct span line, struct span rest)
{
    line = span_rtrim(line);
    if (h->in_code && !close_code(h, &line))
        return;
    struct span t = span_trim(line), lang;
    if (is_modeline(t) || t.s == h->subject.s)
        return;
    bool headed = h->headed, framed = h->framed;
    h->headed = h->framed = false;
    if (is_rule(t)) {
        h->rule = headed ? 0 : t.s[0]; /* or drawn below the heading */
        return;
    }
    bool edge = line.len && !is_blank(line.s[0]);
    struct help of_line = {.out = h->out};
    struct span text = take_tags(&of_line, t);
    bool tagged = of_line.n_tags > 0;
    if (framed && tagged && !text.len) {
        add_tags(&of_line, 0, of_line.n_tags);
        buf_adds(h->out, "\n\n");
        return;
    }
    if (!(tagged && text.len) || h->rule || h->n_tags + of_line.n_tags > TAGS_MAX)
        end_terms(h);
    for (size_t i = 0; i < of_line.n_tags && h->n_tags < TAGS_MAX; i++)
        h->tag[h->n_tags++] = of_line.tag[i];
    if (!text.len) {
        if (!tagged)
            gap(h);
        return;
    }
    bool section = h->rule == '=' ||
                   (tagged && (h->rule || (edge && (is_shouted(text) || is_underlined(rest)))));
    if (section) {
        heading(h, h->rule == '-' ? 3 : 2, text);
        h->rule = 0;
        h->headed = true;
        return;
    }
    h->rule = 0; /* it was part of a table */
    if (edge && is_framed(text, &text)) {
        heading(h, 3, text);
        h->framed = true;
        return;
    }
    if (is_heading(line)) {
        heading(h, 3, (struct span){text.s, text.len - 2});
        return;
    }
    line = (struct span){line.s, (size_t)(text.s + text.len - line.s)};
    line = tagged && text.s != t.s ? text : line; /* tags stood in front of it */
    bool code = opens_code(line, &line, &lang);
    if (tagged) {
        buf_add_span(&h->terms, line);
        buf_addc(&h->terms, '\n');
    } else if (line.len) {
        if (h->n_tags)
            heading(h, 3, (struct span){"", 0});
        add_line(h, line);
    }
    if (code) {
        end_terms(h);
        open_code(h, lang);
    }
}

/* "*name.txt*  What it is about": else the subject is the line in the middle further down. */
static void title(struct help *h, struct span *text)
{
    struct span line = {"", 0}, rest;
    while (line_next(text, &line) && !span_trim(line).len)
        ;
    struct span words = take_tags(h, span_trim(line));
    struct span name = h->n_tags ? h->tag[0] : (struct span){"", 0};
    if (!name.len) { /* "name.txt  name  Last change: June 8" */
        while (name.len < words.len && !is_blank(words.s[name.len]))
            name = (struct span){words.s, name.len + 1};
        words = (struct span){"", 0};
    } else if (!words.len || span_starts(words, "For ") || span_starts(words, "Nvim")) {
        words.len = 0;
        rest = *text;
        bool tagged = false;
        for (int i = 0; i < HEAD_LINES && !words.len && line_next(&rest, &line); i++) {
            size_t pad = span_run(line, ' ') + 8 * span_run(line, '\t');
            struct help of_line = {0};
            struct span t = take_tags(&of_line, span_trim(line));
            tagged |= of_line.n_tags > 0;
            if (!t.len || !(is_alnum(t.s[0]) || t.s[0] & 0x80) || span_has(t, "MANUAL") ||
                (pad >= 8 && (span_starts(t, "by ") || span_starts(t, "and "))))
                continue;
            if (pad < 8 && (!tagged || t.len > SUBJECT_MAX))
                break;
            words = t;
            if (!of_line.n_tags)
                h->subject = t;
        }
    }
    buf_adds(h->out, "# ");
    buf_add_span(h->out, name);
    buf_adds(h->out, name.len && words.len ? ": " : "");
    buf_add_span(h->out, words);
    buf_adds(h->out, "\n\n");
    h->n_tags = 0;
}

bool vimhelp_is(struct span text)
{
    text = span_trim(text);
    size_t n = 0;
    while (n < text.len && n < 200 && !is_blank(text.s[n]))
        n++;
    bool tag = is_tag((struct span){text.s, n});
    size_t tail = text.len < 300 ? text.len : 300;
    return (tag && span_ends((struct span){text.s, n}, ".txt*")) ||
           ((tag || span_ends((struct span){text.s, n}, ".txt")) &&
            is_modeline(span_skip(text, text.len - tail)));
}

void vimhelp_text(struct span text, struct buf *out)
{
    struct help h = {.out = out};
    struct span line;
    title(&h, &text);
    while (buf_status(out) == 0 && line_next(&text, &line))
        one_line(&h, line, text);
    end_terms(&h);
    if (h.in_code)
        end_code(&h);
    else if (h.n_tags)
        heading(&h, 3, (struct span){"", 0});
    out->oom |= h.code.oom || h.terms.oom;
    buf_fini(&h.terms);
    buf_fini(&h.code);
}
